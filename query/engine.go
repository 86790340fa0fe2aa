//go:build cgo

package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

func (e *Engine) run(ctx context.Context, s Statement, columns func([]Column) error, row func([]any) error) error {
	return e.with(ctx, s, false, func(db *database, statement, _ string) error { return db.stream(statement, columns, row) })
}

// with makes the database of a statement and has do run it, in a folder of its own. Where do writes, it is
// to the folder "export" in that one.
func (e *Engine) with(ctx context.Context, s Statement, writes bool, do func(db *database, statement, temp string) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(e.config.TempDir, "query-")
	if err != nil {
		return fmt.Errorf("query: temporary folder: %w", err)
	}
	defer os.RemoveAll(temp)
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return fmt.Errorf("query: open database: %w", err)
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("query: open database: %w", err)
	}
	defer conn.Close()

	db := &database{ctx: ctx, conn: conn}
	defer db.release() // when the connection is still open: a name, once opened, is not needed any more
	if err := db.prepare(e.config, temp); err != nil {
		return err
	}
	for _, setup := range s.Setup {
		if err := db.exec(setup); err != nil {
			return fmt.Errorf("query: setup: %w", err)
		}
	}
	prefix, body := explained(s.SQL)
	found, err := db.refs(body)
	if err != nil {
		return err
	}
	if found.show != "" && prefix == "" {
		if body, err = e.showSQL(ctx, found.show, s.Database); err != nil {
			return err
		}
	} else if err := e.fill(db, s, body, found, temp); err != nil {
		return err
	}
	if s.Report != nil {
		if err := db.watch(); err != nil {
			return err
		}
		defer db.report(s.Report, temp)
	}
	folders := []string{}
	if writes {
		folder, err := exportFolder(temp)
		if err != nil {
			return fmt.Errorf("query: export: %w", err)
		}
		folders = append(folders, folder)
	}
	if err := db.shut(folders); err != nil {
		return err
	}
	return do(db, prefix+body, temp)
}

// fill makes the views a statement needs.
func (e *Engine) fill(db *database, s Statement, body string, found refs, temp string) error {
	if len(found.tables) == 0 && !found.schema {
		return nil
	}
	all, err := e.config.Catalog.Tables(db.ctx)
	if err != nil {
		return fmt.Errorf("query: catalog: %w", err)
	}
	// One transaction, so that now() is the same in all that is asked before and in what runs.
	if err := db.exec("BEGIN TRANSACTION"); err != nil {
		return err
	}
	g := &gathering{engine: e, db: db, statement: s, all: all, made: map[ref]bool{}}
	if err := g.add(found.tables, strings.ToLower(s.Database)); err != nil {
		return err
	}
	if err := g.narrow(body); err != nil {
		return err
	}
	if away(g.sources) {
		if err := db.prune(body, g, temp); err != nil {
			return err
		}
	}
	for _, src := range g.sources {
		if err := e.open(db, src, s.Paths); err != nil {
			return err
		}
	}
	if err := g.open(); err != nil {
		return err
	}
	if !found.schema {
		return nil
	}
	for i := range all { // only described, so over no files
		name := ref{all[i].Database, all[i].Name}
		body, err := selectOf(&all[i], nil, false)
		if err != nil || g.made[name] {
			continue // a table that cannot be read is not described either
		}
		if err := db.view(name, body); err != nil {
			return err
		}
	}
	return nil
}

// open makes the view over a table's files, those from elsewhere fetched.
func (e *Engine) open(db *database, s source, paths bool) error {
	release, err := e.fetch(db.ctx, s.files)
	if err != nil {
		return err
	}
	db.fetched = append(db.fetched, release)
	body, err := selectOf(s.table, s.files, paths)
	if err != nil {
		return err
	}
	for _, f := range s.files {
		db.allowed = append(db.allowed, f.path)
	}
	db.files = append(db.files, s.files...)
	return db.view(s.name, body)
}

// resolve finds the table a statement names.
func resolve(all []Table, r ref, current string) (*Table, error) {
	if r.database == "" {
		r.database = current
	}
	var found []*Table
	for i := range all {
		if all[i].Name == r.table && (r.database == "" || all[i].Database == r.database) {
			found = append(found, &all[i])
		}
	}
	name := r.table
	if r.database != "" {
		name = r.database + "." + r.table
	}
	switch len(found) {
	case 0:
		return nil, refuse(TableMissing, "table %s does not exist", name)
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, t := range found {
		if t.Database == "default" {
			return t, nil
		}
		names[i] = t.Database + "." + t.Name
	}
	return nil, refuse(Ambiguous, "table %s could be %s", name, strings.Join(names, " or "))
}

// showSQL answers SHOW DATABASES and SHOW [ALL] TABLES from the catalog.
func (e *Engine) showSQL(ctx context.Context, what, current string) (string, error) {
	all, err := e.config.Catalog.Tables(ctx)
	if err != nil {
		return "", fmt.Errorf("query: catalog: %w", err)
	}
	heading, names := "name", []string{}
	for _, t := range all {
		switch {
		case what == "databases":
			heading, names = "database_name", append(names, t.Database)
		case what == "tables" && current != "":
			if t.Database == strings.ToLower(current) {
				names = append(names, t.Name)
			}
		default:
			names = append(names, t.Database+"."+t.Name)
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("SELECT unnest(%s::VARCHAR[]) AS %s", textList(slices.Compact(names)), heading), nil
}

// database is one query's DuckDB.
type database struct {
	ctx     context.Context
	conn    *sql.Conn
	allowed []string // the files it may open once shut
	files   []file   // the same, with what they are called outside
	fetched []func() // ends the use of copies
}

func (db *database) release() {
	for _, f := range db.fetched {
		f()
	}
}

func (db *database) exec(sql string) error {
	if _, err := db.conn.ExecContext(db.ctx, sql); err != nil {
		return db.explain(err)
	}
	return nil
}

// prepare sets the limits and makes the catalog that statements may name.
func (db *database) prepare(c Config, temp string) error {
	settings := []string{
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET memory_limit = " + text(c.Memory),
		"SET temp_directory = " + text(temp),
		"ATTACH ':memory:' AS " + catalogName,
		"USE " + catalogName,
		"DETACH memory",
	}
	if c.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads = %d", c.Threads))
	}
	for _, s := range settings {
		if err := db.exec(s); err != nil {
			return fmt.Errorf("query: %s: %w", s, err)
		}
	}
	return nil
}

// shut takes away everything but the files of the views, and folders to write to.
func (db *database) shut(folders []string) error {
	for _, s := range []string{
		"SET allowed_paths = " + textList(db.allowed),
		"SET allowed_directories = " + textList(folders),
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if err := db.exec(s); err != nil {
			return fmt.Errorf("query: shut: %w", err)
		}
	}
	return nil
}

// refs parses a statement without running it.
func (db *database) refs(sql string) (refs, error) {
	var tree string
	if err := db.conn.QueryRowContext(db.ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", sql).Scan(&tree); err != nil {
		return refs{}, db.explain(err)
	}
	return findRefs([]byte(tree))
}

func (db *database) view(name ref, body string) error {
	full := ident(name.table)
	if name.database != "" {
		if err := db.exec("CREATE SCHEMA IF NOT EXISTS " + ident(name.database)); err != nil {
			return err
		}
		full = ident(name.database) + "." + full
	}
	return db.exec("CREATE OR REPLACE VIEW " + catalogName + "." + qualify(name, full) + " AS " + body)
}

// qualify names a table without a database in the schema DuckDB starts in.
func qualify(name ref, full string) string {
	if name.database == "" {
		return "main." + full
	}
	return full
}

func (db *database) stream(statement string, columns func([]Column) error, row func([]any) error) error {
	statement, documents, err := db.asTexts(statement)
	if err != nil {
		return err
	}
	rows, err := db.conn.QueryContext(db.ctx, statement)
	if err != nil {
		return db.explain(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return db.explain(err)
	}
	heads, shapes := make([]Column, len(types)), make([]shape, len(types))
	for i, t := range types {
		heads[i] = Column{t.Name(), t.DatabaseTypeName()}
		if documents[i] {
			heads[i].Type = "JSON"
		}
		shapes[i] = parseShape(t.DatabaseTypeName())
	}
	if err := columns(heads); err != nil {
		return err
	}
	raw, into := make([]any, len(types)), make([]any, len(types))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return db.explain(err)
		}
		out := make([]any, len(raw))
		for i := range raw {
			out[i] = shapes[i].value(raw[i])
		}
		if err := row(out); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return db.explain(err)
	}
	return nil
}

// explain tells a cancelled query from one that is wrong, and of what kind it is.
func (db *database) explain(err error) error {
	if cause := context.Cause(db.ctx); cause != nil {
		return cause
	}
	var d *duckdb.Error
	if !errors.As(err, &d) {
		return fmt.Errorf("query: %w", err)
	}
	code := Failed
	switch d.Type {
	case duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax:
		code = Syntax
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeMismatchType, duckdb.ErrorTypeParameterNotResolved:
		code = Unresolved
	case duckdb.ErrorTypeConversion, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeIO:
		code = BadData
	case duckdb.ErrorTypeOutOfMemory:
		code = OutOfResource
	case duckdb.ErrorTypePermission:
		code = NotReadOnly
	}
	return &Error{code, db.outside(d.Msg)}
}

// outside calls files in a message by their URIs, as those who asked know them.
func (db *database) outside(message string) string {
	for _, f := range db.files {
		if strings.Contains(message, f.path) {
			message = strings.ReplaceAll(message, f.path, f.uri)
		}
	}
	return message
}
