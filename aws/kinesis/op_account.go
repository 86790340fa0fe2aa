package kinesis

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// commitment is the account's choice of the throughput billing commitment.
type commitment struct {
	Enabled bool
	Started int64 `json:",omitempty"` // Unix ms
	Ended   int64 `json:",omitempty"` // Unix ms
}

type (
	MinimumThroughputBillingCommitment struct {
		Status    string `required:"" enum:"ENABLED|DISABLED"`
		StartedAt *time.Time
		EndedAt   *time.Time
	}
	DescribeAccountSettingsIn  struct{}
	DescribeAccountSettingsOut struct {
		MinimumThroughputBillingCommitment MinimumThroughputBillingCommitment
	}
	UpdateAccountSettingsIn struct {
		MinimumThroughputBillingCommitment *MinimumThroughputBillingCommitment `required:""`
	}
	UpdateAccountSettingsOut DescribeAccountSettingsOut
)

func accountKey(scope hydrant.Scope) string { return "kinesis/account/" + scope.String() }

func (c *commitment) describe() MinimumThroughputBillingCommitment {
	d := MinimumThroughputBillingCommitment{Status: "DISABLED"}
	if c.Enabled {
		d.Status = "ENABLED"
	}
	if c.Started != 0 {
		t := time.UnixMilli(c.Started).UTC()
		d.StartedAt = &t
	}
	if c.Ended != 0 {
		t := time.UnixMilli(c.Ended).UTC()
		d.EndedAt = &t
	}
	return d
}

// DescribeAccountSettings tells the account's billing commitment.
//
//	Wire     Kinesis_20131202.DescribeAccountSettings over json 1.1
//	Differs  nothing is billed here: the choice is kept and told
func (s *Service) DescribeAccountSettings(ctx context.Context, _ *DescribeAccountSettingsIn) (*DescribeAccountSettingsOut, error) {
	c, _, err := journal.Load[commitment](s.Journal, accountKey(hydrant.ScopeOf(ctx)))
	if err != nil {
		return nil, err
	}
	return &DescribeAccountSettingsOut{c.describe()}, nil
}

// UpdateAccountSettings changes the account's billing commitment.
//
//	Wire     Kinesis_20131202.UpdateAccountSettings over json 1.1
//	Differs  takes effect at once in both directions: AWS holds a commitment for 24 hours
func (s *Service) UpdateAccountSettings(ctx context.Context, in *UpdateAccountSettingsIn) (*UpdateAccountSettingsOut, error) {
	s.control.Lock()
	defer s.control.Unlock()
	key := accountKey(hydrant.ScopeOf(ctx))
	c, _, err := journal.Load[commitment](s.Journal, key)
	if err != nil {
		return nil, err
	}
	enable := in.MinimumThroughputBillingCommitment.Status == "ENABLED"
	switch now := time.Now().UnixMilli(); {
	case enable && !c.Enabled:
		c = commitment{Enabled: true, Started: now}
	case !enable && c.Enabled:
		c.Enabled, c.Ended = false, now
	}
	if err := s.Journal.Commit(ctx, journal.Set(key, c)); err != nil {
		return nil, err
	}
	return &UpdateAccountSettingsOut{c.describe()}, nil
}
