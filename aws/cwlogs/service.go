// Package cwlogs is CloudWatch Logs: groups, streams, their events, and the filters that search them.
//
// What is made and named is in the journal; events are in shardlog, one shard per log stream and
// one record per PutLogEvents, so that a put is one durable append and retention is the log's. A
// stream's shard is opened with its first event: a stream without events costs one journal entry.
//
// First and last event time, size and order of a stream are not kept beside the events, where
// every put would have to write them again: each record carries the summary of all before it and
// itself (record.go), so the last record tells it all.
//
// Events are read in the order of their timestamps. A stream that was written in that order, as
// nearly all are, is read from where a page begins; one that was not is read whole (read.go).
package cwlogs

import (
	"context"
	"fmt"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the logs need. Both stay the caller's to close.
type Config struct {
	// Journal keeps groups and streams, under "logs/".
	Journal journal.Journal
	// Log keeps the events, in shards named "logs/<stream id>".
	Log shardlog.Engine
}

// Service is the logs of all accounts and Regions. Its methods may be called concurrently.
//
// Lock order: control, then a stream's own, then openMu.
type Service struct {
	journal journal.Journal
	log     shardlog.Engine

	// control is held from the first look at groups and streams to the commit that depends on it.
	control sync.Mutex
	// openMu guards open, the streams with events that were met since the start, by their id.
	openMu sync.Mutex
	open   map[string]*stream
}

// New makes the service over what the journal holds, and finishes deletions that a crash cut short.
func New(c Config) (*Service, error) {
	s := &Service{journal: c.Journal, log: c.Log, open: map[string]*stream{}}
	var ids []string
	s.journal.Range(trashPrefix, func(key string, _ []byte) bool {
		ids = append(ids, key[len(trashPrefix):])
		return true
	})
	if err := s.sweep(context.Background(), ids); err != nil {
		return nil, fmt.Errorf("cwlogs: deleted streams: %w", err)
	}
	return s, nil
}

// Wire is the service's face: Logs_20140328 over JSON 1.1.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:           "logs",
		Protocol:       wire.AWSJSON,
		Target:         "Logs_20140328",
		ValidationCode: "InvalidParameterException",
		Ops: []wire.Row{
			wire.Op("CreateLogGroup", s.CreateLogGroup),
			wire.Op("DescribeLogGroups", s.DescribeLogGroups),
			wire.Op("DeleteLogGroup", s.DeleteLogGroup),
			wire.Op("PutLogGroupDeletionProtection", s.PutLogGroupDeletionProtection),
			wire.Op("PutRetentionPolicy", s.PutRetentionPolicy),
			wire.Op("DeleteRetentionPolicy", s.DeleteRetentionPolicy),

			wire.Op("CreateLogStream", s.CreateLogStream),
			wire.Op("DescribeLogStreams", s.DescribeLogStreams),
			wire.Op("DeleteLogStream", s.DeleteLogStream),

			wire.Op("PutLogEvents", s.PutLogEvents),
			wire.Op("GetLogEvents", s.GetLogEvents),
			wire.Op("FilterLogEvents", s.FilterLogEvents),

			wire.Op("TagLogGroup", s.TagLogGroup),
			wire.Op("UntagLogGroup", s.UntagLogGroup),
			wire.Op("ListTagsLogGroup", s.ListTagsLogGroup),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),
			wire.Op("ListTagsForResource", s.ListTagsForResource),
		},
	}
}

// Empty is the answer of an operation that has nothing to say.
type Empty struct{}

func invalid(format string, args ...any) error {
	return hydrant.Faultf("InvalidParameterException", format, args...)
}

func noGroup() error {
	return hydrant.Faultf("ResourceNotFoundException", "The specified log group does not exist.")
}

func noStream() error {
	return hydrant.Faultf("ResourceNotFoundException", "The specified log stream does not exist.")
}

func exists(what string) error {
	return hydrant.Faultf("ResourceAlreadyExistsException", "The specified log %s already exists", what)
}

func badToken() error { return invalid("The specified nextToken is invalid.") }
