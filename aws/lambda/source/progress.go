package source

import (
	"context"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// Progress is how far a mapping has come with one shard.
type Progress struct {
	Mapping  string `json:"uuid"`
	Function string `json:"function"`
	Stream   string `json:"stream"`
	Shard    string `json:"shard"`
	Next     uint64 `json:"next"`   // the checkpoint: all below is settled
	Behind   uint64 `json:"behind"` // records between the checkpoint and the end of the shard
}

// Progress tells of every shard of every mapping of all scopes. Of a shard that has not begun it
// counts all that may be read. A stream that is gone has no shards.
func (s *Mappings) Progress(ctx context.Context) ([]Progress, error) {
	s.mu.Lock()
	var all []Mapping
	for _, e := range s.all {
		all = append(all, e.snapshot())
	}
	s.mu.Unlock()
	list := []Progress{}
	for _, m := range all {
		shards, err := s.cfg.Streams.Shards(ctx, m.Stream)
		if err != nil {
			continue
		}
		for _, shard := range shards {
			p := Progress{Mapping: m.ID, Function: m.Function, Stream: m.Stream, Shard: shard.ID}
			feed := s.feed(&m, shard.ID)
			end, err := feed.start(ctx, "LATEST", m.At)
			if err != nil {
				return nil, err
			}
			c, ok, err := journal.Load[checkpoint](s.cfg.Journal, checkpointKey(m.ID, shard.ID))
			if err != nil {
				return nil, err
			}
			if ok && !c.of(&shard) {
				c.Next = 0
			}
			if !ok {
				if c.Next, err = feed.start(ctx, m.Position, m.At); err != nil {
					return nil, err
				}
			}
			p.Next = c.Next
			if end > c.Next {
				p.Behind = end - c.Next
			}
			if m.Consumer != "" {
				p.Next, p.Behind = outer(p.Next), outer(p.Behind+maxInner-1)
			}
			list = append(list, p)
		}
	}
	return list, nil
}
