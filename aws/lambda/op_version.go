package lambda

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

type PublishVersionIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	CodeSha256   string
	Description  *string `max:"256"`
	RevisionId   string
}

// PublishVersion freezes $LATEST under the next number; unchanged since the last one, it returns that.
//
//	Wire     POST /2015-03-31/functions/{FunctionName}/versions, 201
//	Durable  on disk before the reply
//	Proof    TestVersionsAndAliases
func (s *Service) PublishVersion(ctx context.Context, in *PublishVersionIn) (*Configuration, error) {
	var out *Configuration
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		if in.RevisionId != "" && in.RevisionId != f.Latest.RevisionId {
			return stale()
		}
		if in.CodeSha256 != "" && in.CodeSha256 != f.Latest.CodeSha256 {
			return invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", in.CodeSha256, f.Latest.CodeSha256)
		}
		description := f.Latest.Description
		set(&description, in.Description)
		c := f.publish(description)
		out = f.shown(c, c.Version)
		return nil
	})
	return out, err
}

// publish makes a version of $LATEST, unless the last one is the same.
func (f *function) publish(description string) *Configuration {
	if n := len(f.Versions); n > 0 {
		if last := &f.Versions[n-1]; last.LastModified == f.Latest.LastModified && last.CodeSha256 == f.Latest.CodeSha256 {
			return last
		}
	}
	f.Last++
	c := f.Latest
	c.Version = strconv.Itoa(f.Last)
	c.Description = cmp.Or(description, c.Description)
	c.RevisionId = uuid.NewString()
	f.Versions = append(f.Versions, c)
	return &f.Versions[len(f.Versions)-1]
}

type ListVersionsIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	Marker       string `in:"query=Marker"`
	MaxItems     *int   `in:"query=MaxItems" min:"1" max:"10000"`
}

type ListVersionsOut struct {
	Versions   []*Configuration
	NextMarker string
}

// ListVersionsByFunction lists $LATEST and the published versions.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}/versions, 200
//	Proof    TestVersionsAndAliases
func (s *Service) ListVersionsByFunction(ctx context.Context, in *ListVersionsIn) (*ListVersionsOut, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	list := []*Configuration{f.shown(&f.Latest, latest)}
	for i := range f.Versions {
		list = append(list, f.shown(&f.Versions[i], f.Versions[i].Version))
	}
	// Sorted as numbers; the marker is one, padded.
	key := func(c *Configuration) string {
		if c.Version == latest {
			return " "
		}
		n, _ := strconv.Atoi(c.Version) // ours
		return strconv.FormatInt(1e12+int64(n), 10)
	}
	out := &ListVersionsOut{}
	out.Versions, out.NextMarker = page(list, in.Marker, in.MaxItems, key)
	return out, nil
}

type RoutingConfig struct {
	AdditionalVersionWeights map[string]float64 `keymin:"1" keymax:"1024" keypattern:"[0-9]+" eachmin:"0" eachmax:"1"`
}

// AliasConfiguration is an alias, as stored and as shown.
type AliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *RoutingConfig
	RevisionId      string
}

type CreateAliasIn struct {
	FunctionName    string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Name            string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9-_]+"`
	FunctionVersion string `required:"" min:"1" max:"1024" pattern:"(\\$LATEST(\\.PUBLISHED)?|[0-9]+)"`
	Description     string `max:"256"`
	RoutingConfig   *RoutingConfig
}

// CreateAlias names a version.
//
//	Wire     POST /2015-03-31/functions/{FunctionName}/aliases, 201
//	Proof    TestVersionsAndAliases
func (s *Service) CreateAlias(ctx context.Context, in *CreateAliasIn) (*AliasConfiguration, error) {
	if _, err := strconv.Atoi(in.Name); err == nil {
		return nil, validation("Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", in.Name)
	}
	var a AliasConfiguration
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		if _, ok := f.Aliases[in.Name]; ok {
			return conflict("Alias already exists: %s", qualified(f.arn(), in.Name))
		}
		a = AliasConfiguration{AliasArn: qualified(f.arn(), in.Name), Name: in.Name, FunctionVersion: in.FunctionVersion,
			Description: in.Description, RoutingConfig: in.RoutingConfig, RevisionId: uuid.NewString()}
		return f.setAlias(a)
	})
	return &a, err
}

func (f *function) setAlias(a AliasConfiguration) error {
	if _, ok := f.version(a.FunctionVersion); !ok {
		return notFound("Function not found: %s", qualified(f.arn(), a.FunctionVersion))
	}
	if a.RoutingConfig != nil {
		if len(a.RoutingConfig.AdditionalVersionWeights) > 1 {
			return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
		}
		for v, w := range a.RoutingConfig.AdditionalVersionWeights {
			switch _, ok := f.version(v); {
			case !ok:
				return notFound("Function not found: %s", qualified(f.arn(), v))
			case v == latest || a.FunctionVersion == latest:
				return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
			case v == a.FunctionVersion || w < 0 || w > 1:
				return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", v, a.FunctionVersion)
			}
		}
	}
	if f.Aliases == nil {
		f.Aliases = map[string]AliasConfiguration{}
	}
	f.Aliases[a.Name] = a
	return nil
}

type AliasIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Name         string `in:"path=Name" required:"" min:"1" max:"128"`
}

// GetAlias describes an alias.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}/aliases/{Name}, 200
//	Proof    TestVersionsAndAliases
func (s *Service) GetAlias(ctx context.Context, in *AliasIn) (*AliasConfiguration, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	a, ok := f.Aliases[in.Name]
	if !ok {
		return nil, notFound("Cannot find alias arn: %s", qualified(f.arn(), in.Name))
	}
	return &a, nil
}

type UpdateAliasIn struct {
	FunctionName    string  `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Name            string  `in:"path=Name" required:"" min:"1" max:"128"`
	FunctionVersion string  `pattern:"(\\$LATEST(\\.PUBLISHED)?|[0-9]+)"`
	Description     *string `max:"256"`
	RoutingConfig   *RoutingConfig
	RevisionId      string
}

// UpdateAlias points an alias elsewhere.
//
//	Wire     PUT /2015-03-31/functions/{FunctionName}/aliases/{Name}, 200
//	Proof    TestVersionsAndAliases
func (s *Service) UpdateAlias(ctx context.Context, in *UpdateAliasIn) (*AliasConfiguration, error) {
	var a AliasConfiguration
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		var ok bool
		if a, ok = f.Aliases[in.Name]; !ok {
			return notFound("Cannot find alias arn: %s", qualified(f.arn(), in.Name))
		}
		if in.RevisionId != "" && in.RevisionId != a.RevisionId {
			return stale()
		}
		a.FunctionVersion = cmp.Or(in.FunctionVersion, a.FunctionVersion)
		set(&a.Description, in.Description)
		if in.RoutingConfig != nil {
			a.RoutingConfig = in.RoutingConfig
			if len(in.RoutingConfig.AdditionalVersionWeights) == 0 {
				a.RoutingConfig = nil
			}
		}
		a.RevisionId = uuid.NewString()
		return f.setAlias(a)
	})
	return &a, err
}

// DeleteAlias forgets an alias; one that is not there is no error.
//
//	Wire     DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}, 204
//	Proof    TestVersionsAndAliases
func (s *Service) DeleteAlias(ctx context.Context, in *AliasIn) (*Empty, error) {
	_, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		delete(f.Aliases, in.Name)
		delete(f.Policies, in.Name)
		return nil
	})
	return &Empty{}, err
}

type ListAliasesIn struct {
	FunctionName    string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	FunctionVersion string `in:"query=FunctionVersion"`
	Marker          string `in:"query=Marker"`
	MaxItems        *int   `in:"query=MaxItems" min:"1" max:"10000"`
}

type ListAliasesOut struct {
	Aliases    []AliasConfiguration
	NextMarker string
}

// ListAliases lists a function's aliases, by name.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}/aliases, 200
//	Proof    TestVersionsAndAliases
func (s *Service) ListAliases(ctx context.Context, in *ListAliasesIn) (*ListAliasesOut, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	var list []AliasConfiguration
	for _, name := range slices.Sorted(maps.Keys(f.Aliases)) {
		if a := f.Aliases[name]; in.FunctionVersion == "" || a.FunctionVersion == in.FunctionVersion {
			list = append(list, a)
		}
	}
	out := &ListAliasesOut{}
	out.Aliases, out.NextMarker = page(list, in.Marker, in.MaxItems, func(a AliasConfiguration) string { return a.Name })
	return out, nil
}
