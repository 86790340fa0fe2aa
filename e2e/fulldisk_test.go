package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestFullDisk fills a small file system under the real process: what was acknowledged stays, what
// was not says so, the operator is told what to do, and when there is room again it all goes on
// without a restart.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("a file system of 24 MB cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", disk).Run(); err != nil {
			t.Error(err)
		}
	})
	// A ballast to remove later: the operator's "free some space".
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(disk, "data")
	p := serve(t, data, "")
	makeLake(t, p)
	if _, err := kinesis.NewFromConfig(p.sdk(1)).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, p)
	f := firehose.NewFromConfig(p.sdk(1))
	acked := map[string]bool{}
	pad := bytes.Repeat([]byte("x"), 100_000)
	put := func(id string) error {
		_, err := f.PutRecord(t.Context(), &firehose.PutRecordInput{DeliveryStreamName: aws.String("crash"), Record: &firehosetypes.Record{
			Data: fmt.Appendf(nil, `{"id":%q,"n":1,"pad":%q}`, id, pad)}})
		if err == nil {
			acked[id] = true
		}
		return err
	}
	var full error
	for i := 0; i < 1000 && full == nil; i++ {
		full = put(fmt.Sprint("r", i))
	}
	if full == nil || !strings.Contains(full.Error(), "ServiceUnavailable") && !strings.Contains(full.Error(), "InternalFailure") {
		t.Fatalf("a full disk answers %v", full)
	}
	if log := p.stderr(); !strings.Contains(log, "free space") {
		t.Errorf("the log does not say what to do:\n%s", log)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := put("after"); err != nil {
		t.Errorf("with room again: %v\n%s", err, p.stderr())
	}
	p.kill()
	p = serve(t, data, "")
	if out, err := run(t, "flush", "--endpoint", p.url, "crash"); err != nil {
		t.Fatalf("flush: %v\n%s\n%s", err, out, p.stderr())
	}
	t.Logf("%d records acknowledged before the disk was full: %v", len(acked), full)
	check(t, "lake", acked, inLake(t, filepath.Join(data, "s3", "crash")))
}
