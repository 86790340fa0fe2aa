package source

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
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

// Functions is what mappings call.
type Functions interface {
	// Invoke runs a function by its ARN, qualifier included, with an event. id is the same for every
	// attempt of the same records: whoever wants to recognise a repeated attempt can.
	// An error is a *hydrant.Fault (TooManyRequestsException, ResourceNotFoundException,
	// RequestTooLargeException, …) or says that the call was cut off; a function that fails is an
	// Answer with Error set.
	Invoke(ctx context.Context, function, id string, event []byte) (Answer, error)
	// Role is the function's role, for the event's invokeIdentityArn.
	Role(function string) string
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

// Metrics takes one value of a CloudWatch metric.
type Metrics interface {
	Put(scope hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, unit string)
}
