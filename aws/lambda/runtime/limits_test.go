package runtime

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// limitsOf is what the kernel tells the function it may do.
func limitsOf(t *testing.T, p *Pool, s *Spec) map[string]uint64 {
	t.Helper()
	r := invoke(t, p, s, `{"do":"limits"}`)
	var got map[string]uint64
	if err := json.Unmarshal(r.Payload, &got); err != nil || r.Error != "" {
		t.Fatalf("%s %s", r.Error, r.Payload)
	}
	return got
}

func TestKernelLimits(t *testing.T) {
	p, _ := open(t, nil)
	s := goSpec(t)
	s.Storage = 1024
	got := limitsOf(t, p, s)
	if got["files"] != maxOpenFiles || got["size"] != 1<<30 || got["core"] != 0 || got["uid"] != uint64(os.Getuid()) {
		t.Errorf("%v", got)
	}
}

// TestAnotherUser: functions run as it, in a temporary folder of its own, and end with their group.
func TestAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may start a process as another user")
	}
	const nobody = 65534
	p, _ := open(t, func(c *Config) {
		c.User = &User{UID: nobody, GID: nobody}
		// The test's folders are closed to others.
		for dir := c.Dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	})
	s := goSpec(t)
	if err := os.Chmod(s.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	// Limits of another user's process take CAP_SYS_RESOURCE, which root in a container may lack.
	if got := limitsOf(t, p, s); got["uid"] != nobody {
		t.Errorf("%v", got)
	}
	r := invoke(t, p, s, `{"do":"fork"}`)
	if r.Error != "" {
		t.Fatalf("%s", r.Payload)
	}
}
