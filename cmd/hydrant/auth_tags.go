package main

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
)

// tagged are the rooms whose resources have tags. They open later than identity, as its own do.
type tagged struct {
	kinesis  *kinesis.Service
	firehose *firehose.Service
	lambda   *lambda.Service
	logs     *cwlogs.Service
	glue     *glue.Service
	athena   *athena.Service
	queues   *sqs.Service
	topics   *sns.Service
}

// of are the tags of a resource, for policies that ask for them; none where it has none or is not there.
func (t *tagged) of(ctx context.Context, resource string) map[string]string {
	arn, err := hydrant.ParseARN(resource)
	if err != nil || t.kinesis == nil {
		return nil
	}
	ctx = hydrant.WithScope(ctx, arn.Scope())
	tags := map[string]string{}
	switch arn.Service {
	case "kinesis":
		if out, err := t.kinesis.ListTagsForResource(ctx, &kinesis.ListTagsForResourceIn{ResourceARN: resource}); err == nil {
			for _, tag := range out.Tags {
				tags[tag.Key] = tag.Value
			}
		}
	case "firehose":
		name, _ := arn.Name("deliverystream/")
		if out, err := t.firehose.ListTagsForDeliveryStream(ctx, &firehose.ListTagsForDeliveryStreamIn{DeliveryStreamName: name}); err == nil {
			tags = deliveryTags(out.Tags)
		}
	case "lambda":
		if out, err := t.lambda.ListTags(ctx, &lambda.ListTagsIn{Resource: resource}); err == nil {
			return out.Tags
		}
	case "logs":
		group, _, _ := strings.Cut(resource, ":log-stream:") // a stream has its group's
		if out, err := t.logs.ListTagsForResource(ctx, &cwlogs.ListTagsForResourceIn{ResourceArn: group}); err == nil {
			return out.Tags
		}
	case "glue":
		if out, err := t.glue.GetTags(ctx, &glue.GetTagsIn{ResourceArn: resource}); err == nil {
			return out.Tags
		}
	case "athena":
		if out, err := t.athena.ListTagsForResource(ctx, &athena.ListTagsForResourceIn{ResourceARN: resource}); err == nil {
			for _, tag := range out.Tags {
				tags[tag.Key] = tag.Value
			}
		}
	case "sqs":
		if out, err := t.queues.ListQueueTags(ctx, &sqs.QueueIn{QueueUrl: arn.Account + "/" + arn.Resource}); err == nil {
			return out.Tags
		}
	case "sns":
		if out, err := t.topics.ListTagsForResource(ctx, &sns.ListTagsForResourceIn{ResourceArn: resource}); err == nil {
			for _, tag := range out.Tags {
				tags[tag.Key] = tag.Value
			}
		}
	}
	return tags
}
