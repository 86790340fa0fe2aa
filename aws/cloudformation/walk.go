package cloudformation

import "context"

// node is one thing to be done and the names of those to be done before it.
type node struct {
	name  string
	after []string
}

// walk does every node after those it depends on, several at once, and waits for all it began. A
// node that fails keeps those that wait for it from being done; with stop it cancels the others too.
// It returns the names of those that failed, in the order they did.
func walk(ctx context.Context, nodes []node, stop bool, do func(ctx context.Context, name string) error) []string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		name string
		err  error
	}
	var (
		results = make(chan result)
		waits   = make(map[string]bool, len(nodes)) // not done yet
		begun   = make(map[string]bool, len(nodes))
		running int
		failed  []string
	)
	for _, n := range nodes {
		waits[n.name] = true
	}
	ready := func(n node) bool {
		for _, a := range n.after {
			if waits[a] {
				return false
			}
		}
		return true
	}
	for {
		for _, n := range nodes {
			if running == parallel || ctx.Err() != nil {
				break
			}
			if begun[n.name] || !ready(n) {
				continue
			}
			begun[n.name] = true
			running++
			go func() { results <- result{n.name, do(ctx, n.name)} }()
		}
		if running == 0 {
			return failed
		}
		r := <-results
		running--
		if r.err == nil {
			delete(waits, r.name)
			continue
		}
		failed = append(failed, r.name)
		if stop {
			cancel()
		}
	}
}
