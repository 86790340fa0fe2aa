package kinesis

import (
	"context"
	"slices"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// change journals a change of a stream's settings and makes it true. check sees the stream as it is
// and says what is to become of it.
func (s *Service) change(ctx context.Context, name, arn, id string, check func(info *streamInfo) error) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	s.control.Lock()
	defer s.control.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	info := st.snapshot()
	if err := check(&info); err != nil {
		return nil, err
	}
	if err := s.Journal.Commit(ctx, journal.Set(info.key(), info)); err != nil {
		return nil, err
	}
	info.Shards = nil
	st.info = info
	return st, nil
}

type (
	IncreaseStreamRetentionPeriodIn struct {
		StreamName           string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN            string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId             string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		RetentionPeriodHours *int   `required:""`
	}
	IncreaseStreamRetentionPeriodOut struct{}
	DecreaseStreamRetentionPeriodIn  IncreaseStreamRetentionPeriodIn
	DecreaseStreamRetentionPeriodOut struct{}
)

// IncreaseStreamRetentionPeriod keeps records longer. What has expired stays expired.
//
//	Wire     Kinesis_20131202.IncreaseStreamRetentionPeriod over json 1.1
//	Limits   minRetentionHours, maxRetentionHours
func (s *Service) IncreaseStreamRetentionPeriod(ctx context.Context, in *IncreaseStreamRetentionPeriodIn) (*IncreaseStreamRetentionPeriodOut, error) {
	err := s.setRetention(ctx, in, func(info *streamInfo, hours int) error {
		if hours < info.RetentionHours {
			return hydrant.Faultf("InvalidArgumentException", "Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). Use DecreaseRetentionPeriod API.", hours, info.Name, info.RetentionHours)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &IncreaseStreamRetentionPeriodOut{}, nil
}

// DecreaseStreamRetentionPeriod keeps records for a shorter time; older ones expire at once.
//
//	Wire     Kinesis_20131202.DecreaseStreamRetentionPeriod over json 1.1
//	Limits   minRetentionHours, maxRetentionHours
func (s *Service) DecreaseStreamRetentionPeriod(ctx context.Context, in *DecreaseStreamRetentionPeriodIn) (*DecreaseStreamRetentionPeriodOut, error) {
	err := s.setRetention(ctx, (*IncreaseStreamRetentionPeriodIn)(in), func(info *streamInfo, hours int) error {
		if hours > info.RetentionHours {
			return hydrant.Faultf("InvalidArgumentException", "Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). Use IncreaseRetentionPeriod API.", hours, info.Name, info.RetentionHours)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &DecreaseStreamRetentionPeriodOut{}, nil
}

func (s *Service) setRetention(ctx context.Context, in *IncreaseStreamRetentionPeriodIn, check func(*streamInfo, int) error) error {
	hours := *in.RetentionPeriodHours
	st, err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		if hours < minRetentionHours {
			return hydrant.Faultf("InvalidArgumentException", "Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetentionHours, hours)
		}
		if hours > maxRetentionHours {
			return hydrant.Faultf("InvalidArgumentException", "Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.", maxRetentionHours, hours)
		}
		if err := check(info, hours); err != nil {
			return err
		}
		info.RetentionHours = hours
		return nil
	})
	if err != nil {
		return err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	for _, h := range st.shards {
		if err := s.Log.SetRetention(ctx, h.log, time.Duration(hours)*time.Hour); err != nil {
			return s.logFault(err, st)
		}
	}
	return nil
}

type (
	AddTagsToStreamIn struct {
		StreamName string            `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN  string            `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId   string            `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		Tags       map[string]string `required:"" min:"1" max:"200" keymin:"1" keymax:"128" eachmin:"0" eachmax:"256"`
	}
	AddTagsToStreamOut     struct{}
	RemoveTagsFromStreamIn struct {
		StreamName string   `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN  string   `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId   string   `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		TagKeys    []string `required:"" min:"1" max:"50" eachmin:"1" eachmax:"128"`
	}
	RemoveTagsFromStreamOut struct{}
	ListTagsForStreamIn     struct {
		StreamName           string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN            string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId             string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		ExclusiveStartTagKey string `min:"1" max:"128"`
		Limit                *int   `min:"1" max:"50"`
	}
	ListTagsForStreamOut struct {
		Tags        []Tag
		HasMoreTags bool
	}
	Tag struct{ Key, Value string }
)

// AddTagsToStream adds or overwrites tags.
//
//	Wire     Kinesis_20131202.AddTagsToStream over json 1.1
//	Limits   maxTags
func (s *Service) AddTagsToStream(ctx context.Context, in *AddTagsToStreamIn) (*AddTagsToStreamOut, error) {
	_, err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		info.Tags = withTags(info.Tags, in.Tags)
		return checkTags(info.Name, info.Scope, in.Tags, info.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &AddTagsToStreamOut{}, nil
}

// RemoveTagsFromStream removes tags; keys that are not there are ignored.
//
//	Wire     Kinesis_20131202.RemoveTagsFromStream over json 1.1
func (s *Service) RemoveTagsFromStream(ctx context.Context, in *RemoveTagsFromStreamIn) (*RemoveTagsFromStreamOut, error) {
	_, err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		info.Tags = withoutTags(info.Tags, in.TagKeys)
		return checkTagTexts("remove tags from", info.Name, info.Scope, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &RemoveTagsFromStreamOut{}, nil
}

// ListTagsForStream lists tags by key.
//
//	Wire     Kinesis_20131202.ListTagsForStream over json 1.1
//	Limits   pages of maxTags
func (s *Service) ListTagsForStream(ctx context.Context, in *ListTagsForStreamIn) (*ListTagsForStreamOut, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	limit := maxTags
	if in.Limit != nil {
		limit = *in.Limit
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	out := &ListTagsForStreamOut{Tags: []Tag{}}
	for _, k := range sortedKeys(st.info.Tags) {
		if k <= in.ExclusiveStartTagKey {
			continue
		}
		if len(out.Tags) == limit {
			out.HasMoreTags = true
			break
		}
		out.Tags = append(out.Tags, Tag{k, st.info.Tags[k]})
	}
	return out, nil
}

type (
	StartStreamEncryptionIn struct {
		StreamName     string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN      string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId       string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		EncryptionType string `required:"" enum:"NONE|KMS"`
		KeyId          string `required:"" min:"1" max:"2048"`
	}
	StartStreamEncryptionOut struct{}
	StopStreamEncryptionIn   StartStreamEncryptionIn
	StopStreamEncryptionOut  struct{}

	UpdateStreamModeIn struct {
		StreamARN         string             `required:"" min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId          string             `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		StreamModeDetails *StreamModeDetails `required:""`

		WarmThroughputMiBps *int `min:"0"`
	}
	UpdateStreamModeOut struct{}

	UpdateMaxRecordSizeIn struct {
		StreamARN          string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId           string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		MaxRecordSizeInKiB *int   `required:"" min:"1024" max:"10240"`
	}
	UpdateMaxRecordSizeOut struct{}
)

// StartStreamEncryption records which key a stream is to be encrypted with.
//
//	Wire     Kinesis_20131202.StartStreamEncryption over json 1.1
//	Limits   with --limits aws maxEncryptionStart
//	Differs  the key id is kept and told; records are not encrypted on disk
func (s *Service) StartStreamEncryption(ctx context.Context, in *StartStreamEncryptionIn) (*StartStreamEncryptionOut, error) {
	if in.EncryptionType != "KMS" {
		return nil, hydrant.Faultf("ValidationException", "EncryptionType must be KMS.")
	}
	if _, err := s.update(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		info.Encryption, info.KeyID = "KMS", in.KeyId
		return s.daily(info, "StartStreamEncryption", maxEncryptionStart, time.Now())
	}); err != nil {
		return nil, err
	}
	return &StartStreamEncryptionOut{}, nil
}

// StopStreamEncryption takes back StartStreamEncryption.
//
//	Wire     Kinesis_20131202.StopStreamEncryption over json 1.1
func (s *Service) StopStreamEncryption(ctx context.Context, in *StopStreamEncryptionIn) (*StopStreamEncryptionOut, error) {
	if _, err := s.update(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		info.Encryption, info.KeyID = "", ""
		return nil
	}); err != nil {
		return nil, err
	}
	return &StopStreamEncryptionOut{}, nil
}

// UpdateStreamMode changes between provisioned and on-demand. The shards stay as they are, or become those
// of a warm throughput.
//
//	Wire     Kinesis_20131202.UpdateStreamMode over json 1.1
//	Limits   with --limits aws maxModeChanges
//	Differs  an on-demand stream splits busy shards by itself with --limits aws only, and never merges
func (s *Service) UpdateStreamMode(ctx context.Context, in *UpdateStreamModeIn) (*UpdateStreamModeOut, error) {
	mode, warm := in.StreamModeDetails.StreamMode, in.WarmThroughputMiBps
	if warm != nil && mode != onDemand {
		return nil, hydrant.Faultf("ValidationException", "Warm throughput is only supported for streams in ON_DEMAND mode.")
	}
	set := func(info *streamInfo) error {
		info.Mode = mode
		return s.daily(info, "UpdateStreamMode", maxModeChanges, time.Now())
	}
	var err error
	if warm != nil {
		_, err = s.warm(ctx, "", in.StreamARN, in.StreamId, *warm, set)
	} else {
		_, err = s.update(ctx, "", in.StreamARN, in.StreamId, set)
	}
	if err != nil {
		return nil, err
	}
	return &UpdateStreamModeOut{}, nil
}

// UpdateMaxRecordSize changes the largest record a stream takes.
//
//	Wire     Kinesis_20131202.UpdateMaxRecordSize over json 1.1
func (s *Service) UpdateMaxRecordSize(ctx context.Context, in *UpdateMaxRecordSizeIn) (*UpdateMaxRecordSizeOut, error) {
	if _, err := s.update(ctx, "", in.StreamARN, in.StreamId, func(info *streamInfo) error {
		info.RecordKiB = *in.MaxRecordSizeInKiB
		return nil
	}); err != nil {
		return nil, err
	}
	return &UpdateMaxRecordSizeOut{}, nil
}

// update is change for settings that take an ACTIVE stream through UPDATING.
func (s *Service) update(ctx context.Context, name, arn, id string, set func(*streamInfo) error) (*stream, error) {
	return s.change(ctx, name, arn, id, func(info *streamInfo) error {
		now := time.Now()
		status := (&stream{info: *info}).status(now)
		if status != active {
			return hydrant.Faultf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", info.Name, info.Scope.Account, status)
		}
		if err := set(info); err != nil {
			return err
		}
		info.Status, info.Settles = updating, now.Add(s.StatusDelay).UnixMilli()
		return nil
	})
}

type (
	DescribeLimitsIn  struct{}
	DescribeLimitsOut struct {
		ShardLimit               int
		OpenShardCount           int
		OnDemandStreamCount      int
		OnDemandStreamCountLimit int
	}
)

// DescribeLimits tells how many shards the account has and may have.
//
//	Wire     Kinesis_20131202.DescribeLimits over json 1.1
//	Differs  the shard limit is held with --limits aws only
func (s *Service) DescribeLimits(ctx context.Context, _ *DescribeLimitsIn) (*DescribeLimitsOut, error) {
	out := &DescribeLimitsOut{ShardLimit: defaultShardLimit, OnDemandStreamCountLimit: 50}
	for _, st := range s.all(hydrant.ScopeOf(ctx)) {
		st.mu.RLock()
		out.OpenShardCount += len(st.open)
		if st.info.Mode == onDemand {
			out.OnDemandStreamCount++
		}
		st.mu.RUnlock()
	}
	return out, nil
}

type (
	EnableEnhancedMonitoringIn struct {
		StreamName        string   `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN         string   `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId          string   `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		ShardLevelMetrics []string `required:"" min:"1" max:"7" eachenum:"IncomingBytes|IncomingRecords|OutgoingBytes|OutgoingRecords|WriteProvisionedThroughputExceeded|ReadProvisionedThroughputExceeded|IteratorAgeMilliseconds|ALL"`
	}
	EnableEnhancedMonitoringOut struct {
		StreamName               string
		StreamARN                string
		CurrentShardLevelMetrics []string
		DesiredShardLevelMetrics []string
	}
	DisableEnhancedMonitoringIn  EnableEnhancedMonitoringIn
	DisableEnhancedMonitoringOut EnableEnhancedMonitoringOut
)

var shardMetrics = []string{"IncomingBytes", "IncomingRecords", "IteratorAgeMilliseconds", "OutgoingBytes", "OutgoingRecords", "ReadProvisionedThroughputExceeded", "WriteProvisionedThroughputExceeded"}

// EnableEnhancedMonitoring asks for shard-level metrics.
//
//	Wire     Kinesis_20131202.EnableEnhancedMonitoring over json 1.1
//	Differs  the choice is kept and told; /metrics is where metrics are
func (s *Service) EnableEnhancedMonitoring(ctx context.Context, in *EnableEnhancedMonitoringIn) (*EnableEnhancedMonitoringOut, error) {
	return s.monitor(ctx, in, func(have, asked []string) []string {
		return slices.Compact(slices.Sorted(slices.Values(slices.Concat(have, asked))))
	})
}

// DisableEnhancedMonitoring takes back EnableEnhancedMonitoring.
//
//	Wire     Kinesis_20131202.DisableEnhancedMonitoring over json 1.1
func (s *Service) DisableEnhancedMonitoring(ctx context.Context, in *DisableEnhancedMonitoringIn) (*DisableEnhancedMonitoringOut, error) {
	out, err := s.monitor(ctx, (*EnableEnhancedMonitoringIn)(in), func(have, asked []string) []string {
		return slices.DeleteFunc(slices.Clone(have), func(m string) bool { return slices.Contains(asked, m) })
	})
	return (*DisableEnhancedMonitoringOut)(out), err
}

func (s *Service) monitor(ctx context.Context, in *EnableEnhancedMonitoringIn, combine func(have, asked []string) []string) (*EnableEnhancedMonitoringOut, error) {
	asked := in.ShardLevelMetrics
	if slices.Contains(asked, "ALL") {
		if len(asked) > 1 {
			return nil, hydrant.Faultf("InvalidArgumentException", "ALL cannot be combined with other shard level metrics.")
		}
		asked = shardMetrics
	}
	out := &EnableEnhancedMonitoringOut{}
	st, err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(info *streamInfo) error {
		out.CurrentShardLevelMetrics = info.monitored()
		info.Monitoring = combine(info.Monitoring, asked)
		out.DesiredShardLevelMetrics = info.monitored()
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.StreamName, out.StreamARN = st.name, st.arn()
	return out, nil
}

// monitored is the list of shard-level metrics, never null on the wire.
func (i *streamInfo) monitored() []string {
	if i.Monitoring == nil {
		return []string{}
	}
	return i.Monitoring
}
