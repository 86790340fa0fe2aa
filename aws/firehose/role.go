package firehose

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hydrant-stream/hydrant"
)

// What a delivery stream does, it does as the roles of its configuration. They are asked each time: a
// role that is mended lets through at the next attempt what was kept until then.

// may is nil where the role allows the action on all of the resources.
func (s *Service) may(ctx context.Context, scope hydrant.Scope, role, action string, resources ...string) error {
	if s.cfg.Roles == nil {
		return nil
	}
	for _, r := range resources {
		if err := s.cfg.Roles.May(ctx, scope, role, action, r); err != nil {
			return fmt.Errorf("%s as %s: %w", action, role, err)
		}
	}
	return nil
}

// mayWrite asks for an object. An intent that was decided before roles were kept in it names none.
func (s *Service) mayWrite(ctx context.Context, in *intent, p place) error {
	if in.Role == "" {
		return nil
	}
	if err := s.may(ctx, in.Scope, in.Role, "s3:PutObject", "arn:aws:s3:::"+p.Bucket+"/"+p.Key); err != nil {
		return &failure{"S3.AccessDenied", s3Denied, &denied{p, err}}
	}
	return nil
}

// denied is an object that the role may not write.
type denied struct {
	at place
	error
}

func (d *denied) Unwrap() error { return d.error }

// stillDenied asks again for the object that was denied at the last attempt, before any record is read.
func (s *Service) stillDenied(ctx context.Context, in *intent, last error) error {
	if d, ok := errors.AsType[*denied](last); ok && slices.Contains(in.places(), d.at) {
		return s.mayWrite(ctx, in, d.at)
	}
	return nil
}

// mayReadTable asks for the versions of a table.
func (s *Service) mayReadTable(ctx context.Context, scope hydrant.Scope, t *SchemaConfiguration) error {
	action := "glue:GetTableVersions"
	if v := orElse(t.VersionId, "LATEST"); v != "LATEST" {
		action = "glue:GetTableVersion"
	}
	where := hydrant.Scope{Account: orElse(t.CatalogId, scope.Account), Region: orElse(t.Region, scope.Region)}
	err := s.may(ctx, scope, t.RoleARN, action,
		where.ARN("glue", "catalog"), where.ARN("glue", "database/"+t.DatabaseName), where.ARN("glue", "table/"+t.DatabaseName+"/"+t.TableName))
	if err != nil {
		return &failure{"DataFormatConversion.AccessDenied", glueDenied, err}
	}
	return nil
}

// mayReadStream asks for the records of a source.
func (s *Service) mayReadStream(ctx context.Context, v *state) error {
	if err := s.may(ctx, v.Scope, v.Kinesis.RoleARN, "kinesis:GetRecords", v.Kinesis.KinesisStreamARN); err != nil {
		return &failure{"Kinesis.AccessDenied",
			"Access was denied when calling Kinesis. Ensure the access policy on the IAM role used allows access to the appropriate Kinesis APIs.", err}
	}
	return nil
}

// mayLog asks for the log stream of error events.
func (s *Service) mayLog(ctx context.Context, v *state, group, stream string) error {
	return s.may(ctx, v.Scope, v.Destination.RoleARN, "logs:PutLogEvents", v.Scope.ARN("logs", "log-group:"+group+":log-stream:"+stream))
}
