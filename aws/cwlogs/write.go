package cwlogs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// Write adds events to a stream for the rest of the house, and makes the group and the stream where
// they are not there. It returns when they are durable. Events are brought into order; one that
// lies more than two hours ahead is taken to be of then, as far ahead as any event may be.
func (s *Service) Write(ctx context.Context, scope hydrant.Scope, group, name string, events []hydrant.LogEvent) error {
	if len(events) == 0 {
		return nil
	}
	scope = scope.Or()
	g, st, err := s.ensure(ctx, scope, group, name)
	if err != nil {
		return err
	}
	latest := time.Now().Add(maxAhead).UnixMilli()
	sorted := slices.Clone(events)
	for i := range sorted {
		sorted[i].Time = min(sorted[i].Time, latest)
	}
	slices.SortStableFunc(sorted, func(a, b hydrant.LogEvent) int { return cmp.Compare(a.Time, b.Time) })
	for len(sorted) > 0 {
		n, size := 0, 0
		for n < len(sorted) && (n == 0 || size+len(sorted[n].Message)+eventBytes <= maxPutBytes) {
			size += len(sorted[n].Message) + eventBytes
			n++
		}
		if err := s.append(ctx, scope, g, st, sorted[:n]); err != nil {
			return err
		}
		sorted = sorted[n:]
	}
	return nil
}

// ensure finds a group and a stream that is about to get events, or makes them in one commit.
func (s *Service) ensure(ctx context.Context, sc hydrant.Scope, group, name string) (storedGroup, storedStream, error) {
	if g, st, err := s.both(sc, group, name); err == nil && st.Shard {
		return g, st, nil
	}
	s.control.Lock()
	defer s.control.Unlock()
	var changes []journal.Change
	g, err := s.group(sc, group)
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		g = storedGroup{Name: group, Created: time.Now().UnixMilli(), Class: "STANDARD"}
		changes = append(changes, journal.Set(groupKey(sc, group), g))
		err = nil
	}
	if err != nil {
		return g, storedStream{}, err
	}
	st, err := s.stored(sc, group, name)
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		st = storedStream{Name: name, Created: time.Now().UnixMilli(), ID: uuid.NewString(), key: st.key}
		err = nil
	}
	if err != nil {
		return g, st, err
	}
	if !st.Shard {
		st.Shard = true
		changes = append(changes, journal.Set(streamKey(sc, group, name), st))
	}
	if len(changes) == 0 {
		return g, st, nil
	}
	return g, st, s.journal.Commit(ctx, changes...)
}
