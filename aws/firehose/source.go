package firehose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/crash"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

// A Kinesis source is copied into the spool, and delivered from there as what is put. A copied
// record says in its key where it came from. So the place to go on at is known after any crash: the
// commit of a delivery keeps the last place of every shard that was delivered (progress.Sources),
// and the spool itself tells what was copied since. A place is one in a shard of that birth: a stream
// that was deleted and made again is read from its beginning.

// pollEvery is how often a shard is read that had nothing new, as AWS does.
const pollEvery = time.Second

// origin is the key of a spool record that was copied from a stream.
type origin struct {
	shard    string
	born     int64  // the shard, Unix ms
	offset   uint64 // in the shard
	sub, of  int    // which of how many records the producer library had packed into it
	sequence string

	arrival      int64 // in the stream, Unix ms
	partitionKey string
}

func (o origin) key() string {
	return fmt.Sprintf("%s@%d %d %d %d %s %d %s", o.shard, o.born, o.offset, o.sub, o.of, o.sequence, o.arrival, o.partitionKey)
}

// parseOrigin reads a key; ok is false for a record that was put.
func parseOrigin(key string) (o origin, ok bool) {
	if key == "" || key[0] == landedKey {
		return o, false
	}
	f := strings.SplitN(key, " ", 7)
	if len(f) == 5 { // as it once was
		f = append(f, "0", "")
	}
	if len(f) != 7 {
		return o, false
	}
	shard, birth, _ := strings.Cut(f[0], "@")
	born, _ := strconv.ParseInt(birth, 10, 64) // it once was not there: then it is not known
	offset, err1 := strconv.ParseUint(f[1], 10, 64)
	sub, err2 := strconv.Atoi(f[2])
	of, err3 := strconv.Atoi(f[3])
	arrival, err4 := strconv.ParseInt(f[5], 10, 64)
	return origin{shard, born, offset, sub, of, f[4], arrival, f[6]}, errors.Join(err1, err2, err3, err4) == nil
}

// position is where copying of a shard goes on.
type position struct {
	Offset uint64
	Skip   int   // records of the one at Offset that are there already
	Born   int64 `json:",omitempty"` // the shard, Unix ms; 0: not known
}

// before tells whether another place in the same shard, or in a later one of its id, is further.
func (p position) before(q position) bool {
	return cmp.Or(cmp.Compare(p.Born, q.Born), cmp.Compare(p.Offset, q.Offset), cmp.Compare(p.Skip, q.Skip)) < 0
}

// after is the position behind a record.
func (o origin) after() position {
	if o.sub+1 < o.of {
		return position{o.offset, o.sub + 1, o.born}
	}
	return position{o.offset + 1, 0, o.born}
}

// positions are those of all shards of a source.
type positions map[string]position

// note takes a copied record into account.
func (p positions) note(r *hydrant.Record) {
	if o, ok := parseOrigin(r.Key); ok {
		p[o.shard] = o.after()
	}
}

// merge takes over the places of others that are further. The receiver is changed, or made.
func (p positions) merge(others positions) positions {
	for shard, at := range others {
		if have, ok := p[shard]; ok && !have.before(at) {
			continue
		}
		if p == nil {
			p = positions{}
		}
		p[shard] = at
	}
	return p
}

// feed copies one stream.
type feed struct {
	w     *worker
	arn   string
	since time.Time
	at    positions
	ended map[hydrant.Shard]bool // shards that are closed and copied whole
}

// run copies until ctx ends.
func (f *feed) run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		err := f.resume(ctx)
		for err == nil {
			if err = f.round(ctx); err == nil {
				attempt = 0
				f.w.sourceFails(nil)
			}
		}
		if ctx.Err() != nil {
			return
		}
		err = sourceFailure(err)
		f.w.sourceFails(err)
		f.w.log.Warn("kinesis source is not read; it will be tried again", "stream", f.arn, "error", err)
		f.w.s.report(ctx, f.w.st.now.Load(), err)
		sleep(ctx, min(f.w.s.cfg.RetryLast, f.w.s.cfg.RetryFirst<<min(attempt, 20)))
	}
}

func sourceFailure(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		return &failure{"Kinesis.ResourceNotFound", "The Kinesis stream could not be found. Verify the stream specified in the delivery stream configuration.", err}
	}
	return &failure{"Kinesis.ReadFailed", "The Kinesis stream could not be read.", err}
}

// resume finds out what has been copied: what has left the spool, and what it holds.
func (f *feed) resume(ctx context.Context) error {
	bounds, err := f.w.s.cfg.Log.Bounds(f.w.shard) // first: what leaves the spool from here on is noticed
	if err != nil {
		return err
	}
	f.at, f.ended = f.w.sources(), map[hydrant.Shard]bool{}
	if f.at == nil {
		f.at = positions{}
	}
	for from := bounds.Low; ; {
		page, err := f.w.s.cfg.Log.Read(ctx, f.w.shard, from, shardlog.Limit{Bytes: scanPage})
		if err != nil {
			return err // trimmed meanwhile: it has left the spool, and is known
		}
		if len(page.Records) == 0 {
			return nil
		}
		for i := range page.Records {
			f.at.note(&page.Records[i])
		}
		from = page.Next
	}
}

// round copies what there is in all shards. A shard waits for its parents.
func (f *feed) round(ctx context.Context) error {
	if err := f.w.s.mayReadStream(ctx, f.w.st.now.Load()); err != nil {
		return err
	}
	shards, err := f.w.s.cfg.Streams.Shards(ctx, f.arn)
	if err != nil {
		if _, _, err = f.throttled(err, "DescribeStream"); err == nil {
			sleep(ctx, pollEvery)
		}
		return cmp.Or(err, ctx.Err())
	}
	pending := map[string]bool{} // listed and not copied whole
	copied := 0
	for _, h := range shards {
		if f.ended[h] {
			continue
		}
		pending[h.ID] = true
		if pending[h.Parent] || pending[h.AdjacentParent] {
			continue
		}
		n, end, err := f.copy(ctx, h)
		if err != nil {
			return err
		}
		copied += n
		if end {
			f.ended[h] = true
			delete(pending, h.ID)
		}
	}
	if copied == 0 {
		sleep(ctx, pollEvery)
	}
	return ctx.Err()
}

// copy moves one page of a shard into the spool.
func (f *feed) copy(ctx context.Context, h hydrant.Shard) (n int, end bool, err error) {
	streams, shard := f.w.s.cfg.Streams, h.ID
	at, ok := f.at[shard]
	if ok && at.Born != 0 && at.Born != h.Born {
		ok = false
	}
	if !ok {
		at = position{Born: h.Born}
		if at.Offset, err = streams.Start(ctx, f.arn, shard, "AT_TIMESTAMP", f.since); err != nil {
			return f.throttled(err, "GetShardIterator")
		}
	}
	page, next, end, err := streams.Read(ctx, f.arn, shard, at.Offset, shardlog.Limit{Bytes: scanPage})
	if err != nil {
		return f.throttled(err, "GetRecords")
	}
	f.behind(page)
	var records []hydrant.Record
	for i := range page {
		skip := 0
		if page[i].Offset == at.Offset {
			skip = at.Skip
		}
		records = append(records, unpacked(h, &page[i], skip)...)
	}
	if len(records) > 0 {
		batch := []shardlog.Batch{{Shard: f.w.shard, Records: records}}
		if err := f.w.s.cfg.Log.Append(context.WithoutCancel(ctx), batch); err != nil {
			return 0, false, fmt.Errorf("append to spool: %w", err)
		}
		crash.Point("firehose.source", "append")
		f.w.came()
		v := f.w.st.now.Load()
		f.w.s.add(v, "DataReadFromKinesisStream.Records", float64(len(page)), "Count")
		f.w.s.add(v, "DataReadFromKinesisStream.Bytes", float64(bytesOf(page)), "Bytes")
	}
	f.at[shard] = position{Offset: next, Born: h.Born}
	return len(page), end, nil
}

// throttled turns a call refused as one too many into one that found nothing.
func (f *feed) throttled(err error, call string) (n int, end bool, _ error) {
	metric, throttled := throttledRead(err, call)
	if !throttled {
		return 0, false, err
	}
	f.w.s.add(f.w.st.now.Load(), metric, 1, "Count")
	return 0, false, nil
}

// behind samples how old what was read last is; nothing to read is not old.
func (f *feed) behind(page []hydrant.Record) {
	var age time.Duration
	if n := len(page); n > 0 {
		age = max(0, time.Since(page[n-1].Time()))
	}
	f.w.s.add(f.w.st.now.Load(), "KinesisMillisBehindLatest", float64(age.Milliseconds()), "Milliseconds")
}

func bytesOf(records []hydrant.Record) (n int) {
	for i := range records {
		n += len(records[i].Data)
	}
	return n
}

// unpacked are the spool records of a stream record, without the first few.
func unpacked(h hydrant.Shard, r *hydrant.Record, skip int) []hydrant.Record {
	children, ok := kpl.Unpack(r.Data)
	if !ok {
		children = []kpl.Record{{Key: r.Key, Data: r.Data}}
	}
	var out []hydrant.Record
	for i := skip; i < len(children); i++ {
		o := origin{shard: h.ID, born: h.Born, offset: r.Offset, sub: i, of: len(children), sequence: r.Sequence, arrival: r.Arrival, partitionKey: children[i].Key}
		out = append(out, hydrant.Record{Key: o.key(), Data: children[i].Data})
	}
	return out
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
