package main

import (
	"context"
	"errors"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/iam"
	"github.com/hydrant-stream/hydrant/aws/s3"
)

const formation = "cloudformation.amazonaws.com"

// stackRights is the authority as CloudFormation needs it: what a stack does, its caller or its role does.
type stackRights struct{ *iam.Authority }

func (r stackRights) Of(ctx context.Context, roleARN string) (string, error) {
	if roleARN == "" {
		return r.Keep(ctx, formation)
	}
	principal, err := r.KeepRole(roleARN, formation, "AWSCloudFormation")
	if errors.Is(err, iam.ErrNotTrusted) {
		err = cloudformation.RoleRefused(roleARN)
	}
	return principal, err
}

type rightsKey struct{}

func (r stackRights) As(ctx context.Context, principal string) (context.Context, error) {
	ctx, err := r.Authority.As(ctx, principal)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, rightsKey{}, r), nil
}

// mayAsk holds a call of a resource type's to whose rights it is made under. One of the engine's own is
// held to nothing.
func mayAsk(ctx context.Context, operation string, in any) error {
	r, ok := ctx.Value(rightsKey{}).(stackRights)
	if !ok {
		return nil
	}
	service, op, _ := strings.Cut(operation, ":")
	return r.Authorize(ctx, service, op, in)
}

// templates is the lake as CloudFormation reads it: for the one who calls.
type templates struct {
	objects
	may permission
}

func (t templates) GetObject(ctx context.Context, scope hydrant.Scope, bucket, key string) ([]byte, error) {
	in := &s3.GetObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: bucket}, Key: key}}
	if err := t.may(ctx, "s3", "GetObject", in); err != nil {
		return nil, hydrant.Faultf("AccessDenied", "Access Denied")
	}
	return t.objects.GetObject(ctx, scope, bucket, key)
}
