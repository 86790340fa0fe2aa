package firehose

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

const sourceARN = "arn:aws:kinesis:us-east-1:000000000000:stream/trips"

// kinesis is one Kinesis stream in memory.
type kinesis struct {
	mu     sync.Mutex
	log    *memlog
	shards []hydrant.Shard
	ids    map[string]shardlog.ShardID
	gone   bool
	born   int64
}

func newKinesis() *kinesis {
	return &kinesis{log: newMemlog(), ids: map[string]shardlog.ShardID{}, born: 1}
}

func (k *kinesis) add(id, parent string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids[id], _ = k.log.Open(context.Background(), id)
	k.shards = append(k.shards, hydrant.Shard{ID: id, Born: k.born, Parent: parent, Open: true})
	for i := range k.shards {
		if k.shards[i].ID == parent {
			k.shards[i].Open = false
		}
	}
}

// merge adds a shard with two parents.
func (k *kinesis) merge(id, parent, adjacent string) {
	k.add(id, parent)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.shards {
		switch h := &k.shards[i]; h.ID {
		case id:
			h.AdjacentParent = adjacent
		case adjacent:
			h.Open = false
		}
	}
}

func (k *kinesis) put(shard string, data ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var records []hydrant.Record
	for _, d := range data {
		records = append(records, hydrant.Record{Data: []byte(d)})
	}
	k.log.Append(context.Background(), []shardlog.Batch{{Shard: k.ids[shard], Records: records}})
}

func (k *kinesis) Shards(context.Context, string) ([]hydrant.Shard, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone {
		return nil, hydrant.Faultf("ResourceNotFoundException", "Stream trips under account 000000000000 not found.")
	}
	return slices.Clone(k.shards), nil
}

func (k *kinesis) Start(_ context.Context, _, shard, position string, at time.Time) (uint64, error) {
	if position != "AT_TIMESTAMP" {
		return 0, errNotUsed
	}
	page, err := k.log.Read(context.Background(), k.ids[shard], 0, shardlog.Limit{})
	for _, r := range page.Records {
		if r.Arrival >= at.UnixMilli() {
			return r.Offset, err
		}
	}
	return page.Next, err
}

func (k *kinesis) Read(ctx context.Context, _, shard string, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	limit.Records = 3 // small pages find more
	page, err := k.log.Read(ctx, k.ids[shard], from, limit)
	for i := range page.Records {
		page.Records[i].Sequence = fmt.Sprintf("4959%d", page.Records[i].Offset)
	}
	rest, _ := k.log.Read(ctx, k.ids[shard], page.Next, limit) // the log ends with a gap, perhaps
	open := slices.ContainsFunc(k.shards, func(h hydrant.Shard) bool { return h.ID == shard && h.Open })
	return page.Records, page.Next, !open && len(rest.Records) == 0, err
}

func (h *house) createSourced(name string) {
	h.t.Helper()
	_, err := h.CreateDeliveryStream(h.t.Context(), &CreateDeliveryStreamIn{
		DeliveryStreamName: name, DeliveryStreamType: kinesisSource,
		KinesisStreamSourceConfiguration: &KinesisStreamSourceConfiguration{KinesisStreamARN: sourceARN, RoleARN: role},
		S3DestinationConfiguration: &S3DestinationConfiguration{
			RoleARN: role, BucketARN: "arn:aws:s3:::lake", BufferingHints: &BufferingHints{SizeInMBs: new(5), IntervalInSeconds: new(60)},
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// all is the content of the lake, in order of the manifest.
func (h *house) all(stream string) string {
	bodies := h.objects("lake")
	list, err := h.Deliveries(h.t.Context(), here, stream)
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range list {
		for _, o := range d.Objects {
			b.WriteString(bodies[o.Key])
		}
	}
	return b.String()
}

// What was put before the delivery stream is skipped, restarts copy nothing twice, a split is
// followed with the parent first.
func TestKinesisSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("shard-0", "")
		k.put("shard-0", "before;")
		time.Sleep(time.Second)
		h := newHouse(t, func(c *Config) { c.Streams = k })
		h.createSourced("s")
		var want strings.Builder
		for i := range 10 {
			text := fmt.Sprintf("%d;", i)
			want.WriteString(text)
			k.put("shard-0", text)
			time.Sleep(25 * time.Second) // some delivered, some in the spool
			h.stop()
			h.start()
		}
		k.add("shard-1", "shard-0")
		k.put("shard-1", "child;")
		want.WriteString("child;")
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != want.String() {
			t.Errorf("got  %s\nwant %s", got, want.String())
		}
		_, err := h.PutRecord(t.Context(), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{}})
		wantCode(t, "put", err, "InvalidArgumentException")
		d := h.find(here, "s").describe()
		if d.Source == nil || d.Source.KinesisStreamSourceDescription.KinesisStreamARN != sourceARN || d.DeliveryStreamEncryptionConfiguration != nil {
			t.Errorf("described as %+v", d)
		}
	})
}

// Shards that are split and merged, and merged ones that are split again, are read parents first, over restarts.
func TestKinesisSourceResharded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("0", "")
		h := newHouse(t, func(c *Config) { c.Streams = k })
		h.createSourced("s")
		last := map[string]int{} // by key
		put := func(shard string, keys ...string) {
			for range 4 { // more than a page
				for _, key := range keys {
					last[key]++
					k.put(shard, fmt.Sprintf("%s%d;", key, last[key]))
				}
			}
		}
		put("0", "a", "b")
		k.add("1", "0")
		k.add("2", "0")
		put("1", "a")
		put("2", "b")
		k.merge("3", "1", "2")
		put("3", "a", "b")
		time.Sleep(2 * time.Minute)
		h.stop()
		put("3", "a", "b")
		k.add("4", "3")
		k.add("5", "3")
		put("4", "a")
		put("5", "b")
		h.start()
		time.Sleep(2 * time.Minute)
		got := map[string]int{}
		for _, r := range strings.Split(strings.TrimSuffix(h.all("s"), ";"), ";") {
			if got[r[:1]]++; r != fmt.Sprintf("%s%d", r[:1], got[r[:1]]) {
				t.Fatalf("%s came as the %dth of its key", r, got[r[:1]])
			}
		}
		if !maps.Equal(got, last) {
			t.Errorf("delivered %v, put %v", got, last)
		}
	})
}

// A source that goes away and comes back is read on.
func TestKinesisSourceGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("shard-0", "")
		h := newHouse(t, func(c *Config) { c.Streams, c.RetryLast = k, 10*time.Second })
		h.createSourced("s")
		if err := h.update("s", &ExtendedS3DestinationUpdate{CloudWatchLoggingOptions: &CloudWatchLoggingOptions{
			Enabled: new(true), LogGroupName: "g", LogStreamName: "l"}}); err != nil {
			t.Fatal(err)
		}
		k.put("shard-0", "a;")
		time.Sleep(2 * time.Second)
		k.mu.Lock()
		k.gone = true
		k.mu.Unlock()
		time.Sleep(time.Minute)
		events := h.events.all()
		if len(events) == 0 || !strings.Contains(events[0], `"deliveryStreamVersionId":2,`) || !strings.Contains(events[0], `"errorCode":"Kinesis.ResourceNotFound"`) {
			t.Errorf("events %q", events)
		}
		h.wantFailing("s", "Kinesis.ResourceNotFound")
		k.mu.Lock()
		k.gone = false
		k.mu.Unlock()
		k.put("shard-0", "b;")
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != "a;b;" {
			t.Errorf("got %s", got)
		}
		h.wantFailing("s", "")
	})
}

// wantFailing holds what Describe says against the code of a failure, or "".
func (h *house) wantFailing(name, code string) {
	h.t.Helper()
	d := h.find(here, name).describe()
	switch f := d.FailureDescription; {
	case d.DeliveryStreamStatus != statusActive:
		h.t.Errorf("status %s", d.DeliveryStreamStatus)
	case code == "" && f != nil:
		h.t.Errorf("still described as failing: %+v", f)
	case code != "" && (f == nil || !strings.HasPrefix(f.Details, code+": ")):
		h.t.Errorf("described as %+v, want %s", f, code)
	}
}

// A stream that was deleted and made again has shards of the same ids. They are read from their beginning,
// also if the delivery stream slept meanwhile.
func TestKinesisSourceMadeAgain(t *testing.T) {
	for _, asleep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k := newKinesis()
			k.add("shard-0", "")
			h := newHouse(t, func(c *Config) { c.Streams, c.RetryLast = k, 10*time.Second })
			h.createSourced("s")
			k.put("shard-0", "a;", "b;", "c;", "d;")
			time.Sleep(2 * time.Minute)
			if asleep {
				h.stop()
			}
			k.mu.Lock()
			k.log, k.shards, k.born = newMemlog(), nil, 2
			k.mu.Unlock()
			time.Sleep(time.Second)
			k.add("shard-0", "")
			k.put("shard-0", "e;", "f;")
			if asleep {
				h.start()
			}
			time.Sleep(2 * time.Minute)
			k.put("shard-0", "g;")
			h.stop()
			h.start()
			time.Sleep(2 * time.Minute)
			if got := h.all("s"); got != "a;b;c;d;e;f;g;" {
				t.Errorf("asleep %v: got %s", asleep, got)
			}
		})
	}
}

// A role that may not read the source holds nothing up but the reading, and that goes on where it stood.
func TestKinesisSourceDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("shard-0", "")
		h := newHouse(t, func(c *Config) { c.Streams, c.RetryLast = k, 10*time.Second })
		h.createSourced("s")
		if err := h.update("s", &ExtendedS3DestinationUpdate{CloudWatchLoggingOptions: logging}); err != nil {
			t.Fatal(err)
		}
		k.put("shard-0", "a;")
		time.Sleep(2 * time.Second) // read, not delivered
		h.roles.deny("kinesis:GetRecords")
		k.put("shard-0", "b;")
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != "a;" {
			t.Errorf("while denied there is %s", got)
		}
		h.wantFailing("s", "Kinesis.AccessDenied")
		if events := h.events.all(); len(events) == 0 || !strings.HasSuffix(events[0], `"errorCode":"Kinesis.AccessDenied"}`) {
			t.Errorf("events %q", events)
		}
		h.stop()
		h.start()
		time.Sleep(time.Minute)
		h.roles.deny("")
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != "a;b;" {
			t.Errorf("got %s", got)
		}
		h.wantFailing("s", "")
	})
}

// aggregated are records of the producer library in one, with keys k0, k1, ...
func aggregated(data ...string) string {
	var p kpl.Packer
	for i, d := range data {
		p.Add(kpl.Record{Key: fmt.Sprintf("k%d", i), Data: []byte(d)})
	}
	return string(p.Take().Data)
}

// Children of one record that were half copied are not copied again.
func TestResumeInsideARecord(t *testing.T) {
	r := hydrant.Record{Offset: 7, Sequence: "1", Data: []byte(aggregated("a", "b", "c"))}
	all := unpacked(hydrant.Shard{ID: "shard-0", Born: 5}, &r, 0)
	at := positions{}
	at.note(&all[0])
	if at["shard-0"] != (position{7, 1, 5}) {
		t.Errorf("after one of three: %+v", at)
	}
	rest := unpacked(hydrant.Shard{ID: "shard-0", Born: 5}, &r, at["shard-0"].Skip)
	if len(rest) != 2 || string(rest[0].Data) != "b" {
		t.Errorf("rest %+v", rest)
	}
	if o, ok := parseOrigin(rest[1].Key); !ok || o.partitionKey != "k2" || o.sub != 2 || o.sequence != "1" {
		t.Errorf("the last of three says of itself %+v", o)
	}
	at.note(&all[2])
	if at["shard-0"] != (position{8, 0, 5}) {
		t.Errorf("after all: %+v", at)
	}
}

// throttledStreams refuses the first reads as too many.
type throttledStreams struct {
	Streams
	mu   sync.Mutex
	left int
}

func (s *throttledStreams) Read(ctx context.Context, arn, shard string, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	s.mu.Lock()
	s.left--
	left := s.left
	s.mu.Unlock()
	if left >= 0 {
		return nil, 0, false, hydrant.Faultf("ProvisionedThroughputExceededException", "Rate exceeded for shard")
	}
	return s.Streams.Read(ctx, arn, shard, from, limit)
}

// A read that is throttled is done again, counts as such, and is no error to report.
func TestKinesisSourceThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKinesis()
		k.add("shard-0", "")
		var m samples
		h := newHouse(t, func(c *Config) { c.Streams, c.Metrics = &throttledStreams{Streams: k, left: 3}, &m })
		h.createSourced("s")
		k.put("shard-0", "a;", "b;")
		time.Sleep(500 * time.Millisecond)
		time.Sleep(2 * time.Minute)
		if got := h.all("s"); got != "a;b;" {
			t.Errorf("got %s", got)
		}
		h.stop()
		throttled := 0
		for _, s := range m.all {
			if s == "AWS/Firehose s ThrottledGetRecords 1 Count" {
				throttled++
			}
		}
		if throttled != 3 {
			t.Errorf("%d reads throttled", throttled)
		}
		for _, want := range []string{"DataReadFromKinesisStream.Bytes 4 Bytes", "DataReadFromKinesisStream.Records 2 Count", "KinesisMillisBehindLatest 0 Milliseconds"} {
			if !slices.Contains(m.all, "AWS/Firehose s "+want) {
				t.Errorf("no sample %s", want)
			}
		}
	})
}
