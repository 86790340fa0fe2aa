// Package query answers SQL over the lake: the tables of the catalog, read from the objects that
// lie under their locations, by DuckDB in this process.
//
// Every query gets a database of its own, in memory, that lives as long as the query. It is filled
// with one view per table the statement names, over the files found under the table's location,
// and then shut: those files and its own temporary folder are all it can open, no extension can be
// loaded, no setting changed. So a query sees the lake through the catalog or not at all, queries
// cannot meet, and one that is cancelled leaves nothing behind.
//
// The steps, each in its file: refs.go (which tables does the statement name, and is it one that
// only reads), files.go (which objects belong to a table, and to which partition), prune.go (which
// of those that lie elsewhere are fetched), view.go (the SQL that makes a table of files), engine.go (the
// database around it), value.go (what comes out).
// Without cgo there is no DuckDB: New still works and every query answers ErrNoEngine.
package query

import (
	"context"
	"errors"
	"fmt"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// Config is what queries need. Catalog, Lake and Paths must be set.
type Config struct {
	// Catalog knows the tables.
	Catalog Catalog
	// Lake holds the objects, Paths says in which files.
	Lake  blob.Store
	Paths blob.Pather
	// Fetch makes files of objects that Paths does not know; nil where there are none such. Those a
	// statement will read are fetched before it runs (prune.go).
	Fetch blob.Fetcher
	// Memory bounds one query, in DuckDB's words; a query that needs more spills into TempDir.
	// Default "1GB".
	Memory string
	// Threads a query may use. 0 means as many as there are processors.
	Threads int
	// TempDir is where queries spill; each in a folder of its own, removed with it. Default: the
	// system's.
	TempDir string
	// Concurrent queries; further ones wait. Default 4.
	Concurrent int
}

// Catalog knows the tables there are. The context carries the caller's scope (hydrant.ScopeOf).
type Catalog interface {
	// Tables lists all tables. Names are in lower case.
	Tables(ctx context.Context) ([]Table, error)
	// Partitions lists the registered partitions of one of them.
	Partitions(ctx context.Context, database, table string) ([]Partition, error)
}

// Table is a table as the catalog declares it.
type Table struct {
	Database, Name string
	Columns        []Column // Hive's types
	// PartitionKeys are columns whose values stand in the names of folders, key=value, or in the
	// catalog's partitions. Where the catalog has partitions of a table, only they are read.
	PartitionKeys   []Column
	Location        string // s3://bucket/prefix/; everything below it belongs to the table
	InputFormat     string
	SerDe           string // class name; decides how files are read
	SerDeParameters map[string]string
	Parameters      map[string]string
	// View is what the catalog holds of a view, which has no location. Statement.View reads it.
	View string
}

// View is a view that has been read.
type View struct {
	SQL      string // DuckDB's
	Database string // where its tables without a database are looked for
}

// Column is a name and a type: Hive's words in a Table, DuckDB's in a Result.
type Column struct{ Name, Type string }

// Partition is one partition of a table: its values in the order of the keys, and where it lies.
type Partition struct {
	Values   []string
	Location string
}

// Statement is what to run.
type Statement struct {
	SQL string
	// Database is where tables without a database are looked for. Empty: anywhere, if there is
	// only one of that name, or else in "default".
	Database string
	// Setup runs first, in the database made for this statement: settings and macros. It is the
	// caller's own SQL and never what came from outside.
	Setup []string
	// Paths gives every table one more column, "$path": the s3:// URI of the object a row is from.
	Paths bool
	// View reads the views of the catalog. Without it they cannot be asked. Its error ends the query
	// and is returned as it is.
	View func(*Table) (View, error)
	// Report, where given, is filled when the statement ends, well or not.
	Report *Report
}

// Report is what a statement read.
type Report struct {
	Bytes int64 // read from objects, as DuckDB asked the file system for them
	Files int   // objects opened
}

// Result is an answer, whole.
type Result struct {
	Columns []Column
	Rows    [][]any // see value.go for the Go types
}

// Engine runs queries. Its methods may be called concurrently.
type Engine struct {
	config Config
	slots  chan struct{} // holds one token per running query; Close takes them all
	closed chan struct{}
}

// New makes an engine. It opens nothing until the first query.
func New(c Config) *Engine {
	if c.Memory == "" {
		c.Memory = "1GB"
	}
	if c.Concurrent <= 0 {
		c.Concurrent = 4
	}
	return &Engine{config: c, slots: make(chan struct{}, c.Concurrent), closed: make(chan struct{})}
}

// Query runs a statement and returns the whole answer.
func (e *Engine) Query(ctx context.Context, sql string) (*Result, error) {
	return e.Collect(ctx, Statement{SQL: sql})
}

// Collect runs a statement and returns the whole answer.
func (e *Engine) Collect(ctx context.Context, s Statement) (*Result, error) {
	r := &Result{}
	err := e.Stream(ctx, s,
		func(columns []Column) error { r.Columns = columns; return nil },
		func(row []any) error { r.Rows = append(r.Rows, row); return nil })
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Stream runs a statement and hands over its columns, once, and then row after row. An error of
// the receiving functions ends the query and is returned as it is. Every row is a new slice.
//
// What the statement itself is to blame for comes back as *Error.
func (e *Engine) Stream(ctx context.Context, s Statement, columns func([]Column) error, row func([]any) error) error {
	free, err := e.slot(ctx)
	if err != nil {
		return err
	}
	defer free()
	return e.run(ctx, s, columns, row)
}

// slot waits until a statement may run.
func (e *Engine) slot(ctx context.Context) (free func(), err error) {
	select {
	case <-e.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case <-e.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case e.slots <- struct{}{}:
		return func() { <-e.slots }, nil
	}
}

// Close refuses further queries and waits for those that run. Call it once.
func (e *Engine) Close() error {
	close(e.closed)
	for range cap(e.slots) {
		e.slots <- struct{}{}
	}
	return nil
}

var (
	// ErrNoEngine: this binary was built without cgo and holds no DuckDB. Build it with CGO_ENABLED=1
	// and a C compiler.
	ErrNoEngine = errors.New("query: built without cgo, so without DuckDB; build with CGO_ENABLED=1 and a C compiler")
	// ErrClosed: the engine has been closed.
	ErrClosed = errors.New("query: closed")
)

// Code says what kind of mistake a statement made.
type Code string

const (
	Syntax        Code = "SYNTAX_ERROR"         // does not parse
	NotReadOnly   Code = "NOT_SUPPORTED"        // not one statement that only reads, or reads what is not a table
	TableMissing  Code = "TABLE_NOT_FOUND"      // a table the catalog does not have
	Ambiguous     Code = "AMBIGUOUS_NAME"       // a table that several databases have
	Unresolved    Code = "COLUMN_NOT_FOUND"     // columns, functions or types that do not fit
	BadData       Code = "BAD_DATA"             // a value or file is not of its declared type
	BadTable      Code = "BAD_TABLE"            // the catalog's definition cannot be read from
	BadView       Code = "INVALID_VIEW"         // the catalog's view cannot be read
	OutOfResource Code = "EXCEEDED_MEMORY"      // memory and temporary space used up
	Failed        Code = "GENERIC_QUERY_FAILED" // anything else DuckDB refuses
)

// Error is what a statement, or the table it reads, is to blame for.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func refuse(code Code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}
