package source

import (
	"bytes"
	"encoding/json"

	"github.com/hydrant-stream/hydrant"
)

// failedFrom reads a function's answer under ReportBatchItemFailures: the index of the first record
// that is not done. len(recs) means all are; 0 means none is, be it that the function said so or
// that what it said cannot be understood.
//
//	"", null, [], {}, {"batchItemFailures":[]}, {"batchItemFailures":null}   all done
//	{"batchItemFailures":[{"itemIdentifier":"<seq>"}, …]}                    done below the lowest
//	an identifier that is empty, null, no string, or not of the batch        none done
func failedFrom(answer []byte, recs []hydrant.Record) int {
	all := len(recs)
	answer = bytes.TrimSpace(answer)
	switch string(answer) {
	case "", "null", `""`, "[]", "{}":
		return all
	}
	var doc struct {
		Failures json.RawMessage `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		if answer[0] == '{' {
			return 0
		}
		return all // a function that returns something else altogether reports nothing
	}
	if len(doc.Failures) == 0 || string(doc.Failures) == "null" {
		return all
	}
	var items []map[string]json.RawMessage
	if err := json.Unmarshal(doc.Failures, &items); err != nil {
		return 0
	}
	if len(items) == 0 {
		return all
	}
	index := make(map[string]int, len(recs))
	for i := len(recs) - 1; i >= 0; i-- {
		index[recs[i].Sequence] = i
	}
	lowest := all
	for _, item := range items {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" {
			return 0
		}
		i, ok := index[id]
		if !ok {
			return 0
		}
		lowest = min(lowest, i)
	}
	return lowest
}
