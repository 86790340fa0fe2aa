package athena

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
)

// show answers the statements that tell of the catalog, as lines.
func (s *Service) show(ctx context.Context, e *execution, st ddl.Statement) (lines, columns []string, err error) {
	switch st := st.(type) {
	case *ddl.ShowDatabases:
		list, err := s.config.Catalog.Databases(ctx)
		if err != nil {
			return nil, nil, err
		}
		match, err := liker(st.Like)
		for _, d := range list {
			if match(d.Name) {
				lines = append(lines, d.Name)
			}
		}
		return lines, []string{"database_name"}, err
	case *ddl.ShowTables:
		lines, err := s.tableNames(ctx, e.database(st.Database), st.Like, func(*Table) bool { return true })
		return lines, []string{"tab_name"}, err
	case *ddl.ShowViews:
		lines, err := s.tableNames(ctx, e.database(st.Database), st.Like, func(t *Table) bool { return t.Type == virtualView })
		return lines, []string{"views"}, err
	case *ddl.ShowCreateView:
		t, err := s.table(ctx, e, st.Table)
		if err != nil {
			return nil, nil, err
		}
		if t.Type != virtualView {
			return nil, nil, fail("SYNTAX_ERROR: line 1:1: Relation 'awsdatacatalog.%s.%s' is a table, not a view", t.Database, t.Name)
		}
		lines, err := viewText(t)
		return lines, []string{"Create View"}, err
	case *ddl.ShowColumns:
		t, err := s.table(ctx, e, st.Table)
		for _, c := range append(slices.Clone(t.Columns), t.PartitionKeys...) {
			lines = append(lines, pad(c.Name))
		}
		return lines, []string{"field"}, err
	case *ddl.ShowPartitions:
		lines, err := s.showPartitions(ctx, e, st)
		return lines, []string{"partition"}, err
	case *ddl.ShowCreate:
		t, err := s.table(ctx, e, st.Table)
		if err == nil && t.Type == virtualView {
			err = fail("SYNTAX_ERROR: line 1:1: Relation 'awsdatacatalog.%s.%s' is a view, not a table", t.Database, t.Name)
		}
		if err != nil {
			return nil, nil, err
		}
		return createText(t), []string{"createtab_stmt"}, nil
	case *ddl.ShowProperties:
		t, err := s.table(ctx, e, st.Table)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
			switch st.Key {
			case "":
				lines = append(lines, k+"\t"+t.Parameters[k])
			case k:
				lines = append(lines, t.Parameters[k])
			}
		}
		if st.Key != "" && len(lines) == 0 {
			lines = []string{fmt.Sprintf("Table %s.%s does not have property: %s", t.Database, t.Name, st.Key)}
		}
		return lines, []string{"prpt_name", "prpt_value"}, nil
	case *ddl.Describe:
		lines, err := s.describe(ctx, e, st)
		return lines, []string{"col_name", "data_type", "comment"}, err
	}
	return nil, nil, fmt.Errorf("athena: no way to run %T", st)
}

// tableNames are the names of a database's tables that fit a pattern and a condition.
func (s *Service) tableNames(ctx context.Context, database, like string, fits func(*Table) bool) (names []string, err error) {
	list, err := s.config.Catalog.Tables(ctx, database)
	if missing(err) {
		return nil, fail("FAILED: SemanticException [Error 10072]: Database does not exist: %s", database)
	}
	if err != nil {
		return nil, err
	}
	match, err := liker(like)
	for i := range list {
		if fits(&list[i]) && match(list[i].Name) {
			names = append(names, list[i].Name)
		}
	}
	return names, err
}

// liker matches names as SHOW … LIKE does: * is any text, | is or; the text may be a regular expression.
func liker(pattern string) (func(string) bool, error) {
	if pattern == "" {
		return func(string) bool { return true }, nil
	}
	re, err := regexp.Compile("(?i)^(?:" + loneStar.ReplaceAllString(pattern, "$1.*") + ")$")
	if err != nil {
		return func(string) bool { return false }, fail("FAILED: SemanticException invalid pattern '%s'", pattern)
	}
	return re.MatchString, nil
}

var loneStar = regexp.MustCompile(`(^|[A-Za-z0-9_\-|(])\*`)

func pad(s string) string { return fmt.Sprintf("%-20s", s) }

func (s *Service) showPartitions(ctx context.Context, e *execution, st *ddl.ShowPartitions) (lines []string, err error) {
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return nil, err
	}
	if len(t.PartitionKeys) == 0 {
		return nil, fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table %s is not a partitioned table", t.Name)
	}
	list, err := s.config.Catalog.Partitions(ctx, t.Database, t.Name)
	for _, p := range list {
		fits := true
		for _, want := range st.Partition {
			i := slices.IndexFunc(t.PartitionKeys, func(c Column) bool { return c.Name == want.Key })
			fits = fits && i >= 0 && i < len(p.Values) && p.Values[i] == want.Value
		}
		if fits {
			lines = append(lines, partitionName(t, p.Values))
		}
	}
	return lines, err
}

func (s *Service) describe(ctx context.Context, e *execution, st *ddl.Describe) (lines []string, err error) {
	t, err := s.table(ctx, e, st.Table)
	if err != nil {
		return nil, err
	}
	if st.Partition != nil {
		if _, err := valuesOf(t, st.Partition); err != nil {
			return nil, err
		}
	}
	row := func(c Column) string { return pad(c.Name) + "\t" + pad(c.Type) + "\t" + pad(c.Comment) }
	all := append(slices.Clone(t.Columns), t.PartitionKeys...)
	if st.Column != "" {
		i := slices.IndexFunc(all, func(c Column) bool { return c.Name == st.Column })
		if i < 0 {
			return nil, fail("FAILED: SemanticException [Error 10002]: Invalid column reference %s", st.Column)
		}
		return []string{row(all[i])}, nil
	}
	for _, c := range all {
		lines = append(lines, row(c))
	}
	if len(t.PartitionKeys) > 0 {
		lines = append(lines, "\t \t ", "# Partition Information\t \t ", row(Column{"# col_name", "data_type", "comment"}), "\t \t ")
		for _, k := range t.PartitionKeys {
			lines = append(lines, row(k))
		}
	}
	if st.Long {
		lines = append(lines, "\t \t ", "# Detailed Table Information\t \t ")
		for _, p := range [][2]string{
			{"Database:", t.Database}, {"CreateTime:", t.Created.UTC().Format("Mon Jan 02 15:04:05 UTC 2006")}, {"Location:", t.Location},
			{"Table Type:", t.Type}, {"SerDe Library:", t.SerDe}, {"InputFormat:", t.InputFormat}, {"OutputFormat:", t.OutputFormat},
		} {
			lines = append(lines, pad(p[0])+"\t"+pad(p[1])+"\t ")
		}
		for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
			lines = append(lines, "\t"+pad(k)+"\t"+pad(t.Parameters[k]))
		}
	}
	return lines, nil
}

// createText is the statement that makes a table, as lines.
func createText(t Table) []string {
	lines := []string{"CREATE EXTERNAL TABLE `" + t.Name + "`("}
	lines = append(lines, columnLines(t.Columns)...)
	if t.Description != "" {
		lines = append(lines, "COMMENT "+hiveText(t.Description))
	}
	if len(t.PartitionKeys) > 0 {
		lines = append(append(lines, "PARTITIONED BY ( "), columnLines(t.PartitionKeys)...)
	}
	if t.Buckets > 0 && len(t.BucketColumns) > 0 {
		lines = append(lines, "CLUSTERED BY ( ", "  "+strings.Join(t.BucketColumns, ", ")+")", fmt.Sprintf("INTO %d BUCKETS", t.Buckets))
	}
	lines = append(lines, "ROW FORMAT SERDE ", "  "+hiveText(t.SerDe)+" ")
	if p := maps.Clone(t.SerDeParameters); len(p) > 1 || len(p) == 1 && p["serialization.format"] != "1" {
		lines = append(append(lines, "WITH SERDEPROPERTIES ( "), propertyLines(p)...)
	}
	lines = append(lines, "STORED AS INPUTFORMAT ", "  "+hiveText(t.InputFormat)+" ", "OUTPUTFORMAT ", "  "+hiveText(t.OutputFormat),
		"LOCATION", "  "+hiveText(strings.TrimSuffix(t.Location, "/")))
	properties := maps.Clone(t.Parameters)
	delete(properties, "EXTERNAL")
	if len(properties) > 0 {
		lines = append(append(lines, "TBLPROPERTIES ("), propertyLines(properties)...)
	}
	return lines
}

func columnLines(columns []Column) []string {
	lines := make([]string, len(columns))
	for i, c := range columns {
		lines[i] = "  `" + c.Name + "` " + c.Type
		if c.Comment != "" {
			lines[i] += " COMMENT " + hiveText(c.Comment)
		}
		if i < len(columns)-1 {
			lines[i] += ", "
		} else {
			lines[i] += ")"
		}
	}
	return lines
}

func propertyLines(p map[string]string) []string {
	keys := slices.Sorted(maps.Keys(p))
	lines := make([]string, len(keys))
	for i, k := range keys {
		lines[i] = "  " + hiveText(k) + "=" + hiveText(p[k])
		if i < len(keys)-1 {
			lines[i] += ", "
		} else {
			lines[i] += ")"
		}
	}
	return lines
}

// hiveText quotes a text for Hive; what is not printable as its octal code.
func hiveText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			fmt.Fprintf(&b, `\%03o`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "'"
}
