package glue

import "time"

// The members of the catalog as clients send and read them. Where a constraint of the model is no
// more than "any character", only its length stands here.

// Column is one column of a table or one partition key. Type is free text to the catalog.
type Column struct {
	Name       string `required:"" min:"1" max:"255"`
	Type       string `max:"131072"`
	Comment    string `max:"255"`
	Parameters map[string]string
}

// Order is one sort column.
type Order struct {
	Column    string `required:"" min:"1" max:"255"`
	SortOrder *int   `required:"" min:"0" max:"1"`
}

// SerDeInfo names the class that reads and writes rows.
type SerDeInfo struct {
	Name                 string `min:"1" max:"255"`
	SerializationLibrary string `min:"1" max:"255"`
	Parameters           map[string]string
}

// SkewedInfo lists values that occur very often.
type SkewedInfo struct {
	SkewedColumnNames             []string
	SkewedColumnValues            []string
	SkewedColumnValueLocationMaps map[string]string
}

// SchemaID names a schema of the schema registry.
type SchemaID struct {
	SchemaArn    string `min:"1" max:"10240"`
	SchemaName   string `min:"1" max:"255"`
	RegistryName string `min:"1" max:"255"`
}

// SchemaReference points a table at the schema registry.
type SchemaReference struct {
	SchemaId            *SchemaID
	SchemaVersionId     string `min:"36" max:"36"`
	SchemaVersionNumber *int64 `min:"1" max:"100000"`
}

// StorageDescriptor says where the rows are and how they are written.
type StorageDescriptor struct {
	Columns                []Column
	Location               string `max:"2056"`
	AdditionalLocations    []string
	InputFormat            string `max:"128"`
	OutputFormat           string `max:"128"`
	Compressed             bool
	NumberOfBuckets        int
	SerdeInfo              *SerDeInfo
	BucketColumns          []string
	SortColumns            []Order
	Parameters             map[string]string
	SkewedInfo             *SkewedInfo
	StoredAsSubDirectories bool
	SchemaReference        *SchemaReference
}

// TableIdentifier is the target of a resource link.
type TableIdentifier struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `min:"1" max:"255"`
	Name         string `min:"1" max:"255"`
	Region       string `min:"1" max:"255"`
}

// DatabaseIdentifier is the target of a resource link.
type DatabaseIdentifier struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `min:"1" max:"255"`
	Region       string `min:"1" max:"255"`
}

// ViewRepresentation is a view in one dialect.
type ViewRepresentation struct {
	Dialect              string `enum:"REDSHIFT|ATHENA|SPARK"`
	DialectVersion       string `min:"1" max:"255"`
	ViewOriginalText     string `max:"409600"`
	ViewExpandedText     string `max:"409600"`
	ValidationConnection string `min:"1" max:"255"`
}

// ViewDefinition is a view in all its dialects.
type ViewDefinition struct {
	IsProtected         *bool
	Definer             string `min:"20" max:"2048"`
	ViewVersionId       *int64 `min:"-1"`
	ViewVersionToken    string `min:"1" max:"255"`
	RefreshSeconds      *int64
	LastRefreshType     string               `enum:"FULL|INCREMENTAL"`
	SubObjects          []string             `max:"10"`
	SubObjectVersionIds []int64              `max:"250"`
	Representations     []ViewRepresentation `max:"10"`
}

// Principal is who a permission is for.
type Principal struct {
	DataLakePrincipalIdentifier string `min:"1" max:"255"`
}

// PrincipalPermissions are what one principal may do.
type PrincipalPermissions struct {
	Principal   *Principal
	Permissions []string
}

// DatabaseInput is a database as a client describes it.
type DatabaseInput struct {
	Name                          string `required:"" min:"1" max:"255"`
	Description                   string `max:"2048"`
	LocationUri                   string `min:"1" max:"1024"`
	Parameters                    map[string]string
	CreateTableDefaultPermissions []PrincipalPermissions
	TargetDatabase                *DatabaseIdentifier
	FederatedDatabase             *Unsupported
}

// Database is a database as the catalog answers it.
type Database struct {
	Name                          string
	Description                   string
	LocationUri                   string
	Parameters                    map[string]string
	CreateTime                    time.Time
	CreateTableDefaultPermissions []PrincipalPermissions
	TargetDatabase                *DatabaseIdentifier
	CatalogId                     string
}

// TableInput is a table as a client describes it.
type TableInput struct {
	Name              string `required:"" min:"1" max:"255"`
	Description       string `max:"2048"`
	Owner             string `min:"1" max:"255"`
	LastAccessTime    time.Time
	LastAnalyzedTime  time.Time
	Retention         int `min:"0"`
	StorageDescriptor *StorageDescriptor
	PartitionKeys     []Column
	ViewOriginalText  string `max:"409600"`
	ViewExpandedText  string `max:"409600"`
	TableType         string `max:"255"`
	Parameters        map[string]string
	TargetTable       *TableIdentifier
	ViewDefinition    *ViewDefinition
}

// Table is a table as the catalog answers it.
type Table struct {
	Name                          string
	DatabaseName                  string
	Description                   string
	Owner                         string
	CreateTime                    time.Time
	UpdateTime                    time.Time
	LastAccessTime                time.Time
	LastAnalyzedTime              time.Time
	Retention                     int
	StorageDescriptor             *StorageDescriptor
	PartitionKeys                 []Column
	ViewOriginalText              string
	ViewExpandedText              string
	TableType                     string
	Parameters                    map[string]string
	CreatedBy                     string
	IsRegisteredWithLakeFormation bool
	TargetTable                   *TableIdentifier
	CatalogId                     string
	VersionId                     string
	ViewDefinition                *ViewDefinition
	IsMultiDialectView            bool
	IsMaterializedView            bool
}

// TableVersion is a table as it was.
type TableVersion struct {
	Table     *Table
	VersionId string
}

// PartitionIndex names partition keys to be searched by. It changes no answer, only its speed.
type PartitionIndex struct {
	Keys      []string `required:"" min:"1"`
	IndexName string   `required:"" min:"1" max:"255"`
}

// PartitionInput is a partition as a client describes it.
type PartitionInput struct {
	Values            []string `eachmin:"1" eachmax:"1024"`
	LastAccessTime    time.Time
	StorageDescriptor *StorageDescriptor
	Parameters        map[string]string
	LastAnalyzedTime  time.Time
}

// Partition is a partition as the catalog answers it.
type Partition struct {
	Values            []string `eachmin:"1" eachmax:"1024"`
	DatabaseName      string
	TableName         string
	CreationTime      time.Time
	LastAccessTime    time.Time
	StorageDescriptor *StorageDescriptor
	Parameters        map[string]string
	LastAnalyzedTime  time.Time
	CatalogId         string
}

// PartitionValueList names one partition.
type PartitionValueList struct {
	Values []string `required:""`
}

// ErrorDetail is why one entry of a batch was refused.
type ErrorDetail struct {
	ErrorCode    string
	ErrorMessage string
}

// Unsupported stands for a member that asks for what is not here. Its presence is refused: to drop
// it would pretend.
type Unsupported struct{}
