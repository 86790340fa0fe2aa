package firehose

import (
	"slices"
	"strconv"
)

// describe is a delivery stream as DescribeDeliveryStream shows it.
func (st *stream) describe() DeliveryStreamDescription {
	v := st.now.Load()
	d := DeliveryStreamDescription{
		DeliveryStreamName:   v.Name,
		DeliveryStreamARN:    v.arn(),
		DeliveryStreamStatus: v.Status,
		FailureDescription:   v.Failure,
		DeliveryStreamType:   v.Type,
		VersionId:            strconv.Itoa(v.Version),
		CreateTimestamp:      v.Created,
		LastUpdateTimestamp:  v.Updated,
		Destinations: []DestinationDescription{{
			DestinationId:                    destinationID,
			S3DestinationDescription:         describeLegacy(&v.Destination),
			ExtendedS3DestinationDescription: describeExtended(&v.Destination),
		}},
	}
	if v.Type == directPut {
		d.DeliveryStreamEncryptionConfiguration = new(v.Encryption)
	}
	if w := st.work.Load(); w != nil && d.FailureDescription == nil {
		if err := w.failing(); err != nil {
			d.FailureDescription = &FailureDescription{Type: "UNKNOWN_ERROR", Details: err.Error()}
		}
	}
	switch {
	case v.DirectPut != nil:
		d.Source = &SourceDescription{DirectPutSourceDescription: (*DirectPutSourceDescription)(v.DirectPut)}
	case v.Kinesis != nil:
		d.Source = &SourceDescription{KinesisStreamSourceDescription: &KinesisStreamSourceDescription{
			KinesisStreamARN: v.Kinesis.KinesisStreamARN, RoleARN: v.Kinesis.RoleARN, DeliveryStartTimestamp: v.Created,
		}}
	}
	return d
}

func describeExtended(d *ExtendedS3DestinationConfiguration) *ExtendedS3DestinationDescription {
	return &ExtendedS3DestinationDescription{
		RoleARN:                           d.RoleARN,
		BucketARN:                         d.BucketARN,
		Prefix:                            d.Prefix,
		ErrorOutputPrefix:                 d.ErrorOutputPrefix,
		BufferingHints:                    d.BufferingHints,
		CompressionFormat:                 d.CompressionFormat,
		EncryptionConfiguration:           d.EncryptionConfiguration,
		CloudWatchLoggingOptions:          d.CloudWatchLoggingOptions,
		ProcessingConfiguration:           describeProcessing(d.ProcessingConfiguration),
		S3BackupMode:                      d.S3BackupMode,
		S3BackupDescription:               (*S3DestinationDescription)(d.S3BackupConfiguration),
		DataFormatConversionConfiguration: d.DataFormatConversionConfiguration,
		DynamicPartitioningConfiguration:  d.DynamicPartitioningConfiguration,
		FileExtension:                     d.FileExtension,
		CustomTimeZone:                    d.CustomTimeZone,
	}
}

// describeProcessing shows AppendDelimiterToRecord without its parameters and every list, even an
// empty one, as AWS does.
func describeProcessing(p *ProcessingConfiguration) *ProcessingConfiguration {
	if p == nil {
		return nil
	}
	c := ProcessingConfiguration{Enabled: new(isTrue(p.Enabled)), Processors: slices.Clone(p.Processors)}
	if c.Processors == nil {
		c.Processors = []Processor{}
	}
	for i := range c.Processors {
		if c.Processors[i].Type == appendDelimiter || c.Processors[i].Parameters == nil {
			c.Processors[i].Parameters = []ProcessorParameter{}
		}
	}
	return &c
}

func describeLegacy(d *ExtendedS3DestinationConfiguration) *S3DestinationDescription {
	return &S3DestinationDescription{
		RoleARN:                  d.RoleARN,
		BucketARN:                d.BucketARN,
		Prefix:                   d.Prefix,
		ErrorOutputPrefix:        d.ErrorOutputPrefix,
		BufferingHints:           d.BufferingHints,
		CompressionFormat:        d.CompressionFormat,
		EncryptionConfiguration:  d.EncryptionConfiguration,
		CloudWatchLoggingOptions: d.CloudWatchLoggingOptions,
	}
}

// extended is a legacy destination as a whole one.
func extended(c *S3DestinationConfiguration) *ExtendedS3DestinationConfiguration {
	return &ExtendedS3DestinationConfiguration{
		RoleARN:                  c.RoleARN,
		BucketARN:                c.BucketARN,
		Prefix:                   c.Prefix,
		ErrorOutputPrefix:        c.ErrorOutputPrefix,
		BufferingHints:           c.BufferingHints,
		CompressionFormat:        c.CompressionFormat,
		EncryptionConfiguration:  c.EncryptionConfiguration,
		CloudWatchLoggingOptions: c.CloudWatchLoggingOptions,
	}
}
