package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/lambda"
)

type mappingProperties struct {
	EventSourceArn            string
	FunctionName              string `required:""`
	StartingPosition          string
	StartingPositionTimestamp *time.Time
	Tags                      []cfnTag

	Enabled                        *bool
	BatchSize                      *int
	FilterCriteria                 *lambda.FilterCriteria
	MaximumBatchingWindowInSeconds *int
	ParallelizationFactor          *int
	DestinationConfig              *lambda.DestinationConfig
	MaximumRecordAgeInSeconds      *int
	BisectBatchOnFunctionError     *bool
	MaximumRetryAttempts           *int
	TumblingWindowInSeconds        *int
	FunctionResponseTypes          []string
}

func mappingType(s *lambda.Service) cloudformation.Handler {
	made := func(c *lambda.MappingConfiguration) cloudformation.Made {
		return cloudformation.Made{ID: c.UUID, Attributes: map[string]any{"Id": c.UUID, "EventSourceMappingArn": c.EventSourceMappingArn}}
	}
	settled := func(ctx context.Context, id string) (m cloudformation.Made, err error) {
		err = poll(ctx, func() (bool, error) {
			c, err := ask(ctx, "lambda:GetEventSourceMapping", s.GetEventSourceMapping, &lambda.MappingIn{UUID: id})
			if err != nil {
				return false, err
			}
			m = made(c)
			return c.State == "Enabled" || c.State == "Disabled", nil
		})
		return m, err
	}
	return &cloudformation.Typed[mappingProperties]{
		Facts: cloudformation.Schema{
			Replace:    []string{"EventSourceArn", "StartingPosition", "StartingPositionTimestamp"},
			Attributes: []string{"Id", "EventSourceMappingArn"},
		},
		Make: func(ctx context.Context, _ string, p *mappingProperties) (cloudformation.Made, error) {
			c, err := ask(ctx, "lambda:CreateEventSourceMapping", s.CreateEventSourceMapping, &lambda.CreateEventSourceMappingIn{
				EventSourceArn: p.EventSourceArn, FunctionName: p.FunctionName, StartingPosition: p.StartingPosition,
				StartingPositionTimestamp: p.StartingPositionTimestamp, Tags: tagMap(p.Tags), Enabled: p.Enabled,
				BatchSize: p.BatchSize, FilterCriteria: p.FilterCriteria, MaximumBatchingWindowInSeconds: p.MaximumBatchingWindowInSeconds,
				ParallelizationFactor: p.ParallelizationFactor, DestinationConfig: p.DestinationConfig,
				MaximumRecordAgeInSeconds: p.MaximumRecordAgeInSeconds, BisectBatchOnFunctionError: p.BisectBatchOnFunctionError,
				MaximumRetryAttempts: p.MaximumRetryAttempts, TumblingWindowInSeconds: p.TumblingWindowInSeconds, FunctionResponseTypes: p.FunctionResponseTypes,
			})
			if err != nil {
				return cloudformation.Made{}, err
			}
			if _, err := settled(ctx, c.UUID); err != nil && ctx.Err() == nil {
				return cloudformation.Made{}, err
			}
			return made(c), nil // also where the wait was cut short: it is there, and has to be known
		},
		Rest: func(ctx context.Context, id string, _ *mappingProperties) (cloudformation.Made, error) {
			return settled(ctx, id)
		},
		Turn: func(ctx context.Context, id string, old, p *mappingProperties) (cloudformation.Made, error) {
			filters, destination := p.FilterCriteria, p.DestinationConfig
			if filters == nil {
				filters = &lambda.FilterCriteria{}
			}
			if destination == nil {
				destination = &lambda.DestinationConfig{OnFailure: &lambda.Destination{}}
			}
			types := p.FunctionResponseTypes
			if types == nil {
				types = []string{}
			}
			c, err := ask(ctx, "lambda:UpdateEventSourceMapping", s.UpdateEventSourceMapping, &lambda.UpdateEventSourceMappingIn{
				UUID: id, FunctionName: p.FunctionName, Enabled: orDefault(p.Enabled, true),
				BatchSize: orDefault(p.BatchSize, 100), FilterCriteria: filters,
				MaximumBatchingWindowInSeconds: orDefault(p.MaximumBatchingWindowInSeconds, 0),
				ParallelizationFactor:          orDefault(p.ParallelizationFactor, 1), DestinationConfig: destination,
				MaximumRecordAgeInSeconds:  orDefault(p.MaximumRecordAgeInSeconds, -1),
				BisectBatchOnFunctionError: orDefault(p.BisectBatchOnFunctionError, false),
				MaximumRetryAttempts:       orDefault(p.MaximumRetryAttempts, -1), TumblingWindowInSeconds: p.TumblingWindowInSeconds, FunctionResponseTypes: types,
			})
			if err != nil {
				return cloudformation.Made{}, err
			}
			if err := retagLambda(ctx, s, c.EventSourceMappingArn, old.Tags, p.Tags); err != nil {
				return cloudformation.Made{}, err
			}
			return settled(ctx, id)
		},
		Drop: func(ctx context.Context, id string, _ *mappingProperties) error {
			return away(ctx, func() error {
				_, err := ask(ctx, "lambda:DeleteEventSourceMapping", s.DeleteEventSourceMapping, &lambda.MappingIn{UUID: id})
				return err
			}, func() error {
				_, err := ask(ctx, "lambda:GetEventSourceMapping", s.GetEventSourceMapping, &lambda.MappingIn{UUID: id})
				return err
			})
		},
		Look: func(ctx context.Context, id, _ string, p *mappingProperties) (cloudformation.Made, error) {
			if id != "" {
				c, err := ask(ctx, "lambda:GetEventSourceMapping", s.GetEventSourceMapping, &lambda.MappingIn{UUID: id})
				if err != nil {
					return cloudformation.Made{}, err
				}
				return made(c), nil
			}
			list, err := ask(ctx, "lambda:ListEventSourceMappings", s.ListEventSourceMappings, &lambda.ListEventSourceMappingsIn{EventSourceArn: p.EventSourceArn, FunctionName: p.FunctionName})
			if err != nil {
				return cloudformation.Made{}, err
			}
			if len(list.EventSourceMappings) == 0 {
				return cloudformation.Made{}, cloudformation.ErrNotFound
			}
			return made(list.EventSourceMappings[0]), nil
		},
	}
}

type versionProperties struct {
	FunctionName string `required:""`
	CodeSha256   string
	Description  *string
}

// versionType: a version's id is its ARN. It never changes; another description is another version.
func versionType(s *lambda.Service) cloudformation.Handler {
	made := func(c *lambda.Configuration) cloudformation.Made {
		return cloudformation.Made{ID: c.FunctionArn, Attributes: map[string]any{"Version": c.Version, "FunctionArn": c.FunctionArn}}
	}
	publish := func(ctx context.Context, _ string, p *versionProperties) (cloudformation.Made, error) {
		c, err := ask(ctx, "lambda:PublishVersion", s.PublishVersion, &lambda.PublishVersionIn{FunctionName: p.FunctionName, CodeSha256: p.CodeSha256, Description: p.Description})
		if err != nil {
			return cloudformation.Made{}, err
		}
		return made(c), nil
	}
	return &cloudformation.Typed[versionProperties]{
		Facts: cloudformation.Schema{Replace: []string{"FunctionName", "CodeSha256", "Description"}, Attributes: []string{"Version", "FunctionArn"}},
		Make:  publish,
		Turn: func(ctx context.Context, _ string, _, p *versionProperties) (cloudformation.Made, error) {
			return publish(ctx, "", p)
		},
		Drop: func(ctx context.Context, id string, _ *versionProperties) error {
			function, version := id[:strings.LastIndexByte(id, ':')], id[strings.LastIndexByte(id, ':')+1:]
			_, err := ask(ctx, "lambda:DeleteFunction", s.DeleteFunction, &lambda.FunctionIn{FunctionName: function, Qualifier: version})
			return err
		},
		// By its properties a version is not found: publishing again gives the same one.
		Look: func(ctx context.Context, id, _ string, p *versionProperties) (cloudformation.Made, error) {
			if id == "" {
				return cloudformation.Made{}, cloudformation.ErrNotFound
			}
			c, err := ask(ctx, "lambda:GetFunctionConfiguration", s.GetFunctionConfiguration, &lambda.FunctionIn{FunctionName: p.FunctionName, Qualifier: id[strings.LastIndexByte(id, ':')+1:]})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return made(c), nil
		},
	}
}

type aliasProperties struct {
	FunctionName    string `required:""`
	FunctionVersion string `required:""`
	Name            string `required:""`
	Description     string
	RoutingConfig   *struct {
		AdditionalVersionWeights []struct {
			FunctionVersion string  `required:""`
			FunctionWeight  float64 `required:""`
		}
	}
}

func (p *aliasProperties) routing() *lambda.RoutingConfig {
	r := &lambda.RoutingConfig{AdditionalVersionWeights: map[string]float64{}}
	if p.RoutingConfig != nil {
		for _, w := range p.RoutingConfig.AdditionalVersionWeights {
			r.AdditionalVersionWeights[w.FunctionVersion] = w.FunctionWeight
		}
	}
	return r
}

func aliasType(s *lambda.Service) cloudformation.Handler {
	made := func(a *lambda.AliasConfiguration, err error) (cloudformation.Made, error) {
		if err != nil {
			return cloudformation.Made{}, err
		}
		return cloudformation.Made{ID: a.AliasArn, Attributes: map[string]any{"AliasArn": a.AliasArn}}, nil
	}
	return &cloudformation.Typed[aliasProperties]{
		Facts: cloudformation.Schema{Replace: []string{"FunctionName", "Name"}, Attributes: []string{"AliasArn"}},
		Make: func(ctx context.Context, _ string, p *aliasProperties) (cloudformation.Made, error) {
			return made(ask(ctx, "lambda:CreateAlias", s.CreateAlias, &lambda.CreateAliasIn{FunctionName: p.FunctionName, Name: p.Name, FunctionVersion: p.FunctionVersion, Description: p.Description, RoutingConfig: p.routing()}))
		},
		Turn: func(ctx context.Context, _ string, _, p *aliasProperties) (cloudformation.Made, error) {
			return made(ask(ctx, "lambda:UpdateAlias", s.UpdateAlias, &lambda.UpdateAliasIn{FunctionName: p.FunctionName, Name: p.Name, FunctionVersion: p.FunctionVersion, Description: &p.Description, RoutingConfig: p.routing()}))
		},
		Drop: func(ctx context.Context, _ string, p *aliasProperties) error {
			_, err := ask(ctx, "lambda:DeleteAlias", s.DeleteAlias, &lambda.AliasIn{FunctionName: p.FunctionName, Name: p.Name})
			return err
		},
		Look: func(ctx context.Context, _, _ string, p *aliasProperties) (cloudformation.Made, error) {
			return made(ask(ctx, "lambda:GetAlias", s.GetAlias, &lambda.AliasIn{FunctionName: p.FunctionName, Name: p.Name}))
		},
	}
}

type permissionProperties struct {
	Action              string `required:""`
	FunctionName        string `required:""`
	Principal           string `required:""`
	SourceArn           string
	SourceAccount       string
	EventSourceToken    string
	PrincipalOrgID      string
	FunctionUrlAuthType string
}

// permissionType: a permission is a statement of the function's policy, under a name of our making.
func permissionType(s *lambda.Service) cloudformation.Handler {
	made := func(sid string) cloudformation.Made {
		return cloudformation.Made{ID: sid, Attributes: map[string]any{"Id": sid}}
	}
	return &cloudformation.Typed[permissionProperties]{
		Facts: cloudformation.Schema{
			MaxName: 100, Attributes: []string{"Id"},
			Replace: []string{"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount", "EventSourceToken", "PrincipalOrgID", "FunctionUrlAuthType"},
		},
		Make: func(ctx context.Context, name string, p *permissionProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "lambda:AddPermission", s.AddPermission, &lambda.AddPermissionIn{
				FunctionName: p.FunctionName, StatementId: name, Action: p.Action, Principal: p.Principal, SourceArn: p.SourceArn,
				SourceAccount: p.SourceAccount, EventSourceToken: p.EventSourceToken, PrincipalOrgID: p.PrincipalOrgID, FunctionUrlAuthType: p.FunctionUrlAuthType,
			})
			return made(name), err
		},
		Turn: func(_ context.Context, id string, _, _ *permissionProperties) (cloudformation.Made, error) {
			return made(id), nil
		},
		Drop: func(ctx context.Context, id string, p *permissionProperties) error {
			_, err := ask(ctx, "lambda:RemovePermission", s.RemovePermission, &lambda.RemovePermissionIn{FunctionName: p.FunctionName, StatementId: id})
			return err
		},
		Look: func(ctx context.Context, id, name string, p *permissionProperties) (cloudformation.Made, error) {
			out, err := ask(ctx, "lambda:GetPolicy", s.GetPolicy, &lambda.FunctionIn{FunctionName: p.FunctionName})
			if err != nil {
				return cloudformation.Made{}, err
			}
			var policy struct{ Statement []struct{ Sid string } }
			if err := json.Unmarshal([]byte(out.Policy), &policy); err != nil {
				return cloudformation.Made{}, err
			}
			id = cmp.Or(id, name)
			if !slices.ContainsFunc(policy.Statement, func(st struct{ Sid string }) bool { return st.Sid == id }) {
				return cloudformation.Made{}, hydrant.Faultf("ResourceNotFoundException", "Statement %s is not found in resource policy.", id)
			}
			return made(id), nil
		},
	}
}
