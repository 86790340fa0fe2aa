package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

// replayProgress shows how a replay is getting on: a bar on a terminal, else a line every few seconds.
type replayProgress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil where out is no terminal
	total int
	every time.Duration
	last  replayStats
}

func newReplayProgress(f *os.File, total int) *replayProgress {
	p := &replayProgress{out: f, total: total, every: 5 * time.Second}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" {
		p.every = 200 * time.Millisecond
		p.bar = progressbar.NewOptions64(int64(total),
			progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	return p
}

// show is called from one goroutine at a time.
func (p *replayProgress) show(s replayStats) {
	rate := 0.0
	if d := s.Took - p.last.Took; d > 0 {
		rate = float64(s.Sent-p.last.Sent) / d.Seconds()
	}
	line := fmt.Sprintf("%s trips/s", replayCount(int(rate)))
	if !s.First.IsZero() {
		line += s.EventTime.Format(" · 2006-01-02 15:04:05")
	}
	if s.Lag > 0 {
		line += fmt.Sprintf(" · %s behind", s.Lag.Round(time.Millisecond))
	}
	if s.Throttled > 0 {
		line += fmt.Sprintf(" · %s resent", replayCount(s.Throttled))
	}
	p.last = s
	if p.bar != nil {
		p.bar.Describe(line)
		_ = p.bar.Set64(int64(s.Sent)) // a bar that cannot be drawn is no reason to stop
		return
	}
	if s.Took >= p.every {
		fmt.Fprintf(p.out, "hydrant: %s of %s · %s\n", replayCount(s.Sent), replayCount(p.total), line)
	}
}

func (p *replayProgress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// summary tells in a few lines what a replay did.
func (s replayStats) summary(stream string) string {
	seconds := max(s.Took.Seconds(), 1e-3)
	var b strings.Builder
	fmt.Fprintf(&b, "%s trips (%.1f MB) put on %s in %s: %s trips/s, %.1f MB/s", replayCount(s.Sent), float64(s.Bytes)/1e6, stream,
		s.Took.Round(time.Millisecond), replayCount(int(float64(s.Sent)/seconds)), float64(s.Bytes)/1e6/seconds)
	if !s.First.IsZero() {
		fmt.Fprintf(&b, "\ndropoffs %s .. %s", s.First.Format(time.DateTime), s.EventTime.Format(time.DateTime))
	}
	fmt.Fprintf(&b, "\n%s calls, %s entries throttled and resent", replayCount(s.Calls), replayCount(s.Throttled))
	if s.Watermarks > 0 {
		fmt.Fprintf(&b, ", %s watermarks", replayCount(s.Watermarks))
	}
	return b.String()
}

// replayCount groups digits: 1,234,567.
func replayCount(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
