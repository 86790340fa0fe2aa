package wire

import (
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
)

// Smithy's RPC, rpc-v2-cbor, is the JSON protocol with other letters and the operation in the path:
// POST /service/{target}/operation/{operation}. What jsonSpeaker does differently for it is here, and
// so is what a service needs that is spoken in several protocols.

// rpcPath reads /service/{name}/operation/{op}.
func rpcPath(path string) (service, op string, ok bool) {
	p := strings.Split(path, "/")
	if len(p) == 5 && p[0] == "" && p[1] == "service" && p[3] == "operation" {
		return p[2], p[4], true
	}
	return "", "", false
}

func (x *exchange) isRPC() bool {
	_, _, ok := rpcPath(x.path)
	return ok
}

// rpcDocument is the CBOR of smithy's RPC; its faults are named in full.
func (x *exchange) rpcDocument() document {
	d := cborDocument{mediaType: "application/cbor", form: awscbor.RPC}
	if x.svc != nil {
		d.shapes = "com.amazonaws." + x.svc.Name + "#"
	}
	return d
}

// rpcHeaders adds what smithy's RPC wants. A service that was of the query protocol once repeats the code
// it had there, whatever the letters: clients report that one.
func (x *exchange) rpcHeaders(f *hydrant.Fault) {
	rpc := x.isRPC()
	if rpc {
		x.w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	if f == nil || !rpc && (x.svc == nil || x.svc.QueryCodes == nil) {
		return
	}
	who := "Sender"
	if !f.Sender() {
		who = "Receiver"
	}
	x.w.Header().Set("X-Amzn-Query-Error", x.svc.queryCode(f.Code)+";"+who)
}

// queryCode is what the query protocol calls a fault.
func (svc *service) queryCode(code string) string {
	if svc != nil {
		if old, ok := svc.QueryCodes[code]; ok {
			return old
		}
	}
	return code
}

// inEachProtocol is every service once for each protocol it is spoken in.
func inEachProtocol(services []Service) (all []Service) {
	for _, def := range services {
		all = append(all, def)
		for _, p := range def.Also {
			def.Protocol = p
			all = append(all, def)
		}
	}
	return all
}

// protocols are those a service speaks, in words.
func (s *Service) protocols() string {
	words := s.Protocol.String()
	for _, p := range s.Also {
		words += ", " + p.String()
	}
	return words
}
