package firehose

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// Which lane of a stage an outcome goes to.

// lane returns the n-th lane, opening it if it is not open yet.
func (g *stage) lane(ctx context.Context, n int) (*lane, error) {
	if lanes := g.w.processed(); n < len(lanes) {
		return lanes[n], nil
	}
	if n >= g.at.Lanes { // noted first, so that a deletion finds it
		at := g.at
		at.Lanes = n + 1
		if err := g.journal(ctx, at); err != nil {
			return nil, err
		}
	}
	name := laneName(g.w.spool, n)
	shard, err := g.w.s.cfg.Log.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open lane: %w", err)
	}
	l, err := g.w.newLane(name, shard, processed)
	if err != nil {
		return nil, err
	}
	l.horizon = l.progress.Low
	g.w.mu.Lock()
	g.w.lanes = append(g.w.lanes, l)
	g.w.mu.Unlock()
	g.lanesDone.Go(func() { l.run(ctx) })
	return l, nil
}

func laneName(spool string, n int) string {
	if n == 0 {
		return spool + processedSuffix
	}
	return spool + processedSuffix + "." + strconv.Itoa(n)
}

// assign puts outcomes into the lanes of their partitions. ends are the lanes of the batches.
func (g *stage) assign(ctx context.Context, v *state, units []*unit) (batches []shardlog.Batch, ends []*lane, err error) {
	g.retire()
	index := map[*lane]int{}
	exceeded := 0
	for _, u := range units {
		l, err := g.laneOf(ctx, u)
		if errors.Is(err, errExceeded) {
			exceeded++
			u.fail(activePartitionExceeded, "DynamicPartitioning.ActivePartitionLimitExceeded",
				"The number of active partitions exceeds the limit of the delivery stream.", 1)
			l, err = g.lane(ctx, 0)
		}
		if err != nil {
			return nil, nil, err
		}
		i, known := index[l]
		if !known {
			i = len(batches)
			index[l] = i
			batches, ends = append(batches, shardlog.Batch{Shard: l.shard}), append(ends, l)
		}
		batches[i].Records = append(batches[i].Records, u.record())
	}
	if g.proc.partitioned() {
		g.w.s.add(v, "PartitionCount", float64(len(g.parts)), "Count")
		g.w.s.add(v, "ActivePartitionsLimit", float64(g.w.s.cfg.ActivePartitions), "Count")
		g.w.s.add(v, "PartitionCountExceeded", float64(min(exceeded, 1)), "Count")
	}
	return batches, ends, nil
}

var errExceeded = errors.New("no partition is free")

// laneOf is the lane for an outcome; a partition is opened for it where there may be one more.
func (g *stage) laneOf(ctx context.Context, u *unit) (*lane, error) {
	if u.partition == "" || u.outcome != good {
		return g.lane(ctx, 0)
	}
	if l, ok := g.parts[u.partition]; ok {
		return l, nil
	}
	var l *lane
	if n := len(g.free); n > 0 {
		l, g.free = g.free[n-1], g.free[:n-1]
	} else if n := len(g.w.processed()); n <= g.w.s.cfg.ActivePartitions {
		var err error
		if l, err = g.lane(ctx, n); err != nil {
			return nil, err
		}
	} else {
		return nil, errExceeded
	}
	g.parts[u.partition] = l
	return l, nil
}

// retire closes the partitions that have delivered all they had.
func (g *stage) retire() {
	for part, l := range g.parts {
		if l.position() >= l.tail {
			delete(g.parts, part)
			g.free = append(g.free, l)
		}
	}
}

// sourceOf is the key of a spool record as far as it tells of a place in a Kinesis stream.
func sourceOf(key string) string {
	if key != "" && key[0] == landedKey {
		return ""
	}
	return key
}

// record is the outcome as the lane keeps it.
func (u *unit) record() hydrant.Record {
	h := header{
		offset: u.raw.Offset, sub: u.sub, arrival: u.raw.Arrival, put: int64(len(u.input)),
		outcome: u.outcome, source: sourceOf(u.raw.Key),
		errorType: u.errorType, code: u.code, message: u.message, attempts: u.attempts, ended: u.ended, function: u.function,
	}
	switch u.outcome {
	case good:
		h.partition = u.partition
		return hydrant.Record{Key: h.key(), Data: u.data}
	case failed:
		return hydrant.Record{Key: h.key(), Data: u.input}
	}
	return hydrant.Record{Key: h.key()}
}
