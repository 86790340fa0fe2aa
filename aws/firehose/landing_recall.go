package firehose

import (
	"context"
	"errors"
	"fmt"

	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// recall counts in the spools what has landed for a batch, where that is not known. The caller holds busy.
func (l *Landings) recall(ctx context.Context, b *landing) error {
	key := b.token.key()
	for spool, from := range b.held() {
		st := l.s.bySpool(spool)
		if !b.doubted(spool) {
			continue
		}
		landed := map[content]times{}
		for st != nil { // else it is gone with its delivery stream
			page, err := l.s.cfg.Log.Read(ctx, st.shard, from, shardlog.Limit{Bytes: scanPage})
			if errors.Is(err, shardlog.ErrNoShard) {
				break
			}
			if err != nil {
				return fmt.Errorf("read spool at %d: %w", from, err)
			}
			if len(page.Records) == 0 {
				break
			}
			for i := range page.Records {
				if r := &page.Records[i]; r.Key == key {
					h := contentOf(r.Data)
					landed[h] = times{landed: landed[h].landed + 1, offset: r.Offset}
				}
			}
			from = page.Next
		}
		b.recalled(spool, landed)
	}
	return nil
}

// recalled takes what the spool says in the place of what was thought; what the attempt has sent stays.
func (b *landing) recalled(spool string, landed map[content]times) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tally(spool)
	for h, c := range t.counts {
		if c.sent > 0 {
			l := landed[h]
			l.sent = c.sent
			landed[h] = l
		}
	}
	t.counts, t.unknown = landed, false
}
