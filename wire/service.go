package wire

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
	"github.com/hydrant-stream/hydrant/wire/awsxml"
	"github.com/hydrant-stream/hydrant/wire/rest"
)

const (
	defaultMaxBody  = 16 << 20
	restJSONMaxBody = 96 << 20 // 50 MiB of zip in base64, and room
)

// service is a Service, compiled.
type service struct {
	Service
	speaker speaker
	ops     map[string]*operation
	rows    []*operation // REST: those with a path
	maxBody int64
}

// operation is a Row that can be found. Its plans are there after ready.
type operation struct {
	Row
	svc     *service
	pattern *pattern // REST
	noReply bool     // the operation has no output shape: the reply is empty

	once    sync.Once
	checks  *shapeChecks
	in, out *rest.Plan // REST
}

func compile(def Service) *service {
	svc := &service{Service: def, ops: make(map[string]*operation, len(def.Ops)), maxBody: defaultMaxBody}
	if svc.Signing == "" {
		svc.Signing = def.Name
	}
	if svc.MessageMember == "" {
		svc.MessageMember = "message"
	}
	code := "ValidationException"
	switch def.Protocol {
	case AWSJSON:
		svc.speaker = jsonSpeaker{}
	case RESTJSON:
		svc.speaker = restSpeaker{jsonBody{}}
		svc.maxBody = restJSONMaxBody
	case RESTXML:
		svc.speaker = restSpeaker{xmlBody{}}
		svc.HostID = true
		code = "InvalidArgument"
	case Query:
		svc.speaker = querySpeaker{}
		code = "ValidationError"
	default:
		panic(fmt.Sprintf("wire: service %s has no protocol", def.Name))
	}
	if def.MaxBody > 0 {
		svc.maxBody = def.MaxBody
	}
	if svc.ValidationCode == "" {
		svc.ValidationCode = code
	}
	for _, row := range def.Ops {
		if _, twice := svc.ops[row.Name]; twice {
			panic(fmt.Sprintf("wire: %s has two rows %s", def.Name, row.Name))
		}
		svc.ops[row.Name] = svc.compile(row)
	}
	return svc
}

func (svc *service) compile(row Row) *operation {
	op := &operation{Row: row, svc: svc}
	op.noReply = row.Out.Name() == "" && row.Out.NumField() == 0
	if svc.Protocol == RESTJSON || svc.Protocol == RESTXML {
		if row.Method == "" || row.Path == "" {
			panic(fmt.Sprintf("wire: %s %s has no HTTP binding", svc.Name, row.Name))
		}
		op.pattern = newPattern(row.Path)
		svc.rows = append(svc.rows, op)
	}
	return op
}

// ready makes the plans of the shapes, at the operation's first call: those of all operations together
// would be half of the time the house takes to open.
func (op *operation) ready() { op.once.Do(op.prepare) }

func (op *operation) prepare() {
	op.checks = checksOf(op.In)
	switch op.svc.Protocol {
	case AWSJSON:
		awsjson.Prepare(op.In)
		awsjson.Prepare(op.Out)
	case Query:
		awsxml.Prepare(op.In)
		awsxml.Prepare(op.Out)
	default:
		op.in, op.out = rest.NewPlan(op.In), rest.NewPlan(op.Out)
	}
}

// Prepare makes the plans of all operations now. A shape that cannot travel, or a constraint that is
// none, is a mistake in the program and panics: a test of the program calls it.
func (s *Server) Prepare() {
	for _, svc := range s.services {
		for _, op := range svc.ops {
			op.ready()
		}
	}
}

// unknown is the fault about an operation that is not here.
func (s *Server) unknown(svc *service, name string) *hydrant.Fault {
	known := s.Known == nil || slices.Contains(s.Known(svc.Name), name)
	if known {
		return hydrant.Faultf("UnknownOperationException", "The operation %s of %s is not served here.", name, svc.Name)
	}
	return hydrant.Faultf("UnknownOperationException", "The service %s has no operation %s.", svc.Name, name)
}
