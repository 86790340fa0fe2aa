package cloudwatch

import (
	"errors"
	"testing"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

var scope = hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}

// house is the service over files that can be opened again.
type house struct {
	t       testing.TB
	files   *vfs.Mem
	disk    vfs.FS // files, or what stands before them
	journal journal.Journal
	log     shardlog.Engine
	*Service
}

func open(t testing.TB) *house {
	h := &house{t: t, files: vfs.NewMem()}
	h.disk = h.files
	h.open()
	t.Cleanup(h.close)
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.journal, err = journal.Open(h.disk, "journal"); err != nil {
		h.t.Fatal(err)
	}
	if h.log, err = segment.Open(h.disk, "log", segment.Options{}); err != nil {
		h.t.Fatal(err)
	}
	h.Service = New(Config{Journal: h.journal, Log: h.log})
}

func (h *house) close() {
	h.t.Helper()
	if err := errors.Join(h.Service.Close(), h.log.Close(), h.journal.Close()); err != nil {
		h.t.Error(err)
	}
}

// restart is a clean stop and a start.
func (h *house) restart() {
	h.t.Helper()
	h.close()
	h.open()
}

// crash is a power cut and a start: nothing unsynced is left.
func (h *house) crash() {
	h.t.Helper()
	after := h.files.CrashClone(1, 0)
	h.close()
	h.files, h.disk = after, after
	h.open()
}

// namedMeters is how many meters Put would find.
func (h *house) namedMeters() (n int) {
	for i := range h.named.stripes {
		at := &h.named.stripes[i]
		at.mu.Lock()
		n += len(at.meters)
		at.mu.Unlock()
	}
	return n
}
