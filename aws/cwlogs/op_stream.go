package cwlogs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type LogStreamIn struct {
	LogGroupName  string `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogStreamName string `json:"logStreamName" required:"" min:"1" max:"512" pattern:"[^:*]*"`
}

// CreateLogStream makes a log stream.
//
//	Wire     Logs_20140328.CreateLogStream over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestStreams
func (s *Service) CreateLogStream(ctx context.Context, in *LogStreamIn) (*Empty, error) {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	if _, err := s.group(sc, in.LogGroupName); err != nil {
		return nil, err
	}
	key := streamKey(sc, in.LogGroupName, in.LogStreamName)
	if _, ok := s.journal.Get(key); ok {
		return nil, exists("stream")
	}
	st := storedStream{Name: in.LogStreamName, Created: time.Now().UnixMilli(), ID: uuid.NewString()}
	return &Empty{}, s.journal.Commit(ctx, journal.Set(key, st))
}

// DeleteLogStream forgets a log stream and its events.
//
//	Wire     Logs_20140328.DeleteLogStream over json 1.1
//	Durable  in the journal before the reply; the events follow
//	Proof    TestStreams
func (s *Service) DeleteLogStream(ctx context.Context, in *LogStreamIn) (*Empty, error) {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	_, st, err := s.both(sc, in.LogGroupName, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	return &Empty{}, s.remove(ctx, []storedStream{st}, journal.Unset(streamKey(sc, in.LogGroupName, in.LogStreamName)))
}

type DescribeLogStreamsIn struct {
	LogGroupName        string `json:"logGroupName" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogGroupIdentifier  string `json:"logGroupIdentifier" min:"1" max:"2048" pattern:"[\\w#+=/:,.@-]*"`
	LogStreamNamePrefix string `json:"logStreamNamePrefix" min:"1" max:"512" pattern:"[^:*]*"`
	OrderBy             string `json:"orderBy" enum:"LogStreamName|LastEventTime"`
	Descending          bool   `json:"descending"`
	NextToken           string `json:"nextToken" min:"1"`
	Limit               *int   `json:"limit" min:"1" max:"50"`
}

// LogStream is a log stream as clients see it. Times are absent before the first event.
type LogStream struct {
	LogStreamName       string `json:"logStreamName"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp *int64 `json:"firstEventTimestamp"`
	LastEventTimestamp  *int64 `json:"lastEventTimestamp"`
	LastIngestionTime   *int64 `json:"lastIngestionTime"`
	UploadSequenceToken string `json:"uploadSequenceToken"`
	Arn                 string `json:"arn"`
	StoredBytes         int64  `json:"storedBytes"`
}

type DescribeLogStreamsOut struct {
	LogStreams []LogStream `json:"logStreams"`
	NextToken  string      `json:"nextToken"`
}

// streamToken is the last stream shown.
type streamToken struct {
	Time int64 // of its last event, when listed by that
	Name string
}

// DescribeLogStreams lists the streams of a group by name or by the time of their last event.
//
//	Wire     Logs_20140328.DescribeLogStreams over json 1.1
//	Limits   maxListed (limits.go)
//	Differs  lastEventTimestamp is exact at once; firstEventTimestamp stays after that event expired
//	Proof    TestStreams
func (s *Service) DescribeLogStreams(ctx context.Context, in *DescribeLogStreamsIn) (*DescribeLogStreamsOut, error) {
	sc := hydrant.ScopeOf(ctx)
	group, err := groupName(sc, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g, err := s.group(sc, group)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var after *streamToken
	if in.NextToken != "" {
		after = &streamToken{}
		if err := readToken(in.NextToken, after); err != nil {
			return nil, err
		}
	}
	list, err := s.listed(ctx, sc, g, in.LogStreamNamePrefix, byTime)
	if err != nil {
		return nil, err
	}
	compare := func(a, b streamToken) int {
		order := cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.Name, b.Name))
		if in.Descending {
			return -order
		}
		return order
	}
	slices.SortFunc(list, func(a, b listedStream) int { return compare(a.place, b.place) })
	limit := maxListed
	if in.Limit != nil {
		limit = *in.Limit
	}
	out := &DescribeLogStreamsOut{LogStreams: []LogStream{}}
	var last streamToken
	for _, l := range list {
		if after != nil && compare(l.place, *after) <= 0 {
			continue
		}
		if len(out.LogStreams) == limit {
			out.NextToken = token(last)
			break
		}
		described, err := s.describeStream(ctx, sc, g.Name, l.stored)
		if err != nil {
			return nil, err
		}
		out.LogStreams, last = append(out.LogStreams, described), l.place
	}
	return out, nil
}

type listedStream struct {
	stored storedStream
	place  streamToken
}

func (s *Service) listed(ctx context.Context, sc hydrant.Scope, g storedGroup, prefix string, byTime bool) ([]listedStream, error) {
	streams, err := s.streams(sc, g.Name, prefix)
	if err != nil {
		return nil, err
	}
	list := make([]listedStream, len(streams))
	for i, st := range streams {
		list[i] = listedStream{stored: st, place: streamToken{Name: st.Name}}
		if !byTime {
			continue
		}
		sum, _, ok, err := s.summaryOf(ctx, st)
		if err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" { // deleted meanwhile
			return nil, err
		}
		if ok {
			list[i].place.Time = sum.last
		}
	}
	return list, nil
}

func (s *Service) describeStream(ctx context.Context, sc hydrant.Scope, group string, st storedStream) (LogStream, error) {
	out := LogStream{LogStreamName: st.Name, CreationTime: st.Created, Arn: groupARN(sc, group) + ":log-stream:" + st.Name}
	sum, _, ok, err := s.summaryOf(ctx, st)
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		return out, nil // deleted meanwhile
	}
	if err != nil || !ok {
		return out, err
	}
	out.FirstEventTimestamp, out.LastEventTimestamp, out.LastIngestionTime = &sum.first, &sum.last, &sum.ingested
	out.UploadSequenceToken = sequenceToken(sum)
	return out, nil
}

// sequenceToken is a number nobody has to send back any more, but that clients may still show.
func sequenceToken(sum summary) string { return fmt.Sprintf("%056d", sum.bytes+1) }

// streams are the streams of a group by the byte order of their escaped names.
func (s *Service) streams(sc hydrant.Scope, group, prefix string) (list []storedStream, err error) {
	err = each(s.journal, streamPrefix(sc, group), func(st storedStream) bool {
		if strings.HasPrefix(st.Name, prefix) {
			st.key = streamKey(sc, group, st.Name)
			list = append(list, st)
		}
		return true
	})
	return list, err
}
