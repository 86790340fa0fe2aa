package main

import (
	"cmp"
	"context"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/firehose"
)

// deliveryHandler makes AWS::KinesisFirehose::DeliveryStream, whose properties are those of
// CreateDeliveryStream, names and all.
type deliveryHandler struct{ *firehose.Service }

type deliveryProperties = firehose.CreateDeliveryStreamIn

func deliveryStreamType(s *firehose.Service) cloudformation.Handler {
	h := deliveryHandler{s}
	return &cloudformation.Typed[deliveryProperties]{
		Facts: cloudformation.Schema{
			Name: "DeliveryStreamName", MaxName: 64, Attributes: []string{"Arn"},
			Replace: []string{"DeliveryStreamName", "DeliveryStreamType", "KinesisStreamSourceConfiguration"},
		},
		Make: func(ctx context.Context, _ string, p *deliveryProperties) (cloudformation.Made, error) {
			if _, err := ask(ctx, "firehose:CreateDeliveryStream", s.CreateDeliveryStream, p); err != nil {
				return cloudformation.Made{}, err
			}
			return h.active(ctx, p.DeliveryStreamName)
		},
		Rest: func(ctx context.Context, id string, _ *deliveryProperties) (cloudformation.Made, error) {
			return h.active(ctx, id)
		},
		Turn: h.update,
		Drop: func(ctx context.Context, id string, _ *deliveryProperties) error {
			return away(ctx, func() error {
				_, err := ask(ctx, "firehose:DeleteDeliveryStream", s.DeleteDeliveryStream, &firehose.DeleteDeliveryStreamIn{DeliveryStreamName: id})
				return err
			}, func() error { _, err := h.describe(ctx, id); return err })
		},
		Look: func(ctx context.Context, id, _ string, p *deliveryProperties) (cloudformation.Made, error) {
			d, err := h.describe(ctx, cmp.Or(id, p.DeliveryStreamName))
			if err != nil {
				return cloudformation.Made{}, err
			}
			return madeDelivery(d), nil
		},
	}
}

func (h deliveryHandler) describe(ctx context.Context, name string) (*firehose.DeliveryStreamDescription, error) {
	out, err := ask(ctx, "firehose:DescribeDeliveryStream", h.DescribeDeliveryStream, &firehose.DescribeDeliveryStreamIn{DeliveryStreamName: name})
	if err != nil {
		return nil, err
	}
	return &out.DeliveryStreamDescription, nil
}

func madeDelivery(d *firehose.DeliveryStreamDescription) cloudformation.Made {
	return cloudformation.Made{ID: d.DeliveryStreamName, Attributes: map[string]any{"Arn": d.DeliveryStreamARN}}
}

func (h deliveryHandler) active(ctx context.Context, name string) (m cloudformation.Made, err error) {
	err = poll(ctx, func() (bool, error) {
		d, err := h.describe(ctx, name)
		if err != nil {
			return false, err
		}
		if f := d.FailureDescription; d.DeliveryStreamStatus == "CREATING_FAILED" && f != nil {
			return false, hydrant.Faultf(f.Type, "%s", f.Details)
		}
		m = madeDelivery(d)
		return d.DeliveryStreamStatus == "ACTIVE", nil
	})
	return m, err
}

// update sets the whole destination; what the properties leave out goes back to its default where
// UpdateDestination can say so.
func (h deliveryHandler) update(ctx context.Context, id string, old, p *deliveryProperties) (m cloudformation.Made, err error) {
	if m, err = h.active(ctx, id); err != nil {
		return m, err
	}
	d, err := h.describe(ctx, id)
	if err != nil {
		return m, err
	}
	in := &firehose.UpdateDestinationIn{DeliveryStreamName: id, CurrentDeliveryStreamVersionId: d.VersionId, DestinationId: d.Destinations[0].DestinationId}
	switch c := p.ExtendedS3DestinationConfiguration; {
	case c != nil:
		in.ExtendedS3DestinationUpdate = extendedUpdate(c)
	case p.S3DestinationConfiguration != nil:
		u := firehose.S3DestinationUpdate(*p.S3DestinationConfiguration)
		in.S3DestinationUpdate = &u
	}
	if _, err := ask(ctx, "firehose:UpdateDestination", h.UpdateDestination, in); err != nil {
		return m, err
	}
	if err := h.retag(ctx, id, old, p); err != nil {
		return m, err
	}
	if err := h.encrypt(ctx, id, p, d); err != nil {
		return m, err
	}
	return h.active(ctx, id)
}

func extendedUpdate(c *firehose.ExtendedS3DestinationConfiguration) *firehose.ExtendedS3DestinationUpdate {
	off, none, size, seconds := false, "", 5, 300
	u := &firehose.ExtendedS3DestinationUpdate{
		RoleARN: c.RoleARN, BucketARN: c.BucketARN,
		Prefix: c.Prefix, ErrorOutputPrefix: c.ErrorOutputPrefix,
		BufferingHints:    c.BufferingHints,
		CompressionFormat: cmp.Or(c.CompressionFormat, "UNCOMPRESSED"), EncryptionConfiguration: c.EncryptionConfiguration,
		CloudWatchLoggingOptions: c.CloudWatchLoggingOptions, ProcessingConfiguration: c.ProcessingConfiguration,
		S3BackupMode: c.S3BackupMode, DataFormatConversionConfiguration: c.DataFormatConversionConfiguration,
		DynamicPartitioningConfiguration: c.DynamicPartitioningConfiguration,
		FileExtension:                    c.FileExtension, CustomTimeZone: c.CustomTimeZone,
	}
	if u.Prefix == nil {
		u.Prefix = &none
	}
	if u.ErrorOutputPrefix == nil {
		u.ErrorOutputPrefix = &none
	}
	if u.CloudWatchLoggingOptions == nil {
		u.CloudWatchLoggingOptions = &firehose.CloudWatchLoggingOptions{Enabled: &off}
	}
	if u.ProcessingConfiguration == nil {
		u.ProcessingConfiguration = &firehose.ProcessingConfiguration{Enabled: &off}
	}
	if c.DataFormatConversionConfiguration == nil {
		if u.BufferingHints == nil {
			u.BufferingHints = &firehose.BufferingHints{SizeInMBs: &size, IntervalInSeconds: &seconds}
		}
	} else if c.CompressionFormat == "" {
		u.CompressionFormat = "" // Parquet compresses by itself
	}
	if c.S3BackupConfiguration != nil {
		b := firehose.S3DestinationUpdate(*c.S3BackupConfiguration)
		u.S3BackupUpdate = &b
	}
	return u
}

func (h deliveryHandler) retag(ctx context.Context, id string, old, p *deliveryProperties) error {
	set, off := retag(deliveryTags(old.Tags), deliveryTags(p.Tags))
	if off != nil {
		if _, err := ask(ctx, "firehose:UntagDeliveryStream", h.UntagDeliveryStream, &firehose.UntagDeliveryStreamIn{DeliveryStreamName: id, TagKeys: off}); err != nil {
			return err
		}
	}
	if set == nil {
		return nil
	}
	_, err := ask(ctx, "firehose:TagDeliveryStream", h.TagDeliveryStream, &firehose.TagDeliveryStreamIn{DeliveryStreamName: id, Tags: p.Tags})
	return err
}

func deliveryTags(tags []firehose.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = *orDefault(t.Value, "")
	}
	return m
}

func (h deliveryHandler) encrypt(ctx context.Context, id string, p *deliveryProperties, d *firehose.DeliveryStreamDescription) error {
	var err error
	e := d.DeliveryStreamEncryptionConfiguration
	on := e != nil && e.Status == "ENABLED"
	switch want := p.DeliveryStreamEncryptionConfigurationInput; {
	case want != nil && (!on || e.KeyARN != want.KeyARN || e.KeyType != want.KeyType):
		_, err = ask(ctx, "firehose:StartDeliveryStreamEncryption", h.StartDeliveryStreamEncryption, &firehose.StartDeliveryStreamEncryptionIn{DeliveryStreamName: id, DeliveryStreamEncryptionConfigurationInput: want})
	case want == nil && on:
		_, err = ask(ctx, "firehose:StopDeliveryStreamEncryption", h.StopDeliveryStreamEncryption, &firehose.StopDeliveryStreamEncryptionIn{DeliveryStreamName: id})
	}
	return err
}
