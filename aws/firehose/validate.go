package firehose

import (
	"context"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // CustomTimeZone must not depend on the machine

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose/pack"
	"github.com/hydrant-stream/hydrant/aws/firehose/prefix"
)

// What wire's tags cannot say of a configuration. The order of the checks is AWS's as far as it is
// known; the texts are AWS's. What hydrant does not have is refused last, so that a configuration
// AWS would refuse too gets AWS's reason.

// destination picks the one destination of a create call.
func destination(in *CreateDeliveryStreamIn) (*ExtendedS3DestinationConfiguration, error) {
	others := named{
		{"RedshiftDestinationConfiguration", in.RedshiftDestinationConfiguration},
		{"ElasticsearchDestinationConfiguration", in.ElasticsearchDestinationConfiguration},
		{"AmazonopensearchserviceDestinationConfiguration", in.AmazonopensearchserviceDestinationConfiguration},
		{"SplunkDestinationConfiguration", in.SplunkDestinationConfiguration},
		{"HttpEndpointDestinationConfiguration", in.HttpEndpointDestinationConfiguration},
		{"AmazonOpenSearchServerlessDestinationConfiguration", in.AmazonOpenSearchServerlessDestinationConfiguration},
		{"SnowflakeDestinationConfiguration", in.SnowflakeDestinationConfiguration},
		{"IcebergDestinationConfiguration", in.IcebergDestinationConfiguration},
	}.given()
	n := len(others)
	if in.S3DestinationConfiguration != nil {
		n++
	}
	if in.ExtendedS3DestinationConfiguration != nil {
		n++
	}
	switch {
	case n != 1:
		return nil, invalid("Exactly one destination configuration is supported for a Firehose")
	case len(others) == 1:
		return nil, invalid("%s is not available here: this service delivers to S3 only", others[0])
	case in.S3DestinationConfiguration != nil:
		return extended(in.S3DestinationConfiguration), nil
	}
	d := *in.ExtendedS3DestinationConfiguration
	return &d, nil
}

// named is a list of members and whether they were given.
type named []struct {
	name  string
	value *elsewhere
}

func (l named) given() (names []string) {
	for _, m := range l {
		if m.value != nil {
			names = append(names, m.name)
		}
	}
	return names
}

// checkSource holds the source against the type of the stream.
func (s *Service) checkSource(ctx context.Context, in *CreateDeliveryStreamIn) error {
	switch in.DeliveryStreamType {
	case "", directPut:
		return nil // a source configuration is ignored, as AWS does
	case kinesisSource:
		if in.KinesisStreamSourceConfiguration == nil {
			return invalid("KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.")
		}
		if in.DeliveryStreamEncryptionConfigurationInput != nil {
			return invalid("Server side encryption from firehose is only allowed for direct put delivery streams and database as a source delivery streams")
		}
		if s.cfg.Streams != nil {
			return s.checkStream(ctx, in.KinesisStreamSourceConfiguration.KinesisStreamARN)
		}
	}
	return invalid("DeliveryStreamType %s is not available here: records come by PutRecord and PutRecordBatch", in.DeliveryStreamType)
}

// checkStream refuses a source that is not there.
func (s *Service) checkStream(ctx context.Context, arn string) error {
	_, err := s.cfg.Streams.Shards(ctx, arn)
	if f, ok := hydrant.AsFault(err); ok {
		return invalid("Kinesis stream %s can not be read: %s", arn, f.Message)
	}
	return err
}

func checkEncryption(in *EncryptionInput) error {
	switch {
	case in == nil:
	case in.KeyType == "CUSTOMER_MANAGED_CMK" && in.KeyARN == "":
		return invalid("KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK")
	case in.KeyType == "AWS_OWNED_CMK" && in.KeyARN != "":
		return invalid("KeyARN cannot be specified when KeyType is AWS_OWNED_CMK")
	}
	return nil
}

// check holds a whole destination, with defaults, against AWS's rules and then against what is here.
func (s *Service) check(ctx context.Context, scope hydrant.Scope, d *ExtendedS3DestinationConfiguration) error {
	checks := []func(*ExtendedS3DestinationConfiguration) error{
		checkConversion, checkPartitioning, checkPrefixes, checkLogging, checkBackup, checkProcessors, checkKeys, s.available,
	}
	for _, check := range checks {
		if err := check(d); err != nil {
			return err
		}
	}
	if c := d.DataFormatConversionConfiguration; c.enabled() {
		return s.checkTable(ctx, scope, c)
	}
	return nil
}

func checkPartitioning(d *ExtendedS3DestinationConfiguration) error {
	p, err := prefix.Parse(prefix.Data, deref(d.Prefix))
	if err != nil {
		return invalid("%s", err)
	}
	query, lambda := p.PartitionKeys()
	if !isTrue(partitioning(d)) {
		if len(query)+len(lambda) > 0 {
			return invalid("Dynamic Partitioning Namespaces can be part of a prefix expression only when Dynamic Partitioning is enabled")
		}
		return nil
	}
	if *d.BufferingHints.SizeInMBs < leastConversionSizeMB {
		return invalid("BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.")
	}
	if len(query)+len(lambda) == 0 {
		return invalid("S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled")
	}
	if *d.BufferingHints.IntervalInSeconds == 0 {
		return invalid("BufferingHints.IntervalInSeconds must not be 0 when Dynamic Partitioning is enabled.")
	}
	return nil
}

func partitioning(d *ExtendedS3DestinationConfiguration) *bool {
	if d.DynamicPartitioningConfiguration == nil {
		return nil
	}
	return d.DynamicPartitioningConfiguration.Enabled
}

func checkPrefixes(d *ExtendedS3DestinationConfiguration) error {
	zone, err := location(deref(d.CustomTimeZone))
	if err != nil {
		return invalid("CustomTimeZone %s is not a valid time zone", deref(d.CustomTimeZone))
	}
	if err := prefix.Check(deref(d.Prefix), deref(d.ErrorOutputPrefix), time.Now().In(zone)); err != nil {
		return invalid("%s", err)
	}
	if b := d.S3BackupConfiguration; b != nil {
		if err := prefix.Check(deref(b.Prefix), deref(b.ErrorOutputPrefix), time.Now().In(zone)); err != nil {
			return invalid("%s", err)
		}
	}
	return nil
}

// location is the zone of a CustomTimeZone; "" is UTC.
func location(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, invalid("no such zone") // Go's own word for the machine's zone
	}
	return time.LoadLocation(name)
}

func checkLogging(d *ExtendedS3DestinationConfiguration) error {
	all := []*CloudWatchLoggingOptions{d.CloudWatchLoggingOptions}
	if d.S3BackupConfiguration != nil {
		all = append(all, d.S3BackupConfiguration.CloudWatchLoggingOptions)
	}
	for _, o := range all {
		switch {
		case o == nil || !isTrue(o.Enabled):
		case o.LogGroupName == "":
			return invalid("CloudWatch Log Group Name is required if CloudWatch Logging is enabled")
		case o.LogStreamName == "":
			return invalid("CloudWatch Log Stream Name is required if CloudWatch Logging is enabled")
		}
	}
	return nil
}

func checkBackup(d *ExtendedS3DestinationConfiguration) error {
	if d.S3BackupMode == "Enabled" && d.S3BackupConfiguration == nil {
		return invalid("S3 backup destination configuration is required when enabling S3 backup.")
	}
	return nil
}

// available refuses what is valid but not here. Nothing is accepted and then ignored.
func (s *Service) available(d *ExtendedS3DestinationConfiguration) error {
	const sorry = "%s is not available here"
	if c := d.DataFormatConversionConfiguration; c.enabled() {
		if c.OutputFormatConfiguration.Serializer.OrcSerDe != nil {
			return invalid(sorry+"; use ParquetSerDe", "OrcSerDe")
		}
		if s.cfg.Tables == nil {
			return invalid(sorry, "Data format conversion")
		}
	}
	for _, p := range activeProcessors(d) {
		if p.Type == lambdaProcessor && s.cfg.Functions == nil {
			return invalid(sorry, "The processor "+p.Type)
		}
	}
	return nil
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@%]*$`)

// checkTags adds tags to those there are: all or none. Of a key given twice the last value counts.
func checkTags(have map[string]string, add []Tag) (map[string]string, error) {
	all := make(map[string]string, len(have)+len(add))
	for k, v := range have {
		all[k] = v
	}
	for _, t := range add {
		value := deref(t.Value)
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, invalid("Tag keys must not start with aws:")
		case !tagText.MatchString(t.Key), !tagText.MatchString(value):
			return nil, invalid("Tag keys and values may hold only letters, digits, spaces and _ . : / = + - @ %%")
		}
		all[t.Key] = value
	}
	if len(all) > maxTags {
		return nil, hydrant.Faultf("LimitExceededException", "A delivery stream can have at most %d tags.", maxTags)
	}
	return all, nil
}

func isTrue(b *bool) bool { return b != nil && *b }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// complete fills in the defaults that Describe shows.
func complete(scope hydrant.Scope, d *ExtendedS3DestinationConfiguration) {
	size := defaultSizeMB
	c := d.DataFormatConversionConfiguration
	if c.enabled() {
		size = defaultConversionSizeMB
	}
	d.BufferingHints = completeHints(d.BufferingHints, size)
	if d.CompressionFormat == "" {
		d.CompressionFormat = pack.None
	}
	if d.EncryptionConfiguration == nil {
		d.EncryptionConfiguration = &EncryptionConfiguration{NoEncryptionConfig: "NoEncryption"}
	}
	if d.CloudWatchLoggingOptions == nil {
		d.CloudWatchLoggingOptions = &CloudWatchLoggingOptions{Enabled: new(bool)}
	}
	if d.S3BackupMode == "" {
		d.S3BackupMode = "Disabled"
	}
	if d.S3BackupConfiguration != nil {
		b := extended(d.S3BackupConfiguration)
		complete(scope, b)
		d.S3BackupConfiguration = b.legacy()
	}
	if d.FileExtension != nil && *d.FileExtension == "" {
		d.FileExtension = nil
	}
	if p := d.DynamicPartitioningConfiguration; p != nil && p.RetryOptions == nil {
		d.DynamicPartitioningConfiguration = &DynamicPartitioningConfiguration{
			Enabled: p.Enabled, RetryOptions: &RetryOptions{DurationInSeconds: new(defaultRetrySeconds)},
		}
	}
	if c == nil {
		return
	}
	conversion := *c
	if conversion.Enabled == nil {
		conversion.Enabled = new(true)
	}
	if conversion.SchemaConfiguration != nil {
		table := *conversion.SchemaConfiguration
		table.CatalogId = orElse(table.CatalogId, scope.Account)
		table.Region = orElse(table.Region, scope.Region)
		table.VersionId = orElse(table.VersionId, "LATEST")
		conversion.SchemaConfiguration = &table
	}
	d.DataFormatConversionConfiguration = &conversion
}

func completeHints(given *BufferingHints, size int) *BufferingHints {
	h := BufferingHints{SizeInMBs: new(size), IntervalInSeconds: new(defaultIntervalSeconds)}
	if given != nil && given.SizeInMBs != nil {
		h.SizeInMBs = given.SizeInMBs
	}
	if given != nil && given.IntervalInSeconds != nil {
		h.IntervalInSeconds = given.IntervalInSeconds
	}
	return &h
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
