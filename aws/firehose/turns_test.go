package firehose

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// visit takes a turn to a bucket and holds it until release is closed or the turn is ended.
func visit(t *testing.T, ts *turns, bucket string, look func() error, release chan struct{}) (began <-chan error, over <-chan error) {
	t.Helper()
	b, o := make(chan error, 1), make(chan error, 1)
	go func() {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		turn, err := ts.take(ctx, bucket, asking{cancel, look, func(error) {}})
		if b <- err; err != nil {
			return
		}
		defer turn.leave()
		turn.waits()
		select {
		case <-release:
			turn.moves()
			ts.trust(bucket)
		case <-ctx.Done():
		}
		o <- context.Cause(ctx)
	}()
	return b, o
}

func answers() error { return nil }

// has tells whether something has come, when all else waits.
func has(c <-chan error) bool {
	synctest.Wait()
	return len(c) > 0
}

// Uploads that stand still give their places back: the first moves to the place for buckets in doubt, the
// next is given up. Meanwhile one more to that bucket waits, and one to another goes on.
func TestTurnsOfBucketThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurns(2, 15*time.Second)
		hung := make(chan struct{})
		first, firstOver := visit(t, ts, "hung", answers, hung)
		second, secondOver := visit(t, ts, "hung", answers, hung)
		if !has(first) || !has(second) {
			t.Fatal("there are two places")
		}
		other, _ := visit(t, ts, "sound", answers, make(chan struct{}))
		if has(other) {
			t.Fatal("there are but two places")
		}
		time.Sleep(15 * time.Second)
		if !has(other) || has(firstOver) == has(secondOver) {
			t.Fatalf("nobody gave way: first over %v, second over %v", has(firstOver), has(secondOver))
		}
		third, _ := visit(t, ts, "hung", func() error { t.Error("asked while another waits for the bucket"); return nil }, hung)
		time.Sleep(time.Hour)
		if has(third) {
			t.Error("two deliveries to a bucket in doubt")
		}
		// It is found to be sound: who waited for it goes on among the others, and does not ask.
		close(hung)
		if !has(third) || <-third != nil {
			t.Error("it still waits")
		}
		if d, _ := ts.doubted("hung"); d != nil {
			t.Error("the bucket is still in doubt")
		}
	})
}

// A bucket that failed once does not wait for one that hangs.
func TestTurnsOfTwoBucketsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurns(2, 15*time.Second)
		ts.doubt("hung", errStill)
		ts.doubt("failed once", errStill)
		hung, release := make(chan struct{}), make(chan struct{})
		a, aOver := visit(t, ts, "hung", answers, hung)
		if !has(a) {
			t.Fatal("no place for buckets in doubt")
		}
		time.Sleep(time.Hour)
		b, bOver := visit(t, ts, "failed once", answers, release)
		if has(aOver) || !has(b) {
			t.Fatal("no place for another bucket in doubt")
		}
		close(release)
		if !has(bOver) || <-bOver != nil {
			t.Error("it was not left alone")
		}
		if d, _ := ts.doubted("failed once"); d != nil {
			t.Error("it is still in doubt")
		}
		close(hung)
	})
}

// A bucket that does not answer when it is asked takes no place at all.
func TestTurnsOfBucketThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurns(1, time.Second)
		ts.doubt("away", errStill)
		away := errors.New("away")
		asked, answer := make(chan struct{}), make(chan struct{})
		first, _ := visit(t, ts, "away", func() error { close(asked); <-answer; return away }, nil)
		<-asked
		if len(ts.sound) > 0 || len(ts.unsound) > 0 {
			t.Error("a place is held while a bucket is asked")
		}
		close(answer)
		if err := <-first; !errors.Is(err, away) {
			t.Errorf("turn: %v", err)
		}
		second, _ := visit(t, ts, "away", func() error { return away }, nil)
		if err := <-second; !errors.Is(err, away) {
			t.Errorf("the next one's turn: %v", err)
		}
	})
}
