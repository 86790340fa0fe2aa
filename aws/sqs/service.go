// Package sqs is a small SQS: standard queues, enough for what a pipeline sends to one (batches that were given
// up, outcomes of asynchronous events, dead letters) and for whoever takes it out.
//
//	queue.go       a queue: its attributes, who waits at it
//	message.go     its messages: waiting, in flight, delayed
//	attributes.go  what may be set of a queue, and what is told
//	digest.go      the MD5s that SDKs check
//	op_*.go        the operations, thin
//
// Queues and messages live in the journal, below sqs/. What is in flight, and how often a message has been
// received, is kept in memory: after a restart every message that was not deleted is there again.
package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service lives on.
type Config struct {
	Journal journal.Journal
	// Endpoint is our URL, with which the queues' URLs begin.
	Endpoint func() string
}

// Service is the queues of all accounts and Regions. Its methods may be called concurrently.
//
// Lock order: mu, then a queue's own; of two queues the one messages come from is taken and let go first.
type Service struct {
	cfg Config

	mu     sync.RWMutex // held over the journal's commit where it is held for writing
	queues map[queueKey]*queue
	last   uint64 // the highest number given to a message
	lastMu sync.Mutex
}

type queueKey struct {
	hydrant.Scope
	name string
}

const (
	queuePrefix   = "sqs/queue/"   // + account / Region / name
	messagePrefix = "sqs/message/" // + queue id / number, 16 hex digits
)

// New loads the queues.
func New(cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, queues: map[queueKey]*queue{}}
	ids := map[string]*queue{}
	err := journal.Each(cfg.Journal, queuePrefix, func(_ string, kept storedQueue) error {
		q := newQueue(kept)
		s.queues[q.key()], ids[kept.ID] = q, q
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = journal.Each(cfg.Journal, messagePrefix, func(key string, kept storedMessage) error {
		id, number, _ := strings.Cut(strings.TrimPrefix(key, messagePrefix), "/")
		n, err := strconv.ParseUint(number, 16, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		s.last = max(s.last, n)
		if q := ids[id]; q != nil {
			q.admit(&message{storedMessage: kept, number: n})
		}
		return nil
	})
	return s, err
}

func (s *Service) nextNumber() uint64 {
	s.lastMu.Lock()
	defer s.lastMu.Unlock()
	s.last++
	return s.last
}

// queryCodes are the errors' codes of SQS's older protocol, which clients still report.
var queryCodes = map[string]string{
	"QueueDoesNotExist":              "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":                "QueueAlreadyExists",
	"EmptyBatchRequest":              "AWS.SimpleQueueService.EmptyBatchRequest",
	"TooManyEntriesInBatchRequest":   "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"BatchEntryIdsNotDistinct":       "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":            "AWS.SimpleQueueService.BatchRequestTooLong",
	"InvalidBatchEntryId":            "AWS.SimpleQueueService.InvalidBatchEntryId",
	"MessageNotInflight":             "AWS.SimpleQueueService.MessageNotInflight",
	"UnsupportedOperation":           "AWS.SimpleQueueService.UnsupportedOperation",
	"InvalidParameterValueException": "InvalidParameterValue",
}

// Wire offers the service.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:           "sqs",
		Protocol:       wire.AWSJSON,
		Target:         "AmazonSQS",
		QueryCodes:     queryCodes,
		ValidationCode: "InvalidParameterValueException",
		Ops: []wire.Row{
			wire.Op("CreateQueue", s.CreateQueue),
			wire.Op("DeleteQueue", s.DeleteQueue),
			wire.Op("GetQueueUrl", s.GetQueueUrl),
			wire.Op("ListQueues", s.ListQueues),
			wire.Op("GetQueueAttributes", s.GetQueueAttributes),
			wire.Op("SetQueueAttributes", s.SetQueueAttributes),
			wire.Op("PurgeQueue", s.PurgeQueue),
			wire.Op("ListQueueTags", s.ListQueueTags),
			wire.Op("TagQueue", s.TagQueue),
			wire.Op("UntagQueue", s.UntagQueue),
			wire.Op("SendMessage", s.SendMessage),
			wire.Op("SendMessageBatch", s.SendMessageBatch),
			wire.Op("ReceiveMessage", s.ReceiveMessage),
			wire.Op("DeleteMessage", s.DeleteMessage),
			wire.Op("DeleteMessageBatch", s.DeleteMessageBatch),
			wire.Op("ChangeMessageVisibility", s.ChangeMessageVisibility),
			wire.Op("ChangeMessageVisibilityBatch", s.ChangeMessageVisibilityBatch),
		},
	}
}

func fault(code, format string, args ...any) error { return hydrant.Faultf(code, format, args...) }

func noQueue() error { return fault("QueueDoesNotExist", "The specified queue does not exist.") }

// url is a queue's URL. Its Region is not in it: a request's signature says that.
func (s *Service) url(k queueKey) string {
	return strings.TrimSuffix(s.cfg.Endpoint(), "/") + "/" + k.Account + "/" + k.name
}

// byURL finds a queue by its URL; of one it looks at the account and the name only.
func (s *Service) byURL(ctx context.Context, url string) (*queue, error) {
	parts := strings.Split(strings.TrimSuffix(url, "/"), "/")
	key := queueKey{Scope: hydrant.ScopeOf(ctx), name: parts[len(parts)-1]}
	if len(parts) > 1 && len(parts[len(parts)-2]) == 12 {
		key.Account = parts[len(parts)-2]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.queues[key]; q != nil {
		return q, nil
	}
	return nil, noQueue()
}

// byARN finds a queue by its ARN.
func (s *Service) byARN(arn string) (*queue, error) {
	a, err := hydrant.ParseARN(arn)
	if err != nil || a.Service != "sqs" {
		return nil, noQueue()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.queues[queueKey{a.Scope(), a.Resource}]; q != nil {
		return q, nil
	}
	return nil, noQueue()
}

// HasQueue reports whether a queue is there, for rooms that send to it later.
func (s *Service) HasQueue(arn string) bool {
	_, err := s.byARN(arn)
	return err == nil
}

// Send puts a message on a queue by its ARN; it is on disk when Send returns. Of its attributes a string is of type
// String, an int or a json.Number of type Number.
func (s *Service) Send(ctx context.Context, queueARN, body string, attributes map[string]any) error {
	q, err := s.byARN(queueARN)
	if err != nil {
		return err
	}
	values := make(map[string]Attribute, len(attributes))
	for name, v := range attributes {
		text, kind := fmt.Sprint(v), "String"
		switch v.(type) {
		case int, json.Number:
			kind = "Number"
		}
		values[name] = Attribute{DataType: kind, StringValue: &text}
	}
	_, err = s.send(ctx, q, []*outgoing{{body: body, attributes: values, sender: q.Scope.Account}})
	return err
}
