package firehose

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// landing is what is known of one batch. Contents are counted: a record of an attempt is put where the
// attempt has put its content more often than it has landed. So it does not matter how an attempt cuts and
// orders its calls, and twins land as often as one attempt puts them.
type landing struct {
	token token

	// busy is held shared over a call and its append, alone where an attempt begins or ends.
	busy    sync.RWMutex
	holding sync.Mutex // held while a spool is added to holds; before mu

	mu      sync.Mutex
	opened  time.Time
	attempt uint64 // the newest; 0: none in this process, or the token is closed
	holds   holds
	back    map[string]bool // spools that were trimmed less for us
	tallies map[string]*tally
	calls   map[string]*answered // of the attempt, by the id the SDK gives a call and its repetitions
}

// tally is what a batch has put into one spool.
type tally struct {
	counts  map[content]times
	unknown bool // to be read from the spool first
}

// content is the hash of a record's data. 128 bits: two contents taken for one would lose a record.
type content [16]byte

func contentOf(data []byte) content {
	h := sha256.Sum256(data)
	return content(h[:16])
}

type times struct {
	landed uint32 // in all attempts
	sent   uint32 // by this one
	offset uint64 // of one that landed
}

// answered is a call under way or done.
type answered struct {
	done    chan struct{}
	ok      bool     // after done: it was acknowledged
	offsets []uint64 // after done
}

func newLanding(t token, h holds) *landing {
	return &landing{token: t, opened: time.Now(), holds: h, back: map[string]bool{}, tallies: map[string]*tally{}}
}

func (b *landing) tally(spool string) *tally {
	t := b.tallies[spool]
	if t == nil {
		t = &tally{counts: map[content]times{}}
		b.tallies[spool] = t
	}
	return t
}

// begin starts an attempt. The caller holds busy.
func (b *landing) begin(n uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempt, b.calls = n, map[string]*answered{}
	for _, t := range b.tallies {
		for h, c := range t.counts {
			c.sent = 0
			t.counts[h] = c
		}
	}
}

// end refuses all calls from here on. The caller holds busy.
func (b *landing) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attempt, b.calls, b.tallies = 0, nil, map[string]*tally{}
}

func (b *landing) newest() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.attempt
}

// sortOut tells for every record of a call whether it is to be put, and counts them all. The others are
// given the offset of one that landed. The counts are taken back (undo) where the call fails.
func (b *landing) sortOut(spool string, records []hydrant.Record) (hashes []content, put []bool, err error) {
	hashes, put = make([]content, len(records)), make([]bool, len(records))
	for i := range records {
		hashes[i] = contentOf(records[i].Data)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally(spool)
	if len(t.counts)+len(records) > maxContents {
		return nil, nil, invalid("One batch must not put more than %d different records into a delivery stream where its event source mapping is exactly-once.", maxContents)
	}
	for i, h := range hashes {
		c := t.counts[h]
		c.sent++
		if put[i] = c.sent > c.landed; !put[i] {
			records[i].Offset = c.offset
		}
		t.counts[h] = c
	}
	return hashes, put, nil
}

// maxContents bounds what is remembered of one batch in one delivery stream, at some 50 bytes each.
const maxContents = 1 << 20

// undo takes back the counts of a call that failed.
func (b *landing) undo(spool string, hashes []content) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally(spool)
	for _, h := range hashes {
		c := t.counts[h]
		c.sent--
		if c == (times{}) {
			delete(t.counts, h)
			continue
		}
		t.counts[h] = c
	}
}

// landed notes records that are on disk.
func (b *landing) landed(spool string, hashes []content, put []bool, records []hydrant.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, n := b.tally(spool), 0
	for i, h := range hashes {
		if !put[i] {
			continue
		}
		c := t.counts[h]
		c.landed++
		c.offset = records[n].Offset
		t.counts[h] = c
		n++
	}
}

// doubt makes a tally be read from the spool before the next call.
func (b *landing) doubt(spool string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tally(spool).unknown = true
}

func (b *landing) doubted(spool string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tally(spool).unknown
}

// idle reports whether no attempt was made of a batch that was cut a while ago.
func (b *landing) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.attempt == 0 && time.Since(b.opened) > time.Minute
}

// held are the spools and where the batch begins in them.
func (b *landing) held() holds {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.holds)
}

func (b *landing) with(spool string, from uint64) holds {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holds[spool] = from
	return maps.Clone(b.holds)
}

func (b *landing) without(spool string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.holds, spool)
}

// floor is as much of low as the batch lets be trimmed; it remembers that it stood in the way.
func (b *landing) floor(spool string, low uint64) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if from, ok := b.holds[spool]; ok && from < low {
		b.back[spool] = true
		return from
	}
	return low
}

func (b *landing) heldBack(spool string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.back[spool]
}
