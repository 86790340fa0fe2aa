package cwlogs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// InputLogEvent is an event as it is put.
type InputLogEvent struct {
	Timestamp *int64 `json:"timestamp" required:"" min:"0"`
	Message   string `json:"message" required:"" min:"1"`
}

type PutLogEventsIn struct {
	LogGroupName  string          `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogStreamName string          `json:"logStreamName" required:"" min:"1" max:"512" pattern:"[^:*]*"`
	LogEvents     []InputLogEvent `json:"logEvents" required:"" min:"1" max:"10000"`
	SequenceToken string          `json:"sequenceToken" min:"1"`
}

// RejectedLogEventsInfo says which events were not taken: those before an end index (exclusive),
// those from a start index on.
type RejectedLogEventsInfo struct {
	TooNewLogEventStartIndex *int `json:"tooNewLogEventStartIndex"`
	TooOldLogEventEndIndex   *int `json:"tooOldLogEventEndIndex"`
	ExpiredLogEventEndIndex  *int `json:"expiredLogEventEndIndex"`
}

type PutLogEventsOut struct {
	NextSequenceToken     string                 `json:"nextSequenceToken"`
	RejectedLogEventsInfo *RejectedLogEventsInfo `json:"rejectedLogEventsInfo"`
}

// PutLogEvents adds events to a stream. Sequence tokens are not looked at.
//
//	Wire     Logs_20140328.PutLogEvents over json 1.1
//	Limits   maxPutBytes, maxSpan, maxAge, maxAhead (limits.go)
//	Partial  events that are too old, expired or too far ahead are left out and told of; the call succeeds
//	Durable  on disk before the reply
//	Proof    TestPutAndGet, TestPutRefuses
func (s *Service) PutLogEvents(ctx context.Context, in *PutLogEventsIn) (*PutLogEventsOut, error) {
	sc := hydrant.ScopeOf(ctx)
	g, st, err := s.both(sc, in.LogGroupName, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	events, size := make([]hydrant.LogEvent, len(in.LogEvents)), 0
	for i, e := range in.LogEvents {
		events[i] = hydrant.LogEvent{Time: *e.Timestamp, Message: e.Message}
		size += len(e.Message) + eventBytes
		if i > 0 && events[i].Time < events[i-1].Time {
			return nil, invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if size > maxPutBytes {
		return nil, invalid("Upload too large: %d bytes exceeds limit of %d", size, maxPutBytes)
	}
	if events[len(events)-1].Time-events[0].Time > maxSpan.Milliseconds() {
		return nil, invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	kept, rejected := timely(events, g.Retention, time.Now())
	out := &PutLogEventsOut{RejectedLogEventsInfo: rejected}
	if len(kept) > 0 {
		if err := s.append(ctx, sc, g, st, kept); err != nil {
			return nil, err
		}
		st.Shard = true
	}
	sum, _, _, err := s.summaryOf(ctx, st)
	out.NextSequenceToken = sequenceToken(sum)
	return out, err
}

// timely cuts off the events that lie too far from now.
func timely(events []hydrant.LogEvent, retention int, now time.Time) ([]hydrant.LogEvent, *RejectedLogEventsInfo) {
	before := func(t time.Time) int {
		n, _ := slices.BinarySearchFunc(events, t.UnixMilli(), func(e hydrant.LogEvent, t int64) int {
			if e.Time < t {
				return -1
			}
			return 1
		})
		return n
	}
	var r RejectedLogEventsInfo
	from, to := before(now.Add(-maxAge)), before(now.Add(maxAhead).Add(time.Millisecond))
	if from > 0 {
		r.TooOldLogEventEndIndex = &from
	}
	if retention > 0 {
		if expired := before(now.Add(-days(retention))); expired > 0 {
			r.ExpiredLogEventEndIndex = &expired
			from = max(from, expired)
		}
	}
	if to < len(events) {
		r.TooNewLogEventStartIndex = &to
	}
	if r == (RejectedLogEventsInfo{}) {
		return events, nil
	}
	return events[from:max(from, to)], &r
}

type GetLogEventsIn struct {
	LogGroupName       string `json:"logGroupName" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogGroupIdentifier string `json:"logGroupIdentifier" min:"1" max:"2048" pattern:"[\\w#+=/:,.@-]*"`
	LogStreamName      string `json:"logStreamName" required:"" min:"1" max:"512" pattern:"[^:*]*"`
	StartTime          *int64 `json:"startTime" min:"0"`
	EndTime            *int64 `json:"endTime" min:"0"`
	NextToken          string `json:"nextToken" min:"1"`
	Limit              *int   `json:"limit" min:"1" max:"10000"`
	StartFromHead      bool   `json:"startFromHead"`
	Unmask             bool   `json:"unmask"`
}

// OutputLogEvent is an event as it is read.
type OutputLogEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

type GetLogEventsOut struct {
	Events            []OutputLogEvent `json:"events"`
	NextForwardToken  string           `json:"nextForwardToken"`
	NextBackwardToken string           `json:"nextBackwardToken"`
}

// GetLogEvents reads a page of a stream: its end, its head, or what lies before or behind a token.
//
//	Wire     Logs_20140328.GetLogEvents over json 1.1
//	Limits   maxEventPage, maxEventBytes (limits.go)
//	Order    by timestamp, oldest first; startTime is inclusive, endTime is not
//	Tokens   always both; at either end the same token comes back
//	Proof    TestPutAndGet, TestPaging, TestUnordered
func (s *Service) GetLogEvents(ctx context.Context, in *GetLogEventsIn) (*GetLogEventsOut, error) {
	sc := hydrant.ScopeOf(ctx)
	group, err := groupName(sc, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g, st, err := s.both(sc, group, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	found := searched{window: g.window(in.StartTime, in.EndTime), limit: maxEventPage, last: !in.StartFromHead}
	if in.Limit != nil {
		found.limit = *in.Limit
	}
	var at position
	var begin, end *position
	if in.NextToken != "" {
		var forward bool
		if at, forward, err = readPageToken(in.NextToken); err != nil {
			return nil, err
		}
		if found.last = !forward; forward {
			begin = &at
		} else {
			end = &at
		}
	}
	if err := s.search(ctx, st, begin, end, &found); err != nil {
		return nil, err
	}
	found.finish()
	out := &GetLogEventsOut{Events: make([]OutputLogEvent, len(found.events))}
	for i, e := range found.events {
		out.Events[i] = OutputLogEvent{e.Time, e.message, e.ingested}
	}
	first, behind := at, at
	if n := len(found.events); n > 0 {
		first, behind = found.events[0].position, found.events[n-1].after()
	}
	out.NextForwardToken, out.NextBackwardToken = pageToken('f', behind), pageToken('b', first)
	return out, nil
}

// window is what a request may see: what it asks for, less what has expired. until is exclusive.
func (g storedGroup) window(start, end *int64) window {
	w := window{from: math.MinInt64 / 2, until: math.MaxInt64}
	if g.Retention > 0 {
		w.from = time.Now().Add(-days(g.Retention)).UnixMilli()
	}
	if start != nil {
		w.from = max(w.from, *start)
	}
	if end != nil {
		w.until = *end
	}
	return w
}

// finish leaves what one reply holds: limit events, and no more bytes than fit.
func (s *searched) finish() {
	s.trim()
	size := 0
	if s.last {
		for i := len(s.events) - 1; i >= 0; i-- {
			if size += len(s.events[i].message) + eventBytes; size > maxEventBytes && i < len(s.events)-1 {
				s.events, s.cut = s.events[i+1:], true
				return
			}
		}
		return
	}
	for i := range s.events {
		if size += len(s.events[i].message) + eventBytes; size > maxEventBytes && i > 0 {
			s.events, s.cut = s.events[:i], true
			return
		}
	}
}

// A page token is a direction and a position in 56 digits: 14 of time, 20 of offset, 20 of index and
// two that are zero.

func pageToken(direction byte, p position) string {
	return fmt.Sprintf("%c/%014d%020d%020d00", direction, p.Time, p.Offset, p.Index)
}

func readPageToken(s string) (p position, forward bool, err error) {
	if len(s) != 58 || (s[:2] != "f/" && s[:2] != "b/") {
		return p, false, badToken()
	}
	t, err1 := strconv.ParseInt(s[2:16], 10, 64)
	o, err2 := strconv.ParseUint(s[16:36], 10, 64)
	i, err3 := strconv.Atoi(s[36:56])
	if err1 != nil || err2 != nil || err3 != nil || t < 0 || i < 0 {
		return p, false, badToken()
	}
	return position{t, o, i}, s[0] == 'f', nil
}
