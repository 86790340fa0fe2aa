package athena

import "time"

// The members of Athena as clients send and read them.

// QueryExecutionContext is where unqualified names are looked up.
type QueryExecutionContext struct {
	Database string `min:"1" max:"255"`
	Catalog  string `min:"1" max:"256"`
}

// EncryptionConfiguration is kept and told; nothing is encrypted.
type EncryptionConfiguration struct {
	EncryptionOption string `required:"" enum:"SSE_S3|SSE_KMS|CSE_KMS"`
	KmsKey           string
}

// AclConfiguration is kept and told; objects have no owners here.
type AclConfiguration struct {
	S3AclOption string `required:"" enum:"BUCKET_OWNER_FULL_CONTROL"`
}

// ResultConfiguration is where results go.
type ResultConfiguration struct {
	OutputLocation          string
	EncryptionConfiguration *EncryptionConfiguration
	ExpectedBucketOwner     string `min:"12" max:"12" pattern:"[0-9]+"`
	AclConfiguration        *AclConfiguration
}

// ResultReuseByAgeConfiguration asks for an earlier result. None is ever reused.
type ResultReuseByAgeConfiguration struct {
	Enabled         bool
	MaxAgeInMinutes *int `min:"0" max:"10080"`
}

// ResultReuseConfiguration wraps it.
type ResultReuseConfiguration struct {
	ResultReuseByAgeConfiguration *ResultReuseByAgeConfiguration
}

// ResultReuseInformation tells that a result is fresh.
type ResultReuseInformation struct{ ReusedPreviousResult bool }

// AthenaError is why a statement failed, in numbers.
type AthenaError struct {
	ErrorCategory int // 1 system, 2 user, 3 other
	ErrorType     int
	Retryable     bool
	ErrorMessage  string
}

// QueryExecutionStatus is how far a statement is.
type QueryExecutionStatus struct {
	State              string
	StateChangeReason  string
	SubmissionDateTime time.Time
	CompletionDateTime time.Time
	AthenaError        *AthenaError
}

// QueryExecutionStatistics is what a statement cost.
type QueryExecutionStatistics struct {
	EngineExecutionTimeInMillis      int64
	DataScannedInBytes               int64
	TotalExecutionTimeInMillis       int64
	QueryQueueTimeInMillis           int64
	ServicePreProcessingTimeInMillis int64
	QueryPlanningTimeInMillis        *int64
	ServiceProcessingTimeInMillis    int64
	DataManifestLocation             string
	ResultReuseInformation           *ResultReuseInformation
}

// EngineVersion is the dialect a work group speaks.
type EngineVersion struct {
	SelectedEngineVersion  string `min:"1" max:"128"`
	EffectiveEngineVersion string `min:"1" max:"128"`
}

// QueryExecution is a statement on its way, or at its end.
type QueryExecution struct {
	QueryExecutionId         string
	Query                    string
	StatementType            string
	SubstatementType         string
	ResultConfiguration      *ResultConfiguration
	ResultReuseConfiguration *ResultReuseConfiguration
	QueryExecutionContext    *QueryExecutionContext
	Status                   *QueryExecutionStatus
	Statistics               *QueryExecutionStatistics
	WorkGroup                string
	EngineVersion            *EngineVersion
	ExecutionParameters      []string
}

// ColumnInfo is one column of a result.
type ColumnInfo struct {
	CatalogName   string
	SchemaName    string
	TableName     string
	Name          string
	Label         string
	Type          string
	Precision     int
	Scale         int
	Nullable      string
	CaseSensitive bool
}

// Datum is one value; NULL has no VarCharValue.
type Datum struct{ VarCharValue *string }

// Row is one row of a result.
type Row struct{ Data []Datum }

// ResultSetMetadata names the columns of a result.
type ResultSetMetadata struct{ ColumnInfo []ColumnInfo }

// ResultSet is a page of a result.
type ResultSet struct {
	Rows              []Row
	ResultSetMetadata *ResultSetMetadata
}

// Unsupported stands for a member that asks for what is not here. Its presence is refused: to drop it
// would pretend.
type Unsupported struct{}
