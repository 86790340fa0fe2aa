package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// Here the rooms of the house are introduced to each other. Where one already has the very methods
// another needs (its needs.go), app.go hands it over as it is; the rest is adapted here.

// catalog is Glue as query needs it: the tables whose columns and objects the one who asks may read. The
// others are not there.
type catalog struct {
	glue *glue.Service
	may  permission
}

func (c catalog) readable(ctx context.Context, t *query.Table) bool {
	if c.may(ctx, "glue", "GetTable", &glue.GetTableIn{DatabaseName: t.Database, Name: t.Name}) != nil {
		return false
	}
	bucket, prefix, ok := strings.Cut(strings.TrimPrefix(t.Location, "s3://"), "/")
	if !ok {
		return true // no objects to be read
	}
	objects := &s3.GetObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: bucket}, Key: strings.TrimSuffix(prefix, "/") + "/*"}}
	return c.may(ctx, "s3", "GetObject", objects) == nil
}

func (c catalog) Tables(ctx context.Context) ([]query.Table, error) {
	var out []query.Table
	for t, err := range c.glue.Tables(hydrant.ScopeOf(ctx)) {
		if err != nil {
			return nil, err
		}
		table := query.Table{
			Database: t.Database, Name: t.Name,
			Columns: queryColumns(t.Columns), PartitionKeys: queryColumns(t.PartitionKeys),
			Location: t.Location, InputFormat: t.InputFormat,
			SerDe: t.SerDe, SerDeParameters: t.SerDeParameters, Parameters: t.Parameters, View: t.View,
		}
		if c.readable(ctx, &table) {
			out = append(out, table)
		}
	}
	return out, nil
}

func (c catalog) Partitions(ctx context.Context, database, table string) ([]query.Partition, error) {
	list, err := c.glue.Partitions(hydrant.ScopeOf(ctx), database, table)
	if err != nil {
		return nil, err
	}
	out := make([]query.Partition, len(list))
	for i, p := range list {
		out[i] = query.Partition{Values: p.Values, Location: p.Location}
	}
	return out, nil
}

func queryColumns(of []hydrant.Column) []query.Column {
	out := make([]query.Column, len(of))
	for i, c := range of {
		out[i] = query.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

// objects is the lake as Lambda needs it: whole objects of a function's code, and reports of batches
// that were given up.
type objects struct{ lake blob.Store }

func (o objects) GetObject(ctx context.Context, _ hydrant.Scope, bucket, key string) ([]byte, error) {
	r, _, err := o.lake.Get(ctx, bucket, key, nil)
	if err != nil {
		return nil, storeFault(err)
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (o objects) PutObject(ctx context.Context, _ hydrant.Scope, bucket, key, contentType string, body []byte) error {
	_, err := o.lake.Put(ctx, bucket, key, bytes.NewReader(body), blob.Put{Meta: blob.Meta{ContentType: contentType}})
	return storeFault(err)
}

// storeFault words what the lake says as S3 would.
func storeFault(err error) error {
	switch {
	case errors.Is(err, blob.ErrNoBucket):
		return hydrant.Faultf("NoSuchBucket", "The specified bucket does not exist").WithStatus(404)
	case errors.Is(err, blob.ErrNoKey):
		return hydrant.Faultf("NoSuchKey", "The specified key does not exist.").WithStatus(404)
	}
	return err
}

// mailboxes are SQS and SNS as Lambda needs them: whatever a message can be sent to by its ARN.
type mailboxes struct {
	queues *sqs.Service
	topics *sns.Service
}

func isTopic(arn string) bool { return strings.HasPrefix(arn, "arn:aws:sns:") }

func (m mailboxes) HasQueue(arn string) bool {
	if isTopic(arn) {
		return m.topics.HasTopic(arn)
	}
	return m.queues.HasQueue(arn)
}

func (m mailboxes) Send(ctx context.Context, arn, body string, attributes map[string]any) error {
	if isTopic(arn) {
		return m.topics.Tell(ctx, arn, body, attributes)
	}
	return m.queues.Send(ctx, arn, body, attributes)
}
