package kinesis

import (
	"context"
	"fmt"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type (
	SubscribeToShardIn struct {
		ConsumerARN      string            `required:"" min:"1" max:"2048" pattern:"^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+"`
		ShardId          string            `required:"" min:"1" max:"128" pattern:"[a-zA-Z0-9_.-]+"`
		StartingPosition *StartingPosition `required:""`
	}
	StartingPosition struct {
		Type           string `required:"" enum:"AFTER_SEQUENCE_NUMBER|LATEST|AT_TIMESTAMP|AT_SEQUENCE_NUMBER|TRIM_HORIZON"`
		SequenceNumber string `pattern:"0|([1-9]\\d{0,128})"`
		Timestamp      *time.Time
	}
	// SubscribeToShardOut is an event stream (wire.EventStreamer).
	SubscribeToShardOut struct{ u *subscription }
)

// SubscribeToShard pushes the records of a shard to a consumer as they are committed.
//
//	Wire     Kinesis_20131202.SubscribeToShard over json 1.1, cbor 1.1; answers with an event stream
//	Limits   subscriptionLife, resubscribeAfter, heartbeat, maxEventBytes; with --limits aws 2 MiB/s and a call a second
//	Order    of arrival; the event at the end of a closed shard names its children and is the last
//	Differs  events come as soon as a commit is durable, not gathered for some 70 ms
func (s *Service) SubscribeToShard(ctx context.Context, in *SubscribeToShardIn) (*SubscribeToShardOut, error) {
	if s.life.Err() != nil {
		return nil, hydrant.Faultf("InternalFailure", "The server is shutting down.").WithStatus(500)
	}
	arn, ok := splitConsumerARN(in.ConsumerARN)
	if !ok {
		return nil, hydrant.Faultf("InvalidArgumentException", "ConsumerARN %s does not name a consumer", in.ConsumerARN)
	}
	st, err := s.usable(ctx, "", arn, "")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	st.mu.RLock()
	defer st.mu.RUnlock()
	c := st.info.consumer(st.arn(), "", in.ConsumerARN, now)
	if c == nil {
		return nil, noConsumer(in.ConsumerARN, st.scope)
	}
	if status, _ := c.status(now); status != active {
		return nil, hydrant.Faultf("ResourceInUseException", "Consumer %s under stream %s under account %s not ACTIVE, instead in state %s", c.Name, st.name, st.scope.Account, status)
	}
	if status := st.status(now); status == deleting {
		return nil, hydrant.Faultf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", st.name, st.scope.Account, status)
	}
	h := st.shard(in.ShardId)
	if h == nil {
		return nil, noShard(in.ShardId, st.name, st.scope)
	}
	if s.Limits && !s.rates.take("SubscribeToShard "+in.ConsumerARN+" "+h.id(), 1, now) {
		return nil, hydrant.Faultf("LimitExceededException", "Rate exceeded for consumer %s and shard %s", in.ConsumerARN, h.id())
	}
	p := in.StartingPosition
	from, err := s.startAt(ctx, st, h, place{op: "SubscribeToShard", kind: p.Type, number: p.SequenceNumber, at: p.Timestamp}, now)
	if err != nil {
		return nil, err
	}
	u := &subscription{
		s: s, st: st, h: h, begun: now, from: from,
		named: fmt.Sprintf("%s:%s:%s:%s", st.scope.Account, st.name, c.Name, h.id()),
		after: h.before(from, now),
	}
	u.ctx, u.end = context.WithCancelCause(ctx)
	if !h.subs.begin(in.ConsumerARN, u) {
		u.end(nil)
		return nil, u.inUse()
	}
	stop := context.AfterFunc(s.life, func() { u.end(errDrained) })
	context.AfterFunc(u.ctx, func() { stop() })
	return &SubscribeToShardOut{u}, nil
}

// Events implements wire.EventStreamer. ctx is the request's: the one the subscription was made with.
func (o *SubscribeToShardOut) Events(_ context.Context, send func(kind string, event any) error) error {
	defer o.u.end(nil)
	return o.u.events(send)
}

// before is the place between the records before an offset and those from it on.
func (h *shard) before(from uint64, now time.Time) sequence {
	q := h.starting()
	if from > 0 {
		q.index, q.time = from, now.Unix()
	}
	return q
}
