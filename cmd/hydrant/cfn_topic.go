package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/sns"
)

type topicProperties struct {
	TopicName    string
	DisplayName  string
	FifoTopic    bool
	Subscription []topicSubscription
	Tags         []cfnTag
}

type topicSubscription struct{ Endpoint, Protocol string }

// topicType makes AWS::SNS::Topic. Its id is the topic's ARN. Subscriptions named in it come and go with it.
func topicType(s *sns.Service) cloudformation.Handler {
	look := func(ctx context.Context, arn string) (cloudformation.Made, error) {
		_, err := ask(ctx, "sns:GetTopicAttributes", s.GetTopicAttributes, &sns.TopicIn{TopicArn: arn})
		if hydrant.FaultCode(err) == "NotFound" {
			return cloudformation.Made{}, cloudformation.ErrNotFound
		}
		if err != nil {
			return cloudformation.Made{}, err
		}
		a, err := hydrant.ParseARN(arn)
		return cloudformation.Made{ID: arn, Attributes: map[string]any{"TopicArn": arn, "TopicName": a.Resource}}, err
	}
	rest := func(ctx context.Context, arn string, p *topicProperties) (cloudformation.Made, error) {
		for _, to := range p.Subscription {
			in := &sns.SubscribeIn{TopicArn: arn, Protocol: to.Protocol, Endpoint: to.Endpoint}
			if _, err := ask(ctx, "sns:Subscribe", s.Subscribe, in); err != nil {
				return cloudformation.Made{ID: arn}, err
			}
		}
		return look(ctx, arn)
	}
	return &cloudformation.Typed[topicProperties]{
		Facts: cloudformation.Schema{Name: "TopicName", MaxName: 256, Replace: []string{"TopicName", "FifoTopic"}, Attributes: []string{"TopicArn", "TopicName"}},
		Make: func(ctx context.Context, _ string, p *topicProperties) (cloudformation.Made, error) {
			in := &sns.CreateTopicIn{Name: p.TopicName, Attributes: map[string]string{}}
			if p.DisplayName != "" {
				in.Attributes["DisplayName"] = p.DisplayName
			}
			if p.FifoTopic {
				in.Attributes["FifoTopic"] = "true" // which is refused
			}
			in.Tags = topicTags(tagMap(p.Tags))
			out, err := ask(ctx, "sns:CreateTopic", s.CreateTopic, in)
			if err != nil {
				return cloudformation.Made{}, err
			}
			return rest(ctx, out.TopicArn, p)
		},
		Rest: rest,
		Turn: func(ctx context.Context, id string, old, p *topicProperties) (cloudformation.Made, error) {
			if old.DisplayName != p.DisplayName {
				in := &sns.SetTopicAttributesIn{TopicArn: id, AttributeName: "DisplayName", AttributeValue: p.DisplayName}
				if _, err := ask(ctx, "sns:SetTopicAttributes", s.SetTopicAttributes, in); err != nil {
					return cloudformation.Made{}, err
				}
			}
			tags, off := retag(tagMap(old.Tags), tagMap(p.Tags))
			if off != nil {
				if _, err := ask(ctx, "sns:UntagResource", s.UntagResource, &sns.UntagResourceIn{ResourceArn: id, TagKeys: off}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			if tags != nil {
				if _, err := ask(ctx, "sns:TagResource", s.TagResource, &sns.TagResourceIn{ResourceArn: id, Tags: topicTags(tags)}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			for _, was := range old.Subscription {
				if !slices.Contains(p.Subscription, was) {
					if err := unsubscribe(ctx, s, id, was.Endpoint); err != nil {
						return cloudformation.Made{}, err
					}
				}
			}
			return rest(ctx, id, p)
		},
		Drop: func(ctx context.Context, id string, _ *topicProperties) error {
			_, err := ask(ctx, "sns:DeleteTopic", s.DeleteTopic, &sns.TopicIn{TopicArn: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *topicProperties) (cloudformation.Made, error) {
			if id == "" {
				id = hydrant.ScopeOf(ctx).ARN("sns", p.TopicName)
			}
			return look(ctx, id)
		},
	}
}

func topicTags(tags map[string]string) (list []sns.Tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, sns.Tag{Key: k, Value: tags[k]})
	}
	return list
}

// unsubscribe ends the subscription a queue has to a topic, if any.
func unsubscribe(ctx context.Context, s *sns.Service, topic, queue string) error {
	sub, err := subscriptionOf(ctx, s, topic, queue)
	if err != nil || sub == "" {
		return err
	}
	_, err = ask(ctx, "sns:Unsubscribe", s.Unsubscribe, &sns.SubscriptionArn{SubscriptionArn: sub})
	return err
}

// subscriptionOf is the ARN of the subscription a queue has to a topic, or "".
func subscriptionOf(ctx context.Context, s *sns.Service, topic, queue string) (string, error) {
	for in := (&sns.ListByTopicIn{TopicArn: topic}); ; {
		out, err := ask(ctx, "sns:ListSubscriptionsByTopic", s.ListSubscriptionsByTopic, in)
		if hydrant.FaultCode(err) == "NotFound" {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for _, sub := range out.Subscriptions {
			if sub.Endpoint == queue {
				return sub.SubscriptionArn, nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return "", nil
		}
	}
}

type subscriptionProperties struct {
	TopicArn           string
	Protocol           string
	Endpoint           string
	RawMessageDelivery *bool
	FilterPolicy       map[string]any
}

// subscriptionType makes AWS::SNS::Subscription. Its id is the subscription's ARN; a change makes another one.
func subscriptionType(s *sns.Service) cloudformation.Handler {
	made := func(arn string) cloudformation.Made {
		return cloudformation.Made{ID: arn, Attributes: map[string]any{"Arn": arn}}
	}
	return &cloudformation.Typed[subscriptionProperties]{
		Facts: cloudformation.Schema{Replace: []string{"TopicArn", "Protocol", "Endpoint", "RawMessageDelivery", "FilterPolicy"}, Attributes: []string{"Arn"}},
		Make: func(ctx context.Context, _ string, p *subscriptionProperties) (cloudformation.Made, error) {
			in := &sns.SubscribeIn{TopicArn: p.TopicArn, Protocol: p.Protocol, Endpoint: p.Endpoint, Attributes: map[string]string{}}
			if p.RawMessageDelivery != nil {
				in.Attributes["RawMessageDelivery"] = strconv.FormatBool(*p.RawMessageDelivery)
			}
			if p.FilterPolicy != nil {
				in.Attributes["FilterPolicy"] = "{}" // which is refused
			}
			out, err := ask(ctx, "sns:Subscribe", s.Subscribe, in)
			if err != nil {
				return cloudformation.Made{}, err
			}
			return made(out.SubscriptionArn), nil
		},
		Turn: func(_ context.Context, id string, _, _ *subscriptionProperties) (cloudformation.Made, error) {
			return made(id), nil // nothing of it changes in place
		},
		Drop: func(ctx context.Context, id string, _ *subscriptionProperties) error {
			_, err := ask(ctx, "sns:Unsubscribe", s.Unsubscribe, &sns.SubscriptionArn{SubscriptionArn: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *subscriptionProperties) (cloudformation.Made, error) {
			found, err := subscriptionOf(ctx, s, p.TopicArn, p.Endpoint)
			if err == nil && (found == "" || id != "" && found != id) {
				err = cloudformation.ErrNotFound
			}
			return made(found), err
		},
	}
}
