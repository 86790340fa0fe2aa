package kinesis

import (
	"context"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	Consumer struct {
		ConsumerName              string
		ConsumerARN               string
		ConsumerStatus            string
		ConsumerCreationTimestamp time.Time
	}
	ConsumerDescription struct {
		ConsumerName              string
		ConsumerARN               string
		ConsumerStatus            string
		ConsumerCreationTimestamp time.Time
		StreamARN                 string
	}

	RegisterStreamConsumerIn struct {
		StreamARN    string            `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		ConsumerName string            `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		Tags         map[string]string `keymin:"1" keymax:"128" eachmin:"0" eachmax:"256" min:"1" max:"200"`
	}
	RegisterStreamConsumerOut struct{ Consumer Consumer }

	DescribeStreamConsumerIn struct {
		StreamARN    string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		ConsumerName string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		ConsumerARN  string `min:"1" max:"2048" pattern:"^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+"`
	}
	DescribeStreamConsumerOut struct{ ConsumerDescription ConsumerDescription }

	DeregisterStreamConsumerIn  DescribeStreamConsumerIn
	DeregisterStreamConsumerOut struct{}

	ListStreamConsumersIn struct {
		StreamARN               string `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		NextToken               string `min:"1" max:"1048576"`
		MaxResults              *int   `min:"1" max:"10000"`
		StreamCreationTimestamp *time.Time
	}
	ListStreamConsumersOut struct {
		Consumers []Consumer
		NextToken string
	}
)

func (c *consumerInfo) describe(stream string, now time.Time) Consumer {
	status, _ := c.status(now)
	return Consumer{c.Name, c.arn(stream), status, c.created()}
}

// RegisterStreamConsumer gives a consumer a pipe of its own into every shard.
//
//	Wire     Kinesis_20131202.RegisterStreamConsumer over json 1.1
//	Limits   maxConsumers of a stream, maxCreatingConsumers of them CREATING
func (s *Service) RegisterStreamConsumer(ctx context.Context, in *RegisterStreamConsumerIn) (*RegisterStreamConsumerOut, error) {
	var out *RegisterStreamConsumerOut
	_, err := s.change(ctx, "", in.StreamARN, "", func(info *streamInfo) error {
		if err := checkTags(info.Name, info.Scope, in.Tags, in.Tags); err != nil {
			return err
		}
		now := time.Now()
		arn := info.arn()
		info.settled(now)
		if info.consumer(arn, in.ConsumerName, "", now) != nil {
			return hydrant.Faultf("ResourceInUseException", "Consumer %s under stream %s already exists for account %s.", in.ConsumerName, info.Name, info.Scope.Account)
		}
		busy := 0
		for _, c := range info.Consumers {
			if status, _ := c.status(now); status == creating {
				busy++
			}
		}
		if len(info.Consumers) >= maxConsumers || busy >= maxCreatingConsumers {
			return hydrant.Faultf("LimitExceededException", "This request would exceed the consumer limit of stream %s under account %s: %d registered, %d of them being created. Limits: %d and %d.",
				info.Name, info.Scope.Account, len(info.Consumers), busy, maxConsumers, maxCreatingConsumers)
		}
		c := consumerInfo{Name: in.ConsumerName, Created: now.UnixMilli(), Status: creating, Settles: now.Add(s.StatusDelay).UnixMilli(), Tags: in.Tags}
		info.Consumers = append(slices.Clone(info.Consumers), c)
		d := c.describe(arn, now)
		d.ConsumerStatus = creating
		out = &RegisterStreamConsumerOut{d}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// consumerStream finds the stream a request about a consumer means.
func (s *Service) consumerStream(ctx context.Context, in *DescribeStreamConsumerIn) (string, error) {
	if in.ConsumerARN != "" {
		stream, ok := splitConsumerARN(in.ConsumerARN)
		if !ok {
			return "", hydrant.Faultf("InvalidArgumentException", "ConsumerARN %s does not name a consumer", in.ConsumerARN)
		}
		return stream, nil
	}
	if in.StreamARN == "" || in.ConsumerName == "" {
		return "", hydrant.Faultf("InvalidArgumentException", "Either ConsumerARN, or both StreamARN and ConsumerName must be provided.")
	}
	return in.StreamARN, nil
}

// DescribeStreamConsumer tells of one registration.
//
//	Wire     Kinesis_20131202.DescribeStreamConsumer over json 1.1
func (s *Service) DescribeStreamConsumer(ctx context.Context, in *DescribeStreamConsumerIn) (*DescribeStreamConsumerOut, error) {
	arn, err := s.consumerStream(ctx, in)
	if err != nil {
		return nil, err
	}
	st, err := s.find(ctx, "", arn, "")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	st.mu.RLock()
	defer st.mu.RUnlock()
	c := st.info.consumer(arn, in.ConsumerName, in.ConsumerARN, now)
	if c == nil {
		return nil, noConsumer(in.named(), st.scope)
	}
	d := c.describe(arn, now)
	return &DescribeStreamConsumerOut{ConsumerDescription{d.ConsumerName, d.ConsumerARN, d.ConsumerStatus, d.ConsumerCreationTimestamp, arn}}, nil
}

// named is how a fault speaks of the consumer a request names.
func (in *DescribeStreamConsumerIn) named() string {
	if in.ConsumerARN != "" {
		return in.ConsumerARN
	}
	return in.ConsumerName
}

// DeregisterStreamConsumer takes a registration away. A subscription that is open goes on to its end.
//
//	Wire     Kinesis_20131202.DeregisterStreamConsumer over json 1.1
func (s *Service) DeregisterStreamConsumer(ctx context.Context, in *DeregisterStreamConsumerIn) (*DeregisterStreamConsumerOut, error) {
	which := (*DescribeStreamConsumerIn)(in)
	arn, err := s.consumerStream(ctx, which)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, "", arn, "", func(info *streamInfo) error {
		now := time.Now()
		info.settled(now)
		info.Consumers = slices.Clone(info.Consumers)
		c := info.consumer(arn, in.ConsumerName, in.ConsumerARN, now)
		if c == nil {
			return noConsumer(which.named(), info.Scope)
		}
		if c.Status != deleting {
			c.Status, c.Settles = deleting, now.Add(s.StatusDelay).UnixMilli()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &DeregisterStreamConsumerOut{}, nil
}

// ListStreamConsumers lists registrations by name.
//
//	Wire     Kinesis_20131202.ListStreamConsumers over json 1.1
//	Limits   pages of 100 at most
func (s *Service) ListStreamConsumers(ctx context.Context, in *ListStreamConsumersIn) (*ListStreamConsumersOut, error) {
	st, err := s.find(ctx, "", in.StreamARN, "")
	if err != nil {
		return nil, err
	}
	limit, after, now := 100, "", time.Now()
	if in.MaxResults != nil {
		limit = min(limit, *in.MaxResults)
	}
	if in.NextToken != "" {
		b, err := s.tokens.openList(in.NextToken, now)
		if err != nil {
			return nil, listTokenFault(err)
		}
		after = string(b)
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if in.StreamCreationTimestamp != nil && in.StreamCreationTimestamp.Unix() != st.created().Unix() {
		return nil, notFound(st.name, st.scope)
	}
	all := map[string]Consumer{}
	names := []string{}
	for _, c := range st.info.Consumers {
		if _, gone := c.status(now); !gone && c.Name > after {
			all[c.Name] = c.describe(st.arn(), now)
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	out := &ListStreamConsumersOut{Consumers: []Consumer{}}
	for _, n := range names {
		if len(out.Consumers) == limit {
			out.NextToken = s.tokens.list([]byte(out.Consumers[limit-1].ConsumerName), now)
			break
		}
		out.Consumers = append(out.Consumers, all[n])
	}
	return out, nil
}
