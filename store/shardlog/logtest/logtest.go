// Package logtest is the behaviour every shardlog engine shows.
package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// Run runs the suite. open opens an engine: a fresh one for each t, and for a t it has opened one
// for before, after that was closed, the same one again. The suite closes what it opens.
func Run(t *testing.T, open func(t *testing.T) shardlog.Engine) {
	for _, c := range []struct {
		name string
		test func(*suite)
	}{
		{"AppendThenRead", appendThenRead},
		{"ReadLimits", readLimits},
		{"ReadAtTheEnd", readAtTheEnd},
		{"ManyShardsInOneCall", manyShardsInOneCall},
		{"OneShardTwiceInOneCall", oneShardTwiceInOneCall},
		{"EmptyAndLarge", emptyAndLarge},
		{"TooLarge", tooLarge},
		{"UnknownShard", unknownShard},
		{"CallersBytesAreTheirs", callersBytesAreTheirs},
		{"OpenIsIdempotent", openIsIdempotent},
		{"Names", names},
		{"DeleteAndOpenAgain", deleteAndOpenAgain},
		{"Trim", trim},
		{"TrimSurvives", trimSurvives},
		{"Retention", retention},
		{"Seek", seek},
		{"WaitWakes", waitWakes},
		{"WaitEnds", waitEnds},
		{"ConcurrentAppends", concurrentAppends},
		{"Reopen", reopen},
		{"Closed", closed},
		{"CanceledContext", canceledContext},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, ctx: t.Context(), open: open}
			s.engine = open(t)
			t.Cleanup(func() { s.engine.Close() })
			c.test(s)
		})
	}
}

type suite struct {
	*testing.T
	ctx    context.Context
	open   func(*testing.T) shardlog.Engine
	engine shardlog.Engine
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) reopen() {
	s.Helper()
	s.check(s.engine.Close())
	s.engine = s.open(s.T)
}

const name = "kinesis/000000000000/us-east-1/trips@1700000000000/shardId-000000000000"

func (s *suite) shard(name string) shardlog.ShardID {
	s.Helper()
	id, err := s.engine.Open(s.ctx, name)
	s.check(err)
	return id
}

// records makes records whose key and data are given as words "key=data".
func records(words ...string) []hydrant.Record {
	out := make([]hydrant.Record, len(words))
	for i, w := range words {
		key, data, _ := strings.Cut(w, "=")
		out[i] = hydrant.Record{Key: key, Data: []byte(data)}
	}
	return out
}

func (s *suite) append(id shardlog.ShardID, words ...string) []hydrant.Record {
	s.Helper()
	b := shardlog.Batch{Shard: id, Records: records(words...)}
	s.check(s.engine.Append(s.ctx, []shardlog.Batch{b}))
	return b.Records
}

// read reads page by page to the end.
func (s *suite) read(id shardlog.ShardID, from uint64, limit shardlog.Limit) []hydrant.Record {
	s.Helper()
	var all []hydrant.Record
	for {
		p, err := s.engine.Read(s.ctx, id, from, limit)
		s.check(err)
		if len(p.Records) == 0 {
			if p.Next != from {
				s.Fatalf("an empty page from %d goes on at %d", from, p.Next)
			}
			return all
		}
		all = append(all, p.Records...)
		if last := p.Records[len(p.Records)-1].Offset; p.Next <= last {
			s.Fatalf("next is %d after offset %d", p.Next, last)
		}
		from = p.Next
	}
}

func words(rs []hydrant.Record) string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.Key + "=" + string(r.Data)
	}
	return strings.Join(out, " ")
}

func (s *suite) want(id shardlog.ShardID, from uint64, want string) {
	s.Helper()
	if got := words(s.read(id, from, shardlog.Limit{})); got != want {
		s.Errorf("from %d: read %q, want %q", from, got, want)
	}
}

func (s *suite) bounds(id shardlog.ShardID) shardlog.Bounds {
	s.Helper()
	b, err := s.engine.Bounds(id)
	s.check(err)
	return b
}

func (s *suite) wantError(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: %v, want %v", what, err, want)
	}
}

func appendThenRead(s *suite) {
	id := s.shard(name)
	before := time.Now().Add(-time.Minute).UnixMilli()
	first := s.append(id, "a=1", "b=2")
	second := s.append(id, "c=3")
	given := append(first, second...)
	got := s.read(id, s.bounds(id).Low, shardlog.Limit{})
	if words(got) != "a=1 b=2 c=3" {
		s.Fatalf("read %s", words(got))
	}
	for i, r := range got {
		if r.Offset != given[i].Offset || r.Arrival != given[i].Arrival {
			s.Errorf("record %d: append said offset %d arrival %d, read says %d, %d", i, given[i].Offset, given[i].Arrival, r.Offset, r.Arrival)
		}
		if i > 0 && (r.Offset <= got[i-1].Offset || r.Arrival < got[i-1].Arrival) {
			s.Errorf("record %d: offset %d arrival %d after %d, %d", i, r.Offset, r.Arrival, got[i-1].Offset, got[i-1].Arrival)
		}
		if r.Arrival < before {
			s.Errorf("record %d arrived at %d", i, r.Arrival)
		}
	}
	s.want(id, second[0].Offset, "c=3")
}

func readLimits(s *suite) {
	id := s.shard(name)
	s.append(id, "a=1", "b=22", "c=333")
	s.append(id, "d=4444", "e=5")
	for _, limit := range []shardlog.Limit{{Records: 1}, {Records: 2}, {Records: 4}, {Bytes: 1}, {Bytes: 5}, {Bytes: 9}, {Records: 3, Bytes: 7}} {
		if got := words(s.read(id, 0, limit)); got != "a=1 b=22 c=333 d=4444 e=5" {
			s.Errorf("%+v: read %s", limit, got)
		}
		for from := uint64(0); from < s.bounds(id).Next; {
			p, err := s.engine.Read(s.ctx, id, from, limit)
			s.check(err)
			size := 0
			for _, r := range p.Records {
				size += r.Size()
			}
			if len(p.Records) == 0 || limit.Records > 0 && len(p.Records) > limit.Records ||
				limit.Bytes > 0 && size > limit.Bytes && len(p.Records) > 1 {
				s.Errorf("%+v: a page of %d records, %d bytes", limit, len(p.Records), size)
			}
			from = p.Next
		}
	}
}

func readAtTheEnd(s *suite) {
	id := s.shard(name)
	s.want(id, 0, "")
	s.append(id, "a=1")
	next := s.bounds(id).Next
	for _, from := range []uint64{next, next + 100} {
		p, err := s.engine.Read(s.ctx, id, from, shardlog.Limit{})
		s.check(err)
		if len(p.Records) != 0 || p.Next != from {
			s.Errorf("from %d: %d records, next %d", from, len(p.Records), p.Next)
		}
	}
}

func manyShardsInOneCall(s *suite) {
	var batches []shardlog.Batch
	for i := range 50 {
		batches = append(batches, shardlog.Batch{
			Shard: s.shard(fmt.Sprint(name, i)), Records: records(fmt.Sprintf("k=%d", i), "x=y"),
		})
	}
	s.check(s.engine.Append(s.ctx, batches))
	for i, b := range batches {
		s.want(b.Shard, b.Records[0].Offset, fmt.Sprintf("k=%d x=y", i))
	}
}

func oneShardTwiceInOneCall(s *suite) {
	id := s.shard(name)
	batches := []shardlog.Batch{
		{Shard: id, Records: records("a=1")}, {Shard: id}, {Shard: id, Records: records("b=2", "c=3")},
	}
	s.check(s.engine.Append(s.ctx, batches))
	if batches[2].Records[0].Offset <= batches[0].Records[0].Offset {
		s.Error("the second batch has lower offsets than the first")
	}
	s.want(id, 0, "a=1 b=2 c=3")
}

func emptyAndLarge(s *suite) {
	id := s.shard(name)
	s.check(s.engine.Append(s.ctx, nil))
	s.check(s.engine.Append(s.ctx, []shardlog.Batch{{Shard: id}}))
	if b := s.bounds(id); b.Next != b.Low {
		s.Errorf("appending nothing moved the bounds to %+v", b)
	}
	large := bytes.Repeat([]byte("large "), 2<<20)
	rs := []hydrant.Record{{Key: "", Data: nil}, {Key: strings.Repeat("ключ", 256), Data: large}, {Key: "k", Data: []byte{0, 255}}}
	s.check(s.engine.Append(s.ctx, []shardlog.Batch{{Shard: id, Records: rs}}))
	for i, r := range s.read(id, 0, shardlog.Limit{Records: 1, Bytes: 10}) {
		if r.Key != rs[i].Key || !bytes.Equal(r.Data, rs[i].Data) {
			s.Errorf("record %d came back with %d bytes of key, %d of data", i, len(r.Key), len(r.Data))
		}
	}
}

func tooLarge(s *suite) {
	id := s.shard(name)
	part := make([]byte, 16<<20)
	rs := []hydrant.Record{{Data: part}, {Data: part}, {Data: part}, {Data: part}}
	other := s.shard("other")
	err := s.engine.Append(s.ctx, []shardlog.Batch{{Shard: other, Records: records("a=1")}, {Shard: id, Records: rs}})
	s.wantError("64 MiB", err, shardlog.ErrTooLarge)
	s.want(other, 0, "")
}

func unknownShard(s *suite) {
	id := s.shard(name)
	const no = 1 << 40
	_, err := s.engine.Read(s.ctx, no, 0, shardlog.Limit{})
	s.wantError("read", err, shardlog.ErrNoShard)
	_, err = s.engine.Bounds(no)
	s.wantError("bounds", err, shardlog.ErrNoShard)
	_, err = s.engine.Seek(s.ctx, no, 0)
	s.wantError("seek", err, shardlog.ErrNoShard)
	s.wantError("wait", s.engine.Wait(s.ctx, no, 0), shardlog.ErrNoShard)
	s.wantError("trim", s.engine.Trim(s.ctx, no, 1), shardlog.ErrNoShard)
	s.wantError("retention", s.engine.SetRetention(s.ctx, no, time.Hour), shardlog.ErrNoShard)
	s.check(s.engine.Delete(s.ctx, no))
	err = s.engine.Append(s.ctx, []shardlog.Batch{{Shard: id, Records: records("a=1")}, {Shard: no, Records: records("b=2")}})
	s.wantError("append", err, shardlog.ErrNoShard)
	s.want(id, 0, "")
}

func callersBytesAreTheirs(s *suite) {
	id := s.shard(name)
	data := []byte("before")
	s.check(s.engine.Append(s.ctx, []shardlog.Batch{{Shard: id, Records: []hydrant.Record{{Key: "k", Data: data}}}}))
	copy(data, "after!")
	s.want(id, 0, "k=before")
}

func openIsIdempotent(s *suite) {
	var ids [16]shardlog.ShardID
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i], _ = s.engine.Open(s.ctx, name) })
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			s.Fatalf("one name, two shards: %v", ids)
		}
	}
	if s.shard("other") == ids[0] {
		s.Error("two names, one shard")
	}
}

func names(s *suite) {
	for _, bad := range []string{"", strings.Repeat("n", 1025), "\xff"} {
		if _, err := s.engine.Open(s.ctx, bad); err == nil {
			s.Errorf("opened a shard of name %.10q", bad)
		}
	}
	longest := strings.Repeat("ж", 512)
	if s.shard(longest) == s.shard("поток/шард") {
		s.Error("two names, one shard")
	}
}

func deleteAndOpenAgain(s *suite) {
	old := s.shard(name)
	s.append(old, "a=1", "b=2")
	s.check(s.engine.Delete(s.ctx, old))
	s.check(s.engine.Delete(s.ctx, old))
	_, err := s.engine.Read(s.ctx, old, 0, shardlog.Limit{})
	s.wantError("read", err, shardlog.ErrNoShard)
	id := s.shard(name)
	if id == old {
		s.Fatal("the shard's id was used again")
	}
	s.want(id, s.bounds(id).Low, "")
	s.append(id, "c=3")
	s.reopen()
	if s.shard(name) != id {
		s.Fatal("the name leads to another shard after a reopen")
	}
	s.want(id, s.bounds(id).Low, "c=3")
	s.check(s.engine.Delete(s.ctx, id))
	s.reopen()
	if again := s.shard(name); again == id || again == old {
		s.Error("the shard's id was used again")
	}
}

func trim(s *suite) {
	id := s.shard(name)
	rs := append(s.append(id, "a=1", "b=2"), s.append(id, "c=3")...)
	s.check(s.engine.Trim(s.ctx, id, rs[1].Offset))
	_, err := s.engine.Read(s.ctx, id, rs[0].Offset, shardlog.Limit{})
	s.wantError("below low", err, shardlog.ErrTrimmed)
	s.want(id, rs[1].Offset, "b=2 c=3")
	s.check(s.engine.Trim(s.ctx, id, rs[0].Offset)) // never backwards
	if b := s.bounds(id); b.Low != rs[1].Offset {
		s.Errorf("low is %d, want %d", b.Low, rs[1].Offset)
	}
	s.check(s.engine.Trim(s.ctx, id, s.bounds(id).Next+100)) // not beyond what was written
	b := s.bounds(id)
	if b.Low != b.Next {
		s.Errorf("bounds %+v after all was trimmed", b)
	}
	s.want(id, b.Low, "")
	d := s.append(id, "d=4")
	if d[0].Offset < b.Next {
		s.Errorf("offset %d was given after %d", d[0].Offset, b.Next)
	}
	s.want(id, d[0].Offset, "d=4")
}

func trimSurvives(s *suite) {
	id := s.shard(name)
	rs := s.append(id, "a=1", "b=2", "c=3")
	s.check(s.engine.Trim(s.ctx, id, rs[2].Offset))
	s.reopen()
	if b := s.bounds(id); b.Low != rs[2].Offset {
		s.Errorf("low is %d, want %d", b.Low, rs[2].Offset)
	}
	s.want(id, rs[2].Offset, "c=3")
	s.check(s.engine.Trim(s.ctx, id, s.bounds(id).Next))
	before := s.bounds(id)
	s.reopen()
	if b := s.bounds(id); b != before {
		s.Errorf("bounds %+v, want %+v", b, before)
	}
}

func retention(s *suite) {
	id, kept := s.shard(name), s.shard("kept")
	s.append(id, "a=1", "b=2")
	s.append(kept, "a=1")
	next := s.bounds(id).Next
	s.check(s.engine.SetRetention(s.ctx, kept, time.Hour))
	s.check(s.engine.SetRetention(s.ctx, id, time.Millisecond))
	for b := s.bounds(id); b.Low != next; b = s.bounds(id) {
		select {
		case <-s.ctx.Done():
			s.Fatalf("nothing expires: %+v", b)
		case <-time.After(time.Millisecond):
		}
	}
	_, err := s.engine.Read(s.ctx, id, 0, shardlog.Limit{})
	s.wantError("expired", err, shardlog.ErrTrimmed)
	s.check(s.engine.SetRetention(s.ctx, id, 0)) // what has expired does not come back
	s.append(id, "c=3")
	s.reopen()
	if b := s.bounds(id); b.Low != next {
		s.Errorf("low is %d, want %d", b.Low, next)
	}
	s.want(id, next, "c=3")
	s.want(kept, 0, "a=1")
}

func seek(s *suite) {
	id := s.shard(name)
	at := func(t int64) uint64 {
		s.Helper()
		offset, err := s.engine.Seek(s.ctx, id, t)
		s.check(err)
		return offset
	}
	if got := at(0); got != s.bounds(id).Next {
		s.Errorf("in an empty shard: %d", got)
	}
	var all []hydrant.Record
	for i := range 5 {
		all = append(all, s.append(id, fmt.Sprintf("k=%d", i), "x=y")...)
		for start := time.Now().UnixMilli(); time.Now().UnixMilli() == start; {
		}
	}
	for range 2 {
		for _, r := range all {
			want := all[0].Offset
			for _, o := range all {
				if o.Arrival >= r.Arrival {
					want = o.Offset
					break
				}
			}
			if got := at(r.Arrival); got != want {
				s.Errorf("time %d: offset %d, want %d", r.Arrival, got, want)
			}
		}
		if got := at(0); got != all[0].Offset {
			s.Errorf("the beginning of time: %d", got)
		}
		if got := at(all[9].Arrival + 1_000_000); got != s.bounds(id).Next {
			s.Errorf("the future: %d", got)
		}
		s.reopen()
	}
	s.check(s.engine.Trim(s.ctx, id, all[3].Offset))
	if got := at(0); got != all[3].Offset {
		s.Errorf("below low: %d, want %d", got, all[3].Offset)
	}
}

func waitWakes(s *suite) {
	id, other := s.shard(name), s.shard("other")
	from := s.bounds(id).Next
	got := make(chan error)
	for range 3 {
		go func() { got <- s.engine.Wait(s.ctx, id, from) }()
	}
	s.append(other, "x=y")
	s.append(id, "a=1")
	for range 3 {
		s.check(<-got)
	}
	s.check(s.engine.Wait(s.ctx, id, from)) // already there
}

func waitEnds(s *suite) {
	id := s.shard(name)
	ctx, cancel := context.WithCancel(s.ctx)
	got := make(chan error)
	go func() { got <- s.engine.Wait(ctx, id, 0) }()
	cancel()
	s.wantError("canceled", <-got, context.Canceled)
	go func() { got <- s.engine.Wait(s.ctx, id, 0) }()
	s.check(s.engine.Delete(s.ctx, id))
	s.wantError("deleted", <-got, shardlog.ErrNoShard)
	id = s.shard(name)
	go func() { got <- s.engine.Wait(s.ctx, id, 0) }()
	s.check(s.engine.Close())
	s.wantError("closed", <-got, shardlog.ErrClosed)
}

// Every record of every caller is there once, and each caller's in order.
func concurrentAppends(s *suite) {
	const callers, calls = 8, 25
	ids := []shardlog.ShardID{s.shard("a"), s.shard("b"), s.shard("c")}
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for n := range calls {
				var batches []shardlog.Batch
				for _, id := range ids {
					batches = append(batches, shardlog.Batch{Shard: id, Records: records(fmt.Sprintf("%d=%d", c, n))})
				}
				if err := s.engine.Append(s.ctx, batches); err != nil {
					s.Error(err)
				}
				r := batches[0].Records[0]
				p, err := s.engine.Read(s.ctx, ids[0], r.Offset, shardlog.Limit{Records: 1})
				if err != nil || words(p.Records) != fmt.Sprintf("%d=%d", c, n) {
					s.Errorf("read one's own write: %s, %v", words(p.Records), err)
				}
			}
		})
	}
	wg.Wait()
	for range 2 {
		for _, id := range ids {
			var seen [callers]int
			all := s.read(id, 0, shardlog.Limit{})
			for _, r := range all {
				var c, n int
				if _, err := fmt.Sscanf(r.Key+" "+string(r.Data), "%d %d", &c, &n); err != nil {
					s.Fatalf("record %q %q: %v", r.Key, r.Data, err)
				}
				if n != seen[c] {
					s.Fatalf("caller %d: record %d where %d was due", c, n, seen[c])
				}
				seen[c]++
			}
			if len(all) != callers*calls {
				s.Errorf("%d records, want %d", len(all), callers*calls)
			}
		}
		s.reopen()
	}
}

func reopen(s *suite) {
	id, idle := s.shard(name), s.shard("idle")
	rs := s.append(id, "a=1", "b=2")
	for i := range 3 {
		before := s.bounds(id)
		s.reopen()
		if s.shard(name) != id || s.shard("idle") != idle {
			s.Fatal("ids changed")
		}
		if b := s.bounds(id); b != before {
			s.Errorf("bounds %+v, want %+v", b, before)
		}
		more := s.append(id, fmt.Sprintf("r=%d", i))
		if more[0].Offset < before.Next || more[0].Arrival < rs[1].Arrival {
			s.Errorf("offset %d, arrival %d after a reopen", more[0].Offset, more[0].Arrival)
		}
	}
	got := s.read(id, 0, shardlog.Limit{})
	if words(got) != "a=1 b=2 r=0 r=1 r=2" || got[0].Arrival != rs[0].Arrival || got[1].Offset != rs[1].Offset {
		s.Errorf("read %s", words(got))
	}
	s.want(idle, 0, "")
}

func closed(s *suite) {
	id := s.shard(name)
	s.append(id, "a=1")
	s.check(s.engine.Close())
	s.check(s.engine.Close())
	_, err := s.engine.Open(s.ctx, name)
	s.wantError("open", err, shardlog.ErrClosed)
	_, err = s.engine.Read(s.ctx, id, 0, shardlog.Limit{})
	s.wantError("read", err, shardlog.ErrClosed)
	err = s.engine.Append(s.ctx, []shardlog.Batch{{Shard: id, Records: records("b=2")}})
	s.wantError("append", err, shardlog.ErrClosed)
	s.wantError("wait", s.engine.Wait(s.ctx, id, 9), shardlog.ErrClosed)
}

func canceledContext(s *suite) {
	id := s.shard(name)
	s.append(id, "a=1")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	err := s.engine.Append(ctx, []shardlog.Batch{{Shard: id, Records: records("b=2")}})
	s.wantError("append", err, context.Canceled)
	_, err = s.engine.Read(ctx, id, 0, shardlog.Limit{})
	s.wantError("read", err, context.Canceled)
	s.want(id, 0, "a=1")
}
