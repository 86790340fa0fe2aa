package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// keep is the keeper's goroutine: what has to be done but not before an append returns.
func (e *Engine) keep() {
	sweep := time.NewTimer(0) // a first look at what the time before the start has let expire
	defer sweep.Stop()
	swept := time.Now()
	for {
		var err error
		select {
		case <-e.stopping:
			return
		case <-e.kick:
			err = e.tidy()
			// Many trims make one sweep.
			sweep.Reset(max(0, e.o.SweepPause-time.Since(swept)))
		case <-sweep.C:
			err = errors.Join(e.tidy(), e.ifWriting(e.sweep))
			swept = time.Now()
			sweep.Reset(e.o.SweepEvery)
		}
		if err != nil {
			e.o.Log.Warn("the log could not be tidied; it will be tried again", "dir", e.dir, "cause", err)
		}
	}
}

// tidy does what the committer relies on.
func (e *Engine) tidy() error {
	return e.ifWriting(func() error { return errors.Join(e.sealRolled(), e.prepare(), e.keepReserve()) })
}

// ifWriting does f unless the engine has failed: then nothing on the disk is touched any more.
func (e *Engine) ifWriting(f func() error) error {
	e.mu.RLock()
	failed := e.failed
	e.mu.RUnlock()
	if failed != nil {
		return nil
	}
	return f()
}

// prepare makes the next segment before it is needed.
func (e *Engine) prepare() error {
	e.mu.RLock()
	n := len(e.segments)
	due := n > 0 && e.segments[n-1].end.Load() >= e.o.SegmentBytes/2
	e.mu.RUnlock()
	if !due {
		return nil
	}
	e.next.Lock()
	defer e.next.Unlock()
	return e.prepareLocked()
}

func (e *Engine) prepareLocked() error {
	if e.prepared != nil {
		return nil
	}
	g, err := e.createSegment(e.number)
	if err != nil {
		return fmt.Errorf("make segment %d: %w", e.number, err)
	}
	e.prepared = g
	e.number++
	return nil
}

// takePrepared gives the committer its next segment.
func (e *Engine) takePrepared() (*segment, error) {
	e.next.Lock()
	defer e.next.Unlock()
	if err := e.prepareLocked(); err != nil {
		return nil, err
	}
	g := e.prepared
	e.prepared = nil
	return g, nil
}

// rolledOver makes g the active segment for all to see, its first group being durable.
func (e *Engine) rolledOver(full, g *segment) {
	e.mu.Lock()
	if n := len(e.segments); n == 0 || e.segments[n-1] != g {
		e.segments = append(e.segments, g)
	}
	if full != nil {
		e.rolled = append(e.rolled, full)
		e.count.rolls.Add(1)
	}
	e.mu.Unlock()
	if full != nil {
		e.kickKeeper()
	}
}

// sealRolled gives full segments their footers.
func (e *Engine) sealRolled() error {
	for {
		e.mu.RLock()
		var g *segment
		if len(e.rolled) > 0 {
			g = e.rolled[0]
		}
		e.mu.RUnlock()
		if g == nil {
			return nil
		}
		if err := e.seal(g); err != nil {
			return err
		}
		e.mu.Lock()
		e.rolled = e.rolled[1:]
		e.mu.Unlock()
	}
}

// seal writes a segment's footer. Until it is written the lists are in memory; where it cannot be,
// they stay there, and a start would scan the segment. So only a failed sync is fatal.
func (e *Engine) seal(g *segment) error {
	slices.SortFunc(g.shards, func(a, b *shard) int { return cmp.Compare(a.id, b.id) })
	var extents []extent
	var lists [][]entry
	for _, s := range g.shards {
		s.mu.Lock()
		if p := s.partOf(g); p != nil {
			extents = append(extents, p.extent)
			lists = append(lists, p.index)
		}
		s.mu.Unlock()
	}
	end := g.end.Load()
	footer := appendFooter(nil, g.header, end, extents, lists)
	if size, err := g.file.Size(); err != nil {
		return err
	} else if size > end { // an earlier try
		if err := g.file.Truncate(end); err != nil {
			return err
		}
	}
	if _, err := g.file.WriteAt(footer, end); err != nil {
		return fmt.Errorf("seal %s: %w", g.path, err)
	}
	if err := g.file.Sync(); err != nil {
		return e.fail(fmt.Errorf("seal %s: %w", g.path, err))
	}
	byID := make(map[uint64]extent, len(extents))
	for _, x := range extents {
		byID[x.shard] = x
	}
	for _, s := range g.shards {
		s.mu.Lock()
		if p := s.partOf(g); p != nil {
			p.extent, p.index = byID[p.shard], nil
		}
		s.mu.Unlock()
	}
	g.sealed = true
	return nil
}

// saveLow makes the journal hold the low bounds of shards, so that their records may go. It locks
// their meta, in order.
func (e *Engine) saveLow(shards map[*shard]bool) error {
	sorted := make([]*shard, 0, len(shards))
	for s := range shards {
		sorted = append(sorted, s)
	}
	slices.SortFunc(sorted, func(a, b *shard) int { return cmp.Compare(a.id, b.id) })
	var changes []journal.Change
	var changed []*shard
	var metas []shardMeta
	for _, s := range sorted {
		s.meta.Lock()
		defer s.meta.Unlock()
		m := s.saved
		s.mu.Lock()
		m.Low, m.Time = max(m.Low, s.low), max(m.Time, s.lastTime)
		gone := s.deleted
		s.mu.Unlock()
		if gone || m == s.saved {
			continue
		}
		changes = append(changes, journal.Set(shardKey(s.id), m))
		changed, metas = append(changed, s), append(metas, m)
	}
	if len(changes) == 0 {
		return nil
	}
	err := e.journal.Commit(context.Background(), changes...)
	if errors.Is(err, journal.ErrNoSpace) && e.giveUpReserve() {
		err = e.journal.Commit(context.Background(), changes...)
	}
	if err != nil {
		return metaError(err)
	}
	for i, s := range changed {
		s.saved = metas[i]
	}
	return nil
}
