package sqs

import (
	"context"
	"errors"
	"regexp"

	"github.com/hydrant-stream/hydrant"
)

type SendMessageBatchIn struct {
	QueueUrl string      `required:""`
	Entries  []SendEntry `required:""`
}

type SendEntry struct {
	Id                      string  `required:""`
	MessageBody             *string `required:""`
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

type SendMessageBatchOut struct {
	Successful []SentEntry `required:""`
	Failed     []FailedEntry
}

type SentEntry struct {
	Id                     string
	MessageId              string
	MD5OfMessageBody       string
	MD5OfMessageAttributes string
}

// FailedEntry is an entry of a batch that was refused.
type FailedEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

var entryID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)

// checkIDs refuses a batch whose entries cannot be told apart.
func checkIDs(ids []string) error {
	seen := map[string]bool{}
	for _, id := range ids {
		switch {
		case !entryID.MatchString(id):
			return fault("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		case seen[id]:
			return fault("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	switch {
	case len(ids) == 0:
		return fault("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ids) > maxEntries:
		return fault("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(ids))
	}
	return nil
}

// refusal is why an entry was refused; any other error ends the whole call.
func refusal(id string, err error) (FailedEntry, error) {
	f, ok := errors.AsType[*hydrant.Fault](err)
	if !ok {
		return FailedEntry{}, err
	}
	code := f.Code
	if old, ok := queryCodes[code]; ok {
		code = old
	}
	return FailedEntry{Id: id, SenderFault: f.Sender(), Code: code, Message: f.Message}, nil
}

// SendMessageBatch puts up to ten messages on a queue.
//
//	Wire     AmazonSQS.SendMessageBatch over json 1.0
//	Limits   maxEntries, maxBody (limits.go)
//	Partial  a refused message stands in Failed; the call succeeds
//	Durable  what is Successful was on disk before the reply
//	Proof    TestMessages
func (s *Service) SendMessageBatch(ctx context.Context, in *SendMessageBatchIn) (*SendMessageBatchOut, error) {
	q, err := s.byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var ids []string
	size := 0
	for i := range in.Entries {
		ids = append(ids, in.Entries[i].Id)
		size += len(*in.Entries[i].MessageBody)
	}
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	if size > maxBody {
		return nil, fault("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBody, size)
	}
	out := &SendMessageBatchOut{}
	var good []*outgoing
	var goodIDs []string
	for _, e := range in.Entries {
		o, err := checked(ctx, q, &SendMessageIn{MessageBody: e.MessageBody, DelaySeconds: e.DelaySeconds, MessageAttributes: e.MessageAttributes,
			MessageSystemAttributes: e.MessageSystemAttributes, MessageDeduplicationId: e.MessageDeduplicationId, MessageGroupId: e.MessageGroupId})
		if err == nil {
			good, goodIDs = append(good, o), append(goodIDs, e.Id)
			continue
		}
		failed, err := refusal(e.Id, err)
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, failed)
	}
	if len(good) == 0 {
		return out, nil
	}
	sent, err := s.send(ctx, q, good)
	if err != nil {
		return nil, err
	}
	for i, m := range sent {
		out.Successful = append(out.Successful, SentEntry{Id: goodIDs[i], MessageId: m.ID, MD5OfMessageBody: digest(m.Body), MD5OfMessageAttributes: digestOf(m.Attributes)})
	}
	return out, nil
}

type DeleteMessageBatchIn struct {
	QueueUrl string        `required:""`
	Entries  []HandleEntry `required:""`
}

type HandleEntry struct {
	Id                string `required:""`
	ReceiptHandle     string `required:""`
	VisibilityTimeout *int   // of ChangeMessageVisibilityBatch
}

type DoneEntry struct{ Id string }

type HandleBatchOut struct {
	Successful []DoneEntry `required:""`
	Failed     []FailedEntry
}

// DeleteMessageBatch deletes up to ten messages that have been received.
//
//	Wire     AmazonSQS.DeleteMessageBatch over json 1.0
//	Limits   maxEntries (limits.go)
//	Partial  a refused receipt stands in Failed; the call succeeds
//	Proof    TestMessages
func (s *Service) DeleteMessageBatch(ctx context.Context, in *DeleteMessageBatchIn) (*HandleBatchOut, error) {
	return s.eachHandle(ctx, in.QueueUrl, in.Entries, func(q *queue, e *HandleEntry) error {
		return s.delete(ctx, q, e.ReceiptHandle)
	})
}

type ChangeMessageVisibilityBatchIn struct {
	QueueUrl string        `required:""`
	Entries  []HandleEntry `required:""`
}

// ChangeMessageVisibilityBatch is ChangeMessageVisibility for up to ten messages.
//
//	Wire     AmazonSQS.ChangeMessageVisibilityBatch over json 1.0
//	Limits   maxEntries (limits.go)
//	Partial  a refused receipt stands in Failed; the call succeeds
//	Proof    TestMessages
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, in *ChangeMessageVisibilityBatchIn) (*HandleBatchOut, error) {
	return s.eachHandle(ctx, in.QueueUrl, in.Entries, func(q *queue, e *HandleEntry) error {
		seconds := 0
		if e.VisibilityTimeout != nil {
			seconds = *e.VisibilityTimeout
		}
		return q.rehide(e.ReceiptHandle, seconds)
	})
}

func (s *Service) eachHandle(ctx context.Context, url string, entries []HandleEntry, do func(*queue, *HandleEntry) error) (*HandleBatchOut, error) {
	q, err := s.byURL(ctx, url)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range entries {
		ids = append(ids, entries[i].Id)
	}
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	out := &HandleBatchOut{}
	for i := range entries {
		err := do(q, &entries[i])
		if err == nil {
			out.Successful = append(out.Successful, DoneEntry{entries[i].Id})
			continue
		}
		failed, err := refusal(entries[i].Id, err)
		if err != nil {
			return nil, err
		}
		out.Failed = append(out.Failed, failed)
	}
	return out, nil
}
