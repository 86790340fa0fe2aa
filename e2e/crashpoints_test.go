package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// crashPoints are the places of the delivery path (store/crash), and the delivery stream whose load
// leads there.
var crashPoints = []struct{ point, stream string }{
	{"firehose.cut", "plain"}, {"firehose.intent", "plain"}, {"firehose.part", "plain"}, {"firehose.object", "plain"},
	{"firehose.written", "plain"}, {"firehose.commit", "plain"}, {"firehose.trim", "plain"},
	{"firehose.stage.append", "transformed"}, {"firehose.stage.checkpoint", "transformed"},
	{"firehose.stage.append", "partitioned"}, {"firehose.stage.checkpoint", "partitioned"},
	{"firehose.processed.cut", "partitioned"}, {"firehose.processed.intent", "partitioned"}, {"firehose.processed.object", "partitioned"},
	{"firehose.processed.written", "partitioned"}, {"firehose.processed.commit", "partitioned"}, {"firehose.processed.trim", "partitioned"},
	{"firehose.processed.intent", "transformed"}, {"firehose.processed.commit", "transformed"},
	{"firehose.backup.cut", "transformed"}, {"firehose.backup.intent", "transformed"}, {"firehose.backup.object", "transformed"},
	{"firehose.backup.written", "transformed"}, {"firehose.backup.commit", "transformed"}, {"firehose.backup.trim", "transformed"},
	{"firehose.source.append", "sourced"}, {"firehose.intent", "sourced"}, {"firehose.commit", "sourced"},
}

// TestCrashAtNamedPoints kills the real process at every named point of the delivery path, and at random
// moments between. Every record that was acknowledged is in the lake once, and in the backup once:
// plain, partitioned, transformed by a function, and copied from a stream. HYDRANT_HEAVY=1 goes 200 rounds.
func TestCrashAtNamedPoints(t *testing.T) {
	if os.Getenv("HYDRANT_CRASH") == "" {
		t.Skip("runs with make crash")
	}
	_, err := exec.LookPath("python3")
	need(t, err == nil, "python3")
	rounds := len(crashPoints) + 4
	if os.Getenv("HYDRANT_HEAVY") != "" {
		rounds = 200
	}
	bin := filepath.Join(t.TempDir(), "hydrant")
	build := exec.Command("go", "build", "-tags", "crashpoints", "-o", bin, "./cmd/hydrant")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	data := t.TempDir()
	p, err := start(t, bin, nil, data, "")
	if err != nil {
		t.Fatal(err)
	}
	makeStreams(t, p)
	addr := p.addr
	p.stop()

	var acked ledger
	random := 0
	for i := range rounds {
		var env []string
		streams := []string{"plain", "partitioned", "transformed", "sourced"}
		at := "at random"
		if n := i % (len(crashPoints) + 4); n < len(crashPoints) {
			at = fmt.Sprintf("%s:%d", crashPoints[n].point, 1+rng.IntN(3))
			env, streams = []string{"HYDRANT_CRASH_AT=" + at}, []string{crashPoints[n].stream}
		}
		p, err := start(t, bin, env, data, addr)
		if err != nil {
			if env == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("round %d, %s: %v", i, at, err)
			}
			continue // it died while it took up what the last crash left
		}
		ctx, cancel := context.WithCancel(context.Background())
		var load sync.WaitGroup
		for _, s := range streams {
			for w := range 2 {
				load.Go(func() { putIDs(ctx, p, s, fmt.Sprintf("%s-%d-%d", s, i, w), &acked) })
			}
		}
		if env == nil {
			time.Sleep(time.Duration(100+rng.IntN(400)) * time.Millisecond)
			random++
		} else {
			select {
			case err := <-p.done:
				p.done <- err
			case <-time.After(20 * time.Second):
				t.Errorf("round %d: the point %s is not reached", i, at)
			}
		}
		p.kill()
		cancel()
		load.Wait()
	}
	if p, err = start(t, bin, nil, data, addr); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"plain", "partitioned", "transformed", "sourced"} {
		want := acked.of(s)
		if len(want) == 0 {
			t.Fatalf("no load on %s", s)
		}
		found := landedIDs(t, p, data, s, s, want)
		check(t, s, want, found)
		if s == "transformed" {
			check(t, "backup", want, landedIDs(t, p, data, s, "backup", want))
		}
		t.Logf("%s: %d records acknowledged, %d rows", s, len(want), len(found))
	}
	t.Logf("%d rounds, %d of them at random moments", rounds, random)
}

// landedIDs flushes a delivery stream until all that is wanted is there, at most for a while: what a
// stream holds has to be copied first.
func landedIDs(t *testing.T, p *process, data, stream, folder string, want map[string]bool) map[string]int {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		if out, err := run(t, "flush", "--endpoint", p.url, stream); err != nil {
			t.Fatalf("flush %s: %v\n%s", stream, err, out)
		}
		rows, err := duck(t).Query(fmt.Sprintf("SELECT id, count(*) FROM read_json('%s/**/*', format='newline_delimited', columns={id: 'VARCHAR'}) GROUP BY id", filepath.Join(data, "s3", "lake", folder)))
		if err != nil {
			t.Fatal(err)
		}
		found, missing := counts(t, rows), 0
		for id := range want {
			if found[id] == 0 {
				missing++
			}
		}
		if missing == 0 || time.Now().After(deadline) {
			return found
		}
	}
}

// putIDs puts batches of ids until it is told to stop or the process is gone.
func putIDs(ctx context.Context, p *process, stream, worker string, acked *ledger) {
	f, k := firehose.NewFromConfig(p.sdk(1)), kinesis.NewFromConfig(p.sdk(1))
	for n := 0; ctx.Err() == nil; n++ {
		var ids []string
		var in []firehosetypes.Record
		var entries []kinesistypes.PutRecordsRequestEntry
		for i := range 20 {
			id := fmt.Sprintf("%s-%d-%d", worker, n, i)
			doc := fmt.Appendf(nil, "{\"id\":%q,\"part\":\"p%d\"}\n", id, i%5)
			ids = append(ids, id)
			in = append(in, firehosetypes.Record{Data: doc})
			entries = append(entries, kinesistypes.PutRecordsRequestEntry{Data: doc, PartitionKey: aws.String(id)})
		}
		if stream == "sourced" {
			out, err := k.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("source"), Records: entries})
			if err != nil {
				return
			}
			for i, r := range out.Records {
				if r.ErrorCode == nil {
					acked.add(stream, ids[i])
				}
			}
			continue
		}
		out, err := f.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String(stream), Records: in})
		if err != nil {
			return
		}
		for i, r := range out.RequestResponses {
			if r.ErrorCode == nil {
				acked.add(stream, ids[i])
			}
		}
	}
}
