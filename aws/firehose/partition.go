package firehose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itchyny/gojq"
)

// query is the jq of a MetadataExtraction processor.
type query struct {
	code *gojq.Code
	// keys are the members of the object it makes, as far as the text tells; known is false where
	// it is no plain object.
	keys  []string
	known bool

	took time.Duration // of the last round
}

// queryTime bounds the evaluation for one record: jq can loop for ever.
const queryTime = 5 * time.Second

func newQuery(text string) (*query, error) {
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	q := &query{}
	if q.code, err = gojq.Compile(parsed); err != nil {
		return nil, err
	}
	if t := parsed.Term; t != nil && t.Type == gojq.TermTypeObject && len(t.SuffixList) == 0 && parsed.Left == nil {
		q.keys, q.known = objectKeys(t.Object)
	}
	return q, nil
}

func objectKeys(o *gojq.Object) (keys []string, known bool) {
	for _, kv := range o.KeyVals {
		switch {
		case kv.Key != "" && kv.Key[0] != '$':
			keys = append(keys, kv.Key)
		case len(kv.Key) > 1:
			keys = append(keys, kv.Key[1:])
		case kv.KeyString != nil && kv.KeyString.Queries == nil:
			keys = append(keys, kv.KeyString.Str)
		default:
			return nil, false
		}
	}
	return keys, true
}

// eval is the object the query makes of a record.
func (q *query) eval(ctx context.Context, data []byte) (map[string]any, error) {
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, errors.New("The record is not a valid JSON document.")
	}
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	v, ok := q.code.RunWithContext(ctx, doc).Next()
	if !ok {
		return nil, errNoKeys
	}
	if err, bad := v.(error); bad {
		return nil, fmt.Errorf("The query could not be evaluated: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errNoKeys
	}
	return object, nil
}

var errNoKeys = errors.New("partitionKeys values must not be null or empty")

// partitionKeys are the values that name a partition: its place among the others, and in prefixes.
type partitionKeys struct {
	Query  map[string]string `json:",omitempty"`
	Lambda map[string]string `json:",omitempty"`
}

// text is the same for the same values.
func (k partitionKeys) text() string {
	b, err := json.Marshal(k) // maps are sorted
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return string(b)
}

// size is how long the values are.
func (k partitionKeys) size() (n int) {
	for _, m := range []map[string]string{k.Query, k.Lambda} {
		for _, v := range m {
			n += len(v)
		}
	}
	return n
}

func parsePartition(text string) (k partitionKeys, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &k)
	}
	return k, err
}

// partition finds the partition of a record, or fails it.
func (p *processing) partition(ctx context.Context, u *unit) {
	k, err := p.partitionKeys(ctx, u)
	if err == nil && p.literal+k.size() > maxEvaluatedPrefix {
		err = errors.New("Length of evaluated prefix cannot be greater than 512") // no store would take the key
	}
	if err != nil {
		u.fail(processingFailed, "DynamicPartitioning.MetadataExtractionFailed", err.Error(), 1)
		return
	}
	u.partition = k.text()
}

func (p *processing) partitionKeys(ctx context.Context, u *unit) (k partitionKeys, err error) {
	if len(p.queryKeys) > 0 && p.query != nil {
		object, err := p.query.eval(ctx, u.data)
		if err != nil {
			return k, err
		}
		k.Query = map[string]string{}
		for _, name := range p.queryKeys {
			if k.Query[name], err = scalar(object[name]); err != nil {
				return k, err
			}
		}
	}
	if len(p.lambdaKeys) > 0 {
		k.Lambda = map[string]string{}
		for _, name := range p.lambdaKeys {
			value := u.keys[name]
			if value == "" {
				return k, errNoKeys
			}
			k.Lambda[name] = value
		}
	}
	return k, nil
}

// scalar is a value as it stands in a prefix.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if v != "" {
			return v, nil
		}
	case nil, []any, map[string]any:
	default:
		b, err := gojq.Marshal(v)
		return string(b), err
	}
	return "", errNoKeys
}

// missing are the names that are not among those there are.
func missing(names, among []string) (not []string) {
	for _, n := range names {
		if !slices.Contains(among, n) {
			not = append(not, n)
		}
	}
	return not
}
