package access

import "strings"

var glueRules = func() map[string]rule {
	m := map[string]rule{}
	// The catalog, a database and its tables: Glue asks for leave on all that lie above what is named.
	catalog := func(x *input) []string { return []string{x.scope.ARN("glue", "catalog")} }
	database := func(fields ...string) func(*input) []string {
		return func(x *input) []string {
			return append(catalog(x), x.scope.ARN("glue", "database/"+folded(x, fields...)))
		}
	}
	table := func(field string, fields ...string) func(*input) []string {
		return func(x *input) []string {
			db := folded(x, field)
			return append(catalog(x), x.scope.ARN("glue", "database/"+db), x.scope.ARN("glue", "table/"+db+"/"+folded(x, fields...)))
		}
	}
	each(m, rule{on: database("DatabaseInput.Name")}, "CreateDatabase")
	each(m, rule{on: database("Name")}, "GetDatabase", "UpdateDatabase")
	each(m, rule{on: database("none")}, "GetDatabases")
	each(m, rule{on: table("Name", "none")}, "DeleteDatabase")
	each(m, rule{on: table("DatabaseName", "none")}, "GetTables", "SearchTables")
	each(m, rule{on: table("DatabaseName", "TableInput.Name", "Name")}, "CreateTable", "UpdateTable")
	each(m, rule{on: table("DatabaseName", "Name")}, "GetTable", "DeleteTable")
	each(m, rule{on: table("DatabaseName", "TableName")},
		"BatchCreatePartition", "BatchDeletePartition", "BatchDeleteTableVersion", "BatchGetPartition", "BatchUpdatePartition",
		"CreatePartition", "CreatePartitionIndex", "DeletePartition", "DeletePartitionIndex", "DeleteTableVersion", "GetPartition",
		"GetPartitionIndexes", "GetPartitions", "GetTableVersion", "GetTableVersions", "UpdatePartition",
		"GetColumnStatisticsForTable", "UpdateColumnStatisticsForTable", "DeleteColumnStatisticsForTable")
	each(m, rule{on: one(func(x *input) string { return x.text("ResourceArn") })}, "GetTags", "TagResource", "UntagResource")
	m["BatchDeleteTable"] = rule{on: func(x *input) []string {
		db := folded(x, "DatabaseName")
		arns := append(catalog(x), x.scope.ARN("glue", "database/"+db))
		for _, t := range x.list("TablesToDelete") {
			arns = append(arns, x.scope.ARN("glue", "table/"+db+"/"+strings.ToLower(t)))
		}
		return arns
	}}
	return m
}()

// folded is a name as the catalog keeps it; where none is given, all.
func folded(x *input, fields ...string) string {
	if name := x.text(fields...); name != "" {
		return strings.ToLower(name)
	}
	return "*"
}
