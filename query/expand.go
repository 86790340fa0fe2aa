//go:build cgo

package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// gathering finds what a statement reads: tables of files, and views over them.
type gathering struct {
	engine    *Engine
	db        *database
	statement Statement
	all       []Table
	sources   []source
	views     []sqlView // each behind those it names
	made      map[ref]bool
	within    []*Table // the views that are being read, from the outside in
	texts     []string // of the views
}

// sqlView is a view of the catalog, as DuckDB is told of it.
type sqlView struct {
	name ref
	body string
}

// add finds the tables that are named, and those that the views among them name.
func (g *gathering) add(named []ref, current string) error {
	for _, r := range named {
		t, err := resolve(g.all, r, current)
		if err != nil {
			return err
		}
		name := ref{r.database, t.Name}
		switch {
		case g.made[name]:
		case t.View == "":
			g.made[name] = true
			files, err := g.engine.filesOf(g.db.ctx, t)
			if err != nil {
				return err
			}
			g.sources = append(g.sources, source{name, t, files})
		default:
			if err := g.expand(name, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gathering) expand(name ref, t *Table) error {
	if g.statement.View == nil {
		return refuse(NotReadOnly, "%s.%s is a view of Athena's, which is asked through Athena", t.Database, t.Name)
	}
	if slices.Contains(g.within, t) {
		return refuse(BadView, "View '%s.%s' is recursive", t.Database, t.Name)
	}
	v, err := g.statement.View(t)
	if err != nil {
		return err
	}
	body, found, err := g.db.qualified(v.SQL, strings.ToLower(v.Database))
	if err != nil {
		return err
	}
	g.within = append(g.within, t)
	g.texts = append(g.texts, body)
	if err := g.add(found.tables, ""); err != nil {
		return err
	}
	g.within = g.within[:len(g.within)-1]
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = ident(c.Name)
	}
	g.views = append(g.views, sqlView{name, "SELECT " + strings.Join(columns, ", ") + " FROM (" + body + ")"})
	g.made[name] = true
	return nil
}

// open makes the views of the catalog, over those of files.
func (g *gathering) open() error {
	for _, v := range g.views {
		if err := g.db.view(v.name, v.body); err != nil {
			return err
		}
	}
	return nil
}

// qualified names the database of every table of a statement that does not say it.
func (db *database) qualified(statement, database string) (string, refs, error) {
	var tree string
	if err := db.conn.QueryRowContext(db.ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", statement).Scan(&tree); err != nil {
		return "", refs{}, db.explain(err)
	}
	found, err := findRefs([]byte(tree))
	if err != nil {
		return "", refs{}, err
	}
	unnamed := map[string]bool{}
	for i, t := range found.tables {
		if t.database == "" {
			unnamed[t.table] = true
			found.tables[i].database = database
		}
	}
	root, err := db.tree(statement)
	if err != nil {
		return "", refs{}, err
	}
	setSchema(root, unnamed, database)
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(root); err != nil {
		return "", refs{}, fmt.Errorf("query: syntax tree: %w", err)
	}
	var text string
	if err := db.conn.QueryRowContext(db.ctx, "SELECT json_deserialize_sql(?::JSON)", b.String()).Scan(&text); err != nil {
		return "", refs{}, db.explain(err)
	}
	return strings.TrimRight(text, "; \n"), found, nil
}

func setSchema(v any, unnamed map[string]bool, database string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			setSchema(x, unnamed, database)
		}
	case map[string]any:
		if v["type"] == "BASE_TABLE" && v["schema_name"] == "" && unnamed[str(v, "table_name")] {
			v["schema_name"] = database
		}
		for _, x := range v {
			setSchema(x, unnamed, database)
		}
	}
}
