package firehose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/store/vfs"
)

// scenario is a delivery stream "s" whose records are processed, and what is to become of each. Its
// function is as impure as can be: what it returns, and the partition it names, change with every
// call. Record n is {"id":n}; every fifth is dropped, every seventh fails.
type scenario struct {
	name   string
	config func(*ExtendedS3DestinationConfiguration)
	drops  bool
}

func scenarios() []scenario {
	at0 := func(kv ...string) Processor {
		return transforming(append(kv, "BufferSizeInMBs", "0.2", "BufferIntervalInSeconds", "0")...)
	}
	backedUp := func(d *ExtendedS3DestinationConfiguration) {
		d.S3BackupMode = "Enabled"
		d.S3BackupConfiguration = &S3DestinationConfiguration{RoleARN: role, BucketARN: "arn:aws:s3:::vault",
			BufferingHints: &BufferingHints{SizeInMBs: new(1), IntervalInSeconds: new(0)}}
	}
	newline := processor(appendDelimiter)
	return []scenario{
		{"transformed", processors(at0(), newline), true},
		{"partitioned by query", func(d *ExtendedS3DestinationConfiguration) {
			keyed("!{partitionKeyFromQuery:k}/", jq("{k: (.id % 3)}"), newline)(d)
		}, false},
		{"partitioned by function, taken apart, backed up", func(d *ExtendedS3DestinationConfiguration) {
			keyed("!{partitionKeyFromLambda:k}/", processor(deaggregation, "SubRecordType", "JSON"), at0(), newline)(d)
			backedUp(d)
		}, true},
		{"backed up", func(d *ExtendedS3DestinationConfiguration) {
			processors(newline)(d)
			backedUp(d)
			d.S3BackupConfiguration.CompressionFormat = "UNCOMPRESSED"
		}, false},
	}
}

// impure is the function of the scenarios.
func impure() *function {
	return each(func(call int, r asked) []told {
		id := idOf(string(r.Data))
		switch {
		case id%5 == 0:
			return []told{{r.RecordID, "Dropped", nil, nil}}
		case id%7 == 0:
			return []told{{r.RecordID, "ProcessingFailed", nil, nil}}
		}
		data := fmt.Sprintf(`{"id":%d,"call":%d}`, id, call)
		return []told{{r.RecordID, "Ok", b64(data), map[string]any{"partitionKeys": map[string]any{"k": (call + id) % 3}}}}
	})
}

func idOf(text string) int {
	digits := strings.TrimPrefix(text, `{"id":`)
	if i := strings.IndexAny(digits, ",}"); i >= 0 {
		digits = digits[:i]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic("not a record: " + text)
	}
	return n
}

// ids are the records of an object.
func ids(t *testing.T, o Object, body string) (all []int) {
	t.Helper()
	if o.Error == "" {
		body = strings.ReplaceAll(strings.ReplaceAll(body, "}", "}\n"), "\n\n", "\n")
	}
	for line := range strings.Lines(body) {
		if o.Error != "" {
			var v struct{ RawData string }
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			raw, _ := base64.StdEncoding.DecodeString(v.RawData)
			line = string(raw)
		}
		all = append(all, idOf(line))
	}
	return all
}

// audit holds a lake and its manifest against what was put: acknowledged records once, others at
// most once, no object the manifest does not know.
func (h *house) audit(name, bucket string, manifest []Delivery, drops bool, acked, tried map[int]bool) {
	h.t.Helper()
	bodies := h.objects(bucket)
	times := map[int]int{}
	var dropped int64
	known := 0
	for _, d := range manifest {
		dropped += d.Dropped
		for _, o := range d.Objects {
			known++
			body, ok := bodies[o.Key]
			if !ok {
				h.t.Errorf("%s: %s is committed and not there", name, o.Key)
				continue
			}
			all := ids(h.t, o, body)
			if bucket == "lake" && int64(len(all)) != o.Records {
				h.t.Errorf("%s: %s holds %d records, the manifest says %d", name, o.Key, len(all), o.Records)
			}
			for _, id := range all {
				times[id]++
			}
		}
	}
	if known != len(bodies) {
		h.t.Errorf("%s: %d objects, %d in the manifest: %q", name, len(bodies), known, slices.Collect(maps.Keys(bodies)))
	}
	isDropped := func(id int) bool { return drops && id%5 == 0 }
	ackedDropped, triedDropped := int64(0), int64(0)
	for id := range tried {
		switch {
		case isDropped(id):
			triedDropped++
			if acked[id] {
				ackedDropped++
			}
			if times[id] != 0 {
				h.t.Errorf("%s: dropped %d is there", name, id)
			}
		case acked[id] && times[id] != 1 || times[id] > 1:
			h.t.Errorf("%s: %d is there %d times (acknowledged: %v)", name, id, times[id], acked[id])
		}
	}
	for id := range times {
		if !tried[id] {
			h.t.Errorf("%s: %d was never put", name, id)
		}
	}
	if dropped < ackedDropped || dropped > triedDropped {
		h.t.Errorf("%s: %d were dropped, of %d acknowledged and %d put", name, dropped, ackedDropped, triedDropped)
	}
}

func (h *house) auditAll(name string, s scenario, acked, tried map[int]bool) {
	h.t.Helper()
	primary, err := h.Deliveries(h.t.Context(), here, "s")
	if err != nil {
		h.t.Fatal(err)
	}
	h.audit(name, "lake", primary, s.drops, acked, tried)
	if !h.find(here, "s").now.Load().backsUp() {
		return
	}
	backups, err := h.Backups(h.t.Context(), here, "s")
	if err != nil {
		h.t.Fatal(err)
	}
	h.audit(name+", backup", "vault", backups, false, acked, tried)
}

// putIDs puts records of one to three ids each.
func (h *house) putIDs(ids []int, packed bool) error {
	in := &PutRecordBatchIn{DeliveryStreamName: "s"}
	for i := 0; i < len(ids); {
		text, n := "", 1
		if packed {
			n = min(1+ids[i]%3, len(ids)-i)
		}
		for range n {
			text += fmt.Sprintf(`{"id":%d}`, ids[i])
			i++
		}
		in.Records = append(in.Records, Record{Data: []byte(text)})
	}
	_, err := h.PutRecordBatch(h.t.Context(), in)
	return err
}

func packs(d *ExtendedS3DestinationConfiguration) bool {
	for _, p := range activeProcessors(d) {
		if p.Type == deaggregation {
			return true
		}
	}
	return false
}

// Whatever operation on disk was the last before the crash, done or not, every record is processed
// and delivered once.
func TestProcessingCrashAtEveryStep(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			for _, last := range []bool{false, true} {
				for left := 0; ; left++ {
					if left > 300 {
						t.Fatal("the run does not end")
					}
					if burnt := s.crashOnce(t, left, last); len(burnt) <= left {
						break
					}
					if t.Failed() {
						return
					}
				}
			}
		})
	}
}

func (s scenario) crashOnce(t *testing.T, left int, last bool) []string {
	t.Helper()
	h := newHouse(t, nil)
	h.bucket("vault")
	h.functions = impure()
	h.stop()
	h.start()
	h.create("s", s.config)
	packed := packs(&h.find(here, "s").now.Load().Destination)
	h.stop()

	f := &fuse{left: left, last: last}
	h.config = func(c *Config) {
		c.Log, c.Journal, c.Lake = crashLog{h.log, f}, crashJournal{h.journal, f}, crashLake{h.lake, f}
	}
	h.start()
	acked, tried := map[int]bool{}, map[int]bool{}
	next := 0
	for range 2 {
		for range 2 {
			var batch []int
			for range 8 {
				next++
				batch = append(batch, next)
				tried[next] = true
			}
			if h.putIDs(batch, packed) == nil {
				for _, id := range batch {
					acked[id] = true
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, p := range h.find(here, "s").work.Load().pumps(true) {
			wg.Go(func() { p.untilCrash(ctx, cancel) })
		}
		wg.Go(func() { f.untilBurnt(ctx, cancel) })
		h.Flush(ctx, here, "s")
		cancel()
		wg.Wait()
	}
	h.stop()

	h.config = nil
	h.start()
	h.flush("s")
	h.auditAll(fmt.Sprintf("after %d steps, last done: %v", left, last), s, acked, tried)
	h.stop()
	return f.burn
}

// untilBurnt gives up some time after the crash: a lane that was opened later may be what fails.
func (f *fuse) untilBurnt(ctx context.Context, giveUp func()) {
	for ctx.Err() == nil {
		f.mu.Lock()
		burnt := f.left < 0
		f.mu.Unlock()
		sleep(ctx, time.Millisecond)
		if burnt {
			giveUp()
		}
	}
}

// Power cuts at random moments, with what was not synced lost in any combination.
// HYDRANT_HEAVY=1 does 200 of each scenario.
func TestProcessingPowerCuts(t *testing.T) {
	runs := 2
	if os.Getenv("HYDRANT_HEAVY") != "" {
		runs = 200
	}
	for _, s := range scenarios() {
		for seed := range uint64(runs) {
			t.Run(fmt.Sprintf("%s %d", s.name, seed), func(t *testing.T) { s.powerCuts(t, seed) })
		}
	}
}

func (s scenario) powerCuts(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	fs := vfs.NewMem()
	f := impure()
	open := func() *house {
		h := closedOn(t, fs)
		h.functions = f
		h.config = func(c *Config) {
			if rng.IntN(2) == 0 {
				c.Lake = &faultyLake{Store: h.lake, rng: rand.New(rand.NewPCG(seed, 3))}
			}
		}
		h.start()
		return h
	}
	h := open()
	h.bucket("lake")
	h.bucket("vault")
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		s.config(d)
		d.BufferingHints.IntervalInSeconds = new(1)
	})
	packed := packs(&h.find(here, "s").now.Load().Destination)
	var mu sync.Mutex
	acked, tried := map[int]bool{}, map[int]bool{}
	next := 0
	for range 3 {
		acks, stop := make(chan struct{}, 10_000), make(chan struct{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					mu.Lock()
					var batch []int
					for range 10 {
						next++
						batch = append(batch, next)
						tried[next] = true
					}
					mu.Unlock()
					if h.putIDs(batch, packed) != nil {
						return
					}
					mu.Lock()
					for _, id := range batch {
						acked[id] = true
					}
					mu.Unlock()
					select {
					case acks <- struct{}{}:
					default:
					}
				}
			})
		}
		// Flushes make the lanes deliver while records are processed.
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			for ctx.Err() == nil {
				h.Flush(ctx, here, "s")
			}
		})
		for range 5 + rng.IntN(30) {
			<-acks
		}
		time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
		mu.Lock()
		safe := maps.Clone(acked)
		mu.Unlock()
		fs = fs.CrashClone(rng.Uint64(), 0.5)
		close(stop)
		cancel()
		wg.Wait()
		h.close()

		acked = safe
		h = open()
		h.flush("s")
		h.auditAll(fmt.Sprintf("seed %d", seed), s, acked, tried)
	}
	h.close()
}

// A backup that is refused does not keep the destination from its records, nor the other way round,
// and neither loses any or has any twice.
func TestBackupAndDestinationFailApart(t *testing.T) {
	for _, broken := range []string{"lake", "vault"} {
		t.Run(broken, func(t *testing.T) {
			h := newHouse(t, nil)
			h.bucket("vault")
			s := scenarios()[3]
			h.create("s", func(d *ExtendedS3DestinationConfiguration) {
				s.config(d)
				if broken == "lake" {
					d.BucketARN = "arn:aws:s3:::late"
				} else {
					d.S3BackupConfiguration.BucketARN = "arn:aws:s3:::late"
				}
				d.S3BackupConfiguration.CloudWatchLoggingOptions = &CloudWatchLoggingOptions{Enabled: new(true), LogGroupName: "g", LogStreamName: "BackupDelivery"}
			})
			for n := range 10 {
				if err := h.putIDs([]int{n}, false); err != nil {
					t.Fatal(err)
				}
			}
			w := h.find(here, "s").work.Load()
			sound, unsound := &w.direct.pump, &w.backup.pump
			if broken == "lake" {
				sound, unsound = unsound, sound
			}
			bounds, _ := h.log.Bounds(w.shard)
			w.backup.hasten(bounds.Next)
			w.direct.hasten(bounds.Next)
			if err := sound.flush(t.Context(), bounds.Next); err != nil {
				t.Fatal(err)
			}
			for unsound.failing() == nil {
				time.Sleep(time.Millisecond)
			}
			if n, _ := h.log.(*memlog).held(); n != 10 {
				t.Errorf("the spool holds %d records that are owed", n)
			}
			h.stop()
			h.start()
			h.bucket("late")
			h.flush("s")
			all := map[int]bool{}
			for n := range 10 {
				all[n] = true
			}
			primary, _ := h.Deliveries(t.Context(), here, "s")
			backups, _ := h.Backups(t.Context(), here, "s")
			in := map[string]string{"lake": "lake", "vault": "vault"}
			in[broken] = "late"
			h.audit("destination", in["lake"], primary, false, all, all)
			h.audit("backup", in["vault"], backups, false, all, all)
			if e := h.events.all(); (broken == "vault") != (len(e) > 0) {
				t.Errorf("events of the backup: %q", e)
			}
			if n, shards := h.log.(*memlog).held(); n != 0 {
				t.Errorf("%d records are left\n%s", n, shards)
			}
		})
	}
}

// A backup that is enabled later holds what was then in the spool and what comes after.
func TestBackupEnabledLater(t *testing.T) {
	h := newHouse(t, nil)
	h.bucket("vault")
	h.create("s", nil)
	h.put("s", "delivered;")
	h.flush("s")
	h.put("s", "spooled;")
	err := h.update("s", &ExtendedS3DestinationUpdate{S3BackupMode: "Enabled", S3BackupUpdate: &S3DestinationUpdate{
		RoleARN: role, BucketARN: "arn:aws:s3:::vault", Prefix: new("raw/")}})
	if err != nil {
		t.Fatal(err)
	}
	h.put("s", "after")
	h.flush("s")
	b, err := h.Backups(t.Context(), here, "s")
	if err != nil || len(b) != 1 || !strings.HasPrefix(b[0].Objects[0].Key, "raw/20") {
		t.Fatalf("backups %+v, %v", b, err)
	}
	if got := h.body("vault", b[0].Objects[0].Key); got != "spooled;after" {
		t.Errorf("backup holds %q", got)
	}
	d := h.find(here, "s").describe().Destinations[0].ExtendedS3DestinationDescription
	if d.S3BackupMode != "Enabled" || d.S3BackupDescription == nil || d.S3BackupDescription.CompressionFormat != "UNCOMPRESSED" ||
		*d.S3BackupDescription.BufferingHints.SizeInMBs != 5 {
		t.Errorf("described as %+v", d.S3BackupDescription)
	}
	wantCode(t, "disable", h.update("s", &ExtendedS3DestinationUpdate{S3BackupMode: "Disabled"}), "InvalidArgumentException")
	if _, err := h.DeleteDeliveryStream(t.Context(), &DeleteDeliveryStreamIn{DeliveryStreamName: "s"}); err != nil {
		t.Fatal(err)
	}
	h.journal.Range("firehose/", func(k string, v []byte) bool {
		t.Errorf("journal keeps %s", k)
		return true
	})
}

// The spool was once trimmed to where the stage had looked, which is past offsets that no record has
// got, when a backup was ahead of it; the stage then found its place gone.
func TestBackupAheadOfStage(t *testing.T) {
	h := newHouse(t, nil)
	h.bucket("vault")
	h.functions = impure()
	h.stop()
	h.start()
	h.create("s", scenarios()[2].config)
	w := h.find(here, "s").work.Load()
	for n := range 4 { // some of them leave a gap behind
		if err := h.putIDs([]int{n}, false); err != nil {
			t.Fatal(err)
		}
		h.flush("s")
		w.backup.mu.Lock()
		w.backup.progress.Low += 100
		w.backup.mu.Unlock()
		w.trimSpool(t.Context())
		w.backup.mu.Lock()
		w.backup.progress.Low -= 100
		w.backup.mu.Unlock()
		if bounds, err := h.log.Bounds(w.shard); err != nil || bounds.Low > w.stage.low() {
			t.Fatalf("the spool begins at %d, the stage stands at %d (%v)", bounds.Low, w.stage.low(), err)
		}
	}
}
