package cwlogs

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// The journal's keys. Names are path-escaped, so that a slash in one cannot reach into another's.
//
//	logs/group/<account>/<region>/<group>             storedGroup
//	logs/stream/<account>/<region>/<group>/<stream>   storedStream
//	logs/trash/<stream id>                            a deleted stream whose shard may still be there

const trashPrefix = "logs/trash/"

func groupPrefix(sc hydrant.Scope) string { return "logs/group/" + sc.String() + "/" }

func groupKey(sc hydrant.Scope, group string) string {
	return groupPrefix(sc) + url.PathEscape(group)
}

func streamPrefix(sc hydrant.Scope, group string) string {
	return "logs/stream/" + sc.String() + "/" + url.PathEscape(group) + "/"
}

func streamKey(sc hydrant.Scope, group, stream string) string {
	return streamPrefix(sc, group) + url.PathEscape(stream)
}

// storedGroup is a log group. Its name is repeated inside, so that a listing need not unescape keys.
type storedGroup struct {
	Name      string
	Created   int64             // Unix ms
	Retention int               `json:",omitempty"` // days; 0 = for ever
	Class     string            // STANDARD, INFREQUENT_ACCESS, DELIVERY
	Key       string            `json:",omitempty"` // KMS key id; kept, not used
	Protected bool              `json:",omitempty"` // against deletion
	Tags      map[string]string `json:",omitempty"`
}

// storedStream is a log stream.
type storedStream struct {
	Name    string
	Created int64 // Unix ms
	// ID names its shard and is never used again, so that a stream made anew under an old name
	// starts empty.
	ID string
	// Shard: there is one; the stream has had events.
	Shard bool `json:",omitempty"`

	key string // its own in the journal
}

func (s *Service) group(sc hydrant.Scope, name string) (storedGroup, error) {
	g, ok, err := journal.Load[storedGroup](s.journal, groupKey(sc, name))
	if err == nil && !ok {
		err = noGroup()
	}
	return g, err
}

// stored finds a stream of a group that is there.
func (s *Service) stored(sc hydrant.Scope, group, name string) (storedStream, error) {
	key := streamKey(sc, group, name)
	st, ok, err := journal.Load[storedStream](s.journal, key)
	if err == nil && !ok {
		err = noStream()
	}
	st.key = key
	return st, err
}

// both finds a group and a stream of it.
func (s *Service) both(sc hydrant.Scope, group, stream string) (storedGroup, storedStream, error) {
	g, err := s.group(sc, group)
	if err != nil {
		return g, storedStream{}, err
	}
	st, err := s.stored(sc, group, stream)
	return g, st, err
}

// each calls f with the values below a prefix in byte order of their keys until it returns false.
func each[T any](j journal.Journal, prefix string, f func(T) bool) (err error) {
	j.Range(prefix, func(key string, value []byte) bool {
		var v T
		if err = json.Unmarshal(value, &v); err != nil {
			err = fmt.Errorf("journal value of %s: %w", key, err)
			return false
		}
		return f(v)
	})
	return err
}

// groupName is the group a request means: by name, or by an identifier that is a name or an ARN of
// the caller's scope.
func groupName(sc hydrant.Scope, name, identifier string) (string, error) {
	switch {
	case name != "" && identifier != "":
		return "", invalid("Only one of logGroupName and logGroupIdentifier may be specified.")
	case name != "":
		return name, nil
	case identifier == "":
		return "", invalid("One of logGroupName and logGroupIdentifier must be specified.")
	case strings.HasPrefix(identifier, "arn:"):
		return groupOfARN(sc, identifier)
	}
	return identifier, nil
}

// groupOfARN takes arn:aws:logs:region:account:log-group:NAME, with or without :* behind it.
func groupOfARN(sc hydrant.Scope, arn string) (string, error) {
	a, err := hydrant.ParseARN(arn)
	if err != nil || a.Service != "logs" {
		return "", invalid("The ARN %s is not a log group's.", arn)
	}
	name, ok := a.Name("log-group:")
	if !ok {
		return "", invalid("The ARN %s is not a log group's.", arn)
	}
	if a.Scope() != sc {
		return "", noGroup()
	}
	return strings.TrimSuffix(name, ":*"), nil
}

func groupARN(sc hydrant.Scope, group string) string { return sc.ARN("logs", "log-group:"+group) }

// Listing tokens are opaque to clients: what to go on behind, in base64.

func token(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("internal error: token: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func readToken(s string, v any) error {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return badToken()
	}
	return nil
}
