package firehose

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// What delivery needs of its neighbours. cmd/hydrant/join.go hands them over; each may be nil where
// the house has no such room, and then a configuration that needs it is refused.

// Tables knows the columns of a Glue table.
type Tables interface {
	// Columns returns the columns of a version of a table and the version's id; versionID "LATEST"
	// follows the table. A missing database, table or version is a *hydrant.Fault with Glue's code
	// EntityNotFoundException.
	Columns(ctx context.Context, scope hydrant.Scope, database, table, versionID string) (columns []hydrant.Column, version string, err error)
}

// Roles decides what a delivery stream may do as a role it was given. An error says that the role
// cannot be taken on, or does not allow it. May may be called concurrently.
type Roles interface {
	May(ctx context.Context, scope hydrant.Scope, roleARN, action, resourceARN string) error
}

// Logs is CloudWatch Logs. A group or stream that is not there is an error, and the events are gone:
// nothing in delivery depends on them.
type Logs interface {
	Write(ctx context.Context, scope hydrant.Scope, group, stream string, events []hydrant.LogEvent) error
}

// Metrics is CloudWatch. Put may be called concurrently and must not block.
type Metrics interface {
	Put(scope hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, unit string)
}

// Streams reads Kinesis streams for delivery streams that have one as their source.
type Streams interface {
	// Shards lists the shards of a stream, parents before children.
	Shards(ctx context.Context, streamARN string) ([]hydrant.Shard, error)
	// Start is the offset at which a reader with that starting position (AT_TIMESTAMP) begins.
	Start(ctx context.Context, streamARN, shardID, position string, at time.Time) (uint64, error)
	// Read returns records from an offset on (Sequence filled in), the next offset, and end=true when
	// the shard is closed and fully read. It returns at once where there is nothing.
	Read(ctx context.Context, streamARN, shardID string, from uint64, limit shardlog.Limit) (records []hydrant.Record, next uint64, end bool, err error)
}

// Functions invokes Lambda functions for delivery streams that have one transform their records.
type Functions interface {
	// Invoke calls a function and waits for its answer. functionError is what Lambda calls it when
	// the function ran and failed or ran out of time ("Unhandled"), and "" when it answered. An err
	// means it did not run: a *hydrant.Fault with Lambda's code where it is not there, is throttled
	// or may not be called. Such a call is repeated for as long as it takes.
	Invoke(ctx context.Context, scope hydrant.Scope, arn string, payload []byte) (answer []byte, functionError string, err error)
}
