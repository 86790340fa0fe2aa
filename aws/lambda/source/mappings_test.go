package source

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

func TestOrderAndRetry(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		fails := 3
		w.fn.do = func(a attempt) (Answer, error) {
			if fails > 0 && a.nums[0] == "3" {
				fails--
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 10)
		m := w.create(func(m *Mapping) { m.Settings.BatchSize = 3 })
		if m.State != Creating || m.Result != resultNone {
			t.Errorf("%+v", m)
		}
		got, _ := w.set.Get(testScope, m.ID)
		if got.State != Enabled || got.Result != resultFailed {
			t.Errorf("after the first failure: %+v", got)
		}
		w.sleep(time.Minute)
		w.want(slices.Concat(sequence(0, 3), sequence(3, 6), sequence(3, 6), sequence(3, 6), sequence(3, 6), sequence(6, 10)))
		calls := w.fn.seen()
		if calls[1].id != calls[4].id || calls[0].id == calls[1].id || len(calls[0].id) != 36 {
			t.Error("the request id is not the batch's")
		}
		for i, least := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			if d := calls[i+2].at.Sub(calls[i+1].at); d < least || d > 2*least {
				t.Errorf("pause %d is %v", i, d)
			}
		}
		if got, _ := w.set.Get(testScope, m.ID); got.Result != resultOK {
			t.Error(got.Result)
		}
		// A record that arrives is there at once.
		w.streams.put(shard0, 10, 11)
		synctest.Wait()
		w.want(append(w.fn.numbers()[:len(calls)*3-2], "10"))
	})
}

func TestRestartGoesOnAtTheCheckpoint(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 5)
		m := w.create(nil)
		w.close()
		w.streams.put(shard0, 5, 8)
		w.open()
		synctest.Wait()
		w.want(sequence(0, 8))
		if got, err := w.set.Get(testScope, m.ID); err != nil || got.State != Enabled {
			t.Error(got, err)
		}
	})
}

// TestCloseAbandons: a batch in hand when the grace period is over keeps its checkpoint.
func TestCloseAbandons(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		hang := make(chan struct{})
		w.fn.do = func(attempt) (Answer, error) { <-hang; return Answer{}, context.Canceled }
		w.streams.put(shard0, 0, 4)
		w.create(nil)
		time.AfterFunc(6*time.Second, func() { close(hang) })
		w.close()
		w.fn.do = nil
		w.open()
		synctest.Wait()
		w.want(slices.Concat(sequence(0, 4), sequence(0, 4)))
	})
}

// TestCloseWaits: one that finishes within it is done, and does not come again.
func TestCloseWaits(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.fn.do = func(attempt) (Answer, error) { time.Sleep(3 * time.Second); return Answer{}, nil }
		w.streams.put(shard0, 0, 4)
		w.create(func(m *Mapping) { m.Settings.BatchSize = 2 })
		w.close()
		w.want(sequence(0, 2))
		w.open()
		w.sleep(10 * time.Second)
		w.want(sequence(0, 4))
	})
}

func TestStartingPositions(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 3)
		w.sleep(time.Minute)
		at := time.Now()
		w.streams.put(shard0, 3, 5)
		m := w.create(func(m *Mapping) { m.Position = "LATEST" })
		synctest.Wait()
		if len(w.fn.seen()) > 0 {
			t.Error("LATEST read what was there before")
		}
		w.streams.put(shard0, 5, 6)
		synctest.Wait()
		w.want(sequence(5, 6))
		if _, err := w.set.Delete(t.Context(), testScope, m.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := w.set.Get(testScope, m.ID); hydrant.FaultCode(err) != "ResourceNotFoundException" {
			t.Error(err)
		}
		w.journal.Range("lambda/", func(key string, _ []byte) bool {
			t.Errorf("%s is left of a deleted mapping", key)
			return true
		})
		w.create(func(m *Mapping) { m.Position, m.At = "AT_TIMESTAMP", at })
		w.want(append(sequence(5, 6), sequence(3, 6)...))
	})
}

// TestLatestIsFixedAtCreation: records put while the mapping does not read are not lost.
func TestLatestIsFixedAtCreation(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 3)
		m, err := w.set.Create(t.Context(), Mapping{Scope: testScope, Stream: testStream, Function: testFunction, Settings: Defaults(), Position: "LATEST"}, false)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.streams.put(shard0, 3, 5)
		w.close()
		w.open()
		if _, err := w.set.Update(t.Context(), testScope, m.ID, func(_ *Mapping, on *bool) error { *on = true; return nil }); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.want(sequence(3, 5))
	})
}

func TestDisableAndEnable(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.fn.do = func(attempt) (Answer, error) { time.Sleep(time.Second); return Answer{}, nil }
		w.streams.put(shard0, 0, 4)
		m := w.create(func(m *Mapping) { m.Settings.BatchSize = 2 })
		turn := func(enabled bool) (Mapping, error) {
			return w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, on *bool) error { *on = enabled; return nil })
		}
		if got, err := turn(false); err != nil || got.State != Disabling {
			t.Error(got.State, err)
		}
		if _, err := turn(true); hydrant.FaultCode(err) != "ResourceInUseException" {
			t.Error(err)
		}
		w.sleep(5 * time.Second)
		if got, _ := w.set.Get(testScope, m.ID); got.State != Disabled || got.Result != resultOK {
			t.Error(got.State, got.Result)
		}
		w.want(sequence(0, 2)) // the batch in hand was finished
		if got, err := turn(true); err != nil || got.State != Enabling {
			t.Error(got.State, err)
		}
		w.sleep(5 * time.Second)
		w.want(sequence(0, 4))
	})
}

func TestDuplicateAndUnknown(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		m := w.create(nil)
		_, err := w.set.Create(t.Context(), Mapping{Scope: testScope, Stream: testStream, Function: testFunction, Settings: Defaults(), Position: "LATEST"}, true)
		if hydrant.FaultCode(err) != "ResourceConflictException" || !strings.Contains(err.Error(), `The event source arn (" `+testStream+` ") and function (" `) || !strings.HasSuffix(err.Error(), m.ID) {
			t.Error(err)
		}
		w.streams.change(func() { w.streams.gone = true })
		_, err = w.set.Create(t.Context(), Mapping{Scope: testScope, Stream: testStream, Function: testFunction + "2", Settings: Defaults(), Position: "LATEST"}, true)
		if hydrant.FaultCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), "Stream not found: "+testStream) {
			t.Error(err)
		}
		w.streams.change(func() { w.streams.gone = false })
	})
}

func TestBatchingWindow(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.create(func(m *Mapping) { m.Settings.BatchSize, m.Settings.Window = 4, 10*time.Second })
		for n := range 3 {
			w.streams.put(shard0, n, n+1)
			w.sleep(2 * time.Second)
		}
		if len(w.fn.seen()) > 0 {
			t.Error("the window was not waited for")
		}
		w.sleep(5 * time.Second)
		w.want(sequence(0, 3))
		began := time.Now()
		w.streams.put(shard0, 3, 7) // full: no waiting
		synctest.Wait()
		w.want(sequence(0, 7))
		if time.Since(began) > 0 {
			t.Error("a full batch waited")
		}
	})
}

func TestRetriesExhausted(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.fn.do = func(a attempt) (Answer, error) {
			if slices.Contains(a.nums, "1") {
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 4)
		m := w.create(func(m *Mapping) {
			m.Settings.BatchSize, m.Settings.MaxRetries, m.Settings.OnFailure = 2, 2, "arn:aws:s3:::dead"
		})
		w.sleep(time.Minute)
		w.want(slices.Concat(sequence(0, 2), sequence(0, 2), sequence(0, 2), sequence(2, 4)))
		if len(w.objects.docs) != 1 {
			t.Fatalf("%d reports", len(w.objects.docs))
		}
		for key, body := range w.objects.docs {
			if !strings.HasPrefix(key, "dead/aws/lambda/"+m.ID+"/"+shard0+"/2000/01/01/2000-01-01T00.00.") {
				t.Error(key)
			}
			var doc struct {
				RequestContext struct {
					Condition              string
					ApproximateInvokeCount int
				}
				ResponseContext  struct{ FunctionError string }
				KinesisBatchInfo struct {
					BatchSize           int
					StartSequenceNumber string
				}
				Payload string
			}
			if err := json.Unmarshal([]byte(body), &doc); err != nil {
				t.Fatal(err)
			}
			if doc.RequestContext.Condition != "RetryAttemptsExhausted" || doc.RequestContext.ApproximateInvokeCount != 3 ||
				doc.ResponseContext.FunctionError != "Unhandled" || doc.KinesisBatchInfo.BatchSize != 2 ||
				doc.KinesisBatchInfo.StartSequenceNumber != "4900010" || !strings.HasPrefix(doc.Payload, `{"Records":[{"kinesis"`) {
				t.Error(body)
			}
		}
	})
}

// TestReportsAsMessages: a queue or a topic is told of a given-up batch without its records.
func TestReportsAsMessages(t *testing.T) {
	for _, to := range []string{"arn:aws:sqs:us-east-1:000000000000:dead", "arn:aws:sns:us-east-1:000000000000:dead"} {
		t.Run(to, func(t *testing.T) { reportAsMessage(t, to) })
	}
}

func reportAsMessage(t *testing.T, to string) {
	play(t, func(t *testing.T, w *world) {
		w.queues.arn = to
		w.fn.do = func(attempt) (Answer, error) { return failure, nil }
		w.streams.put(shard0, 0, 2)
		w.create(func(m *Mapping) {
			m.Settings.MaxRetries, m.Settings.OnFailure = 0, to
		})
		w.sleep(time.Minute)
		if len(w.queues.docs) != 1 || len(w.objects.docs) != 0 {
			t.Fatalf("%d messages, %d objects", len(w.queues.docs), len(w.objects.docs))
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(w.queues.docs[0]), &doc); err != nil {
			t.Fatal(err)
		}
		batch, _ := doc["KinesisBatchInfo"].(map[string]any)
		if _, has := doc["payload"]; has || batch["batchSize"] != 2.0 || batch["shardId"] != shard0 {
			t.Errorf("%v", doc)
		}
	})
}

func TestBisectFindsTheRecord(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		var good []string
		w.fn.do = func(a attempt) (Answer, error) {
			if slices.Contains(a.nums, "5") {
				return failure, nil
			}
			good = append(good, a.nums...)
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 8)
		w.create(func(m *Mapping) { m.Settings.MaxRetries, m.Settings.Bisect = 0, true })
		w.sleep(time.Minute)
		if want := slices.Concat(sequence(0, 5), sequence(6, 8)); !slices.Equal(good, want) {
			t.Errorf("%v, want %v", good, want)
		}
		if got, want := w.sizes(), []int{8, 4, 4, 2, 1, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("batches of %v, want %v", got, want)
		}
	})
}

func TestPartialFailure(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		fails := 2
		w.fn.do = func(a attempt) (Answer, error) {
			if i := slices.Index(a.nums, "2"); i >= 0 && fails > 0 {
				fails--
				return Answer{Payload: []byte(`{"batchItemFailures":[{"itemIdentifier":"` + a.seqs[len(a.seqs)-1] + `"},{"itemIdentifier":"` + a.seqs[i] + `"}]}`)}, nil
			}
			return Answer{Payload: []byte(`{"batchItemFailures":[]}`)}, nil
		}
		w.streams.put(shard0, 0, 5)
		m := w.create(func(m *Mapping) { m.Settings.PartialFailures = true })
		if c, _, _ := journal.Load[checkpoint](w.journal, checkpointKey(m.ID, shard0)); c.Next != 30 {
			t.Errorf("checkpoint %d: what is done is not written down", c.Next)
		}
		w.sleep(time.Minute)
		w.want(slices.Concat(sequence(0, 5), sequence(2, 5), sequence(2, 5)))
	})
}

func TestFailedFrom(t *testing.T) {
	recs := []hydrant.Record{{Sequence: "1"}, {Sequence: "2"}, {Sequence: "3"}}
	for answer, want := range map[string]int{
		``: 3, `""`: 3, `null`: 3, `[]`: 3, `{}`: 3, `{"batchItemFailures":[]}`: 3, `{"batchItemFailures":null}`: 3, `"done"`: 3, `7`: 3,
		`{"batchItemFailures":[{"itemIdentifier":"2"}]}`:                        1,
		`{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}`: 1,
		`{"batchItemFailures":[{"itemIdentifier":"1"}]}`:                        0,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                         0,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                       0,
		`{"batchItemFailures":[{"itemIdentifier":123}]}`:                        0,
		`{"batchItemFailures":[{"itemIdentifier":"123"}]}`:                      0,
		`{"batchItemFailures":[{"foo":123}]}`:                                   0,
		`{"batchItemFailures":"x"}`:                                             0,
	} {
		if got := failedFrom([]byte(answer), recs); got != want {
			t.Errorf("%s: %d, want %d", answer, got, want)
		}
	}
}

func TestThrottlesAreNoAttempts(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		n := 0
		w.fn.do = func(attempt) (Answer, error) {
			if n++; n < 6 {
				return Answer{}, hydrant.Faultf("TooManyRequestsException", "Rate Exceeded.")
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 2)
		w.create(func(m *Mapping) { m.Settings.MaxRetries, m.Settings.OnFailure = 0, "arn:aws:s3:::dead" })
		w.sleep(5 * time.Minute)
		if n != 6 || len(w.objects.docs) != 0 {
			t.Errorf("%d calls, %d given up", n, len(w.objects.docs))
		}
	})
}

func TestRecordAge(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 2)
		w.sleep(2 * time.Minute)
		w.streams.put(shard0, 2, 4)
		w.fn.do = func(attempt) (Answer, error) { return failure, nil }
		w.create(func(m *Mapping) { m.Settings.MaxAge, m.Settings.OnFailure = time.Minute, "arn:aws:s3:::dead" })
		w.sleep(5 * time.Minute)
		if n := len(w.fn.seen()); n < 5 || n > 12 {
			t.Errorf("%d calls in a minute", n)
		}
		if slices.Contains(w.fn.numbers(), "0") {
			t.Error("a record too old was given to the function")
		}
		for _, body := range w.objects.docs {
			if !strings.Contains(body, `"condition":"RecordAgeExceeded"`) || strings.Contains(body, "responseContext") {
				t.Error(body)
			}
		}
		if len(w.objects.docs) != 2 {
			t.Errorf("%d reports", len(w.objects.docs))
		}
	})
}

// TestExpiry: a batch that keeps failing ends with its records' life in the stream.
func TestExpiry(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.fn.do = func(a attempt) (Answer, error) {
			if a.nums[0] == "0" {
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 2)
		w.create(func(m *Mapping) { m.Settings.BatchSize = 2 })
		w.sleep(time.Hour)
		w.streams.put(shard0, 2, 3)
		w.streams.change(func() { w.streams.shard(shard0).horizon = 21 })
		w.sleep(2 * time.Minute)
		if all := w.fn.numbers(); all[len(all)-1] != "2" {
			t.Error("the shard is blocked for ever")
		}
	})
}

func TestParentsBeforeChildren(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		const a, b = "shardId-000000000001", "shardId-000000000002"
		var blocked atomic.Bool
		blocked.Store(true)
		w.fn.do = func(at attempt) (Answer, error) {
			if at.shard == shard0 && blocked.Load() {
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 3)
		w.create(nil)
		w.streams.add(hydrant.Shard{ID: a, Parent: shard0, Open: true})
		w.streams.add(hydrant.Shard{ID: b, Parent: shard0, Open: true})
		w.streams.close(shard0)
		w.streams.put(a, 3, 5)
		w.streams.put(b, 5, 7)
		w.sleep(10 * time.Minute)
		if all := w.fn.numbers(); slices.Contains(all, "3") || slices.Contains(all, "5") {
			t.Fatal("a child was read before its parent's end")
		}
		blocked.Store(false)
		w.sleep(2 * time.Minute)
		all := w.fn.numbers()
		for _, n := range sequence(0, 7) {
			if !slices.Contains(all, n) {
				t.Errorf("%s is missing", n)
			}
		}
		// And after a restart the parent is not read again.
		w.close()
		before := len(w.fn.seen())
		w.open()
		synctest.Wait()
		if len(w.fn.seen()) != before {
			t.Error("a settled shard was read again")
		}
	})
}

// TestAnotherStreamOfTheSameName: a checkpoint beyond the end is not waited for.
func TestAnotherStreamOfTheSameName(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 5)
		w.create(nil)
		w.streams.change(func() { w.streams.gone = true })
		w.sleep(time.Second)
		w.streams.change(func() { w.streams.gone = false; w.streams.shard(shard0).recs = nil })
		w.streams.put(shard0, 100, 102)
		w.sleep(2 * time.Minute)
		w.want(append(sequence(0, 5), sequence(100, 102)...))
	})
}

func TestFilter(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		w.streams.put(shard0, 0, 10)
		w.create(func(m *Mapping) { m.Settings.Filters = []string{`{"data":["3","7"]}`} })
		w.want([]string{"3", "7"})
	})
}

func TestPatterns(t *testing.T) {
	trip := `{"type":"trip","fare":12.5,"from":{"city":"NYC","zone":null},"tags":["a","b"]}`
	for _, c := range []struct {
		pattern, data string
		want          bool
	}{
		{`{"data":{"type":["trip"]}}`, trip, true},
		{`{"data":{"type":["watermark","x"]}}`, trip, false},
		{`{"data":{"fare":[{"numeric":[">",10,"<=",12.5]}]}}`, trip, true},
		{`{"data":{"fare":[{"numeric":["=",12]}]}}`, trip, false},
		{`{"data":{"from":{"city":[{"prefix":"N"}]}}}`, trip, true},
		{`{"data":{"from":{"city":[{"equals-ignore-case":"nyc"}],"zone":[null]}}}`, trip, true},
		{`{"data":{"from":{"none":[{"exists":false}]}}}`, trip, true},
		{`{"data":{"nowhere":{"none":[{"exists":false}]}}}`, trip, true},
		{`{"data":{"tags":["b"]}}`, trip, true},
		{`{"data":{"type":[{"anything-but":["trip"]}]}}`, trip, false},
		{`{"data":{"type":[{"anything-but":{"prefix":"w"}}]}}`, trip, true},
		{`{"data":{"$or":[{"type":["x"]},{"fare":[12.5]}]}}`, trip, true},
		{`{"data":{"type":[{"wildcard":"t*p"}]}}`, trip, true},
		{`{"data":{"type":["trip"]}}`, `not json`, false},
		{`{"data":{"from":[{"exists":true}]}}`, trip, false}, // of leaves only
		{`{"data":{"from":[{"exists":false}]}}`, trip, true},
		{`{"data":{"from":{"zone":[{"exists":true}]}}}`, trip, true},
		{`{"data":{"legs":{"to":["B"],"n":[2]}}}`, `{"legs":[{"to":"A","n":1},{"to":"B","n":2}]}`, true},
		{`{"data":{"legs":{"to":["B"],"n":[1]}}}`, `{"legs":[{"to":"A","n":1},{"to":"B","n":2}]}`, false}, // both of one element
		{`{"data":{"legs":{"none":[{"exists":false}]}}}`, `{"legs":[]}`, true},
		{`{"data":{"type":[""]}}`, `{"type":""}`, true},
		{`{"data":{"type":["trip"],"fare":[{"numeric":[">",100]}]}}`, trip, false}, // all fields must match
		{`{"data":{"type":["x",{"suffix":"ip"}]}}`, trip, true},
		{`{"data":{"fare":[{"anything-but":[1,12.5]}]}}`, trip, false},
		{`{"data":{"on":[true]}}`, `{"on":true}`, true},
		{`{"data":{"on":["true"]}}`, `{"on":true}`, false},
		{`{"data":["not json"]}`, `not json`, true},
		{`{"data":["not json"]}`, trip, false},
		{`{"partitionKey":["k"]}`, `x`, true},
		{`{"data":{"type":[{"anything-but":{"prefix":["w","tr"]}}]}}`, trip, false},
		{`{"data":{"type":[{"anything-but":{"suffix":["w","x"]}}]}}`, trip, true},
		{`{"data":{"type":[{"anything-but":{"equals-ignore-case":["TRIP"]}}]}}`, trip, false},
		{`{"data":{"type":[{"anything-but":{"wildcard":"t*p"}}]}}`, trip, false},
		{`{"data":{"missing":[{"anything-but":["x"]}]}}`, trip, false},
		{`{"data":{"type":[{"prefix":{"equals-ignore-case":"TR"}}]}}`, trip, true},
		{`{"data":{"ip":[{"cidr":"10.0.0.0/24"}]}}`, `{"ip":"10.0.0.255"}`, true},
		{`{"data":{"ip":[{"cidr":"10.0.0.0/24"}]}}`, `{"ip":"10.0.1.0"}`, false},
		{`{"data":{"ip":[{"cidr":"10.0.0.0/24"}]}}`, `{"ip":7}`, false},
		{`{"data":{"fare":[{"numeric":[">",10,"<",12.5]}]}}`, trip, false},
		{`{"data":{"fare":["12.5"]}}`, trip, false},
		{`{"data":{"type":[null]}}`, trip, false},
		{`{"data":{"$or":[{"type":["x"]},{"from":{"city":["NYC"]}}],"fare":[12.5]}}`, trip, true},
		{`{"data":{"$or":[{"type":["x"]},{"fare":[1]}]}}`, trip, false},
		{`{"data":{"type":["trip"]}}`, ``, false},
		{`{"data":[""]}`, ``, true},
		{`{"data":[{"prefix":"no"}]}`, `not json`, true},
	} {
		fs, err := parseFilters([]string{c.pattern})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := fs.pass(&hydrant.Record{Key: "k", Data: []byte(c.data)}); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.data, got)
		}
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"data":{}}`, `{"data":"x"}`, `{"data":[]}`, `{"data":{"a":[{"nope":1}]}}`, `{"data":{"a":[{"numeric":["~",1]}]}}`,
		`{"data":["x"]} {}`, `{"data":{"$or":[]}}`, `{"data":{"a":[{"anything-but":[]}]}}`, `{"data":{"a":[{"anything-but":{"numeric":["=",1]}}]}}`,
		`{"data":{"a":[{"cidr":"ten"}]}}`, `{"data":{"a":[["x"]]}}`, `{"data":{"a":[{"exists":"yes"}]}}`, `{"data":{"a":[{"prefix":"x","suffix":"y"}]}}`} {
		if _, err := parseFilters([]string{bad}); hydrant.FaultCode(err) != "InvalidParameterValueException" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
