package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// TestCrashLosesAndDoublesNothing kills the real process at random moments under load and shows
// with DuckDB that every acknowledged record is in the lake exactly once, and with GetRecords that
// every acknowledged stream record can be read exactly once.
func TestCrashLosesAndDoublesNothing(t *testing.T) {
	kills := 20
	if os.Getenv("HYDRANT_CRASH") != "" {
		kills = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	data := t.TempDir()
	p := serve(t, data, "")
	makeLake(t, p)
	if _, err := kinesis.NewFromConfig(p.sdk(3)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(3)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	addr := p.addr

	var acked ledger
	for i := range kills {
		ctx, cancel := context.WithCancel(context.Background())
		var load sync.WaitGroup
		for w := range 4 {
			load.Go(func() { putToFirehose(ctx, p, fmt.Sprintf("k%d-w%d", i, w), &acked) })
			load.Go(func() { putToKinesis(ctx, p, fmt.Sprintf("k%d-w%d", i, w), &acked) })
		}
		time.Sleep(time.Duration(50+rng.IntN(400)) * time.Millisecond)
		p.kill()
		cancel()
		load.Wait()
		p = serve(t, data, addr)
	}
	firehoseAcked, kinesisAcked := acked.of("firehose"), acked.of("kinesis")
	t.Logf("%d kills, %d records acknowledged by Firehose, %d by Kinesis", kills, len(firehoseAcked), len(kinesisAcked))
	if len(firehoseAcked) < kills || len(kinesisAcked) < kills {
		t.Fatal("too little load to prove anything")
	}

	if out, err := run(t, "flush", "--endpoint", p.url, "crash"); err != nil {
		t.Fatalf("flush: %v\n%s", err, out)
	}
	check(t, "lake", firehoseAcked, inLake(t, filepath.Join(data, "s3", "crash")))
	check(t, "stream", kinesisAcked, inStream(t, p))
}

// check holds the promise: every acknowledged id once, no id twice.
func check(t *testing.T, where string, acked map[string]bool, found map[string]int) {
	t.Helper()
	lost, doubled := 0, 0
	for id := range acked {
		if found[id] == 0 {
			lost++
			if lost < 5 {
				t.Errorf("%s: %s was acknowledged and is not there", where, id)
			}
		}
	}
	for id, n := range found {
		if n > 1 {
			doubled++
			if doubled < 5 {
				t.Errorf("%s: %s is there %d times", where, id, n)
			}
		}
	}
	if lost+doubled > 0 {
		t.Errorf("%s: %d lost, %d doubled of %d acknowledged", where, lost, doubled, len(acked))
	}
}

// ledger remembers what was acknowledged.
type ledger struct {
	mu  sync.Mutex
	ids map[string]map[string]bool
}

func (l *ledger) add(kind, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[string]map[string]bool{}
	}
	if l.ids[kind] == nil {
		l.ids[kind] = map[string]bool{}
	}
	l.ids[kind][id] = true
}

func (l *ledger) of(kind string) map[string]bool { return l.ids[kind] }

// putToFirehose puts batches until it is told to stop or the process is gone. Every attempt has ids
// of its own: one that was not acknowledged may be there or not, but never twice.
func putToFirehose(ctx context.Context, p *process, worker string, acked *ledger) {
	client := firehose.NewFromConfig(p.sdk(1))
	for n := 0; ctx.Err() == nil; n++ {
		var in []firehosetypes.Record
		var ids []string
		for i := range 20 {
			id := fmt.Sprintf("%s-%d-%d", worker, n, i)
			ids = append(ids, id)
			in = append(in, firehosetypes.Record{Data: fmt.Appendf(nil, `{"id":%q,"n":%d,"at":"2016-01-01T00:00:00.000Z"}`, id, i)})
		}
		out, err := client.PutRecordBatch(ctx, &firehose.PutRecordBatchInput{DeliveryStreamName: aws.String("crash"), Records: in})
		if err != nil {
			return
		}
		for i, r := range out.RequestResponses {
			if r.ErrorCode == nil {
				acked.add("firehose", ids[i])
			}
		}
	}
}

func putToKinesis(ctx context.Context, p *process, worker string, acked *ledger) {
	client := kinesis.NewFromConfig(p.sdk(1))
	for n := 0; ctx.Err() == nil; n++ {
		var in []kinesistypes.PutRecordsRequestEntry
		var ids []string
		for i := range 20 {
			id := fmt.Sprintf("%s-%d-%d", worker, n, i)
			ids = append(ids, id)
			in = append(in, kinesistypes.PutRecordsRequestEntry{Data: []byte(id), PartitionKey: aws.String(id)})
		}
		out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: in})
		if err != nil {
			return
		}
		for i, r := range out.Records {
			if r.ErrorCode == nil {
				acked.add("kinesis", ids[i])
			}
		}
	}
}

// inLake counts every id in the lake's Parquet files, read as plain files.
func inLake(t *testing.T, dir string) map[string]int {
	t.Helper()
	rows, err := duck(t).Query(fmt.Sprintf("SELECT id, count(*) FROM read_parquet('%s/**/*.parquet') GROUP BY id", dir))
	if err != nil {
		t.Fatal(err)
	}
	return counts(t, rows)
}

// counts reads rows of an id and how often it is there, to their end.
func counts(t *testing.T, rows *sql.Rows) map[string]int {
	t.Helper()
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(err)
		}
		found[id] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// inStream counts every record of the stream.
func inStream(t *testing.T, p *process) map[string]int {
	t.Helper()
	client := kinesis.NewFromConfig(p.sdk(3))
	found := map[string]int{}
	for shard := range 3 {
		it, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String(fmt.Sprintf("shardId-%012d", shard)), ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		for next := it.ShardIterator; next != nil; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				found[string(r.Data)]++
			}
			if len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
			next = page.NextShardIterator
		}
	}
	return found
}
