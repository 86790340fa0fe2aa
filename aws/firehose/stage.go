package firehose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/store/crash"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// stage processes the records of a spool, in order, and appends what becomes of them to the shards
// of its lanes: what is to be delivered to the lane of its partition, and what failed or was dropped
// to the first. Every record leaves exactly one record for each that was taken out of it; its header
// says which that is.
//
// A function may answer differently the second time, so what it answered once counts. A round is:
// append the outcomes; journal the checkpoint behind them; let the lanes read them. After a crash
// between the first and the second, the lanes' shards tell which outcomes are there already, and
// only the others are made again. Lanes deliver nothing that no checkpoint covers.
type stage struct {
	pump
	w *worker

	// Of run alone.
	buf     buffer
	resumed bool
	there   map[outcomeOf]bool // outcomes that an interrupted round left behind the checkpoint
	parts   map[string]*lane   // open partitions
	free    []*lane            // lanes without one
	proc    *processing

	lanesDone sync.WaitGroup

	at checkpoint // changed by run alone, under mu
}

// outcomeOf names an outcome: a record of the spool, and which of those taken out of it.
type outcomeOf struct {
	offset uint64
	sub    int
}

// checkpoint is how far a spool has been processed.
type checkpoint struct {
	At      uint64    // the outcomes of all records below are in the lanes
	Lanes   int       // how many have ever been opened
	Sources positions `json:",omitempty"` // of a Kinesis source, behind what has been processed
	// Apart is how the records from At on are taken apart. A round that was interrupted is gone again
	// in its way, whatever the configuration says by then.
	Apart string `json:",omitempty"`
}

const (
	// stageRead bounds the records of the spool that one round processes, in bytes.
	stageRead = 4 << 20
	// stageGrown bounds what they may become before the round ends early.
	stageGrown = 16 << 20
)

func (w *worker) newStage() (*stage, error) {
	g := &stage{pump: newPump(&w.s.cfg, w.log), w: w}
	var err error
	g.at, _, err = journal.Load[checkpoint](w.s.cfg.Journal, stagePrefix+w.spool)
	return g, err
}

func (g *stage) sources() positions {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at.Sources
}

// low is the offset below which the stage needs nothing of the spool any more. That is not position,
// which runs ahead over offsets that no record has got.
func (g *stage) low() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at.At
}

func (g *stage) run(ctx context.Context) {
	g.pump.run(ctx, g.step, g.failed)
	g.lanesDone.Wait()
}

func (g *stage) failed(ctx context.Context, err error) {
	g.log.Warn("records are not processed; they are kept and it will be tried again", "attempt", g.attempts, "error", err)
	g.w.s.report(ctx, g.w.st.now.Load(), err)
}

// step waits until a round is due and goes it.
func (g *stage) step(ctx context.Context) error {
	if err := g.resume(ctx); err != nil {
		return err
	}
	v := g.w.st.now.Load()
	if g.proc == nil || g.proc.version != v.Version {
		p, err := g.w.s.newProcessing(v)
		if err != nil {
			return err
		}
		g.proc = p
	}
	bounds, err := g.w.s.cfg.Log.Bounds(g.w.shard)
	if err != nil {
		return fmt.Errorf("bounds of spool: %w", err)
	}
	size, interval := g.proc.hints()
	ended, err := g.buf.grow(ctx, g.w.s.cfg.Log, g.w.shard, growth{size: size, horizon: 1<<64 - 1})
	if err != nil {
		return err
	}
	flushTo := g.note(&g.buf, ended, bounds.Next)
	if due, at := g.buf.due(time.Now(), size, interval, flushTo); !due {
		g.wait(ctx, at)
		return nil
	}
	if g.w.st.now.Load().Version != v.Version {
		return nil // as in a lane
	}
	return g.round(ctx, v)
}

// resume opens the lanes and finds out what an interrupted round left in them.
func (g *stage) resume(ctx context.Context) error {
	if g.resumed {
		return nil
	}
	if low := g.w.direct.low(); low > g.at.At { // delivered before processing was enabled
		g.mu.Lock()
		g.at.At = low
		g.mu.Unlock()
	}
	g.buf = buffer{from: g.at.At, to: g.at.At}
	g.there, g.parts, g.free = map[outcomeOf]bool{}, map[string]*lane{}, nil
	for n := range max(1, g.at.Lanes) {
		l, err := g.lane(ctx, n)
		if err != nil {
			return err
		}
		if err := g.look(ctx, l, n > 0); err != nil {
			return err
		}
	}
	g.resumed = true
	g.mu.Lock()
	g.reached = max(g.reached, g.at.At) // only now: who waits for it goes on to the lanes
	g.err = nil
	g.tellLocked()
	g.mu.Unlock()
	return nil
}

// look reads what a lane has not delivered: its partition, what may be delivered because the
// checkpoint covers it, and what is there beyond that.
func (g *stage) look(ctx context.Context, l *lane, partitioned bool) error {
	horizon, covered, open := l.low(), true, false
	for from := horizon; ; {
		page, err := g.w.s.cfg.Log.Read(ctx, l.shard, from, shardlog.Limit{Bytes: scanPage})
		if low := l.low(); errors.Is(err, shardlog.ErrTrimmed) && low > from {
			from = low // delivered meanwhile, which only covered ones are
			continue
		}
		if err != nil {
			return fmt.Errorf("read lane: %w", err)
		}
		if len(page.Records) == 0 {
			break
		}
		for i := range page.Records {
			r := &page.Records[i]
			h, err := parseHeader(r.Key)
			if err != nil {
				return fmt.Errorf("record %d of %s: %w", r.Offset, l.name, err)
			}
			if h.offset >= g.at.At {
				covered = false
				g.there[outcomeOf{h.offset, h.sub}] = true
			}
			if l.tail = r.Offset + 1; covered {
				horizon = l.tail
			}
			if partitioned && !open {
				g.parts[h.partition], open = l, true
			}
		}
		from = page.Next
	}
	if partitioned && !open {
		g.free = append(g.free, l)
	}
	l.admit(horizon)
	return nil
}

// round processes what is next in the spool.
func (g *stage) round(ctx context.Context, v *state) error {
	release, err := g.w.s.token(ctx, g.proc.lambda != nil)
	if err != nil {
		return err
	}
	defer release()
	if apart := g.proc.apart; apart != g.at.Apart && len(g.there) == 0 {
		at := g.at
		at.Apart = apart
		if err := g.journal(ctx, at); err != nil {
			return err
		}
	}
	units, next, sources, err := g.read(ctx)
	if err != nil {
		return err
	}
	if err := g.proc.run(ctx, v, units); err != nil {
		return err
	}
	batches, ends, err := g.assign(ctx, v, units)
	if err != nil {
		return err
	}
	if len(batches) > 0 {
		if err := g.w.s.cfg.Log.Append(context.WithoutCancel(ctx), batches); err != nil {
			g.resumed = false // who knows what is there
			return fmt.Errorf("append what was processed: %w", err)
		}
	}
	crash.Point("firehose.stage", "append")
	for i, l := range ends {
		l.tail = batches[i].Records[len(batches[i].Records)-1].Offset + 1
	}
	at := g.at
	at.At = next
	at.Sources = maps.Clone(at.Sources).merge(sources)
	if err := g.journal(ctx, at); err != nil {
		g.resumed = false
		return err
	}
	crash.Point("firehose.stage", "checkpoint")
	clear(g.there) // covered now
	for _, l := range g.w.processed() {
		l.admit(l.tail)
	}
	g.buf = buffer{from: next, to: next}
	g.w.trimSpool(ctx)
	g.moved(next)
	g.w.s.measureRound(v, g.proc, units)
	g.w.s.reportFailed(ctx, v, units)
	return nil
}

func (g *stage) journal(ctx context.Context, at checkpoint) error {
	if err := g.w.s.cfg.Journal.Commit(ctx, journal.Set(stagePrefix+g.w.spool, &at)); err != nil {
		return fmt.Errorf("journal checkpoint: %w", err)
	}
	g.mu.Lock()
	g.at = at
	g.mu.Unlock()
	return nil
}

// read takes the next records out of the spool and apart.
func (g *stage) read(ctx context.Context) (units []*unit, next uint64, sources positions, err error) {
	sources, next = positions{}, g.at.At
	for read, grown := 0, 0; read < stageRead && grown < stageGrown; {
		page, err := g.w.s.cfg.Log.Read(ctx, g.w.shard, next, shardlog.Limit{Bytes: scanPage})
		if err != nil {
			return nil, 0, nil, fmt.Errorf("read spool at %d: %w", next, err)
		}
		if len(page.Records) == 0 {
			break
		}
		end := page.Next
		for i := range page.Records {
			r := &page.Records[i]
			read += len(r.Data)
			sources.note(r)
			for _, u := range takenApart(r, g.at.Apart) {
				grown += len(u.data)
				if !g.there[outcomeOf{r.Offset, u.sub}] {
					units = append(units, u)
				}
			}
			if grown >= stageGrown {
				end = r.Offset + 1
				break
			}
		}
		next = end
	}
	return units, next, sources, nil
}
