package kinesis

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	UpdateStreamWarmThroughputIn struct {
		StreamName          string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN           string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
		StreamId            string `min:"1" max:"24" pattern:"[a-z0-9]{20}-[a-z0-9]{3}"`
		WarmThroughputMiBps *int   `required:"" min:"0"`
	}
	UpdateStreamWarmThroughputOut struct {
		StreamARN      string
		StreamName     string
		WarmThroughput *WarmThroughput
	}
	// WarmThroughput is what an on-demand stream is to take at any moment, and takes now.
	WarmThroughput struct{ TargetMiBps, CurrentMiBps *int }
)

// UpdateStreamWarmThroughput gives an on-demand stream the shards that take so much, ahead of its traffic.
// As on AWS it is refused to provisioned streams and to accounts without the billing commitment.
//
//	Wire     Kinesis_20131202.UpdateStreamWarmThroughput over json 1.1, cbor 1.1
//	Limits   maxWarmMiBps
//	Differs  a lower throughput leaves the shards as they are
func (s *Service) UpdateStreamWarmThroughput(ctx context.Context, in *UpdateStreamWarmThroughputIn) (*UpdateStreamWarmThroughputOut, error) {
	st, err := s.warm(ctx, in.StreamName, in.StreamARN, in.StreamId, *in.WarmThroughputMiBps, func(info *streamInfo) error {
		if info.Mode != onDemand {
			return hydrant.Faultf("ValidationException", "Warm throughput is only supported for streams in ON_DEMAND mode.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	return &UpdateStreamWarmThroughputOut{st.arn(), st.name, st.warmth(time.Now())}, nil
}

// mayWarm reports why an account may not have that warm throughput.
func (s *Service) mayWarm(scope hydrant.Scope, mibps int) error {
	if mibps > maxWarmMiBps {
		return hydrant.Faultf("LimitExceededException", "WarmThroughputMiBps must not exceed %d.", maxWarmMiBps)
	}
	c, _, err := journal.Load[commitment](s.Journal, accountKey(scope))
	if err != nil {
		return err
	}
	if !c.Enabled {
		return hydrant.Faultf("ValidationException", "Warm throughput requires MinimumThroughputBillingCommitment to be enabled for the account.")
	}
	return nil
}

// warm gives a stream the shards that take so many MiB a second, one each, and what else set makes of it.
func (s *Service) warm(ctx context.Context, name, arn, id string, mibps int, set func(*streamInfo) error) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	s.control.Lock()
	defer s.control.Unlock()
	now := time.Now()
	info := st.info // while control is held nobody else changes it
	if err := set(&info); err != nil {
		return nil, err
	}
	if err := s.mayWarm(st.scope, mibps); err != nil {
		return nil, err
	}
	if status := st.status(now); status != active {
		return nil, hydrant.Faultf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.scope.Account, status)
	}
	r := st.reshape(now)
	if mibps > len(st.open) {
		r.scale(mibps)
	}
	return st, s.apply(ctx, st, r, func(i *streamInfo) {
		i.Mode, i.Changes, i.WarmMiBps = info.Mode, info.Changes, mibps
	})
}

// warmth tells the warm throughput of a stream that has one. What it takes now is told once it is ACTIVE.
func (s *stream) warmth(now time.Time) *WarmThroughput {
	n := s.info.WarmMiBps
	if n == 0 || s.info.Mode != onDemand {
		return nil
	}
	w := &WarmThroughput{TargetMiBps: &n}
	if s.status(now) == active {
		w.CurrentMiBps = &n
	}
	return w
}
