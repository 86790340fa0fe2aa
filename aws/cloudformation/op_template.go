package cloudformation

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation/template"
)

// body is the template a request gives, inline or on S3.
func (s *Service) body(ctx context.Context, inline, at string) (string, error) {
	if (inline == "") == (at == "") {
		return "", validation("Either Template URL or Template Body must be specified.")
	}
	if inline != "" {
		if len(inline) > template.MaxBodyBytes {
			return "", validation("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", template.MaxBodyBytes)
		}
		return inline, nil
	}
	bucket, key, ok := s3Place(at)
	if !ok || s.Objects == nil {
		return "", validation("TemplateURL must be a supported URL.")
	}
	b, err := s.Objects.GetObject(ctx, hydrant.ScopeOf(ctx), bucket, key)
	if f, isFault := hydrant.AsFault(err); isFault {
		return "", validation("S3 error: %s\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", f.Message)
	}
	if err != nil {
		return "", err
	}
	if len(b) > template.MaxURLBytes {
		return "", validation("Template may not exceed %d bytes in size.", template.MaxURLBytes)
	}
	return string(b), nil
}

// s3Place is the object a URL names: https://s3.<region>.amazonaws.com/bucket/key, any other host with
// bucket and key in its path, or https://bucket.s3.<region>.amazonaws.com/key.
func s3Place(at string) (bucket, key string, ok bool) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", "", false
	}
	path := strings.TrimPrefix(u.Path, "/")
	if bucket, rest, found := strings.Cut(u.Hostname(), ".s3"); found && (rest == "" || rest[0] == '.' || rest[0] == '-') {
		return bucket, path, bucket != "" && path != ""
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key, bucket != "" && key != ""
}

type (
	GetTemplateIn struct {
		StackName     string
		ChangeSetName string `min:"1" max:"1600"`
		TemplateStage string `enum:"Original|Processed"`
	}
	GetTemplateOut struct {
		TemplateBody    string
		StagesAvailable []string
	}

	ValidateTemplateIn struct {
		TemplateBody string
		TemplateURL  string `max:"5120"`
	}
	ValidateTemplateOut struct {
		Parameters         []TemplateParameter
		Description        string
		Capabilities       []string
		CapabilitiesReason string
		DeclaredTransforms []string
	}
	TemplateParameter struct {
		ParameterKey string
		DefaultValue *string
		NoEcho       bool
		Description  string
	}

	GetTemplateSummaryIn struct {
		TemplateBody string
		TemplateURL  string `max:"5120"`
		StackName    string
	}
	GetTemplateSummaryOut struct {
		Parameters                  []ParameterDeclaration
		Description                 string
		Capabilities                []string
		CapabilitiesReason          string
		ResourceTypes               []string
		Version                     string
		Metadata                    string
		DeclaredTransforms          []string
		ResourceIdentifierSummaries []struct{}
	}
	ParameterDeclaration struct {
		ParameterKey         string
		DefaultValue         *string
		ParameterType        string
		NoEcho               bool
		Description          string
		ParameterConstraints ParameterConstraints
	}
	ParameterConstraints struct{ AllowedValues []string }
)

// GetTemplate gives a template back as it was given.
//
//	Wire     GetTemplate over query
//	Differs  Processed and Original are the same: no transform rewrites a template
func (s *Service) GetTemplate(ctx context.Context, in *GetTemplateIn) (*GetTemplateOut, error) {
	stages := []string{"Original", "Processed"}
	if in.ChangeSetName != "" {
		c, err := s.changeSet(ctx, in.StackName, in.ChangeSetName)
		if err != nil {
			return nil, err
		}
		return &GetTemplateOut{c.Revision.Body, stages}, nil
	}
	st := s.find(ctx, in.StackName)
	if st == nil {
		return nil, validation("Stack with id %s does not exist", in.StackName)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	rev := st.info.current()
	if rev == nil {
		return nil, validation("Stack %s has no template yet.", in.StackName)
	}
	return &GetTemplateOut{rev.Body, stages}, nil
}

// ValidateTemplate says whether a template holds, and what it asks for.
//
//	Wire     ValidateTemplate over query
func (s *Service) ValidateTemplate(ctx context.Context, in *ValidateTemplateIn) (*ValidateTemplateOut, error) {
	d, err := s.GetTemplateSummary(ctx, &GetTemplateSummaryIn{TemplateBody: in.TemplateBody, TemplateURL: in.TemplateURL})
	if err != nil {
		return nil, err
	}
	out := &ValidateTemplateOut{Parameters: []TemplateParameter{}, Description: d.Description, Capabilities: d.Capabilities, CapabilitiesReason: d.CapabilitiesReason, DeclaredTransforms: d.DeclaredTransforms}
	for _, p := range d.Parameters {
		out.Parameters = append(out.Parameters, TemplateParameter{p.ParameterKey, p.DefaultValue, p.NoEcho, p.Description})
	}
	return out, nil
}

// GetTemplateSummary tells what a template asks for and what it makes.
//
//	Wire     GetTemplateSummary over query
//	Differs  no identifiers for imports
func (s *Service) GetTemplateSummary(ctx context.Context, in *GetTemplateSummaryIn) (*GetTemplateSummaryOut, error) {
	var body string
	var err error
	if in.StackName != "" {
		g, err := s.GetTemplate(ctx, &GetTemplateIn{StackName: in.StackName})
		if err != nil {
			return nil, err
		}
		body = g.TemplateBody
	} else if body, err = s.body(ctx, in.TemplateBody, in.TemplateURL); err != nil {
		return nil, err
	}
	t, err := template.Parse(body)
	if err != nil {
		return nil, templateFault(err)
	}
	if err := s.known(t); err != nil {
		return nil, err
	}
	out := &GetTemplateSummaryOut{Parameters: []ParameterDeclaration{}, Description: t.Description, Version: t.Version, DeclaredTransforms: t.Transforms}
	needs, because := s.capabilities(t)
	if out.Capabilities = needs; because != nil {
		out.CapabilitiesReason = "The following resource(s) require capabilities: [" + strings.Join(because, ", ") + "]"
	}
	for _, p := range t.Parameters {
		out.Parameters = append(out.Parameters, ParameterDeclaration{p.Name, p.Default, p.Type, p.NoEcho, p.Description, ParameterConstraints{p.AllowedValues}})
	}
	for _, r := range t.Resources {
		if !slices.Contains(out.ResourceTypes, r.Type) {
			out.ResourceTypes = append(out.ResourceTypes, r.Type)
		}
	}
	return out, nil
}
