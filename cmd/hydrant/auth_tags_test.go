package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kinesissdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/sns"
)

// TestPoliciesAskForTheTagsOfResources: who may use what is tagged with its team, may use that and no more.
func TestPoliciesAskForTheTagsOfResources(t *testing.T) {
	g := openGuarded(t, 0)
	ctx := t.Context()
	mine, other := map[string]string{"team": "taxi"}, map[string]string{"team": "bus"}

	role := g.role("delivery", "firehose", "s3:PutObject")
	_, err := s3sdk.NewFromConfig(g.admin, func(o *s3sdk.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3sdk.CreateBucketInput{Bucket: aws.String("lake")})
	g.must(err)
	for name, tags := range map[string]map[string]string{"mine": mine, "other": other} {
		_, err := kinesissdk.NewFromConfig(g.admin).CreateStream(ctx, &kinesissdk.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1), Tags: tags})
		g.must(err)
		_, err = cloudwatchlogs.NewFromConfig(g.admin).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tags})
		g.must(err)
		_, err = sqs.NewFromConfig(g.admin).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Tags: tags})
		g.must(err)
		_, err = firehose.NewFromConfig(g.admin).CreateDeliveryStream(ctx, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: &name,
			Tags:                               []firehosetypes.Tag{{Key: aws.String("team"), Value: aws.String(tags["team"])}},
			ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{RoleARN: &role, BucketARN: aws.String("arn:aws:s3:::lake")}})
		g.must(err)
		_, err = iamsdk.NewFromConfig(g.admin).CreateUser(ctx, &iamsdk.CreateUserInput{UserName: &name, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String(tags["team"])}}})
		g.must(err)
	}
	user := g.user("driver", "sts:GetCallerIdentity")
	_, err = iamsdk.NewFromConfig(g.admin).TagUser(ctx, &iamsdk.TagUserInput{UserName: aws.String("driver"), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("taxi")}}})
	g.must(err)
	_, err = iamsdk.NewFromConfig(g.admin).PutUserPolicy(ctx, &iamsdk.PutUserPolicyInput{UserName: aws.String("driver"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}]}`)})
	g.must(err)

	for name, ask := range map[string]func(string) error{
		"kinesis": func(name string) error {
			_, err := kinesissdk.NewFromConfig(user).DescribeStreamSummary(ctx, &kinesissdk.DescribeStreamSummaryInput{StreamName: &name})
			return err
		},
		"logs": func(name string) error {
			_, err := cloudwatchlogs.NewFromConfig(user).CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: aws.String("s")})
			return err
		},
		"firehose": func(name string) error {
			_, err := firehose.NewFromConfig(user).DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &name})
			return err
		},
		"sqs": func(name string) error {
			_, err := sqs.NewFromConfig(user).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
			return err
		},
		"iam": func(name string) error {
			_, err := iamsdk.NewFromConfig(user).GetUser(ctx, &iamsdk.GetUserInput{UserName: &name})
			return err
		},
	} {
		if err := ask("mine"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		refusedWith(t, ask("other"), "is not authorized to perform: "+name+":")
	}

	house := g.s.house.Load()
	topic, err := house.topics.CreateTopic(hydrant.WithScope(ctx, hydrant.Scope{}), &sns.CreateTopicIn{Name: "mine", Tags: []sns.Tag{{Key: "team", Value: "taxi"}}})
	g.must(err)
	if got := house.identity.tagged.of(ctx, topic.TopicArn); got["team"] != "taxi" {
		t.Errorf("sns: tags %v", got)
	}
}
