package access_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/cloudwatch"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/iam/access"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/aws/sts"
	"github.com/hydrant-stream/hydrant/wire"
)

var services = []wire.Service{
	new(kinesis.Service).Wire(), new(firehose.Service).Wire(), new(lambda.Service).Wire(), new(s3.Service).Wire(),
	new(glue.Service).Wire(), new(cwlogs.Service).Wire(), new(iam.Service).Wire(), new(sts.Service).Wire(),
	new(athena.Service).Wire(), new(cloudformation.Service).Wire(), new(cloudwatch.Service).Wire(), new(sqs.Service).Wire(),
	new(sns.Service).Wire(),
}

// without are the operations that have no resource, as AWS's service authorization reference has it.
var without = []string{
	"kinesis ListStreams", "kinesis DescribeLimits", "kinesis DescribeAccountSettings", "kinesis UpdateAccountSettings",
	"firehose ListDeliveryStreams", "lambda ListFunctions", "lambda ListLayers", "lambda GetAccountSettings", "lambda ListEventSourceMappings", "lambda CreateEventSourceMapping",
	"s3 ListBuckets", "iam ListPolicies", "iam GetAccessKeyLastUsed", "sts GetAccessKeyInfo",
	"athena ListDataCatalogs", "athena ListWorkGroups", "athena ListEngineVersions", "cloudformation ListStacks",
	"sns ListTopics", "sns ListSubscriptions", "sns Unsubscribe",
	"cloudwatch PutMetricData", "cloudwatch ListMetrics", "cloudwatch GetMetricStatistics", "cloudwatch GetMetricData",
	"cloudformation ListExports", "cloudformation ListImports", "cloudformation ValidateTemplate", "sqs ListQueues",
}

var scope = hydrant.Scope{Account: "111111111111", Region: "eu-west-1"}

var lookups = access.Lookups{
	StreamOfIterator: func(string) string { return scope.ARN("kinesis", "stream/found") },
	WorkgroupOfQuery: func(context.Context, string) string { return "found" },
}

// Every operation that is served has a rule, and the fields the rule reads are in its input: with all
// of them filled in, every need names a resource to its end.
func TestEveryOperationHasItsRule(t *testing.T) {
	ctx := hydrant.WithScope(t.Context(), scope)
	for _, svc := range services {
		for _, row := range svc.Ops {
			in := reflect.New(row.In)
			fill(in.Elem(), 0)
			needs, known := access.Needs(ctx, svc.Name, row.Name, in.Interface(), lookups)
			name := svc.Name + " " + row.Name
			if !known {
				t.Errorf("%s has no rule", name)
				continue
			}
			for _, n := range needs {
				if n.Resource == "*" && !slices.Contains(without, name) || n.Resource == "" || strings.HasSuffix(n.Resource, "/") ||
					strings.HasSuffix(n.Resource, ":") && svc.Name != "logs" {
					t.Errorf("%s: %s on %q", name, n.Action, n.Resource)
				}
			}
		}
	}
}

// fill puts "x" into every string within.
func fill(v reflect.Value, depth int) {
	if depth > 6 || v.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString("x")
		}
	case reflect.Pointer:
		if v.CanSet() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.Slice:
		if v.CanSet() && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), depth+1)
		}
	}
}

func TestNeeds(t *testing.T) {
	ctx := hydrant.WithScope(t.Context(), scope)
	for _, c := range []struct {
		service, op string
		in          any
		want        string // "action resource" joined by "; "
	}{
		{"kinesis", "PutRecords", &kinesis.PutRecordsIn{StreamName: "trips"}, "kinesis:PutRecords arn:aws:kinesis:eu-west-1:111111111111:stream/trips"},
		{"kinesis", "PutRecords", &kinesis.PutRecordsIn{StreamARN: "arn:aws:kinesis:us-east-1:222222222222:stream/trips"}, "kinesis:PutRecords arn:aws:kinesis:us-east-1:222222222222:stream/trips"},
		{"kinesis", "GetRecords", &kinesis.GetRecordsIn{ShardIterator: "i", StreamARN: "arn:aws:kinesis:us-east-1:222222222222:stream/liar"}, "kinesis:GetRecords arn:aws:kinesis:eu-west-1:111111111111:stream/found"},
		{"kinesis", "DescribeStreamConsumer", &kinesis.DescribeStreamConsumerIn{StreamARN: scope.ARN("kinesis", "stream/trips"), ConsumerName: "c"}, "kinesis:DescribeStreamConsumer arn:aws:kinesis:eu-west-1:111111111111:stream/trips/consumer/c:"},
		{"firehose", "PutRecordBatch", &firehose.PutRecordBatchIn{DeliveryStreamName: "d"}, "firehose:PutRecordBatch arn:aws:firehose:eu-west-1:111111111111:deliverystream/d"},
		{"lambda", "Invoke", &lambda.InvokeIn{FunctionName: "f"}, "lambda:InvokeFunction arn:aws:lambda:eu-west-1:111111111111:function:f"},
		{"lambda", "Invoke", &lambda.InvokeIn{FunctionName: "f:live"}, "lambda:InvokeFunction arn:aws:lambda:eu-west-1:111111111111:function:f:live"},
		{"lambda", "Invoke", &lambda.InvokeIn{FunctionName: "222222222222:function:f", Qualifier: "2"}, "lambda:InvokeFunction arn:aws:lambda:eu-west-1:222222222222:function:f:2"},
		{"lambda", "CreateFunction", &lambda.CreateFunctionIn{FunctionName: "f", Role: "arn:aws:iam::111111111111:role/r"}, "lambda:CreateFunction arn:aws:lambda:eu-west-1:111111111111:function:f; iam:PassRole arn:aws:iam::111111111111:role/r"},
		{"s3", "GetObject", &s3.GetObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: "lake"}, Key: "a/b"}}, "s3:GetObject arn:aws:s3:::lake/a/b"},
		{"s3", "HeadBucket", &s3.BucketRef{Bucket: "lake"}, "s3:ListBucket arn:aws:s3:::lake"},
		{"s3", "DeleteObjects", &s3.DeleteObjectsIn{BucketRef: s3.BucketRef{Bucket: "lake"}, Body: []byte(`<Delete xmlns="x"><Object><Key>a</Key></Object><Object><Key>b&amp;c</Key></Object></Delete>`)}, "s3:DeleteObject arn:aws:s3:::lake/a; s3:DeleteObject arn:aws:s3:::lake/b&c"},
		{"s3", "CopyObject", &s3.CopyObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: "lake"}, Key: "new"}, CopySource: s3.CopySource{Source: "/other/old%20one?versionId=null"}}, "s3:PutObject arn:aws:s3:::lake/new; s3:GetObject arn:aws:s3:::other/old one"},
		{"glue", "GetTable", &glue.GetTableIn{DatabaseName: "Lab", Name: "Trips"}, "glue:GetTable arn:aws:glue:eu-west-1:111111111111:catalog; glue:GetTable arn:aws:glue:eu-west-1:111111111111:database/lab; glue:GetTable arn:aws:glue:eu-west-1:111111111111:table/lab/trips"},
		{"logs", "PutLogEvents", &cwlogs.PutLogEventsIn{LogGroupName: "/aws/lambda/f", LogStreamName: "s"}, "logs:PutLogEvents arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/f:log-stream:s"},
		{"iam", "CreateRole", &iam.CreateRoleIn{RoleName: "r", Path: "/p/"}, "iam:CreateRole arn:aws:iam::111111111111:role/p/r"},
		{"sts", "GetCallerIdentity", &sts.GetCallerIdentityIn{}, ""},
	} {
		needs, known := access.Needs(ctx, c.service, c.op, c.in, lookups)
		var got []string
		for _, n := range needs {
			got = append(got, n.Action+" "+n.Resource)
		}
		if g := strings.Join(got, "; "); !known || g != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.service, c.op, g, c.want)
		}
	}
	if _, known := access.Needs(ctx, "kinesis", "Explode", &struct{}{}, lookups); known {
		t.Error("an operation nobody knows is known")
	}
}

// Delivery streams hand roles over in many places.
func TestRolesOfADeliveryStream(t *testing.T) {
	ctx := hydrant.WithScope(t.Context(), scope)
	in := &firehose.CreateDeliveryStreamIn{DeliveryStreamName: "d"}
	fill(reflect.ValueOf(in).Elem(), 0)
	needs, _ := access.Needs(ctx, "firehose", "CreateDeliveryStream", in, access.Lookups{})
	i := slices.IndexFunc(needs, func(n access.Need) bool { return n.Action == "iam:PassRole" })
	if i < 0 || needs[i].Resource != "x" || needs[i].Context["iam:PassedToService"][0] != "firehose.amazonaws.com" {
		t.Errorf("%+v", needs)
	}
}
