package firehose

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

// on is a house whose log, journal and lake are files of one file system.
func on(t *testing.T, fs vfs.FS) *house {
	t.Helper()
	h := closedOn(t, fs)
	h.start()
	return h
}

// closedOn is such a house that has not begun to deliver.
func closedOn(t *testing.T, fs vfs.FS) *house {
	t.Helper()
	log, err := segment.Open(fs, "log", segment.Options{SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	control, err := journal.Open(fs, "control")
	if err != nil {
		t.Fatal(err)
	}
	lake, err := dir.OpenFS(fs)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, log: log, journal: control, lake: lake, tables: &tables{}, events: &events{}}
	h.tables.set(nil, "id bigint")
	return h
}

func (h *house) close() {
	h.stop()
	h.log.Close()
	h.journal.Close()
	h.lake.(*dir.Store).Close()
}

// The power goes at a random moment, taking what was not synced in any combination, again and again,
// while producers put and objects are written. HYDRANT_HEAVY=1 does it 200 times.
func TestPowerCuts(t *testing.T) {
	runs := 6
	if os.Getenv("HYDRANT_HEAVY") != "" {
		runs = 200
	}
	for seed := range uint64(runs) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { powerCuts(t, seed) })
	}
}

func powerCuts(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	fs := vfs.NewMem()
	h := on(t, fs)
	h.bucket("lake")
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		d.BufferingHints.IntervalInSeconds = new(0)
	})
	var mu sync.Mutex
	acked, tried := map[string]bool{}, map[string]bool{}
	next := 0
	for range 3 {
		acks := make(chan struct{}, 1000)
		stop := make(chan struct{})
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
					in := &PutRecordBatchIn{DeliveryStreamName: "s"}
					var records []string
					for range 10 {
						records = append(records, loadRecord(next))
						tried[loadRecord(next)] = true
						in.Records = append(in.Records, Record{Data: []byte(loadRecord(next))})
						next++
					}
					mu.Unlock()
					if _, err := h.PutRecordBatch(t.Context(), in); err != nil {
						return
					}
					mu.Lock()
					for _, r := range records {
						acked[r] = true
					}
					mu.Unlock()
					select {
					case acks <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 5 + rng.IntN(40) {
			<-acks
		}
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
		mu.Lock()
		safe := maps.Clone(acked)
		mu.Unlock()
		fs = fs.CrashClone(rng.Uint64(), 0.5)
		close(stop)
		wg.Wait()
		h.close()

		acked = safe
		h = on(t, fs)
		h.flush("s")
		h.check(fmt.Sprintf("seed %d", seed), "s", acked, tried)
	}
	h.close()
}

// A full disk refuses puts and says so, loses nothing that was acknowledged, and needs no restart.
func TestFullDisk(t *testing.T) {
	fs := vfs.NewFaults(vfs.NewMem())
	h := on(t, fs)
	h.bucket("lake")
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		d.BufferingHints.IntervalInSeconds = new(0)
	})
	acked, tried := map[string]bool{}, map[string]bool{}
	put := func(n int) error {
		r := loadRecord(n)
		tried[r] = true
		_, err := h.PutRecord(t.Context(), &PutRecordIn{DeliveryStreamName: "s", Record: &Record{Data: []byte(r)}})
		if err == nil {
			acked[r] = true
		}
		return err
	}
	for n := range 30 {
		if n%10 == 5 {
			fs.Add(vfs.Rule{Op: vfs.OpWrite, Err: syscall.ENOSPC})
		}
		err := put(n)
		if full := n%10 >= 5 && n%10 < 8; full && (err == nil || !strings.Contains(err.Error(), "disk of its log is full")) {
			t.Errorf("record %d on a full disk: %v", n, err)
		} else if !full && err != nil {
			t.Errorf("record %d: %v", n, err)
		}
		if n%10 == 7 {
			fs.Clear()
		}
	}
	h.flush("s")
	h.check("full disk", "s", acked, tried)
	h.close()
}
