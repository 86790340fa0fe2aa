package wire_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/wire"
)

// The toys are small services whose shapes use every word of the tags.

type (
	putRecordsIn struct {
		StreamName string           `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN  string           `min:"1" max:"2048"`
		Records    []putRecordEntry `required:"" min:"1" max:"500"`
	}
	putRecordEntry struct {
		Data            []byte  `required:"" max:"1048576"`
		PartitionKey    string  `required:"" min:"1" max:"256"`
		ExplicitHashKey *string `pattern:"0|([1-9]\\d{0,38})"`
	}
	putRecordsOut struct {
		FailedRecordCount int32
		Records           []putRecordResult
	}
	putRecordResult struct {
		SequenceNumber, ShardId string
		ErrorCode, ErrorMessage string
	}
	getRecordsIn struct {
		ShardIterator string `required:"" min:"1" max:"512"`
		Limit         *int32 `min:"1" max:"10000"`
	}
	getRecordsOut struct {
		Records            []record `required:""`
		NextShardIterator  string
		MillisBehindLatest int64
	}
	record struct {
		SequenceNumber              string
		ApproximateArrivalTimestamp time.Time
		Data                        []byte `required:""`
		PartitionKey                string
	}
	createStreamIn struct {
		StreamName        string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		ShardCount        *int32 `min:"1"`
		StreamModeDetails *struct {
			StreamMode string `required:"" enum:"PROVISIONED|ON_DEMAND"`
		}
		Tags map[string]string `max:"50" keymin:"1" keymax:"128" eachmax:"256"`
	}
)

// stream is a toy Kinesis that keeps what it is given.
type stream struct {
	mu      sync.Mutex
	records []record
	scopes  []hydrant.Scope
}

func (s *stream) wire() wire.Service {
	return wire.Service{
		Name: "kinesis", Protocol: wire.AWSJSON, Target: "Kinesis_20131202", HostID: true,
		Ops: []wire.Row{
			wire.Op("CreateStream", func(_ context.Context, in *createStreamIn) (*struct{}, error) {
				switch in.StreamName {
				case "panic":
					panic("at the disco")
				case "secret":
					return nil, errors.New("the password is swordfish")
				case "taken":
					return nil, hydrant.Faultf("ResourceInUseException", "Stream %s is taken", in.StreamName).WithField("Owner", "me")
				}
				return &struct{}{}, nil
			}),
			wire.Op("PutRecords", s.put),
			wire.Op("GetRecords", s.get),
		},
	}
}

func (s *stream) put(ctx context.Context, in *putRecordsIn) (*putRecordsOut, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = append(s.scopes, hydrant.ScopeOf(ctx))
	out := &putRecordsOut{}
	for _, r := range in.Records {
		s.records = append(s.records, record{
			SequenceNumber: "49", ApproximateArrivalTimestamp: arrival, Data: r.Data, PartitionKey: r.PartitionKey})
		out.Records = append(out.Records, putRecordResult{SequenceNumber: "49", ShardId: "shardId-000000000000"})
	}
	return out, nil
}

var arrival = time.UnixMilli(1459799926480).UTC()

func (s *stream) get(_ context.Context, in *getRecordsIn) (*getRecordsOut, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &getRecordsOut{Records: s.records, NextShardIterator: "next", MillisBehindLatest: 7}, nil
}

type (
	invokeIn struct {
		FunctionName   string `in:"path" required:"" min:"1" max:"170"`
		InvocationType string `in:"header=X-Amz-Invocation-Type"`
		Qualifier      string `in:"query" min:"1" max:"128"`
		Payload        []byte `in:"payload"`
	}
	invokeOut struct {
		StatusCode      int32  `in:"status"`
		FunctionError   string `in:"header=X-Amz-Function-Error"`
		ExecutedVersion string `in:"header=X-Amz-Executed-Version"`
		Payload         []byte `in:"payload"`
	}
	createFunctionIn struct {
		FunctionName string `required:"" min:"1"`
		Timeout      *int32 `min:"1"`
		Code         struct{ ZipFile []byte }
		Environment  *struct{ Variables map[string]string }
	}
	functionConfig struct {
		FunctionName string
		FunctionArn  string
		CodeSize     int64
		Timeout      *int32
		LastModified string
		Environment  *struct{ Variables map[string]string }
	}
	functionRef struct {
		FunctionName string `in:"path"`
		Marker       string `in:"query"`
		MaxItems     *int32 `in:"query" min:"1" max:"10000"`
	}
	functionList struct {
		Functions  []functionConfig
		NextMarker string
	}
	tagsIn struct {
		Resource string   `in:"path=ARN"`
		TagKeys  []string `in:"query=tagKeys"`
	}
	tagsOut struct{ Tags map[string]string }
)

func functions() wire.Service {
	return wire.Service{
		Name: "lambda", Protocol: wire.RESTJSON,
		Ops: []wire.Row{
			wire.Op("CreateFunction", func(ctx context.Context, in *createFunctionIn) (*functionConfig, error) {
				return &functionConfig{FunctionName: in.FunctionName, CodeSize: int64(len(in.Code.ZipFile)), Timeout: in.Timeout,
					FunctionArn: hydrant.ScopeOf(ctx).ARN("lambda", "function:"+in.FunctionName), Environment: in.Environment}, nil
			}).HTTP("POST", "/2015-03-31/functions", 201),
			wire.Op("ListFunctions", func(_ context.Context, in *functionRef) (*functionList, error) {
				return &functionList{NextMarker: in.Marker + "+"}, nil
			}).HTTP("GET", "/2015-03-31/functions/", 200),
			wire.Op("GetFunctionConfiguration", func(_ context.Context, in *functionRef) (*functionConfig, error) {
				return nil, &hydrant.Fault{Code: "ResourceNotFoundException", Status: 404, MessageMember: "Message",
					Message: "Function not found: " + in.FunctionName}
			}).HTTP("GET", "/2015-03-31/functions/{FunctionName}/configuration", 200),
			wire.Op("DeleteFunction", func(_ context.Context, in *functionRef) (*struct{}, error) {
				return nil, hydrant.Faultf("ResourceConflictException", "busy").WithStatus(409)
			}).HTTP("DELETE", "/2015-03-31/functions/{FunctionName}", 204),
			wire.Op("Invoke", func(_ context.Context, in *invokeIn) (*invokeOut, error) {
				return &invokeOut{StatusCode: 200, ExecutedVersion: "$LATEST", FunctionError: in.Qualifier,
					Payload: []byte(in.FunctionName + ":" + in.InvocationType + ":" + string(in.Payload))}, nil
			}).HTTP("POST", "/2015-03-31/functions/{FunctionName}/invocations", 0),
			wire.Op("UntagResource", func(_ context.Context, in *tagsIn) (*struct{}, error) {
				if strings.Join(in.TagKeys, ",") != "a,b c" {
					return nil, hydrant.Faultf("InvalidParameterValueException", "got %q", in.TagKeys)
				}
				return &struct{}{}, nil
			}).HTTP("DELETE", "/2017-03-31/tags/{ARN}", 204),
			wire.Op("ListTags", func(_ context.Context, in *tagsIn) (*tagsOut, error) {
				return &tagsOut{Tags: map[string]string{"arn": in.Resource}}, nil
			}).HTTP("GET", "/2017-03-31/tags/{ARN}", 200),
		},
	}
}

type (
	bucketRef struct {
		Bucket string `in:"path"`
	}
	putObjectIn struct {
		Bucket          string            `in:"path"`
		Key             string            `in:"path"`
		ContentType     string            `in:"header=Content-Type"`
		ContentEncoding string            `in:"header=Content-Encoding"`
		Length          int64             `in:"length"`
		Metadata        map[string]string `in:"headers=x-amz-meta-"`
		CRC32           string            `in:"header=x-amz-checksum-crc32"`
		Body            io.Reader         `in:"payload"`
		trailed         bool
	}
	putObjectOut struct {
		ETag  string `in:"header=ETag"`
		CRC32 string `in:"header=x-amz-checksum-crc32"`
	}
	getObjectIn struct {
		Bucket string `in:"path"`
		Key    string `in:"path"`
		Range  string `in:"header=Range"`
	}
	getObjectOut struct {
		Status        int               `in:"status"`
		ContentLength *int64            `in:"header=Content-Length"`
		ContentType   string            `in:"header=Content-Type"`
		Encoding      string            `in:"header=Content-Encoding"`
		ContentRange  string            `in:"header=Content-Range"`
		LastModified  time.Time         `in:"header=Last-Modified"`
		ETag          string            `in:"header=ETag"`
		Metadata      map[string]string `in:"headers=x-amz-meta-"`
		Body          io.ReadCloser     `in:"payload"`
	}
	listIn struct {
		Bucket    string `in:"path"`
		Prefix    string `in:"query=prefix"`
		Delimiter string `in:"query=delimiter"`
		MaxKeys   *int32 `in:"query=max-keys"`
	}
	listOut struct {
		XMLName        struct{} `xml:"ListBucketResult"`
		Name           string
		Prefix         string
		KeyCount       int32
		IsTruncated    bool
		Contents       []object       `xml:"Contents,flattened"`
		CommonPrefixes []commonPrefix `xml:"CommonPrefixes,flattened"`
	}
	commonPrefix struct{ Prefix string }
	object       struct {
		Key          string
		LastModified time.Time
		ETag         string
		Size         int64
	}
	createBucketIn struct {
		Bucket        string        `in:"path"`
		Configuration *bucketConfig `in:"payload" xml:"CreateBucketConfiguration"`
	}
	bucketConfig struct{ LocationConstraint string }
	locationOut  struct {
		XMLName  struct{} `xml:"LocationConstraint"`
		Location string   `xml:",chardata"`
	}
	listBucketsOut struct {
		XMLName struct{}     `xml:"ListAllMyBucketsResult"`
		Buckets []bucketItem `xml:"Buckets>Bucket"`
	}
	bucketItem   struct{ Name string }
	deleteManyIn struct {
		Bucket string  `in:"path"`
		Delete *delete `in:"payload"`
	}
	delete struct {
		Object []struct{ Key string } `xml:"Object,flattened"`
		Quiet  *bool
	}
	deleteManyOut struct {
		XMLName struct{}               `xml:"DeleteResult"`
		Deleted []struct{ Key string } `xml:"Deleted,flattened"`
	}
)

// objects is a toy S3.
type objects struct {
	mu     sync.Mutex
	blobs  map[string][]byte
	meta   map[string]putObjectIn
	config map[string]string
	puts   []putObjectIn
}

func (o *objects) wire() wire.Service {
	return wire.Service{
		Name: "s3", Protocol: wire.RESTXML, Namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
		Selectors: []string{"location", "acl", "tagging", "delete", "uploads"},
		Ops: []wire.Row{
			wire.Op("ListBuckets", o.listBuckets).HTTP("GET", "/", 200),
			wire.Op("CreateBucket", o.createBucket).HTTP("PUT", "/{Bucket}", 200),
			wire.Op("GetBucketLocation", o.location).HTTP("GET", "/{Bucket}?location", 200),
			wire.Op("ListObjectsV2", o.list).HTTP("GET", "/{Bucket}?list-type=2", 200),
			wire.Op("PutObject", o.put).HTTP("PUT", "/{Bucket}/{Key+}", 200),
			wire.Op("CopyObject", o.copy).HTTP("PUT", "/{Bucket}/{Key+}?@x-amz-copy-source", 200),
			wire.Op("GetObject", o.get).HTTP("GET", "/{Bucket}/{Key+}", 200),
			wire.Op("HeadObject", o.get).HTTP("HEAD", "/{Bucket}/{Key+}", 200),
			wire.Op("DeleteObjects", o.deleteMany).HTTP("POST", "/{Bucket}?delete", 200),
		},
	}
}

func (o *objects) listBuckets(context.Context, *struct{}) (*listBucketsOut, error) {
	return &listBucketsOut{Buckets: []bucketItem{{"trips"}, {"a&b"}}}, nil
}

func (o *objects) createBucket(_ context.Context, in *createBucketIn) (*struct {
	Location string `in:"header"`
}, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if in.Configuration != nil {
		o.config[in.Bucket] = in.Configuration.LocationConstraint
	}
	return &struct {
		Location string `in:"header"`
	}{"/" + in.Bucket}, nil
}

func (o *objects) location(_ context.Context, in *bucketRef) (*locationOut, error) {
	return &locationOut{Location: o.config[in.Bucket]}, nil
}

func (o *objects) put(_ context.Context, in *putObjectIn) (*putObjectOut, error) {
	b, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	if t, ok := in.Body.(wire.Trailers); ok && in.CRC32 == "" {
		in.CRC32 = t.Trailer().Get("x-amz-checksum-crc32")
		in.trailed = in.CRC32 != ""
	}
	in.Body = nil
	o.mu.Lock()
	defer o.mu.Unlock()
	o.blobs[in.Bucket+"/"+in.Key] = b
	o.meta[in.Bucket+"/"+in.Key] = *in
	o.puts = append(o.puts, *in)
	sum := md5.Sum(b)
	return &putObjectOut{ETag: `"` + hex.EncodeToString(sum[:]) + `"`, CRC32: in.CRC32}, nil
}

func (o *objects) copy(_ context.Context, in *getObjectIn) (*struct {
	XMLName struct{} `xml:"CopyObjectResult"`
	ETag    string
}, error) {
	return &struct {
		XMLName struct{} `xml:"CopyObjectResult"`
		ETag    string
	}{ETag: `"copied"`}, nil
}

func (o *objects) get(_ context.Context, in *getObjectIn) (*getObjectOut, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := in.Bucket + "/" + in.Key
	b, ok := o.blobs[name]
	if !ok {
		return nil, hydrant.Faultf("NoSuchKey", "The specified key does not exist.").WithField("Key", in.Key).WithStatus(404)
	}
	m := o.meta[name]
	out := &getObjectOut{LastModified: arrival, ContentType: m.ContentType, Encoding: m.ContentEncoding, Metadata: m.Metadata}
	if in.Range == "bytes=1-2" {
		b = b[1:3]
		out.Status, out.ContentRange = 206, "bytes 1-2/9"
	}
	n := int64(len(b))
	out.ContentLength = &n
	out.Body = io.NopCloser(strings.NewReader(string(b)))
	return out, nil
}

func (o *objects) list(_ context.Context, in *listIn) (*listOut, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := &listOut{Name: in.Bucket, Prefix: in.Prefix, CommonPrefixes: []commonPrefix{{"year=2016/"}}}
	for k, b := range o.blobs {
		if key, ok := strings.CutPrefix(k, in.Bucket+"/"); ok && strings.HasPrefix(key, in.Prefix) {
			out.Contents = append(out.Contents, object{Key: key, Size: int64(len(b)), LastModified: arrival, ETag: `"e"`})
			out.KeyCount++
		}
	}
	return out, nil
}

func (o *objects) deleteMany(_ context.Context, in *deleteManyIn) (*deleteManyOut, error) {
	out := &deleteManyOut{}
	if in.Delete == nil {
		return nil, hydrant.Faultf("MalformedXML", "no body")
	}
	out.Deleted = append(out.Deleted, in.Delete.Object...)
	return out, nil
}

type (
	identityOut struct{ UserId, Account, Arn string }
	tagRoleIn   struct {
		RoleName string `required:"" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
		Tags     []tag  `required:"" max:"50"`
	}
	tag struct {
		Key   string `required:"" min:"1" max:"128"`
		Value string `required:"" max:"256"`
	}
	roleIn struct {
		RoleName string `required:"" min:"1"`
	}
	roleOut struct {
		Role struct {
			RoleName, Arn, Path, RoleId string
			CreateDate                  time.Time
			Tags                        []tag
		}
	}
)

func identity() wire.Service {
	return wire.Service{
		Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Ops: []wire.Row{
			wire.Op("GetCallerIdentity", func(ctx context.Context, _ *struct{}) (*identityOut, error) {
				a := hydrant.ScopeOf(ctx).Account
				return &identityOut{UserId: wire.CallOf(ctx).AccessKey, Account: a, Arn: "arn:aws:iam::" + a + ":root"}, nil
			}),
		},
	}
}

func roles() wire.Service {
	tagged := map[string][]tag{}
	var mu sync.Mutex
	return wire.Service{
		Name: "iam", Protocol: wire.Query, Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Ops: []wire.Row{
			wire.Op("TagRole", func(_ context.Context, in *tagRoleIn) (*struct{}, error) {
				mu.Lock()
				defer mu.Unlock()
				tagged[in.RoleName] = in.Tags
				return &struct{}{}, nil
			}),
			wire.Op("GetRole", func(_ context.Context, in *roleIn) (*roleOut, error) {
				mu.Lock()
				defer mu.Unlock()
				if tagged[in.RoleName] == nil {
					return nil, hydrant.Faultf("NoSuchEntity", "The role with name %s cannot be found.", in.RoleName).WithStatus(404)
				}
				out := &roleOut{}
				out.Role.RoleName, out.Role.CreateDate, out.Role.Tags = in.RoleName, arrival, tagged[in.RoleName]
				out.Role.Arn, out.Role.Path, out.Role.RoleId = "arn:aws:iam::000000000000:role/r", "/", "AROA"
				return out, nil
			}),
		},
	}
}

// house is a server of all toys.
type house struct {
	*httptest.Server
	stream  *stream
	objects *objects
	log     *strings.Builder
}

func open(t *testing.T, change func(*wire.Config)) *house {
	t.Helper()
	h := &house{
		stream:  &stream{},
		objects: &objects{blobs: map[string][]byte{}, meta: map[string]putObjectIn{}, config: map[string]string{}},
		log:     &strings.Builder{},
	}
	c := wire.Config{
		Services: []wire.Service{h.stream.wire(), functions(), h.objects.wire(), identity(), roles()},
		Log:      slog.New(slog.NewTextHandler(h.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	h.Server = httptest.NewServer(wire.NewServer(c))
	t.Cleanup(h.Close)
	return h
}

// client is what an SDK needs to reach the house.
func (h *house) client(key, secret string) aws.Config {
	return aws.Config{
		Region:           "eu-west-1",
		BaseEndpoint:     aws.String(h.URL),
		Credentials:      credentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient:       awsbody.Over(http.DefaultClient),
		RetryMaxAttempts: 1,

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
	}
}
