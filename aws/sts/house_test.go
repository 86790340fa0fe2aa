package sts_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/sts"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

const (
	rootKey, rootSecret = "ROOTKEY", "root-secret"
	account             = hydrant.DefaultAccount
	tripsARN            = "arn:aws:kinesis:eu-west-1:" + account + ":stream/trips"
)

// house is IAM and STS with a toy of Kinesis behind them.
type house struct {
	t         *testing.T
	disk      *vfs.Mem
	server    *httptest.Server
	authority *iam.Authority
	now       time.Time
	policy    string // on the stream
}

// issuer is the authority as sts needs it.
type issuer struct{ *iam.Authority }

func (i issuer) Caller(ctx context.Context) (sts.Caller, error) {
	c, err := i.Authority.Caller(ctx)
	return sts.Caller(c), err
}

func (i issuer) Assume(ctx context.Context, a sts.Assumption) (sts.Assumed, error) {
	s, err := i.Authority.Assume(ctx, iam.Assumption(a))
	return sts.Assumed{Keys: sts.Keys(s.Credentials), ARN: s.ARN, ID: s.ID}, err
}

func (i issuer) SessionToken(ctx context.Context, seconds int) (sts.Keys, error) {
	k, err := i.Authority.SessionToken(ctx, seconds)
	return sts.Keys(k), err
}

type (
	putRecordsIn  struct{ StreamName, StreamARN string }
	putRecordsOut struct{ FailedRecordCount int }
)

func toy() wire.Service {
	put := func(context.Context, *putRecordsIn) (*putRecordsOut, error) { return &putRecordsOut{}, nil }
	return wire.Service{Name: "kinesis", Protocol: wire.AWSJSON, Target: "Kinesis_20131202", Ops: []wire.Row{
		wire.Op("PutRecords", put), wire.Op("DescribeStreamSummary", put), wire.Op("UpdateStreamModes", put),
	}}
}

func open(t *testing.T, enforce bool) *house {
	h := &house{t: t, disk: vfs.NewMem(), now: time.Now()}
	h.start(enforce)
	return h
}

func (h *house) start(enforce bool) {
	j, err := journal.Open(h.disk, "journal")
	if err != nil {
		h.t.Fatal(err)
	}
	now := func() time.Time { return h.now }
	s, err := iam.New(iam.Config{Journal: j, Now: now})
	if err != nil {
		h.t.Fatal(err)
	}
	c := iam.AuthorityConfig{Enforce: enforce, ResourcePolicy: func(_ context.Context, arn string) string {
		if arn == tripsARN {
			return h.policy
		}
		return ""
	}}
	if enforce {
		c.Keys = map[string]string{rootKey: rootSecret}
	}
	h.authority = iam.NewAuthority(s, c)
	w := wire.Config{
		Services: []wire.Service{s.Wire(), sts.New(issuer{h.authority}).Wire(), toy()},
		Before:   h.authority.Before, Account: h.authority.Account,
	}
	if enforce {
		w.Secret = h.authority.Secret
	}
	h.server = httptest.NewServer(wire.NewServer(w))
	h.t.Cleanup(func() {
		h.server.Close()
		j.Close()
	})
}

// who is a caller with all clients.
type who struct {
	h       *house
	iam     *iamsdk.Client
	sts     *stssdk.Client
	kinesis *kinesis.Client
}

func (h *house) as(key, secret, token string) who {
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(h.server.URL), HTTPClient: awsbody.Over(nil), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
	return who{h, iamsdk.NewFromConfig(cfg), stssdk.NewFromConfig(cfg), kinesis.NewFromConfig(cfg)}
}

func (h *house) root() who { return h.as(rootKey, rootSecret, "") }

func (h *house) with(c *ststypes.Credentials) who {
	return h.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

// user makes a user with a policy and a key. "" is no policy.
func (h *house) user(name, policy string) who {
	h.t.Helper()
	root, ctx := h.root().iam, h.t.Context()
	must(root.CreateUser(ctx, &iamsdk.CreateUserInput{UserName: &name}))(h.t)
	if policy != "" {
		must(root.PutUserPolicy(ctx, &iamsdk.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}))(h.t)
	}
	k := must(root.CreateAccessKey(ctx, &iamsdk.CreateAccessKeyInput{UserName: &name}))(h.t).AccessKey
	return h.as(*k.AccessKeyId, *k.SecretAccessKey, "")
}

// role makes a role.
func (h *house) role(name, trust, policy string) (arn string) {
	h.t.Helper()
	root, ctx := h.root().iam, h.t.Context()
	out := must(root.CreateRole(ctx, &iamsdk.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}))(h.t)
	if policy != "" {
		must(root.PutRolePolicy(ctx, &iamsdk.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}))(h.t)
	}
	return *out.Role.Arn
}

func (w who) describe(stream string) error {
	_, err := w.kinesis.DescribeStreamSummary(w.h.t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &stream})
	return err
}

// unlisted calls an operation no table knows.
func (w who) unlisted() error {
	_, err := w.kinesis.DescribeLimits(w.h.t.Context(), nil, func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Target", "Kinesis_20131202.UpdateStreamModes"))
	})
	return err
}

func (w who) identity() string {
	w.h.t.Helper()
	out := must(w.sts.GetCallerIdentity(w.h.t.Context(), nil))(w.h.t)
	return *out.Arn
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
