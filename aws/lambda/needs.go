package lambda

import (
	"context"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/aws/lambda/source"
)

// CodeStore reads a function's archive where it was put. aws/s3 gives it.
type CodeStore interface {
	// GetObject returns an object whole, or a *hydrant.Fault with S3's code (NoSuchKey, NoSuchBucket).
	GetObject(ctx context.Context, scope hydrant.Scope, bucket, key string) ([]byte, error)
}

// Queues takes what becomes of batches and events, where that is to go to a queue or a topic. aws/sqs and aws/sns
// give it.
type Queues = source.Queues

// Logs takes the functions' output: runtime.Logs. aws/cwlogs gives it.
type Logs = runtime.Logs

// Metrics takes values of CloudWatch metrics: source.Metrics.
type Metrics = source.Metrics
