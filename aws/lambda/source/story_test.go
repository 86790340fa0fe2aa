package source

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestTheStoryOfABatch: the operator's log tells which batch, which attempt, why, how long it waits and
// what became of it; the metrics tell how far behind it was.
func TestTheStoryOfABatch(t *testing.T) {
	play(t, func(t *testing.T, w *world) {
		var log lockedBuffer
		w.reopen(func(c *Config) {
			c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))
		})
		n := 0
		w.fn.do = func(a attempt) (Answer, error) {
			n++
			switch {
			case a.nums[0] == "3":
				return failure, nil
			case n == 1:
				return Answer{}, hydrant.Faultf("TooManyRequestsException", "Rate Exceeded.")
			case n == 2:
				return failure, nil
			}
			return Answer{}, nil
		}
		w.streams.put(shard0, 0, 5)
		m := w.create(func(m *Mapping) {
			m.Settings.BatchSize, m.Settings.MaxRetries, m.Settings.OnFailure = 3, 1, "arn:aws:s3:::dead"
		})
		w.sleep(time.Minute)
		batch := `mapping=` + m.ID + ` function=` + testFunction + ` shard=` + shard0 + ` request=[0-9a-f-]{36} `
		first := batch + `records=3 first=4900010 last=4900030 `
		second := batch + `records=2 first=4900040 last=4900050 `
		story := []string{
			`level=WARN msg="function cannot be called; the batch waits" ` + first + `err="TooManyRequestsException: Rate Exceeded." calls=1 pause=\S+`,
			`level=WARN msg="batch failed; it comes again" ` + first + `attempt=1 error="{\\"errorMessage\\":\\"no\\",\\"errorType\\":\\"E\\"}" pause=\S+`,
			`level=INFO msg="batch succeeded at last" ` + first + `attempt=2 calls=3 took=\S+ since=\S+`,
			`level=WARN msg="batch failed; it comes again" ` + second + `attempt=1 error=\S+ pause=\S+`,
			`level=ERROR msg="batch is given up" ` + second + `condition=RetryAttemptsExhausted attempts=2 since=\S+ destination=arn:aws:s3:::dead`,
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != len(story) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(story), log.String())
		}
		for i, want := range story {
			if !regexp.MustCompile("^" + want + "$").MatchString(lines[i]) {
				t.Errorf("line %d is\n%s\nwant\n%s", i, lines[i], want)
			}
		}
		ages := w.metrics.values["AWS/Lambda IteratorAge f"]
		if len(ages) != 4 || ages[0] < 500 || ages[0] > 5000 || ages[3] < ages[0] {
			t.Errorf("iterator ages %v", ages)
		}
	})
}
