package kinesis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

type slowPutIn PutRecordsIn   // without the methods: reflection
type slowPutOut PutRecordsOut //

var putDocs = []string{
	`{"Records":[{"Data":"aGk=","PartitionKey":"k"},{"PartitionKey":"l","Data":"","ExplicitHashKey":"17"}],"StreamName":"s"}`,
	` { "StreamName" : "s" , "Records" : [ { "Data" : "aGkx" , "PartitionKey" : "k" } ] } `,
	`{"Records":[{"Data":"aGk=","PartitionKey":"k\u00e9"}],"StreamName":"s"}`,
	`{"Records":[{"Data":"aGk","PartitionKey":"k"}],"StreamName":"s"}`,
	`{"Records":[{"Data":"aGk=","PartitionKey":""}],"StreamName":"s"}`,
	`{"Records":[],"StreamName":"s"}`,
	`{"Records":[{"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"017"}],"StreamName":"s"}`,
	`{"Records":[{"Data":"aGk=","PartitionKey":"k"}],"StreamName":"s!"}`,
	`{"Records":[{"Data":"aGk=","PartitionKey":"k"}],"StreamARN":"arn"}`,
	`{"Records":[{"Data":"aGk=","PartitionKey":"k"}],"StreamName":"s"}x`,
	`{"Records":[{"Data":"aG\nk=","PartitionKey":"k"}],"StreamName":"s","StreamName":"t"}`,
}

func TestQuickPutKnowsThePlainForm(t *testing.T) {
	for i, doc := range putDocs {
		var in PutRecordsIn
		if got, want := in.QuickJSON([]byte(doc)), i < 2; got != want {
			t.Errorf("%s: %v", doc, got)
		}
	}
}

// What the quick decoder takes means to reflection the same, and holds the constraints.
func FuzzQuickPut(f *testing.F) {
	for _, doc := range putDocs {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var quick PutRecordsIn
		if !quick.QuickJSON(doc) {
			if quick.StreamName != "" || quick.Records != nil {
				t.Fatal("refused, and changed")
			}
			return
		}
		var slow slowPutIn
		if _, err := awsjson.Decode(doc, &slow); err != nil {
			t.Fatalf("%q: reflection says %v", doc, err)
		}
		if d := cmp.Diff(slow.Records, quick.Records); d != "" || slow.StreamName != quick.StreamName || slow.StreamARN != "" {
			t.Fatalf("%q: %s", doc, d)
		}
		quick.arena.release() // the next one lies where this one lay
	})
}

func TestPutReplyIsWhatReflectionWrites(t *testing.T) {
	for _, out := range []PutRecordsOut{
		{Records: []PutRecordsResult{{ShardId: "shardId-000000000001", SequenceNumber: "49"}}},
		{FailedRecordCount: 1, EncryptionType: "KMS", Records: []PutRecordsResult{{ErrorCode: "InternalFailure", ErrorMessage: `a "b"`}, {ShardId: "s", SequenceNumber: "1"}}},
		{Records: []PutRecordsResult{}},
	} {
		slow := slowPutOut(out)
		if got, want := string(out.AppendJSON(nil)), string(awsjson.Append(nil, &slow)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
