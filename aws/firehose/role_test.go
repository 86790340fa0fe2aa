package firehose

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// A role that may do nothing, not even write events: Describe tells, and another role mends it, for records that
// came before and after a restart.
func TestWrongRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.RetryLast = 10 * time.Second })
		h.create("s", func(d *ExtendedS3DestinationConfiguration) {
			d.RoleARN, d.BufferingHints.IntervalInSeconds = "arn:aws:iam::000000000000:role/wrong", new(0)
			d.CloudWatchLoggingOptions = logging
		})
		h.put("s", "a;")
		time.Sleep(time.Minute)
		h.stop()
		h.start()
		h.put("s", "b;")
		time.Sleep(time.Minute)
		h.wantFailing("s", "S3.AccessDenied")
		if e := h.events.all(); len(e) > 0 {
			t.Errorf("events %q by a role that may not write them", e)
		}
		if n, _ := h.log.(*memlog).held(); n != 2 || len(h.objects("lake")) > 0 {
			t.Errorf("%d records are kept, there are %v", n, h.objects("lake"))
		}
		if err := h.update("s", &ExtendedS3DestinationUpdate{RoleARN: role}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		h.wantFailing("s", "")
		if got := h.all("s"); got != "a;b;" {
			t.Errorf("delivered %q", got)
		}
	})
}

// denials are roles that allow everything but one action.
type denials struct {
	mu     sync.Mutex
	action string
}

func (d *denials) deny(action string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.action = action
}

func (d *denials) May(_ context.Context, _ hydrant.Scope, as, action, _ string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if as != role || action == d.action {
		return hydrant.Faultf("AccessDeniedException", "%s may not %s", as, action)
	}
	return nil
}
