package cwlogs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type CreateLogGroupIn struct {
	LogGroupName              string            `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	KmsKeyId                  string            `json:"kmsKeyId" max:"256"`
	Tags                      map[string]string `json:"tags" min:"1" max:"50"`
	LogGroupClass             string            `json:"logGroupClass" enum:"STANDARD|INFREQUENT_ACCESS|DELIVERY"`
	DeletionProtectionEnabled bool              `json:"deletionProtectionEnabled"`
}

// CreateLogGroup makes a log group.
//
//	Wire     Logs_20140328.CreateLogGroup over json 1.1
//	Durable  in the journal before the reply
//	Differs  a KMS key id is kept, nothing is encrypted
//	Proof    TestGroups
func (s *Service) CreateLogGroup(ctx context.Context, in *CreateLogGroupIn) (*Empty, error) {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	key := groupKey(sc, in.LogGroupName)
	if _, ok := s.journal.Get(key); ok {
		return nil, exists("group")
	}
	g := storedGroup{
		Name: in.LogGroupName, Created: time.Now().UnixMilli(), Class: in.LogGroupClass,
		Key: in.KmsKeyId, Protected: in.DeletionProtectionEnabled, Tags: in.Tags,
	}
	if g.Class == "" {
		g.Class = "STANDARD"
	}
	return &Empty{}, s.journal.Commit(ctx, journal.Set(key, g))
}

type DescribeLogGroupsIn struct {
	AccountIdentifiers    []string `json:"accountIdentifiers" max:"20"`
	LogGroupNamePrefix    string   `json:"logGroupNamePrefix" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	LogGroupNamePattern   string   `json:"logGroupNamePattern" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]*"`
	NextToken             string   `json:"nextToken" min:"1"`
	Limit                 *int     `json:"limit" min:"1" max:"50"`
	IncludeLinkedAccounts bool     `json:"includeLinkedAccounts"`
	LogGroupClass         string   `json:"logGroupClass" enum:"STANDARD|INFREQUENT_ACCESS|DELIVERY"`
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers" min:"1" max:"50"`
}

// LogGroup is a log group as clients see it.
type LogGroup struct {
	LogGroupName              string `json:"logGroupName"`
	CreationTime              int64  `json:"creationTime"`
	RetentionInDays           *int   `json:"retentionInDays"`
	MetricFilterCount         int    `json:"metricFilterCount"`
	Arn                       string `json:"arn"`
	StoredBytes               int64  `json:"storedBytes"`
	KmsKeyId                  string `json:"kmsKeyId"`
	LogGroupClass             string `json:"logGroupClass"`
	LogGroupArn               string `json:"logGroupArn"`
	DeletionProtectionEnabled bool   `json:"deletionProtectionEnabled"`
}

type DescribeLogGroupsOut struct {
	LogGroups []LogGroup `json:"logGroups"`
	NextToken string     `json:"nextToken"`
}

// DescribeLogGroups lists log groups by name.
//
//	Wire     Logs_20140328.DescribeLogGroups over json 1.1
//	Limits   maxListed (limits.go)
//	Order    by name
//	Differs  storedBytes is what was written since the streams were made, at once; AWS's lags, and
//	         counts compressed bytes. There are no linked accounts.
//	Proof    TestGroups
func (s *Service) DescribeLogGroups(ctx context.Context, in *DescribeLogGroupsIn) (*DescribeLogGroupsOut, error) {
	sc := hydrant.ScopeOf(ctx)
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	after := ""
	if in.NextToken != "" {
		if err := readToken(in.NextToken, &after); err != nil {
			return nil, err
		}
	}
	var named []string
	for _, id := range in.LogGroupIdentifiers {
		name, err := groupName(sc, "", id)
		if err != nil {
			return nil, err
		}
		named = append(named, name)
	}
	limit := maxListed
	if in.Limit != nil {
		limit = *in.Limit
	}
	var groups []storedGroup
	err := each(s.journal, groupPrefix(sc), func(g storedGroup) bool {
		if strings.HasPrefix(g.Name, in.LogGroupNamePrefix) && strings.Contains(g.Name, in.LogGroupNamePattern) &&
			(in.LogGroupClass == "" || g.Class == in.LogGroupClass) && (named == nil || slices.Contains(named, g.Name)) {
			groups = append(groups, g)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(groups, func(a, b storedGroup) int { return strings.Compare(a.Name, b.Name) })
	out := &DescribeLogGroupsOut{LogGroups: []LogGroup{}}
	for _, g := range groups {
		if g.Name <= after {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = token(out.LogGroups[limit-1].LogGroupName)
			break
		}
		described, err := s.describeGroup(ctx, sc, g)
		if err != nil {
			return nil, err
		}
		out.LogGroups = append(out.LogGroups, described)
	}
	return out, nil
}

func (s *Service) describeGroup(ctx context.Context, sc hydrant.Scope, g storedGroup) (LogGroup, error) {
	out := LogGroup{
		LogGroupName: g.Name, CreationTime: g.Created, Arn: groupARN(sc, g.Name) + ":*", LogGroupArn: groupARN(sc, g.Name),
		KmsKeyId: g.Key, LogGroupClass: g.Class, DeletionProtectionEnabled: g.Protected,
	}
	if g.Retention > 0 {
		out.RetentionInDays = &g.Retention
	}
	streams, err := s.streams(sc, g.Name, "")
	if err != nil {
		return out, err
	}
	for _, st := range streams {
		sum, _, _, err := s.summaryOf(ctx, st)
		if err != nil && hydrant.FaultCode(err) != "ResourceNotFoundException" { // deleted meanwhile
			return out, err
		}
		out.StoredBytes += int64(sum.bytes)
	}
	return out, nil
}

type LogGroupIn struct {
	LogGroupName string `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
}

// DeleteLogGroup forgets a log group with its streams and their events.
//
//	Wire     Logs_20140328.DeleteLogGroup over json 1.1
//	Durable  in the journal before the reply; the events follow
//	Proof    TestGroups, TestDeletionSurvivesACrash
func (s *Service) DeleteLogGroup(ctx context.Context, in *LogGroupIn) (*Empty, error) {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	g, err := s.group(sc, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.Protected {
		return nil, hydrant.Faultf("ValidationException", "The specified log group cannot be deleted because deletion protection is enabled.")
	}
	streams, err := s.streams(sc, g.Name, "")
	if err != nil {
		return nil, err
	}
	changes := []journal.Change{journal.Unset(groupKey(sc, g.Name))}
	for _, st := range streams {
		changes = append(changes, journal.Unset(streamKey(sc, g.Name, st.Name)))
	}
	return &Empty{}, s.remove(ctx, streams, changes...)
}

type PutLogGroupDeletionProtectionIn struct {
	LogGroupIdentifier        string `json:"logGroupIdentifier" required:"" min:"1" max:"2048" pattern:"[\\w#+=/:,.@-]*"`
	DeletionProtectionEnabled *bool  `json:"deletionProtectionEnabled" required:""`
}

// PutLogGroupDeletionProtection protects a group against deletion, or stops to.
//
//	Wire     Logs_20140328.PutLogGroupDeletionProtection over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestDeletionProtection
func (s *Service) PutLogGroupDeletionProtection(ctx context.Context, in *PutLogGroupDeletionProtectionIn) (*Empty, error) {
	sc := hydrant.ScopeOf(ctx)
	name, err := groupName(sc, "", in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	s.control.Lock()
	defer s.control.Unlock()
	g, err := s.group(sc, name)
	if err != nil {
		return nil, err
	}
	g.Protected = *in.DeletionProtectionEnabled
	return &Empty{}, s.journal.Commit(ctx, journal.Set(groupKey(sc, name), g))
}

type PutRetentionPolicyIn struct {
	LogGroupName    string `json:"logGroupName" required:"" min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
	RetentionInDays *int   `json:"retentionInDays" required:""`
}

// PutRetentionPolicy makes the events of a group expire.
//
//	Wire     Logs_20140328.PutRetentionPolicy over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestRetention
func (s *Service) PutRetentionPolicy(ctx context.Context, in *PutRetentionPolicyIn) (*Empty, error) {
	if !slices.Contains(retentions, *in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %s",
			*in.RetentionInDays, strings.ReplaceAll(fmt.Sprint(retentions), " ", ", "))
	}
	return &Empty{}, s.retain(ctx, in.LogGroupName, *in.RetentionInDays)
}

// DeleteRetentionPolicy keeps the events of a group for ever.
//
//	Wire     Logs_20140328.DeleteRetentionPolicy over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestRetention
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in *LogGroupIn) (*Empty, error) {
	return &Empty{}, s.retain(ctx, in.LogGroupName, 0)
}

// retain changes a group and then every stream of it. A stream that a crash leaves out is told with
// its next event.
func (s *Service) retain(ctx context.Context, group string, n int) error {
	sc := hydrant.ScopeOf(ctx)
	s.control.Lock()
	defer s.control.Unlock()
	g, err := s.group(sc, group)
	if err != nil {
		return err
	}
	g.Retention = n
	if err := s.journal.Commit(ctx, journal.Set(groupKey(sc, group), g)); err != nil {
		return err
	}
	streams, err := s.streams(sc, group, "")
	if err != nil {
		return err
	}
	for _, st := range streams {
		_, shard, ok, err := s.summaryOf(ctx, st)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.log.SetRetention(ctx, shard, days(n)); err != nil {
			return fmt.Errorf("cwlogs: retention: %w", err)
		}
	}
	return nil
}
