package kinesis

import (
	"context"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type (
	UpdateStreamWarmThroughputIn struct {
		StreamName          string `min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StreamARN           string `min:"1" max:"2048" pattern:"arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"`
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

// UpdateStreamWarmThroughput would scale an on-demand stream ahead of its traffic. As on AWS it is
// refused to provisioned streams and to accounts without the billing commitment.
//
//	Wire     Kinesis_20131202.UpdateStreamWarmThroughput over json 1.1, cbor 1.1
//	Limits   maxWarmMiBps
//	Differs  refused with the commitment as well: shards here take what the disk takes, there is nothing to warm
func (s *Service) UpdateStreamWarmThroughput(ctx context.Context, in *UpdateStreamWarmThroughputIn) (*UpdateStreamWarmThroughputOut, error) {
	st, err := s.find(ctx, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	mode := st.info.Mode
	st.mu.RUnlock()
	if mode != onDemand {
		return nil, hydrant.Faultf("ValidationException", "Warm throughput is only supported for streams in ON_DEMAND mode.")
	}
	if *in.WarmThroughputMiBps > maxWarmMiBps {
		return nil, hydrant.Faultf("LimitExceededException", "WarmThroughputMiBps must not exceed %d.", maxWarmMiBps)
	}
	c, _, err := journal.Load[commitment](s.Journal, accountKey(st.scope))
	if err != nil {
		return nil, err
	}
	if !c.Enabled {
		return nil, hydrant.Faultf("ValidationException", "Warm throughput requires MinimumThroughputBillingCommitment to be enabled for the account.")
	}
	return nil, hydrant.Faultf("InvalidArgumentException", "WarmThroughputMiBps is not supported here.")
}
