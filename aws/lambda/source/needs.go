package source

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// Streams is what mappings read. aws/kinesis gives it.
type Streams interface {
	// Shards lists the shards of a stream, parents before children. Unknown stream: a *hydrant.Fault
	// ResourceNotFoundException.
	Shards(ctx context.Context, streamARN string) ([]hydrant.Shard, error)
	// Start is the offset at which a reader with that starting position begins (TRIM_HORIZON,
	// LATEST, AT_TIMESTAMP).
	Start(ctx context.Context, streamARN, shardID, position string, at time.Time) (uint64, error)
	// Read returns records from an offset on (Sequence filled in), the next offset, and end=true when
	// the shard is closed and fully read. Below the trim horizon it begins there.
	Read(ctx context.Context, streamARN, shardID string, from uint64, limit shardlog.Limit) (recs []hydrant.Record, next uint64, end bool, err error)
	// Wait returns when a record at or after from is there or the shard's end is known, or ctx ends.
	Wait(ctx context.Context, streamARN, shardID string, from uint64) error
}

// Consumers knows who is registered for enhanced fan-out. Where Config.Streams has this method too
// (aws/kinesis does), the ARN of a consumer may be an event source.
type Consumers interface {
	// Consumer is the stream an ACTIVE consumer reads. One that is not there, or no longer, is a
	// *hydrant.Fault ResourceNotFoundException, one in another state a ResourceInUseException.
	Consumer(ctx context.Context, consumerARN string) (streamARN string, err error)
}

// Reads decides whether a function's role allows its mapping to read: nil, or an error in AWS's words.
// consumer is "" for a stream that is polled. It may be called concurrently, before every read.
type Reads func(ctx context.Context, roleARN, stream, consumer string) error

// Unpack takes a KPL aggregate apart: its records in order with Key and Data, which may be none. ok is
// false where the record is no aggregate, or one the shard's consumers get as it is.
type Unpack func(streamARN, shardID string, r hydrant.Record) (inner []hydrant.Record, ok bool)

// Functions is what mappings call.
type Functions interface {
	// Invoke runs a function by its ARN, qualifier included.
	// An error is a *hydrant.Fault (TooManyRequestsException, ResourceNotFoundException,
	// RequestTooLargeException, …) or says that the call was cut off; a function that fails is an
	// Answer with Error set.
	Invoke(ctx context.Context, function string, call Call) (Answer, error)
	// Role is the function's role, for the event's invokeIdentityArn.
	Role(function string) string
}

// Call is one attempt of a batch.
type Call struct {
	// ID is the request id: the same for every attempt of the same records, so that whoever wants to
	// recognise a repeated attempt can.
	ID    string
	Event []byte
	// Trace is the X-Ray header the function is given and its SDK repeats in every call it makes; ""
	// leaves it to the runtime.
	Trace string
}

// Landings is what batches have put into delivery streams already: aws/firehose's half of the
// exactly-once setting. Its rule is in docs/decisions/0142. All methods may be called concurrently for
// different tokens.
//
// A call bears a token when its X-Amzn-Trace-Id is a Trace of it.
type Landings interface {
	// Open makes a token known, before a call bears it. The changes are committed together with the
	// bounds of the batch.
	Open(token string) []journal.Change
	// Attempt begins the nth attempt of a token; n goes up within a process. When it returns, calls of earlier attempts have been
	// counted or will be refused. What an attempt puts that an earlier one has put already is
	// acknowledged and not put again.
	Attempt(ctx context.Context, token string, n uint64) error
	// Close forgets a token: calls that still bear it are refused. The changes are committed together
	// with the checkpoint that passes the batch. A token that is not open is no error.
	Close(token string) []journal.Change
}

// Answer is what a function returned.
type Answer struct {
	Payload   []byte
	Error     string // "" or "Unhandled"
	ErrorType string
	Version   string // the version that ran
}

// Objects takes the reports of given-up batches. aws/s3 gives it.
type Objects interface {
	PutObject(ctx context.Context, scope hydrant.Scope, bucket, key, contentType string, body []byte) error
}

// Queues takes reports of given-up batches as messages: queues, and topics, which have queues behind them.
// aws/sqs and aws/sns give it.
type Queues interface {
	// HasQueue reports whether a queue or a topic is there, by its ARN.
	HasQueue(arn string) bool
	// Send sends a message to it; it is on disk when Send returns. Of its attributes a string is of
	// type String, an int of type Number.
	Send(ctx context.Context, arn, body string, attributes map[string]any) error
}

// Metrics takes one value of a CloudWatch metric.
type Metrics interface {
	Put(scope hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, unit string)
}
