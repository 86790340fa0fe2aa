package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const (
	functionPrefix = "lambda/function/" // + account / region / name
	latest         = "$LATEST"
)

// function is a function with all that hangs on it, as it stands in the journal. A function in
// Service.fns is never modified.
type function struct {
	Scope    hydrant.Scope
	Name     string
	Latest   Configuration
	Versions []Configuration
	Aliases  map[string]AliasConfiguration
	Policies map[string]policy // by qualifier, "" for the function itself
	Tags     map[string]string
	Async    map[string]asyncSettings `json:",omitempty"` // by qualifier, "" for $LATEST
	// LayerShas names the archives of the layers that versions of the function have, by their ARNs.
	LayerShas map[string]string `json:",omitempty"`
	Reserved  *int
	Last      int // the highest version number given

	specs map[string]*runtime.Spec // by version
	// until: the function is Pending (creating) or its update InProgress so long. Not stored: a
	// restart settles it.
	until    time.Time
	creating bool
}

// unsettled reports whether the function is still on its way into its newest state.
func (f *function) unsettled() bool { return time.Now().Before(f.until) }

func (f *function) key() fnKey         { return fnKey{f.Scope, f.Name} }
func (f *function) arn() string        { return f.Scope.ARN("lambda", "function:"+f.Name) }
func (f *function) journalKey() string { return functionPrefix + f.Scope.String() + "/" + f.Name }

// prepare derives what is not stored.
func (f *function) prepare() {
	f.specs = map[string]*runtime.Spec{}
	for _, c := range append([]Configuration{f.Latest}, f.Versions...) {
		reserved := -1
		if f.Reserved != nil {
			reserved = *f.Reserved
		}
		var env map[string]string
		if c.Environment != nil {
			env = c.Environment.Variables
		}
		f.specs[c.Version] = &runtime.Spec{
			Key:      f.arn() + ":" + c.Version + " " + c.RevisionId,
			Function: f.arn(),
			Name:     f.Name,
			Version:  c.Version,
			Scope:    f.Scope,
			Runtime:  c.Runtime,
			Handler:  c.Handler,
			Memory:   c.MemorySize,
			Storage:  c.EphemeralStorage.Size,
			Timeout:  time.Duration(c.Timeout) * time.Second,
			Env:      env,
			LogGroup: c.LoggingConfig.LogGroup,
			Role:     *c.Role,
			Reserved: reserved,
		}
	}
}

// clone is a copy that may be changed.
func (f *function) clone() *function {
	b, err := json.Marshal(f)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	c := new(function)
	if err := json.Unmarshal(b, c); err != nil {
		panic("internal error: " + err.Error())
	}
	c.until, c.creating = f.until, f.creating
	return c
}

// version finds a configuration by its number or $LATEST.
func (f *function) version(v string) (*Configuration, bool) {
	if v == latest {
		return &f.Latest, true
	}
	for i := range f.Versions {
		if f.Versions[i].Version == v {
			return &f.Versions[i], true
		}
	}
	return nil, false
}

// pick finds what a qualifier names: a version, or the one an alias leads to this time.
func (f *function) pick(qualifier string) (*Configuration, bool) {
	if qualifier == "" {
		return &f.Latest, true
	}
	if a, ok := f.Aliases[qualifier]; ok {
		v := a.FunctionVersion
		if a.RoutingConfig != nil {
			at := rand.Float64()
			for other, weight := range a.RoutingConfig.AdditionalVersionWeights {
				if at -= weight; at < 0 {
					v = other
					break
				}
			}
		}
		qualifier = v
	}
	return f.version(qualifier)
}

var namePattern = regexp.MustCompile(`^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// parseName reads any of the forms in which a function is named.
func parseName(ctx context.Context, ref string) (key fnKey, qualifier string, err error) {
	m := namePattern.FindStringSubmatch(ref)
	if m == nil {
		return key, "", validation(`Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`, ref)
	}
	key = fnKey{hydrant.ScopeOf(ctx), m[3]}
	if m[1] != "" {
		key.Region = m[1]
	}
	if m[2] != "" {
		key.Account = m[2]
	}
	return key, m[4], nil
}

// find returns the function a name means, and the qualifier in it or beside it.
func (s *Service) find(ctx context.Context, ref, qualifier string) (*function, string, error) {
	key, inName, err := parseName(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	if qualifier != "" && inName != "" && qualifier != inName {
		return nil, "", invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier == "" {
		qualifier = inName
	}
	s.mu.RLock()
	f := s.fns[key]
	s.mu.RUnlock()
	if f == nil {
		return nil, "", notFound("Function not found: %s", qualified(key.ARN("lambda", "function:"+key.name), qualifier))
	}
	return f, qualifier, nil
}

// resolve returns the function and the configuration that a name and a qualifier mean.
func (s *Service) resolve(ctx context.Context, ref, qualifier string) (*function, *Configuration, error) {
	f, qualifier, err := s.find(ctx, ref, qualifier)
	if err != nil {
		return nil, nil, err
	}
	c, ok := f.pick(qualifier)
	if !ok {
		return nil, nil, notFound("Function not found: %s", qualified(f.arn(), qualifier))
	}
	return f, c, nil
}

func qualified(arn, qualifier string) string {
	if qualifier == "" {
		return arn
	}
	return arn + ":" + qualifier
}

// change replaces a function by what edit makes of a copy, once that is on disk. Instances of
// configurations that are no longer there end.
func (s *Service) change(ctx context.Context, ref string, edit func(f *function, qualifier string) error) (*function, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, qualifier, err := s.find(ctx, ref, "")
	if err != nil {
		return nil, err
	}
	f := old.clone()
	if err := edit(f, qualifier); err != nil {
		return nil, err
	}
	if err := s.store(ctx, f); err != nil {
		return nil, err
	}
	s.settle(old, f)
	return f, nil
}

// store writes a function down and shows it. The caller holds s.changing.
func (s *Service) store(ctx context.Context, f *function) error {
	maps.DeleteFunc(f.LayerShas, func(arn, _ string) bool {
		has := func(c Configuration) bool {
			return slices.ContainsFunc(c.Layers, func(l Layer) bool { return l.Arn == arn })
		}
		return !has(f.Latest) && !slices.ContainsFunc(f.Versions, has)
	})
	if err := s.cfg.Journal.Commit(ctx, journal.Set(f.journalKey(), f)); err != nil {
		return fmt.Errorf("store function %s: %w", f.arn(), err)
	}
	f.prepare()
	s.mu.Lock()
	s.fns[f.key()] = f
	s.mu.Unlock()
	return nil
}

// settle ends what only the old state of a function needed; now is nil where it is gone. The caller
// holds s.changing.
func (s *Service) settle(old, now *function) {
	keys := map[string]bool{}
	if now != nil {
		for _, spec := range now.specs {
			keys[spec.Key] = true
		}
	}
	changed := false
	for _, spec := range old.specs {
		if !keys[spec.Key] {
			changed = true
			s.pool.Retire(spec.Key)
		}
	}
	if changed {
		s.mappings.Nudge(old.arn())
	}
	for _, c := range append([]Configuration{old.Latest}, old.Versions...) {
		s.dropUnused(c.CodeSha256)
	}
	for _, sha := range old.LayerShas {
		s.dropUnused(sha)
	}
}

// dropUnused removes an archive that no version of any function or layer needs. The caller holds s.changing.
func (s *Service) dropUnused(sha string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.fns {
		for _, c := range append([]Configuration{f.Latest}, f.Versions...) {
			if c.CodeSha256 == sha {
				return
			}
		}
		for _, used := range f.LayerShas {
			if used == sha {
				return
			}
		}
	}
	for _, l := range s.layers {
		for _, v := range l.Versions {
			if v.Sha == sha {
				return
			}
		}
	}
	s.code.remove(sha, s.pool.Uses)
}

// touch marks a configuration as changed now.
func (c *Configuration) touch() {
	c.LastModified = time.Now().UTC().Format("2006-01-02T15:04:05.000+0000")
	c.RevisionId = uuid.NewString()
}

// shown is a configuration as replies carry it, named by the qualifier it was asked by.
func (f *function) shown(c *Configuration, qualifier string) *Configuration {
	out := *c
	out.FunctionArn = qualified(f.arn(), qualifier)
	if out.Environment != nil {
		out.Environment = &Environment{Variables: maps.Clone(out.Environment.Variables)}
	}
	if c.Version == latest && f.unsettled() {
		if f.creating {
			return pending(&out)
		}
		return inProgress(&out)
	}
	return &out
}

func pending(c *Configuration) *Configuration {
	c.State, c.StateReason, c.StateReasonCode = "Pending", "The function is being created.", "Creating"
	c.LastUpdateStatus = ""
	return c
}

func inProgress(c *Configuration) *Configuration {
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "InProgress", "The function is being created.", "Creating"
	return c
}

// mayUpdate refuses a change of $LATEST while one is under way, or the caller has another in mind.
func (f *function) mayUpdate(revision string) error {
	switch {
	case f.unsettled() && f.creating:
		return errPending()
	case f.unsettled():
		return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", f.arn())
	case revision != "" && revision != f.Latest.RevisionId:
		return stale()
	}
	return nil
}

func errPending() error {
	return conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
}

func runtimeRefused(name string) error {
	const known = "[nodejs20.x, provided.al2023, python3.12, java17, nodejs24.x, nodejs16.x, nodejs22.x, java8.al2, java21, java25, nodejs18.x, provided.al2, java11, python3.8, python3.9, python3.10, python3.11, python3.13, python3.14, ruby3.2, ruby3.3, ruby3.4, dotnet6, dotnet8, dotnet10, provided]"
	for _, there := range []string{"java", "ruby", "dotnet"} {
		if strings.HasPrefix(name, there) {
			return invalid("hydrant does not run the runtime %s; it runs provided.*, go1.x, python3.* and nodejs*", name)
		}
	}
	return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: %s or be a valid ARN", name, known)
}
