package filter

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// slowly is what encoding/json makes of an event.
func slowly(payload []byte) ([]record, error) {
	var e events.KinesisEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	var recs []record
	for _, r := range e.Records {
		shard, _, _ := strings.Cut(r.EventID, ":")
		recs = append(recs, record{shard: shard, source: r.EventSourceArn, sequence: r.Kinesis.SequenceNumber, data: r.Kinesis.Data})
	}
	return recs, nil
}

func eventRecord(i int, data, more string) string {
	return fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k\"%d\\","sequenceNumber":"%s","data":"%s","approximateArrivalTimestamp":1545084650.987},`+
		`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:%s","eventName":"aws:kinesis:record",`+
		`"invokeIdentityArn":"arn:aws:iam::000000000000:role/r","awsRegion":"us-east-2","eventSourceARN":"arn:aws:kinesis:us-east-2:000000000000:stream/s"%s}`,
		i, sequence(i), base64.StdEncoding.EncodeToString([]byte(data)), sequence(i), more)
}

func TestDecodeReadsWhatEncodingJSONReads(t *testing.T) {
	spaced := func(s string) string {
		return strings.NewReplacer(`{`, " {\n", `:{`, "\t: {", `,"`, ` , "`, `]`, "\r\n] ").Replace(s)
	}
	two := `{"Records":[` + eventRecord(0, trip(1), "") + "," + eventRecord(1, "", "") + `]}`
	for name, payload := range map[string]string{
		"as Lambda spells it":  two,
		"with white space":     spaced(two),
		"no records":           `{"Records":[]}`,
		"nothing":              `{}`,
		"members to come":      `{"window":{"start":"a"},"Records":[` + eventRecord(0, "x", `,"n":[1,{"a":null},"]\"}"],"b":true`) + `],"isFinal":false}`,
		"escapes in a needed":  strings.Replace(two, `"eventID":"shardId`, `"eventID":"\u0073hardId`, 1),
		"escapes in the data":  strings.Replace(two, `"data":"ey`, `"data":"\u0065y`, 1),
		"null data":            strings.Replace(two, `"data":""`, `"data":null`, 1),
		"a key twice":          strings.Replace(two, `"awsRegion"`, `"eventSourceARN":"other","awsRegion"`, 1),
		"records of two kinds": strings.Replace(two, "000006:"+sequence(1), "000007:"+sequence(1), 1),
		"another member case":  strings.Replace(two, `"eventName"`, `"EVENTNAME"`, 2),
	} {
		got, err := decode([]byte(payload))
		want, wantErr := slowly([]byte(payload))
		if err != nil || wantErr != nil {
			t.Errorf("%s: %v, %v", name, err, wantErr)
			continue
		}
		for _, recs := range [][]record{got, want} {
			for i := range recs {
				recs[i].data = append([]byte{}, recs[i].data...)
			}
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestTheQuickReaderTakesLambdasEvent(t *testing.T) {
	payload := []byte(`{"Records":[` + eventRecord(0, trip(1), "") + `]}`)
	s := scanner{b: payload}
	if !s.event() || len(s.recs) != 1 || string(s.recs[0].data) != trip(1) {
		t.Error("the event went the long way")
	}
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	whole := `{"Records":[` + eventRecord(0, trip(1), "") + `]}`
	for _, payload := range []string{``, `[]`, `{"Records":7}`, `{"Records":[{"kinesis":7}]}`, `{"Records":[{"kinesis":{"data":"!"}}]}`, whole + `x`, whole[:len(whole)-1]} {
		if recs, err := decode([]byte(payload)); err == nil {
			t.Errorf("%.100s: %d records", payload, len(recs))
		}
	}
}
