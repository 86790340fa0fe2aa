// Package cloudwatch is CloudWatch's metrics: values put under a name and dimensions, and statistics of
// them over time.
//
// A value belongs to a series (series.go): a metric's name in a namespace with its dimensions. Values of
// a minute are a point (point.go): count, sum, least, greatest and, for percentiles, the values
// themselves, rounded where they are many (stat.go).
//
// Points lie in the log, one shard per metric name, each record those of one series. Records only ever
// add: what several say of the same minute is summed when it is read. So a PutMetricData is one append
// and durable before its reply, and the metrics of the house itself, which a Meter counts in memory, are
// one append a minute (meter.go). Which series there are is in the journal (write.go). When nothing is
// counted, nothing runs and nothing is held in memory but that index.
//
// Statistics are read from the log from where the asked-for time begins (read.go).
package cloudwatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service needs. Journal and Log stay the caller's to close.
type Config struct {
	// Journal keeps which metrics there are, under "cloudwatch/".
	Journal journal.Journal
	// Log keeps their data points, in shards named "cloudwatch/<scope>/<metric>".
	Log shardlog.Engine
	// Logger is told of data points of the house's own metrics that the log did not take. nil: nobody.
	Logger *slog.Logger
}

// Service is the metrics of all accounts and Regions. Its methods may be called concurrently.
//
// Lock order: flushing, then control, then activeMu, then a stripe's or a Meter's own.
type Service struct {
	journal journal.Journal
	log     shardlog.Engine
	logger  *slog.Logger

	// flushing is held while points go from meters to the log, so that a reader, who holds it for
	// reading, finds each of them in one place.
	flushing sync.RWMutex
	// control is held over changes of the index.
	control sync.Mutex
	swept   string // the day the index was last looked through for what has expired
	// shardsMu guards shards, those opened since the start, by name.
	shardsMu sync.RWMutex
	shards   map[string]shardlog.ShardID

	activeMu sync.Mutex
	active   []*Meter // those with points not yet in the log
	named    named

	wake    chan struct{} // capacity 1: active is no longer empty
	stop    chan struct{}
	stopped chan struct{}
	closing sync.Once
	closeMu sync.Mutex
	lost    error // of the last flush
}

// New makes the service over what the journal holds.
func New(c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		journal: c.Journal, log: c.Log, logger: c.Logger,
		shards: map[string]shardlog.ShardID{},
		wake:   make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	s.named.init()
	go s.flushLoop()
	return s
}

// Close brings to the log what was counted so far. Those who count must have ended.
func (s *Service) Close() error {
	s.closing.Do(func() { close(s.stop) })
	<-s.stopped
	s.closeMu.Lock()
	defer s.closeMu.Unlock()
	return s.lost
}

// flushLoop owns the flushing of meters: at the end of every minute in which something was counted, and
// at the end.
func (s *Service) flushLoop() {
	defer close(s.stopped)
	var minute <-chan time.Time
	for {
		select {
		case <-s.wake:
			if minute == nil {
				minute = time.After(untilNextMinute(time.Now()))
			}
		case <-minute:
			minute = nil
			if err := s.flush(context.Background(), time.Now().Unix()/60*60); err != nil {
				s.logger.Warn("metrics wait: the log does not take them", "err", err)
			}
			if s.waiting() {
				minute = time.After(untilNextMinute(time.Now()))
			}
		case <-s.stop:
			err := s.flush(context.Background(), 1<<62)
			s.closeMu.Lock()
			s.lost = err
			s.closeMu.Unlock()
			return
		}
	}
}

// untilNextMinute leaves the values of the minute's last moments the time to arrive.
func untilNextMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute + time.Second).Sub(now)
}

// Wire is the service's face. Clients of today speak smithy's RPC to it, older ones JSON 1.0 or forms.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:      "cloudwatch",
		Signing:   "monitoring",
		Protocol:  wire.AWSJSON,
		Also:      []wire.Protocol{wire.Query},
		Target:    "GraniteServiceVersion20100801",
		Version:   "2010-08-01",
		Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		QueryCodes: map[string]string{
			"InvalidParameterValueException":       "InvalidParameterValue",
			"InvalidParameterCombinationException": "InvalidParameterCombination",
			"MissingRequiredParameterException":    "MissingParameter",
			"InternalServiceFault":                 "InternalServiceError",
			"ValidationException":                  "ValidationError",
			"AccessDeniedException":                "AccessDenied",
			"ExpiredTokenException":                "ExpiredToken",
			"UnrecognizedClientException":          "InvalidClientTokenId",
			"InvalidSignatureException":            "SignatureDoesNotMatch",
			"IncompleteSignatureException":         "IncompleteSignature",
			"MissingAuthenticationTokenException":  "MissingAuthenticationToken",
		},
		Ops: []wire.Row{
			wire.Op("PutMetricData", s.PutMetricData),
			wire.Op("ListMetrics", s.ListMetrics),
			wire.Op("GetMetricStatistics", s.GetMetricStatistics),
			wire.Op("GetMetricData", s.GetMetricData),
		},
	}
}
