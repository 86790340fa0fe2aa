package lambda

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type PublishLayerVersionIn struct {
	LayerName               string       `in:"path=LayerName" required:"" min:"1" max:"140" pattern:"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+"`
	Description             string       `max:"256"`
	Content                 FunctionCode `required:""`
	CompatibleRuntimes      []string     `max:"15"`
	LicenseInfo             string       `max:"512"`
	CompatibleArchitectures []string     `max:"2"`
}

// LayerVersion describes a version of a layer.
type LayerVersion struct {
	Content                 *LayerContent
	LayerArn                string
	LayerVersionArn         string
	Description             string
	CreatedDate             string
	Version                 int
	CompatibleRuntimes      []string
	LicenseInfo             string
	CompatibleArchitectures []string
}

type LayerContent struct {
	Location   string
	CodeSha256 string
	CodeSize   int64
}

func (s *Service) shownLayer(l *layer, v *layerVersion, content bool) *LayerVersion {
	out := &LayerVersion{
		LayerArn:                l.arn(),
		LayerVersionArn:         fmt.Sprintf("%s:%d", l.arn(), v.Version),
		Description:             v.Description,
		CreatedDate:             v.Created,
		Version:                 v.Version,
		CompatibleRuntimes:      v.Runtimes,
		LicenseInfo:             v.License,
		CompatibleArchitectures: v.Architectures,
	}
	if content {
		out.Content = &LayerContent{Location: s.link(v.Sha), CodeSha256: v.Sha, CodeSize: v.Size}
	}
	return out
}

// PublishLayerVersion makes the next version of a layer from an archive.
//
//	Wire     POST /2018-10-31/layers/{LayerName}/versions, 201
//	Limits   maxZipBytes, maxUnzippedBytes
//	Durable  archive and version are on disk before the reply
//	Differs  a function finds its layers in the folder its paths name, which is not /opt; extensions in them are not started
//	Proof    TestLayers
func (s *Service) PublishLayerVersion(ctx context.Context, in *PublishLayerVersionIn) (*LayerVersion, error) {
	key, version, err := layerName(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	if version != 0 {
		return nil, validation("Value '%s' at 'layerName' failed to satisfy constraint: Member must be the name or ARN of a layer", in.LayerName)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	sha, size, err := s.fetch(ctx, &in.Content, "PublishLayerVersion")
	if err != nil {
		return nil, err
	}
	l := &layer{Scope: key.Scope, Name: key.name}
	s.mu.RLock()
	if old := s.layers[key]; old != nil {
		l.Versions, l.Last = slices.Clone(old.Versions), old.Last
	}
	s.mu.RUnlock()
	l.Last++
	l.Versions = append(l.Versions, layerVersion{
		Version: l.Last, Sha: sha, Size: size, Description: in.Description, License: in.LicenseInfo,
		Created: time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures,
	})
	if err := s.storeLayer(ctx, l); err != nil {
		return nil, err
	}
	return s.shownLayer(l, &l.Versions[len(l.Versions)-1], true), nil
}

type LayerVersionIn struct {
	LayerName     string `in:"path=LayerName" required:"" min:"1" max:"140"`
	VersionNumber string `in:"path=VersionNumber" required:""`
}

func (in *LayerVersionIn) number() (int, error) {
	n, err := strconv.Atoi(in.VersionNumber)
	if err != nil || n < 1 {
		return 0, invalid("Layer Version Cannot be less than 1.")
	}
	return n, nil
}

// GetLayerVersion describes a version of a layer and tells where its archive may be downloaded.
//
//	Wire     GET /2018-10-31/layers/{LayerName}/versions/{VersionNumber}, 200
//	Proof    TestLayers
func (s *Service) GetLayerVersion(ctx context.Context, in *LayerVersionIn) (*LayerVersion, error) {
	n, err := in.number()
	if err != nil {
		return nil, err
	}
	l, v, err := s.findLayer(ctx, in.LayerName, n)
	if err != nil {
		return nil, err
	}
	return s.shownLayer(l, v, true), nil
}

type LayerVersionByArnIn struct {
	Arn string `in:"query=Arn" required:"" min:"1" max:"140"`
}

// GetLayerVersionByArn is GetLayerVersion by the version's ARN.
//
//	Wire     GET /2018-10-31/layers?find=LayerVersion, 200
//	Proof    TestLayers
func (s *Service) GetLayerVersionByArn(ctx context.Context, in *LayerVersionByArnIn) (*LayerVersion, error) {
	l, v, err := s.findLayer(ctx, in.Arn, 0)
	if err != nil {
		return nil, err
	}
	return s.shownLayer(l, v, true), nil
}

// DeleteLayerVersion removes a version; functions that have it keep it. Its number is not given again.
//
//	Wire     DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}, 204
//	Proof    TestLayers
func (s *Service) DeleteLayerVersion(ctx context.Context, in *LayerVersionIn) (*Empty, error) {
	n, err := in.number()
	if err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	old, v, err := s.findLayer(ctx, in.LayerName, n)
	if err != nil {
		return &Empty{}, nil // as on AWS, deleting what is not there succeeds
	}
	l := *old
	l.Versions = slices.DeleteFunc(slices.Clone(old.Versions), func(o layerVersion) bool { return o.Version == n })
	if err := s.storeLayer(ctx, &l); err != nil {
		return nil, err
	}
	s.dropUnused(v.Sha)
	return &Empty{}, nil
}

type ListLayerVersionsIn struct {
	LayerName              string `in:"path=LayerName" required:"" min:"1" max:"140"`
	CompatibleRuntime      string `in:"query=CompatibleRuntime"`
	CompatibleArchitecture string `in:"query=CompatibleArchitecture"`
	Marker                 string `in:"query=Marker"`
	MaxItems               *int   `in:"query=MaxItems" min:"1" max:"50"`
}

type ListLayerVersionsOut struct {
	LayerVersions []*LayerVersion
	NextMarker    string
}

// matches reports whether a version is listed for what a request asks.
func (v *layerVersion) matches(runtime, architecture string) bool {
	return (runtime == "" || slices.Contains(v.Runtimes, runtime)) && (architecture == "" || slices.Contains(v.Architectures, architecture))
}

// ListLayerVersions lists the versions of a layer, newest first.
//
//	Wire     GET /2018-10-31/layers/{LayerName}/versions, 200
//	Proof    TestLayers
func (s *Service) ListLayerVersions(ctx context.Context, in *ListLayerVersionsIn) (*ListLayerVersionsOut, error) {
	key, _, err := layerName(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	l := s.layers[key]
	s.mu.RUnlock()
	var list []*LayerVersion
	if l != nil {
		for i := range slices.Backward(l.Versions) {
			if v := &l.Versions[i]; v.matches(in.CompatibleRuntime, in.CompatibleArchitecture) {
				list = append(list, s.shownLayer(l, v, false))
			}
		}
	}
	out := &ListLayerVersionsOut{}
	out.LayerVersions, out.NextMarker = page(list, in.Marker, in.MaxItems, func(v *LayerVersion) string { return fmt.Sprintf("%010d", 1<<31-v.Version) })
	return out, nil
}

type ListLayersIn struct {
	CompatibleRuntime      string `in:"query=CompatibleRuntime"`
	CompatibleArchitecture string `in:"query=CompatibleArchitecture"`
	Marker                 string `in:"query=Marker"`
	MaxItems               *int   `in:"query=MaxItems" min:"1" max:"50"`
}

type LayerItem struct {
	LayerName             string
	LayerArn              string
	LatestMatchingVersion *LayerVersion
}

type ListLayersOut struct {
	Layers     []*LayerItem
	NextMarker string
}

// ListLayers lists the layers of the caller's account and Region with their newest versions, by name.
//
//	Wire     GET /2018-10-31/layers, 200
//	Proof    TestLayers
func (s *Service) ListLayers(ctx context.Context, in *ListLayersIn) (*ListLayersOut, error) {
	scope := hydrant.ScopeOf(ctx)
	var list []*LayerItem
	s.mu.RLock()
	for k, l := range s.layers {
		if k.Scope != scope {
			continue
		}
		for i := range slices.Backward(l.Versions) {
			if v := &l.Versions[i]; v.matches(in.CompatibleRuntime, in.CompatibleArchitecture) {
				list = append(list, &LayerItem{LayerName: l.Name, LayerArn: l.arn(), LatestMatchingVersion: s.shownLayer(l, v, false)})
				break
			}
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(list, func(a, b *LayerItem) int { return cmp.Compare(a.LayerName, b.LayerName) })
	out := &ListLayersOut{}
	out.Layers, out.NextMarker = page(list, in.Marker, in.MaxItems, func(l *LayerItem) string { return l.LayerName })
	return out, nil
}
