package blob

import (
	"errors"
	"strings"
)

// afterAll, put behind a prefix, is greater than every key that begins with it: no key holds this
// byte, because keys are UTF-8.
const afterAll = "\xff"

// Pager fills one Listing from keys offered in byte order. Stores list with it, so that all of
// them roll up, bound and continue alike.
type Pager struct {
	page  ListPage
	after string // nothing up to here is wanted any more
	list  Listing
}

// NewPager begins a page.
func NewPager(p ListPage) *Pager {
	if p.Max <= 0 {
		p.Max = 1000
	}
	return &Pager{page: p, after: p.After}
}

// Wants reports whether key may be part of what is left of the page.
func (g *Pager) Wants(key string) bool {
	return key > g.after && strings.HasPrefix(key, g.page.Prefix)
}

// Skips reports that no key which begins with stem is wanted, so that a folder need not be opened.
func (g *Pager) Skips(stem string) bool {
	if g.list.More || g.after >= stem+afterAll {
		return true
	}
	return !strings.HasPrefix(stem, g.page.Prefix) && !strings.HasPrefix(g.page.Prefix, stem)
}

// Offer hands over the next key that exists. info is asked only where the key itself is listed;
// ErrNoKey from it means that the object has gone meanwhile. full: the page needs no more keys.
func (g *Pager) Offer(key string, info func() (Info, error)) (full bool, err error) {
	if g.list.More {
		return true, nil
	}
	if !g.Wants(key) {
		return false, nil
	}
	if g.count() == g.page.Max {
		g.list.More = true
		g.list.Next = g.after
		return true, nil
	}
	if d := g.page.Delimiter; d != "" {
		if i := strings.Index(key[len(g.page.Prefix):], d); i >= 0 {
			common := key[:len(g.page.Prefix)+i+len(d)]
			g.list.Prefixes = append(g.list.Prefixes, common)
			g.after = common + afterAll
			return false, nil
		}
	}
	o, err := info()
	if errors.Is(err, ErrNoKey) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	g.list.Objects = append(g.list.Objects, o)
	g.after = key
	return false, nil
}

// Listing is the page so far.
func (g *Pager) Listing() Listing { return g.list }

func (g *Pager) count() int { return len(g.list.Objects) + len(g.list.Prefixes) }
