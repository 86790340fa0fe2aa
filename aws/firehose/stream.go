package firehose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

const (
	statusCreating       = "CREATING"
	statusCreatingFailed = "CREATING_FAILED"
	statusActive         = "ACTIVE"
	statusDeleting       = "DELETING"

	directPut     = "DirectPut"
	kinesisSource = "KinesisStreamAsSource"

	// destinationID is the one destination's. A delivery stream has exactly one.
	destinationID = "destinationId-000000000001"
)

// state is all that is configured of a delivery stream. A state is never changed: a change makes a
// new one, journals it and puts it in the old one's place.
type state struct {
	Name    string
	Scope   hydrant.Scope
	Type    string
	Status  string
	Failure *FailureDescription `json:",omitempty"`
	Version int
	Created time.Time
	Updated time.Time
	// Spool is the name of the shard that holds what is not yet delivered. It carries the time of
	// creation: a delivery stream made again under an old name starts empty.
	Spool string
	// Staged: records are processed on their way. What once is stays so, for there may be processed
	// records that have not been delivered.
	Staged bool `json:",omitempty"`

	Destination ExtendedS3DestinationConfiguration
	Encryption  DeliveryStreamEncryptionConfiguration
	DirectPut   *DirectPutSourceConfiguration     `json:",omitempty"`
	Kinesis     *KinesisStreamSourceConfiguration `json:",omitempty"`
	Tags        map[string]string                 `json:",omitempty"`
}

func (v *state) key() key { return key{v.Scope, v.Name} }

func (v *state) arn() string { return v.Scope.ARN("firehose", "deliverystream/"+v.Name) }

// Journal keys.
//
//	firehose/stream/<account>/<region>/<name>   state
//	firehose/intent/<lane>                      the open delivery, if any
//	firehose/progress/<lane>                    what has been delivered
//	firehose/stage/<spool>                      what has been processed
//	firehose/delivery/<spool>/<sequence>        a committed delivery
//	firehose/gone/<shard>                       a spool or lane to be deleted
//	firehose/batch/<token>                      a batch that may be tried again, and where it begins in spools
//
// A lane is <spool>, <spool>.out, <spool>.out.<n> or <spool>.backup. The manifest of a backup is
// that of <spool>.backup.
const (
	statePrefix    = "firehose/stream/"
	intentPrefix   = "firehose/intent/"
	progressPrefix = "firehose/progress/"
	deliveryPrefix = "firehose/delivery/"
	gonePrefix     = "firehose/gone/"
	stagePrefix    = "firehose/stage/"
)

func (v *state) journalKey() string { return statePrefix + v.Scope.String() + "/" + v.Name }

func deliveriesOf(spool string) string { return deliveryPrefix + spool + "/" }

func deliveryKey(spool string, seq uint64) string {
	return fmt.Sprintf("%s%016x", deliveriesOf(spool), seq)
}

func spoolName(scope hydrant.Scope, name string, created time.Time) string {
	return "firehose/" + scope.String() + "/" + name + "/" + strconv.FormatInt(created.UnixNano(), 16)
}

// stream is one delivery stream.
type stream struct {
	s      *Service
	shard  shardlog.ShardID // of the spool
	idHead string           // what record ids begin with
	quota  *bucket

	mu  sync.Mutex            // held while the state changes
	now atomic.Pointer[state] // read without mu

	work atomic.Pointer[worker] // while the stream is ACTIVE
}

func (s *Service) newStream(v *state) *stream {
	st := &stream{
		s:      s,
		idHead: fmt.Sprintf("%016x", v.Created.UnixNano()),
		quota:  newBucket(quotaOf(v.Scope.Region)),
	}
	st.now.Store(v)
	return st
}

// change journals what f makes of the state and puts it in place. An error of f changes nothing;
// f returning false means there is nothing to change.
func (st *stream) change(f func(*state) (bool, error)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	v := *st.now.Load()
	v.Tags = maps.Clone(v.Tags)
	changed, err := f(&v)
	if err != nil || !changed {
		return err
	}
	if err := st.s.cfg.Journal.Commit(st.s.ctx, journal.Set(v.journalKey(), &v)); err != nil {
		return fmt.Errorf("journal delivery stream %s: %w", v.Name, err)
	}
	st.now.Store(&v)
	return nil
}

// activate ends CREATING.
func (st *stream) activate() {
	err := st.change(func(v *state) (bool, error) {
		if v.Status != statusCreating {
			return false, nil
		}
		v.Status = statusActive
		return true, nil
	})
	if err == nil && st.now.Load().Status == statusActive {
		err = st.s.startWorker(st)
	}
	if err == nil {
		return
	}
	v := *st.now.Load()
	st.s.log.Error("delivery stream could not be activated", "name", v.Name, "error", err)
	v.Status = statusCreatingFailed
	v.Failure = &FailureDescription{Type: "UNKNOWN_ERROR", Details: err.Error()}
	st.now.Store(&v)
}

// remove ends DELETING: what is buffered is discarded, as AWS does.
func (st *stream) remove() {
	s := st.s
	if w := st.work.Swap(nil); w != nil {
		w.halt()
	}
	v := st.now.Load()
	changes := []journal.Change{journal.Unset(v.journalKey()), journal.Set(gonePrefix+v.Spool, true)}
	if at, _, err := journal.Load[checkpoint](s.cfg.Journal, stagePrefix+v.Spool); err == nil {
		for n := range at.Lanes {
			changes = append(changes, journal.Set(gonePrefix+laneName(v.Spool, n), true))
		}
	}
	for _, prefix := range []string{intentPrefix, progressPrefix, stagePrefix, deliveryPrefix} {
		s.cfg.Journal.Range(prefix+v.Spool, func(k string, _ []byte) bool {
			changes = append(changes, journal.Unset(k))
			return true
		})
	}
	if err := s.cfg.Journal.Commit(s.ctx, changes...); err != nil {
		s.log.Error("delivery stream stays in DELETING until the next start", "name", v.Name, "error", err)
		return
	}
	s.mu.Lock()
	delete(s.streams, v.key())
	delete(s.spools, v.Spool)
	s.mu.Unlock()
	if err := s.sweep(); err != nil {
		s.log.Error("spool is deleted at the next start", "name", v.Name, "error", err)
	}
}

// sweep deletes the shards of streams that are gone.
func (s *Service) sweep() error {
	var spools []string
	s.cfg.Journal.Range(gonePrefix, func(k string, _ []byte) bool {
		spools = append(spools, k[len(gonePrefix):])
		return true
	})
	for _, spool := range spools {
		id, err := s.cfg.Log.Open(s.ctx, spool) // made anew where a crash came after its deletion
		if err == nil {
			err = s.cfg.Log.Delete(s.ctx, id)
		}
		if err == nil {
			err = s.cfg.Journal.Commit(s.ctx, journal.Unset(gonePrefix+spool))
		}
		if err != nil {
			return fmt.Errorf("delete spool %s: %w", spool, err)
		}
	}
	return nil
}

// names lists the delivery streams of a scope, sorted.
func (s *Service) names(scope hydrant.Scope, ofType string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for k, st := range s.streams {
		if k.Scope == scope && (ofType == "" || st.now.Load().Type == ofType) {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}
