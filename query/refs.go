package query

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// ref is a table as a statement names it, in lower case. Database is "" where none is given.
type ref struct{ database, table string }

// refs is what a statement reads, found in its syntax tree.
type refs struct {
	tables []ref // each once, common table expressions left out
	// show is the list asked for by SHOW DATABASES ("databases"), SHOW TABLES ("tables") or
	// SHOW ALL TABLES ("all").
	show string
	// schema: information_schema is read, so all tables must be declared.
	schema bool
}

// tableFunctions are the only functions a FROM clause may call: they make rows of their
// arguments. All others read files, settings or statements given as text.
var tableFunctions = map[string]bool{
	"unnest": true, "range": true, "generate_series": true, "repeat": true, "repeat_row": true,
	"json_each": true, "json_tree": true, "unnest_rewrite": true,
}

// insideFunctions tell of the process and its settings: folders, what files a statement may read.
var insideFunctions = map[string]bool{"current_setting": true, "getenv": true}

// findRefs walks the tree that DuckDB's json_serialize_sql made of a statement.
func findRefs(tree []byte) (refs, error) {
	var doc struct {
		Error      bool              `json:"error"`
		Kind       string            `json:"error_type"`
		Message    string            `json:"error_message"`
		Position   string            `json:"position"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal(tree, &doc); err != nil {
		return refs{}, fmt.Errorf("query: syntax tree: %w", err)
	}
	switch {
	case doc.Error && doc.Kind == "not implemented":
		return refs{}, refuse(NotReadOnly, "only SELECT, WITH, VALUES, FROM, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN are allowed")
	case doc.Error && doc.Position != "":
		return refs{}, refuse(Syntax, "at character %s: %s", doc.Position, doc.Message)
	case doc.Error:
		return refs{}, refuse(Syntax, "%s", doc.Message)
	case len(doc.Statements) != 1:
		return refs{}, refuse(NotReadOnly, "one statement at a time, please: there are %d", len(doc.Statements))
	}
	var root any
	if err := json.Unmarshal(doc.Statements[0], &root); err != nil {
		return refs{}, fmt.Errorf("query: syntax tree: %w", err)
	}
	w := &walk{seen: map[ref]bool{}, ctes: map[string]bool{}}
	w.visit(root)
	if w.err != nil {
		return refs{}, w.err
	}
	for _, t := range w.order {
		if t.database != "" || !w.ctes[t.table] {
			w.found.tables = append(w.found.tables, t)
		}
	}
	return w.found, nil
}

type walk struct {
	found refs
	order []ref
	seen  map[ref]bool
	ctes  map[string]bool
	err   error
}

func (w *walk) visit(v any) {
	if w.err != nil {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			w.visit(x)
		}
	case map[string]any:
		w.node(v)
		for _, x := range v {
			w.visit(x)
		}
	}
}

func (w *walk) node(n map[string]any) {
	if ctes, ok := n["cte_map"].(map[string]any); ok {
		entries, _ := ctes["map"].([]any)
		for _, e := range entries {
			if e, ok := e.(map[string]any); ok {
				w.ctes[str(e, "key")] = true
			}
		}
	}
	if name := str(n, "cte_name"); name != "" {
		w.ctes[name] = true
	}
	switch n["type"] {
	case "BASE_TABLE":
		w.table(n)
	case "TABLE_FUNCTION":
		f, _ := n["function"].(map[string]any)
		if name := str(f, "function_name"); !tableFunctions[name] {
			w.err = refuse(NotReadOnly, "function %s cannot be read from", name)
		}
	case "FUNCTION":
		if name := str(n, "function_name"); insideFunctions[name] {
			w.err = refuse(NotReadOnly, "function %s describes the engine, not the lake", name)
		}
	case "SHOW_REF":
		if n["query"] != nil {
			return
		}
		switch name := strings.Trim(str(n, "table_name"), `"`); name {
		case "databases", "tables":
			w.found.show = name
		case "__show_tables_expanded", "":
			w.found.show = "all"
		default:
			w.err = refuse(NotReadOnly, "SHOW %s is not supported", name)
		}
	}
}

func (w *walk) table(n map[string]any) {
	catalog, r := str(n, "catalog_name"), ref{str(n, "schema_name"), str(n, "table_name")}
	switch {
	case catalog != "" && catalog != catalogName:
		w.err = refuse(TableMissing, "catalog %s does not exist; there is only %s", catalog, catalogName)
	case r.database == "information_schema":
		w.found.schema = true
	case r.database == "pg_catalog" || strings.HasPrefix(r.table, "duckdb_") || strings.HasPrefix(r.table, "pragma_"):
		w.err = refuse(NotReadOnly, "%s describes the engine, not the lake", r.table)
	case !w.seen[r]:
		w.seen[r] = true
		w.order = append(w.order, r)
	}
}

// str is a member in lower case: names fold as the catalog's do.
func str(n map[string]any, member string) string {
	s, _ := n[member].(string)
	return strings.ToLower(s)
}

// explainPrefix is EXPLAIN [ANALYZE] with what may stand between words: blanks and comments.
var explainPrefix = regexp.MustCompile(strings.ReplaceAll(`(?is)^_*explain_+(?:analyze_+)?`, "_", `(?:\s|--[^\n]*\n|/\*.*?\*/)`))

// explained takes EXPLAIN [ANALYZE] off a statement.
func explained(sql string) (prefix, statement string) {
	n := len(explainPrefix.FindString(sql))
	return sql[:n], sql[n:]
}
