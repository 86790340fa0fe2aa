package access

import (
	"strconv"
	"strings"
)

var lambdaRules = func() map[string]rule {
	m := map[string]rule{}
	fn := one(function)
	each(m, rule{on: fn},
		"AddPermission", "CreateAlias", "DeleteAlias", "DeleteFunction", "DeleteFunctionConcurrency",
		"DeleteFunctionEventInvokeConfig", "GetAlias", "GetFunction", "GetFunctionConcurrency",
		"GetFunctionConfiguration", "GetFunctionEventInvokeConfig", "GetPolicy", "ListAliases",
		"ListFunctionEventInvokeConfigs", "ListVersionsByFunction", "PublishVersion", "PutFunctionConcurrency",
		"PutFunctionEventInvokeConfig", "RemovePermission", "UpdateAlias",
		"UpdateFunctionEventInvokeConfig", "DeleteProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig",
		"ListProvisionedConcurrencyConfigs", "PutProvisionedConcurrencyConfig", "GetFunctionRecursionConfig",
		"PutFunctionRecursionConfig", "GetRuntimeManagementConfig", "PutRuntimeManagementConfig",
		"GetFunctionCodeSigningConfig", "GetFunctionScalingConfig", "PutFunctionScalingConfig",
		"CreateFunctionUrlConfig", "DeleteFunctionUrlConfig", "GetFunctionUrlConfig", "UpdateFunctionUrlConfig",
		"ListFunctionUrlConfigs")
	each(m, rule{on: fn, actions: []string{"InvokeFunction"}}, "Invoke", "InvokeAsync", "InvokeWithResponseStream")
	each(m, rule{on: fn, also: passes("lambda.amazonaws.com", "Role")}, "UpdateFunctionConfiguration")
	each(m, rule{on: fn, also: func(x *input) []Need {
		return append(passes("lambda.amazonaws.com", "Role")(x), archive(x, "Code.")...)
	}}, "CreateFunction")
	each(m, rule{on: fn, also: func(x *input) []Need { return archive(x, "") }}, "UpdateFunctionCode")
	each(m, rule{on: named("lambda", "", "Resource")}, "ListTags", "TagResource", "UntagResource")
	each(m, rule{keys: func(x *input) map[string][]string {
		return map[string][]string{"lambda:FunctionArn": {function(x)}}
	}}, "CreateEventSourceMapping")
	each(m, rule{on: named("lambda", "event-source-mapping:", "UUID"), keys: mapped},
		"DeleteEventSourceMapping", "GetEventSourceMapping", "UpdateEventSourceMapping")
	each(m, rule{on: named("lambda", "layer:", "LayerName")}, "ListLayerVersions")
	each(m, rule{on: named("lambda", "layer:", "LayerName"), also: func(x *input) []Need { return archive(x, "Content.") }}, "PublishLayerVersion")
	each(m, rule{on: one(layerVersion)},
		"AddLayerVersionPermission", "DeleteLayerVersion", "GetLayerVersion", "GetLayerVersionPolicy", "RemoveLayerVersionPermission")
	m["GetLayerVersionByArn"] = rule{actions: []string{"GetLayerVersion"}, on: named("lambda", "layer:", "Arn")}
	each(m, rule{}, "GetAccountSettings", "ListEventSourceMappings", "ListFunctions", "ListLayers")
	return m
}()

// archive is the need of code that lies on S3, which the caller must be allowed to read.
func archive(x *input, at string) []Need {
	bucket, key := x.text(at+"S3Bucket"), x.text(at+"S3Key")
	if bucket == "" {
		return nil
	}
	action := "s3:GetObject"
	if x.has(at + "S3ObjectVersion") {
		action = "s3:GetObjectVersion"
	}
	return []Need{{Action: action, Resource: s3ARN + bucket + "/" + key}}
}

// function is the ARN of a function however it is named: by name, name:qualifier,
// account:function:name, or an ARN; a qualifier beside the name belongs to it.
func function(x *input) string {
	ref := x.text("FunctionName")
	if ref == "" {
		return ""
	}
	if !strings.HasPrefix(ref, "arn:") {
		if account, name, ok := strings.Cut(ref, ":function:"); ok {
			scope := x.scope
			scope.Account = account
			ref = scope.ARN("lambda", "function:"+name)
		} else {
			ref = x.scope.ARN("lambda", "function:"+ref)
		}
	}
	if q := x.text("Qualifier"); q != "" && strings.Count(ref, ":") == 6 {
		ref += ":" + q
	}
	return ref
}

// layerVersion is the ARN of a version of a layer.
func layerVersion(x *input) string {
	arn := x.arn("lambda", "layer:", "LayerName")
	switch v := x.field("VersionNumber"); {
	case arn == "" || !v.IsValid():
	case v.CanInt():
		arn += ":" + strconv.FormatInt(v.Int(), 10)
	default:
		arn += ":" + v.String()
	}
	return arn
}

func mapped(x *input) map[string][]string {
	if x.look.FunctionOfMapping == nil {
		return nil
	}
	if arn := x.look.FunctionOfMapping(x.ctx, x.text("UUID")); arn != "" {
		return map[string][]string{"lambda:FunctionArn": {arn}}
	}
	return nil
}
