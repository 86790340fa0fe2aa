package firehose

import "time"

// The shapes that create, update and describe have in common. Tags carry the constraints of the
// service model 2015-08-04; a pointer is a member whose absence means something.

type BufferingHints struct {
	SizeInMBs         *int `min:"1" max:"128"`
	IntervalInSeconds *int `min:"0" max:"900"`
}

type KMSEncryptionConfig struct {
	AWSKMSKeyARN string `required:"" min:"1" max:"512" pattern:"arn:.*:kms:[a-zA-Z0-9\\-]+:\\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\\-_/]+"`
}

type EncryptionConfiguration struct {
	NoEncryptionConfig  string `enum:"NoEncryption"`
	KMSEncryptionConfig *KMSEncryptionConfig
}

// key is the key of KMS objects are encrypted with, or "".
func (c *EncryptionConfiguration) key() string {
	if c == nil || c.KMSEncryptionConfig == nil {
		return ""
	}
	return c.KMSEncryptionConfig.AWSKMSKeyARN
}

type CloudWatchLoggingOptions struct {
	Enabled       *bool
	LogGroupName  string `max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]*"`
	LogStreamName string `max:"512" pattern:"[^:*]*"`
}

type ProcessingConfiguration struct {
	Enabled    *bool
	Processors []Processor
}

type Processor struct {
	Type       string `required:"" enum:"RecordDeAggregation|Decompression|CloudWatchLogProcessing|Lambda|MetadataExtraction|AppendDelimiterToRecord"`
	Parameters []ProcessorParameter
}

type ProcessorParameter struct {
	ParameterName  string `required:"" enum:"LambdaArn|NumberOfRetries|MetadataExtractionQuery|JsonParsingEngine|RoleArn|BufferSizeInMBs|BufferIntervalInSeconds|SubRecordType|Delimiter|CompressionFormat|DataMessageExtraction"`
	ParameterValue string `required:"" min:"1" max:"5120"`
}

type DataFormatConversionConfiguration struct {
	SchemaConfiguration       *SchemaConfiguration
	InputFormatConfiguration  *InputFormatConfiguration
	OutputFormatConfiguration *OutputFormatConfiguration
	Enabled                   *bool // absent counts as true
}

func (d *DataFormatConversionConfiguration) enabled() bool {
	return d != nil && (d.Enabled == nil || *d.Enabled)
}

type SchemaConfiguration struct {
	RoleARN      string `min:"1" max:"1024" pattern:"\\S+"`
	CatalogId    string `min:"1" max:"1024" pattern:"\\S+"`
	DatabaseName string `min:"1" max:"1024" pattern:"\\S+"`
	TableName    string `min:"1" max:"1024" pattern:"\\S+"`
	Region       string `min:"1" max:"1024" pattern:"\\S+"`
	VersionId    string `min:"1" max:"1024" pattern:"\\S+"`
}

type InputFormatConfiguration struct{ Deserializer *Deserializer }

type Deserializer struct {
	OpenXJsonSerDe *OpenXJsonSerDe
	HiveJsonSerDe  *HiveJsonSerDe
}

type OpenXJsonSerDe struct {
	ConvertDotsInJsonKeysToUnderscores *bool
	CaseInsensitive                    *bool
	ColumnToJsonKeyMappings            map[string]string
}

type HiveJsonSerDe struct{ TimestampFormats []string }

type OutputFormatConfiguration struct{ Serializer *Serializer }

type Serializer struct {
	ParquetSerDe *ParquetSerDe
	OrcSerDe     *OrcSerDe
}

type ParquetSerDe struct {
	BlockSizeBytes              *int64 `min:"67108864"`
	PageSizeBytes               *int64 `min:"65536"`
	Compression                 string `enum:"UNCOMPRESSED|GZIP|SNAPPY"`
	EnableDictionaryCompression *bool
	MaxPaddingBytes             *int64 `min:"0"`
	WriterVersion               string `enum:"V1|V2"`
}

type OrcSerDe struct {
	StripeSizeBytes                     *int64 `min:"8388608"`
	BlockSizeBytes                      *int64 `min:"67108864"`
	RowIndexStride                      *int64 `min:"1000"`
	EnablePadding                       *bool
	PaddingTolerance                    *float64 `min:"0" max:"1"`
	Compression                         string   `enum:"NONE|ZLIB|SNAPPY"`
	BloomFilterColumns                  []string
	BloomFilterFalsePositiveProbability *float64 `min:"0" max:"1"`
	DictionaryKeyThreshold              *float64 `min:"0" max:"1"`
	FormatVersion                       string   `enum:"V0_11|V0_12"`
}

type DynamicPartitioningConfiguration struct {
	RetryOptions *RetryOptions
	Enabled      *bool
}

type RetryOptions struct {
	DurationInSeconds *int `min:"0" max:"7200"`
}

// S3DestinationConfiguration is the destination as it was before conversion and processing came.
type S3DestinationConfiguration struct {
	RoleARN                  string  `required:"" min:"1" max:"512" pattern:"arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+"`
	BucketARN                string  `required:"" min:"1" max:"2048" pattern:"arn:.*:s3:::[\\w\\.\\-]{1,255}"`
	Prefix                   *string `max:"1024"`
	ErrorOutputPrefix        *string `max:"1024"`
	BufferingHints           *BufferingHints
	CompressionFormat        string `enum:"ZIP|HADOOP_SNAPPY|Snappy|GZIP|UNCOMPRESSED"`
	EncryptionConfiguration  *EncryptionConfiguration
	CloudWatchLoggingOptions *CloudWatchLoggingOptions
}

// S3DestinationDescription is the same, as Describe shows it.
type S3DestinationDescription S3DestinationConfiguration

// S3DestinationUpdate is the same with nothing required.
type S3DestinationUpdate struct {
	RoleARN                  string  `min:"1" max:"512" pattern:"arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+"`
	BucketARN                string  `min:"1" max:"2048" pattern:"arn:.*:s3:::[\\w\\.\\-]{1,255}"`
	Prefix                   *string `max:"1024"`
	ErrorOutputPrefix        *string `max:"1024"`
	BufferingHints           *BufferingHints
	CompressionFormat        string `enum:"ZIP|HADOOP_SNAPPY|Snappy|GZIP|UNCOMPRESSED"`
	EncryptionConfiguration  *EncryptionConfiguration
	CloudWatchLoggingOptions *CloudWatchLoggingOptions
}

// ExtendedS3DestinationConfiguration is the whole destination. A delivery stream keeps it as its
// configuration, defaults filled in.
type ExtendedS3DestinationConfiguration struct {
	RoleARN                           string  `required:"" min:"1" max:"512" pattern:"arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+"`
	BucketARN                         string  `required:"" min:"1" max:"2048" pattern:"arn:.*:s3:::[\\w\\.\\-]{1,255}"`
	Prefix                            *string `max:"1024"`
	ErrorOutputPrefix                 *string `max:"1024"`
	BufferingHints                    *BufferingHints
	CompressionFormat                 string `enum:"ZIP|HADOOP_SNAPPY|Snappy|GZIP|UNCOMPRESSED"`
	EncryptionConfiguration           *EncryptionConfiguration
	CloudWatchLoggingOptions          *CloudWatchLoggingOptions
	ProcessingConfiguration           *ProcessingConfiguration
	S3BackupMode                      string `enum:"Disabled|Enabled"`
	S3BackupConfiguration             *S3DestinationConfiguration
	DataFormatConversionConfiguration *DataFormatConversionConfiguration
	DynamicPartitioningConfiguration  *DynamicPartitioningConfiguration
	FileExtension                     *string `max:"128" pattern:"^$|\\.[0-9a-z!\\-_.*'()]+"`
	CustomTimeZone                    *string `max:"50" pattern:"^$|[a-zA-Z/_]+"`
}

// ExtendedS3DestinationUpdate changes the members it names.
type ExtendedS3DestinationUpdate struct {
	RoleARN                           string  `min:"1" max:"512" pattern:"arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+"`
	BucketARN                         string  `min:"1" max:"2048" pattern:"arn:.*:s3:::[\\w\\.\\-]{1,255}"`
	Prefix                            *string `max:"1024"`
	ErrorOutputPrefix                 *string `max:"1024"`
	BufferingHints                    *BufferingHints
	CompressionFormat                 string `enum:"ZIP|HADOOP_SNAPPY|Snappy|GZIP|UNCOMPRESSED"`
	EncryptionConfiguration           *EncryptionConfiguration
	CloudWatchLoggingOptions          *CloudWatchLoggingOptions
	ProcessingConfiguration           *ProcessingConfiguration
	S3BackupMode                      string `enum:"Disabled|Enabled"`
	S3BackupUpdate                    *S3DestinationUpdate
	DataFormatConversionConfiguration *DataFormatConversionConfiguration
	DynamicPartitioningConfiguration  *DynamicPartitioningConfiguration
	FileExtension                     *string `max:"128" pattern:"^$|\\.[0-9a-z!\\-_.*'()]+"`
	CustomTimeZone                    *string `max:"50" pattern:"^$|[a-zA-Z/_]+"`
}

// ExtendedS3DestinationDescription is the whole destination as Describe shows it.
type ExtendedS3DestinationDescription struct {
	RoleARN                           string
	BucketARN                         string
	Prefix                            *string
	ErrorOutputPrefix                 *string
	BufferingHints                    *BufferingHints
	CompressionFormat                 string
	EncryptionConfiguration           *EncryptionConfiguration
	CloudWatchLoggingOptions          *CloudWatchLoggingOptions
	ProcessingConfiguration           *ProcessingConfiguration
	S3BackupMode                      string
	S3BackupDescription               *S3DestinationDescription
	DataFormatConversionConfiguration *DataFormatConversionConfiguration
	DynamicPartitioningConfiguration  *DynamicPartitioningConfiguration
	FileExtension                     *string
	CustomTimeZone                    *string
}

type KinesisStreamSourceConfiguration struct {
	KinesisStreamARN string `required:"" min:"1" max:"512" pattern:"arn:.*:kinesis:[a-zA-Z0-9\\-]+:\\d{12}:stream/[a-zA-Z0-9_.-]+"`
	RoleARN          string `required:"" min:"1" max:"512" pattern:"arn:.*:iam::\\d{12}:role/[a-zA-Z_0-9+=,.@\\-_/]+"`
}

type KinesisStreamSourceDescription struct {
	KinesisStreamARN       string
	RoleARN                string
	DeliveryStartTimestamp time.Time
}

type DirectPutSourceConfiguration struct {
	ThroughputHintInMBs *int `required:"" min:"1" max:"100"`
}

type DirectPutSourceDescription DirectPutSourceConfiguration

type SourceDescription struct {
	DirectPutSourceDescription     *DirectPutSourceDescription
	KinesisStreamSourceDescription *KinesisStreamSourceDescription
}

type EncryptionInput struct {
	KeyARN  string `min:"1" max:"512" pattern:"arn:.*:kms:[a-zA-Z0-9\\-]+:\\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\\-_/]+"`
	KeyType string `required:"" enum:"AWS_OWNED_CMK|CUSTOMER_MANAGED_CMK"`
}

type DeliveryStreamEncryptionConfiguration struct {
	KeyARN  string
	KeyType string
	Status  string
}

type FailureDescription struct {
	Type    string
	Details string
}

type Tag struct {
	Key   string  `required:"" min:"1" max:"128"`
	Value *string `max:"256"`
}

type DestinationDescription struct {
	DestinationId                    string
	S3DestinationDescription         *S3DestinationDescription
	ExtendedS3DestinationDescription *ExtendedS3DestinationDescription
}

type DeliveryStreamDescription struct {
	DeliveryStreamName                    string
	DeliveryStreamARN                     string
	DeliveryStreamStatus                  string
	FailureDescription                    *FailureDescription
	DeliveryStreamEncryptionConfiguration *DeliveryStreamEncryptionConfiguration
	DeliveryStreamType                    string
	VersionId                             string
	CreateTimestamp                       time.Time
	LastUpdateTimestamp                   time.Time
	Source                                *SourceDescription
	Destinations                          []DestinationDescription
	HasMoreDestinations                   bool
}

// elsewhere stands for a source or destination of the model that hydrant does not have. It is
// decoded only to be refused.
type elsewhere struct{}

type CreateDeliveryStreamIn struct {
	DeliveryStreamName                         string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	DeliveryStreamType                         string `enum:"DirectPut|KinesisStreamAsSource|MSKAsSource|DatabaseAsSource"`
	DirectPutSourceConfiguration               *DirectPutSourceConfiguration
	KinesisStreamSourceConfiguration           *KinesisStreamSourceConfiguration
	DeliveryStreamEncryptionConfigurationInput *EncryptionInput
	S3DestinationConfiguration                 *S3DestinationConfiguration
	ExtendedS3DestinationConfiguration         *ExtendedS3DestinationConfiguration
	Tags                                       []Tag `min:"1" max:"50"`

	RedshiftDestinationConfiguration                   *elsewhere
	ElasticsearchDestinationConfiguration              *elsewhere
	AmazonopensearchserviceDestinationConfiguration    *elsewhere
	SplunkDestinationConfiguration                     *elsewhere
	HttpEndpointDestinationConfiguration               *elsewhere
	AmazonOpenSearchServerlessDestinationConfiguration *elsewhere
	SnowflakeDestinationConfiguration                  *elsewhere
	IcebergDestinationConfiguration                    *elsewhere
	MSKSourceConfiguration                             *elsewhere
	DatabaseSourceConfiguration                        *elsewhere
}

type CreateDeliveryStreamOut struct{ DeliveryStreamARN string }

type DescribeDeliveryStreamIn struct {
	DeliveryStreamName          string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	Limit                       *int   `min:"1" max:"10000"`
	ExclusiveStartDestinationId string `min:"1" max:"100" pattern:"[a-zA-Z0-9-]+"`
}

type DescribeDeliveryStreamOut struct{ DeliveryStreamDescription DeliveryStreamDescription }

type ListDeliveryStreamsIn struct {
	Limit                            *int   `min:"1" max:"10000"`
	DeliveryStreamType               string `enum:"DirectPut|KinesisStreamAsSource|MSKAsSource|DatabaseAsSource"`
	ExclusiveStartDeliveryStreamName string `min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
}

type ListDeliveryStreamsOut struct {
	DeliveryStreamNames    []string
	HasMoreDeliveryStreams bool
}

type DeleteDeliveryStreamIn struct {
	DeliveryStreamName string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	AllowForceDelete   *bool
}

type UpdateDestinationIn struct {
	DeliveryStreamName             string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	CurrentDeliveryStreamVersionId string `required:"" min:"1" max:"50" pattern:"[0-9]+"`
	DestinationId                  string `required:"" min:"1" max:"100" pattern:"[a-zA-Z0-9-]+"`
	S3DestinationUpdate            *S3DestinationUpdate
	ExtendedS3DestinationUpdate    *ExtendedS3DestinationUpdate

	RedshiftDestinationUpdate                   *elsewhere
	ElasticsearchDestinationUpdate              *elsewhere
	AmazonopensearchserviceDestinationUpdate    *elsewhere
	SplunkDestinationUpdate                     *elsewhere
	HttpEndpointDestinationUpdate               *elsewhere
	AmazonOpenSearchServerlessDestinationUpdate *elsewhere
	SnowflakeDestinationUpdate                  *elsewhere
	IcebergDestinationUpdate                    *elsewhere
}

type StartDeliveryStreamEncryptionIn struct {
	DeliveryStreamName                         string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	DeliveryStreamEncryptionConfigurationInput *EncryptionInput
}

type StopDeliveryStreamEncryptionIn struct {
	DeliveryStreamName string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
}

type TagDeliveryStreamIn struct {
	DeliveryStreamName string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	Tags               []Tag  `required:"" min:"1" max:"50"`
}

type UntagDeliveryStreamIn struct {
	DeliveryStreamName string   `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	TagKeys            []string `required:"" min:"1" max:"50"`
}

type ListTagsForDeliveryStreamIn struct {
	DeliveryStreamName   string `required:"" min:"1" max:"64" pattern:"[a-zA-Z0-9_.-]+"`
	ExclusiveStartTagKey string `min:"1" max:"128"`
	Limit                *int   `min:"1" max:"50"`
}

type ListTagsForDeliveryStreamOut struct {
	Tags        []Tag
	HasMoreTags bool
}

// Empty is the output of operations that answer {}.
type Empty struct{}
