package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/sns"
)

// A topic with one queue subscribed in it and another by a resource of its own, and a mapping that tells it.
const topicTemplate = `
Resources:
  One: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}
  Two: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}
  GivenUp:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: given up
      Subscription: [{Protocol: sqs, Endpoint: !GetAtt One.Arn}]
      Tags: [{Key: a, Value: b}]
  Raw:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref GivenUp, Protocol: sqs, Endpoint: !GetAtt Two.Arn, RawMessageDelivery: true}
  Trips: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Filter:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/r
      Code: {ZipFile: "def handler(e, c): pass"}
      DeadLetterConfig: {TargetArn: !Ref GivenUp}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Filter
      EventSourceArn: !GetAtt Trips.Arn
      StartingPosition: TRIM_HORIZON
      DestinationConfig: {OnFailure: {Destination: !Ref GivenUp}}
Outputs:
  Topic: {Value: !Ref GivenUp}
  Name: {Value: !GetAtt GivenUp.TopicName}
  Raw: {Value: !Ref Raw}
`

func TestTopicInAStack(t *testing.T) {
	r, c := stackHouse(t)
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{}.Or())
	name := aws.String("t")
	if _, err := c.CreateStack(ctx, &sdk.CreateStackInput{StackName: name, TemplateBody: aws.String(topicTemplate)}); err != nil {
		t.Fatal(err)
	}
	st := settled(t, c, *name, types.StackStatusCreateComplete)
	outputs := map[string]string{}
	for _, o := range st.Outputs {
		outputs[*o.OutputKey] = *o.OutputValue
	}
	topic := outputs["Topic"]
	if topic != "arn:aws:sns:us-east-1:000000000000:"+outputs["Name"] || !strings.HasPrefix(outputs["Raw"], topic+":") {
		t.Errorf("%v", outputs)
	}
	queues := func() string {
		t.Helper()
		out, err := r.topics.ListSubscriptionsByTopic(ctx, &sns.ListByTopicIn{TopicArn: topic})
		if err != nil {
			t.Fatal(err)
		}
		var list string
		for _, q := range []string{"one", "two"} {
			for _, s := range out.Subscriptions {
				if strings.HasSuffix(s.Endpoint, ":"+q) {
					list += q + " "
				}
			}
		}
		return list
	}
	if got := queues(); got != "one two " {
		t.Error(got)
	}
	mappings, err := r.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsIn{})
	if err != nil || len(mappings.EventSourceMappings) != 1 || mappings.EventSourceMappings[0].DestinationConfig.OnFailure.Destination != topic {
		t.Errorf("%+v, %v", mappings, err)
	}

	other := strings.NewReplacer("      Subscription: [{Protocol: sqs, Endpoint: !GetAtt One.Arn}]\n", "", "given up", "gone", "{Key: a, Value: b}", "{Key: c, Value: d}").Replace(topicTemplate)
	if _, err := c.UpdateStack(ctx, &sdk.UpdateStackInput{StackName: name, TemplateBody: &other}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, *name, types.StackStatusUpdateComplete)
	tags, err := r.topics.ListTagsForResource(ctx, &sns.ListTagsForResourceIn{ResourceArn: topic})
	if err != nil || len(tags.Tags) != 1 || tags.Tags[0].Key != "c" || queues() != "two " {
		t.Errorf("%+v %v %s", tags, err, queues())
	}
	if a, err := r.topics.GetTopicAttributes(ctx, &sns.TopicIn{TopicArn: topic}); err != nil || a.Attributes["DisplayName"] != "gone" {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := c.DeleteStack(ctx, &sdk.DeleteStackInput{StackName: name}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, *st.StackId, types.StackStatusDeleteComplete)
	if list, err := r.topics.ListTopics(ctx, &sns.ListIn{}); err != nil || len(list.Topics) != 0 {
		t.Errorf("%+v %v", list, err)
	}
}
