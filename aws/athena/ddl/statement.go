// Package ddl reads the statements that define tables, in Hive's dialect as Athena takes it, into
// plain values. It knows no catalog.
package ddl

// Statement is one of the structs below.
type Statement interface {
	// Kind is what Athena calls the statement: DDL or UTILITY, and its finer name.
	Kind() (kind, sub string)
}

// Table names a table. Database is "" where none was given. Both in lower case.
type Table struct{ Database, Name string }

// Column is a column or a partition key. Type is Hive's, in lower case and without blanks.
type Column struct{ Name, Type, Comment string }

// Pair is one key = value, in written order.
type Pair struct{ Key, Value string }

// Spec names a partition: a value for each key.
type Spec []Pair

type (
	CreateDatabase struct {
		Name              string
		IfNotExists       bool
		Comment, Location string
		Properties        []Pair
	}
	DropDatabase struct {
		Name              string
		IfExists, Cascade bool
	}
	CreateTable struct {
		Table
		IfNotExists               bool
		Columns                   []Column
		Comment                   string
		PartitionKeys             []Column
		BucketColumns             []string
		Buckets                   int
		SerDe                     string
		SerDeProperties           []Pair
		InputFormat, OutputFormat string
		Location                  string
		Properties                []Pair
	}
	DropTable struct {
		Table
		IfExists bool
	}
	AddPartitions struct {
		Table
		IfNotExists bool
		Partitions  []NewPartition
	}
	DropPartitions struct {
		Table
		IfExists   bool
		Partitions []Spec
	}
	RenamePartition struct {
		Table
		From, To Spec
	}
	AddColumns struct {
		Table
		Columns []Column
	}
	ReplaceColumns struct {
		Table
		Columns []Column
	}
	SetLocation struct {
		Table
		Partition Spec // nil: the table's own
		Location  string
	}
	SetProperties struct {
		Table
		Properties []Pair
	}
	Repair        struct{ Table }
	ShowDatabases struct{ Like string }
	ShowTables    struct{ Database, Like string }
	DropView      struct {
		Table
		IfExists bool
	}
	ShowViews      struct{ Database, Like string }
	ShowCreateView struct{ Table }
	ShowColumns    struct{ Table }
	ShowPartitions struct {
		Table
		Partition Spec
	}
	ShowCreate     struct{ Table }
	ShowProperties struct {
		Table
		Key string
	}
	Describe struct {
		Table
		Partition Spec
		Column    string
		Long      bool // EXTENDED or FORMATTED
	}
)

// NewPartition is a partition to add. Location is "" where none was given.
type NewPartition struct {
	Spec     Spec
	Location string
}

func (*CreateDatabase) Kind() (string, string)  { return "DDL", "CREATE_DATABASE" }
func (*DropDatabase) Kind() (string, string)    { return "DDL", "DROP_DATABASE" }
func (*CreateTable) Kind() (string, string)     { return "DDL", "CREATE_TABLE" }
func (*DropTable) Kind() (string, string)       { return "DDL", "DROP_TABLE" }
func (*AddPartitions) Kind() (string, string)   { return "DDL", "ALTER_TABLE_ADD_PARTITION" }
func (*DropPartitions) Kind() (string, string)  { return "DDL", "ALTER_TABLE_DROP_PARTITION" }
func (*RenamePartition) Kind() (string, string) { return "DDL", "ALTER_TABLE_RENAME_PARTITION" }
func (*AddColumns) Kind() (string, string)      { return "DDL", "ALTER_TABLE_ADD_COLUMNS" }
func (*ReplaceColumns) Kind() (string, string)  { return "DDL", "ALTER_TABLE_REPLACE_COLUMNS" }
func (*SetLocation) Kind() (string, string)     { return "DDL", "ALTER_TABLE_SET_LOCATION" }
func (*SetProperties) Kind() (string, string)   { return "DDL", "ALTER_TABLE_SET_TBLPROPERTIES" }
func (*Repair) Kind() (string, string)          { return "DDL", "MSCK_REPAIR_TABLE" }
func (*ShowDatabases) Kind() (string, string)   { return "UTILITY", "SHOW_DATABASES" }
func (*ShowTables) Kind() (string, string)      { return "UTILITY", "SHOW_TABLES" }
func (*DropView) Kind() (string, string)        { return "DDL", "DROP_VIEW" }
func (*ShowViews) Kind() (string, string)       { return "UTILITY", "SHOW_VIEWS" }
func (*ShowCreateView) Kind() (string, string)  { return "UTILITY", "SHOW_CREATE_VIEW" }
func (*ShowColumns) Kind() (string, string)     { return "UTILITY", "SHOW_COLUMNS" }
func (*ShowPartitions) Kind() (string, string)  { return "UTILITY", "SHOW_PARTITIONS" }
func (*ShowCreate) Kind() (string, string)      { return "UTILITY", "SHOW_CREATE_TABLE" }
func (*ShowProperties) Kind() (string, string)  { return "UTILITY", "SHOW_TBLPROPERTIES" }
func (*Describe) Kind() (string, string)        { return "UTILITY", "DESCRIBE_TABLE" }
