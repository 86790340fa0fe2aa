package lambda

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/source"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const (
	trips   = "arn:aws:kinesis:us-east-1:000000000000:stream/trips"
	fanned  = trips + "/consumer/c:1700000000"
	unknown = trips + "/consumer/d:1700000000"
)

// fannedShard is a stream with one consumer.
type fannedShard struct{ *oneShard }

func (fannedShard) Consumer(_ context.Context, arn string) (string, error) {
	if arn != fanned {
		return "", hydrant.Faultf("ResourceNotFoundException", "Consumer %s not found.", arn)
	}
	return trips, nil
}

// noLandings is a delivery stream that takes nothing: the tests here look at what is asked of it.
type noLandings struct{}

func (noLandings) Open(string) []journal.Change                  { return nil }
func (noLandings) Attempt(context.Context, string, uint64) error { return nil }
func (noLandings) Close(string) []journal.Change                 { return nil }

var _ source.Consumers = fannedShard{}

// TestFanOutOverHTTP: the ARN of a consumer is an event source as it is on AWS, and a mapping's tags are
// a resource's tags; the tag hydrant:exactly-once gives the function a trace id that bears the batch.
func TestFanOutOverHTTP(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	stream := &oneShard{moved: make(chan struct{})}
	h := newHouse(t, func(c *Config) { c.Streams, c.Landings = fannedShard{stream}, noLandings{} })
	ctx := t.Context()
	h.create("f", `sed -n 's/^[Ll]ambda-[Rr]untime-[Tt]race-[Ii]d: //p' "$TMPDIR/head" >> `+seen+`; echo "$EVENT" >> `+seen+`; OUT='{"state":{}}'`, nil)
	in := &sdk.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: aws.String(unknown), StartingPosition: types.EventSourcePositionTrimHorizon,
		Tags: map[string]string{"team": "taxi", source.OnceTag: "true"}}
	_, err := h.CreateEventSourceMapping(ctx, in)
	wantFault(t, err, "InvalidParameterValueException", "Stream consumer not found: "+unknown)
	in.EventSourceArn = aws.String(fanned)
	m, err := h.CreateEventSourceMapping(ctx, in)
	if err != nil || *m.EventSourceArn != fanned {
		t.Fatalf("%+v %v", m, err)
	}
	_, err = h.CreateEventSourceMapping(ctx, in)
	wantFault(t, err, "ResourceConflictException", `The event source arn (" `+fanned+` ")`)
	stream.put("data")
	var body []byte
	eventually(t, "an event", func() bool { body, _ = os.ReadFile(seen); return strings.Contains(string(body), "}") })
	if trace, event, _ := strings.Cut(string(body), "\n"); !strings.Contains(event, `"eventSourceARN":"`+fanned+`"`) || !strings.HasPrefix(trace, "Root=1-00000000-") || !strings.Contains(trace, ";Parent=") || !strings.Contains(trace, ";Sampled=0") {
		t.Errorf("%s", body)
	}

	tags := func() map[string]string {
		t.Helper()
		out, err := h.ListTags(ctx, &sdk.ListTagsInput{Resource: m.EventSourceMappingArn})
		if err != nil {
			t.Fatal(err)
		}
		return out.Tags
	}
	if got := tags(); len(got) != 2 || got["team"] != "taxi" {
		t.Errorf("%v", got)
	}
	if _, err := h.TagResource(ctx, &sdk.TagResourceInput{Resource: m.EventSourceMappingArn, Tags: map[string]string{"team": "limo", "a": "b"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.UntagResource(ctx, &sdk.UntagResourceInput{Resource: m.EventSourceMappingArn, TagKeys: []string{"a", source.OnceTag}}); err != nil {
		t.Fatal(err)
	}
	if got := tags(); len(got) != 1 || got["team"] != "limo" {
		t.Errorf("%v", got)
	}
	_, err = h.TagResource(ctx, &sdk.TagResourceInput{Resource: m.EventSourceMappingArn, Tags: map[string]string{source.OnceTag: "perhaps"}})
	wantFault(t, err, "InvalidParameterValueException", "true or false")
	_, err = h.ListTags(ctx, &sdk.ListTagsInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:none")})
	wantFault(t, err, "ResourceNotFoundException", "")

	upd := &sdk.UpdateEventSourceMappingInput{UUID: m.UUID, TumblingWindowInSeconds: aws.Int32(30)}
	eventually(t, "the mapping's new run", func() bool {
		g, err := h.GetEventSourceMapping(ctx, &sdk.GetEventSourceMappingInput{UUID: m.UUID})
		return err == nil && *g.State == "Enabled"
	})
	got, err := h.UpdateEventSourceMapping(ctx, upd)
	if err != nil || *got.TumblingWindowInSeconds != 30 || *got.EventSourceArn != fanned {
		t.Errorf("%+v %v", got, err)
	}
}
