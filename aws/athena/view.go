package athena

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
)

// A view is a table of the catalog without files: TableType VIRTUAL_VIEW, its columns, and as
// ViewOriginalText a comment that holds the view as Presto writes it down:
//
//	/* Presto View: BASE64 OF JSON */
//	{"originalSql": the query, "catalog", "schema": where its names are looked up, "columns": [{"name", "type"}]}

// prestoView is that JSON.
type prestoView struct {
	OriginalSQL  string         `json:"originalSql"`
	Catalog      string         `json:"catalog"`
	Schema       string         `json:"schema"`
	Columns      []prestoColumn `json:"columns"`
	Owner        string         `json:"owner,omitempty"`
	RunAsInvoker bool           `json:"runAsInvoker"`
}

type prestoColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

const (
	virtualView = "VIRTUAL_VIEW"
	viewPrefix  = "/* Presto View: "
	viewSuffix  = " */"
)

func (v *prestoView) text() (string, error) {
	b, err := json.Marshal(v)
	return viewPrefix + base64.StdEncoding.EncodeToString(b) + viewSuffix, err
}

// readView reads what the catalog holds of a view. What was not written by Athena's like cannot be read.
func readView(text string) (*prestoView, error) {
	inner, ok := strings.CutPrefix(text, viewPrefix)
	inner, end := strings.CutSuffix(inner, viewSuffix)
	if !ok || !end {
		return nil, errors.New("it is no view of Athena's")
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(inner))
	if err != nil {
		return nil, err
	}
	v := &prestoView{}
	return v, json.Unmarshal(b, v)
}

// expand is how the engine reads views.
func expand(t *query.Table) (query.View, error) {
	stale := func(err error) error {
		return &failure{"INVALID_VIEW: View 'awsdatacatalog." + t.Database + "." + t.Name + "' is stale or in invalid state: " + err.Error(), 1006}
	}
	v, err := readView(t.View)
	if err != nil {
		return query.View{}, stale(err)
	}
	q, err := trino.Translate(v.OriginalSQL, nil)
	if err != nil {
		return query.View{}, stale(err)
	}
	return query.View{SQL: q.SQL, Database: v.Schema}, nil
}

// createView puts a view into the catalog. Its query is planned, so that one that cannot run is refused
// and the columns are known; no object is read.
func (s *Service) createView(ctx context.Context, e *execution, d *trino.Definition) error {
	database := e.database(d.Database)
	old, err := s.config.Catalog.Table(ctx, database, d.Table)
	exists := err == nil
	switch {
	case exists && old.Type != virtualView:
		return &failure{d.Wrong("TABLE_ALREADY_EXISTS", "Table already exists: '%s.%s'", database, d.Table).Error(), 1006}
	case exists && !d.Replace:
		return &failure{d.Wrong("TABLE_ALREADY_EXISTS", "View already exists: 'awsdatacatalog.%s.%s'", database, d.Table).Error(), 1006}
	case !exists && !missing(err):
		return err
	}
	heads, err := s.columnsOf(ctx, e, d, func(t *query.Table) (query.View, error) {
		if t.Database == database && t.Name == d.Table {
			return query.View{}, &failure{d.Wrong("NOT_SUPPORTED", "Statement would create a recursive view").Error(), 1006}
		}
		return expand(t)
	})
	if err != nil {
		return err
	}
	view := &prestoView{OriginalSQL: strings.TrimSpace(d.Query), Catalog: "awsdatacatalog", Schema: e.Database}
	t := Table{Database: database, Name: d.Table, Type: virtualView, Parameters: map[string]string{"comment": "Presto View", "presto_view": "true"}}
	for _, h := range heads {
		of := query.ParseType(h.Type)
		view.Columns = append(view.Columns, prestoColumn{h.Name, trinoType(of)})
		hive, ok := hiveType(of)
		if !ok {
			hive = plainType(of)
		}
		t.Columns = append(t.Columns, Column{Name: strings.ToLower(h.Name), Type: hive})
	}
	if t.View, err = view.text(); err != nil {
		return err
	}
	if exists {
		return s.config.Catalog.ChangeTable(ctx, t)
	}
	err = s.config.Catalog.CreateTable(ctx, t)
	if missing(err) {
		return &failure{d.Wrong("SCHEMA_NOT_FOUND", "Schema '%s' does not exist", database).Error(), 1006}
	}
	return err
}

// anyColumnsOf plans the query of a definition and tells its columns. No object is read.
func (s *Service) anyColumnsOf(ctx context.Context, e *execution, d *trino.Definition, view func(*query.Table) (query.View, error)) (heads []query.Column, err error) {
	q, err := trino.Translate(d.Query, e.Parameters)
	if err != nil {
		return nil, &failure{err.Error(), 1006}
	}
	st := query.Statement{SQL: "DESCRIBE " + q.SQL, Database: e.Database, Setup: trino.Setup(), Paths: q.Paths, View: view}
	err = s.config.Query.Stream(ctx, st, func([]query.Column) error { return nil }, func(row []any) error {
		heads = append(heads, query.Column{Name: fmt.Sprint(row[0]), Type: fmt.Sprint(row[1])})
		return nil
	})
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return nil, s.word(ctx, q, wrong)
	}
	if err != nil {
		return nil, err
	}
	return heads, s.untyped(ctx, st, q.SQL, heads)
}

// untyped gives columns that are only ever NULL the type "NULL", where DESCRIBE calls them INTEGER.
func (s *Service) untyped(ctx context.Context, st query.Statement, sql string, heads []query.Column) error {
	types, names := make([]string, len(heads)), make([]string, len(heads))
	for i := range heads {
		names[i] = fmt.Sprintf("c%d", i)
		types[i] = "typeof(first(" + names[i] + "))"
	}
	st.SQL = "SELECT " + strings.Join(types, ", ") + " FROM (" + sql + "\n) AS t (" + strings.Join(names, ", ") + ") WHERE false"
	return s.config.Query.Stream(ctx, st, func([]query.Column) error { return nil }, func(row []any) error {
		for i, t := range row {
			if t == untypedNull {
				heads[i].Type = untypedNull
			}
		}
		return nil
	})
}

// untypedNull is the engine's type of a value that is only ever NULL.
const untypedNull = `"NULL"`

// columnsOf is anyColumnsOf of a query whose columns are to be told apart.
func (s *Service) columnsOf(ctx context.Context, e *execution, d *trino.Definition, view func(*query.Table) (query.View, error)) ([]query.Column, error) {
	heads, err := s.anyColumnsOf(ctx, e, d, view)
	seen := map[string]bool{}
	for _, h := range heads {
		name := strings.ToLower(h.Name)
		if seen[name] {
			return nil, &failure{d.Wrong("DUPLICATE_COLUMN_NAME", "Column name '%s' specified more than once", h.Name).Error(), 1006}
		}
		seen[name] = true
	}
	return heads, err
}

// dropView takes a view out of the catalog, and nothing else.
func (s *Service) dropView(ctx context.Context, e *execution, st *ddl.DropView) error {
	database := e.database(st.Database)
	t, err := s.config.Catalog.Table(ctx, database, st.Name)
	if err == nil && t.Type != virtualView {
		return &failure{fmt.Sprintf("TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.%s.%s' does not exist, but a table with that name exists. Did you mean DROP TABLE?", database, st.Name), 1006}
	}
	if err == nil {
		err = s.config.Catalog.DropTable(ctx, database, st.Name)
	}
	if missing(err) {
		if st.IfExists {
			return nil
		}
		return &failure{fmt.Sprintf("TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.%s.%s' does not exist", database, st.Name), 1006}
	}
	return err
}

// viewText is the statement that makes a view, as lines.
func viewText(t Table) ([]string, error) {
	v, err := readView(t.View)
	if err != nil {
		return nil, &failure{fmt.Sprintf("INVALID_VIEW: View 'awsdatacatalog.%s.%s' is stale or in invalid state: %v", t.Database, t.Name, err), 1006}
	}
	return append([]string{"CREATE VIEW awsdatacatalog." + t.Database + "." + t.Name + " AS"}, strings.Split(v.OriginalSQL, "\n")...), nil
}
