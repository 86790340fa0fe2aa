package cwlogs_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

var scope = hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}

// house is the logs behind their wire, over files that can be opened again.
type house struct {
	t       *testing.T
	files   *vfs.Mem
	journal journal.Journal
	log     shardlog.Engine
	service *cwlogs.Service
	client  *sdk.Client
}

func open(t *testing.T) *house {
	h := &house{t: t, files: vfs.NewMem()}
	h.open()
	t.Cleanup(h.close)
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.journal, err = journal.Open(h.files, "journal"); err != nil {
		h.t.Fatal(err)
	}
	if h.log, err = segment.Open(h.files, "log", segment.Options{}); err != nil {
		h.t.Fatal(err)
	}
	if h.service, err = cwlogs.New(cwlogs.Config{Journal: h.journal, Log: h.log}); err != nil {
		h.t.Fatal(err)
	}
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.service.Wire()}}))
	h.t.Cleanup(server.Close)
	h.client = sdk.New(sdk.Options{
		BaseEndpoint: aws.String(server.URL), HTTPClient: awsbody.Over(nil), Region: scope.Region,
		Credentials:      credentials.NewStaticCredentialsProvider(scope.Account, "x", ""),
		RetryMaxAttempts: 1,
	})
}

func (h *house) close() {
	h.t.Helper()
	if err := errors.Join(h.log.Close(), h.journal.Close()); err != nil {
		h.t.Error(err)
	}
}

// reopen is a restart over the same files.
func (h *house) reopen() {
	h.t.Helper()
	h.close()
	h.open()
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got  %v\nwant %s: %s", err, code, message)
	}
}

const (
	noGroup  = "The specified log group does not exist."
	noStream = "The specified log stream does not exist."
)

func (h *house) group(name string) {
	h.t.Helper()
	must[*sdk.CreateLogGroupOutput](h.t)(h.client.CreateLogGroup(h.t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &name}))
}

func (h *house) stream(group, name string) {
	h.t.Helper()
	must[*sdk.CreateLogStreamOutput](h.t)(h.client.CreateLogStream(h.t.Context(), &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name}))
}

// put puts events a second apart, from a time on.
func (h *house) put(group, stream string, from time.Time, messages ...string) *sdk.PutLogEventsOutput {
	h.t.Helper()
	in := &sdk.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for i, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(from.Add(time.Duration(i) * time.Second).UnixMilli()), Message: aws.String(m)})
	}
	return must[*sdk.PutLogEventsOutput](h.t)(h.client.PutLogEvents(h.t.Context(), in))
}

func (h *house) get(in *sdk.GetLogEventsInput) (*sdk.GetLogEventsOutput, []string) {
	h.t.Helper()
	if in.LogGroupName == nil {
		in.LogGroupName = aws.String("g")
	}
	if in.LogStreamName == nil {
		in.LogStreamName = aws.String("s")
	}
	out := must[*sdk.GetLogEventsOutput](h.t)(h.client.GetLogEvents(h.t.Context(), in))
	got := []string{}
	for _, e := range out.Events {
		got = append(got, *e.Message)
	}
	return out, got
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

func TestGroups(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, name := range []string{"/aws/lambda/b", "/aws/lambda/a", "other"} {
		h.group(name)
	}
	_, err := h.client.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: aws.String("other")})
	fails(t, err, "ResourceAlreadyExistsException", "The specified log group already exists")
	_, err = h.client.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: aws.String("no blanks")})
	fails(t, err, "InvalidParameterException", `1 validation error detected: Value 'no blanks' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	h.reopen()
	list := func(in *sdk.DescribeLogGroupsInput) (names []string) {
		in.Limit = aws.Int32(1)
		pages := sdk.NewDescribeLogGroupsPaginator(h.client, in)
		for pages.HasMorePages() {
			for _, g := range must[*sdk.DescribeLogGroupsOutput](t)(pages.NextPage(ctx)).LogGroups {
				names = append(names, *g.LogGroupName)
			}
		}
		return names
	}
	same(t, "all", list(&sdk.DescribeLogGroupsInput{}), "/aws/lambda/a", "/aws/lambda/b", "other")
	same(t, "prefix", list(&sdk.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws")}), "/aws/lambda/a", "/aws/lambda/b")
	same(t, "pattern", list(&sdk.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("the")}), "other")
	_, err = h.client.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("b")})
	fails(t, err, "InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	h.stream("other", "s")
	h.put("other", "s", time.Now(), "four")
	h.reopen()
	g := must[*sdk.DescribeLogGroupsOutput](t)(h.client.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("other")})).LogGroups[0]
	arn := "arn:aws:logs:eu-west-1:123456789012:log-group:other"
	if *g.Arn != arn+":*" || *g.LogGroupArn != arn || *g.StoredBytes != 30 || g.RetentionInDays != nil || g.LogGroupClass != types.LogGroupClassStandard || time.Since(time.UnixMilli(*g.CreationTime)) > time.Minute {
		t.Errorf("described: %+v", g)
	}
	must[*sdk.DeleteLogGroupOutput](t)(h.client.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: aws.String("other")}))
	_, err = h.client.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: aws.String("other")})
	fails(t, err, "ResourceNotFoundException", noGroup)
	h.group("other") // anew, and empty
	h.stream("other", "s")
	if _, got := h.get(&sdk.GetLogEventsInput{LogGroupName: aws.String("other")}); len(got) > 0 {
		t.Errorf("events of the deleted group: %v", got)
	}
}

func TestStreams(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	_, err := h.client.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})
	fails(t, err, "ResourceNotFoundException", noGroup)
	h.group("g")
	now := time.Now().Truncate(time.Millisecond)
	names := []string{"2024/01/02/[$LATEST]c", "a", "b"}
	for i, name := range names {
		h.stream("g", name)
		h.put("g", name, now.Add(-time.Duration(i)*time.Minute), "x", "y")
	}
	h.stream("g", "empty")
	_, err = h.client.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})
	fails(t, err, "ResourceAlreadyExistsException", "The specified log stream already exists")
	h.reopen()
	list := func(in *sdk.DescribeLogStreamsInput) (found []string) {
		in.LogGroupName, in.Limit = aws.String("g"), aws.Int32(2)
		pages := sdk.NewDescribeLogStreamsPaginator(h.client, in)
		for pages.HasMorePages() {
			for _, s := range must[*sdk.DescribeLogStreamsOutput](t)(pages.NextPage(ctx)).LogStreams {
				found = append(found, *s.LogStreamName)
			}
		}
		return found
	}
	same(t, "by name", list(&sdk.DescribeLogStreamsInput{}), names[0], "a", "b", "empty")
	same(t, "by name, down", list(&sdk.DescribeLogStreamsInput{Descending: aws.Bool(true)}), "empty", "b", "a", names[0])
	same(t, "prefix", list(&sdk.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("2024/01")}), names[0])
	same(t, "by time", list(&sdk.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime}), "empty", "b", "a", names[0])
	same(t, "by time, down", list(&sdk.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)}), names[0], "a", "b", "empty")
	out := must[*sdk.DescribeLogStreamsOutput](t)(h.client.DescribeLogStreams(ctx, &sdk.DescribeLogStreamsInput{
		LogGroupIdentifier: aws.String("arn:aws:logs:eu-west-1:123456789012:log-group:g"), LogStreamNamePrefix: aws.String("a")}))
	s := out.LogStreams[0]
	if *s.FirstEventTimestamp != now.Add(-time.Minute).UnixMilli() || *s.LastEventTimestamp != now.Add(-59*time.Second).UnixMilli() ||
		*s.LastIngestionTime < now.UnixMilli() || *s.StoredBytes != 0 || *s.Arn != "arn:aws:logs:eu-west-1:123456789012:log-group:g:log-stream:a" {
		t.Errorf("described: %+v", s)
	}
	_, err = h.client.DescribeLogStreams(ctx, &sdk.DescribeLogStreamsInput{LogGroupName: aws.String("g"), NextToken: aws.String("!")})
	fails(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
	must[*sdk.DeleteLogStreamOutput](t)(h.client.DeleteLogStream(ctx, &sdk.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")}))
	_, err = h.client.GetLogEvents(ctx, &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})
	fails(t, err, "ResourceNotFoundException", noStream)
}

func TestPutAndGet(t *testing.T) {
	h := open(t)
	h.group("g")
	h.stream("g", "s")
	now := time.Now().Truncate(time.Millisecond)
	h.put("g", "s", now.Add(-5*time.Second), "a", "b", "c")
	if out := h.put("g", "s", now, "d", "é\n"); out.RejectedLogEventsInfo != nil || len(*out.NextSequenceToken) != 56 {
		t.Errorf("put: %+v", out)
	}
	h.reopen()
	out, got := h.get(&sdk.GetLogEventsInput{})
	same(t, "all", got, "a", "b", "c", "d", "é\n")
	if e := out.Events[0]; *e.Timestamp != now.Add(-5*time.Second).UnixMilli() || *e.IngestionTime < now.UnixMilli() {
		t.Errorf("event: %+v", e)
	}
	at := func(d time.Duration) *int64 { return aws.Int64(now.Add(d).UnixMilli()) }
	_, got = h.get(&sdk.GetLogEventsInput{StartTime: at(-4 * time.Second), EndTime: at(0)})
	same(t, "startTime inclusive, endTime not", got, "b", "c")
	_, got = h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2)})
	same(t, "the end", got, "d", "é\n")
	_, got = h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2), StartFromHead: aws.Bool(true)})
	same(t, "the head", got, "a", "b")
	_, err := h.client.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), NextToken: aws.String("f/1")})
	fails(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
}

func TestPaging(t *testing.T) {
	h := open(t)
	h.group("g")
	h.stream("g", "s")
	start := time.Now().Add(-time.Hour)
	var want []string
	for i := range 40 { // many records, several events each, some at the same instant
		m := []string{fmt.Sprintf("%d.0", i), fmt.Sprintf("%d.1", i), fmt.Sprintf("%d.2", i)}
		h.put("g", "s", start.Add(time.Duration(2*i)*time.Second), m...)
		want = append(want, m...)
	}
	var forward []string
	in := &sdk.GetLogEventsInput{StartFromHead: aws.Bool(true), Limit: aws.Int32(7)}
	for {
		out, got := h.get(in)
		forward = append(forward, got...)
		if in.NextToken != nil && *in.NextToken == *out.NextForwardToken {
			if len(got) > 0 {
				t.Fatalf("the same token with events %v", got)
			}
			break
		}
		in.NextToken = out.NextForwardToken
	}
	same(t, "forward", forward, want...)

	// A stream that is followed: the last token goes on when there is more.
	h.put("g", "s", start.Add(10*time.Minute), "late")
	_, got := h.get(in)
	same(t, "after the end", got, "late")

	var backward []string
	in = &sdk.GetLogEventsInput{Limit: aws.Int32(7)}
	for {
		out, got := h.get(in)
		backward = append(got, backward...)
		if in.NextToken != nil && *in.NextToken == *out.NextBackwardToken {
			break
		}
		in.NextToken = out.NextBackwardToken
	}
	same(t, "backward", backward, append(want, "late")...)

	// Turning round in the middle.
	page, _ := h.get(&sdk.GetLogEventsInput{StartFromHead: aws.Bool(true), Limit: aws.Int32(10)})
	_, got = h.get(&sdk.GetLogEventsInput{NextToken: page.NextForwardToken, Limit: aws.Int32(2)})
	same(t, "on", got, want[10:12]...)
	_, got = h.get(&sdk.GetLogEventsInput{NextToken: page.NextBackwardToken, Limit: aws.Int32(2)})
	same(t, "before the head", got)
	end, _ := h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2)})
	over, _ := h.get(&sdk.GetLogEventsInput{NextToken: end.NextForwardToken})
	_, got = h.get(&sdk.GetLogEventsInput{NextToken: over.NextBackwardToken, Limit: aws.Int32(1)})
	same(t, "back from behind the end", got, "late")
}

func TestUnordered(t *testing.T) {
	h := open(t)
	h.group("g")
	h.stream("g", "s")
	now := time.Now().Truncate(time.Second)
	h.put("g", "s", now.Add(-10*time.Second), "3", "4")
	h.put("g", "s", now.Add(-20*time.Second), "1", "2")
	h.put("g", "s", now.Add(-10*time.Second), "3b")
	h.put("g", "s", now.Add(-30*time.Second), "0")
	_, got := h.get(&sdk.GetLogEventsInput{})
	same(t, "all", got, "0", "1", "2", "3", "3b", "4")
	_, got = h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2)})
	same(t, "the end", got, "3b", "4")
	out, got := h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2), StartFromHead: aws.Bool(true)})
	same(t, "the head", got, "0", "1")
	out, got = h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(3), NextToken: out.NextForwardToken})
	same(t, "on", got, "2", "3", "3b")
	_, got = h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(2), NextToken: out.NextBackwardToken})
	same(t, "back", got, "0", "1")
}

func TestPutRefuses(t *testing.T) {
	h := open(t)
	h.group("g")
	h.stream("g", "s")
	put := func(in *sdk.PutLogEventsInput) (*sdk.PutLogEventsOutput, error) {
		in.LogGroupName = aws.String("g")
		if in.LogStreamName == nil {
			in.LogStreamName = aws.String("s")
		}
		return h.client.PutLogEvents(t.Context(), in)
	}
	now := time.Now()
	at := func(d time.Duration, m string) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: aws.Int64(now.Add(d).UnixMilli()), Message: aws.String(m)}
	}
	_, err := put(&sdk.PutLogEventsInput{LogStreamName: aws.String("nope"), LogEvents: []types.InputLogEvent{at(0, "a")}})
	fails(t, err, "ResourceNotFoundException", noStream)
	_, err = put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(0, "a"), at(-time.Second, "b")}})
	fails(t, err, "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")
	_, err = put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(-25*time.Hour, "a"), at(0, "b")}})
	fails(t, err, "InvalidParameterException", "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	_, err = put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(0, strings.Repeat("x", 1<<20-25))}})
	fails(t, err, "InvalidParameterException", "Upload too large: 1048577 bytes exceeds limit of 1048576")
	must[*sdk.PutLogEventsOutput](t)(put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(0, strings.Repeat("x", 1<<20-26))}}))

	out := must[*sdk.PutLogEventsOutput](t)(put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(time.Minute, "kept"), at(3*time.Hour, "too new")}}))
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooNewLogEventStartIndex != 1 || r.TooOldLogEventEndIndex != nil {
		t.Errorf("rejected: %+v", r)
	}
	out = must[*sdk.PutLogEventsOutput](t)(put(&sdk.PutLogEventsInput{LogEvents: []types.InputLogEvent{at(-15*24*time.Hour, "too old")}}))
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooOldLogEventEndIndex != 1 {
		t.Errorf("rejected: %+v", r)
	}
	_, got := h.get(&sdk.GetLogEventsInput{Limit: aws.Int32(1)})
	same(t, "what was kept", got, "kept")
}

func TestRetention(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.group("g")
	h.stream("g", "s")
	h.put("g", "s", time.Now().Add(-48*time.Hour), "old")
	h.put("g", "s", time.Now(), "new")
	retain := func(n int32) error {
		_, err := h.client.PutRetentionPolicy(ctx, &sdk.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: &n})
		return err
	}
	if err := retain(2); err == nil || !strings.Contains(err.Error(), "Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5,") {
		t.Errorf("two days: %v", err)
	}
	must[any](t)(nil, retain(1))
	h.reopen()
	_, got := h.get(&sdk.GetLogEventsInput{})
	same(t, "with a day's retention", got, "new")
	g := must[*sdk.DescribeLogGroupsOutput](t)(h.client.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{})).LogGroups[0]
	if *g.RetentionInDays != 1 {
		t.Errorf("described: %+v", g)
	}
	out := h.put("g", "s", time.Now().Add(-47*time.Hour), "expired")
	if r := out.RejectedLogEventsInfo; r == nil || *r.ExpiredLogEventEndIndex != 1 {
		t.Errorf("rejected: %+v", r)
	}
	must[*sdk.DeleteRetentionPolicyOutput](t)(h.client.DeleteRetentionPolicy(ctx, &sdk.DeleteRetentionPolicyInput{LogGroupName: aws.String("g")}))
	g = must[*sdk.DescribeLogGroupsOutput](t)(h.client.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{})).LogGroups[0]
	if g.RetentionInDays != nil {
		t.Errorf("after deletion: %+v", g)
	}
}

func (h *house) filter(in *sdk.FilterLogEventsInput) []string {
	h.t.Helper()
	in.LogGroupName = aws.String("g")
	got, seen := []string{}, map[string]bool{}
	pages := sdk.NewFilterLogEventsPaginator(h.client, in)
	for pages.HasMorePages() {
		for _, e := range must[*sdk.FilterLogEventsOutput](h.t)(pages.NextPage(h.t.Context())).Events {
			got = append(got, *e.LogStreamName+":"+*e.Message)
			if seen[*e.EventId] {
				h.t.Errorf("event id %s twice", *e.EventId)
			}
			seen[*e.EventId] = true
		}
	}
	return got
}

func TestFilter(t *testing.T) {
	h := open(t)
	h.group("g")
	for _, s := range []string{"a1", "a2", "b", "empty"} {
		h.stream("g", s)
	}
	now := time.Now().Truncate(time.Millisecond)
	h.put("g", "a1", now.Add(-10*time.Second), "ERROR 1", "ok 2", "ERROR 3")
	h.put("g", "a2", now.Add(-9*time.Second), `{"level":"warn","n":5}`, "ok 4")
	h.put("g", "b", now.Add(-9*time.Second), "ERROR 5")
	h.reopen()
	same(t, "all, interleaved", h.filter(&sdk.FilterLogEventsInput{}), "a1:ERROR 1", "a1:ok 2", `a2:{"level":"warn","n":5}`, "b:ERROR 5", "a1:ERROR 3", "a2:ok 4")
	same(t, "a term", h.filter(&sdk.FilterLogEventsInput{FilterPattern: aws.String("ERROR")}), "a1:ERROR 1", "b:ERROR 5", "a1:ERROR 3")
	same(t, "JSON", h.filter(&sdk.FilterLogEventsInput{FilterPattern: aws.String(`{ $.level = "warn" && $.n > 4 }`)}), `a2:{"level":"warn","n":5}`)
	same(t, "prefix", h.filter(&sdk.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a"), FilterPattern: aws.String("ok")}), "a1:ok 2", "a2:ok 4")
	same(t, "names", h.filter(&sdk.FilterLogEventsInput{LogStreamNames: []string{"b", "empty", "b"}}), "b:ERROR 5")
	same(t, "both ends inclusive", h.filter(&sdk.FilterLogEventsInput{
		StartTime: aws.Int64(now.Add(-9 * time.Second).UnixMilli()), EndTime: aws.Int64(now.Add(-8 * time.Second).UnixMilli()), FilterPattern: aws.String("ERROR")}), "b:ERROR 5", "a1:ERROR 3")
	_, err := h.client.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("g"), LogStreamNames: []string{"nope"}})
	fails(t, err, "ResourceNotFoundException", noStream)
	_, err = h.client.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("nope")})
	fails(t, err, "ResourceNotFoundException", noGroup)
	_, err = h.client.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String("{ $.a }")})
	fails(t, err, "InvalidParameterException", "Invalid filter pattern: an operator is missing at '}'")
}

func TestFilterPaging(t *testing.T) {
	h := open(t)
	h.group("g")
	start := time.Now().Add(-time.Hour).Truncate(time.Second)
	var want []string
	for s := range 3 {
		h.stream("g", fmt.Sprint("s", s))
	}
	for i := range 20 { // all streams at the same instants
		for s := range 3 {
			h.put("g", fmt.Sprint("s", s), start.Add(time.Duration(i)*time.Second), fmt.Sprint("hit ", i))
			want = append(want, fmt.Sprintf("s%d:hit %d", s, i))
		}
	}
	for _, limit := range []int32{1, 7, 60, 61} {
		same(t, fmt.Sprintf("pages of %d", limit), h.filter(&sdk.FilterLogEventsInput{FilterPattern: aws.String("hit"), Limit: &limit}), want...)
	}
	// A stream out of order among them.
	h.put("g", "s1", start.Add(-time.Second), "hit first")
	got := h.filter(&sdk.FilterLogEventsInput{Limit: aws.Int32(7)})
	same(t, "with a late event", got, append([]string{"s1:hit first"}, want...)...)
}

func TestTags(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	arn := aws.String("arn:aws:logs:eu-west-1:123456789012:log-group:g")
	must[*sdk.CreateLogGroupOutput](t)(h.client.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"a": "1", "b": "2"}}))
	must[*sdk.TagResourceOutput](t)(h.client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "3", "c": "4"}}))
	must[*sdk.UntagResourceOutput](t)(h.client.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))
	must[*sdk.TagLogGroupOutput](t)(h.client.TagLogGroup(ctx, &sdk.TagLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"d": "5"}}))
	must[*sdk.UntagLogGroupOutput](t)(h.client.UntagLogGroup(ctx, &sdk.UntagLogGroupInput{LogGroupName: aws.String("g"), Tags: []string{"c"}}))
	old := must[*sdk.ListTagsLogGroupOutput](t)(h.client.ListTagsLogGroup(ctx, &sdk.ListTagsLogGroupInput{LogGroupName: aws.String("g")}))
	now := must[*sdk.ListTagsForResourceOutput](t)(h.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: arn}))
	want := map[string]string{"b": "3", "d": "5"}
	if diff := cmp.Diff(want, now.Tags) + cmp.Diff(want, old.Tags); diff != "" {
		t.Error(diff)
	}
	_, err := h.client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:eu-west-1:123456789012:log-group:nope")})
	fails(t, err, "ResourceNotFoundException", noGroup)
}

func TestWrite(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	now := time.Now().Truncate(time.Millisecond).UnixMilli()
	write := func(events ...hydrant.LogEvent) {
		t.Helper()
		if err := h.service.Write(ctx, scope, "g", "s", events); err != nil {
			t.Fatal(err)
		}
	}
	write(hydrant.LogEvent{Time: now, Message: "b"}, hydrant.LogEvent{Time: now - 1, Message: "a"})
	write()
	write(hydrant.LogEvent{Time: now + 10*3600*1000, Message: "far ahead"})
	big := strings.Repeat("x", 700_000)
	write(hydrant.LogEvent{Time: now + 1, Message: big}, hydrant.LogEvent{Time: now + 1, Message: big})
	h.reopen()
	out, got := h.get(&sdk.GetLogEventsInput{StartFromHead: aws.Bool(true), Limit: aws.Int32(2)})
	same(t, "in order", got, "a", "b")
	// Two of 700 kB do not fit one reply.
	out, got = h.get(&sdk.GetLogEventsInput{NextToken: out.NextForwardToken})
	same(t, "a big one", got, big)
	out, got = h.get(&sdk.GetLogEventsInput{NextToken: out.NextForwardToken})
	same(t, "another, and the last", got, big, "far ahead")
	if ahead := time.Until(time.UnixMilli(*out.Events[1].Timestamp)); ahead > 2*time.Hour {
		t.Errorf("still %v ahead", ahead)
	}
}

// TestAWriteIsNoJournalCommit: what a write changes is in the log alone, once the stream has events.
func TestAWriteIsNoJournalCommit(t *testing.T) {
	h := open(t)
	write := func() {
		t.Helper()
		if err := h.service.Write(t.Context(), scope, "g", "s", []hydrant.LogEvent{{Time: time.Now().UnixMilli(), Message: "m"}}); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if err := h.journal.Close(); err != nil { // from here on a commit fails
		t.Fatal(err)
	}
	write()
	h.journal = must[journal.Journal](t)(journal.Open(h.files, "journal"))
}

func TestDeletionSurvivesACrash(t *testing.T) {
	h := open(t)
	h.group("g")
	h.stream("g", "s")
	h.put("g", "s", time.Now(), "x")
	// As a crash between the commit and the deletion of the shard leaves it.
	var id string
	h.journal.Range("logs/stream/", func(_ string, value []byte) bool {
		_, rest, _ := strings.Cut(string(value), `"ID":"`)
		id, _, _ = strings.Cut(rest, `"`)
		return true
	})
	if err := h.journal.Commit(t.Context(), journal.Set("logs/trash/"+id, true)); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	if _, left := h.journal.Get("logs/trash/" + id); left {
		t.Error("the mark is still there")
	}
	shard := must[shardlog.ShardID](t)(h.log.Open(t.Context(), "logs/"+id))
	if b := must[shardlog.Bounds](t)(h.log.Bounds(shard)); b.Low != b.Next {
		t.Errorf("the shard still holds %+v", b)
	}
}

func TestDeletionProtection(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	must[*sdk.CreateLogGroupOutput](t)(h.client.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: aws.String("g"), DeletionProtectionEnabled: aws.Bool(true)}))
	if _, err := h.client.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: aws.String("g")}); err == nil {
		t.Error("a protected group is gone")
	}
	must[*sdk.PutLogGroupDeletionProtectionOutput](t)(h.client.PutLogGroupDeletionProtection(ctx, &sdk.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: aws.String("g"), DeletionProtectionEnabled: aws.Bool(false)}))
	must[*sdk.DeleteLogGroupOutput](t)(h.client.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: aws.String("g")}))
}

// TestWritesBesideDeletions: whoever writes while streams come and go is told so or succeeds, and no
// shard outlives its stream.
func TestWritesBesideDeletions(t *testing.T) {
	h := open(t)
	ctx := hydrant.WithScope(t.Context(), scope)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				err := h.service.Write(ctx, scope, "g", "s", []hydrant.LogEvent{{Time: time.Now().UnixMilli(), Message: "m"}})
				if err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			_, err := h.service.DeleteLogStream(ctx, &cwlogs.LogStreamIn{LogGroupName: "g", LogStreamName: "s"})
			if err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" {
				t.Error(err)
			}
			if _, err := h.service.FilterLogEvents(ctx, &cwlogs.FilterLogEventsIn{LogGroupName: "g"}); err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if _, err := h.service.DeleteLogGroup(ctx, &cwlogs.LogGroupIn{LogGroupName: "g"}); err != nil {
		t.Error(err)
	}
	var shards []string
	j := must[journal.Journal](t)(h.reopenedLogJournal())
	j.Range("shard/", func(key string, value []byte) bool { shards = append(shards, string(value)); return true })
	if len(shards) > 0 {
		t.Errorf("left behind: %v", shards)
	}
}

// reopenedLogJournal looks at the shards the engine keeps, once it is closed.
func (h *house) reopenedLogJournal() (journal.Journal, error) {
	if err := h.log.Close(); err != nil {
		return nil, err
	}
	j, err := journal.Open(h.files, "log/shards")
	if err == nil {
		h.t.Cleanup(func() { j.Close() })
	}
	return j, err
}
