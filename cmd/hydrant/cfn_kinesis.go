package main

import (
	"cmp"
	"context"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
)

type streamProperties struct {
	Name                 string
	ShardCount           *int
	RetentionPeriodHours *int
	StreamModeDetails    *kinesis.StreamModeDetails
	StreamEncryption     *struct {
		EncryptionType string `required:""`
		KeyId          string `required:""`
	}
	MaxRecordSizeInKiB *int
	Tags               []cfnTag
}

func (p *streamProperties) onDemand() bool {
	return p.StreamModeDetails != nil && p.StreamModeDetails.StreamMode == "ON_DEMAND"
}

// streamHandler makes AWS::Kinesis::Stream. Every step looks at the stream first, so that a creation or an
// update may be taken up anywhere.
type streamHandler struct{ *kinesis.Service }

func streamType(s *kinesis.Service) cloudformation.Handler {
	h := streamHandler{s}
	return &cloudformation.Typed[streamProperties]{
		Facts: cloudformation.Schema{Name: "Name", MaxName: 128, Replace: []string{"Name"}, Attributes: []string{"Arn"}},
		Make: func(ctx context.Context, _ string, p *streamProperties) (cloudformation.Made, error) {
			in := &kinesis.CreateStreamIn{StreamName: p.Name, StreamModeDetails: p.StreamModeDetails, ShardCount: p.ShardCount, Tags: tagMap(p.Tags), MaxRecordSizeInKiB: p.MaxRecordSizeInKiB}
			if !p.onDemand() {
				in.ShardCount = orDefault(p.ShardCount, 1)
			}
			if _, err := ask(ctx, "kinesis:CreateStream", s.CreateStream, in); err != nil {
				return cloudformation.Made{}, err
			}
			return h.settle(ctx, p)
		},
		Rest: func(ctx context.Context, _ string, p *streamProperties) (cloudformation.Made, error) {
			return h.settle(ctx, p)
		},
		Turn: func(ctx context.Context, _ string, old, p *streamProperties) (cloudformation.Made, error) {
			set, off := retag(tagMap(old.Tags), tagMap(p.Tags))
			if off != nil {
				if _, err := ask(ctx, "kinesis:RemoveTagsFromStream", s.RemoveTagsFromStream, &kinesis.RemoveTagsFromStreamIn{StreamName: p.Name, TagKeys: off}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			if set != nil {
				if _, err := ask(ctx, "kinesis:AddTagsToStream", s.AddTagsToStream, &kinesis.AddTagsToStreamIn{StreamName: p.Name, Tags: set}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			return h.settle(ctx, p)
		},
		Drop: func(ctx context.Context, id string, _ *streamProperties) error {
			yes := true
			return away(ctx, func() error {
				_, err := ask(ctx, "kinesis:DeleteStream", s.DeleteStream, &kinesis.DeleteStreamIn{StreamName: id, EnforceConsumerDeletion: &yes})
				return err
			}, func() error {
				_, err := ask(ctx, "kinesis:DescribeStreamSummary", s.DescribeStreamSummary, &kinesis.DescribeStreamSummaryIn{StreamName: id})
				return err
			})
		},
		Look: func(ctx context.Context, id, _ string, p *streamProperties) (cloudformation.Made, error) {
			d, err := ask(ctx, "kinesis:DescribeStreamSummary", s.DescribeStreamSummary, &kinesis.DescribeStreamSummaryIn{StreamName: cmp.Or(id, p.Name)})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return madeStream(&d.StreamDescriptionSummary), nil
		},
	}
}

func madeStream(d *kinesis.StreamDescriptionSummary) cloudformation.Made {
	return cloudformation.Made{ID: d.StreamName, Attributes: map[string]any{"Arn": d.StreamARN}}
}

// active waits for the stream to be ACTIVE and describes it.
func (h streamHandler) active(ctx context.Context, name string) (d *kinesis.StreamDescriptionSummary, err error) {
	err = poll(ctx, func() (bool, error) {
		out, err := ask(ctx, "kinesis:DescribeStreamSummary", h.DescribeStreamSummary, &kinesis.DescribeStreamSummaryIn{StreamName: name})
		if err != nil {
			return false, err
		}
		d = &out.StreamDescriptionSummary
		return d.StreamStatus == "ACTIVE", nil
	})
	return d, err
}

// settle brings an existing stream to what the properties say, one change after the other.
func (h streamHandler) settle(ctx context.Context, p *streamProperties) (cloudformation.Made, error) {
	var d *kinesis.StreamDescriptionSummary
	for _, step := range []func() error{
		func() error { return h.mode(ctx, p, d) },
		func() error { return h.count(ctx, p, d) },
		func() error { return h.retention(ctx, p, d) },
		func() error { return h.encryption(ctx, p, d) },
		func() error { return h.recordSize(ctx, p, d) },
		func() error { return nil },
	} {
		var err error
		if d, err = h.active(ctx, p.Name); err != nil {
			return cloudformation.Made{}, err
		}
		if err := step(); err != nil {
			return cloudformation.Made{}, err
		}
	}
	return madeStream(d), nil
}

func (h streamHandler) mode(ctx context.Context, p *streamProperties, d *kinesis.StreamDescriptionSummary) error {
	want := "PROVISIONED"
	if p.onDemand() {
		want = "ON_DEMAND"
	}
	if d.StreamModeDetails.StreamMode == want {
		return nil
	}
	_, err := ask(ctx, "kinesis:UpdateStreamMode", h.UpdateStreamMode, &kinesis.UpdateStreamModeIn{StreamARN: d.StreamARN, StreamModeDetails: &kinesis.StreamModeDetails{StreamMode: want}})
	return err
}

// count scales a provisioned stream, doubling or halving as often as it takes: UpdateShardCount does
// no more at once.
func (h streamHandler) count(ctx context.Context, p *streamProperties, d *kinesis.StreamDescriptionSummary) error {
	if p.onDemand() || d.OpenShardCount == nil {
		return nil
	}
	want := *orDefault(p.ShardCount, 1)
	for *d.OpenShardCount != want {
		now := *d.OpenShardCount
		next := max(min(want, 2*now), (now+1)/2)
		if _, err := ask(ctx, "kinesis:UpdateShardCount", h.UpdateShardCount, &kinesis.UpdateShardCountIn{StreamName: p.Name, TargetShardCount: &next, ScalingType: "UNIFORM_SCALING"}); err != nil {
			return err
		}
		var err error
		if d, err = h.active(ctx, p.Name); err != nil {
			return err
		}
	}
	return nil
}

func (h streamHandler) retention(ctx context.Context, p *streamProperties, d *kinesis.StreamDescriptionSummary) error {
	want := orDefault(p.RetentionPeriodHours, 24)
	in := kinesis.IncreaseStreamRetentionPeriodIn{StreamName: p.Name, RetentionPeriodHours: want}
	var err error
	switch {
	case *want > d.RetentionPeriodHours:
		_, err = ask(ctx, "kinesis:IncreaseStreamRetentionPeriod", h.IncreaseStreamRetentionPeriod, &in)
	case *want < d.RetentionPeriodHours:
		_, err = ask(ctx, "kinesis:DecreaseStreamRetentionPeriod", h.DecreaseStreamRetentionPeriod, (*kinesis.DecreaseStreamRetentionPeriodIn)(&in))
	}
	return err
}

func (h streamHandler) encryption(ctx context.Context, p *streamProperties, d *kinesis.StreamDescriptionSummary) error {
	var err error
	switch e := p.StreamEncryption; {
	case e != nil && (d.EncryptionType != e.EncryptionType || d.KeyId != e.KeyId):
		_, err = ask(ctx, "kinesis:StartStreamEncryption", h.StartStreamEncryption, &kinesis.StartStreamEncryptionIn{StreamName: p.Name, EncryptionType: e.EncryptionType, KeyId: e.KeyId})
	case e == nil && d.EncryptionType == "KMS":
		_, err = ask(ctx, "kinesis:StopStreamEncryption", h.StopStreamEncryption, &kinesis.StopStreamEncryptionIn{StreamName: p.Name, EncryptionType: "KMS", KeyId: d.KeyId})
	}
	return err
}

func (h streamHandler) recordSize(ctx context.Context, p *streamProperties, d *kinesis.StreamDescriptionSummary) error {
	want := orDefault(p.MaxRecordSizeInKiB, 1024)
	if *want == d.MaxRecordSizeInKiB {
		return nil
	}
	_, err := ask(ctx, "kinesis:UpdateMaxRecordSize", h.UpdateMaxRecordSize, &kinesis.UpdateMaxRecordSizeIn{StreamARN: d.StreamARN, MaxRecordSizeInKiB: want})
	return err
}

type consumerProperties struct {
	ConsumerName string `required:""`
	StreamARN    string `required:""`
	Tags         []cfnTag
}

func consumerType(s *kinesis.Service) cloudformation.Handler {
	look := func(ctx context.Context, id string, p *consumerProperties) (cloudformation.Made, string, error) {
		in := &kinesis.DescribeStreamConsumerIn{ConsumerARN: id}
		if id == "" {
			in = &kinesis.DescribeStreamConsumerIn{StreamARN: p.StreamARN, ConsumerName: p.ConsumerName}
		}
		out, err := ask(ctx, "kinesis:DescribeStreamConsumer", s.DescribeStreamConsumer, in)
		if err != nil {
			return cloudformation.Made{}, "", err
		}
		d := out.ConsumerDescription
		return cloudformation.Made{ID: d.ConsumerARN, Attributes: map[string]any{
			"ConsumerARN": d.ConsumerARN, "ConsumerName": d.ConsumerName, "ConsumerStatus": "ACTIVE",
			"ConsumerCreationTimestamp": d.ConsumerCreationTimestamp.Unix(), "StreamARN": d.StreamARN,
		}}, d.ConsumerStatus, nil
	}
	active := func(ctx context.Context, id string, p *consumerProperties) (m cloudformation.Made, err error) {
		err = poll(ctx, func() (bool, error) {
			var status string
			var err error
			m, status, err = look(ctx, id, p)
			return status == "ACTIVE", err
		})
		return m, err
	}
	return &cloudformation.Typed[consumerProperties]{
		Facts: cloudformation.Schema{
			Name: "ConsumerName", MaxName: 128, Replace: []string{"ConsumerName", "StreamARN"},
			Attributes: []string{"ConsumerARN", "ConsumerName", "ConsumerStatus", "ConsumerCreationTimestamp", "StreamARN"},
		},
		Make: func(ctx context.Context, _ string, p *consumerProperties) (m cloudformation.Made, err error) {
			if _, err := ask(ctx, "kinesis:RegisterStreamConsumer", s.RegisterStreamConsumer, &kinesis.RegisterStreamConsumerIn{StreamARN: p.StreamARN, ConsumerName: p.ConsumerName, Tags: tagMap(p.Tags)}); err != nil {
				return m, err
			}
			return active(ctx, "", p)
		},
		Rest: active,
		Turn: func(ctx context.Context, id string, old, p *consumerProperties) (cloudformation.Made, error) {
			set, off := retag(tagMap(old.Tags), tagMap(p.Tags))
			if off != nil {
				if _, err := ask(ctx, "kinesis:UntagResource", s.UntagResource, &kinesis.UntagResourceIn{ResourceARN: id, TagKeys: off}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			if set != nil {
				if _, err := ask(ctx, "kinesis:TagResource", s.TagResource, &kinesis.TagResourceIn{ResourceARN: id, Tags: set}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			m, _, err := look(ctx, id, p)
			return m, err
		},
		Drop: func(ctx context.Context, id string, p *consumerProperties) error {
			return away(ctx, func() error {
				_, err := ask(ctx, "kinesis:DeregisterStreamConsumer", s.DeregisterStreamConsumer, &kinesis.DeregisterStreamConsumerIn{ConsumerARN: id})
				return err
			}, func() error { _, _, err := look(ctx, id, p); return err })
		},
		Look: func(ctx context.Context, id, _ string, p *consumerProperties) (cloudformation.Made, error) {
			m, _, err := look(ctx, id, p)
			if id == "" && hydrant.FaultCode(err) == "ValidationException" { // no stream, no consumer
				return m, cloudformation.ErrNotFound
			}
			return m, err
		},
	}
}
