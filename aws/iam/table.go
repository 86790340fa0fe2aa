package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/store/journal"
)

// table keeps the things of one kind, by account and name. A value in it is never modified: a change
// replaces it, so that readers hold what they found without a lock. Names differ in more than case.
//
//	iam/<kind>/<account>/<lower-case name>
type table[T any] struct {
	kind string
	rows map[string]map[string]*T
}

func newTable[T any](kind string) table[T] {
	return table[T]{kind: kind, rows: map[string]map[string]*T{}}
}

func (t *table[T]) prefix() string { return "iam/" + t.kind + "/" }

func (t *table[T]) key(account, name string) string {
	return t.prefix() + account + "/" + strings.ToLower(name)
}

func (t *table[T]) set(account, name string, v *T) {
	if t.rows[account] == nil {
		t.rows[account] = map[string]*T{}
	}
	t.rows[account][strings.ToLower(name)] = v
}

// load fills a table from the journal; parse makes what is not kept.
func load[T any](s *Service, t *table[T], parse func(*T) error) error {
	return journal.Each(s.journal, t.prefix(), func(key string, v T) error {
		account, name, _ := strings.Cut(strings.TrimPrefix(key, t.prefix()), "/")
		t.set(account, name, &v)
		return parse(&v)
	})
}

// find returns a value, or nil.
func find[T any](s *Service, t *table[T], account, name string) *T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return t.rows[account][strings.ToLower(name)]
}

// all are the values of an account, by name.
func all[T any](s *Service, t *table[T], account string) []*T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := t.rows[account]
	out := make([]*T, 0, len(rows))
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[name])
	}
	return out
}

// batch is a set of changes that happen together, on disk first.
type batch struct {
	s       *Service
	changes []journal.Change
	apply   []func()
}

func put[T any](b *batch, t *table[T], account, name string, v *T) {
	b.changes = append(b.changes, journal.Set(t.key(account, name), v))
	b.apply = append(b.apply, func() { t.set(account, name, v) })
}

func drop[T any](b *batch, t *table[T], account, name string) {
	b.changes = append(b.changes, journal.Unset(t.key(account, name)))
	b.apply = append(b.apply, func() { delete(t.rows[account], strings.ToLower(name)) })
}

// commit makes the changes. The caller holds s.changing.
func (b *batch) commit(ctx context.Context) error {
	if err := b.s.journal.Commit(ctx, b.changes...); err != nil {
		return err
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, f := range b.apply {
		f()
	}
	return nil
}

// save replaces one value.
func save[T any](ctx context.Context, s *Service, t *table[T], account, name string, v *T) error {
	b := &batch{s: s}
	put(b, t, account, name, v)
	return b.commit(ctx)
}

// remove deletes one value.
func remove[T any](ctx context.Context, s *Service, t *table[T], account, name string) error {
	b := &batch{s: s}
	drop(b, t, account, name)
	return b.commit(ctx)
}
