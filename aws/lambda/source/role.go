package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// A mapping reads as its function's role, which is asked before every read: what it no longer allows
// stops at once, and what it allows again goes on at the next attempt.

// errDenied: the function's role does not allow to read. The reader tries again, as for other trouble.
var errDenied = errors.New("source: the function's role does not allow to read the stream")

func (s *Mappings) mayRead(ctx context.Context, m *Mapping) error {
	if s.cfg.Reads == nil {
		return nil
	}
	if err := s.cfg.Reads(ctx, s.cfg.Functions.Role(m.Function), m.Stream, m.Consumer); err != nil {
		return fmt.Errorf("%w: %w", errDenied, err)
	}
	return nil
}

const deniedTail = "Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."

func denied(m *Mapping) error {
	if m.Consumer != "" {
		return invalid(fmt.Sprintf("Cannot access stream consumer %s. Please ensure the role can perform the SubscribeToShard Action on your stream consumer in IAM.", m.Consumer))
	}
	return invalid(fmt.Sprintf("Cannot access stream %s. %s", m.Stream, deniedTail))
}

// allowed is a feed whose reads are asked for.
type allowed struct {
	feed
	may func(ctx context.Context) error
}

func (a allowed) read(ctx context.Context, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	if err := a.may(ctx); err != nil {
		return nil, 0, false, err
	}
	return a.feed.read(ctx, from, limit)
}
