package firehose

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

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
