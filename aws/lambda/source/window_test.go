package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// tally is a function that counts the records of a window in its state, and keeps the totals the last
// calls told it.
type tally struct {
	mu     sync.Mutex
	totals []string
	fail   func(a attempt, n int) bool // n counts calls
	calls  int
}

type windowEvent struct {
	Window         struct{ Start, End string }
	State          struct{ N int }
	ShardID        string
	EventSourceARN string
	Final          bool `json:"isFinalInvokeForWindow"`
	Early          bool `json:"isWindowTerminatedEarly"`
}

func (f *tally) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.totals)
}

func (f *tally) do(a attempt) (Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	var e windowEvent
	if err := json.Unmarshal(a.event, &e); err != nil {
		panic(err)
	}
	if f.fail != nil && f.fail(a, f.calls) {
		return failure, nil
	}
	if e.Final {
		early := ""
		if e.Early {
			early = " early"
		}
		f.totals = append(f.totals, fmt.Sprintf("%s-%s %d%s", e.Window.Start[14:19], e.Window.End[14:19], e.State.N, early))
		if e.ShardID != shard0 || e.EventSourceARN != testStream {
			panic(string(a.event))
		}
	}
	return Answer{Payload: fmt.Appendf(nil, `{"state":{"n":%d}}`, e.State.N+len(a.nums))}, nil
}

func minutely(m *Mapping) { m.Settings.Tumbling, m.Settings.BatchSize = time.Minute, 3 }

func TestTumblingWindows(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		f := &tally{}
		w.fn.do = f.do
		w.streams.put(shard0, 0, 5) // 00:00
		w.sleep(70 * time.Second)
		w.streams.put(shard0, 5, 9) // 01:10
		w.create(minutely)
		want := func(totals ...string) {
			t.Helper()
			if !slices.Equal(f.told(), totals) {
				t.Errorf("%v, want %v", f.told(), totals)
			}
		}
		// A backlog is read whole before its window is over, though its time has long passed.
		want("00:00-01:00 5")
		w.sleep(40 * time.Second) // 01:50
		w.streams.put(shard0, 9, 10)
		w.close() // the state is on disk
		w.open()
		w.sleep(5 * time.Second)
		want("00:00-01:00 5")
		w.sleep(7 * time.Second) // 02:02: over without a later record
		want("00:00-01:00 5", "01:00-02:00 5")
		w.sleep(time.Hour)
		want("00:00-01:00 5", "01:00-02:00 5") // no window without records
		w.streams.put(shard0, 10, 11)
		w.streams.close(shard0) // the end of a shard ends its window
		w.sleep(time.Second)
		want("00:00-01:00 5", "01:00-02:00 5", "02:00-03:00 1")
		w.want(sequence(0, 11))
	})
}

// TestWindowRetries: a failed call is repeated with the state it had, the last call too; a call without
// state has failed.
func TestWindowRetries(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		f := &tally{fail: func(_ attempt, n int) bool { return n%2 == 1 }}
		stateless := 1
		w.fn.do = func(a attempt) (Answer, error) {
			if len(a.nums) > 0 && a.nums[0] == "3" && stateless > 0 {
				stateless--
				return Answer{Payload: []byte(`{"batchItemFailures":[]}`)}, nil
			}
			return f.do(a)
		}
		w.streams.put(shard0, 0, 6)
		m := w.create(minutely)
		w.sleep(30 * time.Second)
		c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0))
		if c.Window == nil || string(c.Window.State) != `{"n":6}` || stateless != 0 {
			t.Fatalf("%+v", c)
		}
		w.sleep(time.Minute)
		if !slices.Equal(f.told(), []string{"00:00-01:00 6"}) {
			t.Error(f.told())
		}
		if c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0)); c.Window != nil {
			t.Error("a window that is over is still in the checkpoint")
		}
	})
}

// TestWindowsLastCallGivenUp: like a batch, with a report that holds the state.
func TestWindowsLastCallGivenUp(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		f := &tally{fail: func(a attempt, _ int) bool { return len(a.nums) == 0 }}
		w.fn.do = f.do
		w.streams.put(shard0, 0, 2)
		w.create(func(m *Mapping) { minutely(m); m.Settings.MaxRetries, m.Settings.OnFailure = 1, "arn:aws:s3:::dead" })
		w.sleep(2 * time.Minute)
		w.streams.put(shard0, 2, 3)
		w.sleep(10 * time.Second)
		w.want(sequence(0, 3))
		if len(w.objects.docs) != 1 {
			t.Fatal(w.objects.docs)
		}
		for _, body := range w.objects.docs {
			if !strings.Contains(body, `\"state\":{\"n\":2}`) || !strings.Contains(body, `"approximateInvokeCount":2`) {
				t.Error(body)
			}
		}
	})
}

// TestStateOutgrowsItsBound: the window ends early, and another begins for the rest of its time.
func TestStateOutgrowsItsBound(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		f := &tally{}
		w.fn.do = func(a attempt) (Answer, error) {
			ans, err := f.do(a)
			if slices.Contains(a.nums, "2") {
				ans.Payload = []byte(`{"state":{"n":3,"pad":"` + strings.Repeat("x", maxState) + `"}}`)
			}
			return ans, err
		}
		w.streams.put(shard0, 0, 5)
		w.create(minutely)
		w.sleep(2 * time.Minute)
		if want := []string{"00:00-01:00 3 early", "00:00-01:00 2"}; !slices.Equal(f.told(), want) {
			t.Errorf("%v, want %v", f.told(), want)
		}
	})
}

// TestWindowsAreSwitchedOff: what is open is closed first.
func TestWindowsAreSwitchedOff(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		f := &tally{}
		w.fn.do = f.do
		w.streams.put(shard0, 0, 2)
		m := w.create(minutely)
		if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, _ *bool) error { m.Settings.Tumbling = 0; return nil }); err != nil {
			t.Fatal(err)
		}
		w.sleep(time.Second)
		w.streams.put(shard0, 2, 3)
		w.sleep(time.Second)
		calls := w.fn.seen()
		if !slices.Equal(f.told(), []string{"00:00-01:00 2 early"}) || strings.Contains(string(calls[len(calls)-1].event), "window") {
			t.Errorf("%v %s", f.told(), calls[len(calls)-1].event)
		}
	})
}
