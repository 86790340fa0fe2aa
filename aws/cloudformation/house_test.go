package cloudformation_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// boxProperties are those of Test::Box, a resource type of the tests: a box in memory.
type boxProperties struct {
	Name   string
	Size   *int
	Colour string // a change needs another box
	Fail   string // "create" or "update" refuses
	Parts  []string
}

// shelf holds the boxes there are. It outlives the service, as resources do.
type shelf struct {
	mu    sync.Mutex
	boxes map[string]boxProperties
	calls []string
	// turned are the sizes of updates, "1 -> 2".
	turned []string
	// hold keeps creations of a name waiting until it is closed or their context ends.
	hold map[string]chan struct{}
	seen chan string // names whose creation is held
}

func newShelf() *shelf {
	return &shelf{boxes: map[string]boxProperties{}, hold: map[string]chan struct{}{}, seen: make(chan string, 10)}
}

func (s *shelf) called(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, what)
}

func (s *shelf) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for n := range s.boxes {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func made(name string) cloudformation.Made {
	return cloudformation.Made{ID: name, Attributes: map[string]any{"Arn": "arn:test:" + name}}
}

func (s *shelf) handler(iam bool) cloudformation.Handler {
	return &cloudformation.Typed[boxProperties]{
		Facts: cloudformation.Schema{Name: "Name", MaxName: 40, Replace: []string{"Name", "Colour"}, Attributes: []string{"Arn"}, IAM: iam},
		Make: func(ctx context.Context, _ string, p *boxProperties) (cloudformation.Made, error) {
			s.called("create " + p.Name)
			if p.Fail == "create" {
				return cloudformation.Made{}, hydrant.Faultf("InvalidArgumentException", "no such box")
			}
			s.mu.Lock()
			s.boxes[p.Name] = *p
			gate := s.hold[p.Name]
			s.mu.Unlock()
			if gate != nil {
				s.seen <- p.Name
				select {
				case <-gate:
				case <-ctx.Done():
					return cloudformation.Made{}, ctx.Err()
				}
			}
			return made(p.Name), nil
		},
		Turn: func(_ context.Context, id string, old, p *boxProperties) (cloudformation.Made, error) {
			s.called("update " + id)
			if old.Size != nil && p.Size != nil {
				s.mu.Lock()
				s.turned = append(s.turned, fmt.Sprint(*old.Size, " -> ", *p.Size))
				s.mu.Unlock()
			}
			if p.Fail == "update" {
				return cloudformation.Made{}, hydrant.Faultf("InvalidArgumentException", "stiff box")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.boxes[id] = *p
			return made(id), nil
		},
		Drop: func(_ context.Context, id string, p *boxProperties) error {
			s.called("delete " + id)
			if p.Fail == "delete" {
				return hydrant.Faultf("ResourceInUseException", "heavy box")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.boxes, id)
			return nil
		},
		Look: func(_ context.Context, id, _ string, p *boxProperties) (cloudformation.Made, error) {
			if id == "" {
				id = p.Name
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if _, ok := s.boxes[id]; !ok {
				return cloudformation.Made{}, cloudformation.ErrNotFound
			}
			return made(id), nil
		},
	}
}

// house is a service over memory, reached through the AWS SDK.
type house struct {
	*sdk.Client
	t       *testing.T
	shelf   *shelf
	service *cloudformation.Service
	journal journal.Journal
}

func newHouse(t *testing.T) *house {
	t.Helper()
	j, err := journal.Open(vfs.NewMem(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, shelf: newShelf(), journal: j}
	h.open()
	t.Cleanup(func() {
		if err := h.service.Close(); err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// open starts a service over what the journal holds.
func (h *house) open() {
	h.t.Helper()
	var err error
	h.service, err = cloudformation.New(cloudformation.Config{Journal: h.journal, Types: map[string]cloudformation.Handler{
		"Test::Box": h.shelf.handler(false), "Test::Role": h.shelf.handler(true),
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.service.Wire()}}))
	h.t.Cleanup(server.Close)
	h.Client = sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Retryer: aws.NopRetryer{}, HTTPClient: awsbody.Over(server.Client()),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	h.service.Start()
}

func (h *house) create(name, body string, parameters ...string) string {
	h.t.Helper()
	out, err := h.CreateStack(h.t.Context(), &sdk.CreateStackInput{StackName: &name, TemplateBody: &body, Parameters: given(parameters)})
	if err != nil {
		h.t.Fatal(err)
	}
	return *out.StackId
}

func (h *house) update(name, body string, parameters ...string) {
	h.t.Helper()
	if _, err := h.UpdateStack(h.t.Context(), &sdk.UpdateStackInput{StackName: &name, TemplateBody: &body, Parameters: given(parameters)}); err != nil {
		h.t.Fatal(err)
	}
}

func given(pairs []string) []types.Parameter {
	var out []types.Parameter
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Parameter{ParameterKey: &pairs[i], ParameterValue: &pairs[i+1]})
	}
	return out
}

// settle waits for the stack to be at rest and returns it.
func (h *house) settle(name string) types.Stack {
	h.t.Helper()
	for range 5000 {
		out, err := h.DescribeStacks(h.t.Context(), &sdk.DescribeStacksInput{StackName: &name})
		if err != nil {
			h.t.Fatal(err)
		}
		st := out.Stacks[0]
		if s := string(st.StackStatus); len(s) < 12 || s[len(s)-11:] != "IN_PROGRESS" {
			return st
		}
		time.Sleep(time.Millisecond)
	}
	h.t.Fatal("stack " + name + " does not come to rest")
	return types.Stack{}
}

// want holds the stack to a status when it has come to rest.
func (h *house) want(name string, status types.StackStatus) types.Stack {
	h.t.Helper()
	st := h.settle(name)
	if st.StackStatus != status {
		h.t.Fatalf("stack %s is %s (%s), want %s\n%v", name, st.StackStatus, aws.ToString(st.StackStatusReason), status, h.events(name))
	}
	return st
}

// events are the stack's, oldest first, as "logical status reason". The service is asked directly: the
// SDK closes a request's body while the transport may still look at it, which under the race
// detector now and then costs the connection of a reply as long as this one.
func (h *house) events(name string) []string {
	h.t.Helper()
	out, err := h.service.DescribeStackEvents(h.t.Context(), &cloudformation.DescribeStackEventsIn{StackName: name})
	if err != nil {
		h.t.Fatal(err)
	}
	var lines []string
	for _, e := range slices.Backward(out.StackEvents) {
		line := e.LogicalResourceId + " " + e.ResourceStatus
		if e.ResourceStatusReason != "" {
			line += " " + e.ResourceStatusReason
		}
		lines = append(lines, line)
	}
	return lines
}
