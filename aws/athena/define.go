package athena

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
)

// define carries out a statement of Hive's dialect: its lines, and the names of its columns.
func (s *Service) define(ctx context.Context, e *execution, st ddl.Statement) (lines, columns []string, err error) {
	switch st := st.(type) {
	case *ddl.CreateDatabase:
		return nil, nil, s.createDatabase(ctx, st)
	case *ddl.DropDatabase:
		return nil, nil, s.dropDatabase(ctx, st)
	case *ddl.CreateTable:
		return nil, nil, s.createTable(ctx, e, st)
	case *ddl.DropView:
		return nil, nil, s.dropView(ctx, e, st)
	case *ddl.DropTable:
		database := e.database(st.Database)
		if t, err := s.config.Catalog.Table(ctx, database, st.Name); err == nil && t.Type == virtualView {
			return nil, nil, fail("FAILED: SemanticException [Error 10159]: Cannot drop a view with DROP TABLE")
		}
		err := s.config.Catalog.DropTable(ctx, database, st.Name)
		if missing(err) && (st.IfExists) {
			err = nil
		}
		return nil, nil, tableError(err, st.Name)
	case *ddl.AddPartitions:
		return nil, nil, s.addPartitions(ctx, e, st)
	case *ddl.DropPartitions:
		return nil, nil, s.dropPartitions(ctx, e, st)
	case *ddl.RenamePartition:
		return nil, nil, s.renamePartition(ctx, e, st)
	case *ddl.AddColumns:
		return nil, nil, s.changeTable(ctx, e, st.Table, func(t *Table) error {
			t.Columns = append(slices.Clone(t.Columns), columnsOf(st.Columns)...)
			return distinct(t)
		})
	case *ddl.ReplaceColumns:
		return nil, nil, s.changeTable(ctx, e, st.Table, func(t *Table) error {
			t.Columns = columnsOf(st.Columns)
			return distinct(t)
		})
	case *ddl.SetProperties:
		return nil, nil, s.changeTable(ctx, e, st.Table, func(t *Table) error {
			t.Parameters = maps.Clone(t.Parameters)
			if t.Parameters == nil {
				t.Parameters = map[string]string{}
			}
			maps.Copy(t.Parameters, pairs(st.Properties))
			return nil
		})
	case *ddl.SetLocation:
		return nil, nil, s.setLocation(ctx, e, st)
	case *ddl.Repair:
		lines, err := s.repair(ctx, e, st.Table)
		return lines, nil, err
	}
	return s.show(ctx, e, st)
}

// database is the one a statement names, or the execution's.
func (e *execution) database(named string) string {
	if named != "" {
		return named
	}
	return e.Database
}

func missing(err error) bool { return hydrant.FaultCode(err) == "EntityNotFoundException" }
func present(err error) bool { return hydrant.FaultCode(err) == "AlreadyExistsException" }

// tableError words that a table is not there.
func tableError(err error, table string) error {
	if f, ok := hydrant.AsFault(err); ok && missing(err) && strings.HasPrefix(f.Message, "Table ") {
		return fail("FAILED: SemanticException [Error 10001]: Table not found %s", table)
	}
	return err
}

func pairs(of []ddl.Pair) map[string]string {
	out := map[string]string{}
	for _, p := range of {
		out[p.Key] = p.Value
	}
	return out
}

func columnsOf(of []ddl.Column) []Column {
	out := make([]Column, len(of))
	for i, c := range of {
		out[i] = Column(c)
	}
	return out
}

func (s *Service) createDatabase(ctx context.Context, st *ddl.CreateDatabase) error {
	err := s.config.Catalog.CreateDatabase(ctx, Database{Name: st.Name, Description: st.Comment, Location: st.Location, Parameters: pairs(st.Properties)})
	if present(err) {
		if st.IfNotExists {
			return nil
		}
		return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database %s already exists", st.Name)
	}
	return err
}

func (s *Service) dropDatabase(ctx context.Context, st *ddl.DropDatabase) error {
	if !st.Cascade {
		tables, err := s.config.Catalog.Tables(ctx, st.Name)
		if err == nil && len(tables) > 0 {
			return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
				"InvalidOperationException(message:Database %s is not empty. One or more tables exist.)", st.Name)
		}
	}
	err := s.config.Catalog.DropDatabase(ctx, st.Name)
	if missing(err) {
		if st.IfExists {
			return nil
		}
		return fail("FAILED: SemanticException [Error 10072]: Database does not exist: %s", st.Name)
	}
	return err
}

func (s *Service) createTable(ctx context.Context, e *execution, st *ddl.CreateTable) error {
	t := Table{
		Database: e.database(st.Database), Name: st.Name, Description: st.Comment, Type: "EXTERNAL_TABLE",
		Columns: columnsOf(st.Columns), PartitionKeys: columnsOf(st.PartitionKeys),
		Location: st.Location, InputFormat: st.InputFormat, OutputFormat: st.OutputFormat,
		SerDe: st.SerDe, SerDeParameters: pairs(st.SerDeProperties),
		BucketColumns: st.BucketColumns, Buckets: st.Buckets, Parameters: pairs(st.Properties),
	}
	if t.SerDeParameters["serialization.format"] == "" {
		t.SerDeParameters["serialization.format"] = "1"
	}
	t.Parameters["EXTERNAL"] = "TRUE"
	if t.Parameters["transient_lastDdlTime"] == "" { // what SHOW CREATE TABLE told makes the same table again
		t.Parameters["transient_lastDdlTime"] = fmt.Sprint(time.Now().Unix())
	}
	if st.Comment != "" {
		t.Parameters["comment"] = st.Comment
	}
	err := s.config.Catalog.CreateTable(ctx, t)
	switch {
	case present(err) && st.IfNotExists:
		return nil
	case present(err):
		return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
			"AlreadyExistsException(message:Table already exists: %s)", st.Name)
	case missing(err):
		return fail("FAILED: SemanticException [Error 10072]: Database does not exist: %s", t.Database)
	}
	return err
}

func (s *Service) table(ctx context.Context, e *execution, named ddl.Table) (Table, error) {
	t, err := s.config.Catalog.Table(ctx, e.database(named.Database), named.Name)
	return t, tableError(err, named.Name)
}

func (s *Service) changeTable(ctx context.Context, e *execution, named ddl.Table, change func(*Table) error) error {
	t, err := s.table(ctx, e, named)
	if err != nil {
		return err
	}
	if t.Type == "" {
		return fail("FAILED: NullPointerException Name is null")
	}
	if t.Type == virtualView {
		return fail("FAILED: SemanticException [Error 10131]: To alter a view you need to use the ALTER VIEW command.")
	}
	if err := change(&t); err != nil {
		return err
	}
	return s.config.Catalog.ChangeTable(ctx, t)
}

func distinct(t *Table) error {
	seen := map[string]bool{}
	for _, c := range append(slices.Clone(t.Columns), t.PartitionKeys...) {
		if seen[c.Name] {
			return fail("FAILED: SemanticException [Error 10036]: Duplicate column name: %s", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

func (s *Service) setLocation(ctx context.Context, e *execution, st *ddl.SetLocation) error {
	if st.Partition == nil {
		return s.changeTable(ctx, e, st.Table, func(t *Table) error { t.Location = st.Location; return nil })
	}
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return err
	}
	values, err := valuesOf(t, st.Partition)
	if err != nil {
		return err
	}
	return partitionError(s.config.Catalog.ChangePartition(ctx, t, values, Partition{values, st.Location}), values)
}
