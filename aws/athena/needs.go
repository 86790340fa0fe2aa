package athena

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant/query"
)

// Query runs a SELECT of DuckDB's dialect over the tables of the caller's scope, into rows or into files. *query.Engine does.
type Query interface {
	Stream(ctx context.Context, s query.Statement, columns func([]query.Column) error, row func([]any) error) error
	Export(ctx context.Context, s query.Statement, x query.Export, take func([]query.Part) error) (rows int64, err error)
}

// Catalog is the catalog of the caller's scope (hydrant.ScopeOf). All names are in lower case. What is
// not there is a fault EntityNotFoundException, what is there already AlreadyExistsException.
type Catalog interface {
	Databases(ctx context.Context) ([]Database, error)
	Database(ctx context.Context, name string) (Database, error)
	CreateDatabase(ctx context.Context, d Database) error
	// DropDatabase removes a database with its tables.
	DropDatabase(ctx context.Context, name string) error

	// Tables lists the tables of a database by name.
	Tables(ctx context.Context, database string) ([]Table, error)
	Table(ctx context.Context, database, name string) (Table, error)
	CreateTable(ctx context.Context, t Table) error
	// ChangeTable replaces what a Table says; what the catalog holds besides stays.
	ChangeTable(ctx context.Context, t Table) error
	DropTable(ctx context.Context, database, name string) error

	// Partitions lists the partitions of a table by their values.
	Partitions(ctx context.Context, database, table string) ([]Partition, error)
	// AddPartitions adds those that are not there and returns the values of those that are.
	AddPartitions(ctx context.Context, t Table, partitions []Partition) (existing [][]string, err error)
	DropPartition(ctx context.Context, database, table string, values []string) error
	// ChangePartition puts p in the place of the partition with the values given.
	ChangePartition(ctx context.Context, t Table, values []string, p Partition) error
}

// Database is a database of the catalog.
type Database struct {
	Name, Description, Location string
	Parameters                  map[string]string
}

// Table is a table of the catalog. Types are Hive's.
type Table struct {
	Database, Name            string
	Description               string
	Type                      string // EXTERNAL_TABLE, VIRTUAL_VIEW
	Columns, PartitionKeys    []Column
	Location                  string // s3://bucket/prefix/
	InputFormat, OutputFormat string
	SerDe                     string
	SerDeParameters           map[string]string
	BucketColumns             []string
	Buckets                   int
	Parameters                map[string]string // TBLPROPERTIES
	View                      string            // of a VIRTUAL_VIEW, what it is a view of
	Created, Accessed         time.Time         // read only
}

// Partition is one partition of a table.
type Partition struct {
	Values   []string // in the order of the table's keys
	Location string
}
