package firehose

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// CreateDeliveryStream makes a delivery stream with one S3 destination and an empty spool.
//
//	Wire     Firehose_20150804.CreateDeliveryStream over json 1.1
//	Limits   maxStreams per account and Region, maxTags
//	Order    the destination is checked as AWS does: compression, size, presence, table
//	Durable  the delivery stream and its spool survive when the call returns
//	Differs  destinations other than S3, MSK and database sources, and ORC are refused; roles are not
//	         assumed; KMS keys are stored, a lake elsewhere is asked to encrypt with them, and nothing here is encrypted; one buffering hint may come without
//	         the other; records to be decompressed are taken from anyone, not from CloudWatch Logs alone; a
//	         destination that fails is retried for as long as it takes, not for 24 hours or the RetryOptions of dynamic partitioning; a function or table
//	         that is missing or denied holds its records up in the same way
//	Proof    lifecycle_test.go, validate_test.go, transform_test.go, partition_test.go, scenario_test.go
func (s *Service) CreateDeliveryStream(ctx context.Context, in *CreateDeliveryStreamIn) (*CreateDeliveryStreamOut, error) {
	d, err := destination(in)
	if err != nil {
		return nil, err
	}
	if err := s.checkSource(ctx, in); err != nil {
		return nil, err
	}
	if err := checkEncryption(in.DeliveryStreamEncryptionConfigurationInput); err != nil {
		return nil, err
	}
	tags, err := checkTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	scope := hydrant.ScopeOf(ctx)
	complete(scope, d)
	if err := s.check(ctx, scope, d); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	v := &state{
		Name: in.DeliveryStreamName, Scope: scope, Type: orElse(in.DeliveryStreamType, directPut),
		Status: statusCreating, Version: 1, Created: now,
		Spool:       spoolName(scope, in.DeliveryStreamName, now),
		Destination: *d,
		Staged:      stages(d),
		Encryption:  encryptionOf(in.DeliveryStreamEncryptionConfigurationInput),
		DirectPut:   in.DirectPutSourceConfiguration,
		Tags:        tags,
	}
	if v.Type == kinesisSource {
		v.Kinesis = in.KinesisStreamSourceConfiguration
		v.Encryption = DeliveryStreamEncryptionConfiguration{}
	}
	st, err := s.create(ctx, v)
	if err != nil {
		return nil, err
	}
	s.later(st.activate)
	return &CreateDeliveryStreamOut{DeliveryStreamARN: v.arn()}, nil
}

// create puts a delivery stream into the journal and the map. A name is taken before the spool is
// opened, so that of two calls one wins.
func (s *Service) create(ctx context.Context, v *state) (*stream, error) {
	st := s.newStream(v)
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := s.take(st, v); err != nil {
		return nil, err
	}
	var err error
	if st.shard, err = s.cfg.Log.Open(ctx, v.Spool); err == nil {
		err = s.cfg.Journal.Commit(ctx, journal.Set(v.journalKey(), v))
	}
	if err != nil {
		s.mu.Lock()
		delete(s.streams, v.key())
		s.mu.Unlock()
		gone := *v
		gone.Status = statusDeleting // for calls that found it meanwhile
		st.now.Store(&gone)
		return nil, fmt.Errorf("create delivery stream %s: %w", v.Name, err)
	}
	return st, nil
}

func (s *Service) take(st *stream, v *state) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.streams[v.key()]; ok {
		return inUse("Firehose %s under accountId %s already exists", v.Name, v.Scope.Account)
	}
	n := 0
	for k := range s.streams {
		if k.Scope == v.Scope {
			n++
		}
	}
	if n >= maxStreams {
		return hydrant.Faultf("LimitExceededException", "You have already consumed your firehose quota of %d hoses.", maxStreams)
	}
	s.streams[v.key()], s.spools[v.Spool] = st, st
	return nil
}

// DeleteDeliveryStream deletes a delivery stream and what it has buffered.
//
//	Wire     Firehose_20150804.DeleteDeliveryStream over json 1.1
//	Order    refused while CREATING; repeated while DELETING it succeeds
//	Durable  the delivery stream does not come back after a crash
//	Proof    lifecycle_test.go
func (s *Service) DeleteDeliveryStream(ctx context.Context, in *DeleteDeliveryStreamIn) (*Empty, error) {
	st, err := s.named(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	again := false
	err = st.change(func(v *state) (bool, error) {
		switch v.Status {
		case statusCreating:
			return false, inUse("Firehose %s under accountId %s is not ACTIVE: it is %s", v.Name, v.Scope.Account, v.Status)
		case statusDeleting:
			again = true
			return false, nil
		}
		v.Status = statusDeleting
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if !again {
		s.later(st.remove)
	}
	return &Empty{}, nil
}

// DescribeDeliveryStream shows a delivery stream, defaults filled in.
//
//	Wire     Firehose_20150804.DescribeDeliveryStream over json 1.1
//	Differs  while delivery fails, FailureDescription tells why, though the status stays ACTIVE
//	Proof    lifecycle_test.go
func (s *Service) DescribeDeliveryStream(ctx context.Context, in *DescribeDeliveryStreamIn) (*DescribeDeliveryStreamOut, error) {
	st, err := s.named(ctx, in.DeliveryStreamName)
	if err != nil {
		return nil, err
	}
	d := st.describe()
	if in.ExclusiveStartDestinationId >= destinationID {
		d.Destinations = []DestinationDescription{}
	}
	return &DescribeDeliveryStreamOut{DeliveryStreamDescription: d}, nil
}

// ListDeliveryStreams lists names in alphabetical order.
//
//	Wire     Firehose_20150804.ListDeliveryStreams over json 1.1
//	Limits   10 names where no Limit is given
//	Proof    lifecycle_test.go
func (s *Service) ListDeliveryStreams(ctx context.Context, in *ListDeliveryStreamsIn) (*ListDeliveryStreamsOut, error) {
	limit := 10
	if in.Limit != nil {
		limit = *in.Limit
	}
	out := &ListDeliveryStreamsOut{DeliveryStreamNames: []string{}}
	for _, name := range s.names(hydrant.ScopeOf(ctx), in.DeliveryStreamType) {
		if strings.Compare(name, in.ExclusiveStartDeliveryStreamName) <= 0 {
			continue
		}
		if len(out.DeliveryStreamNames) == limit {
			out.HasMoreDeliveryStreams = true
			break
		}
		out.DeliveryStreamNames = append(out.DeliveryStreamNames, name)
	}
	return out, nil
}
