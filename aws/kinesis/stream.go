package kinesis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

var errBadHashKey = errors.New("not a hash key")

// Stream states and modes, in AWS's words.
const (
	creating = "CREATING"
	active   = "ACTIVE"
	updating = "UPDATING"
	deleting = "DELETING"

	provisioned = "PROVISIONED"
	onDemand    = "ON_DEMAND"
)

// streamInfo is a stream as the journal keeps it.
type streamInfo struct {
	Scope          hydrant.Scope
	Name           string
	Created        int64 // Unix ms
	Mode           string
	RetentionHours int
	RecordKiB      int
	Encryption     string `json:",omitempty"` // KMS or ""
	KeyID          string `json:",omitempty"`
	Tags           map[string]string
	Policy         string   `json:",omitempty"`
	Monitoring     []string `json:",omitempty"` // shard-level metrics
	WarmMiBps      int      `json:",omitempty"`
	// Changes are the times (Unix ms) of those of which there may be so many in a day.
	Changes   map[string][]int64 `json:",omitempty"`
	Consumers []consumerInfo     `json:",omitempty"`
	// Status is what was last asked for; it becomes ACTIVE by itself at Settles (Unix ms).
	Status  string
	Settles int64
	Shards  []shardInfo
	// NextShard is the number the next new shard gets: numbers are never used again.
	NextShard uint32
}

// shardInfo is a shard as the journal keeps it.
type shardInfo struct {
	Number           uint32
	Range            hashRange
	Parent, Adjacent *uint32 `json:",omitempty"`
	Created          int64   // Unix ms
	Closed           int64   `json:",omitempty"` // Unix ms; 0 = open
}

// shard is one ordered log of a stream.
type shard struct {
	shardInfo
	name     string
	log      shardlog.ShardID
	throttle throttle
	demand   demand // with --limits aws, of an on-demand stream
	subs     subscriptions
	life     context.Context // ends when the shard closes
	end      context.CancelFunc
}

func newShard(info shardInfo, log shardlog.ShardID) *shard {
	h := &shard{shardInfo: info, name: shardName(info.Number), log: log}
	h.life, h.end = context.WithCancel(context.Background())
	if info.Closed != 0 {
		h.end()
	}
	return h
}

// close takes no more records and wakes those who wait for one. The caller holds the stream's lock.
func (h *shard) close(at int64) {
	h.Closed = at
	h.end()
}

func shardName(number uint32) string { return fmt.Sprintf("shardId-%012d", number) }

// parseShardID takes "shardId-000000000003", "shardId-3" or "3".
func parseShardID(id string) (uint32, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(id, "shardId-"), 10, 31)
	return uint32(n), err == nil
}

func (h *shard) id() string { return h.name }

// sequenceOf is the sequence number of the record at an offset.
func (h *shard) sequenceOf(offset uint64, arrival int64) sequence {
	return sequence{created: h.Created / 1000, shard: h.Number, index: offset + 1, time: arrival / 1000}
}

func (h *shard) starting() sequence {
	return sequence{created: h.Created / 1000, shard: h.Number, time: h.Created / 1000}
}

func (h *shard) ending() sequence {
	return sequence{created: h.Created / 1000, shard: h.Number, index: lastIndex, time: h.Closed / 1000}
}

// stream is a live stream.
//
// Lock order: Service.control, then stream.mu, then subscriptions.mu. mu is held for reading over an append, so that a
// shard closes only when no record is on its way into it.
type stream struct {
	streamKey       // never changes, nor does born
	born      int64 // Unix ms
	mu        sync.RWMutex
	info      streamInfo
	shards    []*shard // by number
	open      []*shard // by start of the hash range
}

// newStream makes the live form of info; logs are the engine's shards in the order of info.Shards.
func newStream(info streamInfo, logs []shardlog.ShardID) *stream {
	s := &stream{streamKey: streamKey{info.Scope, info.Name}, born: info.Created, info: info}
	for i, h := range info.Shards {
		s.add(h, logs[i])
	}
	s.index()
	return s
}

func (s *stream) add(info shardInfo, log shardlog.ShardID) {
	s.shards = append(s.shards, newShard(info, log))
}

// index rebuilds open after shards came or closed.
func (s *stream) index() {
	s.open = nil
	for _, h := range s.shards {
		if h.Closed == 0 {
			s.open = append(s.open, h)
		}
	}
	slices.SortFunc(s.open, func(a, b *shard) int {
		if a.Range.Start.less(b.Range.Start) {
			return -1
		}
		return 1
	})
}

// route finds the open shard that owns a hash key. The open shards cover the ring without gaps.
func (s *stream) route(k hashKey) *shard {
	i, found := slices.BinarySearchFunc(s.open, k, func(h *shard, k hashKey) int {
		switch {
		case h.Range.End.less(k):
			return -1
		case k.less(h.Range.Start):
			return 1
		}
		return 0
	})
	if !found {
		panic(fmt.Sprintf("internal error: no open shard of %s owns hash key %s", s.name, k))
	}
	return s.open[i]
}

// shard finds a shard by the id a client gave.
func (s *stream) shard(id string) *shard {
	n, ok := parseShardID(id)
	if !ok {
		return nil
	}
	return s.numbered(n)
}

// numbered finds a shard by its number.
func (s *stream) numbered(n uint32) *shard {
	i, ok := slices.BinarySearchFunc(s.shards, n, func(h *shard, n uint32) int { return cmp.Compare(h.Number, n) })
	if !ok {
		return nil
	}
	return s.shards[i]
}

// children are the shards that came from h.
func (s *stream) children(h *shard) []*shard {
	var out []*shard
	for _, c := range s.shards {
		if is(c.Parent, h.Number) || is(c.Adjacent, h.Number) {
			out = append(out, c)
		}
	}
	return out
}

func is(p *uint32, n uint32) bool { return p != nil && *p == n }

// status is the state of the stream as of now: a state that passes settles by the clock.
func (s *stream) status(now time.Time) string {
	if s.info.Status != deleting && now.UnixMilli() >= s.info.Settles {
		return active
	}
	return s.info.Status
}

func (k streamKey) arn() string { return k.scope.ARN("kinesis", "stream/"+k.name) }

func (s *stream) created() time.Time { return time.Unix(s.born/1000, 0).UTC() }

func (s *stream) retention() time.Duration { return time.Duration(s.info.RetentionHours) * time.Hour }

// logName names a shard's log. It holds the creation time, so that a stream made again under an old
// name never sees the records of its predecessor.
func (i *streamInfo) logName(h uint32) string {
	return fmt.Sprintf("kinesis/%s/%s@%d/%s", i.Scope, i.Name, i.Created, shardName(h))
}

func (i *streamInfo) arn() string { return i.Scope.ARN("kinesis", "stream/"+i.Name) }

func (i *streamInfo) key() string { return "kinesis/stream/" + i.Scope.String() + "/" + i.Name }

// snapshot is the journal's form of the stream as it stands.
func (s *stream) snapshot() streamInfo {
	info := s.info
	info.Shards = make([]shardInfo, len(s.shards))
	for i, h := range s.shards {
		info.Shards[i] = h.shardInfo
	}
	return info
}
