package kinesis

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

// TestUnpackKeepsToTheShard: an aggregate is taken apart for the shard all of it belongs to, and left alone
// where one record belongs to another.
func TestUnpackKeepsToTheShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		defer h.close()
		h.create("s", 2)
		const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
		keys := map[string][]string{} // of each shard
		for i := range 20 {
			key := fmt.Sprint("k", i)
			at := hashOf(key)
			st, err := h.byARN(arn)
			if err != nil {
				t.Fatal(err)
			}
			id := st.route(at).id()
			keys[id] = append(keys[id], key)
		}
		here, there := keys["shardId-000000000000"], keys["shardId-000000000001"]
		aggregate := func(records ...kpl.Record) hydrant.Record {
			var p kpl.Packer
			for _, r := range records {
				p.Add(r)
			}
			return hydrant.Record{Key: "outer", Data: p.Take().Data, Offset: 5, Arrival: 6, Sequence: "7"}
		}
		a, b := kpl.Record{Key: here[0], Data: []byte("a")}, kpl.Record{Key: here[1], Data: []byte("b")}
		inner, ok := h.Unpack(arn, "shardId-000000000000", aggregate(a, b))
		if !ok || len(inner) != 2 || inner[1].Key != here[1] || string(inner[1].Data) != "b" || inner[1].Sequence != "7" || inner[1].Offset != 5 || inner[1].Arrival != 6 {
			t.Errorf("%+v, %v", inner, ok)
		}
		other := kpl.Record{Key: there[0], Data: []byte("c")}
		if inner, ok := h.Unpack(arn, "shardId-000000000000", aggregate(a, other)); ok {
			t.Errorf("taken apart though a record belongs to another shard: %+v", inner)
		}
		other.ExplicitHashKey = "1" // which overrules its key
		if _, ok := h.Unpack(arn, "shardId-000000000000", aggregate(a, other)); !ok {
			t.Error("the explicit hash key does not count")
		}
		if _, ok := h.Unpack(arn, "shardId-000000000000", hydrant.Record{Data: []byte("plain")}); ok {
			t.Error("a plain record was taken apart")
		}
	})
}
