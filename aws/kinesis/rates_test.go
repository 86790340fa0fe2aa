package kinesis

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// With AWS's limits a stream may be scaled ten times a day and change its mode twice; a day later again.
func TestDailyLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{Limits: true})
		defer h.close()
		ctx := context.Background()
		h.create("s", 2)
		scale := func(n int) error {
			_, err := h.UpdateShardCount(ctx, &UpdateShardCountIn{StreamName: "s", TargetShardCount: &n, ScalingType: "UNIFORM_SCALING"})
			return err
		}
		arn := hydrant.Scope{}.Or().ARN("kinesis", "stream/s")
		mode := func(m string) error {
			_, err := h.UpdateStreamMode(ctx, &UpdateStreamModeIn{StreamARN: arn, StreamModeDetails: &StreamModeDetails{m}})
			return err
		}
		for i := range maxScalings {
			if err := scale(2 + (i+1)%2); err != nil {
				t.Fatal(i, err)
			}
			time.Sleep(time.Minute)
		}
		wantFault(t, scale(3), "LimitExceededException", "10 calls of UpdateShardCount in 24 hours")
		h.reopen() // it is kept
		wantFault(t, scale(3), "LimitExceededException", "UpdateShardCount")
		for _, m := range []string{onDemand, provisioned} {
			if err := mode(m); err != nil {
				t.Fatal(err)
			}
		}
		wantFault(t, mode(onDemand), "LimitExceededException", "UpdateStreamMode")
		time.Sleep(day)
		if err := scale(3); err != nil {
			t.Error(err)
		}
		if err := mode(onDemand); err != nil {
			t.Error(err)
		}
	})
}

// With AWS's limits operations have rates, each its own, by account; without them none has.
func TestControlRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limits := range []bool{true, false} {
			h := open(t, Config{Limits: limits})
			call := func(op string, in any, account string) error {
				for _, row := range h.Wire().Ops {
					if row.Name == op {
						_, err := row.Call(hydrant.WithScope(context.Background(), hydrant.Scope{Account: account, Region: "us-east-1"}), in)
						return err
					}
				}
				t.Fatal("no row", op)
				return nil
			}
			allowed := func(op string, in any) (n int) {
				for n < 100 && call(op, in, "111111111111") == nil {
					n++
				}
				return n
			}
			for op, c := range map[string]struct {
				in   any
				rate int
			}{"ListStreams": {&ListStreamsIn{}, 5}, "DescribeLimits": {&DescribeLimitsIn{}, 1}} {
				want := c.rate
				if !limits {
					want = 100
				}
				if n := allowed(op, c.in); n != want {
					t.Errorf("limits %v: %d calls of %s at once, want %d", limits, n, op, want)
				}
				if limits {
					wantFault(t, call(op, c.in, "111111111111"), "LimitExceededException", "Rate exceeded")
				}
				if err := call(op, c.in, "222222222222"); err != nil {
					t.Errorf("another account: %v", err)
				}
			}
			time.Sleep(time.Second)
			if err := call("ListStreams", &ListStreamsIn{}, "111111111111"); err != nil {
				t.Error(err)
			}
			h.close()
		}
	})
}

func TestIteratorRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{Limits: true})
		defer h.close()
		h.create("s", 2)
		ask := func(shard string) error {
			_, err := h.GetShardIterator(context.Background(), &GetShardIteratorIn{StreamName: "s", ShardId: shard, ShardIteratorType: "LATEST"})
			return err
		}
		for range maxIteratorsPerSecond {
			if err := ask("0"); err != nil {
				t.Fatal(err)
			}
		}
		wantFault(t, ask("0"), "ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000000 in stream s")
		if err := ask("1"); err != nil {
			t.Error(err)
		}
	})
}

// AT_TIMESTAMP begins at the first record that did not arrive before it, to the microsecond clients write.
func TestAtTimestampIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Config{})
		defer h.close()
		h.create("s", 1)
		var at []time.Time
		for _, text := range []string{"a", "b", "c"} {
			time.Sleep(10 * time.Millisecond)
			h.put("s", "k", text)
			at = append(at, time.Now())
		}
		time.Sleep(time.Second)
		for _, c := range []struct {
			at   time.Time
			want string
		}{
			{at[0].Add(-time.Hour), "a b c"}, {at[1], "b c"}, {at[1].Add(-time.Microsecond), "b c"},
			{at[1].Add(time.Microsecond), "c"}, {at[1].Add(time.Millisecond), "c"}, {at[2].Add(time.Microsecond), ""},
		} {
			it := h.iterator(GetShardIteratorIn{StreamName: "s", ShardId: "0", ShardIteratorType: "AT_TIMESTAMP", Timestamp: &c.at})
			if got := texts(h.get(it, 0)); got != c.want {
				t.Errorf("%v after the second: %q, want %q", c.at.Sub(at[1]), got, c.want)
			}
		}
	})
}
