package access

import "strings"

var athenaRules = func() map[string]rule {
	m := map[string]rule{}
	each(m, rule{on: workgroup("WorkGroup")},
		"CreateNamedQuery", "CreatePreparedStatement", "DeletePreparedStatement", "GetPreparedStatement",
		"BatchGetPreparedStatement", "ListNamedQueries", "ListPreparedStatements", "ListQueryExecutions",
		"StartQueryExecution", "UpdatePreparedStatement", "GetWorkGroup", "DeleteWorkGroup", "UpdateWorkGroup")
	start := m["StartQueryExecution"]
	start.also = func(x *input) (needs []Need) {
		for _, at := range x.deep("OutputLocation") {
			needs = append(needs, Need{Action: "s3:PutObject", Resource: "arn:aws:s3:::" + strings.TrimSuffix(strings.TrimPrefix(at, "s3://"), "/") + "/*"})
		}
		return needs
	}
	m["StartQueryExecution"] = start
	m["CreateWorkGroup"] = rule{on: workgroup("Name")}
	each(m, rule{on: byQuery("QueryExecutionId")},
		"GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "GetQueryRuntimeStatistics", "StopQueryExecution")
	m["BatchGetQueryExecution"] = rule{on: byQueries("QueryExecutionIds")}
	each(m, rule{on: byQuery("NamedQueryId")}, "DeleteNamedQuery", "GetNamedQuery", "UpdateNamedQuery")
	m["BatchGetNamedQuery"] = rule{on: byQueries("NamedQueryIds")}
	each(m, rule{on: named("athena", "datacatalog/", "CatalogName", "Name")},
		"CreateDataCatalog", "DeleteDataCatalog", "GetDataCatalog", "UpdateDataCatalog", "GetDatabase", "ListDatabases",
		"GetTableMetadata", "ListTableMetadata")
	// GetDatabase has a catalog's name and a database's: the catalog's comes first above.
	each(m, rule{on: named("athena", "", "ResourceARN")}, "ListTagsForResource", "TagResource", "UntagResource")
	each(m, rule{}, "ListDataCatalogs", "ListEngineVersions", "ListWorkGroups")
	return m
}()

func workgroup(field string) func(*input) []string {
	return one(func(x *input) string {
		if name := x.text(field); name != "" {
			return x.scope.ARN("athena", "workgroup/"+name)
		}
		return x.scope.ARN("athena", "workgroup/primary")
	})
}

func byQuery(field string) func(*input) []string {
	return one(func(x *input) string { return x.workgroupOf(x.text(field)) })
}

func byQueries(field string) func(*input) []string {
	return func(x *input) (arns []string) {
		for _, id := range x.list(field) {
			arn := x.workgroupOf(id)
			if arn == "" {
				arn = "*"
			}
			arns = append(arns, arn)
		}
		return arns
	}
}

func (x *input) workgroupOf(id string) string {
	if x.look.WorkgroupOfQuery == nil || id == "" {
		return ""
	}
	if name := x.look.WorkgroupOfQuery(x.ctx, id); name != "" {
		return x.scope.ARN("athena", "workgroup/"+name)
	}
	return ""
}
