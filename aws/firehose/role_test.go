package firehose

import (
	"context"
	"sync"

	"github.com/hydrant-stream/hydrant"
)

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
