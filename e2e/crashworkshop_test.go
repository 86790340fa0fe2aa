package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// commands cuts a block of shell into its commands: lines are joined until bash takes them for whole.
func commands(t *testing.T, block string) (list []string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(block) {
		lines = append(lines, line)
		command := strings.Join(lines, "")
		if strings.HasSuffix(command, "\\\n") || exec.Command("bash", "-n", "-c", command).Run() != nil {
			continue
		}
		list, lines = append(list, command), nil
	}
	if lines != nil {
		t.Fatalf("bash does not take this for a command:\n%s", strings.Join(lines, ""))
	}
	return list
}

// killing is what a walk calls between two commands: kill -9, and a start at the same address over the same
// data. Rules of faults are no state: they end with the process, so while one is set hydrant lives on.
func killing(t *testing.T, data string, p **process, list []string) (between func(next int), kills *int) {
	kills = new(int)
	faulty := false
	return func(next int) {
		switch before := list[next-1]; {
		case strings.HasPrefix(before, "hydrant faults add"):
			faulty = true
		case strings.HasPrefix(before, "hydrant faults clear"):
			faulty = false
		}
		if faulty {
			return
		}
		was := *p
		was.kill()
		*kills++
		*p = serve(t, data, was.addr)
	}, kills
}

// crashing walks a part of the workshop with kill -9 between any two of its commands.
func crashing(t *testing.T, part string) string {
	t.Helper()
	if os.Getenv("HYDRANT_CRASH") == "" {
		t.Skip("runs with make crash")
	}
	t.Parallel() // they wait more than they work
	var list []string
	for _, block := range walkthrough(t, "docs/workshop.md", part) {
		list = append(list, commands(t, block)...)
	}
	data := t.TempDir()
	p := serve(t, data, "")
	between, kills := killing(t, data, &p, list)
	began := time.Now()
	out := walk(t, p, list, between)
	t.Logf("%d commands, killed %d times, %v", len(list), *kills, time.Since(began).Round(time.Second))
	left(t, p)
	return out
}

// TestCrashWorkshopByHand: kill -9 between any two commands of the workshop's first half changes nothing,
// to the record.
func TestCrashWorkshopByHand(t *testing.T) {
	out := crashing(t, "by hand")
	prints(t, out,
		"Repair: Added partition to metastore nyctaxitrips:year=",
		`"ConsumerName": "nyc-taxi-trips-cons-1"`,
		"\"errorCode\":\"DataFormatConversion.EntityNotFound\"",
		"ServiceUnavailableException",
		"put         10000\n", "put         20000\n", "put         30000\n", "put         40000\n",
	)
	if n := strings.Count(out, verified); n != 4 {
		t.Errorf("verified %d times, want 4", n)
	}
}

// TestCrashWorkshopByTemplate: the same of its second half. The replay under load meets the kills: a put that
// was stored and not answered any more is put again, as any producer would, so there may be a few more than 20000.
func TestCrashWorkshopByTemplate(t *testing.T) {
	out := crashing(t, "by template")
	prints(t, out,
		"Successfully created/updated stack - taxi",
		"put         10000\n", verified,
		"not verified: 0 missing,", "0 altered, 0 never put",
		"\n9852\n", // trips of the replay that are complete
	)
	puts := regexp.MustCompile(`put         (\d+)\n`).FindAllStringSubmatch(out, -1)
	if last, err := strconv.Atoi(puts[len(puts)-1][1]); err != nil || last < 20000 || last > 22000 {
		t.Errorf("put at last: %v", puts)
	}
}
