package main

import (
	"context"
	"errors"
	"maps"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/iam/access"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/sts"
	"github.com/hydrant-stream/hydrant/wire"
)

// identity is the rooms that know who calls and what they may do.
type identity struct {
	iam       *iam.Service
	sts       *sts.Service
	authority *iam.Authority

	// The rooms that know what an opaque token or a resource's policy says. They open later and may be
	// nil until then: nobody calls before the house listens.
	kinesis *kinesis.Service
	lambda  *lambda.Service
	athena  *athena.Service
	tagged  tagged
}

// openIdentity opens IAM and STS over the house's journal. With enforce every call is checked: keys
// are the administrators'. Open it before the rooms that act as roles.
func openIdentity(h *house, keys map[string]string, enforce bool) (*identity, error) {
	s, err := iam.New(iam.Config{Journal: h.journal})
	if err != nil {
		return nil, err
	}
	i := &identity{iam: s}
	i.authority = iam.NewAuthority(s, iam.AuthorityConfig{
		Keys: maps.Clone(keys), Enforce: enforce, ResourcePolicy: i.resourcePolicy, ResourceTags: i.tagged.of,
		Lookups: access.Lookups{
			StreamOfIterator: i.streamOfIterator, WorkgroupOfQuery: i.workgroupOfQuery, FunctionOfMapping: i.functionOfMapping,
		},
	})
	i.sts = sts.New(issuer{i.authority})
	return i, nil
}

// guard sets what wire asks of the authority.
func (i *identity) guard(c *wire.Config, enforce bool) {
	c.Account, c.Before = i.authority.Account, i.authority.Before
	if enforce {
		c.Secret = i.authority.Secret
	}
}

// functionCredentials are what a function signs its calls with: its role's, if Lambda may take it on.
func (i *identity) functionCredentials(ctx context.Context, scope hydrant.Scope, roleARN, function string) (id, secret, token string, err error) {
	return i.authority.RoleCredentials(ctx, scope, roleARN, "lambda.amazonaws.com", function)
}

// functionReads asks a function's role whether its mapping may read.
func (i *identity) functionReads(ctx context.Context, roleARN, stream, consumer string) error {
	may := func(action, resource string) error {
		return i.authority.MayRole(ctx, roleARN, "lambda.amazonaws.com", "awslambda", action, resource, nil)
	}
	if consumer != "" {
		return may("kinesis:SubscribeToShard", consumer)
	}
	return may("kinesis:GetRecords", stream)
}

// deliveryRoles is the authority as Firehose needs it.
type deliveryRoles struct{ *iam.Authority }

func (d deliveryRoles) May(ctx context.Context, scope hydrant.Scope, roleARN, action, resource string) error {
	err := d.MayRole(hydrant.WithScope(ctx, scope), roleARN, "firehose.amazonaws.com", "AWSFirehoseToS3", action, resource, nil)
	if errors.Is(err, iam.ErrNotTrusted) {
		return hydrant.Faultf("AccessDeniedException", "Firehose is unable to assume role %s. Please check the role provided.", roleARN)
	}
	return err
}

// iteratorReader is what Kinesis offers to whom it must be known which stream an iterator or a listing
// token is of; "" for none.
type iteratorReader interface {
	StreamOf(token string) (streamARN string)
}

func (i *identity) streamOfIterator(token string) string {
	if k, ok := any(i.kinesis).(iteratorReader); ok && i.kinesis != nil {
		return k.StreamOf(token)
	}
	return ""
}

func (i *identity) workgroupOfQuery(ctx context.Context, id string) string {
	if i.athena == nil {
		return ""
	}
	if out, err := i.athena.GetQueryExecution(ctx, &athena.GetQueryExecutionIn{QueryExecutionId: id}); err == nil {
		return out.QueryExecution.WorkGroup
	}
	if out, err := i.athena.GetNamedQuery(ctx, &athena.GetNamedQueryIn{NamedQueryId: id}); err == nil {
		return out.NamedQuery.WorkGroup
	}
	return ""
}

func (i *identity) functionOfMapping(ctx context.Context, uuid string) string {
	if i.lambda == nil {
		return ""
	}
	m, err := i.lambda.GetEventSourceMapping(ctx, &lambda.MappingIn{UUID: uuid})
	if err != nil {
		return ""
	}
	return m.FunctionArn
}

// resourcePolicy is the policy document on a stream, a consumer or a function.
func (i *identity) resourcePolicy(ctx context.Context, resource string) string {
	arn, err := hydrant.ParseARN(resource)
	if err != nil {
		return ""
	}
	ctx = hydrant.WithScope(ctx, arn.Scope())
	switch {
	case arn.Service == "kinesis" && i.kinesis != nil:
		out, err := i.kinesis.GetResourcePolicy(ctx, &kinesis.GetResourcePolicyIn{ResourceARN: resource})
		if err == nil && out.Policy != "{}" {
			return out.Policy
		}
	case arn.Service == "lambda" && i.lambda != nil:
		if out, err := i.lambda.GetPolicy(ctx, &lambda.FunctionIn{FunctionName: resource}); err == nil {
			return out.Policy
		}
	}
	return ""
}

// issuer is the authority as STS needs it.
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
