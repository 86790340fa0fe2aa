package iam

import (
	"fmt"
	"sync"
	"time"
)

// awsManaged are the policies of AWS's own that pipelines like ours attach, by ARN. The documents are
// ours: they grant what the names promise of the services that are here.
var awsManaged = sync.OnceValue(func() map[string]*managed {
	const catalog = `{"Effect":"Allow","Action":["glue:CreateDatabase","glue:DeleteDatabase","glue:GetDatabase","glue:GetDatabases","glue:UpdateDatabase","glue:CreateTable","glue:DeleteTable","glue:BatchDeleteTable","glue:UpdateTable","glue:GetTable","glue:GetTables","glue:BatchCreatePartition","glue:CreatePartition","glue:DeletePartition","glue:BatchDeletePartition","glue:UpdatePartition","glue:GetPartition","glue:GetPartitions","glue:BatchGetPartition"],"Resource":"*"}`
	out := map[string]*managed{}
	for i, p := range []struct{ path, name, description, statements string }{
		{"/service-role/", "AWSLambdaBasicExecutionRole", "Lets a function write its log.",
			`{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`},
		{"/service-role/", "AWSLambdaKinesisExecutionRole", "Lets a function be driven by Kinesis streams and write its log.",
			`{"Effect":"Allow","Action":["kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards","kinesis:ListStreams","kinesis:SubscribeToShard","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}`},
		{"/service-role/", "AWSLambdaRole", "Lets a service invoke functions.",
			`{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}`},
		{"/", "AWSLambda_FullAccess", "Everything of Lambda, and what making functions takes.",
			`{"Effect":"Allow","Action":["lambda:*","iam:GetPolicy","iam:GetPolicyVersion","iam:GetRole","iam:GetRolePolicy","iam:ListAttachedRolePolicies","iam:ListRolePolicies","iam:ListRoles","kinesis:ListStreams","logs:DescribeLogGroups"],"Resource":"*"},
			{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}},
			{"Effect":"Allow","Action":["logs:DescribeLogStreams","logs:GetLogEvents","logs:FilterLogEvents"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda/*"}`},
		{"/", "AmazonKinesisFullAccess", "Everything of Kinesis Data Streams.",
			`{"Effect":"Allow","Action":"kinesis:*","Resource":"*"}`},
		{"/", "AmazonKinesisReadOnlyAccess", "Reading of Kinesis Data Streams.",
			`{"Effect":"Allow","Action":["kinesis:Get*","kinesis:List*","kinesis:Describe*"],"Resource":"*"}`},
		{"/", "AmazonKinesisFirehoseFullAccess", "Everything of Data Firehose.",
			`{"Effect":"Allow","Action":"firehose:*","Resource":"*"}`},
		{"/", "AmazonKinesisFirehoseReadOnlyAccess", "Reading of Data Firehose.",
			`{"Effect":"Allow","Action":["firehose:Describe*","firehose:List*"],"Resource":"*"}`},
		{"/", "AmazonS3FullAccess", "Everything of S3.",
			`{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}`},
		{"/", "AmazonS3ReadOnlyAccess", "Reading of S3.",
			`{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}`},
		{"/", "AmazonAthenaFullAccess", "Everything of Athena, with the catalog and the places of results it works on.",
			`{"Effect":"Allow","Action":"athena:*","Resource":"*"},` + catalog + `,
			{"Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetObject","s3:ListBucket","s3:ListBucketMultipartUploads","s3:ListMultipartUploadParts","s3:AbortMultipartUpload","s3:CreateBucket","s3:PutObject"],"Resource":"arn:aws:s3:::aws-athena-query-results-*"},
			{"Effect":"Allow","Action":["s3:ListBucket","s3:GetBucketLocation","s3:ListAllMyBuckets"],"Resource":"*"}`},
		{"/", "AWSGlueConsoleFullAccess", "Everything of the Glue Data Catalog, and what its console looks at.",
			`{"Effect":"Allow","Action":["glue:*","iam:ListRoles","iam:ListRolePolicies","iam:GetRole","iam:GetRolePolicy","iam:ListAttachedRolePolicies","s3:ListAllMyBuckets","s3:ListBucket","s3:GetBucketLocation","logs:DescribeLogGroups","cloudwatch:GetMetricData","cloudwatch:ListMetrics"],"Resource":"*"},
			{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::aws-glue-*/*","arn:aws:s3:::*/*aws-glue-*/*"]},
			{"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::aws-glue-*"},
			{"Effect":"Allow","Action":"logs:GetLogEvents","Resource":"arn:aws:logs:*:*:/aws-glue/*"},
			{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/AWSGlueServiceRole*","Condition":{"StringLike":{"iam:PassedToService":"glue.amazonaws.com"}}}`},
		{"/service-role/", "AWSGlueServiceRole", "Lets Glue work on the catalog, its buckets and logs.",
			`{"Effect":"Allow","Action":["glue:*","s3:GetBucketLocation","s3:ListBucket","s3:ListAllMyBuckets","s3:GetBucketAcl","cloudwatch:PutMetricData"],"Resource":"*"},
			{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::aws-glue-*/*"},
			{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:*:/aws-glue/*"}`},
		{"/", "CloudWatchLogsFullAccess", "Everything of CloudWatch Logs.",
			`{"Effect":"Allow","Action":["logs:*","cloudwatch:GenerateQuery"],"Resource":"*"}`},
		{"/", "CloudWatchLogsReadOnlyAccess", "Reading of CloudWatch Logs.",
			`{"Effect":"Allow","Action":["logs:Describe*","logs:Get*","logs:List*","logs:FilterLogEvents","logs:StartQuery","logs:StopQuery","logs:TestMetricFilter"],"Resource":"*"}`},
		{"/", "CloudWatchFullAccess", "Everything of CloudWatch and its logs.",
			`{"Effect":"Allow","Action":["cloudwatch:*","logs:*"],"Resource":"*"}`},
		{"/", "AWSCloudFormationFullAccess", "Everything of CloudFormation.",
			`{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"}`},
		{"/", "IAMFullAccess", "Everything of IAM.",
			`{"Effect":"Allow","Action":"iam:*","Resource":"*"}`},
		{"/", "IAMReadOnlyAccess", "Reading of IAM.",
			`{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}`},
		{"/", "AdministratorAccess", "Everything.",
			`{"Effect":"Allow","Action":"*","Resource":"*"}`},
		{"/", "PowerUserAccess", "Everything but users and permissions.",
			`{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
			{"Effect":"Allow","Action":["iam:ListRoles","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole"],"Resource":"*"}`},
		{"/", "ReadOnlyAccess", "Reading of everything.",
			`{"Effect":"Allow","Action":["athena:Batch*","athena:Get*","athena:List*","cloudformation:Describe*","cloudformation:Detect*","cloudformation:Estimate*","cloudformation:Get*","cloudformation:List*","cloudformation:ValidateTemplate","cloudwatch:Describe*","cloudwatch:Get*","cloudwatch:List*","firehose:Describe*","firehose:List*","glue:BatchGet*","glue:Get*","glue:List*","glue:SearchTables","iam:Get*","iam:List*","kinesis:Describe*","kinesis:Get*","kinesis:List*","lambda:Get*","lambda:List*","logs:Describe*","logs:FilterLogEvents","logs:Get*","logs:List*","logs:StartQuery","logs:StopQuery","logs:TestMetricFilter","s3:Get*","s3:List*","s3:Describe*","sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken"],"Resource":"*"}`},
	} {
		m := &managed{
			Account: "aws", Name: p.name, Path: p.path, ID: fmt.Sprintf("ANPAHYDRANT%010d", i), Description: p.description,
			Created: awsMade, Updated: awsMade, Default: "v1", Last: 1,
			Versions: []version{{ID: "v1", Text: `{"Version":"2012-10-17","Statement":[` + p.statements + `]}`, Created: awsMade}},
		}
		if err := m.parse(); err != nil {
			panic(fmt.Sprintf("internal error: %s: %v", p.name, err))
		}
		out[m.arn()] = m
	}
	return out
})

// awsMade is the date AWS's own policies bear here.
var awsMade = time.Date(2015, time.February, 6, 18, 40, 0, 0, time.UTC)
