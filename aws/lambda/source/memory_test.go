package source

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

const (
	testStream   = "arn:aws:kinesis:us-east-1:000000000000:stream/trips"
	testFunction = "arn:aws:lambda:us-east-1:000000000000:function:f"
)

var testScope = hydrant.Scope{}.Or()

// memoryStreams is one stream in memory. Offsets go up in tens, so that nobody counts on ones.
type memoryStreams struct {
	mu     sync.Mutex
	moved  chan struct{} // closed and replaced at every change
	shards []*memoryShard
	gone   bool
	reads  int
	// consumer says what becomes of a question for a consumer: nil is ACTIVE.
	consumer error
}

func (m *memoryStreams) Consumer(_ context.Context, arn string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return testStream, m.consumer
}

type memoryShard struct {
	hydrant.Shard
	recs    []hydrant.Record
	horizon uint64
}

func newStreams(shards ...string) *memoryStreams {
	m := &memoryStreams{moved: make(chan struct{})}
	for _, id := range shards {
		m.add(hydrant.Shard{ID: id, Open: true})
	}
	return m
}

func (m *memoryStreams) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.moved)
	m.moved = make(chan struct{})
}

func (m *memoryStreams) add(s hydrant.Shard) {
	m.change(func() { m.shards = append(m.shards, &memoryShard{Shard: s}) })
}

func (m *memoryStreams) shard(id string) *memoryShard {
	i := slices.IndexFunc(m.shards, func(s *memoryShard) bool { return s.ID == id })
	return m.shards[i]
}

// put appends records with data n, n+1, … and key "k<n mod 7>".
func (m *memoryStreams) put(shard string, from, to int) {
	m.change(func() {
		for n := from; n < to; n++ {
			m.append(shard, fmt.Sprintf("k%d", n%7), fmt.Sprint(n))
		}
	})
}

// append is put for one record of any data. The caller is in a change.
func (m *memoryStreams) append(shard, key, data string) {
	s := m.shard(shard)
	o := uint64(len(s.recs)+1) * 10
	s.recs = append(s.recs, hydrant.Record{Offset: o, Arrival: time.Now().UnixMilli(), Sequence: fmt.Sprint(4900000 + o), Key: key, Data: []byte(data)})
}

func (m *memoryStreams) close(shard string) {
	m.change(func() { m.shard(shard).Open = false })
}

func (m *memoryStreams) fault() error {
	if m.gone {
		return hydrant.Faultf("ResourceNotFoundException", "Stream trips not found.")
	}
	return nil
}

func (m *memoryStreams) Shards(context.Context, string) (list []hydrant.Shard, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.shards {
		list = append(list, s.Shard)
	}
	return list, m.fault()
}

func (s *memoryShard) next() uint64 {
	if len(s.recs) == 0 {
		return 0
	}
	return s.recs[len(s.recs)-1].Offset + 1
}

func (m *memoryStreams) Start(_ context.Context, _, shard, position string, at time.Time) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(shard)
	switch position {
	case "LATEST":
		return s.next(), m.fault()
	case "AT_TIMESTAMP":
		for _, r := range s.recs {
			if r.Arrival >= at.UnixMilli() {
				return r.Offset, m.fault()
			}
		}
		return s.next(), m.fault()
	}
	return s.horizon, m.fault()
}

func (m *memoryStreams) Read(_ context.Context, _, shard string, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if err := m.fault(); err != nil {
		return nil, 0, false, err
	}
	s := m.shard(shard)
	next = max(from, s.horizon)
	size := 0
	for _, r := range s.recs {
		if r.Offset < next {
			continue
		}
		if len(recs) > 0 && (limit.Records > 0 && len(recs) >= limit.Records || limit.Bytes > 0 && size+r.Size() > limit.Bytes) {
			return recs, recs[len(recs)-1].Offset + 1, false, nil
		}
		size += r.Size()
		recs = append(recs, r)
	}
	if len(recs) > 0 {
		next = recs[len(recs)-1].Offset + 1
	}
	return recs, next, !s.Open, nil
}

func (m *memoryStreams) Wait(ctx context.Context, _, shard string, from uint64) error {
	for {
		m.mu.Lock()
		s := m.shard(shard)
		ready, moved, err := s.next() > from || !s.Open, m.moved, m.fault()
		m.mu.Unlock()
		if ready || err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt is one call of the function under test.
type attempt struct {
	id    string
	shard string
	seqs  []string
	nums  []string // the data
	at    time.Time
	event []byte
	trace string
}

// goFunction is a function in Go: it sees each event and says what becomes of it.
type goFunction struct {
	mu    sync.Mutex
	calls []attempt
	do    func(a attempt) (Answer, error)
}

func (g *goFunction) Role(string) string { return "arn:aws:iam::000000000000:role/r" }

func (g *goFunction) Invoke(ctx context.Context, _ string, call Call) (Answer, error) {
	var doc struct {
		Records []struct {
			EventID string
			Kinesis struct {
				SequenceNumber, Data string
			}
		}
	}
	if err := json.Unmarshal(call.Event, &doc); err != nil {
		panic(err)
	}
	a := attempt{id: call.ID, at: time.Now(), event: call.Event, trace: call.Trace}
	for _, r := range doc.Records {
		data, _ := base64.StdEncoding.DecodeString(r.Kinesis.Data)
		a.shard = r.EventID[:20]
		a.seqs = append(a.seqs, r.Kinesis.SequenceNumber)
		a.nums = append(a.nums, string(data))
	}
	g.mu.Lock()
	g.calls = append(g.calls, a)
	do := g.do
	g.mu.Unlock()
	if do == nil {
		return Answer{Payload: []byte("null"), Version: "$LATEST"}, nil
	}
	return do(a)
}

func (g *goFunction) seen() []attempt {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.calls)
}

// numbers are the data of all calls, in order.
func (g *goFunction) numbers() (all []string) {
	for _, a := range g.seen() {
		all = append(all, a.nums...)
	}
	return all
}

func sequence(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, fmt.Sprint(n))
	}
	return all
}

var failure = Answer{Payload: []byte(`{"errorMessage":"no","errorType":"E"}`), Error: "Unhandled", ErrorType: "E", Version: "$LATEST"}

// world is what one test works in.
type world struct {
	t       *testing.T
	journal journal.Journal
	streams *memoryStreams
	fn      *goFunction
	set     *Mappings
	objects *memoryObjects
	queues  *memoryQueues
	metrics *memoryMetrics
	change  func(*Config)
}

// memoryMetrics keeps the values of each metric.
type memoryMetrics struct {
	mu     sync.Mutex
	values map[string][]float64
}

func (m *memoryMetrics) Put(_ hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, _ string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := namespace + " " + name + " " + dimensions["FunctionName"]
	m.values[key] = append(m.values[key], value)
}

// memoryQueues has one queue.
type memoryQueues struct {
	arn  string
	mu   sync.Mutex
	docs []string
}

func (q *memoryQueues) HasQueue(arn string) bool { return arn == q.arn }

func (q *memoryQueues) Send(_ context.Context, arn, body string, _ map[string]any) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if arn != q.arn {
		return hydrant.Faultf("QueueDoesNotExist", "The specified queue does not exist.")
	}
	q.docs = append(q.docs, body)
	return nil
}

type memoryObjects struct {
	mu   sync.Mutex
	docs map[string]string
}

func (o *memoryObjects) PutObject(_ context.Context, _ hydrant.Scope, bucket, key, _ string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.docs[bucket+"/"+key] = string(body)
	return nil
}

// play runs a test in a bubble of its own time.
func play(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, journal: journal.Memory(), streams: newStreams(shard0), fn: &goFunction{}, objects: &memoryObjects{docs: map[string]string{}}, queues: &memoryQueues{arn: "arn:aws:sqs:us-east-1:000000000000:dead"},
			metrics: &memoryMetrics{values: map[string][]float64{}}}
		w.open()
		test(t, w)
		w.close()
		w.journal.Close()
	})
}

const shard0 = "shardId-000000000000"

func (w *world) open() {
	w.t.Helper()
	var err error
	cfg := Config{Journal: w.journal, Streams: w.streams, Functions: w.fn, Objects: w.objects, Queues: w.queues, Metrics: w.metrics, Log: slog.New(slog.DiscardHandler)}
	if w.change != nil {
		w.change(&cfg)
	}
	w.set, err = Open(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.set.Start()
}

// reopen closes the world and opens it with another configuration.
func (w *world) reopen(change func(*Config)) {
	w.t.Helper()
	w.close()
	w.change = change
	w.open()
}

func (w *world) close() {
	w.t.Helper()
	if err := w.set.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) create(change func(*Mapping)) Mapping {
	w.t.Helper()
	m := Mapping{Scope: testScope, Stream: testStream, Function: testFunction, Settings: Defaults(), Position: "TRIM_HORIZON"}
	if change != nil {
		change(&m)
	}
	m, err := w.set.Create(w.t.Context(), m, true)
	if err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
	return m
}

func (w *world) want(numbers []string) {
	w.t.Helper()
	if got := w.fn.numbers(); !slices.Equal(got, numbers) {
		w.t.Errorf("function saw %v, want %v", got, numbers)
	}
}

// sizes are the batch sizes of all calls.
func (w *world) sizes() (all []int) {
	for _, a := range w.fn.seen() {
		all = append(all, len(a.nums))
	}
	return all
}

// sleep lets time pass, and all that happens in it.
func (w *world) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
