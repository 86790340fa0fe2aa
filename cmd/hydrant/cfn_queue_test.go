package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/sqs"
)

// A stream, a function with inline code, and a queue for the batches it gives up.
const queueTemplate = `
Parameters:
  Hidden: {Type: Number, Default: 45}
Resources:
  Later: {Type: AWS::SQS::Queue, Properties: {QueueName: later}}
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: dead
      VisibilityTimeout: !Ref Hidden
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Later.Arn, maxReceiveCount: 3}
      Tags: [{Key: a, Value: b}]
  Trips: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Filter:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/r
      Code: {ZipFile: "def handler(e, c): pass"}
      DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Filter
      EventSourceArn: !GetAtt Trips.Arn
      StartingPosition: TRIM_HORIZON
      DestinationConfig: {OnFailure: {Destination: !GetAtt Dead.Arn}}
Outputs:
  Url: {Value: !Ref Dead}
  Name: {Value: !GetAtt Dead.QueueName}
`

func TestQueueInAStack(t *testing.T) {
	r, c := stackHouse(t)
	ctx := hydrant.WithScope(t.Context(), hydrant.Scope{})
	name := aws.String("q")
	if _, err := c.CreateStack(ctx, &sdk.CreateStackInput{StackName: name, TemplateBody: aws.String(queueTemplate)}); err != nil {
		t.Fatal(err)
	}
	st := settled(t, c, *name, types.StackStatusCreateComplete)
	outputs := map[string]string{}
	for _, o := range st.Outputs {
		outputs[*o.OutputKey] = *o.OutputValue
	}
	if !strings.HasSuffix(outputs["Url"], "/000000000000/dead") || outputs["Name"] != "dead" {
		t.Errorf("%v", outputs)
	}
	attributes := func() map[string]string {
		t.Helper()
		out, err := r.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesIn{QueueUrl: outputs["Url"], AttributeNames: []string{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes
	}
	if a := attributes(); a["VisibilityTimeout"] != "45" || !strings.Contains(a["RedrivePolicy"], `"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:later"`) {
		t.Errorf("%v", a)
	}
	mappings, err := r.lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsIn{})
	if err != nil || len(mappings.EventSourceMappings) != 1 || mappings.EventSourceMappings[0].DestinationConfig.OnFailure.Destination != "arn:aws:sqs:us-east-1:000000000000:dead" {
		t.Errorf("%+v, %v", mappings, err)
	}

	bare := strings.Replace(strings.Replace(queueTemplate, "      VisibilityTimeout: !Ref Hidden\n", "", 1), "[{Key: a, Value: b}]", "[{Key: c, Value: d}]", 1)
	if _, err := c.UpdateStack(ctx, &sdk.UpdateStackInput{StackName: name, TemplateBody: &bare}); err != nil {
		t.Fatal(err)
	}
	settled(t, c, *name, types.StackStatusUpdateComplete)
	tags, err := r.queues.ListQueueTags(ctx, &sqs.QueueIn{QueueUrl: outputs["Url"]})
	if a := attributes(); err != nil || a["VisibilityTimeout"] != "30" || len(tags.Tags) != 1 || tags.Tags["c"] != "d" {
		t.Errorf("%v %v, %v", a, tags, err)
	}
	if _, err := c.DeleteStack(ctx, &sdk.DeleteStackInput{StackName: name}); err != nil {
		t.Fatal(err)
	}
	for list := []string{"x"}; len(list) > 0; {
		out, err := r.queues.ListQueues(ctx, &sqs.ListQueuesIn{})
		if err != nil {
			t.Fatal(err)
		}
		list = out.QueueUrls
		time.Sleep(5 * time.Millisecond)
	}
}
