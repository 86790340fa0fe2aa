package query

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A table of files becomes a SELECT that yields its declared columns in their declared types, then
// its partition keys.
//
// Parquet is read with an explicit schema: columns are found by name, a missing one is NULL, every
// one is cast to its declared type, and no file is opened before the scan. Partition values come
// from an expression over the file's name where the name shows them, because DuckDB evaluates such
// a condition before it opens the files; a partition that lies elsewhere becomes a SELECT of its
// own with constants, which a condition removes whole.

// fileColumn is the virtual column in which DuckDB gives the name of the file. Files are only left
// out of a scan by conditions over a column of exactly this name.
const fileColumn = "filename"

// typed is a column with its DuckDB type and the name it has in the files. A partition key has a
// pattern instead, which finds its value in a file's name.
type typed struct{ name, duck, source, pattern string }

// pathColumn is the column of object URIs that a statement may ask for.
const pathColumn = "$path"

// selectOf is the SELECT over the files of a table; paths adds pathColumn.
func selectOf(t *Table, files []file, paths bool) (string, error) {
	keys, err := typedKeys(t)
	if err != nil {
		return "", err
	}
	columns, err := typedColumns(t, t.Columns)
	if err != nil {
		return "", err
	}
	columns = slices.DeleteFunc(columns, func(c typed) bool { return slices.ContainsFunc(keys, func(k typed) bool { return k.name == c.name }) })
	if len(columns) == 0 {
		return "", refuse(BadTable, "table %s.%s has no columns", t.Database, t.Name)
	}
	if len(files) == 0 {
		all := append(columns, keys...)
		if paths {
			all = append(all, typed{name: pathColumn, duck: "VARCHAR"})
		}
		return emptySelect(all), nil
	}
	read, err := readerOf(t, columns)
	if err != nil {
		return "", err
	}
	named := !slices.ContainsFunc(columns, func(c typed) bool { return strings.EqualFold(c.source, fileColumn) })
	if paths && !named {
		return "", refuse(BadTable, "table %s.%s has a column %s, so its rows cannot tell their %s", t.Database, t.Name, fileColumn, pathColumn)
	}
	var selects []string
	for _, g := range groupFiles(keys, files, named) {
		selects = append(selects, g.sql(columns, keys, read, paths))
	}
	return strings.Join(selects, " UNION ALL "), nil
}

func typedColumns(t *Table, columns []Column) ([]typed, error) {
	out := make([]typed, 0, len(columns))
	for _, c := range columns {
		duck, err := duckType(c.Type)
		if err != nil {
			return nil, refuse(BadTable, "column %s of %s.%s: %v", c.Name, t.Database, t.Name, err)
		}
		source := c.Name
		if key := t.SerDeParameters["mapping."+c.Name]; key != "" {
			source = key
		}
		out = append(out, typed{name: c.Name, duck: duck, source: source})
	}
	return out, nil
}

// typedKeys are the partition keys. Without a template their values are in the last folder key=value.
func typedKeys(t *Table) ([]typed, error) {
	keys, err := typedColumns(t, t.PartitionKeys)
	if err != nil {
		return nil, err
	}
	projected, err := t.template()
	for i := range keys {
		keys[i].pattern = `(?i).*/` + regexp.QuoteMeta(keys[i].name) + `=([^/]*)/`
		if projected != nil {
			keys[i].pattern = projected.inPath[i]
		}
	}
	return keys, err
}

func emptySelect(columns []typed) string {
	items := make([]string, len(columns))
	for i, c := range columns {
		items[i] = fmt.Sprintf("CAST(NULL AS %s) AS %s", c.duck, ident(c.name))
	}
	return "SELECT " + strings.Join(items, ", ") + " WHERE false"
}

// group is files whose partition keys are had in the same way: from their names (values nil) or as
// constants.
type group struct {
	paths  []string
	uris   []string // of the same objects
	values []*string
	named  bool // the values are in the file names
}

// groupFiles puts files whose names show their partition values into one group, and the others into
// one per tuple of values. Order of first appearance.
func groupFiles(keys []typed, files []file, useNames bool) []*group {
	patterns := make([]*regexp.Regexp, len(keys))
	for i, k := range keys {
		patterns[i] = regexp.MustCompile(k.pattern)
	}
	var groups []*group
	index := map[string]*group{}
	for _, f := range files {
		named := useNames && namesShow(patterns, f)
		id := "named"
		if !named {
			id = fmt.Sprintf("%q", texts(f.values))
		}
		g := index[id]
		if g == nil {
			g = &group{named: named}
			if !named {
				g.values = f.values
			}
			index[id] = g
			groups = append(groups, g)
		}
		g.paths, g.uris = append(g.paths, f.path), append(g.uris, f.uri)
	}
	return groups
}

func texts(values []*string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if v == nil {
			out[i] = hiveNull
		} else {
			out[i] = *v
		}
	}
	return out
}

// namesShow tells whether the name expression of keySQL yields exactly the file's values.
func namesShow(patterns []*regexp.Regexp, f file) bool {
	for i, p := range patterns {
		shown := ""
		if m := p.FindStringSubmatch(filepath.ToSlash(f.path)); m != nil {
			shown = m[1]
		}
		if v := f.values[i]; v == nil && shown != "" || v != nil && (*v == "" || *v != shown) {
			return false
		}
	}
	return true
}

func (g *group) sql(columns, keys []typed, read reader, paths bool) string {
	items := make([]string, 0, len(columns)+len(keys))
	for _, c := range columns {
		item := ident(c.source)
		if c.source != c.name {
			item += " AS " + ident(c.name)
		}
		items = append(items, item)
	}
	for i, k := range keys {
		items = append(items, g.keySQL(i, k)+" AS "+ident(k.name))
	}
	if paths {
		items = append(items, fmt.Sprintf("map(%s, %s)[%s] AS %s", textList(g.paths), textList(g.uris), fileColumn, ident(pathColumn)))
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + read(g.paths, paths || g.named && len(keys) > 0)
}

// keySQL is the value of a partition key. What is not of the key's type is NULL, as in Hive.
func (g *group) keySQL(i int, k typed) string {
	switch {
	case g.named:
		return typedText(fmt.Sprintf("nullif(regexp_extract(%s, %s, 1), '')", fileColumn, text(k.pattern)), k.duck)
	case g.values[i] == nil:
		return "CAST(NULL AS " + k.duck + ")"
	}
	return typedText(text(*g.values[i]), k.duck)
}

// typedText is a text as a value of a partition key's type.
func typedText(value, duck string) string {
	if duck == "VARCHAR" {
		return value
	}
	return fmt.Sprintf("TRY_CAST(%s AS %s)", value, duck)
}

func textList(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = text(p)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
