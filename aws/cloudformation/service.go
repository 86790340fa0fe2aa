// Package cloudformation makes stacks of resources out of templates.
//
// A stack is worked on by one goroutine of its own, a chain of stages (work): what stage it is in,
// what each resource was made with and what is being done to it stands in the journal before it is
// done. A process that ends in the middle takes the stage up again when it starts: where it does not
// know whether a resource was made, it looks for it (Handler.Find) and adopts or makes it. So an
// operation interrupted by a restart is resumed, and rolls back only if a resource fails.
//
// The language of templates is package template; the resource types are Handlers, handed over by
// the house.
//
//	op_*.go      the operations, thin
//	stack.go     the nouns and what is kept of them
//	work.go      the stages of an operation
//	converge.go  making and changing resources
//	takedown.go  taking them away
//	rights.go    whose rights they are made under
//	plan.go      what an update would do, without doing it
//
// Locks: Service.mu before stack.mu before Service.exporting. A handler is never called under a lock.
package cloudformation

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service needs.
type Config struct {
	// Journal keeps everything, under "cloudformation/". It stays the caller's to close.
	Journal journal.Journal
	// Types are the resource types there are, by name ("AWS::Kinesis::Stream").
	Types map[string]Handler
	// Objects reads templates given by URL. nil refuses them.
	Objects Objects
	// Rights hold the handlers to the policies of whom a stack is worked on for. nil holds them to nothing.
	Rights Rights
	// Log receives what no client may see. nil discards it.
	Log *slog.Logger
}

// Service is CloudFormation for all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	Config

	mu      sync.RWMutex
	byName  map[stackKey]*stack // but for deleted ones
	byID    map[string]*stack
	changes map[string]*changeSet // by id

	exporting sync.RWMutex
	exports   map[exportKey]export

	// life ends with Close; running are the goroutines at work.
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

type stackKey struct {
	scope hydrant.Scope
	name  string
}

// New loads what the journal holds. Start resumes what was under way.
func New(c Config) (*Service, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c, byName: map[stackKey]*stack{}, byID: map[string]*stack{}, changes: map[string]*changeSet{}, exports: map[exportKey]export{}}
	s.life, s.end = context.WithCancel(context.Background())
	return s, s.load()
}

func (s *Service) load() error {
	uuids := map[string]*stack{}
	var old []journal.Change
	err := journal.Each(s.Journal, "cloudformation/stack/", func(_ string, info stackInfo) error {
		st := &stack{info: info, resources: map[string]*resource{}}
		if info.gone() && time.Since(info.Deleted) > keepDeleted {
			old = append(old, s.forget(st)...)
			return nil
		}
		uuids[info.uuid()] = st
		s.keep(st)
		s.publish(st)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load stacks: %w", err)
	}
	err = journal.Each(s.Journal, "cloudformation/resource/", func(key string, r resource) error {
		if st := uuids[strings.Split(key, "/")[2]]; st != nil {
			st.resources[r.Logical] = &r
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load resources: %w", err)
	}
	err = journal.Each(s.Journal, "cloudformation/event/", func(key string, e event) error {
		if st := uuids[strings.Split(key, "/")[2]]; st != nil {
			st.events = append(st.events, e)
			st.info.Events = max(st.info.Events, len(st.events))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load events: %w", err)
	}
	err = journal.Each(s.Journal, "cloudformation/changeset/", func(_ string, c changeSet) error {
		s.changes[c.ID] = &c
		return nil
	})
	if err != nil {
		return fmt.Errorf("load change sets: %w", err)
	}
	if len(old) > 0 {
		return s.Journal.Commit(s.life, old...)
	}
	return nil
}

// forget are the changes that leave nothing of a stack.
func (s *Service) forget(st *stack) []journal.Change {
	var out []journal.Change
	for _, prefix := range []string{"resource", "event"} {
		s.Journal.Range("cloudformation/"+prefix+"/"+st.info.uuid()+"/", func(key string, _ []byte) bool {
			out = append(out, journal.Unset(key))
			return true
		})
	}
	return append(out, journal.Unset(st.key()))
}

// keep files a stack under its names. The caller holds mu, or nobody else knows s.
func (s *Service) keep(st *stack) {
	s.byID[st.info.ID] = st
	if !st.info.gone() {
		s.byName[stackKey{st.info.Scope, st.info.Name}] = st
	}
}

// Start takes up what a former process left in the middle. The handlers must be able to work.
func (s *Service) Start() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, st := range s.byID {
		st.mu.Lock()
		if st.info.Work != "" && st.cancel == nil { // not what a call has begun by now
			s.Log.Info("resume stack", "stack", st.info.ID, "work", st.info.Work)
			s.run(st)
		}
		st.mu.Unlock()
	}
}

// Close stops the work on all stacks, to be resumed by the next Start, and waits for it. Nothing may
// be called afterwards.
func (s *Service) Close() error {
	s.end()
	s.running.Wait()
	return nil
}

// Wire is the service's face: the query protocol.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:      "cloudformation",
		Protocol:  wire.Query,
		Version:   "2010-05-15",
		Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		Ops: []wire.Row{
			wire.Op("CreateStack", s.CreateStack),
			wire.Op("UpdateStack", s.UpdateStack),
			wire.Op("CancelUpdateStack", s.CancelUpdateStack),
			wire.Op("ContinueUpdateRollback", s.ContinueUpdateRollback),
			wire.Op("DeleteStack", s.DeleteStack),
			wire.Op("UpdateTerminationProtection", s.UpdateTerminationProtection),

			wire.Op("DescribeStacks", s.DescribeStacks),
			wire.Op("ListStacks", s.ListStacks),
			wire.Op("DescribeStackEvents", s.DescribeStackEvents),
			wire.Op("DescribeStackResource", s.DescribeStackResource),
			wire.Op("DescribeStackResources", s.DescribeStackResources),
			wire.Op("ListStackResources", s.ListStackResources),

			wire.Op("GetTemplate", s.GetTemplate),
			wire.Op("GetTemplateSummary", s.GetTemplateSummary),
			wire.Op("ValidateTemplate", s.ValidateTemplate),

			wire.Op("CreateChangeSet", s.CreateChangeSet),
			wire.Op("DescribeChangeSet", s.DescribeChangeSet),
			wire.Op("ExecuteChangeSet", s.ExecuteChangeSet),
			wire.Op("DeleteChangeSet", s.DeleteChangeSet),
			wire.Op("ListChangeSets", s.ListChangeSets),

			wire.Op("ListExports", s.ListExports),
			wire.Op("ListImports", s.ListImports),
		},
	}
}

func validation(format string, args ...any) *hydrant.Fault {
	return hydrant.Faultf("ValidationError", format, args...)
}

// find finds a stack by name or id; a deleted one by its id only. nil where there is none.
func (s *Service) find(ctx context.Context, ref string) *stack {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if st := s.byID[ref]; st != nil && st.info.Scope == hydrant.ScopeOf(ctx) {
		return st
	}
	return s.byName[stackKey{hydrant.ScopeOf(ctx), ref}]
}
