package firehose

import (
	"errors"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// The metrics of AWS/Firehose, one dimension DeliveryStreamName. A sample is taken where the thing
// happens; CloudWatch does the sums.

// add is one sample of a metric of a delivery stream.
func (s *Service) add(v *state, name string, value float64, unit string) {
	if s.cfg.Metrics == nil {
		return
	}
	s.cfg.Metrics.Put(v.Scope, "AWS/Firehose", name, map[string]string{"DeliveryStreamName": v.Name}, value, unit)
}

// measurePut samples an accepted call: op is PutRecord or PutRecordBatch.
func (s *Service) measurePut(v *state, op string, records []hydrant.Record, began time.Time) {
	if s.cfg.Metrics == nil {
		return
	}
	total := 0
	for n := range sizes(records) {
		total += n
	}
	s.add(v, "IncomingRecords", float64(len(records)), "Count")
	s.add(v, "IncomingBytes", float64(total), "Bytes")
	s.add(v, "IncomingPutRequests", 1, "Count")
	s.add(v, op+".Requests", 1, "Count")
	s.add(v, op+".Bytes", float64(total), "Bytes")
	s.add(v, op+".Latency", float64(time.Since(began).Milliseconds()), "Milliseconds")
	if op == "PutRecordBatch" {
		s.add(v, op+".Records", float64(len(records)), "Count")
	}
	if s.cfg.Limits {
		q := quotaOf(v.Scope.Region)
		s.add(v, "RecordsPerSecondLimit", q.records, "Count")
		s.add(v, "BytesPerSecondLimit", q.bytes, "Bytes/Second")
		s.add(v, "PutRequestsPerSecondLimit", q.requests, "Count")
	}
}

// measureDelivery samples a committed delivery: original sizes, error objects included, as AWS counts.
func (s *Service) measureDelivery(v *state, d *Delivery) {
	if s.cfg.Metrics == nil {
		return
	}
	s.add(v, "DeliveryToS3.Records", float64(d.Records), "Count")
	s.add(v, "DeliveryToS3.Bytes", float64(d.Bytes), "Bytes")
	s.add(v, "DeliveryToS3.ObjectCount", float64(len(d.Objects)), "Count")
	s.add(v, "DeliveryToS3.DataFreshness", d.Time.Sub(d.Oldest).Seconds(), "Seconds")
	converts := v.Destination.DataFormatConversionConfiguration.enabled()
	for _, o := range d.Objects {
		s.add(v, "DeliveryToS3.Success", 1, "None")
		outcome := "SucceedConversion"
		if o.Error != "" {
			outcome = "FailedConversion"
		}
		if converts {
			s.add(v, outcome+".Records", float64(o.Records), "Count")
			s.add(v, outcome+".Bytes", float64(o.Bytes), "Bytes")
		}
	}
}

// measureFailure samples an attempt the lake refused.
func (s *Service) measureFailure(v *state, err error) {
	if f, ok := errors.AsType[*failure](err); !ok || !strings.HasPrefix(f.code, "S3.") {
		return
	}
	s.add(v, "DeliveryToS3.Success", 0, "None")
	s.add(v, "DeliveryToS3.Records", 0, "Count")
	s.add(v, "DeliveryToS3.Bytes", 0, "Bytes")
}
