package cwlogs

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/hydrant-stream/hydrant"
)

type FilterLogEventsIn struct {
	LogGroupName        string   `json:"logGroupName" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogGroupIdentifier  string   `json:"logGroupIdentifier" min:"1" max:"2048" pattern:"[\\w#+=/:,.@-]*"`
	LogStreamNames      []string `json:"logStreamNames" min:"1" max:"100" eachmin:"1" eachmax:"512" eachpattern:"[^:*]*"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix" min:"1" max:"512" pattern:"[^:*]*"`
	StartTime           *int64   `json:"startTime" min:"0"`
	EndTime             *int64   `json:"endTime" min:"0"`
	FilterPattern       string   `json:"filterPattern" max:"1024"`
	NextToken           string   `json:"nextToken" min:"1"`
	Limit               *int     `json:"limit" min:"1" max:"10000"`
	Interleaved         bool     `json:"interleaved"`
	Unmask              bool     `json:"unmask"`
}

// FilteredLogEvent is an event that a search found.
type FilteredLogEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventId       string `json:"eventId"`
}

// SearchedLogStream is no longer filled by AWS.
type SearchedLogStream struct {
	LogStreamName      string `json:"logStreamName"`
	SearchedCompletely bool   `json:"searchedCompletely"`
}

type FilterLogEventsOut struct {
	Events             []FilteredLogEvent  `json:"events"`
	SearchedLogStreams []SearchedLogStream `json:"searchedLogStreams"`
	NextToken          string              `json:"nextToken"`
}

// filterToken is a place among the events of many streams: those of one timestamp are in order of
// their stream's name.
type filterToken struct {
	Stream string
	At     position
}

// begin is where a stream goes on behind the token.
func (t *filterToken) begin(stream string) *position {
	switch {
	case t == nil:
		return nil
	case stream < t.Stream:
		return &position{Time: t.At.Time + 1}
	case stream == t.Stream:
		return &t.At
	}
	return &position{Time: t.At.Time}
}

// FilterLogEvents searches the streams of a group for events that a pattern (pattern.go) matches.
//
//	Wire     Logs_20140328.FilterLogEvents over json 1.1
//	Limits   maxEventPage, maxEventBytes (limits.go)
//	Order    by timestamp, all streams interleaved; startTime and endTime are both inclusive
//	Tokens   nextToken only while there is more
//	Differs  a page is full or the last one; AWS may answer short and empty pages in between
//	Proof    TestFilter, TestFilterPaging
func (s *Service) FilterLogEvents(ctx context.Context, in *FilterLogEventsIn) (*FilterLogEventsOut, error) {
	sc := hydrant.ScopeOf(ctx)
	group, err := groupName(sc, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g, err := s.group(sc, group)
	if err != nil {
		return nil, err
	}
	accept, err := parsePattern(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	streams, err := s.searchedStreams(sc, group, in)
	if err != nil {
		return nil, err
	}
	var from *filterToken
	if in.NextToken != "" {
		from = &filterToken{}
		if err := readToken(in.NextToken, from); err != nil {
			return nil, err
		}
	}
	found := searched{window: g.window(in.StartTime, in.EndTime), limit: maxEventPage, accept: accept}
	if found.until < math.MaxInt64 {
		found.until++ // inclusive here
	}
	if in.Limit != nil {
		found.limit = *in.Limit
	}
	for _, st := range streams {
		err := s.search(ctx, st, from.begin(st.Name), nil, &found)
		if err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" { // deleted meanwhile
			return nil, err
		}
	}
	found.finish()
	out := &FilterLogEventsOut{Events: make([]FilteredLogEvent, len(found.events)), SearchedLogStreams: []SearchedLogStream{}}
	for i, e := range found.events {
		out.Events[i] = FilteredLogEvent{e.stream, e.Time, e.message, e.ingested, e.eventID()}
	}
	if n := len(found.events); n > 0 && found.cut {
		last := &found.events[n-1]
		out.NextToken = token(filterToken{last.stream, last.after()})
	}
	return out, nil
}

func (s *Service) searchedStreams(sc hydrant.Scope, group string, in *FilterLogEventsIn) ([]storedStream, error) {
	if len(in.LogStreamNames) == 0 {
		return s.streams(sc, group, in.LogStreamNamePrefix)
	}
	if in.LogStreamNamePrefix != "" {
		return nil, invalid("Only one of logStreamNames and logStreamNamePrefix may be specified.")
	}
	var streams []storedStream
	seen := map[string]bool{}
	for _, name := range in.LogStreamNames {
		st, err := s.stored(sc, group, name)
		if err != nil {
			return nil, err
		}
		if !seen[name] {
			seen[name] = true
			streams = append(streams, st)
		}
	}
	return streams, nil
}

// eventID is the event's for ever, in 56 digits: time, stream, offset, index.
func (e *event) eventID() string {
	h := fnv.New64a()
	h.Write([]byte(e.id))
	return fmt.Sprintf("%013d%020d%016d%07d", e.Time, h.Sum64(), e.Offset, e.Index)
}
