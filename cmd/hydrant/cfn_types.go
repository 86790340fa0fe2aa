package main

import (
	"context"
	"reflect"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/wire"
)

// stackRooms are the rooms a stack builds in. A resource type is there if its room is.
type stackRooms struct {
	kinesis  *kinesis.Service
	firehose *firehose.Service
	lambda   *lambda.Service
	glue     *glue.Service
	s3       *s3.Service
	logs     *cwlogs.Service
	iam      *iam.Service
	athena   *athena.Service
	queues   *sqs.Service
	topics   *sns.Service
}

// resourceTypes are the types of CloudFormation resources; cfn_*.go hold them room by room.
func resourceTypes(r stackRooms) map[string]cloudformation.Handler {
	types := map[string]cloudformation.Handler{
		"AWS::Kinesis::Stream":                 streamType(r.kinesis),
		"AWS::Kinesis::StreamConsumer":         consumerType(r.kinesis),
		"AWS::KinesisFirehose::DeliveryStream": deliveryStreamType(r.firehose),
		"AWS::Lambda::Function":                functionType(r.lambda),
		"AWS::Lambda::EventSourceMapping":      mappingType(r.lambda),
		"AWS::Lambda::Version":                 versionType(r.lambda),
		"AWS::Lambda::Alias":                   aliasType(r.lambda),
		"AWS::Lambda::Permission":              permissionType(r.lambda),
		"AWS::Glue::Database":                  databaseType(r.glue),
		"AWS::Glue::Table":                     tableType(r.glue),
		"AWS::Glue::Partition":                 partitionType(r.glue),
		"AWS::S3::Bucket":                      bucketType(r.s3),
		"AWS::Logs::LogGroup":                  logGroupType(r.logs),
		"AWS::Logs::LogStream":                 logStreamType(r.logs),
	}
	if r.queues != nil {
		types["AWS::SQS::Queue"] = queueType(r.queues)
	}
	if r.topics != nil {
		types["AWS::SNS::Topic"] = topicType(r.topics)
		types["AWS::SNS::Subscription"] = subscriptionType(r.topics)
	}
	if r.iam != nil {
		types["AWS::IAM::Role"] = roleType(r.iam)
		types["AWS::IAM::Policy"] = inlinePolicyType(r.iam)
		types["AWS::IAM::ManagedPolicy"] = managedPolicyType(r.iam)
	}
	if r.athena != nil {
		types["AWS::Athena::WorkGroup"] = workGroupType(r.athena)
		types["AWS::Athena::NamedQuery"] = namedQueryType(r.athena)
	}
	return types
}

// ask calls an operation, "kinesis:CreateStream", from inside the house: held to its constraints as a
// request from outside is, and to the policies of whom the stack is worked on for. A call that has begun is
// not cut short: one that is answered by "canceled" may be done all the same, a moment later.
func ask[In, Out any](ctx context.Context, operation string, op func(context.Context, *In) (*Out, error), in *In) (*Out, error) {
	if err := wire.Check(in); err != nil {
		return nil, err
	}
	if err := mayAsk(ctx, operation, in); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return op(context.WithoutCancel(ctx), in)
}

// poll asks again and again until done, ever more rarely.
func poll(ctx context.Context, done func() (bool, error)) error {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// gone is poll for what is being deleted: a not-found fault of code ends it.
func gone(ctx context.Context, code string, look func() error) error {
	return poll(ctx, func() (bool, error) {
		err := look()
		if hydrant.FaultCode(err) == code {
			return true, nil
		}
		return false, err
	})
}

// away deletes a resource, as soon as it is not in the middle of a change, and waits until look does
// not find it any more.
func away(ctx context.Context, drop, look func() error) error {
	err := poll(ctx, func() (bool, error) {
		err := drop()
		if hydrant.FaultCode(err) == "ResourceInUseException" {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	return gone(ctx, "ResourceNotFoundException", look)
}

// cfnTag is a tag as most resource types write it.
type cfnTag struct {
	Key   string `required:""`
	Value string `required:""`
}

func tagMap(tags []cfnTag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// retag is what has to be set and taken off for old tags to become new ones.
func retag(old, now map[string]string) (set map[string]string, off []string) {
	for k := range old {
		if _, ok := now[k]; !ok {
			off = append(off, k)
		}
	}
	if len(now) > 0 && !reflect.DeepEqual(old, now) {
		set = now
	}
	return set, off
}

func orDefault[T any](p *T, otherwise T) *T {
	if p != nil {
		return p
	}
	return &otherwise
}
