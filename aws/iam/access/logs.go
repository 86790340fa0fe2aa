package access

import "strings"

var logRules = func() map[string]rule {
	m := map[string]rule{}
	// Policies name a group as "…:log-group:NAME:*": what is asked for on the group itself ends in an
	// empty stream, as AWS shows it.
	stream := one(func(x *input) string { return logGroup(x) + ":log-stream:" + x.text("LogStreamName") })
	group := one(func(x *input) string { return logGroup(x) + ":log-stream:" })
	each(m, rule{on: stream}, "CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")
	each(m, rule{on: group},
		"CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DeleteSubscriptionFilter", "DescribeLogGroups",
		"DescribeLogStreams", "DescribeMetricFilters", "DescribeSubscriptionFilters", "FilterLogEvents", "ListTagsLogGroup",
		"PutLogGroupDeletionProtection", "PutRetentionPolicy", "TagLogGroup", "UntagLogGroup")
	m["PutSubscriptionFilter"] = rule{on: group, also: passes("logs.amazonaws.com", "RoleArn")}
	each(m, rule{on: named("logs", "", "ResourceArn")}, "ListTagsForResource", "TagResource", "UntagResource")
	each(m, rule{}, "TestMetricFilter", "DescribeQueries", "GetQueryResults", "StopQuery", "StartQuery")
	return m
}()

// logGroup is the ARN of the group an input names, without a trailing ":*".
func logGroup(x *input) string {
	name := x.text("LogGroupName", "LogGroupIdentifier", "LogGroupNamePrefix")
	if strings.HasPrefix(name, "arn:") {
		return strings.TrimSuffix(name, ":*")
	}
	return x.scope.ARN("logs", "log-group:"+name)
}
