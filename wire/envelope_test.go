package wire_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
)

const signedFor = "AWS4-HMAC-SHA256 Credential=AKIA/20260102/eu-west-1/%s/aws4_request, SignedHeaders=host, Signature=00"

// ask sends a request made of text: "METHOD path", headers "Name: value", an empty line, the body.
func ask(t *testing.T, h *house, text string) (*http.Response, string) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	r, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		switch k {
		case "Signed":
			r.Header.Set("Authorization", strings.Replace(signedFor, "%s", v, 1))
			r.Header.Set("X-Amz-Date", "20260102T030405Z")
		case "Host":
			r.Host = v
		default:
			r.Header.Add(k, v)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// ids replaces what differs from call to call.
var ids = regexp.MustCompile(`<(RequestId|HostId)>[^<]+`)

func TestEnvelopes(t *testing.T) {
	const (
		jsonHead = "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202."
		formHead = "POST /\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\n\n"
		xmlTop   = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	)
	h := open(t, func(c *wire.Config) {
		c.Known = func(string) []string { return []string{"CreateStream", "MergeShards", "CreateUser"} }
		c.MaxBody = map[string]int64{"kinesis": 1000}
	})
	for _, c := range []struct {
		name, request string
		status        int
		contentType   string
		body          string
	}{
		// JSON 1.1
		{"json no output", jsonHead + "CreateStream\n\n{\"StreamName\":\"ok\"}", 200, "application/x-amz-json-1.1", ""},
		{"json 1.0 is echoed", "POST /\nContent-Type: application/x-amz-json-1.0\nX-Amz-Target: Kinesis_20131202.GetRecords\n\n{\"ShardIterator\":\"i\"}",
			200, "application/x-amz-json-1.0", `{"Records":[],"NextShardIterator":"next","MillisBehindLatest":7}`},
		{"json charset", strings.Replace(jsonHead, "1.1", "1.1; charset=utf-8", 1) + "CreateStream\n\n{\"StreamName\":\"ok\"}", 200, "application/x-amz-json-1.1", ""},
		{"json fault with a field", jsonHead + "CreateStream\n\n{\"StreamName\":\"taken\"}", 400, "application/x-amz-json-1.1",
			`{"__type":"ResourceInUseException","message":"Stream taken is taken","Owner":"me"}`},
		{"json no body", jsonHead + "CreateStream\n\n", 400, "application/x-amz-json-1.1", `{"__type":"SerializationException"}`},
		{"json not json", jsonHead + "CreateStream\n\n{", 400, "application/x-amz-json-1.1", `{"__type":"SerializationException"}`},
		{"json wrong type", jsonHead + "CreateStream\n\n{\"ShardCount\":\"1\"}", 400, "application/x-amz-json-1.1",
			`{"__type":"SerializationException","Message":"class java.lang.String can not be converted to an Integer"}`},
		{"json unknown operation", jsonHead + "Fly\n\n{}", 400, "application/x-amz-json-1.1",
			`{"__type":"UnknownOperationException","message":"The service kinesis has no operation Fly."}`},
		{"json operation that is not there", jsonHead + "MergeShards\n\n{}", 400, "application/x-amz-json-1.1",
			`{"__type":"UnknownOperationException","message":"The operation MergeShards of kinesis is not served here."}`},
		{"json unknown operation, not json", jsonHead + "Fly\n\n{", 400, "application/x-amz-json-1.1", `{"__type":"SerializationException"}`},
		{"json unknown target", "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: DynamoDB_20120810.ListTables\n\n{}", 400, "application/x-amz-json-1.1",
			`{"__type":"UnknownOperationException","message":"No service here answers to X-Amz-Target DynamoDB_20120810.ListTables."}`},
		{"json plain content type", "POST /\nContent-Type: application/json\nX-Amz-Target: Kinesis_20131202.CreateStream\n\n{}", 404, "application/json",
			`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`},
		{"json other content type", "POST /\nContent-Type: text/plain\nX-Amz-Target: Kinesis_20131202.CreateStream\n\n{}", 404, "", "<UnknownOperationException/>\n"},
		{"json no target", "POST /\nSigned: kinesis\nContent-Type: application/x-amz-json-1.1\n\n{}", 403, "",
			"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"},
		{"json wrong method", "GET /\nX-Amz-Target: Kinesis_20131202.CreateStream", 403, "",
			"<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"},
		{"json not a fault", jsonHead + "CreateStream\n\n{\"StreamName\":\"secret\"}", 500, "application/x-amz-json-1.1",
			`{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error, exception or failure."}`},
		{"json panic", jsonHead + "CreateStream\n\n{\"StreamName\":\"panic\"}", 500, "application/x-amz-json-1.1",
			`{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error, exception or failure."}`},
		{"json too large", jsonHead + "CreateStream\n\n{\"StreamName\":\"" + strings.Repeat("x", 1000) + "\"}", 413, "application/x-amz-json-1.1",
			`{"__type":"RequestEntityTooLarge","message":"The request body is larger than 1000 bytes."}`},
		{"json unknown service by scope", "POST /\nSigned: dynamodb\nContent-Type: application/x-amz-json-1.0\n\n{}", 400, "application/x-amz-json-1.0",
			`{"__type":"UnknownOperationException","message":"The service dynamodb is not served here."}`},

		// Query
		{"query", formHead + "Action=GetCallerIdentity&Version=2011-06-15", 200, "text/xml",
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>000000000000</Account>` +
				`<Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId></RequestId></ResponseMetadata></GetCallerIdentityResponse>`},
		{"query by GET", "GET /?Action=GetCallerIdentity&Version=2011-06-15", 200, "text/xml",
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>000000000000</Account>` +
				`<Arn>arn:aws:iam::000000000000:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId></RequestId></ResponseMetadata></GetCallerIdentityResponse>`},
		{"query no output", formHead + "Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=k&Tags.member.1.Value=", 200, "text/xml",
			`<TagRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId></RequestId></ResponseMetadata></TagRoleResponse>`},
		{"query fault", formHead + "Action=GetRole&Version=2010-05-08&RoleName=%3Cno%3E", 404, "text/xml",
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>` +
				`<Message>The role with name &lt;no&gt; cannot be found.</Message></Error><RequestId></RequestId></ErrorResponse>`},
		{"query constraint", formHead + "Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.1.Value=x&Tags.member.2.Key=", 400, "text/xml",
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>ValidationError</Code>` +
				`<Message>3 validation errors detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null; ` +
				`Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; ` +
				`Value null at 'tags.2.member.value' failed to satisfy constraint: Member must not be null</Message></Error><RequestId></RequestId></ErrorResponse>`},
		{"query unknown action", formHead + "Action=Fly&Version=2010-05-08", 400, "text/xml",
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
				`<Message>Could not find operation Fly for version 2010-05-08</Message></Error><RequestId></RequestId></ErrorResponse>`},
		{"query action that is not there", formHead + "Action=CreateUser&Version=2010-05-08", 400, "text/xml",
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
				`<Message>The operation CreateUser of iam is not served here.</Message></Error><RequestId></RequestId></ErrorResponse>`},
		{"query unknown version", formHead + "Action=ListQueues&Version=2012-11-05", 400, "text/xml",
			`<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
				`<Message>No service here has the action ListQueues of version 2012-11-05.</Message></Error><RequestId></RequestId></ErrorResponse>`},

		// REST-JSON
		{"rest-json fault", "GET /2015-03-31/functions/f/configuration", 404, "application/json", `{"Type":"User","Message":"Function not found: f"}`},
		{"rest-json conflict", "DELETE /2015-03-31/functions/f", 409, "application/json", `{"Type":"User","message":"busy"}`},
		{"rest-json constraint", "POST /2015-03-31/functions\n\n{\"Timeout\":0}", 400, "application/json",
			`{"message":"2 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null; ` +
				`Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"}`},
		{"rest-json not json", "POST /2015-03-31/functions\n\n{", 400, "application/json", `{"Type":"User","message":"Could not parse request body into json."}`},
		{"rest-json bad query", "GET /2015-03-31/functions?MaxItems=x", 400, "application/json", `{"Type":"User","message":"The value 'x' of MaxItems is not an integer."}`},
		{"rest-json unknown", "GET /2016-08-19/account-settings/", 404, "application/json",
			`{"Type":"User","message":"The service lambda has no operation at GET /2016-08-19/account-settings/ here."}`},
		{"rest-json no body", "DELETE /2017-03-31/tags/arn%3Ax?tagKeys=a&tagKeys=b%20c", 204, "", ""},
		{"rest-json slash", "GET /2015-03-31/functions", 200, "application/json", `{"NextMarker":"+"}`},

		// REST-XML
		{"s3 fault", "GET /lake/a%26b", 404, "application/xml",
			xmlTop + `<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key><RequestId></RequestId><HostId></HostId></Error>`},
		{"s3 head fault", "HEAD /lake/no", 404, "application/xml", ""},
		{"s3 list", "GET /empty?list-type=2&prefix=a", 200, "application/xml",
			xmlTop + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>empty</Name><Prefix>a</Prefix><KeyCount>0</KeyCount>` +
				`<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>year=2016/</Prefix></CommonPrefixes></ListBucketResult>`},
		{"s3 empty root", "GET /lake?location", 200, "application/xml", xmlTop + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`},
		{"s3 sub-resource that is not there", "GET /lake?acl", 501, "application/xml",
			xmlTop + `<Error><Code>NotImplemented</Code><Message>The operation GET ?acl of s3 is not served here.</Message><RequestId></RequestId><HostId></HostId></Error>`},
		{"s3 wrong method", "POST /lake/key", 405, "application/xml",
			xmlTop + `<Error><Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this resource.</Message><Method>POST</Method><RequestId></RequestId><HostId></HostId></Error>`},
		{"s3 bad xml", "POST /lake?delete\n\n<Delete", 400, "application/xml",
			xmlTop + `<Error><Code>MalformedXML</Code><Message>The XML you provided was not well-formed or did not validate against our published schema</Message><RequestId></RequestId><HostId></HostId></Error>`},
		{"s3 bad argument", "GET /lake?list-type=2&max-keys=x", 400, "application/xml",
			xmlTop + `<Error><Code>InvalidArgument</Code><Message>Provided max-keys not an integer or within integer range</Message><ArgumentName>max-keys</ArgumentName><ArgumentValue>x</ArgumentValue><RequestId></RequestId><HostId></HostId></Error>`},
		{"s3 virtual host", "GET /?location\nHost: lake.localhost:4566", 200, "application/xml", xmlTop + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`},
		{"s3 amazon's host", "GET /?location\nHost: my.lake.s3.eu-west-1.amazonaws.com", 200, "application/xml", xmlTop + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`},
		{"s3 own host", "GET /lake?location\nHost: s3.localhost:4566", 200, "application/xml", xmlTop + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := ask(t, h, c.request)
			got := ids.ReplaceAllString(body, "<$1>")
			if resp.StatusCode != c.status || got != c.body {
				t.Errorf("got  %d %s\nwant %d %s", resp.StatusCode, got, c.status, c.body)
			}
			if ct := resp.Header.Get("Content-Type"); c.contentType != "" && ct != c.contentType {
				t.Errorf("content type %q, want %q", ct, c.contentType)
			}
			id := resp.Header.Get("X-Amzn-Requestid")
			if strings.HasPrefix(c.name, "s3") {
				id = resp.Header.Get("X-Amz-Request-Id")
			}
			if len(id) != 36 && len(id) != 16 {
				t.Errorf("request id %q", id)
			}
			if strings.Contains(body, "<RequestId>") && !strings.Contains(body, id) {
				t.Errorf("the body does not hold the id %s", id)
			}
		})
	}
	resp, _ := ask(t, h, jsonHead+"CreateStream\n\n{\"StreamName\":\"ok\"}")
	if len(resp.Header.Get("X-Amz-Id-2")) != 96 {
		t.Errorf("x-amz-id-2 is %q", resp.Header.Get("X-Amz-Id-2"))
	}
	resp, _ = ask(t, h, "GET /2015-03-31/functions/f/configuration")
	if e := resp.Header.Get("X-Amzn-Errortype"); e != "ResourceNotFoundException" {
		t.Errorf("x-amzn-ErrorType %q", e)
	}
	if log := h.log.String(); !strings.Contains(log, "swordfish") || !strings.Contains(log, "at the disco") || !strings.Contains(log, "toys_test.go") {
		t.Errorf("the operator was not told: %s", log)
	}
}

func TestConstraints(t *testing.T) {
	h := open(t, nil)
	const one, null = "1 validation error detected: ", " failed to satisfy constraint: Member must not be null"
	for _, c := range []struct{ op, in, want string }{
		{"CreateStream", `{}`, one + "Value null at 'streamName'" + null},
		{"CreateStream", `{"StreamName":""}`, "2 validation errors detected: " +
			"Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
			"Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"CreateStream", `{"StreamName":"` + strings.Repeat("é", 129) + `"}`, "2 validation errors detected: " +
			"Value '" + strings.Repeat("é", 129) + "' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
			"Value '" + strings.Repeat("é", 129) + "' at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"CreateStream", `{"StreamName":"a\n"}`, one + "Value 'a\n' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"CreateStream", `{"StreamName":"a","ShardCount":0}`, one + "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"CreateStream", `{"StreamName":"a","StreamModeDetails":{}}`, one + "Value null at 'streamModeDetails.streamMode'" + null},
		{"CreateStream", `{"StreamName":"a","StreamModeDetails":{"StreamMode":"X"}}`,
			one + "Value 'X' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]"},
		{"CreateStream", `{"StreamName":"a","Tags":{"":"v"}}`, one + "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: " +
			"[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
		{"CreateStream", `{"StreamName":"a","Tags":{"k":"` + strings.Repeat("v", 257) + `"}}`, one + "Value '{k=" + strings.Repeat("v", 257) + "}' at 'tags' failed to satisfy constraint: " +
			"Map value must satisfy constraint: [Member must have length less than or equal to 256]"},
		{"PutRecords", `{}`, one + "Value null at 'records'" + null},
		{"PutRecords", `{"Records":[]}`, one + "Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutRecords", `{"Records":[{"Data":"","PartitionKey":"a"},{"PartitionKey":""}]}`, "2 validation errors detected: Value null at 'records.2.member.data'" + null +
			"; Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"PutRecords", `{"Records":[{"Data":"","PartitionKey":"a","ExplicitHashKey":"01"}]}`,
			one + `Value '01' at 'records.1.member.explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`},
		{"PutRecords", `{"Records":[{"Data":"` + strings.Repeat("AAAA", 349526) + `","PartitionKey":"a"}]}`,
			one + "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048578 cap=1048578]' at 'records.1.member.data' failed to satisfy constraint: Member must have length less than or equal to 1048576"},
		{"GetRecords", `{"ShardIterator":"i","Limit":10001}`, one + "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
	} {
		_, body := ask(t, h, "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202."+c.op+"\n\n"+c.in)
		got := decodeFault(t, body)
		if got["__type"] != "ValidationException" || got["message"] != c.want {
			t.Errorf("%s %.80s\ngot  %v\nwant %s", c.op, c.in, got, c.want)
		}
	}
	many := `{"Records":[` + strings.TrimSuffix(strings.Repeat(`{"Data":""},`, 20), ",") + `]}`
	_, body := ask(t, h, "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202.PutRecords\n\n"+many)
	if m := decodeFault(t, body)["message"]; !strings.HasPrefix(m, "10 validation errors detected: ") || strings.Count(m, "; ") != 9 {
		t.Errorf("of twenty: %s", m)
	}
}

func TestTerseEnumsAndOwnCode(t *testing.T) {
	h := open(t, func(c *wire.Config) {
		c.Services[0].TerseEnums = true
		c.Services[0].ValidationCode = "InvalidParameterException"
		c.Services[0].MessageMember = "Message"
	})
	_, body := ask(t, h, "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202.CreateStream\n\n"+
		`{"StreamName":"a","StreamModeDetails":{"StreamMode":"X"}}`)
	got := decodeFault(t, body)
	if want := "1 validation error detected: Value at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]"; got["Message"] != want || got["__type"] != "InvalidParameterException" {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestBeforeAndDone(t *testing.T) {
	type seen struct {
		service, op, code string
		status            int
		in, out           int64
	}
	done := make(chan seen, 10)
	h := open(t, func(c *wire.Config) {
		c.Before = func(ctx context.Context, call *wire.Call, in any) error {
			if in, ok := in.(*getRecordsIn); ok && in.ShardIterator == "slow" && hydrant.ScopeOf(ctx).Region == "us-east-1" {
				return hydrant.Faultf("ProvisionedThroughputExceededException", "Rate exceeded for %s", call.Op)
			}
			return nil
		}
		c.Done = func(call *wire.Call, status int, code string, took time.Duration, in, out int64) {
			done <- seen{call.Service, call.Op, code, status, in, out}
		}
	})
	head := "POST /\nContent-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202.GetRecords\n\n"
	_, body := ask(t, h, head+`{"ShardIterator":"slow"}`)
	if got := decodeFault(t, body); got["message"] != "Rate exceeded for GetRecords" {
		t.Errorf("got %v", got)
	}
	if got, want := <-done, (seen{"kinesis", "GetRecords", "ProvisionedThroughputExceededException", 400, 24, int64(len(body))}); got != want {
		t.Errorf("done with %+v, want %+v", got, want)
	}
	_, body = ask(t, h, head+`{"ShardIterator":"fast"}`)
	if got, want := <-done, (seen{"kinesis", "GetRecords", "", 200, 24, int64(len(body))}); got != want {
		t.Errorf("done with %+v, want %+v", got, want)
	}
}

func TestCompat(t *testing.T) {
	var rows []string
	for e := range wire.Compat([]wire.Service{functions(), identity()}) {
		rows = append(rows, strings.Join([]string{e.Service, e.Operation, e.Protocol, e.Binding}, " "))
	}
	if len(rows) != 8 || rows[0] != "lambda CreateFunction REST-JSON POST /2015-03-31/functions" || rows[7] != "sts GetCallerIdentity query Action=GetCallerIdentity" {
		t.Errorf("got %q", rows)
	}
}
