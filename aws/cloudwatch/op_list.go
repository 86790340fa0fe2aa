package cloudwatch

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	ListMetricsIn struct {
		Namespace             string
		MetricName            string
		Dimensions            []DimensionFilter
		NextToken             string
		RecentlyActive        string
		IncludeLinkedAccounts *bool
		OwningAccount         string
	}
	// DimensionFilter asks for a dimension of that name, with any value where Value is absent.
	DimensionFilter struct{ Name, Value string }
	ListMetricsOut  struct {
		Metrics        []Metric `required:""`
		NextToken      string
		OwningAccounts []string
	}
	Metric struct {
		Namespace  string
		MetricName string
		Dimensions []Dimension
	}
)

// ListMetrics lists the metrics that got data within the last two weeks.
//
//	Wire     GraniteServiceVersion20100801.ListMetrics over rpc-v2-cbor, json 1.0, query
//	Limits   maxListed, maxFilters
//	Order    of namespace, name, dimensions
//	Differs  a metric is listed at once; metrics of linked accounts are never
func (s *Service) ListMetrics(ctx context.Context, in *ListMetricsIn) (*ListMetricsOut, error) {
	if in.Namespace != "" {
		if err := checkNamespace("Namespace", in.Namespace); err != nil {
			return nil, err
		}
	}
	if in.MetricName != "" {
		if err := checkText("MetricName", in.MetricName, maxName); err != nil {
			return nil, err
		}
	}
	if len(in.Dimensions) > maxFilters {
		return nil, tooMany("Dimensions", maxFilters)
	}
	for i, d := range in.Dimensions {
		if err := checkText(fmt.Sprintf("Dimensions.member.%d.Name", i+1), d.Name, maxName); err != nil {
			return nil, err
		}
	}
	if in.RecentlyActive != "" && in.RecentlyActive != "PT3H" {
		return nil, invalid("The parameter RecentlyActive must be a value in the set [ PT3H ].")
	}
	if err := s.noteActive(ctx); err != nil {
		return nil, fmt.Errorf("cloudwatch: index: %w", err)
	}
	prefix := scopePrefix(hydrant.ScopeOf(ctx))
	after := ""
	if in.NextToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(in.NextToken)
		if after = string(last); err != nil || !strings.HasPrefix(after, prefix) {
			return nil, invalid("The value %s for parameter NextToken is invalid.", in.NextToken)
		}
	}
	if in.OwningAccount != "" && in.OwningAccount != hydrant.ScopeOf(ctx).Account {
		return &ListMetricsOut{}, nil
	}
	return s.listed(ctx, in, prefix, after)
}

// listed is the page behind the key after.
func (s *Service) listed(ctx context.Context, in *ListMetricsIn, prefix, after string) (*ListMetricsOut, error) {
	if in.Namespace != "" {
		if prefix += in.Namespace + "\t"; in.MetricName != "" {
			prefix += in.MetricName
		}
	}
	now := time.Now()
	oldest := now.Add(-listedFor).Unix() / 86400
	recent := recency{s: s, since: now.Add(-recentlyActive)}
	out := &ListMetricsOut{}
	last := ""
	var failed error
	s.journal.Range(prefix, func(key string, value []byte) bool {
		if key <= after {
			return true
		}
		day, err := strconv.ParseInt(string(value), 10, 64)
		of, ok := seriesOf(key)
		if err != nil || !ok || day < oldest || in.MetricName != "" && of.name != in.MetricName {
			return true
		}
		dimensions := splitDimensions(of.dimensions)
		if !matches(dimensions, in.Dimensions) {
			return true
		}
		if in.RecentlyActive != "" {
			active, err := recent.has(ctx, of)
			if failed = err; err != nil || !active {
				return err == nil
			}
		}
		if len(out.Metrics) == maxListed {
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(last))
			return false
		}
		if last = key; dimensions == nil {
			dimensions = []Dimension{}
		}
		out.Metrics = append(out.Metrics, Metric{of.namespace, of.name, dimensions})
		return true
	})
	if failed != nil {
		return nil, failed
	}
	if in.IncludeLinkedAccounts != nil && *in.IncludeLinkedAccounts {
		for range out.Metrics {
			out.OwningAccounts = append(out.OwningAccounts, hydrant.ScopeOf(ctx).Account)
		}
	}
	return out, nil
}

func matches(have []Dimension, want []DimensionFilter) bool {
	for _, w := range want {
		found := false
		for _, h := range have {
			found = found || h.Name == w.Name && (w.Value == "" || h.Value == w.Value)
		}
		if !found {
			return false
		}
	}
	return true
}

// recency knows which series got data since a time. Series come by metric, so it remembers those of one.
type recency struct {
	s      *Service
	since  time.Time
	shard  string
	active map[string]bool // by dimensions
}

func (r *recency) has(ctx context.Context, of series) (bool, error) {
	if shard := of.shard(); r.shard != shard {
		r.shard, r.active = shard, map[string]bool{}
		err := r.s.scan(ctx, shard, r.since, func(rec *hydrant.Record) error {
			r.active[rec.Key] = true
			return nil
		})
		if err != nil {
			return false, err
		}
		r.s.activeMu.Lock()
		for _, m := range r.s.active {
			if m.series.shard() == shard {
				r.active[m.series.dimensions] = true
			}
		}
		r.s.activeMu.Unlock()
	}
	return r.active[of.dimensions], nil
}
