package firehose

import (
	"errors"
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

// metric is what the metrics of a lane's deliveries are called.
func (k laneKind) metric() string {
	if k == backup {
		return "BackupToS3"
	}
	return "DeliveryToS3"
}

// measureDelivery samples a committed delivery: original sizes, error objects included, as AWS counts.
func (s *Service) measureDelivery(v *state, k laneKind, d *Delivery) {
	if s.cfg.Metrics == nil || len(d.Objects) == 0 {
		return
	}
	to := k.metric()
	s.add(v, to+".Records", float64(d.Records), "Count")
	s.add(v, to+".Bytes", float64(d.Bytes), "Bytes")
	s.add(v, to+".ObjectCount", float64(len(d.Objects)), "Count")
	s.add(v, to+".DataFreshness", d.Time.Sub(d.Oldest).Seconds(), "Seconds")
	converts := k != backup && v.Destination.DataFormatConversionConfiguration.enabled()
	for _, o := range d.Objects {
		s.add(v, to+".Success", 1, "None")
		outcome := "SucceedConversion"
		if o.Error == conversionFailed {
			outcome = "FailedConversion"
		}
		if converts && (o.Error == "" || o.Error == conversionFailed) {
			s.add(v, outcome+".Records", float64(o.Records), "Count")
			s.add(v, outcome+".Bytes", float64(o.Bytes), "Bytes")
		}
	}
	if d.Partition != "" {
		s.add(v, "PerPartitionThroughput", float64(d.Bytes)/max(1, d.Time.Sub(d.Oldest).Seconds()), "Bytes/Second")
	}
}

// measureFailure samples an attempt the lake refused. The oldest record (arrival, Unix ms) is not there
// yet, and ages.
func (s *Service) measureFailure(v *state, k laneKind, err error, oldest int64) {
	_, refused := errors.AsType[*away](err)
	if _, denied := errors.AsType[*denied](err); !refused && !denied {
		return
	}
	to := k.metric()
	s.add(v, to+".Success", 0, "None")
	s.add(v, to+".Records", 0, "Count")
	s.add(v, to+".Bytes", 0, "Bytes")
	if oldest > 0 {
		s.add(v, to+".DataFreshness", time.Since(time.UnixMilli(oldest)).Seconds(), "Seconds")
	}
}

// measureRound samples a round of the stage.
func (s *Service) measureRound(v *state, p *processing, units []*unit) {
	if s.cfg.Metrics == nil || len(units) == 0 {
		return
	}
	if p.query != nil {
		s.add(v, "JQProcessing.Duration", float64(p.query.took.Milliseconds()), "Milliseconds")
	}
	if p.lambda == nil {
		return
	}
	records, bytes := 0, 0
	for _, u := range units {
		if u.outcome == good || u.outcome == failed && u.function == "" && u.errorType != decompressionFailed {
			records++ // the function answered Ok, whatever came after
			bytes += len(u.input)
		}
	}
	s.add(v, "SucceedProcessing.Records", float64(records), "Count")
	s.add(v, "SucceedProcessing.Bytes", float64(bytes), "Bytes")
}

// throttledRead is the metric of a call to a Kinesis source that was refused as one too many.
func throttledRead(err error, call string) (metric string, throttled bool) {
	switch hydrant.FaultCode(err) {
	case "ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException":
		return "Throttled" + call, true
	}
	return "", false
}
