package cloudformation

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// stack is one stack and what it knows. The goroutine that works on it is the only one to change its
// resources; everything is read and written under mu.
type stack struct {
	mu        sync.Mutex
	info      stackInfo
	resources map[string]*resource // by logical id
	events    []event              // oldest first
	// cancel ends the update under way; nil where none is.
	cancel context.CancelFunc
}

// stackInfo is a stack as the journal keeps it, under cloudformation/stack/<uuid>.
type stackInfo struct {
	ID, Name string
	Scope    hydrant.Scope
	Status   string
	Reason   string
	// Work is what is being done, "" where nothing is: a restart takes it up again.
	Work    work
	Created time.Time
	Updated time.Time
	Deleted time.Time

	DisableRollback bool
	OnFailure       string
	Protected       bool
	RoleARN         string
	// As is the principal Work runs as (Rights). A role once given stays the stack's.
	As               string `json:",omitempty"`
	NotificationARNs []string
	Timeout          int
	Token            string // of the request that began Work
	Retain           []string
	Cancelled        bool

	// Current is what the stack is made of, Target what it is becoming.
	Current, Target *revision
	Outputs         []output
	// Former are the outputs before the update under way.
	Former []output `json:",omitempty"`
	Events int      // number of them, for their keys
}

// work is a stage of an operation.
type work string

const (
	creating        work = "create"
	creatingBack    work = "rollback"
	updating        work = "update"
	cleaning        work = "cleanup"
	updatingBack    work = "update-rollback"
	cleaningBack    work = "rollback-cleanup"
	deleting        work = "delete"
	deletingOnError work = "delete-failed-create"
)

// revision is a template with all it was given.
type revision struct {
	Body         string
	Parameters   map[string]string
	Capabilities []string
	Tags         []Tag
	Imports      []string
}

// output is an output as it was worked out.
type output struct{ Key, Value, Description, Export string }

// resource is one resource as the journal keeps it, under cloudformation/resource/<uuid>/<logical id>.
type resource struct {
	Logical, Type string
	made
	Status, Reason string
	Time           time.Time
	After          []string
	// DeletionPolicy and ReplacePolicy as the template gives them.
	DeletionPolicy, ReplacePolicy string
	// Intent is written before a handler makes or changes something, and taken away with its answer:
	// where a restart finds it, nobody knows whether it was done.
	Intent string `json:",omitempty"`
	Next   *made  `json:",omitempty"` // what it is being made, or made into
	// Undo says how the update under way changed it, Prior what it was.
	Undo  string `json:",omitempty"`
	Prior *made  `json:",omitempty"`
	// Half is what a failed update may have made of it in part, while that is being turned back.
	Half *made `json:",omitempty"`
	// Gone: no longer of the template; taken away when the update is through.
	Gone bool `json:",omitempty"`
	// Stale are replaced things that are still there.
	Stale []made `json:",omitempty"`
}

// made is a thing that is, or may be, there.
type made struct {
	ID         string
	Name       string // of our making
	Properties map[string]any
	Attributes map[string]any
}

// Intents and undos of a resource.
const (
	intentCreate = "create"
	intentUpdate = "update"

	undoCreate  = "create"
	undoUpdate  = "update"
	undoReplace = "replace"
)

// event is kept under cloudformation/event/<uuid>/<number>.
type event struct {
	ID, Logical, Physical, Type string
	Status, Reason              string
	Time                        time.Time
	Properties                  string
	Token                       string
}

const stackType = "AWS::CloudFormation::Stack"

func (i *stackInfo) uuid() string { return i.ID[strings.LastIndexByte(i.ID, '/')+1:] }

func (i *stackInfo) gone() bool { return i.Status == "DELETE_COMPLETE" }

// current is what the stack is described by.
func (i *stackInfo) current() *revision {
	if i.Target != nil {
		return i.Target
	}
	return i.Current
}

func (st *stack) key() string { return "cloudformation/stack/" + st.info.uuid() }

func (st *stack) resourceKey(logical string) string {
	return "cloudformation/resource/" + st.info.uuid() + "/" + logical
}

// save is the change that keeps the stack. The caller holds mu.
func (st *stack) save() journal.Change { return journal.Set(st.key(), st.info) }

func (st *stack) saveResource(r *resource) journal.Change {
	return journal.Set(st.resourceKey(r.Logical), r)
}

// generatedName is <stack>-<logical id>-<random>, as long as the type allows.
func generatedName(stack, logical string, s Schema) string {
	const random = 12
	b := make([]byte, 8)
	rand.Read(b)
	tail := base32.StdEncoding.EncodeToString(b)[:random]
	name := stack + "-" + logical + "-" + tail
	if limit := s.MaxName; limit > 0 && len(name) > limit {
		head := stack + "-" + logical
		name = strings.TrimRight(head[:limit-random-1], "-") + "-" + tail
	}
	if s.LowerName {
		name = strings.ToLower(name)
	}
	return name
}
