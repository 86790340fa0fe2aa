package firehose

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hydrant-stream/hydrant"
)

type samples struct {
	mu  sync.Mutex
	all []string
}

func (m *samples) Put(_ hydrant.Scope, namespace, name string, dimensions map[string]string, value float64, unit string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if strings.HasSuffix(name, ".Latency") || strings.HasSuffix(name, ".DataFreshness") {
		value = 0
	}
	m.all = append(m.all, fmt.Sprintf("%s %s %s %v %s", namespace, dimensions["DeliveryStreamName"], name, value, unit))
}

func TestMetrics(t *testing.T) {
	var m samples
	h := newHouse(t, func(c *Config) { c.Metrics = &m })
	h.tables.set(nil, "id bigint")
	h.create("s", converting)
	h.put("s", `{"id":1}`, `bad`)
	h.flush("s")
	h.stop()
	want := `AWS/Firehose s IncomingRecords 2 Count
AWS/Firehose s IncomingBytes 11 Bytes
AWS/Firehose s IncomingPutRequests 1 Count
AWS/Firehose s PutRecordBatch.Requests 1 Count
AWS/Firehose s PutRecordBatch.Bytes 11 Bytes
AWS/Firehose s PutRecordBatch.Latency 0 Milliseconds
AWS/Firehose s PutRecordBatch.Records 2 Count
AWS/Firehose s DeliveryToS3.Records 2 Count
AWS/Firehose s DeliveryToS3.Bytes 11 Bytes
AWS/Firehose s DeliveryToS3.ObjectCount 2 Count
AWS/Firehose s DeliveryToS3.DataFreshness 0 Seconds
AWS/Firehose s DeliveryToS3.Success 1 None
AWS/Firehose s SucceedConversion.Records 1 Count
AWS/Firehose s SucceedConversion.Bytes 8 Bytes
AWS/Firehose s DeliveryToS3.Success 1 None
AWS/Firehose s FailedConversion.Records 1 Count
AWS/Firehose s FailedConversion.Bytes 3 Bytes`
	if got := m.all; !slices.Equal(got, strings.Split(want, "\n")) {
		t.Errorf("samples\n%s", strings.Join(got, "\n"))
	}
}

// The sums AWS was seen to give: original sizes, what failed counts as delivered and what was dropped
// does not, the backup apart.
func TestMetricsOfProcessing(t *testing.T) {
	var m samples
	h := newHouse(t, func(c *Config) { c.Metrics = &m })
	h.bucket("vault")
	h.functions = each(func(_ int, r asked) []told {
		return []told{{r.RecordID, map[byte]string{'o': "Ok", 'd': "Dropped", 'f': "ProcessingFailed"}[r.Data[0]], b64("longer than it was before, by far, so that one sees it"), nil}}
	})
	h.stop()
	h.start()
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		processors(transforming())(d)
		d.S3BackupMode = "Enabled"
		d.S3BackupConfiguration = &S3DestinationConfiguration{RoleARN: role, BucketARN: "arn:aws:s3:::vault"}
	})
	h.put("s", strings.Repeat("o", 51), strings.Repeat("d", 53), strings.Repeat("f", 53))
	h.flush("s")
	h.stop()
	for _, want := range []string{
		"DeliveryToS3.Records 2 Count", "DeliveryToS3.Bytes 104 Bytes", "DeliveryToS3.ObjectCount 2 Count",
		"BackupToS3.Records 3 Count", "BackupToS3.Bytes 157 Bytes", "BackupToS3.ObjectCount 1 Count", "BackupToS3.Success 1 None",
		"SucceedProcessing.Records 1 Count", "SucceedProcessing.Bytes 51 Bytes", "ExecuteProcessing.Success 1 Count",
	} {
		if !slices.Contains(m.all, "AWS/Firehose s "+want) {
			t.Errorf("no sample %s in\n%s", want, strings.Join(m.all, "\n"))
		}
	}
}

func TestMetricsOfPartitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which nothing takes any time
		var m samples
		h := newHouse(t, func(c *Config) { c.Metrics, c.ActivePartitions = &m, 1 })
		h.create("s", keyed("!{partitionKeyFromQuery:k}/", jq("{k}")))
		h.put("s", `{"k":1}`, `{"k":2}`)
		h.flush("s")
		h.stop()
		for _, want := range []string{"PartitionCount 1 Count", "ActivePartitionsLimit 1 Count", "PartitionCountExceeded 1 Count",
			"JQProcessing.Duration 0 Milliseconds", "PerPartitionThroughput 7 Bytes/Second"} {
			if !slices.Contains(m.all, "AWS/Firehose s "+want) {
				t.Errorf("no sample %s in\n%s", want, strings.Join(m.all, "\n"))
			}
		}
	})
}
