package wire

import (
	"cmp"
	"iter"
	"slices"
)

// Compatible is a line of docs/compat.md: an operation that is here, and how it is reached.
type Compatible struct {
	Service   string
	Operation string
	Protocol  string // in AWS's words
	Binding   string // "POST /2015-03-31/functions", "X-Amz-Target: Kinesis_20131202.PutRecords"
}

// Compat lists the operations of all services, by service in the order given, then by name.
func Compat(services []Service) iter.Seq[Compatible] {
	return func(yield func(Compatible) bool) {
		for _, svc := range services {
			rows := slices.Clone(svc.Ops)
			slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
			for _, row := range rows {
				c := Compatible{Service: svc.Name, Operation: row.Name, Protocol: svc.protocols()}
				switch svc.Protocol {
				case AWSJSON:
					c.Binding = "X-Amz-Target: " + svc.Target + "." + row.Name
				case Query:
					c.Binding = "Action=" + row.Name
				default:
					c.Binding = row.Method + " " + row.Path
				}
				if !yield(c) {
					return
				}
			}
		}
	}
}

func (p Protocol) String() string {
	switch p {
	case AWSJSON:
		return "JSON 1.1"
	case RESTJSON:
		return "REST-JSON"
	case RESTXML:
		return "REST-XML"
	case Query:
		return "query"
	}
	return "unknown"
}
