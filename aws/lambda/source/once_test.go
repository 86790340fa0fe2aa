package source

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// delivery is a delivery stream that keeps the rule of Landings: what a token's attempt puts for the
// kth time is put if fewer than k of it have landed for the token. landed survives a crash, with the
// tokens it was put under, as a spool does; attempts do not.
type delivery struct {
	mu       sync.Mutex
	t        *testing.T
	landed   []landing
	suppress int
	attempts map[string]uint64         // the newest of each open token
	sent     map[string]map[string]int // in that attempt
	journal  func() journal.Journal
}

type landing struct{ token, data string }

func newDelivery(t *testing.T, j func() journal.Journal) *delivery {
	return &delivery{t: t, journal: j, attempts: map[string]uint64{}, sent: map[string]map[string]int{}}
}

func (d *delivery) Open(token string) []journal.Change {
	return []journal.Change{journal.Set("firehose/batch/"+token, true)}
}

func (d *delivery) Attempt(_ context.Context, token string, n uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.journal().Get("firehose/batch/" + token); !ok {
		d.t.Errorf("an attempt of %s, whose bounds are not written down", token)
	}
	if n <= d.attempts[token] {
		d.t.Errorf("attempt %d after %d", n, d.attempts[token])
	}
	d.attempts[token], d.sent[token] = n, map[string]int{}
	return nil
}

func (d *delivery) Close(token string) []journal.Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.attempts, token)
	return []journal.Change{journal.Unset("firehose/batch/" + token)}
}

// put is a call of a function: its records land unless they have.
func (d *delivery) put(trace string, records ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var token string
	var n uint64
	if trace != "" {
		var a, b string
		if _, err := fmt.Sscanf(strings.ReplaceAll(strings.ReplaceAll(trace, "-", " "), ";", " "), "Root=1 %s %s Parent=%x Sampled=0", &a, &b, &n); err != nil {
			d.t.Errorf("%s: %v", trace, err)
		}
		token = a + b
		if d.attempts[token] != n {
			return fmt.Errorf("attempt %d of %s is over", n, token)
		}
	}
	for _, r := range records {
		if token != "" {
			d.sent[token][r]++
			if d.count(token, r) >= d.sent[token][r] {
				d.suppress++
				continue
			}
		}
		d.landed = append(d.landed, landing{token, r})
	}
	return nil
}

func (d *delivery) count(token, data string) (n int) {
	for _, l := range d.landed {
		if l.token == token && l.data == data {
			n++
		}
	}
	return n
}

func (d *delivery) crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts, d.sent = map[string]uint64{}, map[string]map[string]int{}
}

// deliverer is who keeps the promise: the rule in memory, or aws/firehose.
type deliverer interface {
	Landings
	open(disk vfs.FS)                       // over what a crash has left; before it, close
	close()                                 // what was not synced may be lost
	put(trace string, data ...string) error // a call of a function
	all() (landed map[string]int, suppressed int)
}

func (d *delivery) open(vfs.FS) {}

func (d *delivery) close() { d.crash() }

func (d *delivery) all() (landed map[string]int, suppressed int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	landed = map[string]int{}
	for _, l := range d.landed {
		landed[l.data]++
	}
	return landed, d.suppress
}

// TestOnce is the crash harness of exactly-once: 300 records, some of them twins, through a function
// that puts them call by call and fails, hangs until it is given up, or is lost with the whole house
// between any two calls. The journal comes back as a power cut leaves it. With the tag every record has
// landed once in the end; without it the same story leaves many twice.
func TestOnce(t *testing.T) {
	for _, once := range []bool{true, false} {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(once, seed), func(t *testing.T) {
				extra, suppressed := crashes(t, once, seed, func(t *testing.T, j func() journal.Journal) deliverer { return newDelivery(t, j) })
				if once && extra != 0 {
					t.Errorf("%d landed twice", extra)
				}
				if !once && extra == 0 || once && suppressed == 0 {
					t.Error("the story has no repeats: the test shows nothing")
				}
			})
		}
	}
}

// crashes tells the story; extra is how many records have landed too often.
func crashes(t *testing.T, once bool, seed uint64, to func(*testing.T, func() journal.Journal) deliverer) (extra, suppressed int) {
	synctest.Test(t, func(t *testing.T) {
		const records = 300
		rnd := rand.New(rand.NewPCG(seed, 1))
		disk := vfs.NewMem()
		w := &world{t: t, streams: newStreams(shard0), objects: &memoryObjects{docs: map[string]string{}}, metrics: &memoryMetrics{values: map[string][]float64{}}}
		openJournal := func() {
			var err error
			if w.journal, err = journal.Open(disk, "journal"); err != nil {
				t.Fatal(err)
			}
		}
		openJournal()
		d := to(t, func() journal.Journal { return w.journal })
		d.open(disk)
		w.change = func(c *Config) { c.Landings = d }
		var mu sync.Mutex
		life, crash := 0, make(chan struct{})
		calls := 0
		begin := func() {
			w.fn = &goFunction{}
			mine := life
			w.fn.do = func(a attempt) (Answer, error) {
				var twins []string
				for _, n := range a.nums {
					twins = append(twins, n[:len(n)-1]) // ten of each
				}
				for part := range slices.Chunk(twins, 4) {
					mu.Lock()
					fate := rnd.IntN(40)
					dead := life != mine
					calls++
					mu.Unlock()
					if dead {
						return Answer{}, context.Canceled
					}
					switch {
					case fate == 0:
						return failure, nil
					case fate == 1: // hangs beyond its timeout; what it had in flight comes late
						go func() {
							time.Sleep(5 * time.Second)
							d.put(a.trace, part...) // refused if another attempt has begun
						}()
						time.Sleep(3 * time.Second)
						return failure, nil
					case fate == 2:
						mu.Lock()
						life++
						close(crash)
						mu.Unlock()
						return Answer{}, context.Canceled
					case fate == 3: // lands, but the function never hears of it
						if d.put(a.trace, part...) == nil {
							return failure, nil
						}
					}
					if err := d.put(a.trace, part...); err != nil {
						return failure, nil
					}
				}
				return Answer{}, nil
			}
			w.open()
		}
		begin()
		m := Mapping{Scope: testScope, Stream: testStream, Function: testFunction, Settings: Defaults(), Position: "TRIM_HORIZON"}
		m.Settings.BatchSize = 20
		if once {
			m.Tags = map[string]string{OnceTag: "true"}
		}
		if _, err := w.set.Create(t.Context(), m, true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for n := 0; n < records; n += 10 { // records come while batches are cut
			w.streams.put(shard0, n+100, n+110)
			time.Sleep(time.Duration(n*37%900) * time.Millisecond)
		}
		for deadline := time.Now().Add(time.Hour); ; {
			done := true
			progress, err := w.set.Progress(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range progress {
				done = done && p.Behind == 0
			}
			if done && len(progress) > 0 {
				break
			}
			select {
			case <-crash:
				next := disk.CrashClone(seed+uint64(life), 0.5)
				w.set.cut()
				w.close()
				d.close()
				w.journal.Close()
				disk = next
				mu.Lock()
				crash = make(chan struct{})
				mu.Unlock()
				openJournal()
				d.open(disk)
				begin()
			case <-time.After(time.Minute):
			}
			if time.Now().After(deadline) {
				t.Fatal("it never ends")
			}
		}
		time.Sleep(time.Minute) // stragglers
		w.close()
		got, quiet := d.all()
		for n := 10; n < 10+records/10; n++ {
			if c := got[fmt.Sprint(n)]; c < 10 {
				t.Errorf("%d of the 10 records %d have landed: some are lost", c, n)
			} else {
				extra += c - 10
			}
		}
		w.journal.Range("firehose/batch/", func(key string, _ []byte) bool {
			t.Errorf("%s is never forgotten", key)
			return true
		})
		d.close()
		w.journal.Close()
		suppressed = quiet
		t.Logf("%d lives, %d calls, %d suppressed, %d extra", life+1, calls, suppressed, extra)
	})
	return extra, suppressed
}

// TestOnceBounds: the batch in hand is cut the same after a restart though more records have come and
// the batch size is another, and a deleted mapping leaves no token.
func TestOnceBounds(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		d := newDelivery(t, func() journal.Journal { return w.journal })
		w.reopen(func(c *Config) { c.Landings = d })
		w.fn.do = func(attempt) (Answer, error) { return failure, nil }
		w.streams.put(shard0, 0, 3)
		m := w.create(func(m *Mapping) { m.Tags = map[string]string{OnceTag: "true"} })
		w.streams.put(shard0, 3, 9)
		w.close()
		d.crash()
		w.open()
		synctest.Wait()
		update := func(change func(*Mapping)) {
			t.Helper()
			if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, _ *bool) error { change(m); return nil }); err != nil {
				t.Fatal(err)
			}
			w.sleep(time.Second)
		}
		update(func(m *Mapping) { m.Settings.BatchSize = 2 })
		calls := w.fn.seen()
		for _, a := range calls {
			if a.id != calls[0].id || a.trace[:40] != calls[0].trace[:40] || len(a.nums) != 3 {
				t.Errorf("%s %s %v", a.id, a.trace, a.nums)
			}
		}
		if len(calls) < 3 {
			t.Error("not tried again")
		}
		if _, err := w.set.Update(t.Context(), testScope, m.ID, func(m *Mapping, _ *bool) error { m.Settings.Parallel = 2; return nil }); hydrant.FaultCode(err) != "InvalidParameterValueException" {
			t.Error(err)
		}
		if _, err := w.set.Delete(t.Context(), testScope, m.ID); err != nil {
			t.Fatal(err)
		}
		w.sleep(time.Minute)
		for _, prefix := range []string{"lambda/", "firehose/"} {
			w.journal.Range(prefix, func(key string, _ []byte) bool {
				t.Errorf("%s is left", key)
				return true
			})
		}
	})
}

// TestOnceIsSwitched by its tag, and refused where nobody keeps it.
func TestOnceIsSwitched(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		m := w.create(nil)
		on := func(tags map[string]string) error { tags[OnceTag] = "true"; return nil }
		if err := w.set.Tag(t.Context(), testScope, m.ID, on); hydrant.FaultCode(err) != "InvalidParameterValueException" {
			t.Error(err)
		}
		w.reopen(func(c *Config) { c.Landings = newDelivery(t, func() journal.Journal { return w.journal }) })
		synctest.Wait()
		if err := w.set.Tag(t.Context(), testScope, m.ID, on); err != nil {
			t.Fatal(err)
		}
		w.sleep(time.Second)
		w.streams.put(shard0, 0, 1)
		w.sleep(time.Second)
		if err := w.set.Tag(t.Context(), testScope, m.ID, func(tags map[string]string) error { delete(tags, OnceTag); tags["a"] = "b"; return nil }); err != nil {
			t.Fatal(err)
		}
		w.sleep(time.Second)
		w.streams.put(shard0, 1, 2)
		w.sleep(time.Second)
		calls := w.fn.seen()
		if len(calls) != 2 || calls[0].trace == "" || calls[1].trace != "" {
			t.Errorf("%+v", calls)
		}
		if got, _ := w.set.Get(testScope, m.ID); got.State != Enabled || len(got.Tags) != 1 || got.Tags["a"] != "b" {
			t.Errorf("%+v", got)
		}
	})
}
