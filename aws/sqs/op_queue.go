package sqs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type CreateQueueIn struct {
	QueueName  string `required:""`
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type QueueURL struct{ QueueUrl string }

var queueName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)

// CreateQueue makes a standard queue, or finds the one that is there with the same attributes.
//
//	Wire     AmazonSQS.CreateQueue over json 1.0
//	Durable  on disk before the reply
//	Differs  FIFO queues and KMS are refused; policies are stored only; a name may be used anew at once
//	Proof    TestQueues
func (s *Service) CreateQueue(ctx context.Context, in *CreateQueueIn) (*QueueURL, error) {
	switch {
	case strings.HasSuffix(in.QueueName, ".fifo"):
		return nil, fault("InvalidParameterValueException", "FIFO queues are not available in hydrant: %s", in.QueueName)
	case !queueName.MatchString(in.QueueName):
		return nil, fault("InvalidParameterValueException", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := s.checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	q := newQueue(storedQueue{Scope: hydrant.ScopeOf(ctx), Name: in.QueueName, Created: now, Modified: now, Attributes: maps.Clone(in.Attributes), Tags: in.Tags})
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.queues[q.key()]; old != nil {
		has, err := old.attributes([]string{"All"})
		if err != nil {
			return nil, err
		}
		for name, v := range in.Attributes {
			if has[name] != v {
				return nil, fault("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", name)
			}
		}
		return &QueueURL{s.url(q.key())}, nil
	}
	if err := s.cfg.Journal.Commit(ctx, journal.Set(q.journalKey(), q.storedQueue)); err != nil {
		return nil, fmt.Errorf("create queue %s: %w", q.Name, err)
	}
	s.queues[q.key()] = q
	return &QueueURL{s.url(q.key())}, nil
}

type QueueIn struct {
	QueueUrl string `required:""`
}

// DeleteQueue deletes a queue with its messages.
//
//	Wire     AmazonSQS.DeleteQueue over json 1.0
//	Differs  at once, where AWS takes up to a minute
//	Proof    TestQueues
func (s *Service) DeleteQueue(ctx context.Context, in *QueueIn) (*struct{}, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[q.key()] != q {
		return nil, noQueue()
	}
	if err := s.cfg.Journal.Commit(ctx, append(s.messages(q), journal.Unset(q.journalKey()))...); err != nil {
		return nil, fmt.Errorf("delete queue %s: %w", q.Name, err)
	}
	delete(s.queues, q.key())
	q.mu.Lock()
	q.gone = true
	q.wake()
	q.mu.Unlock()
	return &struct{}{}, nil
}

// messages are the changes that forget all messages of a queue.
func (s *Service) messages(q *queue) (changes []journal.Change) {
	s.cfg.Journal.Range(messagePrefix+q.ID+"/", func(key string, _ []byte) bool {
		changes = append(changes, journal.Unset(key))
		return true
	})
	return changes
}

// PurgeQueue deletes all messages of a queue.
//
//	Wire     AmazonSQS.PurgeQueue over json 1.0
//	Differs  at once, and as often as one likes
//	Proof    TestQueues
func (s *Service) PurgeQueue(ctx context.Context, in *QueueIn) (*struct{}, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	numbers := slices.Collect(maps.Keys(q.all))
	q.mu.Unlock()
	var changes []journal.Change
	for _, n := range numbers {
		changes = append(changes, journal.Unset(q.messageKey(n)))
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return nil, fmt.Errorf("purge queue %s: %w", q.Name, err)
	}
	for _, n := range numbers {
		q.drop(n)
	}
	return &struct{}{}, nil
}

type GetQueueUrlIn struct {
	QueueName              string `required:""`
	QueueOwnerAWSAccountId string
}

// GetQueueUrl tells a queue's URL by its name.
//
//	Wire     AmazonSQS.GetQueueUrl over json 1.0
//	Proof    TestQueues
func (s *Service) GetQueueUrl(ctx context.Context, in *GetQueueUrlIn) (*QueueURL, error) {
	k := queueKey{hydrant.ScopeOf(ctx), in.QueueName}
	k.Account = cmp.Or(in.QueueOwnerAWSAccountId, k.Account)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.queues[k] == nil {
		return nil, noQueue()
	}
	return &QueueURL{s.url(k)}, nil
}

type ListQueuesIn struct {
	QueueNamePrefix string
	NextToken       string
	MaxResults      *int `min:"1" max:"1000"`
}

type ListQueuesOut struct {
	QueueUrls []string
	NextToken string
}

// ListQueues lists the URLs of the queues of the caller's account and Region, by name.
//
//	Wire     AmazonSQS.ListQueues over json 1.0
//	Proof    TestQueues
func (s *Service) ListQueues(ctx context.Context, in *ListQueuesIn) (*ListQueuesOut, error) {
	scope := hydrant.ScopeOf(ctx)
	var names []string
	s.mu.RLock()
	for k := range s.queues {
		if k.Scope == scope && strings.HasPrefix(k.name, in.QueueNamePrefix) && k.name > in.NextToken {
			names = append(names, k.name)
		}
	}
	s.mu.RUnlock()
	slices.Sort(names)
	out := &ListQueuesOut{}
	most := maxNames
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if len(names) > most {
		names = names[:most]
		if in.MaxResults != nil { // without it there are no pages
			out.NextToken = names[most-1]
		}
	}
	for _, name := range names {
		out.QueueUrls = append(out.QueueUrls, s.url(queueKey{scope, name}))
	}
	return out, nil
}

type GetQueueAttributesIn struct {
	QueueUrl       string `required:""`
	AttributeNames []string
}

type GetQueueAttributesOut struct{ Attributes map[string]string }

// GetQueueAttributes tells a queue's attributes, and how many messages it holds.
//
//	Wire     AmazonSQS.GetQueueAttributes over json 1.0
//	Differs  the numbers are exact
//	Proof    TestQueues
func (s *Service) GetQueueAttributes(ctx context.Context, in *GetQueueAttributesIn) (*GetQueueAttributesOut, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	has, err := q.attributes(in.AttributeNames)
	return &GetQueueAttributesOut{has}, err
}

type SetQueueAttributesIn struct {
	QueueUrl   string            `required:""`
	Attributes map[string]string `required:""`
}

// SetQueueAttributes changes attributes of a queue; those not named stay.
//
//	Wire     AmazonSQS.SetQueueAttributes over json 1.0
//	Durable  on disk before the reply
//	Differs  as CreateQueue
//	Proof    TestQueues
func (s *Service) SetQueueAttributes(ctx context.Context, in *SetQueueAttributesIn) (*struct{}, error) {
	if err := s.checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	return s.change(ctx, in.QueueUrl, func(q *storedQueue) {
		q.Attributes = maps.Clone(q.Attributes)
		if q.Attributes == nil {
			q.Attributes = map[string]string{}
		}
		for name, v := range in.Attributes {
			q.Attributes[name] = v
			if v == "" {
				delete(q.Attributes, name)
			}
		}
		q.Modified = time.Now().UTC()
	})
}

// change replaces what is stored of a queue.
func (s *Service) change(ctx context.Context, url string, edit func(*storedQueue)) (*struct{}, error) {
	q, err := s.byURL(ctx, url)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[q.key()] != q {
		return nil, noQueue()
	}
	next := q.storedQueue
	edit(&next)
	if err := s.cfg.Journal.Commit(ctx, journal.Set(q.journalKey(), next)); err != nil {
		return nil, fmt.Errorf("change queue %s: %w", q.Name, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.Attributes, q.Tags, q.Modified, q.set = next.Attributes, next.Tags, next.Modified, settle(next.Attributes)
	return &struct{}{}, nil
}

type ListQueueTagsOut struct{ Tags map[string]string }

// ListQueueTags tells a queue's tags.
//
//	Wire     AmazonSQS.ListQueueTags over json 1.0
//	Proof    TestQueues
func (s *Service) ListQueueTags(ctx context.Context, in *QueueIn) (*ListQueueTagsOut, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return &ListQueueTagsOut{maps.Clone(q.Tags)}, nil
}

type TagQueueIn struct {
	QueueUrl string            `required:""`
	Tags     map[string]string `required:""`
}

// TagQueue sets tags of a queue.
//
//	Wire     AmazonSQS.TagQueue over json 1.0
//	Proof    TestQueues
func (s *Service) TagQueue(ctx context.Context, in *TagQueueIn) (*struct{}, error) {
	return s.change(ctx, in.QueueUrl, func(q *storedQueue) {
		tags := maps.Clone(q.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, in.Tags)
		q.Tags = tags
	})
}

type UntagQueueIn struct {
	QueueUrl string   `required:""`
	TagKeys  []string `required:""`
}

// UntagQueue removes tags of a queue.
//
//	Wire     AmazonSQS.UntagQueue over json 1.0
//	Proof    TestQueues
func (s *Service) UntagQueue(ctx context.Context, in *UntagQueueIn) (*struct{}, error) {
	return s.change(ctx, in.QueueUrl, func(q *storedQueue) {
		q.Tags = maps.Clone(q.Tags)
		for _, k := range in.TagKeys {
			delete(q.Tags, k)
		}
	})
}
