package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

// faultsCmd is `hydrant faults`.
type faultsCmd struct {
	Add   faultsAddCmd   `cmd:"" help:"Let calls go wrong by a rule: kinesis:PutRecords:stream=trips error=ProvisionedThroughputExceededException p=0.1"`
	List  faultsListCmd  `cmd:"" help:"Print the rules in force and how often they struck."`
	Clear faultsClearCmd `cmd:"" help:"Take rules away: one by its id, or all."`
}

type faultsAddCmd struct {
	remote `embed:""`
	Seed   *uint64  `help:"Seed of the chances, so that a test repeats." placeholder:"N"`
	Rule   []string `arg:"" help:"A rule: SERVICE:OPERATION[:KIND=NAME] and what happens. Give it in quotes, or as words."`
}

// Run adds one rule, whose words may come apart, or several in quotes.
func (c *faultsAddCmd) Run(ctx context.Context) error {
	in := faultRequest{Seed: c.Seed}
	for _, text := range inRules(c.Rule) {
		r, err := faults.Parse(text)
		if err != nil {
			return hinted{err, "docs/faults.md has the grammar and examples"}
		}
		in.Rules = append(in.Rules, r)
	}
	return c.change(ctx, http.MethodPost, in)
}

// inRules joins words that belong to the rule before them.
func inRules(args []string) (rules []string) {
	for _, a := range args {
		head, _, _ := strings.Cut(a, " ")
		key, _, isSetting := strings.Cut(head, "=")
		if isSetting && !strings.Contains(key, ":") || !strings.Contains(head, ":") {
			if n := len(rules); n > 0 {
				rules[n-1] += " " + a
				continue
			}
		}
		rules = append(rules, a)
	}
	return rules
}

type faultsListCmd struct {
	remote `embed:""`
}

// Run prints the rules.
func (c *faultsListCmd) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodGet, nil)
}

type faultsClearCmd struct {
	remote `embed:""`
	ID     int `arg:"" optional:"" help:"Of the rule; without it all rules go."`
}

// Run takes rules away and prints what is left.
func (c *faultsClearCmd) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodDelete, faultRequest{ID: c.ID})
}

// change makes a call to the fault table and prints how it then is.
func (r *remote) change(ctx context.Context, method string, in any) error {
	var out faultReply
	if err := r.call(ctx, method, "/_hydrant/faults", in, &out); err != nil {
		return err
	}
	if len(out.Rules) == 0 {
		fmt.Fprintln(os.Stderr, "hydrant: no rules: nothing fails on purpose")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tHITS\tENDS\tRULE")
	for _, s := range out.Rules {
		ends := "-"
		if s.Ends != nil {
			ends = s.Ends.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\n", s.ID, s.Hits, ends, s.Rule)
	}
	return w.Flush()
}

// faultRequest is the body of a change to the fault table.
type faultRequest struct {
	Seed  *uint64       `json:"seed,omitempty"`
	Rules []faults.Rule `json:"rules,omitempty"`
	ID    int           `json:"id,omitempty"` // of the rule to take away; 0 means all
}

// faultReply is how the table is.
type faultReply struct {
	Seed  uint64          `json:"seed"`
	Rules []faults.Status `json:"rules"`
}

// handleFaults shows and changes the fault table: POST adds rules, PUT puts them in the place of those
// that are there, DELETE takes away.
func (s *server) handleFaults(w http.ResponseWriter, r *http.Request) {
	h := s.house.Load()
	var in faultRequest
	if r.Method != http.MethodGet && r.ContentLength != 0 {
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			reply(w, http.StatusBadRequest, problem{`the body must be {"rules": [...], "seed": N}: ` + err.Error()})
			return
		}
	}
	for i := range in.Rules {
		if err := served(h.services(), &in.Rules[i]); err != nil {
			reply(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
	}
	switch r.Method {
	case http.MethodPut:
		h.faults.Remove(0)
	case http.MethodDelete:
		if h.faults.Remove(in.ID) == 0 && in.ID != 0 {
			reply(w, http.StatusNotFound, problem{"no rule has the id " + strconv.Itoa(in.ID)})
			return
		}
	}
	if in.Seed != nil {
		h.faults.Seed(*in.Seed)
	}
	h.faults.Add(in.Rules...)
	var out faultReply
	out.Seed, out.Rules = h.faults.List()
	reply(w, http.StatusOK, out)
}

// served refuses a rule for what is not here: it would never strike, and a test would pass for it.
func served(services []wire.Service, r *faults.Rule) error {
	if r.Service != "*" && !slices.ContainsFunc(services, func(s wire.Service) bool { return s.Name == r.Service }) {
		names := make([]string, len(services))
		for i := range services {
			names[i] = services[i].Name
		}
		return fmt.Errorf("no service here is called %s; there are %s", r.Service, strings.Join(names, ", "))
	}
	for _, s := range services {
		if (r.Service == "*" || r.Service == s.Name) &&
			(r.Operation == "*" || slices.ContainsFunc(s.Ops, func(o wire.Row) bool { return o.Name == r.Operation })) {
			return nil
		}
	}
	return fmt.Errorf("%s has no operation %s here", r.Service, r.Operation)
}

// faultTable is the table a house begins with.
func (c *Config) faultTable(services []wire.Service) (*faults.Table, error) {
	t := new(faults.Table)
	if c.FaultSeed != nil {
		t.Seed(*c.FaultSeed)
	}
	for _, text := range c.Faults {
		r, err := faults.Parse(text)
		if err == nil {
			err = served(services, &r)
		}
		if err != nil {
			return nil, hinted{fmt.Errorf("--fault %q: %w", text, err), "docs/faults.md has the grammar and examples"}
		}
		t.Add(r)
	}
	return t, nil
}
