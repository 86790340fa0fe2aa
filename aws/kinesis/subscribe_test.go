package kinesis

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

func (h *house) register(stream, name string) string {
	h.t.Helper()
	arn := hydrant.Scope{}.Or().ARN("kinesis", "stream/"+stream)
	out, err := h.RegisterStreamConsumer(context.Background(), &RegisterStreamConsumerIn{StreamARN: arn, ConsumerName: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Consumer.ConsumerARN
}

// reading is a subscription whose events can be taken one by one.
type reading struct {
	t      *testing.T
	events chan *SubscribeToShardEvent
	err    chan error
	leave  context.CancelFunc
}

func (h *house) trySubscribe(in SubscribeToShardIn) (*reading, error) {
	ctx, cancel := context.WithCancel(context.Background())
	out, err := h.SubscribeToShard(ctx, &in)
	if err != nil {
		cancel()
		return nil, err
	}
	r := &reading{h.t, make(chan *SubscribeToShardEvent), make(chan error, 1), cancel}
	go func() {
		defer cancel()
		err := out.Events(ctx, func(kind string, e any) error {
			select {
			case r.events <- e.(*SubscribeToShardEvent):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		close(r.events)
		r.err <- err
	}()
	return r, nil
}

func (h *house) subscribe(consumer, shard string, at StartingPosition) *reading {
	h.t.Helper()
	r, err := h.trySubscribe(SubscribeToShardIn{ConsumerARN: consumer, ShardId: shard, StartingPosition: &at})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (r *reading) next() *SubscribeToShardEvent {
	r.t.Helper()
	e, ok := <-r.events
	if !ok {
		r.t.Fatal("the subscription has ended: ", <-r.err)
	}
	return e
}

// want takes one event and holds its records against texts.
func (r *reading) want(texts string) *SubscribeToShardEvent {
	r.t.Helper()
	e := r.next()
	if got := eventTexts(e); got != texts {
		r.t.Fatalf("got %q, want %q", got, texts)
	}
	return e
}

func eventTexts(e *SubscribeToShardEvent) string {
	var s []string
	for _, rec := range e.Records.All() {
		s = append(s, string(rec.Data))
	}
	return strings.Join(s, " ")
}

func TestSubscriptionPushesOnCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		arn := h.register("s", "c")
		h.put("s", "k", "a")
		r := h.subscribe(arn, "shardId-000000000000", StartingPosition{Type: "TRIM_HORIZON"})
		start := time.Now()
		e := r.want("a")
		if e.ContinuationSequenceNumber == "" || e.MillisBehindLatest != 0 || e.Records.All()[0].PartitionKey != "k" {
			t.Errorf("%+v", e)
		}
		synctest.Wait() // the subscription waits for a record
		h.put("s", "k", "b")
		r.want("b")
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v until a record was pushed", took)
		}
		r.leave()
		if err := <-r.err; err != nil {
			t.Error(err)
		}
		h.close()
	})
}

func TestSubscriptionLivesFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		arn := h.register("s", "c")
		h.put("s", "k", "a")
		r := h.subscribe(arn, "0", StartingPosition{Type: "LATEST"})
		start := time.Now()
		beats, last := 0, ""
		for e := range r.events {
			if beats++; time.Since(start) != time.Duration(beats)*heartbeat {
				t.Fatalf("beat %d after %v", beats, time.Since(start))
			}
			if e.Records.Len() != 0 || e.ContinuationSequenceNumber == "" {
				t.Fatalf("%+v", e)
			}
			last = e.ContinuationSequenceNumber
		}
		if err := <-r.err; err != nil || time.Since(start) != subscriptionLife || beats < 59 || beats > 60 { // the last one falls together with the end
			t.Errorf("ended with %v after %v and %d beats", err, time.Since(start), beats)
		}
		// Nothing is missed between two subscriptions.
		h.put("s", "k", "between")
		r = h.subscribe(arn, "0", StartingPosition{Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: last})
		e := r.want("between")
		r.leave()
		<-r.err
		h.reopen()
		h.put("s", "k", "later")
		r = h.subscribe(arn, "0", StartingPosition{Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: e.ContinuationSequenceNumber})
		r.want("later")
		r.leave()
		<-r.err
		h.close()
	})
}

func TestSubscriptionStartingPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		arn := h.register("s", "c")
		a := h.put("s", "k", "a")
		time.Sleep(time.Second)
		at := time.Now()
		b := h.put("s", "k", "b")
		h.put("s", "k", "c")
		for _, c := range []struct {
			at   StartingPosition
			want string
		}{
			{StartingPosition{Type: "TRIM_HORIZON"}, "a b c"},
			{StartingPosition{Type: "AT_TIMESTAMP", Timestamp: &at}, "b c"},
			{StartingPosition{Type: "AT_SEQUENCE_NUMBER", SequenceNumber: b.SequenceNumber}, "b c"},
			{StartingPosition{Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: a.SequenceNumber}, "b c"},
			{StartingPosition{Type: "LATEST"}, ""}, // a heartbeat
		} {
			r := h.subscribe(arn, "0", c.at)
			if got := eventTexts(r.next()); got != c.want {
				t.Errorf("%s: %q, want %q", c.at.Type, got, c.want)
			}
			r.leave()
			<-r.err
			time.Sleep(resubscribeAfter)
		}
		future := time.Now().Add(time.Hour)
		for _, c := range []struct {
			at         StartingPosition
			code, text string
		}{
			{StartingPosition{Type: "AT_TIMESTAMP"}, "InvalidArgumentException", "has no timestamp parameter"},
			{StartingPosition{Type: "AT_TIMESTAMP", Timestamp: &future}, "InvalidArgumentException", "cannot be greater"},
			{StartingPosition{Type: "AT_SEQUENCE_NUMBER"}, "InvalidArgumentException", "and no StartingSequenceNumber."},
			{StartingPosition{Type: "AT_SEQUENCE_NUMBER", SequenceNumber: "17"}, "InvalidArgumentException", "used in SubscribeToShard on shard"},
		} {
			_, err := h.trySubscribe(SubscribeToShardIn{ConsumerARN: arn, ShardId: "0", StartingPosition: &c.at})
			wantFault(t, err, c.code, c.text)
		}
		h.close()
	})
}

func TestSubscriptionTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 2)
		arn := h.register("s", "c")
		other := h.register("s", "d")
		first := h.subscribe(arn, "0", StartingPosition{Type: "LATEST"})
		in := SubscribeToShardIn{ConsumerARN: arn, ShardId: "0", StartingPosition: &StartingPosition{Type: "LATEST"}}
		_, err := h.trySubscribe(in)
		wantFault(t, err, "ResourceInUseException", "Another active subscription exists for this consumer: 000000000000:s:c:shardId-000000000000")
		h.subscribe(arn, "1", *in.StartingPosition).leave() // another shard
		h.subscribe(other, "0", *in.StartingPosition).leave()
		time.Sleep(resubscribeAfter)
		first.next() // a heartbeat
		second := h.subscribe(arn, "0", *in.StartingPosition)
		for range first.events {
		}
		wantFault(t, <-first.err, "ResourceInUseException", "Another active subscription")
		synctest.Wait()
		h.put("s", "k", "x")
		h.PutRecord(t.Context(), &PutRecordIn{StreamName: "s", PartitionKey: "k", ExplicitHashKey: "0", Data: []byte("y")})
		if got := eventTexts(second.next()); !strings.Contains(got, "y") && got != "x" {
			t.Errorf("%q", got)
		}
		second.leave()
		// Even after the client left, the next one has to wait its five seconds.
		<-second.err
		_, err = h.trySubscribe(in)
		wantFault(t, err, "ResourceInUseException", "")
		time.Sleep(resubscribeAfter)
		h.subscribe(arn, "0", *in.StartingPosition).leave()
		h.close()
	})
}

func TestSubscriptionFollowsAReshard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		ctx := context.Background()
		h.create("s", 1)
		arn := h.register("s", "c")
		r := h.subscribe(arn, "0", StartingPosition{Type: "TRIM_HORIZON"})
		h.put("s", "k", "before")
		r.want("before")
		synctest.Wait()
		if _, err := h.SplitShard(ctx, &SplitShardIn{StreamName: "s", ShardToSplit: "0", NewStartingHashKey: "170141183460469231731687303715884105728"}); err != nil {
			t.Fatal(err)
		}
		e := r.next()
		if len(e.ChildShards) != 2 || e.ContinuationSequenceNumber != "" || e.ChildShards[1].ShardId != "shardId-000000000002" || e.ChildShards[1].ParentShards[0] != "shardId-000000000000" {
			t.Errorf("%+v", e)
		}
		if _, more := <-r.events; more {
			t.Error("an event after the end of the shard")
		}
		if err := <-r.err; err != nil {
			t.Error(err)
		}
		left, right := h.subscribe(arn, "1", StartingPosition{Type: "TRIM_HORIZON"}), h.subscribe(arn, "2", StartingPosition{Type: "TRIM_HORIZON"})
		synctest.Wait()
		if _, err := h.MergeShards(ctx, &MergeShardsIn{StreamName: "s", ShardToMerge: "1", AdjacentShardToMerge: "2"}); err != nil {
			t.Fatal(err)
		}
		for _, r := range []*reading{left, right} {
			if e := r.next(); len(e.ChildShards) != 1 || len(e.ChildShards[0].ParentShards) != 2 {
				t.Errorf("%+v", e)
			}
			if err := <-r.err; err != nil {
				t.Error(err)
			}
		}
		// A closed shard that was read to its end says so at once, again.
		time.Sleep(resubscribeAfter)
		r = h.subscribe(arn, "0", StartingPosition{Type: "TRIM_HORIZON"})
		if e := r.want("before"); len(e.ChildShards) != 2 {
			t.Errorf("%+v", e)
		}
		h.close()
	})
}

func TestSubscriptionsEndWithStreamAndServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		h.create("kept", 1)
		r := h.subscribe(h.register("s", "c"), "0", StartingPosition{Type: "LATEST"})
		kept := h.subscribe(h.register("kept", "c"), "0", StartingPosition{Type: "LATEST"})
		synctest.Wait()
		if _, err := h.DeleteStream(t.Context(), &DeleteStreamIn{StreamName: "s", EnforceConsumerDeletion: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		wantFault(t, <-r.err, "ResourceNotFoundException", "Stream s under account 000000000000 not found.")
		h.Drain()
		if err := <-kept.err; err != nil {
			t.Error(err)
		}
		_, err := h.SubscribeToShard(t.Context(), &SubscribeToShardIn{})
		wantFault(t, err, "InternalFailure", "shutting down")
		h.close()
	})
}

func TestSubscriptionRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{StatusDelay: time.Second})
		ctx := context.Background()
		h.create("s", 1)
		time.Sleep(time.Second)
		arn := h.register("s", "c")
		in := SubscribeToShardIn{ConsumerARN: arn, ShardId: "0", StartingPosition: &StartingPosition{Type: "LATEST"}}
		refused := func(in SubscribeToShardIn, code, text string) {
			t.Helper()
			_, err := h.trySubscribe(in)
			wantFault(t, err, code, text)
		}
		refused(in, "ResourceInUseException", "not ACTIVE, instead in state CREATING")
		if _, err := h.Consumer(ctx, arn); hydrant.FaultCode(err) != "ResourceInUseException" {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if stream, err := h.Consumer(ctx, arn); err != nil || stream != "arn:aws:kinesis:us-east-1:000000000000:stream/s" {
			t.Error(stream, err)
		}
		bad := in
		bad.ShardId = "shardId-000000000007"
		refused(bad, "ResourceNotFoundException", "Shard shardId-000000000007 in stream s under account 000000000000 does not exist")
		bad = in
		bad.ConsumerARN = strings.Replace(arn, ":c", ":d", 1) + "1"
		refused(bad, "ResourceNotFoundException", "not found")
		r, err := h.trySubscribe(in)
		if err != nil {
			t.Fatal(err)
		}
		// Deregistering does not cut an open subscription.
		if _, err := h.DeregisterStreamConsumer(ctx, &DeregisterStreamConsumerIn{ConsumerARN: arn}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		refused(in, "ResourceNotFoundException", "not found")
		h.put("s", "k", "still")
		r.want("still")
		r.leave()
		<-r.err
		h.close()
	})
}

// A client that does not read costs one event, whatever is put meanwhile.
func TestSlowSubscriberIsNotReadAheadFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		arn := h.register("s", "c")
		r := h.subscribe(arn, "0", StartingPosition{Type: "TRIM_HORIZON"})
		big := strings.Repeat("x", 300<<10)
		for i := range 20 {
			h.put("s", "k", fmt.Sprint(i)+big)
			synctest.Wait()
		}
		records, events := 0, 0
		for records < 20 {
			e := r.next()
			if e.Records.Len() > 3 {
				t.Fatalf("%d records of 300 KiB in one event", e.Records.Len())
			}
			for _, rec := range e.Records.All() {
				if !strings.HasPrefix(string(rec.Data), fmt.Sprint(records)+"x") {
					t.Fatalf("record %d is %.5s", records, rec.Data)
				}
				records++
			}
			events++
		}
		if events != 8 { // the first with one record, then as they fit
			t.Errorf("%d events", events)
		}
		r.leave()
		h.close()
	})
}

func TestSubscriptionThroughputLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		h.create("s", 1)
		arn := h.register("s", "c")
		for range 10 {
			h.put("s", "k", strings.Repeat("x", 1<<20-1))
		}
		h.Limits = true
		start := time.Now()
		r := h.subscribe(arn, "0", StartingPosition{Type: "TRIM_HORIZON"})
		for n := 0; n < 10; {
			n += r.next().Records.Len()
		}
		// 2 MiB at once, 2 MiB/s after that; the last event may leave the bucket in debt.
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("10 MiB in %v", took)
		}
		r.leave()
		h.close()
	})
}
