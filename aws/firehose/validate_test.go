package firehose

import (
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
)

func TestCreateRefuses(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Functions = nil })
	h.tables.set(nil, "id bigint")
	type config = ExtendedS3DestinationConfiguration
	lambda := func(kv ...string) Processor {
		p := Processor{Type: "Lambda", Parameters: []ProcessorParameter{{"LambdaArn", "arn:aws:lambda:us-east-1:000000000000:function:f"}}}
		for i := 0; i < len(kv); i += 2 {
			p.Parameters = append(p.Parameters, ProcessorParameter{kv[i], kv[i+1]})
		}
		return p
	}
	conversion := func(change func(*DataFormatConversionConfiguration)) func(*config) {
		return func(d *config) {
			converting(d)
			change(d.DataFormatConversionConfiguration)
		}
	}
	partitioned := func(d *config) {
		d.DynamicPartitioningConfiguration = &DynamicPartitioningConfiguration{Enabled: new(true)}
	}
	for _, c := range []struct {
		want   string
		change func(*config)
	}{
		{"The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is enabled",
			func(d *config) { converting(d); d.CompressionFormat = "GZIP"; d.BufferingHints.SizeInMBs = new(1) }},
		{"BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.",
			func(d *config) { converting(d); d.BufferingHints.SizeInMBs = new(63) }},
		{"SchemaConfiguration must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.SchemaConfiguration = nil })},
		{"InputFormatConfiguration must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.InputFormatConfiguration = nil })},
		{"OutputFormatConfiguration must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.OutputFormatConfiguration = nil })},
		{"Deserializer must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.InputFormatConfiguration.Deserializer = nil })},
		{"Serializer must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.OutputFormatConfiguration.Serializer = &Serializer{} })},
		{"More than one deserializer specified. Only one may be chosen.", conversion(func(c *DataFormatConversionConfiguration) {
			c.InputFormatConfiguration.Deserializer.HiveJsonSerDe = &HiveJsonSerDe{}
		})},
		{"More than one serializer specified. Only one may be chosen.", conversion(func(c *DataFormatConversionConfiguration) {
			c.OutputFormatConfiguration.Serializer.OrcSerDe = &OrcSerDe{}
		})},
		{"TableName must not be null", conversion(func(c *DataFormatConversionConfiguration) { c.SchemaConfiguration.TableName = "" })},
		{"The specified table/database could not be found.", conversion(func(c *DataFormatConversionConfiguration) { c.SchemaConfiguration.TableName = "none" })},
		{"OrcSerDe is not available here; use ParquetSerDe", conversion(func(c *DataFormatConversionConfiguration) {
			c.OutputFormatConfiguration.Serializer = &Serializer{OrcSerDe: &OrcSerDe{}}
		})},
		{"One or more SerDe options are invalid for org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: yyyy-JJ]",
			conversion(func(c *DataFormatConversionConfiguration) {
				c.InputFormatConfiguration.Deserializer = &Deserializer{HiveJsonSerDe: &HiveJsonSerDe{TimestampFormats: []string{"yyyy-JJ"}}}
			})},
		{"BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
			func(d *config) { partitioned(d); d.BufferingHints.SizeInMBs = new(5) }},
		{"S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled", partitioned},
		{"partitionKeyFromQuery can be part of the S3 Prefix expression only when a MetadataExtraction processor is enabled", keyed("!{partitionKeyFromQuery:k}/")},
		{"partitionKeyFromLambda can be part of the S3 Prefix expression only when a Lambda processor is enabled", keyed("!{partitionKeyFromLambda:k}/")},
		{"BufferingHints.IntervalInSeconds must not be 0 when Dynamic Partitioning is enabled.",
			func(d *config) { keyed("!{partitionKeyFromQuery:k}/")(d); d.BufferingHints.IntervalInSeconds = new(0) }},
		{"MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression", keyed("!{partitionKeyFromQuery:k}/", jq("{k:.k,l:.l}"))},
		{"S3 Prefix expression can't contain keys that are not present in the MetaDataExtraction JQ Query", keyed("!{partitionKeyFromQuery:k}/!{partitionKeyFromQuery:l}/", jq("{k}"))},
		{"MetaDataExtraction JQ Query is invalid: ", keyed("!{partitionKeyFromQuery:k}/", jq("{k:"))},
		{"MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
			keyed("!{partitionKeyFromQuery:k}/", processor(metadataExtract, "MetadataExtractionQuery", "{k}", "JsonParsingEngine", "JQ-1.7"))},
		{"SubRecordType has to be one of JSON, DELIMITED", keyed("!{partitionKeyFromQuery:k}/", jq("{k}"), processor(deaggregation))},
		{"Delimiter should be present for DELIMITED", keyed("!{partitionKeyFromQuery:k}/", jq("{k}"), processor(deaggregation, "SubRecordType", "DELIMITED"))},
		{"Delimiter for DELIMITED must be base64 encoded", keyed("!{partitionKeyFromQuery:k}/", jq("{k}"), processor(deaggregation, "SubRecordType", "DELIMITED", "Delimiter", "#"))},
		{"class com.amazonaws.services.firehose.internal.model.RecordDeAggregationProcessor can only be present when Dynamic Partitioning is enabled.",
			processors(processor(deaggregation, "SubRecordType", "JSON"))},
		{"CompressionFormat for decompression processor has to be one of GZIP", processors(processor(decompression, "CompressionFormat", "ZIP"))},
		{"ErrorOutputPrefix cannot be null or empty when Prefix contains expressions", func(d *config) { d.Prefix = new("!{timestamp:yyyy}") }},
		{"Namespace to the left of colon (no) is an invalid keyword!", func(d *config) { d.Prefix = new("!{no:yyyy}") }},
		{"CustomTimeZone Mars/Olympus is not a valid time zone", func(d *config) { d.CustomTimeZone = new("Mars/Olympus") }},
		{"CloudWatch Log Group Name is required if CloudWatch Logging is enabled",
			func(d *config) { d.CloudWatchLoggingOptions = &CloudWatchLoggingOptions{Enabled: new(true)} }},
		{"S3 backup destination configuration is required when enabling S3 backup.", func(d *config) { d.S3BackupMode = "Enabled" }},
		{"A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.", processors()},
		{"Cannot have more than 1 Lambda processor.", processors(lambda(), lambda())},
		{"LambdaArn is required when Lambda processor is used.", processors(Processor{Type: "Lambda"})},
		{"Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.",
			processors(lambda("BufferSizeInMBs", "1"))},
		{"BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
			processors(lambda("BufferSizeInMBs", "0.1", "BufferIntervalInSeconds", "60"))},
		{"BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
			processors(lambda("BufferSizeInMBs", "1", "BufferIntervalInSeconds", "901"))},
		{"Number of retries for lambda must be between 0 and 300.", processors(lambda("NumberOfRetries", "301"))},
		{"class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
			processors(Processor{Type: "MetadataExtraction"})},
		{"CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor", processors(Processor{Type: "CloudWatchLogProcessing"})},
		{"The processor Lambda is not available here", processors(lambda())},
	} {
		err := h.tryCreate("refused", c.change)
		f, ok := hydrant.AsFault(err)
		if !ok || f.Code != "InvalidArgumentException" || !strings.HasPrefix(f.Message, c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
	out, err := h.ListDeliveryStreams(t.Context(), &ListDeliveryStreamsIn{})
	if err != nil || len(out.DeliveryStreamNames) != 0 {
		t.Errorf("a refused delivery stream is there: %v %v", out, err)
	}
}

func TestCreateRefusesSourcesAndDestinations(t *testing.T) {
	h := newHouse(t, nil)
	s3 := &S3DestinationConfiguration{RoleARN: role, BucketARN: "arn:aws:s3:::lake"}
	for want, in := range map[string]*CreateDeliveryStreamIn{
		"Exactly one destination configuration is supported for a Firehose":                                  {},
		"Exactly one destination configuration is supported for a Firehose ":                                 {S3DestinationConfiguration: s3, SplunkDestinationConfiguration: &elsewhere{}},
		"SplunkDestinationConfiguration is not available here: this service delivers to S3 only":             {SplunkDestinationConfiguration: &elsewhere{}},
		"KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.":                      {S3DestinationConfiguration: s3, DeliveryStreamType: kinesisSource},
		"DeliveryStreamType MSKAsSource is not available here: records come by PutRecord and PutRecordBatch": {S3DestinationConfiguration: s3, DeliveryStreamType: "MSKAsSource"},
		"KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK":                                    {S3DestinationConfiguration: s3, DeliveryStreamEncryptionConfigurationInput: &EncryptionInput{KeyType: "CUSTOMER_MANAGED_CMK"}},
		"KeyARN cannot be specified when KeyType is AWS_OWNED_CMK":                                           {S3DestinationConfiguration: s3, DeliveryStreamEncryptionConfigurationInput: &EncryptionInput{KeyType: "AWS_OWNED_CMK", KeyARN: "arn"}},
		"Tag keys must not start with aws:":                                                                  {S3DestinationConfiguration: s3, Tags: []Tag{{Key: "aws:x"}}},
		"Tag keys and values may hold only letters, digits, spaces and _ . : / = + - @ %":                    {S3DestinationConfiguration: s3, Tags: []Tag{{Key: "a*"}}},
	} {
		in.DeliveryStreamName = "refused"
		_, err := h.CreateDeliveryStream(t.Context(), in)
		if f, ok := hydrant.AsFault(err); !ok || f.Code != "InvalidArgumentException" || f.Message != strings.TrimSpace(want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// What is switched off is stored and shown, and not checked.
func TestConversionSwitchedOffIsNotChecked(t *testing.T) {
	h := newHouse(t, nil)
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		d.CompressionFormat = "GZIP"
		d.DataFormatConversionConfiguration = &DataFormatConversionConfiguration{Enabled: new(false)}
		d.ProcessingConfiguration = &ProcessingConfiguration{Processors: []Processor{{Type: "Lambda"}}}
	})
	d := h.find(here, "s").describe().Destinations[0].ExtendedS3DestinationDescription
	if isTrue(d.DataFormatConversionConfiguration.Enabled) || isTrue(d.ProcessingConfiguration.Enabled) || len(d.ProcessingConfiguration.Processors) != 1 {
		t.Errorf("described as %+v", d)
	}
}
