package access

import "strings"

var formationRules = func() map[string]rule {
	m := map[string]rule{}
	stack := one(func(x *input) string {
		arn := x.arn("cloudformation", "stack/", "StackName", "StackId")
		if arn == "" || arn == x.text("StackName", "StackId") {
			return arn
		}
		return arn + "/*" // the id in it is not known by name
	})
	// What the stack's resources need is asked when they are made, of the caller or of the role.
	each(m, rule{on: stack, also: passes("cloudformation.amazonaws.com", "RoleARN"), keys: ofStack},
		"CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ContinueUpdateRollback", "RollbackStack")
	each(m, rule{on: stack, keys: ofStack}, "ExecuteChangeSet")
	each(m, rule{on: stack},
		"CancelUpdateStack", "DeleteChangeSet", "DescribeChangeSet", "DescribeStackEvents", "DescribeStackResource",
		"DescribeStackResources", "DescribeStacks", "GetStackPolicy", "GetTemplate", "ListChangeSets",
		"ListStackResources", "SetStackPolicy", "UpdateTerminationProtection", "DescribeEvents")
	each(m, rule{on: one(func(x *input) string {
		if !x.has("StackName") {
			return ""
		}
		return stack(x)[0]
	})}, "GetTemplateSummary")
	each(m, rule{}, "DescribeAccountLimits", "EstimateTemplateCost", "ListExports", "ListImports", "ListStacks", "ValidateTemplate")
	return m
}()

// ofStack are the keys by which policies bound what may be made of a stack.
func ofStack(x *input) map[string][]string {
	keys := map[string][]string{}
	for key, field := range map[string]string{"RoleArn": "RoleARN", "TemplateUrl": "TemplateURL", "ChangeSetName": "ChangeSetName"} {
		if v := x.text(field); v != "" {
			keys["cloudformation:"+key] = []string{v}
		}
	}
	return keys
}

var queueRules = func() map[string]rule {
	m := map[string]rule{}
	queue := one(func(x *input) string {
		url := strings.TrimSuffix(x.text("QueueUrl"), "/")
		if url == "" {
			return x.arn("sqs", "", "QueueName")
		}
		parts := strings.Split(url, "/")
		scope := x.scope
		if len(parts) > 1 && len(parts[len(parts)-2]) == 12 {
			scope.Account = parts[len(parts)-2]
		}
		return scope.ARN("sqs", parts[len(parts)-1])
	})
	each(m, rule{on: queue}, "CreateQueue", "DeleteQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "PurgeQueue",
		"ListQueueTags", "TagQueue", "UntagQueue", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
	// The batches need what single calls need.
	each(m, rule{on: queue, actions: []string{"SendMessage"}}, "SendMessageBatch")
	each(m, rule{on: queue, actions: []string{"DeleteMessage"}}, "DeleteMessageBatch")
	each(m, rule{on: queue, actions: []string{"ChangeMessageVisibility"}}, "ChangeMessageVisibilityBatch")
	each(m, rule{}, "ListQueues")
	return m
}()

var topicRules = func() map[string]rule {
	m := map[string]rule{}
	topic := one(func(x *input) string {
		if arn := x.text("TopicArn", "TargetArn", "ResourceArn"); arn != "" {
			return arn
		}
		return x.arn("sns", "", "Name")
	})
	each(m, rule{on: topic}, "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe", "ListSubscriptionsByTopic", "Publish", "TagResource", "UntagResource", "ListTagsForResource")
	each(m, rule{on: one(func(x *input) string {
		arn := x.text("SubscriptionArn")
		return arn[:max(0, strings.LastIndexByte(arn, ':'))]
	})}, "Unsubscribe")
	each(m, rule{}, "ListTopics", "ListSubscriptions")
	return m
}()

var metricRules = func() map[string]rule {
	m := map[string]rule{}
	each(m, rule{keys: func(x *input) map[string][]string {
		return map[string][]string{"cloudwatch:namespace": {x.text("Namespace")}}
	}}, "PutMetricData")
	each(m, rule{}, "GetMetricData", "GetMetricStatistics", "ListMetrics", "GetMetricWidgetImage", "ListDashboards")
	alarm := named("cloudwatch", "alarm:", "AlarmName")
	each(m, rule{on: alarm}, "PutMetricAlarm", "SetAlarmState", "DescribeAlarmHistory")
	each(m, rule{on: func(x *input) (arns []string) {
		for _, name := range x.list("AlarmNames") {
			arns = append(arns, x.scope.ARN("cloudwatch", "alarm:"+name))
		}
		if arns == nil {
			arns = []string{x.scope.ARN("cloudwatch", "alarm:*")}
		}
		return arns
	}}, "DeleteAlarms", "DescribeAlarms", "EnableAlarmActions", "DisableAlarmActions")
	each(m, rule{on: named("cloudwatch", "", "ResourceARN")}, "ListTagsForResource", "TagResource", "UntagResource")
	return m
}()
