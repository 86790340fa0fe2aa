package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const deadQueue = "arn:aws:sqs:us-east-1:000000000000:dead"

// modes are the two ways a mapping may read.
var modes = map[string]func(*Mapping){"polled": func(*Mapping) {}, "pushed": pushed}

// TestAnswersOfThePartialKind: what each form of an answer does to a batch of three.
func TestAnswersOfThePartialKind(t *testing.T) {
	items := func(ids ...string) string {
		list := []string{}
		for _, id := range ids {
			list = append(list, `{"itemIdentifier":`+id+`}`)
		}
		return `{"batchItemFailures":[` + strings.Join(list, ",") + `]}`
	}
	const second, third = `"4900020"`, `"4900030"`
	whole, rest := []string{"0", "1", "2"}, []string{"1", "2"}
	for answer, again := range map[string][]string{ // what the second call gets; nil: there is none
		``: nil, `""`: nil, `null`: nil, `[]`: nil, `{}`: nil, `{"batchItemFailures":[]}`: nil, `{"batchItemFailures":null}`: nil, `{"other":1}`: nil,
		items(second): rest, items(third, second): rest, items(third): {"2"},
		items(`""`): whole, items(`null`): whole, items(`4900020`): whole, items(`"123"`): whole, items(second, `"123"`): whole,
		`{"batchItemFailures":[{"foo":123}]}`: whole, `{"batchItemFailures":[{}]}`: whole, `{"batchItemFailures":{}}`: whole, items(`"4900010"`): whole,
	} {
		for mode, as := range modes {
			t.Run(mode+" "+answer, func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					first := true
					w.fn.do = func(attempt) (Answer, error) {
						if first {
							first = false
							return Answer{Payload: []byte(answer), Version: "$LATEST"}, nil
						}
						return Answer{}, nil
					}
					w.streams.put(shard0, 0, 3)
					m := w.create(func(m *Mapping) { as(m); m.Settings.PartialFailures = true })
					w.sleep(time.Minute)
					calls := w.fn.seen()
					if again == nil {
						w.want(whole)
						return
					}
					w.want(append(slices.Clone(whole), again...))
					if same := calls[0].id == calls[1].id; same != (len(again) == 3) {
						t.Errorf("the second call's id is that of the first: %v", same)
					}
					if got, _ := w.set.Get(testScope, m.ID); got.Result != resultOK {
						t.Error(got.Result)
					}
				})
			})
		}
	}
}

// TestOneBadRecord: of ten records the sixth fails for good. Its report is of it alone, with a budget of its own;
// all others are delivered, those below it once.
func TestOneBadRecord(t *testing.T) {
	for _, bisect := range []bool{false, true} {
		for mode, as := range modes {
			t.Run(fmt.Sprint(mode, " bisect=", bisect), func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					w.fn.do = func(a attempt) (Answer, error) {
						if i := slices.Index(a.nums, "5"); i >= 0 {
							return Answer{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":"%s"}]}`, a.seqs[i]), Version: "7"}, nil
						}
						return Answer{}, nil
					}
					w.streams.put(shard0, 0, 10)
					w.create(func(m *Mapping) {
						as(m)
						m.Settings.PartialFailures, m.Settings.Bisect = true, bisect
						m.Settings.BatchSize, m.Settings.MaxRetries, m.Settings.OnFailure = 3, 3, deadQueue
					})
					w.sleep(5 * time.Minute)
					w.want(slices.Concat(sequence(0, 6), []string{"5", "5", "5", "5"}, sequence(6, 10)))
					report := w.report()
					batch, response := report["KinesisBatchInfo"].(map[string]any), report["responseContext"].(map[string]any)
					if batch["batchSize"] != 1.0 || batch["startSequenceNumber"] != "4900060" || batch["endSequenceNumber"] != "4900060" {
						t.Error(batch)
					}
					if e, there := response["functionError"]; !there || e != nil || response["executedVersion"] != "7" {
						t.Error(response)
					}
					if context := report["requestContext"].(map[string]any); context["approximateInvokeCount"] != 4.0 {
						t.Error(context)
					}
				})
			})
		}
	}
}

// report is the one message on the queue.
func (w *world) report() (doc map[string]any) {
	w.t.Helper()
	if len(w.queues.docs) != 1 {
		w.t.Fatalf("%d reports: %v", len(w.queues.docs), w.queues.docs)
	}
	if err := json.Unmarshal([]byte(w.queues.docs[0]), &doc); err != nil {
		w.t.Fatal(err)
	}
	return doc
}

// TestTheFormOfAReport: every member of it, and those that are not there.
func TestTheFormOfAReport(t *testing.T) {
	const large = 5 << 20 // of data: no event holds it in base64
	for _, c := range []struct {
		name     string
		data     int
		retries  int
		calls    int
		invokes  float64
		answered bool
		age      time.Duration
	}{
		{name: "no retry", retries: 0, calls: 1, invokes: 1, answered: true},
		{name: "two retries", retries: 2, calls: 3, invokes: 3, answered: true},
		{name: "never called", retries: 0, data: large, invokes: 1},
		{name: "never called, two retries", retries: 2, data: large, invokes: 3},
		{name: "too old before the first call", retries: -1, age: time.Minute, invokes: 1},
	} {
		for mode, as := range modes {
			t.Run(c.name+" "+mode, func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					w.fn.do = func(attempt) (Answer, error) { return failure, nil }
					arrived := time.Now().UTC()
					w.streams.change(func() { w.streams.append(shard0, "k", strings.Repeat("x", c.data)) })
					w.sleep(c.age * 2)
					m := w.create(func(m *Mapping) {
						as(m)
						m.Settings.MaxRetries, m.Settings.OnFailure = c.retries, deadQueue
						if c.age > 0 {
							m.Settings.MaxAge = c.age
						}
					})
					w.sleep(time.Minute)
					if n := len(w.fn.seen()); n != c.calls {
						t.Errorf("%d calls, want %d", n, c.calls)
					}
					report := w.report()
					context := report["requestContext"].(map[string]any)
					id, _ := context["requestId"].(string)
					condition := retriesExhausted
					if c.age > 0 {
						condition = ageExceeded
					}
					stamp := arrived.Format(isoMillis)
					want := map[string]any{
						"requestContext": map[string]any{"requestId": id, "functionArn": testFunction, "condition": condition, "approximateInvokeCount": c.invokes},
						"version":        "1.0",
						"timestamp":      report["timestamp"],
						"KinesisBatchInfo": map[string]any{"shardId": shard0, "startSequenceNumber": "4900010", "endSequenceNumber": "4900010",
							"approximateArrivalOfFirstRecord": stamp, "approximateArrivalOfLastRecord": stamp, "batchSize": 1.0, "streamArn": m.Source()},
					}
					if c.answered {
						want["responseContext"] = map[string]any{"statusCode": 200.0, "executedVersion": "$LATEST", "functionError": "Unhandled"}
					}
					got, _ := json.Marshal(report)
					if expected, _ := json.Marshal(want); string(got) != string(expected) || len(id) != 36 {
						t.Errorf("\n%s\n%s", got, expected)
					}
					if _, err := time.Parse(isoMillis, report["timestamp"].(string)); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// TestRetriesWithoutEnd: with -1 a batch is tried until it succeeds, at pauses that stop growing.
func TestRetriesWithoutEnd(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		began := time.Now()
		w.fn.do = func(attempt) (Answer, error) {
			if time.Since(began) < 12*time.Hour {
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 1)
		w.create(func(m *Mapping) { m.Settings.OnFailure = deadQueue })
		w.sleep(12*time.Hour + 2*lastPause)
		calls := w.fn.seen()
		if len(calls) < 12*60 || len(w.queues.docs) != 0 {
			t.Errorf("%d calls, %d reports", len(calls), len(w.queues.docs))
		}
		n := len(calls)
		w.sleep(time.Hour)
		if len(w.fn.seen()) != n {
			t.Error("a batch that has succeeded was called again")
		}
	})
}

// TestUpdatesWhileABatchFails: new settings hold for the batch that is stuck, and the checkpoint stays.
func TestUpdatesWhileABatchFails(t *testing.T) {
	for mode, as := range modes {
		t.Run(mode, func(t *testing.T) {
			play(t, func(t *testing.T, w *world) {
				w.fn.do = func(a attempt) (Answer, error) {
					if slices.Contains(a.nums, "1") {
						return failure, nil
					}
					return Answer{}, nil
				}
				w.streams.put(shard0, 0, 6)
				m := w.create(func(m *Mapping) { as(m); m.Settings.BatchSize = 4 })
				w.sleep(10 * time.Minute)
				w.fn.mu.Lock()
				w.fn.calls = nil
				w.fn.mu.Unlock()
				if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, _ *bool) error {
					m.Settings.BatchSize, m.Settings.MaxRetries, m.Settings.OnFailure = 2, 0, deadQueue
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				w.sleep(time.Second)
				w.want(sequence(0, 6))
				if got := w.sizes(); !slices.Equal(got, []int{2, 2, 2}) {
					t.Error(got)
				}
				if batch := w.report()["KinesisBatchInfo"].(map[string]any); batch["batchSize"] != 2.0 {
					t.Error(batch)
				}
				// Off and on again, while it reads, it goes on where it was; a filter given meanwhile holds from there.
				turn := func(on bool, filters ...string) {
					t.Helper()
					if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, enabled *bool) error {
						*enabled, m.Settings.Filters = on, filters
						return nil
					}); err != nil {
						t.Fatal(err)
					}
					w.sleep(time.Second)
				}
				turn(false)
				w.streams.put(shard0, 6, 9)
				w.sleep(time.Minute)
				w.want(sequence(0, 6))
				turn(true, `{"data":["7"]}`)
				w.want(append(sequence(0, 6), "7"))
				turn(true)
				w.streams.put(shard0, 9, 11)
				w.sleep(time.Second)
				w.want(append(sequence(0, 6), "7", "9", "10"))
				// And a mapping that fails can be deleted.
				w.fn.do = func(attempt) (Answer, error) { return failure, nil }
				turnBack := func(m *Mapping, _ *bool) error { m.Settings.MaxRetries = -1; return nil }
				if _, err := w.set.Update(t.Context(), testScope, m.ID, turnBack); err != nil {
					t.Fatal(err)
				}
				w.sleep(time.Second)
				w.streams.put(shard0, 11, 12)
				w.sleep(5 * time.Minute)
				if _, err := w.set.Delete(t.Context(), testScope, m.ID); err != nil {
					t.Fatal(err)
				}
				w.sleep(time.Second)
				if _, err := w.set.Get(testScope, m.ID); hydrant.FaultCode(err) != "ResourceNotFoundException" {
					t.Error(err)
				}
			})
		})
	}
}

// TestFilteredRecordsAreProcessed: they move the checkpoint, call nobody, and any filter of several will do.
func TestFilteredRecordsAreProcessed(t *testing.T) {
	for mode, as := range modes {
		for _, parallel := range []int{1, 3} {
			t.Run(fmt.Sprint(mode, parallel), func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					put := func(all ...string) {
						w.streams.change(func() {
							for _, data := range all {
								w.streams.append(shard0, "k", data)
							}
						})
					}
					put(`{"kind":"trip","n":1}`, `{"kind":"other","n":2}`, `not json`, `"trip"`, `[{"kind":"trip"}]`)
					m := w.create(func(m *Mapping) {
						as(m)
						m.Settings.Parallel = parallel
						m.Settings.Filters = []string{`{"data":{"kind":["trip"]}}`, `{"data":{"n":[{"numeric":[">=",3]}]}}`}
					})
					w.want([]string{`{"kind":"trip","n":1}`})
					put(`{"kind":"other","n":3}`, `{"kind":"other","n":2.5}`)
					w.sleep(time.Second)
					w.want([]string{`{"kind":"trip","n":1}`, `{"kind":"other","n":3}`})
					for range 5 {
						put(`{}`, `plain`)
					}
					w.sleep(time.Second)
					calls := len(w.fn.seen())
					c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0))
					next := c.Next
					if mode == "pushed" {
						next = outer(next)
					}
					if next != 17*10+1 || calls != 2 {
						t.Errorf("checkpoint at %d after %d calls", next, calls)
					}
				})
			})
		}
	}
}

// TestParentsFirstInEveryMode: both parents of a merge, and the parent of a split, are settled before a child
// is read, however the mapping reads.
func TestParentsFirstInEveryMode(t *testing.T) {
	const shard1, child, grandA, grandB = "shardId-000000000001", "shardId-000000000002", "shardId-000000000003", "shardId-000000000004"
	for mode, as := range modes {
		for _, parallel := range []int{1, 3} {
			t.Run(fmt.Sprint(mode, parallel), func(t *testing.T) {
				play(t, func(t *testing.T, w *world) {
					var stuck atomic.Value // the shard whose batches fail
					stuck.Store(shard1)
					w.fn.do = func(a attempt) (Answer, error) {
						if a.shard == stuck.Load() {
							return failure, nil
						}
						return Answer{}, nil
					}
					w.streams.add(hydrant.Shard{ID: shard1, Open: true})
					w.streams.put(shard0, 0, 5)
					w.streams.put(shard1, 5, 10)
					w.create(func(m *Mapping) { as(m); m.Settings.Parallel = parallel })
					w.streams.add(hydrant.Shard{ID: child, Parent: shard0, AdjacentParent: shard1, Open: true})
					w.streams.close(shard0)
					w.streams.close(shard1)
					w.streams.put(child, 10, 15)
					w.sleep(10 * time.Minute)
					seen := func(shard string) bool {
						return slices.ContainsFunc(w.fn.seen(), func(a attempt) bool { return a.shard == shard })
					}
					if !seen(shard0) || !seen(shard1) || seen(child) {
						t.Fatal("the child of a merge was read before both its parents' ends")
					}
					stuck.Store(child)
					w.streams.add(hydrant.Shard{ID: grandA, Parent: child, Open: true})
					w.streams.add(hydrant.Shard{ID: grandB, Parent: child, Open: true})
					w.streams.close(child)
					w.streams.put(grandA, 15, 20)
					w.streams.put(grandB, 20, 25)
					w.close() // it holds over a restart
					w.open()
					w.sleep(10 * time.Minute)
					if !seen(child) || seen(grandA) || seen(grandB) {
						t.Fatal("a child of a split was read before its parent's end")
					}
					stuck.Store("")
					w.sleep(2 * time.Minute)
					all := map[string]bool{}
					for _, n := range w.fn.numbers() {
						all[n] = true
					}
					for _, n := range sequence(0, 25) {
						if !all[n] {
							t.Errorf("%s is missing of %v", n, slices.Sorted(maps.Keys(all)))
						}
					}
				})
			})
		}
	}
}

// TestAStreamDeletedUnderItsMapping: the mapping stays, says so, and reads the stream that comes after it.
func TestAStreamDeletedUnderItsMapping(t *testing.T) {
	for mode, as := range modes {
		t.Run(mode, func(t *testing.T) {
			play(t, func(t *testing.T, w *world) {
				w.streams.put(shard0, 0, 2)
				m := w.create(as)
				w.streams.change(func() { w.streams.gone = true })
				w.sleep(2 * time.Minute)
				if got, _ := w.set.Get(testScope, m.ID); got.State != Enabled || got.Result != resultStream {
					t.Errorf("%s %s", got.State, got.Result)
				}
				w.close()
				w.open()
				w.sleep(time.Minute)
				if got, _ := w.set.Get(testScope, m.ID); got.Result != resultStream {
					t.Error(got.Result)
				}
				w.streams.change(func() { w.streams.gone = false; w.streams.shard(shard0).recs = nil })
				w.streams.put(shard0, 2, 3)
				w.sleep(2 * time.Minute)
				w.want(sequence(0, 3))
				if got, _ := w.set.Get(testScope, m.ID); got.Result != resultOK {
					t.Error(got.Result)
				}
			})
		})
	}
}

// TestWindowsNeedOneLane: as on AWS.
func TestWindowsNeedOneLane(t *testing.T) {
	m := Mapping{Settings: Defaults()}
	m.Settings.Tumbling, m.Settings.Parallel = time.Minute, 2
	const text = "Parallelization factor must be equal to 1 when tumbling window period is configured"
	if err := m.check(); hydrant.FaultCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), text) {
		t.Error(err)
	}
}
