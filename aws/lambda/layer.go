package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

const layerPrefix = "lambda/layer/" // + account / region / name

// layer is a layer with its versions, as it stands in the journal. One in Service.layers is never
// modified.
type layer struct {
	Scope    hydrant.Scope
	Name     string
	Versions []layerVersion
	Last     int // the highest number given
}

type layerVersion struct {
	Version       int
	Sha           string
	Size          int64
	Description   string
	Created       string
	License       string
	Runtimes      []string
	Architectures []string
}

func (l *layer) key() fnKey         { return fnKey{l.Scope, l.Name} }
func (l *layer) arn() string        { return l.Scope.ARN("lambda", "layer:"+l.Name) }
func (l *layer) journalKey() string { return layerPrefix + l.Scope.String() + "/" + l.Name }

func (l *layer) version(n int) (*layerVersion, bool) {
	for i := range l.Versions {
		if l.Versions[i].Version == n {
			return &l.Versions[i], true
		}
	}
	return nil, false
}

// layerName reads a layer's name or ARN, with its version where the ARN has one.
func layerName(ctx context.Context, ref string) (key fnKey, version int, err error) {
	key = fnKey{hydrant.ScopeOf(ctx), ref}
	if !strings.HasPrefix(ref, "arn:") {
		return key, 0, nil
	}
	a, err := hydrant.ParseARN(ref)
	name, ok := a.Name("layer:")
	if err != nil || a.Service != "lambda" || !ok {
		return key, 0, validation("Value '%s' at 'layerName' failed to satisfy constraint: Member must be the name or ARN of a layer", ref)
	}
	name, number, _ := strings.Cut(name, ":")
	key = fnKey{a.Scope(), name}
	if number != "" {
		if version, err = strconv.Atoi(number); err != nil {
			return key, 0, validation("Value '%s' at 'layers' failed to satisfy constraint: Member must be the ARN of a layer version", ref)
		}
	}
	return key, version, nil
}

// findLayer returns a version of a layer.
func (s *Service) findLayer(ctx context.Context, ref string, version int) (*layer, *layerVersion, error) {
	key, inName, err := layerName(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	if version == 0 {
		version = inName
	}
	s.mu.RLock()
	l := s.layers[key]
	s.mu.RUnlock()
	if l != nil {
		if v, ok := l.version(version); ok {
			return l, v, nil
		}
	}
	return nil, nil, notFound("The resource you requested does not exist.")
}

// useLayers gives a configuration the layers a request names; nil leaves those it has.
func (s *Service) useLayers(ctx context.Context, f *function, c *Configuration, arns []string) error {
	if arns == nil {
		return nil
	}
	if len(arns) > maxLayers {
		return invalid("Layers count should be less than or equal to %d.", maxLayers)
	}
	c.Layers = nil
	for _, arn := range arns {
		key, version, err := layerName(ctx, arn)
		if err != nil || version == 0 {
			return validation("Value '%v' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must be the ARN of a layer version]", arns)
		}
		for _, other := range c.Layers {
			if o, _, _ := layerName(ctx, other.Arn); o == key {
				return invalid("Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer.", other.Arn, arn)
			}
		}
		_, v, err := s.findLayer(ctx, arn, 0)
		if err != nil {
			return invalid("Layer version %s does not exist.", arn)
		}
		c.Layers = append(c.Layers, Layer{Arn: arn, CodeSize: v.Size})
		if f.LayerShas == nil {
			f.LayerShas = map[string]string{}
		}
		f.LayerShas[arn] = v.Sha // a layer that is deleted goes on in functions that have it
	}
	return nil
}

// opt is the folder that stands for /opt: a configuration's layers unpacked over each other in their
// order. "" where it has none.
func (s *Service) opt(f *function, c *Configuration) (string, error) {
	if len(c.Layers) == 0 {
		return "", nil
	}
	var shas []string
	for _, l := range c.Layers {
		shas = append(shas, f.LayerShas[l.Arn])
	}
	return s.code.merged(shas)
}

// merged is the folder of several zips unpacked over each other, the last one on top.
func (a *archive) merged(shas []string) (string, error) {
	h := sha256.Sum256([]byte(strings.Join(shas, " ")))
	dir := filepath.Join(a.dir, "opt", hex.EncodeToString(h[:16]))
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(filepath.Join(a.dir, "opt"), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp) // nothing there once renamed
	for _, sha := range shas {
		body, err := os.ReadFile(a.zip(sha))
		if err != nil {
			return "", err
		}
		if err := unzip(tmp, body, a.limit); err != nil {
			return "", fmt.Errorf("layer: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	return dir, os.Rename(tmp, dir)
}

// storeLayer writes a layer down, or forgets one without versions, and shows it. The caller holds
// s.changing.
func (s *Service) storeLayer(ctx context.Context, l *layer) error {
	change := journal.Set(l.journalKey(), l)
	if err := s.cfg.Journal.Commit(ctx, change); err != nil {
		return fmt.Errorf("store layer %s: %w", l.arn(), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layers[l.key()] = l
	return nil
}
