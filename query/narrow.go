//go:build cgo

package query

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DuckDB leaves files out by conditions over their names, but not by all that could: not by one that may
// fail (CAST(year AS integer) > 2015), and not where a list is unnested beside the table. So what a WHERE
// demands of partition keys alone is asked beforehand, of DuckDB too: over a table of the partitions' values.
// What cannot be told so is read, as is a partition for which the condition fails; DuckDB applies the
// conditions to the rows in any case.

// narrow takes files out of the sources whose partitions no row of the statement can be from.
func (g *gathering) narrow(statement string) error {
	uses := map[ref]int{}
	var demands []demand
	for _, text := range append(g.texts, statement) {
		root, err := g.db.tree(text)
		if err != nil {
			return err
		}
		findDemands(root, uses, &demands)
	}
	for i := range g.sources {
		s := &g.sources[i]
		var of []demand
		for _, d := range demands {
			d.conditions = slices.DeleteFunc(slices.Clone(d.conditions), func(c any) bool { return !onlyOver(c, d.alias, s.table.PartitionKeys) })
			if d.name == s.name && len(d.conditions) > 0 {
				of = append(of, d)
			}
		}
		if len(s.table.PartitionKeys) == 0 || len(of) == 0 || len(of) != uses[s.name] {
			continue // not partitioned, or read whole somewhere
		}
		if err := g.db.narrowed(s, of); err != nil {
			return err
		}
	}
	return nil
}

// demand is what one SELECT demands of one of its tables: conditions, all of which its rows meet.
type demand struct {
	name       ref
	alias      string
	conditions []any // of the syntax tree
}

// findDemands counts in uses where tables are named, and collects what is demanded of them.
func findDemands(v any, uses map[ref]int, demands *[]demand) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			findDemands(x, uses, demands)
		}
	case map[string]any:
		switch v["type"] {
		case "BASE_TABLE":
			uses[ref{str(v, "schema_name"), str(v, "table_name")}]++
		case "SELECT_NODE":
			if where := v["where_clause"]; where != nil && v["sample"] == nil {
				*demands = append(*demands, demandsOf(v["from_table"], conjuncts(where))...)
			}
		}
		for _, x := range v {
			findDemands(x, uses, demands)
		}
	}
}

// conjuncts are the conditions that AND joins.
func conjuncts(v any) []any {
	n, _ := v.(map[string]any)
	if n["type"] != "CONJUNCTION_AND" {
		return []any{v}
	}
	var out []any
	children, _ := n["children"].([]any)
	for _, c := range children {
		out = append(out, conjuncts(c)...)
	}
	return out
}

// demandsOf are the tables of a FROM clause of which a row that does not meet the conditions is in no row of
// the result. Those on the inner side of an outer join are not.
func demandsOf(from any, conditions []any) []demand {
	n, _ := from.(map[string]any)
	if n == nil || n["sample"] != nil {
		return nil
	}
	switch n["type"] {
	case "BASE_TABLE":
		if renamed, _ := n["column_name_alias"].([]any); len(renamed) > 0 || n["at_clause"] != nil {
			return nil
		}
		d := demand{ref{str(n, "schema_name"), str(n, "table_name")}, str(n, "alias"), conditions}
		if d.alias == "" {
			d.alias = d.name.table
		}
		return []demand{d}
	case "JOIN":
		switch n["join_type"] {
		case "INNER":
			return append(demandsOf(n["left"], conditions), demandsOf(n["right"], conditions)...)
		case "LEFT":
			return demandsOf(n["left"], conditions)
		}
	}
	return nil
}

// onlyOver tells whether a condition is over these columns of a table and nothing else.
func onlyOver(v any, alias string, columns []Column) bool {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if !onlyOver(x, alias, columns) {
				return false
			}
		}
	case map[string]any:
		switch v["class"] {
		case "SUBQUERY", "WINDOW", "STAR", "LAMBDA", "POSITIONAL_REFERENCE", "DEFAULT", "PARAMETER":
			return false
		case "FUNCTION":
			switch str(v, "function_name") {
			case "random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "currval", "setseed":
				return false
			}
		case "COLUMN_REF":
			names, _ := v["column_names"].([]any)
			if len(names) == 2 && strings.EqualFold(fmt.Sprint(names[0]), alias) {
				names = names[1:]
			}
			return len(names) == 1 && indexOf(columns, fmt.Sprint(names[0])) >= 0
		}
		for _, x := range v {
			if !onlyOver(x, alias, columns) {
				return false
			}
		}
	}
	return true
}

// narrowed takes the files of a source out that no demand is met by.
func (db *database) narrowed(s *source, demands []demand) error {
	keys, err := typedKeys(s.table)
	if err != nil {
		return err
	}
	tuples, of := map[string]int{}, make([]int, len(s.files)) // of: by file, its tuple
	values := make([][]*string, len(keys))                    // by key, of each tuple
	for i, f := range s.files {
		id := fmt.Sprintf("%q", texts(f.values))
		n, ok := tuples[id]
		if !ok {
			n = len(tuples)
			tuples[id] = n
			for k := range keys {
				values[k] = append(values[k], f.values[k])
			}
		}
		of[i] = n
	}
	if len(tuples) < 2 {
		return nil
	}
	if err := db.partitions(keys, values); err != nil {
		return err
	}
	keep := make([]bool, len(tuples))
	for _, d := range demands {
		if err := db.meet(d, keep); err != nil {
			return err
		}
	}
	files := s.files[:0]
	for i, f := range s.files {
		if keep[of[i]] {
			files = append(files, f)
		}
	}
	s.files = files
	return db.exec("DROP TABLE temp.hydrant_partitions")
}

// partitions makes the table of partitions' values. They go in as parameters, for a list of many thousand
// constants takes a second to parse.
func (db *database) partitions(keys []typed, values [][]*string) error {
	raw, items, lists := []string{}, []string{"row_number() OVER () - 1 AS hydrant_n"}, []any{}
	for i, k := range keys {
		b, err := json.Marshal(values[i])
		if err != nil {
			return fmt.Errorf("query: values of %s: %w", k.name, err)
		}
		name := fmt.Sprintf("k%d", i)
		raw, lists = append(raw, `unnest(from_json(?::JSON, '["VARCHAR"]')) AS `+name), append(lists, string(b))
		items = append(items, typedText(name, k.duck)+" AS "+ident(k.name))
	}
	_, err := db.conn.ExecContext(db.ctx, "CREATE OR REPLACE TEMP TABLE hydrant_partitions AS SELECT "+strings.Join(items, ", ")+" FROM (SELECT "+strings.Join(raw, ", ")+")", lists...)
	if err != nil {
		return db.explain(err)
	}
	return nil
}

// meet marks the partitions that meet a demand.
func (db *database) meet(d demand, keep []bool) error {
	var tests []string
	for _, c := range d.conditions {
		test, err := db.expression(c)
		if err != nil {
			return err
		}
		tests = append(tests, "coalesce(TRY("+test+"), true)")
	}
	rows, err := db.conn.QueryContext(db.ctx, "SELECT hydrant_n FROM temp.hydrant_partitions AS "+ident(d.alias)+" WHERE "+strings.Join(tests, " AND "))
	if err != nil {
		return db.explain(err) // what is wrong with the condition is wrong with the statement
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return db.explain(err)
		}
		keep[n] = true
	}
	if err := rows.Err(); err != nil {
		return db.explain(err)
	}
	return nil
}

// expression writes a condition of a syntax tree as SQL.
func (db *database) expression(condition any) (string, error) {
	root, err := db.tree("SELECT 1 WHERE hydrant_condition")
	if err != nil {
		return "", err
	}
	doc := root.(map[string]any)
	node := doc["statements"].([]any)[0].(map[string]any)["node"].(map[string]any)
	node["where_clause"] = condition
	b, err := json.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("query: syntax tree: %w", err)
	}
	var text string
	if err := db.conn.QueryRowContext(db.ctx, "SELECT json_deserialize_sql(?::JSON)", string(b)).Scan(&text); err != nil {
		return "", db.explain(err)
	}
	_, test, ok := strings.Cut(text, " WHERE ")
	if !ok {
		return "", fmt.Errorf("query: no condition in %q", text)
	}
	return strings.TrimRight(test, "; \n"), nil
}

// tree is the syntax tree of a statement, its numbers as they are written.
func (db *database) tree(statement string) (root any, err error) {
	var text string
	if err := db.conn.QueryRowContext(db.ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", statement).Scan(&text); err != nil {
		return nil, db.explain(err)
	}
	numbers := json.NewDecoder(strings.NewReader(text))
	numbers.UseNumber()
	if err := numbers.Decode(&root); err != nil {
		return nil, fmt.Errorf("query: syntax tree: %w", err)
	}
	return root, nil
}
