package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
)

type workGroupProperties struct {
	Name                   string `required:""`
	Description            string
	State                  string
	WorkGroupConfiguration *athena.WorkGroupConfiguration
	RecursiveDeleteOption  *bool
	Tags                   []athena.Tag
}

func workGroupType(s *athena.Service) cloudformation.Handler {
	look := func(ctx context.Context, name string) (cloudformation.Made, error) {
		out, err := ask(ctx, "athena:GetWorkGroup", s.GetWorkGroup, &athena.GetWorkGroupIn{WorkGroup: name})
		if err != nil {
			return cloudformation.Made{}, err
		}
		return cloudformation.Made{ID: name, Attributes: map[string]any{"CreationTime": out.WorkGroup.CreationTime.Unix()}}, nil
	}
	return &cloudformation.Typed[workGroupProperties]{
		Facts: cloudformation.Schema{Name: "Name", MaxName: 128, Replace: []string{"Name"}, Attributes: []string{"CreationTime"}},
		Make: func(ctx context.Context, _ string, p *workGroupProperties) (cloudformation.Made, error) {
			if _, err := ask(ctx, "athena:CreateWorkGroup", s.CreateWorkGroup, &athena.CreateWorkGroupIn{Name: p.Name, Configuration: p.WorkGroupConfiguration, Description: p.Description, Tags: p.Tags}); err != nil {
				return cloudformation.Made{}, err
			}
			if p.State == "DISABLED" {
				if _, err := ask(ctx, "athena:UpdateWorkGroup", s.UpdateWorkGroup, &athena.UpdateWorkGroupIn{WorkGroup: p.Name, State: p.State}); err != nil {
					return cloudformation.Made{}, err
				}
			}
			return look(ctx, p.Name)
		},
		Turn: func(ctx context.Context, id string, old, p *workGroupProperties) (cloudformation.Made, error) {
			if _, err := ask(ctx, "athena:UpdateWorkGroup", s.UpdateWorkGroup, &athena.UpdateWorkGroupIn{WorkGroup: id, Description: &p.Description, State: cmp.Or(p.State, "ENABLED"), ConfigurationUpdates: workGroupUpdates(p.WorkGroupConfiguration)}); err != nil {
				return cloudformation.Made{}, err
			}
			if err := retagWorkGroup(ctx, s, hydrant.ScopeOf(ctx).ARN("athena", "workgroup/"+id), old.Tags, p.Tags); err != nil {
				return cloudformation.Made{}, err
			}
			return look(ctx, id)
		},
		Drop: func(ctx context.Context, id string, p *workGroupProperties) error {
			if _, err := look(ctx, id); notThere(err) {
				return nil
			}
			_, err := ask(ctx, "athena:DeleteWorkGroup", s.DeleteWorkGroup, &athena.DeleteWorkGroupIn{WorkGroup: id, RecursiveDeleteOption: p.RecursiveDeleteOption})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *workGroupProperties) (cloudformation.Made, error) {
			m, err := look(ctx, cmp.Or(id, p.Name))
			if notThere(err) {
				return m, cloudformation.ErrNotFound
			}
			return m, err
		},
	}
}

// workGroupUpdates set all that the configuration says, and take away what it leaves out.
func workGroupUpdates(c *athena.WorkGroupConfiguration) *athena.WorkGroupConfigurationUpdates {
	if c == nil {
		c = &athena.WorkGroupConfiguration{}
	}
	yes := true
	u := &athena.WorkGroupConfigurationUpdates{
		EnforceWorkGroupConfiguration:           orDefault(c.EnforceWorkGroupConfiguration, true),
		PublishCloudWatchMetricsEnabled:         c.PublishCloudWatchMetricsEnabled,
		BytesScannedCutoffPerQuery:              c.BytesScannedCutoffPerQuery,
		RequesterPaysEnabled:                    c.RequesterPaysEnabled,
		EngineVersion:                           c.EngineVersion,
		ManagedQueryResultsConfigurationUpdates: c.ManagedQueryResultsConfiguration,
	}
	if c.BytesScannedCutoffPerQuery == nil {
		u.RemoveBytesScannedCutoffPerQuery = &yes
	}
	r := c.ResultConfiguration
	switch {
	case r == nil || r.OutputLocation == "":
		u.ResultConfigurationUpdates = &athena.ResultConfigurationUpdates{RemoveOutputLocation: &yes}
	default:
		u.ResultConfigurationUpdates = &athena.ResultConfigurationUpdates{
			OutputLocation: r.OutputLocation, EncryptionConfiguration: r.EncryptionConfiguration,
			ExpectedBucketOwner: r.ExpectedBucketOwner, AclConfiguration: r.AclConfiguration,
		}
	}
	return u
}

type namedQueryProperties struct {
	Name        string
	Database    string `required:""`
	QueryString string `required:""`
	Description string
	WorkGroup   string
}

// namedQueryType: every change makes another query; its id is of Athena's making. Many may have one
// name, so the name does not find it.
func namedQueryType(s *athena.Service) cloudformation.Handler {
	made := func(id string) cloudformation.Made {
		return cloudformation.Made{ID: id, Attributes: map[string]any{"NamedQueryId": id}}
	}
	get := func(ctx context.Context, id string) error {
		_, err := ask(ctx, "athena:GetNamedQuery", s.GetNamedQuery, &athena.GetNamedQueryIn{NamedQueryId: id})
		return err
	}
	// create repeats under the same token: a creation taken up again gives the same query.
	create := func(ctx context.Context, name string, p *namedQueryProperties) (cloudformation.Made, error) {
		out, err := ask(ctx, "athena:CreateNamedQuery", s.CreateNamedQuery, &athena.CreateNamedQueryIn{
			Name: cmp.Or(p.Name, name), Database: p.Database, QueryString: p.QueryString, Description: p.Description, WorkGroup: p.WorkGroup,
			ClientRequestToken: "hydrant-cloudformation-named-query-" + name,
		})
		if err != nil {
			return cloudformation.Made{}, err
		}
		return made(out.NamedQueryId), nil
	}
	return &cloudformation.Typed[namedQueryProperties]{
		Facts: cloudformation.Schema{MaxName: 90, Replace: []string{"Name", "Database", "QueryString", "Description", "WorkGroup"}, Attributes: []string{"NamedQueryId"}},
		Make:  create,
		Turn: func(_ context.Context, id string, _, _ *namedQueryProperties) (cloudformation.Made, error) {
			return made(id), nil
		},
		Drop: func(ctx context.Context, id string, _ *namedQueryProperties) error {
			if notThere(get(ctx, id)) {
				return nil
			}
			_, err := ask(ctx, "athena:DeleteNamedQuery", s.DeleteNamedQuery, &athena.DeleteNamedQueryIn{NamedQueryId: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, _ *namedQueryProperties) (cloudformation.Made, error) {
			if id == "" {
				return cloudformation.Made{}, cloudformation.ErrNotFound
			}
			err := get(ctx, id)
			if notThere(err) {
				err = cloudformation.ErrNotFound
			}
			return made(id), err
		},
	}
}

// notThere reports whether Athena knows no such thing: it says so by an invalid request.
func notThere(err error) bool {
	f, ok := hydrant.AsFault(err)
	return ok && f.Code == "InvalidRequestException" && (strings.Contains(f.Message, "not found") || strings.Contains(f.Message, "does not exist"))
}

func retagWorkGroup(ctx context.Context, s *athena.Service, arn string, old, now []athena.Tag) error {
	byKey := func(tags []athena.Tag) map[string]string {
		m := map[string]string{}
		for _, t := range tags {
			m[t.Key] = t.Value
		}
		return m
	}
	set, off := retag(byKey(old), byKey(now))
	if off != nil {
		if _, err := ask(ctx, "athena:UntagResource", s.UntagResource, &athena.UntagResourceIn{ResourceARN: arn, TagKeys: off}); err != nil {
			return err
		}
	}
	if set == nil {
		return nil
	}
	_, err := ask(ctx, "athena:TagResource", s.TagResource, &athena.TagResourceIn{ResourceARN: arn, Tags: now})
	return err
}
