package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// write is points of one series on their way to the log.
type write struct {
	series series
	points []point
}

// write appends points and returns when all are durable. Their series are in the index before, so that
// nothing is in the log that cannot be found.
func (s *Service) write(ctx context.Context, writes []write) error {
	if len(writes) == 0 {
		return nil
	}
	today := dayOf(time.Now())
	if err := s.note(ctx, writes, today); err != nil {
		return fmt.Errorf("cloudwatch: index: %w", err)
	}
	err := s.append(ctx, writes)
	if errors.Is(err, shardlog.ErrNoShard) { // deleted as expired between two looks at it
		err = s.append(ctx, writes)
	}
	if err != nil {
		return fmt.Errorf("cloudwatch: %w", err)
	}
	if err := s.sweep(ctx, today); err != nil {
		s.logger.Warn("expired metrics stay in the index", "err", err)
	}
	return nil
}

func (s *Service) append(ctx context.Context, writes []write) error {
	ids, err := s.open(ctx, writes)
	if err != nil {
		return err
	}
	var batches []shardlog.Batch
	at := map[shardlog.ShardID]int{}
	for i, w := range writes {
		n, ok := at[ids[i]]
		if !ok {
			n = len(batches)
			at[ids[i]] = n
			batches = append(batches, shardlog.Batch{Shard: ids[i]})
		}
		batches[n].Records = append(batches[n].Records, hydrant.Record{Key: w.series.dimensions, Data: encodePoints(w.points)})
	}
	err = s.log.Append(ctx, batches)
	if errors.Is(err, shardlog.ErrNoShard) {
		s.shardsMu.Lock()
		clear(s.shards)
		s.shardsMu.Unlock()
	}
	return err
}

// open finds the shards of series, making those that are not there: many at a time, so that they share
// commits.
func (s *Service) open(ctx context.Context, writes []write) ([]shardlog.ShardID, error) {
	ids := make([]shardlog.ShardID, len(writes))
	missing := map[string][]int{}
	s.shardsMu.RLock()
	for i, w := range writes {
		name := w.series.shard()
		if id, ok := s.shards[name]; ok {
			ids[i] = id
		} else {
			missing[name] = append(missing[name], i)
		}
	}
	s.shardsMu.RUnlock()
	if len(missing) == 0 {
		return ids, nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(64)
	for name, of := range missing {
		g.Go(func() error {
			id, err := s.log.Open(ctx, name)
			if err != nil {
				return err
			}
			if err := s.log.SetRetention(ctx, id, retention); err != nil {
				return err
			}
			for _, i := range of {
				ids[i] = id
			}
			s.shardsMu.Lock()
			s.shards[name] = id
			s.shardsMu.Unlock()
			return nil
		})
	}
	return ids, g.Wait()
}

func dayOf(t time.Time) string { return strconv.FormatInt(t.Unix()/86400, 10) }

// note keeps in the journal that series got data today.
func (s *Service) note(ctx context.Context, writes []write, today string) error {
	fresh := func(key string) bool {
		v, ok := s.journal.Get(key)
		return ok && string(v) == today
	}
	keys := make([]string, 0, len(writes))
	for _, w := range writes {
		if key := w.series.key(); !fresh(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	changes := make([]journal.Change, len(keys))
	for i, key := range keys {
		changes[i] = journal.Change{Key: key, Value: []byte(today)}
	}
	s.control.Lock()
	defer s.control.Unlock()
	return s.journal.Commit(ctx, changes...)
}

// sweep takes from the index, once a day, the series whose data has all expired, and deletes the shards
// of metrics that have none left.
func (s *Service) sweep(ctx context.Context, today string) error {
	s.control.Lock()
	defer s.control.Unlock()
	if s.swept == today {
		return nil
	}
	day, err := strconv.Atoi(today)
	if err != nil {
		return err
	}
	oldest := day - int(retention/(24*time.Hour)) - 1
	var changes []journal.Change
	left, gone := map[string]bool{}, map[string]bool{}
	s.journal.Range(indexPrefix, func(key string, value []byte) bool {
		of, ok := seriesOf(key)
		if !ok {
			return true
		}
		if last, err := strconv.Atoi(string(value)); err == nil && last < oldest {
			changes = append(changes, journal.Unset(strings.Clone(key)))
			gone[of.shard()] = true
		} else {
			left[of.shard()] = true
		}
		return true
	})
	for name := range gone {
		if left[name] {
			continue
		}
		id, err := s.log.Open(ctx, name)
		if err != nil {
			return err
		}
		if err := s.log.Delete(ctx, id); err != nil {
			return err
		}
		s.shardsMu.Lock()
		delete(s.shards, name)
		s.shardsMu.Unlock()
	}
	if err := s.journal.Commit(ctx, changes...); err != nil {
		return err
	}
	s.swept = today
	return nil
}
