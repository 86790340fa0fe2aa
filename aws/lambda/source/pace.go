package source

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// What AWS lets a mapping see of a shard (with Config.Limits): a shard without news is asked once a
// second, and no more than so many bytes a second come out of it, to all pollers or to one consumer.
const (
	baseRate   = time.Second
	shardBytes = 2 << 20 // a second
)

// pace holds one reader of one shard to these rates. A nil pace holds nobody.
type pace struct {
	poll bool      // asks at the base rate; else it is told
	last time.Time // of the last question
	free time.Time // the bytes read so far are paid for then
}

// await returns when the shard may be asked again.
func (p *pace) await(ctx context.Context) error {
	if p == nil {
		return nil
	}
	if err := pass(ctx, time.Until(p.free)); err != nil {
		return err
	}
	p.last = time.Now()
	return nil
}

// spend counts what was read. Without news the next question is due at the base rate.
func (p *pace) spend(recs []hydrant.Record) {
	if p == nil {
		return
	}
	size := 0
	for i := range recs {
		size += recs[i].Size()
	}
	p.free = time.Now().Add(time.Duration(size) * time.Second / shardBytes)
}

// tick returns at the next turn of a poller that has been told of news. Sleeping until there are some
// and then until the turn looks the same from outside as asking at every turn, and costs nothing.
func (p *pace) tick(ctx context.Context) error {
	if p == nil || !p.poll || p.last.IsZero() {
		return nil
	}
	late := time.Since(p.last) % baseRate
	return pass(ctx, baseRate-late)
}

// pass lets time pass, or returns ctx's error.
func pass(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
