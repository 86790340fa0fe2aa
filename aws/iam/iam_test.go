package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// house is IAM alone behind wire, with the disk it lives on.
type house struct {
	disk   *vfs.Mem
	server *httptest.Server
	*sdk.Client
}

func open(t *testing.T) *house {
	h := &house{disk: vfs.NewMem()}
	h.start(t)
	return h
}

func (h *house) start(t *testing.T) {
	t.Helper()
	j, err := journal.Open(h.disk, "journal")
	if err != nil {
		t.Fatal(err)
	}
	s, err := iam.New(iam.Config{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{s.Wire()}}))
	t.Cleanup(func() {
		h.server.Close()
		j.Close()
	})
	h.Client = sdk.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(h.server.URL), HTTPClient: awsbody.Over(nil), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("111111111111", "x", ""),
	})
}

func wantFault(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || message != "" && e.ErrorMessage() != message {
		t.Errorf("got %v\nwant %s: %s", err, code, message)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const (
	trust = `{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}`
	putPolicy = `{"Version":"2012-10-17","Statement":[
	{"Sid":"ReadStream","Effect":"Allow","Action":["kinesis:GetRecords","kinesis:GetShardIterator"],"Resource":"*"},
	{"Sid":"PutFirehose","Effect":"Allow","Action":"firehose:PutRecordBatch","Resource":"arn:aws:firehose:*:*:deliverystream/nyc-taxi-trips"}]}`
	basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)

func (h *house) makeRole(t *testing.T, name string) *types.Role {
	t.Helper()
	return must(h.CreateRole(t.Context(), &sdk.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)}))(t).Role
}

func TestRoles(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	out := must(h.CreateRole(ctx, &sdk.CreateRoleInput{
		RoleName: aws.String("taxi"), Path: aws.String("/service-role/"), AssumeRolePolicyDocument: aws.String(trust), Description: aws.String("runs it"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("taxi")}, {Key: aws.String("empty"), Value: aws.String("")}},
	}))(t).Role
	if *out.Arn != "arn:aws:iam::111111111111:role/service-role/taxi" || len(*out.RoleId) != 21 || (*out.RoleId)[:4] != "AROA" || out.MaxSessionDuration != nil {
		t.Errorf("%+v", out)
	}
	if doc, _ := url.QueryUnescape(*out.AssumeRolePolicyDocument); doc != trust || strings.Contains(*out.AssumeRolePolicyDocument, "+") {
		t.Errorf("document %s", *out.AssumeRolePolicyDocument)
	}
	_, err := h.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("TAXI"), AssumeRolePolicyDocument: aws.String(trust)})
	wantFault(t, err, "EntityAlreadyExists", "Role with name TAXI already exists.")
	_, err = h.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String("none")})
	wantFault(t, err, "NoSuchEntity", "The role with name none cannot be found.")
	_, err = h.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("a/b"), AssumeRolePolicyDocument: aws.String(trust)})
	wantFault(t, err, "ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	_, err = h.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("b"), AssumeRolePolicyDocument: aws.String("{")})
	wantFault(t, err, "MalformedPolicyDocument", "This policy contains invalid Json")
	_, err = h.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("b"), AssumeRolePolicyDocument: aws.String(strings.Replace(trust, `"Service": "lambda.amazonaws.com"`, `"AWS": "arn:aws:iam::111111111111:user/none"`, 1))})
	wantFault(t, err, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/none"`)
	_, err = h.CreateRole(ctx, &sdk.CreateRoleInput{RoleName: aws.String("b"), AssumeRolePolicyDocument: aws.String(trust + strings.Repeat(" ", 3000))})
	if err != nil {
		t.Errorf("white space counted: %v", err)
	}

	if _, err := h.UpdateRole(ctx, &sdk.UpdateRoleInput{RoleName: aws.String("taxi"), Description: aws.String("new"), MaxSessionDuration: aws.Int32(7200)}); err != nil {
		t.Error(err)
	}
	_, err = h.UpdateRole(ctx, &sdk.UpdateRoleInput{RoleName: aws.String("taxi"), MaxSessionDuration: aws.Int32(60)})
	wantFault(t, err, "ValidationError", "")
	other := strings.Replace(trust, "lambda", "firehose", 1)
	if _, err := h.UpdateAssumeRolePolicy(ctx, &sdk.UpdateAssumeRolePolicyInput{RoleName: aws.String("taxi"), PolicyDocument: &other}); err != nil {
		t.Error(err)
	}
	if _, err := h.TagRole(ctx, &sdk.TagRoleInput{RoleName: aws.String("taxi"), Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String("cab")}}}); err != nil {
		t.Error(err)
	}
	if _, err := h.UntagRole(ctx, &sdk.UntagRoleInput{RoleName: aws.String("taxi"), TagKeys: []string{"empty"}}); err != nil {
		t.Error(err)
	}
	got := must(h.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String("taxi")}))(t).Role
	if doc, _ := url.QueryUnescape(*got.AssumeRolePolicyDocument); *got.Description != "new" || *got.MaxSessionDuration != 7200 || doc != other ||
		len(got.Tags) != 1 || *got.Tags[0].Value != "cab" || got.RoleLastUsed == nil {
		t.Errorf("%+v", got)
	}
	if tags := must(h.ListRoleTags(ctx, &sdk.ListRoleTagsInput{RoleName: aws.String("taxi")}))(t).Tags; len(tags) != 1 {
		t.Errorf("tags %v", tags)
	}
	if p := must(h.ListInstanceProfilesForRole(ctx, &sdk.ListInstanceProfilesForRoleInput{RoleName: aws.String("taxi")}))(t); len(p.InstanceProfiles) != 0 {
		t.Error("profiles out of nothing")
	}
	if _, err := h.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("taxi")}); err != nil {
		t.Error(err)
	}
	_, err = h.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String("taxi")})
	wantFault(t, err, "NoSuchEntity", "")
}

func TestInlinePolicies(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.makeRole(t, "taxi")
	put := func(name, doc string) error {
		_, err := h.PutRolePolicy(ctx, &sdk.PutRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: &name, PolicyDocument: &doc})
		return err
	}
	if err := put("move", putPolicy); err != nil {
		t.Fatal(err)
	}
	wantFault(t, put("bad", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis","Resource":"*"}]}`), "MalformedPolicyDocument",
		"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	wantFault(t, put("long", strings.Replace(putPolicy, "ReadStream", strings.Repeat("a", 11000), 1)), "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role taxi")
	got := must(h.GetRolePolicy(ctx, &sdk.GetRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: aws.String("move")}))(t)
	if doc, _ := url.QueryUnescape(*got.PolicyDocument); doc != putPolicy || !json.Valid([]byte(doc)) {
		t.Errorf("document %s", *got.PolicyDocument)
	}
	if l := must(h.ListRolePolicies(ctx, &sdk.ListRolePoliciesInput{RoleName: aws.String("taxi")}))(t); len(l.PolicyNames) != 1 || l.PolicyNames[0] != "move" {
		t.Errorf("%v", l.PolicyNames)
	}
	_, err := h.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("taxi")})
	wantFault(t, err, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	_, err = h.GetRolePolicy(ctx, &sdk.GetRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: aws.String("none")})
	wantFault(t, err, "NoSuchEntity", "The role policy with name none cannot be found.")
	must(h.DeleteRolePolicy(ctx, &sdk.DeleteRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: aws.String("move")}))(t)
	must(h.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("taxi")}))(t)
}

func TestManagedPolicies(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.makeRole(t, "taxi")
	attach := func(arn string) error {
		_, err := h.AttachRolePolicy(ctx, &sdk.AttachRolePolicyInput{RoleName: aws.String("taxi"), PolicyArn: &arn})
		return err
	}
	for _, arn := range []string{
		basic, "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole", "arn:aws:iam::aws:policy/AmazonKinesisFullAccess",
		"arn:aws:iam::aws:policy/AmazonKinesisReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonKinesisFirehoseFullAccess",
		"arn:aws:iam::aws:policy/AmazonS3FullAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonAthenaFullAccess",
		"arn:aws:iam::aws:policy/AWSGlueConsoleFullAccess", "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess",
	} {
		if err := attach(arn); err != nil {
			t.Error(err)
		}
		if err := attach(arn); err != nil {
			t.Errorf("twice: %v", err)
		}
	}
	wantFault(t, attach("arn:aws:iam::aws:policy/AdministratorAccess"), "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
	wantFault(t, attach("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"), "NoSuchEntity", "Policy arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole does not exist or is not attachable.")
	wantFault(t, attach("nonsense"), "ValidationError", "Invalid ARN:  Could not be parsed!")
	list := must(h.ListAttachedRolePolicies(ctx, &sdk.ListAttachedRolePoliciesInput{RoleName: aws.String("taxi"), PathPrefix: aws.String("/service-role/")}))(t).AttachedPolicies
	if len(list) != 2 || *list[0].PolicyName != "AWSLambdaBasicExecutionRole" || *list[0].PolicyArn != basic {
		t.Errorf("%+v", list)
	}
	_, err := h.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("taxi")})
	wantFault(t, err, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	must(h.DetachRolePolicy(ctx, &sdk.DetachRolePolicyInput{RoleName: aws.String("taxi"), PolicyArn: aws.String(basic)}))(t)
	_, err = h.DetachRolePolicy(ctx, &sdk.DetachRolePolicyInput{RoleName: aws.String("taxi"), PolicyArn: aws.String(basic)})
	wantFault(t, err, "NoSuchEntity", "Policy "+basic+" was not found.")

	own := must(h.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("move"), Path: aws.String("/lab/"), PolicyDocument: aws.String(putPolicy),
		Description: aws.String("moves"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t).Policy
	if *own.Arn != "arn:aws:iam::111111111111:policy/lab/move" || *own.DefaultVersionId != "v1" || (*own.PolicyId)[:4] != "ANPA" {
		t.Errorf("%+v", own)
	}
	_, err = h.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("move"), PolicyDocument: aws.String(putPolicy)})
	wantFault(t, err, "EntityAlreadyExists", "A policy called move already exists. Duplicate names are not allowed.")
	if err := attach(*own.Arn); err != nil {
		t.Error(err)
	}
	got := must(h.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyArn: own.Arn}))(t).Policy
	if *got.AttachmentCount != 1 || *got.Description != "moves" || len(got.Tags) != 1 {
		t.Errorf("%+v", got)
	}
	who := must(h.ListEntitiesForPolicy(ctx, &sdk.ListEntitiesForPolicyInput{PolicyArn: own.Arn}))(t)
	if len(who.PolicyRoles) != 1 || *who.PolicyRoles[0].RoleName != "taxi" || len(who.PolicyUsers) != 0 {
		t.Errorf("%+v", who)
	}
	_, err = h.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: own.Arn})
	wantFault(t, err, "DeleteConflict", "Cannot delete a policy attached to entities.")
	_, err = h.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: aws.String(basic)})
	wantFault(t, err, "AccessDenied", "")
	must(h.DetachRolePolicy(ctx, &sdk.DetachRolePolicyInput{RoleName: aws.String("taxi"), PolicyArn: own.Arn}))(t)
	local := must(h.ListPolicies(ctx, &sdk.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}))(t).Policies
	attached := must(h.ListPolicies(ctx, &sdk.ListPoliciesInput{OnlyAttached: true}))(t).Policies
	if len(local) != 1 || len(attached) != 9 {
		t.Errorf("%d local, %d attached", len(local), len(attached))
	}
	must(h.TagPolicy(ctx, &sdk.TagPolicyInput{PolicyArn: own.Arn, Tags: []types.Tag{{Key: aws.String("c"), Value: aws.String("d")}}}))(t)
	must(h.UntagPolicy(ctx, &sdk.UntagPolicyInput{PolicyArn: own.Arn, TagKeys: []string{"a"}}))(t)
	if tags := must(h.ListPolicyTags(ctx, &sdk.ListPolicyTagsInput{PolicyArn: own.Arn}))(t).Tags; len(tags) != 1 || *tags[0].Key != "c" {
		t.Errorf("%+v", tags)
	}
	must(h.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: own.Arn}))(t)
	_, err = h.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyArn: own.Arn})
	wantFault(t, err, "NoSuchEntity", "Policy "+*own.Arn+" was not found.")
}

func TestPolicyVersions(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	arn := must(h.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(putPolicy)}))(t).Policy.Arn
	for i := range 4 {
		doc := strings.Replace(putPolicy, "ReadStream", fmt.Sprint("Read", i), 1)
		v := must(h.CreatePolicyVersion(ctx, &sdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &doc, SetAsDefault: i == 3}))(t).PolicyVersion
		if *v.VersionId != fmt.Sprint("v", i+2) || v.IsDefaultVersion != (i == 3) {
			t.Errorf("%+v", v)
		}
	}
	_, err := h.CreatePolicyVersion(ctx, &sdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(putPolicy)})
	wantFault(t, err, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	_, err = h.DeletePolicyVersion(ctx, &sdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v5")})
	wantFault(t, err, "DeleteConflict", "Cannot delete the default version of a policy.")
	must(h.SetDefaultPolicyVersion(ctx, &sdk.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")}))(t)
	must(h.DeletePolicyVersion(ctx, &sdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v5")}))(t)
	got := must(h.GetPolicyVersion(ctx, &sdk.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")}))(t).PolicyVersion
	if doc, _ := url.QueryUnescape(*got.Document); !got.IsDefaultVersion || !strings.Contains(doc, `"Read0"`) {
		t.Errorf("%+v", got)
	}
	// A version's number is not given twice.
	v := must(h.CreatePolicyVersion(ctx, &sdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(putPolicy)}))(t).PolicyVersion
	if *v.VersionId != "v6" {
		t.Errorf("%s", *v.VersionId)
	}
	var ids []string
	pages := sdk.NewListPolicyVersionsPaginator(h.Client, &sdk.ListPolicyVersionsInput{PolicyArn: arn, MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, v := range must(pages.NextPage(ctx))(t).Versions {
			ids = append(ids, *v.VersionId)
		}
	}
	if strings.Join(ids, " ") != "v6 v4 v3 v2 v1" {
		t.Errorf("%v", ids)
	}
	_, err = h.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: arn})
	wantFault(t, err, "DeleteConflict", "")
	_, err = h.GetPolicyVersion(ctx, &sdk.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v9")})
	wantFault(t, err, "NoSuchEntity", "")
}

func TestUsersAndAccessKeys(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	u := must(h.CreateUser(ctx, &sdk.CreateUserInput{UserName: aws.String("ann"), Path: aws.String("/staff/")}))(t).User
	if *u.Arn != "arn:aws:iam::111111111111:user/staff/ann" || (*u.UserId)[:4] != "AIDA" {
		t.Errorf("%+v", u)
	}
	_, err := h.CreateUser(ctx, &sdk.CreateUserInput{UserName: aws.String("ann")})
	wantFault(t, err, "EntityAlreadyExists", "User with name ann already exists.")
	must(h.PutUserPolicy(ctx, &sdk.PutUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("p"), PolicyDocument: aws.String(putPolicy)}))(t)
	must(h.AttachUserPolicy(ctx, &sdk.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String(basic)}))(t)
	k := must(h.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: aws.String("ann")}))(t).AccessKey
	if len(*k.AccessKeyId) != 20 || (*k.AccessKeyId)[:4] != "AKIA" || len(*k.SecretAccessKey) != 40 {
		t.Errorf("%+v", k)
	}
	must(h.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: aws.String("ann")}))(t)
	_, err = h.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: aws.String("ann")})
	wantFault(t, err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	_, err = h.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{})
	wantFault(t, err, "ValidationError", "Must specify userName when calling with non-User credentials")
	must(h.UpdateAccessKey(ctx, &sdk.UpdateAccessKeyInput{UserName: aws.String("ann"), AccessKeyId: k.AccessKeyId, Status: types.StatusTypeInactive}))(t)

	must(h.UpdateUser(ctx, &sdk.UpdateUserInput{UserName: aws.String("ann"), NewUserName: aws.String("anna")}))(t)
	_, err = h.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("ann")})
	wantFault(t, err, "NoSuchEntity", "The user with name ann cannot be found.")
	keys := must(h.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: aws.String("anna")}))(t).AccessKeyMetadata
	if len(keys) != 2 {
		t.Fatalf("%+v", keys)
	}
	_, err = h.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: aws.String("anna")})
	wantFault(t, err, "DeleteConflict", "Cannot delete entity, must delete access keys first.")
	last := must(h.GetAccessKeyLastUsed(ctx, &sdk.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId}))(t)
	if *last.UserName != "anna" || *last.AccessKeyLastUsed.ServiceName != "N/A" {
		t.Errorf("%+v", last)
	}
	for _, k := range keys {
		must(h.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: aws.String("anna"), AccessKeyId: k.AccessKeyId}))(t)
	}
	_, err = h.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: aws.String("anna"), AccessKeyId: k.AccessKeyId})
	wantFault(t, err, "NoSuchEntity", "The Access Key with id "+*k.AccessKeyId+" cannot be found.")
	must(h.DetachUserPolicy(ctx, &sdk.DetachUserPolicyInput{UserName: aws.String("anna"), PolicyArn: aws.String(basic)}))(t)
	must(h.DeleteUserPolicy(ctx, &sdk.DeleteUserPolicyInput{UserName: aws.String("anna"), PolicyName: aws.String("p")}))(t)
	must(h.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: aws.String("anna")}))(t)
	root := must(h.GetUser(ctx, &sdk.GetUserInput{}))(t).User
	if *root.Arn != "arn:aws:iam::111111111111:root" {
		t.Errorf("%+v", root)
	}
}

func TestBoundary(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.makeRole(t, "taxi")
	must(h.PutRolePermissionsBoundary(ctx, &sdk.PutRolePermissionsBoundaryInput{RoleName: aws.String("taxi"), PermissionsBoundary: aws.String(basic)}))(t)
	if b := must(h.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String("taxi")}))(t).Role.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != basic {
		t.Errorf("%+v", b)
	}
	must(h.DeleteRolePermissionsBoundary(ctx, &sdk.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("taxi")}))(t)
	_, err := h.DeleteRolePermissionsBoundary(ctx, &sdk.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("taxi")})
	wantFault(t, err, "NoSuchEntity", "")
}

func TestPaging(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, name := range []string{"b", "A", "d", "c", "e"} {
		h.makeRole(t, name)
	}
	var names []string
	pages := sdk.NewListRolesPaginator(h.Client, &sdk.ListRolesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		out := must(pages.NextPage(ctx))(t)
		if len(out.Roles) > 2 {
			t.Errorf("%d on a page", len(out.Roles))
		}
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
		}
		if len(names) == 2 { // what comes and goes does not shift the rest
			must(h.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: aws.String("b")}))(t)
		}
	}
	if strings.Join(names, "") != "Abcde" {
		t.Errorf("%v", names)
	}
	_, err := h.ListRoles(ctx, &sdk.ListRolesInput{Marker: aws.String("!")})
	wantFault(t, err, "ValidationError", "Invalid Marker.")
}

// What was answered is there after the power failed.
func TestSurvivesPowerLoss(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	made := h.makeRole(t, "taxi")
	must(h.PutRolePolicy(ctx, &sdk.PutRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: aws.String("move"), PolicyDocument: aws.String(putPolicy)}))(t)
	must(h.AttachRolePolicy(ctx, &sdk.AttachRolePolicyInput{RoleName: aws.String("taxi"), PolicyArn: aws.String(basic)}))(t)
	must(h.CreateUser(ctx, &sdk.CreateUserInput{UserName: aws.String("ann")}))(t)
	key := must(h.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: aws.String("ann")}))(t).AccessKey
	h.disk = h.disk.CrashClone(1, 0)
	h.start(t)
	got := must(h.GetRole(ctx, &sdk.GetRoleInput{RoleName: aws.String("taxi")}))(t).Role
	if *got.RoleId != *made.RoleId || !got.CreateDate.Equal(*made.CreateDate) || got.CreateDate.After(time.Now()) {
		t.Errorf("%+v", got)
	}
	if p := must(h.GetRolePolicy(ctx, &sdk.GetRolePolicyInput{RoleName: aws.String("taxi"), PolicyName: aws.String("move")}))(t); *p.PolicyDocument == "" {
		t.Error("the policy is gone")
	}
	if l := must(h.ListAttachedRolePolicies(ctx, &sdk.ListAttachedRolePoliciesInput{RoleName: aws.String("taxi")}))(t); len(l.AttachedPolicies) != 1 {
		t.Error("the attachment is gone")
	}
	if k := must(h.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: aws.String("ann")}))(t).AccessKeyMetadata; len(k) != 1 || *k[0].AccessKeyId != *key.AccessKeyId {
		t.Errorf("%+v", k)
	}
}
