package faults

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// Table holds the rules in force. Its zero value has none. All methods may be called at once.
type Table struct {
	armed atomic.Bool // there are rules: all that a call costs without any

	mu    sync.Mutex
	seed  uint64
	rng   *rand.Rand
	rules []*active
	last  int // id given out
}

// active is a rule and what became of it.
type active struct {
	Rule
	id   int
	hits int
	ends time.Time // zero: never
}

// Status is a rule as it is listed.
type Status struct {
	ID   int        `json:"id"`
	Rule string     `json:"rule"`
	Hits int        `json:"hits"` // calls or entries it struck
	Ends *time.Time `json:"ends,omitempty"`
}

// Add puts rules behind those that are there, and returns their ids.
func (t *Table) Add(rules ...Rule) []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := make([]int, 0, len(rules))
	for _, r := range rules {
		t.last++
		a := &active{Rule: r, id: t.last}
		if r.For > 0 {
			a.ends = time.Now().Add(r.For)
		}
		t.rules = append(t.rules, a)
		ids = append(ids, a.id)
	}
	if t.rng == nil {
		t.reseed(rand.Uint64())
	}
	t.armed.Store(len(t.rules) > 0)
	return ids
}

// Seed makes what is drawn from now on repeatable, as far as calls come in the same order.
func (t *Table) Seed(seed uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reseed(seed)
}

func (t *Table) reseed(seed uint64) { t.seed, t.rng = seed, rand.New(rand.NewPCG(seed, 0)) }

// Remove takes away the rule with an id; 0 means all. It returns how many went.
func (t *Table) Remove(id int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.rules)
	t.rules = slices.DeleteFunc(t.rules, func(a *active) bool { return id == 0 || a.id == id })
	t.armed.Store(len(t.rules) > 0)
	return before - len(t.rules)
}

// List tells of the rules in force and of those that are spent.
func (t *Table) List() (seed uint64, list []Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list = []Status{}
	for _, a := range t.rules {
		s := Status{ID: a.id, Rule: a.String(), Hits: a.hits}
		if !a.ends.IsZero() {
			s.Ends = &a.ends
		}
		list = append(list, s)
	}
	return t.seed, list
}

// Plan is what is to go wrong with a call. The zero value is nothing.
type Plan struct {
	Latency time.Duration
	Fault   *hydrant.Fault // instead of the call
	Drop    bool           // instead of the call
	DropEnd bool           // instead of the answer
	Entries *Entries       // for the service to ask about each record; nil: none is refused
}

// Armed reports whether there are rules at all.
func (t *Table) Armed() bool { return t != nil && t.armed.Load() }

// Plan draws for a call. in is its input.
func (t *Table) Plan(service, op, account string, in any) (p Plan) {
	names := map[string]string{}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	var entries []*active
	for _, a := range t.rules {
		if a.Service != "*" && a.Service != service || a.Operation != "*" && a.Operation != op || a.spent(now) {
			continue
		}
		if a.Scope == scopeEntry {
			entries = append(entries, a)
			continue
		}
		if a.Kind != "" && named(names, in, a.Kind) != a.Name {
			continue
		}
		if p.Fault != nil || p.Drop || !t.strikes(a) {
			continue
		}
		if a.LatencyMax > 0 {
			p.Latency += a.Latency + time.Duration(t.rng.Int64N(int64(a.LatencyMax-a.Latency)+1))
		}
		switch {
		case a.Error != "":
			p.Fault = a.fault(service, anyName(names, in), account)
		case a.Drop == dropBefore:
			p.Drop = true
		case a.Drop == dropAfter:
			p.DropEnd = true
		}
	}
	if len(entries) > 0 {
		p.Entries = &Entries{t, entries}
	}
	return p
}

func (a *active) spent(now time.Time) bool {
	return a.Count > 0 && a.hits >= a.Count || !a.ends.IsZero() && now.After(a.ends)
}

// strikes draws for one rule, under mu.
func (t *Table) strikes(a *active) bool {
	if a.P < 1 && t.rng.Float64() >= a.P {
		return false
	}
	a.hits++
	return true
}

// named is the name of the resource of a kind in an input. seen holds those looked for.
func named(seen map[string]string, in any, kind string) string {
	if name, ok := seen[kind]; ok {
		return name
	}
	name := ""
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() == reflect.Struct {
		for _, member := range kinds[kind] {
			if f := v.FieldByName(member); f.IsValid() && f.Kind() == reflect.String && f.String() != "" {
				name = bare(f.String(), kind)
				break
			}
		}
	}
	seen[kind] = name
	return name
}

// bare is the name in an ARN, or what is a name already.
func bare(name, kind string) string {
	if !strings.HasPrefix(name, "arn:") {
		if kind == "function" { // NAME:QUALIFIER, ACCOUNT:function:NAME
			if _, after, ok := strings.Cut(name, "function:"); ok {
				name = after
			}
			name, _, _ = strings.Cut(name, ":")
		}
		return name
	}
	mark := map[string]string{"stream": ":stream/", "delivery-stream": ":deliverystream/", "function": ":function:"}[kind]
	_, after, ok := strings.Cut(name, mark)
	if !ok {
		return ""
	}
	after, _, _ = strings.Cut(after, "/") // a consumer's
	after, _, _ = strings.Cut(after, ":")
	return after
}

func anyName(seen map[string]string, in any) string {
	for _, kind := range []string{"stream", "delivery-stream", "function"} {
		if name := named(seen, in, kind); name != "" {
			return name
		}
	}
	return ""
}

// Entries decides about the records of one call. A nil one spares all.
type Entries struct {
	t     *Table
	rules []*active
}

// Refuse draws for the next record of a resource and returns the code it is refused with, or "".
func (e *Entries) Refuse(resource string) string {
	if e == nil {
		return ""
	}
	now := time.Now()
	e.t.mu.Lock()
	defer e.t.mu.Unlock()
	for _, a := range e.rules {
		if (a.Kind == "" || a.Name == resource) && !a.spent(now) && e.t.strikes(a) {
			return a.Error
		}
	}
	return ""
}

type entriesKey struct{}

// WithEntries hands what is decided about a call's records to its service.
func WithEntries(ctx context.Context, e *Entries) context.Context {
	return context.WithValue(ctx, entriesKey{}, e)
}

// EntriesOf is what is decided about the call's records; nil: none is refused.
func EntriesOf(ctx context.Context) *Entries {
	e, _ := ctx.Value(entriesKey{}).(*Entries)
	return e
}
