package source

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// A batch of a mapping with the tag hydrant:exactly-once is written down before the function sees it:
// its bounds stand in the checkpoint (Next to Until). So a restart cuts the same batch, and its token,
// made of the bounds, is the same for every attempt. The function's SDK carries the token into its
// calls (X-Amzn-Trace-Id); the delivery stream that hears it knows what of a batch it has got.
//
// A checkpoint inside a batch (a partial failure, a bisected half) makes a new batch of what is left,
// with a token nothing is known of: what of it had landed lands again. See docs/decisions/0142.

// tokenOf names a batch by its bounds. It begins with zeros where a trace has the time it began, so that
// it is taken for no other.
func (r *reader) tokenOf(c checkpoint) string {
	var n [16]byte
	binary.BigEndian.PutUint64(n[0:], c.Next)
	binary.BigEndian.PutUint64(n[8:], c.Until)
	h := sha256.Sum256(append([]byte("once/"+r.m.ID+"/"+r.shard+"/"), n[:]...))
	return "00000000" + hex.EncodeToString(h[:12])
}

// Trace is the X-Ray header of the nth attempt of a token.
func Trace(token string, n uint64) string {
	return fmt.Sprintf("Root=1-%s-%s;Parent=%016x;Sampled=0", token[:8], token[8:], n)
}

// turnover is what has to be committed with a checkpoint so that the tokens in use are those of the
// bounds that are written down.
func (r *reader) turnover(next checkpoint) (changes []journal.Change) {
	land := r.set.cfg.Landings
	if land == nil || r.point.Until == 0 && next.Until == 0 {
		return nil
	}
	if r.point.Until > 0 {
		changes = append(changes, land.Close(r.tokenOf(r.point))...)
	}
	if next.Until > 0 {
		changes = append(changes, land.Open(r.tokenOf(next))...)
	}
	return changes
}

// closing is what forgets the token of a checkpoint that is itself forgotten.
func (s *Mappings) closing(mapping, shard string, c checkpoint) []journal.Change {
	if s.cfg.Landings == nil || c.Until == 0 {
		return nil
	}
	r := reader{run: &run{m: Mapping{ID: mapping}}, shard: shard}
	return s.cfg.Landings.Close(r.tokenOf(c))
}

// attempt begins an attempt of the batch in hand and returns the trace header that tells of it.
func (r *reader) attempt(ctx context.Context) (trace string, err error) {
	if r.token == "" {
		return "", nil
	}
	n := r.set.attempts.Add(1)
	return Trace(r.token, n), r.set.cfg.Landings.Attempt(ctx, r.token, n)
}

// regather takes the batch whose bounds are written down.
func (r *reader) regather(until uint64) (b batch, err error) {
	b.next = until
	for from := r.point.Next; from < until; {
		recs, next, end, err := r.feed.read(r.soft, from, shardlog.Limit{Records: 10_000, Bytes: maxEvent})
		if err != nil {
			return b, err
		}
		for i := range recs {
			if recs[i].Offset < until && r.filters.pass(&recs[i]) {
				b.recs = append(b.recs, recs[i])
			}
		}
		if end || next <= from {
			break
		}
		from = next
	}
	return b, nil
}
