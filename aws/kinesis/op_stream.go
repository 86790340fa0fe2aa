package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	CreateStreamIn struct {
		StreamName          string `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		ShardCount          *int   `min:"1"`
		StreamModeDetails   *StreamModeDetails
		Tags                map[string]string `keymin:"1" keymax:"128" eachmin:"0" eachmax:"256" min:"1" max:"200"`
		WarmThroughputMiBps *int              `min:"0"`
		MaxRecordSizeInKiB  *int              `min:"1024" max:"10240"`
	}
	StreamModeDetails struct {
		StreamMode string `required:"" enum:"PROVISIONED|ON_DEMAND"`
	}
	CreateStreamOut struct{}
)

// CreateStream makes a stream and its shards' logs.
//
//	Wire     Kinesis_20131202.CreateStream over json 1.1
//	Limits   defaultShardLimit, maxCreatingStreams, maxWarmMiBps (limits.go)
//	Durable  the stream survives a crash when the call returns
func (s *Service) CreateStream(ctx context.Context, in *CreateStreamIn) (*CreateStreamOut, error) {
	now := time.Now()
	info := streamInfo{
		Scope:          hydrant.ScopeOf(ctx),
		Name:           in.StreamName,
		Created:        now.UnixMilli(),
		Mode:           onDemand,
		RetentionHours: minRetentionHours,
		RecordKiB:      defaultRecordKiB,
		Tags:           in.Tags,
		Status:         creating,
		Settles:        now.Add(s.StatusDelay).UnixMilli(),
	}
	shards, err := shardsAsked(in, &info)
	if err != nil {
		return nil, err
	}
	if in.MaxRecordSizeInKiB != nil {
		info.RecordKiB = *in.MaxRecordSizeInKiB
	}
	if in.WarmThroughputMiBps != nil {
		if in.ShardCount != nil {
			return nil, hydrant.Faultf("ValidationException", "Either 'warmThroughputMiBps' or 'shardCount' can be set but not both")
		}
		if info.Mode != onDemand {
			return nil, hydrant.Faultf("ValidationException", "Warm throughput is only supported for streams in ON_DEMAND mode.")
		}
		if err := s.mayWarm(info.Scope, *in.WarmThroughputMiBps); err != nil {
			return nil, err
		}
		info.WarmMiBps = *in.WarmThroughputMiBps
		shards = max(shards, info.WarmMiBps)
	}
	if err := checkTags(info.Name, info.Scope, in.Tags, in.Tags); err != nil {
		return nil, err
	}

	s.control.Lock()
	defer s.control.Unlock()
	if _, ok := s.lookup(info.Scope, info.Name); ok {
		return nil, hydrant.Faultf("ResourceInUseException", "Stream %s under account %s already exists.", info.Name, info.Scope.Account)
	}
	if err := s.roomFor(info.Scope, shards, now); err != nil {
		return nil, err
	}
	for i, r := range uniform(shards) {
		info.Shards = append(info.Shards, shardInfo{Number: uint32(i), Range: r, Created: info.Created})
	}
	info.NextShard = uint32(shards)
	logs, err := s.openLogs(ctx, &info, info.Shards)
	if err != nil {
		return nil, err
	}
	if err := s.Journal.Commit(ctx, journal.Set(info.key(), info)); err != nil {
		return nil, err
	}
	s.keep(newStream(info, logs))
	return &CreateStreamOut{}, nil
}

// shardsAsked settles mode and number of shards: neither given means on demand.
func shardsAsked(in *CreateStreamIn, info *streamInfo) (int, error) {
	if in.StreamModeDetails != nil {
		info.Mode = in.StreamModeDetails.StreamMode
	} else if in.ShardCount != nil {
		info.Mode = provisioned
	}
	if info.Mode == onDemand {
		if in.ShardCount != nil {
			return 0, hydrant.Faultf("ValidationException", "ShardCount must not be provided when StreamMode=ON_DEMAND")
		}
		return onDemandShards, nil
	}
	if in.ShardCount == nil {
		return 0, hydrant.Faultf("ValidationException", "ShardCount is expected when StreamMode=PROVISIONED")
	}
	return *in.ShardCount, nil
}

// roomFor holds the account's limits. The caller holds control.
func (s *Service) roomFor(scope hydrant.Scope, shards int, now time.Time) error {
	open, busy := 0, 0
	for _, st := range s.all(scope) {
		st.mu.RLock()
		open += len(st.open)
		if st.status(now) == creating {
			busy++
		}
		st.mu.RUnlock()
	}
	if busy >= maxCreatingStreams {
		return hydrant.Faultf("LimitExceededException", "This request would exceed the limit of %d streams in the CREATING state for the account %s in %s.", maxCreatingStreams, scope.Account, scope.Region)
	}
	if open+shards > defaultShardLimit && s.Limits || shards > maxShards {
		return hydrant.Faultf("LimitExceededException", "This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.",
			scope.Account, scope.Region, open, defaultShardLimit, shards)
	}
	return nil
}

// all are the streams of a scope, by name.
func (s *Service) all(scope hydrant.Scope) []*stream {
	var out []*stream
	s.streams.Range(func(k, v any) bool {
		if k.(streamKey).scope == scope {
			out = append(out, v.(*stream))
		}
		return true
	})
	slices.SortFunc(out, func(a, b *stream) int { return strings.Compare(a.info.Name, b.info.Name) })
	return out
}

type (
	DeleteStreamIn struct {
		StreamName              string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN               string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId                string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		EnforceConsumerDeletion *bool
	}
	DeleteStreamOut struct{}
)

// DeleteStream takes a stream away with all its records. It answers at once; the stream is DELETING
// for StatusDelay and then gone.
//
//	Wire     Kinesis_20131202.DeleteStream over json 1.1
//	Durable  a stream that was DELETING at a crash is gone after the restart
func (s *Service) DeleteStream(ctx context.Context, in *DeleteStreamIn) (*DeleteStreamOut, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	s.control.Lock()
	defer s.control.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.info.Status == deleting {
		return &DeleteStreamOut{}, nil
	}
	info := st.snapshot()
	if n := info.liveConsumers(time.Now()); n > 0 && (in.EnforceConsumerDeletion == nil || !*in.EnforceConsumerDeletion) {
		return nil, hydrant.Faultf("ResourceInUseException", "Stream %s under account %s has %d registered consumers. Deregister them, or set EnforceConsumerDeletion.", st.name, st.scope.Account, n)
	}
	info.Status = deleting
	if err := s.Journal.Commit(ctx, journal.Set(info.key(), info)); err != nil {
		return nil, err
	}
	st.info.Status = deleting
	s.removal.Add(1)
	time.AfterFunc(s.StatusDelay, func() {
		defer s.removal.Done()
		if err := s.remove(context.WithoutCancel(ctx), st); err != nil {
			s.Logger.Error("remove stream; it goes at the next start", "stream", st.arn(), "err", err)
		}
	})
	return &DeleteStreamOut{}, nil
}

// remove is the end of a DELETING stream.
func (s *Service) remove(ctx context.Context, st *stream) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, h := range st.shards {
		if err := s.Log.Delete(ctx, h.log); err != nil {
			return fmt.Errorf("delete %s: %w", st.info.logName(h.Number), err)
		}
	}
	if err := s.Journal.Commit(ctx, journal.Unset(st.info.key())); err != nil {
		return fmt.Errorf("forget %s: %w", st.arn(), err)
	}
	s.drop(st)
	return nil
}

type (
	DescribeStreamIn struct {
		StreamName            string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN             string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId              string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		Limit                 *int   `min:"1" max:"10000"`
		ExclusiveStartShardId string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
	}
	DescribeStreamOut struct{ StreamDescription StreamDescription }

	StreamDescription struct {
		StreamName              string
		StreamARN               string
		StreamStatus            string
		StreamModeDetails       *StreamModeDetails
		Shards                  []Shard
		HasMoreShards           bool
		RetentionPeriodHours    int
		StreamCreationTimestamp time.Time
		EnhancedMonitoring      []EnhancedMetrics
		EncryptionType          string
		KeyId                   string
	}
	EnhancedMetrics struct{ ShardLevelMetrics []string }
)

// DescribeStream tells of a stream and, page by page, its shards.
//
//	Wire     Kinesis_20131202.DescribeStream over json 1.1
//	Limits   pages of defaultDescribePage shards where no Limit is given
func (s *Service) DescribeStream(ctx context.Context, in *DescribeStreamIn) (*DescribeStreamOut, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	limit := defaultDescribePage
	if in.Limit != nil {
		limit = *in.Limit
	}
	now := time.Now()
	st.mu.RLock()
	defer st.mu.RUnlock()
	d := StreamDescription{
		StreamName:              st.name,
		StreamARN:               st.arn(),
		StreamStatus:            st.status(now),
		StreamModeDetails:       &StreamModeDetails{StreamMode: st.info.Mode},
		Shards:                  []Shard{},
		RetentionPeriodHours:    st.info.RetentionHours,
		StreamCreationTimestamp: st.created(),
		EnhancedMonitoring:      []EnhancedMetrics{{ShardLevelMetrics: st.info.monitored()}},
		EncryptionType:          encryption(&st.info),
		KeyId:                   st.info.KeyID,
	}
	if d.StreamStatus == creating {
		return &DescribeStreamOut{d}, nil
	}
	after := int64(-1)
	if in.ExclusiveStartShardId != "" {
		n, ok := parseShardID(in.ExclusiveStartShardId)
		if !ok {
			return nil, hydrant.Faultf("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", in.ExclusiveStartShardId, st.name, st.scope.Account)
		}
		after = int64(n)
	}
	for _, h := range st.kept(now) {
		if int64(h.Number) <= after {
			continue
		}
		if len(d.Shards) == limit {
			d.HasMoreShards = true
			break
		}
		d.Shards = append(d.Shards, h.describe())
	}
	return &DescribeStreamOut{d}, nil
}

func encryption(i *streamInfo) string {
	if i.Encryption == "" {
		return "NONE"
	}
	return i.Encryption
}

type (
	DescribeStreamSummaryIn struct {
		StreamName string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN  string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId   string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
	}
	DescribeStreamSummaryOut struct{ StreamDescriptionSummary StreamDescriptionSummary }

	StreamDescriptionSummary struct {
		StreamName              string
		StreamARN               string
		StreamId                string
		StreamStatus            string
		StreamModeDetails       *StreamModeDetails
		RetentionPeriodHours    int
		StreamCreationTimestamp time.Time
		EnhancedMonitoring      []EnhancedMetrics
		EncryptionType          string
		KeyId                   string
		OpenShardCount          *int
		ConsumerCount           int
		WarmThroughput          *WarmThroughput
		MaxRecordSizeInKiB      int
	}
)

// DescribeStreamSummary tells of a stream without its shards.
//
//	Wire     Kinesis_20131202.DescribeStreamSummary over json 1.1
//	Differs  StreamId is told, and taken wherever a stream may be named: AWS reserves it, and botocore sends such
//	         a request to AWS whatever its endpoint is
func (s *Service) DescribeStreamSummary(ctx context.Context, in *DescribeStreamSummaryIn) (*DescribeStreamSummaryOut, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	st.mu.RLock()
	defer st.mu.RUnlock()
	d := StreamDescriptionSummary{
		StreamName:              st.name,
		StreamARN:               st.arn(),
		StreamId:                st.id(),
		StreamStatus:            st.status(now),
		StreamModeDetails:       &StreamModeDetails{StreamMode: st.info.Mode},
		RetentionPeriodHours:    st.info.RetentionHours,
		StreamCreationTimestamp: st.created(),
		EnhancedMonitoring:      []EnhancedMetrics{{ShardLevelMetrics: st.info.monitored()}},
		EncryptionType:          encryption(&st.info),
		KeyId:                   st.info.KeyID,
		MaxRecordSizeInKiB:      st.info.RecordKiB,
		ConsumerCount:           st.info.liveConsumers(now),
		WarmThroughput:          st.warmth(now),
	}
	if d.StreamStatus != creating && d.StreamStatus != deleting {
		n := len(st.open)
		d.OpenShardCount = &n
	}
	return &DescribeStreamSummaryOut{d}, nil
}

type (
	ListStreamsIn struct {
		Limit                    *int   `min:"1" max:"10000"`
		ExclusiveStartStreamName string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		NextToken                string `min:"1" max:"1048576"`
	}
	ListStreamsOut struct {
		StreamNames     []string
		HasMoreStreams  bool
		NextToken       string
		StreamSummaries []StreamSummary
	}
	StreamSummary struct {
		StreamName              string
		StreamARN               string
		StreamStatus            string
		StreamModeDetails       *StreamModeDetails
		StreamCreationTimestamp time.Time
	}
)

// ListStreams lists the caller's streams by name.
//
//	Wire     Kinesis_20131202.ListStreams over json 1.1
//	Limits   pages of 100 where no Limit is given
func (s *Service) ListStreams(ctx context.Context, in *ListStreamsIn) (*ListStreamsOut, error) {
	limit, after := 100, in.ExclusiveStartStreamName
	if in.Limit != nil {
		limit = *in.Limit
	}
	now := time.Now()
	if in.NextToken != "" {
		b, err := s.tokens.openList(in.NextToken, now)
		if err != nil {
			return nil, listTokenFault(err)
		}
		after = string(b)
	}
	out := &ListStreamsOut{StreamNames: []string{}, StreamSummaries: []StreamSummary{}}
	for _, st := range s.all(hydrant.ScopeOf(ctx)) {
		if st.name <= after {
			continue
		}
		if len(out.StreamNames) == limit {
			out.HasMoreStreams = true
			out.NextToken = s.tokens.list([]byte(out.StreamNames[limit-1]), now)
			break
		}
		st.mu.RLock()
		out.StreamNames = append(out.StreamNames, st.name)
		out.StreamSummaries = append(out.StreamSummaries, StreamSummary{
			StreamName:              st.name,
			StreamARN:               st.arn(),
			StreamStatus:            st.status(now),
			StreamModeDetails:       &StreamModeDetails{StreamMode: st.info.Mode},
			StreamCreationTimestamp: st.created(),
		})
		st.mu.RUnlock()
	}
	return out, nil
}

func listTokenFault(err error) error {
	if errors.Is(err, errExpiredToken) {
		return hydrant.Faultf("ExpiredNextTokenException", "The specified NextToken has expired.")
	}
	return hydrant.Faultf("InvalidArgumentException", "The specified NextToken is invalid.")
}
