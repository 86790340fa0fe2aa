package sts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam"
)

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func trust(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"` + condition + `}]}`
}

const userARN = "arn:aws:iam::" + account + ":user/"

func TestIdentity(t *testing.T) {
	open := open(t, false)
	if got := open.as("test", "test", "").identity(); got != "arn:aws:iam::000000000000:root" {
		t.Error(got)
	}
	if got := open.as("111111111111", "x", "").identity(); got != "arn:aws:iam::111111111111:root" {
		t.Error(got)
	}
	if got := open.as("AKIAIOSFODNN7EXAMPLE", "x", "a token of AWS's").identity(); got != "arn:aws:iam::000000000000:root" {
		t.Error(got)
	}
	// A user of another account is one of that account, key and all.
	other := open.as("111111111111", "x", "")
	must(other.iam.CreateUser(t.Context(), &iamsdk.CreateUserInput{UserName: aws.String("bob")}))(t)
	k := must(other.iam.CreateAccessKey(t.Context(), &iamsdk.CreateAccessKeyInput{UserName: aws.String("bob")}))(t).AccessKey
	bob := open.as(*k.AccessKeyId, "any", "")
	if got := bob.identity(); got != "arn:aws:iam::111111111111:user/bob" {
		t.Error(got)
	}
	if u := must(bob.iam.GetUser(t.Context(), &iamsdk.GetUserInput{}))(t).User; *u.UserName != "bob" {
		t.Errorf("%+v", u)
	}
}

func TestIdentityOfCheckedKeys(t *testing.T) {
	h := open(t, true)
	if got := h.root().identity(); got != "arn:aws:iam::000000000000:root" {
		t.Error(got)
	}
	if got := h.user("ann", "").identity(); got != userARN+"ann" {
		t.Error(got)
	}
	_, err := h.as("AKIAIOSFODNN7EXAMPLE", "x", "").sts.GetCallerIdentity(t.Context(), nil)
	wantFault(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	_, err = h.as(rootKey, "wrong", "").sts.GetCallerIdentity(t.Context(), nil)
	wantFault(t, err, "SignatureDoesNotMatch", "")
}

func TestUsersMayDoWhatTheirPoliciesAllow(t *testing.T) {
	h := open(t, true)
	ann := h.user("ann", allow("kinesis:DescribeStreamSummary", "arn:aws:kinesis:*:*:stream/${aws:username}-*"))
	if err := ann.describe("ann-trips"); err != nil {
		t.Error(err)
	}
	wantFault(t, ann.describe("trips"), "AccessDeniedException", "User: "+userARN+"ann is not authorized to perform: kinesis:DescribeStreamSummary on resource: "+tripsARN+
		" because no identity-based policy allows the kinesis:DescribeStreamSummary action")
	_, err := ann.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("ann-trips"), Records: []kinesistypes.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("k")}}})
	wantFault(t, err, "AccessDeniedException", "")
	_, err = ann.iam.ListRoles(t.Context(), nil)
	wantFault(t, err, "AccessDenied", "User: "+userARN+"ann is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::"+account+":role/ because no identity-based policy allows the iam:ListRoles action")

	// A change is in force for the next call; a deny wins.
	deny := strings.Replace(allow("kinesis:*", "*"), "Allow", "Deny", 1)
	must(h.root().iam.PutUserPolicy(t.Context(), &iamsdk.PutUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("no"), PolicyDocument: &deny}))(t)
	wantFault(t, ann.describe("ann-trips"), "AccessDeniedException", "User: "+userARN+"ann is not authorized to perform: kinesis:DescribeStreamSummary on resource: arn:aws:kinesis:eu-west-1:"+account+
		":stream/ann-trips with an explicit deny in an identity-based policy")
	must(h.root().iam.DeleteUserPolicy(t.Context(), &iamsdk.DeleteUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("no")}))(t)
	if err := ann.describe("ann-trips"); err != nil {
		t.Error(err)
	}

	// So is a boundary.
	must(h.root().iam.PutUserPermissionsBoundary(t.Context(), &iamsdk.PutUserPermissionsBoundaryInput{UserName: aws.String("ann"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AmazonS3FullAccess")}))(t)
	if err := ann.describe("ann-trips"); err == nil || !strings.Contains(err.Error(), "because no permissions boundary allows") {
		t.Error(err)
	}

	// An inactive key is no key.
	bob := h.user("bob", allow("*", "*"))
	if err := bob.describe("trips"); err != nil {
		t.Error(err)
	}
	keys := must(bob.iam.ListAccessKeys(t.Context(), &iamsdk.ListAccessKeysInput{}))(t).AccessKeyMetadata
	last := must(bob.iam.GetAccessKeyLastUsed(t.Context(), &iamsdk.GetAccessKeyLastUsedInput{AccessKeyId: keys[0].AccessKeyId}))(t)
	if *last.AccessKeyLastUsed.ServiceName != "iam" || *last.AccessKeyLastUsed.Region != "eu-west-1" {
		t.Errorf("%+v", last.AccessKeyLastUsed)
	}
	must(h.root().iam.UpdateAccessKey(t.Context(), &iamsdk.UpdateAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: keys[0].AccessKeyId, Status: "Inactive"}))(t)
	wantFault(t, bob.describe("trips"), "UnrecognizedClientException", "The security token included in the request is invalid.")
}

// What the table of actions does not know is for those who may do everything.
func TestUnknownOperationsNeedEverything(t *testing.T) {
	h := open(t, true)
	for policy, want := range map[string]bool{allow("kinesis:*", "*"): false, allow("*", "*"): true, allow("*", tripsARN): false} {
		name := map[bool]string{true: "all", false: "some"}[want] + string(rune('a'+len(policy)%26))
		w := h.user(name, policy)
		err := w.unlisted()
		if (err == nil) != want {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

func TestAssumeRole(t *testing.T) {
	h := open(t, true)
	ann := h.user("ann", "")
	may := h.user("may", allow("sts:AssumeRole", "*"))
	trips := allow("kinesis:*", tripsARN)
	assume := func(w who, role string, change func(*stssdk.AssumeRoleInput)) (*stssdk.AssumeRoleOutput, error) {
		in := &stssdk.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: aws.String("run1")}
		if change != nil {
			change(in)
		}
		return w.sts.AssumeRole(t.Context(), in)
	}
	h.role("for-ann", trust(`{"AWS":"`+userARN+`ann"}`, ""), trips)
	h.role("for-account", trust(`{"AWS":"`+account+`"}`, ""), trips)
	h.role("for-lambda", trust(`{"Service":"lambda.amazonaws.com"}`, ""), trips)
	h.role("external", trust(`{"AWS":"*"}`, `,"Condition":{"StringEquals":{"sts:ExternalId":"pin"}}`), trips)

	out := must(assume(ann, "for-ann", nil))(t)
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::"+account+":assumed-role/for-ann/run1" || !strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":run1") ||
		(*out.Credentials.AccessKeyId)[:4] != "ASIA" || out.PackedPolicySize != nil || out.Credentials.Expiration.Sub(h.now).Round(time.Minute) != time.Hour {
		t.Errorf("%+v %+v", out.AssumedRoleUser, out.Credentials)
	}
	session := h.with(out.Credentials)
	if got := session.identity(); got != *out.AssumedRoleUser.Arn {
		t.Error(got)
	}
	if err := session.describe("trips"); err != nil {
		t.Error(err)
	}
	wantFault(t, session.describe("other"), "AccessDeniedException", "User: "+*out.AssumedRoleUser.Arn+" is not authorized to perform: kinesis:DescribeStreamSummary on resource: arn:aws:kinesis:eu-west-1:"+
		account+":stream/other because no identity-based policy allows the kinesis:DescribeStreamSummary action")

	refused := func(w who, name, role string) {
		t.Helper()
		_, err := assume(w, role, nil)
		wantFault(t, err, "AccessDenied", "User: "+userARN+name+" is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"+account+":role/"+role)
	}
	refused(may, "may", "for-ann")
	refused(ann, "ann", "for-account")
	refused(may, "may", "for-lambda")
	refused(may, "may", "none")
	refused(may, "may", "external")
	must(assume(may, "for-account", nil))(t)
	must(assume(h.root(), "for-account", nil))(t)
	must(assume(may, "external", func(in *stssdk.AssumeRoleInput) { in.ExternalId = aws.String("pin") }))(t)

	// A session policy narrows.
	out = must(assume(ann, "for-ann", func(in *stssdk.AssumeRoleInput) { in.Policy = aws.String(allow("s3:*", "*")) }))(t)
	if err := h.with(out.Credentials).describe("trips"); err == nil || !strings.Contains(err.Error(), "because no session policy allows") || *out.PackedPolicySize == 0 {
		t.Errorf("%v", err)
	}
	out = must(assume(ann, "for-ann", func(in *stssdk.AssumeRoleInput) {
		in.PolicyArns = []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess")}}
	}))(t)
	if err := h.with(out.Credentials).describe("trips"); err != nil {
		t.Error(err)
	}
	_, err := assume(ann, "for-ann", func(in *stssdk.AssumeRoleInput) { in.Policy = aws.String("{") })
	wantFault(t, err, "MalformedPolicyDocument", "Syntax errors in policy.")
	_, err = assume(ann, "for-ann", func(in *stssdk.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7200) })
	wantFault(t, err, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	_, err = ann.sts.AssumeRole(t.Context(), &stssdk.AssumeRoleInput{RoleArn: aws.String("this-is-no-role-at-all"), RoleSessionName: aws.String("run1")})
	wantFault(t, err, "ValidationError", "this-is-no-role-at-all is invalid")

	// The stream may name the role.
	h.role("bare", trust(`{"AWS":"`+account+`"}`, ""), "")
	out = must(assume(may, "bare", nil))(t)
	bare := h.with(out.Credentials)
	if bare.describe("trips") == nil {
		t.Error("a role without policies may describe")
	}
	h.policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:role/bare"},"Action":"kinesis:*","Resource":"` + tripsARN + `"}]}`
	if err := bare.describe("trips"); err != nil {
		t.Error(err)
	}
}

func TestSessionsEnd(t *testing.T) {
	h := open(t, true)
	h.role("r", trust(`{"AWS":"`+account+`"}`, ""), allow("kinesis:*", "*"))
	out := must(h.root().sts.AssumeRole(t.Context(), &stssdk.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/r"), RoleSessionName: aws.String("run1"), DurationSeconds: aws.Int32(900)}))(t)
	c := out.Credentials
	w := h.with(c)
	if err := w.describe("trips"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, h.as(*c.AccessKeyId, *c.SecretAccessKey, "").describe("trips"), "UnrecognizedClientException", "")
	forged := []byte(*c.SessionToken)
	forged[40] ^= 1
	wantFault(t, h.as(*c.AccessKeyId, *c.SecretAccessKey, string(forged)).describe("trips"), "UnrecognizedClientException", "")
	wantFault(t, h.as(*c.AccessKeyId, "wrong", *c.SessionToken).describe("trips"), "InvalidSignatureException", "")

	// Sessions need no memory: they hold over a crash.
	h.disk = h.disk.CrashClone(1, 0)
	h.start(true)
	w = h.with(c)
	if err := w.describe("trips"); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	h.now = h.now.Add(15 * time.Minute) // authority's clock; signatures have their own
	wantFault(t, w.describe("trips"), "ExpiredTokenException", "The security token included in the request is expired")
	_, err := w.sts.GetCallerIdentity(t.Context(), nil)
	wantFault(t, err, "ExpiredToken", "The security token included in the request is expired")
}

// A role that is made again under its name does not revive the sessions of the old one.
func TestRolesThatGo(t *testing.T) {
	h := open(t, true)
	h.role("r", trust(`{"AWS":"`+account+`"}`, ""), "")
	out := must(h.root().sts.AssumeRole(t.Context(), &stssdk.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/r"), RoleSessionName: aws.String("run1")}))(t)
	must(h.root().iam.DeleteRole(t.Context(), &iamsdk.DeleteRoleInput{RoleName: aws.String("r")}))(t)
	h.role("r", trust(`{"AWS":"`+account+`"}`, ""), allow("kinesis:*", "*"))
	wantFault(t, h.with(out.Credentials).describe("trips"), "UnrecognizedClientException", "")
}

func TestSessionToken(t *testing.T) {
	h := open(t, true)
	ann := h.user("ann", allow("*", "*"))
	out := must(ann.sts.GetSessionToken(t.Context(), nil))(t)
	session := h.with(out.Credentials)
	if got := session.identity(); got != userARN+"ann" {
		t.Error(got)
	}
	if err := session.describe("trips"); err != nil {
		t.Error(err)
	}
	_, err := session.iam.ListRoles(t.Context(), nil)
	wantFault(t, err, "InvalidClientTokenId", "")
	_, err = session.sts.GetSessionToken(t.Context(), nil)
	wantFault(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	root := must(h.root().sts.GetSessionToken(t.Context(), nil))(t)
	if got := h.with(root.Credentials).identity(); got != "arn:aws:iam::"+account+":root" {
		t.Error(got)
	}
}

func TestAccessKeyInfo(t *testing.T) {
	h := open(t, false)
	other := h.as("123456789012", "x", "")
	out := must(other.sts.GetSessionToken(t.Context(), nil))(t)
	got := must(other.sts.GetAccessKeyInfo(t.Context(), &stssdk.GetAccessKeyInfoInput{AccessKeyId: out.Credentials.AccessKeyId}))(t)
	if *got.Account != "123456789012" {
		t.Error(*got.Account)
	}
}

// Services act as roles: functions with credentials of their own, deliveries by asking.
func TestServiceRoles(t *testing.T) {
	h := open(t, true)
	ctx := t.Context()
	arn := h.role("fn", trust(`{"Service":"lambda.amazonaws.com"}`, ""), allow("firehose:PutRecordBatch", "arn:aws:firehose:*:*:deliverystream/trips"))
	a := h.authority
	id, secret, token, err := a.RoleCredentials(ctx, hydrant.Scope{Account: account}, arn, "lambda.amazonaws.com", "my-function")
	if err != nil {
		t.Fatal(err)
	}
	fn := h.as(id, secret, token)
	if got := fn.identity(); got != "arn:aws:sts::"+account+":assumed-role/fn/my-function" {
		t.Error(got)
	}
	wantFault(t, fn.describe("trips"), "AccessDeniedException", "")
	for _, c := range []struct{ role, service string }{{arn, "firehose.amazonaws.com"}, {arn + "2", "lambda.amazonaws.com"}, {"nonsense", "lambda.amazonaws.com"}} {
		if _, _, _, err := a.RoleCredentials(ctx, hydrant.Scope{}, c.role, c.service, "s"); !errors.Is(err, iam.ErrNotTrusted) {
			t.Errorf("%v: %v", c, err)
		}
	}
	may := func(resource string) error {
		return a.MayRole(ctx, arn, "lambda.amazonaws.com", "s", "firehose:PutRecordBatch", "arn:aws:firehose:eu-west-1:"+account+":deliverystream/"+resource, nil)
	}
	if err := may("trips"); err != nil {
		t.Error(err)
	}
	if err := may("other"); hydrant.FaultCode(err) != "AccessDeniedException" || !strings.Contains(err.Error(), ":assumed-role/fn/s is not authorized to perform: firehose:PutRecordBatch") {
		t.Error(err)
	}

	// Where nothing is checked, roles need not even exist.
	free := open(t, false).authority
	if err := free.MayRole(ctx, "nonsense", "lambda.amazonaws.com", "s", "firehose:PutRecordBatch", "*", nil); err != nil {
		t.Error(err)
	}
	if id, _, _, err := free.RoleCredentials(ctx, hydrant.Scope{Account: "111111111111"}, "nonsense", "lambda.amazonaws.com", "s"); id != "111111111111" || err != nil {
		t.Errorf("%s %v", id, err)
	}
}
