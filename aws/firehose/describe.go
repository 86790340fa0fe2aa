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
		ProcessingConfiguration:           describeProcessing(d),
		S3BackupMode:                      d.S3BackupMode,
		S3BackupDescription:               (*S3DestinationDescription)(d.S3BackupConfiguration),
		DataFormatConversionConfiguration: d.DataFormatConversionConfiguration,
		DynamicPartitioningConfiguration:  d.DynamicPartitioningConfiguration,
		FileExtension:                     d.FileExtension,
		CustomTimeZone:                    d.CustomTimeZone,
	}
}

// describeProcessing shows AppendDelimiterToRecord without its parameters, Lambda with all of them,
// and every list, even an empty one, as AWS does.
func describeProcessing(d *ExtendedS3DestinationConfiguration) *ProcessingConfiguration {
	p := d.ProcessingConfiguration
	if p == nil {
		return nil
	}
	c := ProcessingConfiguration{Enabled: new(isTrue(p.Enabled)), Processors: slices.Clone(p.Processors)}
	if c.Processors == nil {
		c.Processors = []Processor{}
	}
	for i := range c.Processors {
		switch r := &c.Processors[i]; {
		case r.Type == appendDelimiter || r.Parameters == nil && r.Type != lambdaProcessor:
			r.Parameters = []ProcessorParameter{}
		case r.Type == lambdaProcessor:
			r.Parameters = lambdaParameters(*r, d.RoleARN)
		}
	}
	return &c
}

// lambdaParameters are those of a Lambda processor, defaults filled in, in AWS's order.
func lambdaParameters(p Processor, role string) []ProcessorParameter {
	all := []ProcessorParameter{}
	for _, m := range []struct{ name, otherwise string }{
		{"LambdaArn", ""},
		{"NumberOfRetries", strconv.Itoa(defaultLambdaRetries)},
		{"RoleArn", role},
		{"BufferSizeInMBs", strconv.Itoa(defaultLambdaSizeMB)},
		{"BufferIntervalInSeconds", strconv.Itoa(defaultLambdaSeconds)},
	} {
		if v := orElse(p.parameter(m.name), m.otherwise); v != "" {
			all = append(all, ProcessorParameter{m.name, v})
		}
	}
	return all
}

func describeLegacy(d *ExtendedS3DestinationConfiguration) *S3DestinationDescription {
	return (*S3DestinationDescription)(d.legacy())
}

// legacy is what of a destination there was before conversion and processing came.
func (d *ExtendedS3DestinationConfiguration) legacy() *S3DestinationConfiguration {
	return &S3DestinationConfiguration{
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
