package athena

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// ManagedQueryResultsConfiguration asks Athena to keep results itself. Only false is taken.
type ManagedQueryResultsConfiguration struct{ Enabled bool }

// WorkGroupConfiguration is how statements of a group run.
type WorkGroupConfiguration struct {
	ResultConfiguration              *ResultConfiguration
	ManagedQueryResultsConfiguration *ManagedQueryResultsConfiguration
	EnforceWorkGroupConfiguration    *bool
	PublishCloudWatchMetricsEnabled  *bool
	BytesScannedCutoffPerQuery       *int64 `min:"10000000"`
	RequesterPaysEnabled             *bool
	EngineVersion                    *EngineVersion
}

// Tag is a label of a resource.
type Tag struct {
	Key   string `min:"1" max:"128"`
	Value string `max:"256"`
}

type CreateWorkGroupIn struct {
	Name          string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
	Configuration *WorkGroupConfiguration
	Description   string `max:"1024"`
	Tags          []Tag
}

// CreateWorkGroup makes a work group.
//
//	Wire     AmazonAthena.CreateWorkGroup over json 1.1
//	Durable  in the journal before the reply
//	Limits   maxTags
//	Differs  managed results, Spark and identity center are refused or ignored; BytesScannedCutoffPerQuery
//	         is looked at when a query has ended, which is then CANCELLED
//	Proof    TestAthenaStart
func (s *Service) CreateWorkGroup(ctx context.Context, in *CreateWorkGroupIn) (*Empty, error) {
	g := workGroup{Name: in.Name, State: enabled, Description: in.Description, Created: time.Now().UTC()}
	if in.Configuration != nil {
		g.Configuration = *in.Configuration
	}
	if err := g.Configuration.fill(); err != nil {
		return nil, err
	}
	if len(in.Tags) > maxTags {
		return nil, invalid("INVALID_INPUT", "A resource can have at most %d tags", maxTags)
	}
	for _, t := range in.Tags {
		if g.Tags == nil {
			g.Tags = map[string]string{}
		}
		g.Tags[t.Key] = t.Value
	}
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	if _, err := s.group(scope, in.Name); err == nil {
		return nil, invalid("INVALID_INPUT", "WorkGroup %s is already created", in.Name)
	}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "workgroup", g.Name), g))
}

type GetWorkGroupIn struct {
	WorkGroup string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
}

// WorkGroup is a work group as clients see it.
type WorkGroup struct {
	Name          string
	State         string
	Configuration *WorkGroupConfiguration
	Description   string
	CreationTime  time.Time
}

type GetWorkGroupOut struct{ WorkGroup *WorkGroup }

// GetWorkGroup answers one work group.
//
//	Wire     AmazonAthena.GetWorkGroup over json 1.1
//	Proof    TestAthenaStart
func (s *Service) GetWorkGroup(ctx context.Context, in *GetWorkGroupIn) (*GetWorkGroupOut, error) {
	g, err := s.group(hydrant.ScopeOf(ctx), in.WorkGroup)
	if err != nil {
		return nil, err
	}
	return &GetWorkGroupOut{&WorkGroup{g.Name, g.State, &g.Configuration, g.Description, g.Created}}, nil
}

type ListWorkGroupsIn struct {
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"1" max:"50"`
}

type WorkGroupSummary struct {
	Name          string
	State         string
	Description   string
	CreationTime  time.Time
	EngineVersion *EngineVersion
}

type ListWorkGroupsOut struct {
	WorkGroups []WorkGroupSummary
	NextToken  string
}

// ListWorkGroups lists the work groups: primary where it was never changed, then the others by name.
//
//	Wire     AmazonAthena.ListWorkGroups over json 1.1
//	Limits   maxPage (limits.go)
//	Proof    TestAthenaStart
func (s *Service) ListWorkGroups(ctx context.Context, in *ListWorkGroupsIn) (*ListWorkGroupsOut, error) {
	scope := hydrant.ScopeOf(ctx)
	out := &ListWorkGroupsOut{WorkGroups: []WorkGroupSummary{}}
	limit := pageSize(in.MaxResults)
	add := func(g workGroup) {
		out.WorkGroups = append(out.WorkGroups, WorkGroupSummary{g.Name, g.State, g.Description, g.Created, g.Configuration.EngineVersion})
	}
	const start = " " // the token behind primary: below every name
	if _, stored := s.config.Journal.Get(key(scope, "workgroup", primary)); !stored && in.NextToken == "" {
		g, err := s.group(scope, primary)
		if err != nil {
			return nil, err
		}
		add(g)
		if limit--; limit == 0 {
			out.NextToken = start
			return out, nil
		}
	}
	found, next, err := page(s.config.Journal, key(scope, "workgroup")+"/", in.NextToken, limit, func(*workGroup) bool { return true })
	if err != nil {
		return nil, err
	}
	for _, g := range found {
		add(g)
	}
	out.NextToken = next
	return out, nil
}

// ResultConfigurationUpdates changes where results go.
type ResultConfigurationUpdates struct {
	OutputLocation                string
	RemoveOutputLocation          *bool
	EncryptionConfiguration       *EncryptionConfiguration
	RemoveEncryptionConfiguration *bool
	ExpectedBucketOwner           string
	RemoveExpectedBucketOwner     *bool
	AclConfiguration              *AclConfiguration
	RemoveAclConfiguration        *bool
}

// WorkGroupConfigurationUpdates changes what it names.
type WorkGroupConfigurationUpdates struct {
	EnforceWorkGroupConfiguration           *bool
	ResultConfigurationUpdates              *ResultConfigurationUpdates
	ManagedQueryResultsConfigurationUpdates *ManagedQueryResultsConfiguration
	PublishCloudWatchMetricsEnabled         *bool
	BytesScannedCutoffPerQuery              *int64 `min:"10000000"`
	RemoveBytesScannedCutoffPerQuery        *bool
	RequesterPaysEnabled                    *bool
	EngineVersion                           *EngineVersion
}

type UpdateWorkGroupIn struct {
	WorkGroup            string  `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
	Description          *string `max:"1024"`
	ConfigurationUpdates *WorkGroupConfigurationUpdates
	State                string `enum:"ENABLED|DISABLED"`
}

// UpdateWorkGroup changes what it names of a work group.
//
//	Wire     AmazonAthena.UpdateWorkGroup over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaStart
func (s *Service) UpdateWorkGroup(ctx context.Context, in *UpdateWorkGroupIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	g, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		g.Description = *in.Description
	}
	if in.State != "" {
		g.State = in.State
	}
	if u := in.ConfigurationUpdates; u != nil {
		g.Configuration.update(u)
	}
	if err := g.Configuration.fill(); err != nil {
		return nil, err
	}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "workgroup", g.Name), g))
}

func (c *WorkGroupConfiguration) update(u *WorkGroupConfigurationUpdates) {
	set(&c.EnforceWorkGroupConfiguration, u.EnforceWorkGroupConfiguration, nil)
	set(&c.ManagedQueryResultsConfiguration, u.ManagedQueryResultsConfigurationUpdates, nil)
	set(&c.PublishCloudWatchMetricsEnabled, u.PublishCloudWatchMetricsEnabled, nil)
	set(&c.BytesScannedCutoffPerQuery, u.BytesScannedCutoffPerQuery, u.RemoveBytesScannedCutoffPerQuery)
	set(&c.RequesterPaysEnabled, u.RequesterPaysEnabled, nil)
	set(&c.EngineVersion, u.EngineVersion, nil)
	r := u.ResultConfigurationUpdates
	if r == nil {
		return
	}
	if c.ResultConfiguration == nil {
		c.ResultConfiguration = &ResultConfiguration{}
	}
	own := c.ResultConfiguration
	setText(&own.OutputLocation, r.OutputLocation, r.RemoveOutputLocation)
	setText(&own.ExpectedBucketOwner, r.ExpectedBucketOwner, r.RemoveExpectedBucketOwner)
	set(&own.EncryptionConfiguration, r.EncryptionConfiguration, r.RemoveEncryptionConfiguration)
	set(&own.AclConfiguration, r.AclConfiguration, r.RemoveAclConfiguration)
}

// set changes a member that is given, or removes it.
func set[T any](member **T, given *T, remove *bool) {
	if remove != nil && *remove {
		*member = nil
	}
	if given != nil {
		*member = given
	}
}

func setText(member *string, given string, remove *bool) {
	if given != "" || remove != nil && *remove {
		*member = given
	}
}

type DeleteWorkGroupIn struct {
	WorkGroup             string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
	RecursiveDeleteOption *bool
}

// DeleteWorkGroup removes a work group that is empty, or with all it holds: its saved queries and the
// history of its executions. Results stay in the lake.
//
//	Wire     AmazonAthena.DeleteWorkGroup over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaStart
func (s *Service) DeleteWorkGroup(ctx context.Context, in *DeleteWorkGroupIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	if in.WorkGroup == primary {
		return nil, invalid("INVALID_INPUT", "The primary workgroup cannot be deleted.")
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	g, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	changes := []journal.Change{journal.Unset(key(scope, "workgroup", g.Name))}
	var saved []journal.Change
	for _, q := range s.namedOf(scope, g.Name) {
		saved = append(saved, journal.Unset(key(scope, "named", q)))
	}
	s.config.Journal.Range(key(scope, "prepared", g.Name)+"/", func(k string, _ []byte) bool {
		saved = append(saved, journal.Unset(k))
		return true
	})
	ids, _, err := s.history.page(scope, g.Name, "", 1)
	if err != nil {
		return nil, err
	}
	if (len(saved) > 0 || len(ids) > 0) && (in.RecursiveDeleteOption == nil || !*in.RecursiveDeleteOption) {
		return nil, invalid("INVALID_INPUT", "WorkGroup %s is not empty", g.Name)
	}
	changes = append(append(changes, saved...), s.history.forgetGroup(scope, g.Name)...)
	return &Empty{}, s.config.Journal.Commit(ctx, changes...)
}

type ListEngineVersionsIn struct {
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"1" max:"10"`
}

type ListEngineVersionsOut struct {
	EngineVersions []EngineVersion
	NextToken      string
}

// ListEngineVersions lists the one version there is, and AUTO, which is it.
//
//	Wire     AmazonAthena.ListEngineVersions over json 1.1
//	Proof    TestAthenaStart
func (s *Service) ListEngineVersions(context.Context, *ListEngineVersionsIn) (*ListEngineVersionsOut, error) {
	return &ListEngineVersionsOut{EngineVersions: []EngineVersion{{"AUTO", engineVersion}, {engineVersion, engineVersion}}}, nil
}
