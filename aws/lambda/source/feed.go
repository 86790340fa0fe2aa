package source

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// feed is where a reader's records come from. A place in it is a number that goes up along the
// shard; checkpoints hold places. What a place is otherwise is the feed's own affair.
type feed interface {
	// start is the place of a starting position, as of Streams.Start.
	start(ctx context.Context, position string, at time.Time) (uint64, error)
	// read returns what is there from a place on, as Streams.Read does. A record's Offset is its place.
	read(ctx context.Context, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error)
	// wait returns when read has something to say.
	wait(ctx context.Context, from uint64) error
}

func (s *Mappings) feed(m *Mapping, shard string) feed {
	if s.cfg.Reads == nil {
		return s.open(m, shard)
	}
	return allowed{s.open(m, shard), func(ctx context.Context) error { return s.mayRead(ctx, m) }}
}

func (s *Mappings) open(m *Mapping, shard string) feed {
	p := poll{streams: s.cfg.Streams, stream: m.Stream, shard: shard}
	if s.cfg.Limits {
		p.pace = &pace{poll: m.Consumer == ""}
	}
	if m.Consumer == "" {
		return p
	}
	return &push{in: p, unpack: s.cfg.Unpack}
}

// poll reads the stream's log as GetRecords does, and is woken instead of asking every second. Its
// places are the log's offsets.
type poll struct {
	streams       Streams
	stream, shard string
	pace          *pace // nil: as fast as it goes
}

func (p poll) start(ctx context.Context, position string, at time.Time) (uint64, error) {
	return p.streams.Start(ctx, p.stream, p.shard, position, at)
}

func (p poll) read(ctx context.Context, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	if err := p.pace.await(ctx); err != nil {
		return nil, 0, false, err
	}
	recs, next, end, err := p.streams.Read(ctx, p.stream, p.shard, from, limit)
	p.pace.spend(recs)
	return recs, next, end, err
}

func (p poll) wait(ctx context.Context, from uint64) error {
	if err := p.streams.Wait(ctx, p.stream, p.shard, from); err != nil {
		return err
	}
	return p.pace.tick(ctx)
}

// push is what a consumer of enhanced fan-out gets: records as soon as they are there, aggregates of
// the Kinesis Producer Library taken apart.
//
//	place = offset of the stream's record << innerBits | index of the record inside it
//
// so that a batch may end inside an aggregate, and a checkpoint say so.
type push struct {
	in     poll
	unpack Unpack           // nil: aggregates stay whole
	rest   []hydrant.Record // read and not asked for yet
	after  uint64           // the place behind rest
	end    bool             // nothing follows it
}

const (
	innerBits = 21
	maxInner  = 1 << innerBits // records of one aggregate; 10 MiB hold fewer that are not empty
	maxOffset = 1<<(64-innerBits) - 1
)

func (p *push) start(ctx context.Context, position string, at time.Time) (uint64, error) {
	offset, err := p.in.start(ctx, position, at)
	return offset << innerBits, err
}

func (p *push) wait(ctx context.Context, from uint64) error {
	return p.in.wait(ctx, outer(from))
}

// outer is the first offset at which something follows a place.
func outer(place uint64) uint64 {
	return place >> innerBits
}

func (p *push) read(ctx context.Context, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error) {
	if len(p.rest) == 0 || p.rest[0].Offset != from {
		if err := p.fill(ctx, from, limit); err != nil {
			return nil, 0, false, err
		}
	}
	n := len(p.rest)
	if limit.Records > 0 {
		n = min(n, limit.Records)
	}
	recs, p.rest = p.rest[:n:n], p.rest[n:]
	if len(p.rest) > 0 {
		return recs, p.rest[0].Offset, false, nil
	}
	return recs, max(p.after, from), p.end, nil
}

// fill reads on at a place and takes apart what it reads.
func (p *push) fill(ctx context.Context, from uint64, limit shardlog.Limit) error {
	whole, after, end, err := p.in.read(ctx, outer(from), limit)
	if err != nil {
		return err
	}
	if after > maxOffset {
		return fmt.Errorf("offset %d of %s is beyond what an enhanced fan-out mapping counts", after, p.in.shard)
	}
	p.rest, p.after, p.end = nil, after<<innerBits, end
	for _, w := range whole {
		inner := []hydrant.Record{w}
		if p.unpack != nil {
			if list, ok := p.unpack(p.in.stream, p.in.shard, w); ok && len(list) <= maxInner {
				inner = list
			}
		}
		for i, r := range inner {
			r.Offset = w.Offset<<innerBits | uint64(i)
			r.Arrival, r.Sequence = w.Arrival, w.Sequence
			if r.Offset >= from {
				p.rest = append(p.rest, r)
			}
		}
	}
	return nil
}
