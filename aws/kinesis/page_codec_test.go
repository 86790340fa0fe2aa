package kinesis

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awscbor"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// The replies as the model has them: what reflection writes of these is what the codecs must write.
type (
	slowGetOut struct {
		Records []Record `required:""`
		GetRecordsEnd
	}
	slowEvent struct {
		Records []Record `required:""`
		SubscribeToShardEventEnd
	}
)

func somePage(rng *rand.Rand, n int) Page {
	p := Page{h: newShard(shardInfo{Number: rng.Uint32N(20), Created: 1_700_000_000_123}, 0)}
	if rng.IntN(2) == 0 {
		p.encryption = "KMS"
	}
	keys := []string{"k", "a longer key", "schlüssel", `q"\`, "\x01\n", "\xff"}
	offset, arrival := rng.Uint64N(1<<40), int64(1_700_000_001_000)
	for range n {
		switch rng.IntN(10) {
		case 0:
			offset += 2
		case 1:
			arrival += rng.Int64N(5000)
		}
		r := hydrant.Record{Offset: offset, Arrival: arrival, Key: keys[rng.IntN(len(keys))]}
		if rng.IntN(10) > 0 {
			r.Data = make([]byte, rng.IntN(400))
			for i := range r.Data {
				r.Data[i] = byte(rng.Uint32())
			}
		}
		p.records = append(p.records, r)
		offset++
	}
	return p
}

func TestPagesAreWhatReflectionWrites(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		p := somePage(rng, []int{0, 1, 2, 30, 2000}[i%5])
		end := GetRecordsEnd{MillisBehindLatest: int64(i)}
		if i%2 == 0 {
			end.NextShardIterator = "AAAA=="
		} else {
			end.ChildShards = []ChildShard{{ShardId: "shardId-000000000001", ParentShards: []string{"shardId-000000000000"}}}
		}
		out, slow := &GetRecordsOut{Records: p, GetRecordsEnd: end}, &slowGetOut{p.All(), end}
		var got []byte
		pieces := 0
		size := out.JSONSize()
		last := out.AppendJSONPieces(nil, func(b []byte) []byte { got = append(got, b...); pieces++; return b[:0] })
		got = append(got, last...)
		if want := awsjson.Append(nil, slow); !bytes.Equal(got, want) || size != len(want) {
			t.Fatalf("%d bytes announced\ngot  %d %.500s\nwant %d %.500s", size, len(got), got, len(want), want)
		}
		if i%5 == 4 && pieces == 0 {
			t.Error("a large page came in one piece")
		}
		for _, form := range []awscbor.Form{awscbor.Kinesis, awscbor.RPC} {
			if got, want := out.AppendCBOR([]byte("x"), form), form.Append([]byte("x"), slow); !bytes.Equal(got, want) {
				t.Fatalf("got  %.300q\nwant %.300q", got, want)
			}
		}
		e := &SubscribeToShardEvent{p, SubscribeToShardEventEnd{ContinuationSequenceNumber: fmt.Sprint(i)}}
		slowE := &slowEvent{p.All(), e.SubscribeToShardEventEnd}
		if got, want := e.AppendJSON(nil), awsjson.Append(nil, slowE); !bytes.Equal(got, want) {
			t.Fatalf("got  %.300q\nwant %.300q", got, want)
		}
		if got, want := e.AppendCBOR(nil, awscbor.Kinesis), awscbor.Kinesis.Append(nil, slowE); !bytes.Equal(got, want) {
			t.Fatalf("got  %.300q\nwant %.300q", got, want)
		}
	}
}
