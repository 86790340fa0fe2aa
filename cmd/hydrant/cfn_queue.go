package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/sqs"
)

type queueProperties struct {
	QueueName                     string
	DelaySeconds                  *int
	MaximumMessageSize            *int
	MessageRetentionPeriod        *int
	ReceiveMessageWaitTimeSeconds *int
	VisibilityTimeout             *int
	RedrivePolicy                 map[string]any
	RedriveAllowPolicy            map[string]any
	SqsManagedSseEnabled          *bool
	FifoQueue                     bool
	KmsMasterKeyId                string
	Tags                          []cfnTag
}

// attributes are the properties as SQS has them.
func (p *queueProperties) attributes() (map[string]string, error) {
	set := map[string]string{}
	for name, v := range map[string]*int{
		"DelaySeconds": p.DelaySeconds, "MaximumMessageSize": p.MaximumMessageSize, "MessageRetentionPeriod": p.MessageRetentionPeriod,
		"ReceiveMessageWaitTimeSeconds": p.ReceiveMessageWaitTimeSeconds, "VisibilityTimeout": p.VisibilityTimeout,
	} {
		if v != nil {
			set[name] = strconv.Itoa(*v)
		}
	}
	for name, v := range map[string]map[string]any{"RedrivePolicy": p.RedrivePolicy, "RedriveAllowPolicy": p.RedriveAllowPolicy} {
		if v == nil {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		set[name] = string(text)
	}
	if p.SqsManagedSseEnabled != nil {
		set["SqsManagedSseEnabled"] = strconv.FormatBool(*p.SqsManagedSseEnabled)
	}
	if p.FifoQueue {
		set["FifoQueue"] = "true" // which the queue refuses
	}
	if p.KmsMasterKeyId != "" {
		set["KmsMasterKeyId"] = p.KmsMasterKeyId // likewise
	}
	return set, nil
}

// queueType makes AWS::SQS::Queue. Its id is the queue's URL.
func queueType(s *sqs.Service) cloudformation.Handler {
	look := func(ctx context.Context, url string) (cloudformation.Made, error) {
		out, err := ask(ctx, "sqs:GetQueueAttributes", s.GetQueueAttributes, &sqs.GetQueueAttributesIn{QueueUrl: url, AttributeNames: []string{"QueueArn"}})
		if hydrant.FaultCode(err) == "QueueDoesNotExist" {
			return cloudformation.Made{}, cloudformation.ErrNotFound
		}
		if err != nil {
			return cloudformation.Made{}, err
		}
		arn, err := hydrant.ParseARN(out.Attributes["QueueArn"])
		return cloudformation.Made{ID: url, Attributes: map[string]any{"Arn": arn.String(), "QueueName": arn.Resource, "QueueUrl": url}}, err
	}
	return &cloudformation.Typed[queueProperties]{
		Facts: cloudformation.Schema{Name: "QueueName", MaxName: 80, Replace: []string{"QueueName", "FifoQueue"}, Attributes: []string{"Arn", "QueueName", "QueueUrl"}},
		Make: func(ctx context.Context, _ string, p *queueProperties) (cloudformation.Made, error) {
			set, err := p.attributes()
			if err != nil {
				return cloudformation.Made{}, err
			}
			out, err := ask(ctx, "sqs:CreateQueue", s.CreateQueue, &sqs.CreateQueueIn{QueueName: p.QueueName, Attributes: set, Tags: tagMap(p.Tags)})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return look(ctx, out.QueueUrl)
		},
		Turn: func(ctx context.Context, id string, old, p *queueProperties) (cloudformation.Made, error) {
			was, err := old.attributes()
			if err != nil {
				return cloudformation.Made{}, err
			}
			set, err := p.attributes()
			if err != nil {
				return cloudformation.Made{}, err
			}
			for name := range was {
				if _, ok := set[name]; !ok {
					set[name] = sqs.Default(name)
				}
			}
			if len(set) > 0 {
				if _, err := ask(ctx, "sqs:SetQueueAttributes", s.SetQueueAttributes, &sqs.SetQueueAttributesIn{QueueUrl: id, Attributes: set}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			tags, off := retag(tagMap(old.Tags), tagMap(p.Tags))
			if off != nil {
				if _, err := ask(ctx, "sqs:UntagQueue", s.UntagQueue, &sqs.UntagQueueIn{QueueUrl: id, TagKeys: off}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			if tags != nil {
				if _, err := ask(ctx, "sqs:TagQueue", s.TagQueue, &sqs.TagQueueIn{QueueUrl: id, Tags: tags}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			return look(ctx, id)
		},
		Drop: func(ctx context.Context, id string, _ *queueProperties) error {
			_, err := ask(ctx, "sqs:DeleteQueue", s.DeleteQueue, &sqs.QueueIn{QueueUrl: id})
			if hydrant.FaultCode(err) == "QueueDoesNotExist" {
				return nil
			}
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *queueProperties) (cloudformation.Made, error) {
			if id == "" {
				out, err := ask(ctx, "sqs:GetQueueUrl", s.GetQueueUrl, &sqs.GetQueueUrlIn{QueueName: p.QueueName})
				if hydrant.FaultCode(err) == "QueueDoesNotExist" {
					return cloudformation.Made{}, cloudformation.ErrNotFound
				}
				if err != nil {
					return cloudformation.Made{}, err
				}
				id = out.QueueUrl
			}
			return look(ctx, id)
		},
	}
}
