package firehose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// transform is a Lambda processor.
type transform struct {
	s        *Service
	arn      string
	role     string // that may invoke it
	size     int64
	interval time.Duration
	retries  int
	idHead   string
	stream   string // ARN of a Kinesis source, or ""
}

func (s *Service) newTransform(v *state, p Processor) *transform {
	number := func(name string, otherwise float64) float64 {
		if n, err := strconv.ParseFloat(p.parameter(name), 64); err == nil {
			return n
		}
		return otherwise
	}
	t := &transform{
		s: s, arn: p.parameter("LambdaArn"), role: orElse(p.parameter("RoleArn"), v.Destination.RoleARN),
		size:     int64(number("BufferSizeInMBs", defaultLambdaSizeMB) * (1 << 20)),
		interval: time.Duration(number("BufferIntervalInSeconds", defaultLambdaSeconds)) * time.Second,
		retries:  int(number("NumberOfRetries", defaultLambdaRetries)),
		idHead:   fmt.Sprintf("%016x", v.Created.UnixNano()),
	}
	if v.Kinesis != nil {
		t.stream = v.Kinesis.KinesisStreamARN
	}
	return t
}

// run has the function transform all records that have not failed. An error means the function was
// not reached: it is not there, may not be called, or is throttled.
func (t *transform) run(ctx context.Context, v *state, units []*unit) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxInvocations)
	for batch := range t.batches(v, units) {
		group.Go(func() error { return t.batch(ctx, v, batch) })
	}
	return group.Wait()
}

// batches cuts records into invocations: the size hint measures what is put, the limit of an
// invocation what is sent. The latter is an estimate; batch has the exact size.
func (t *transform) batches(v *state, units []*unit) func(yield func([]*unit) bool) {
	return func(yield func([]*unit) bool) {
		var batch []*unit
		empty := len(t.event(v, nil))
		put, sent := 0, empty
		for _, u := range units {
			if u.outcome != good {
				continue
			}
			n := base64.StdEncoding.EncodedLen(len(u.data)) + eventOverhead + len(u.raw.Key)
			if len(batch) > 0 && (put+len(u.data) > int(t.size) || sent+n > maxInvocation) {
				if !yield(batch) {
					return
				}
				batch, put, sent = nil, 0, empty
			}
			batch = append(batch, u)
			put, sent = put+len(u.data), sent+n
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// eventOverhead is about what surrounds the data of a record in an event, its place in a stream (the
// record's key) apart.
const eventOverhead = 420

// batch invokes the function until it answers or the retries are used up.
func (t *transform) batch(ctx context.Context, v *state, units []*unit) error {
	for attempt := 1; ; attempt++ {
		event := t.event(v, units)
		if n := len(units); len(event) > maxInvocation {
			if n == 1 {
				t.fail(units, "Lambda.FunctionError", "The record is too large to be sent to the Lambda function.", 1)
				return nil
			}
			return errors.Join(t.batch(ctx, v, units[:n/2]), t.batch(ctx, v, units[n/2:]))
		}
		began := time.Now()
		if err := t.s.may(ctx, v.Scope, t.role, "lambda:InvokeFunction", t.arn); err != nil {
			return &failure{"Lambda.InvokeAccessDenied", invokeDenied, err}
		}
		answer, functionError, err := t.s.cfg.Functions.Invoke(ctx, v.Scope, t.arn, event)
		if err != nil {
			return invokeFailure(err)
		}
		worked := functionError == "" && len(answer) <= maxInvocation && t.settle(answer, units, attempt)
		t.s.add(v, "ExecuteProcessing.Duration", float64(time.Since(began).Milliseconds()), "Milliseconds")
		t.s.add(v, "ExecuteProcessing.Success", count(worked), "Count")
		if worked {
			return nil
		}
		if attempt > t.retries {
			t.fail(units, "Lambda.FunctionError", functionErrorText, attempt)
			return nil
		}
		sleep(ctx, min(t.s.cfg.RetryLast, t.s.cfg.RetryFirst<<min(attempt-1, 20)))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func count(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

const invokeDenied = "Access was denied. Ensure that the access policy for the provided IAM role allows for appropriate permissions to invoke the Lambda function."

const functionErrorText = "The Lambda function was successfully invoked but it returned an error result."

// invokeFailure words why a function could not be invoked at all.
func invokeFailure(err error) error {
	switch hydrant.FaultCode(err) {
	case "ResourceNotFoundException":
		return &failure{"Lambda.ResourceNotFound", "The specified Lambda function does not exist. Use a different function that does exist.", err}
	case "AccessDeniedException":
		return &failure{"Lambda.InvokeAccessDenied", invokeDenied, err}
	case "TooManyRequestsException":
		return &failure{"Lambda.InvokeLimitExceeded", "The Lambda function was throttled. The invocation will be retried.", err}
	}
	return &failure{"Lambda.InvokeFailed", "The Lambda function could not be invoked. The invocation will be retried.", err}
}

func (t *transform) fail(units []*unit, code, message string, attempts int) {
	for _, u := range units {
		u.fail(processingFailed, code, message, attempts)
		u.function = t.arn
	}
}

// event is what the function is given. Record ids stay the same over all attempts.
func (t *transform) event(v *state, units []*unit) []byte {
	size := 512
	for _, u := range units {
		size += base64.StdEncoding.EncodedLen(len(u.data)) + eventOverhead + len(u.raw.Key)
	}
	b := append(make([]byte, 0, size), `{"invocationId":"`...)
	b = append(b, uuid.NewString()...)
	b = append(b, `","deliveryStreamArn":`...)
	b = awsjson.AppendString(b, v.arn())
	b = append(b, `,"region":`...)
	b = awsjson.AppendString(b, v.Scope.Region)
	if t.stream != "" {
		b = append(b, `,"sourceKinesisStreamArn":`...)
		b = awsjson.AppendString(b, t.stream)
	}
	b = append(b, `,"records":[`...)
	for i, u := range units {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"recordId":"`...)
		b = append(b, t.recordID(u)...)
		b = append(b, `","approximateArrivalTimestamp":`...)
		b = strconv.AppendInt(b, u.raw.Arrival, 10)
		b = append(b, `,"data":"`...)
		b = base64.StdEncoding.AppendEncode(b, u.data)
		b = append(b, '"')
		if o, ok := parseOrigin(u.raw.Key); ok {
			b = append(b, `,"kinesisRecordMetadata":{"sequenceNumber":`...)
			b = awsjson.AppendString(b, o.sequence)
			b = append(b, `,"subsequenceNumber":`...)
			b = strconv.AppendInt(b, int64(o.sub), 10)
			b = append(b, `,"partitionKey":`...)
			b = awsjson.AppendString(b, o.partitionKey)
			b = append(b, `,"shardId":`...)
			b = awsjson.AppendString(b, o.shard)
			b = append(b, `,"approximateArrivalTimestamp":`...)
			b = strconv.AppendInt(b, o.arrival, 10)
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

func (t *transform) recordID(u *unit) string {
	return fmt.Sprintf("%s%016x%06d", t.idHead, u.raw.Offset, u.sub)
}

// answer is what a function returns.
type answer struct {
	Records []struct {
		RecordID string  `json:"recordId"`
		Result   string  `json:"result"`
		Data     *string `json:"data"`
		Metadata *struct {
			PartitionKeys map[string]any `json:"partitionKeys"`
		} `json:"metadata"`
	} `json:"records"`
}

// settle gives every record the outcome that the answer has for it. It reports false, and settles
// nothing, where the answer as a whole is none.
func (t *transform) settle(text []byte, units []*unit, attempt int) bool {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return false
	}
	at := make(map[string]int, len(a.Records))
	twice := map[string]bool{}
	data := make([][]byte, len(a.Records))
	for i, r := range a.Records {
		switch r.Result {
		case "Ok", "Dropped", "ProcessingFailed":
		default:
			return false
		}
		if _, there := at[r.RecordID]; there {
			twice[r.RecordID] = true
		}
		at[r.RecordID] = i
		if r.Result == "Ok" && r.Data != nil {
			var err error
			if data[i], err = base64.StdEncoding.DecodeString(*r.Data); err != nil {
				return false
			}
		}
	}
	for _, u := range units {
		id := t.recordID(u)
		i, there := at[id]
		one := []*unit{u}
		switch {
		case !there:
			t.fail(one, "Lambda.MissingRecordId", "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.", attempt)
		case twice[id]:
			t.fail(one, "Lambda.DuplicatedRecordId", "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record Id for each record.", attempt)
		case a.Records[i].Result == "Dropped":
			u.outcome = dropped
		case a.Records[i].Result == "ProcessingFailed":
			t.fail(one, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record", attempt)
		case a.Records[i].Data == nil:
			t.fail(one, "Lambda.InvalidReturnFormat", "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and processing result is Ok.", attempt)
		default:
			u.data = data[i]
			if m := a.Records[i].Metadata; m != nil {
				u.keys = make(map[string]string, len(m.PartitionKeys))
				for k, v := range m.PartitionKeys {
					u.keys[k], _ = scalar(v) // none: the record fails where the key is asked for
				}
			}
		}
	}
	return true
}
