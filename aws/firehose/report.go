package firehose

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// What CloudWatch Logs hears of deliveries that fail.

// away is what the lake answered, or did not.
type away struct {
	at  place
	err error
}

func (a *away) Error() string { return fmt.Sprintf("s3://%s/%s: %v", a.at.Bucket, a.at.Key, a.err) }

func (a *away) Unwrap() error { return a.err }

// look asks whether a bucket is there. A lake that does not tell may still take objects.
func (s *Service) look(ctx context.Context, p place) error {
	_, err := s.cfg.Lake.Bucket(ctx, p.Bucket)
	if err == nil || hydrant.FaultCode(err) == "AccessDenied" {
		return nil
	}
	return lakeFailure(p, err)
}

// lakeFailure words an error of the lake as S3's.
func lakeFailure(p place, err error) error {
	if _, ok := errors.AsType[*failure](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	cause := &away{p, err}
	switch {
	case errors.Is(err, blob.ErrNoBucket), hydrant.FaultCode(err) == "NoSuchBucket":
		return &failure{"S3.NoSuchBucket", "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.", cause}
	case hydrant.FaultCode(err) == "AccessDenied":
		return &failure{"S3.AccessDenied", s3Denied, cause}
	}
	return &failure{"InternalError", "An internal error occurred while attempting to deliver data. Delivery will be retried.", cause}
}

const s3Denied = "Access was denied. Ensure that the access policy for the provided IAM role allows access to the S3 bucket."

// report writes a failed attempt to the log stream that the destination of v names.
func (s *Service) report(ctx context.Context, v *state, err error) {
	o := v.Destination.CloudWatchLoggingOptions
	if s.cfg.Logs == nil || o == nil || !isTrue(o.Enabled) {
		return
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{code: "InternalError", message: "An internal error occurred while attempting to deliver data. Delivery will be retried.", cause: err}
	}
	event := hydrant.LogEvent{Time: time.Now().UnixMilli(), Message: string(errorEvent(v, f))}
	err = s.mayLog(ctx, v, o.LogGroupName, o.LogStreamName)
	if err == nil {
		err = s.cfg.Logs.Write(ctx, v.Scope, o.LogGroupName, o.LogStreamName, []hydrant.LogEvent{event})
	}
	if err != nil {
		s.log.Warn("error event not written", "delivery_stream", v.Name, "group", o.LogGroupName, "stream", o.LogStreamName, "error", err)
	}
}

// reportFailed writes an event for every way in which records of a round failed.
func (s *Service) reportFailed(ctx context.Context, v *state, units []*unit) {
	told := map[string]bool{}
	for _, u := range units {
		if u.outcome == failed && !told[u.code] {
			told[u.code] = true
			s.report(ctx, v, &failure{code: u.code, message: u.message})
		}
	}
}

// errorEvent is AWS's JSON of an error event. The version is a string, but a number in errors of a
// Kinesis source: so captured.
func errorEvent(v *state, f *failure) []byte {
	b := append([]byte(nil), `{"deliveryStreamARN":`...)
	b = awsjson.AppendString(b, v.arn())
	b = append(b, `,"destination":`...)
	b = awsjson.AppendString(b, v.Destination.BucketARN)
	b = append(b, `,"deliveryStreamVersionId":`...)
	if strings.HasPrefix(f.code, "Kinesis.") {
		b = strconv.AppendInt(b, int64(v.Version), 10)
	} else {
		b = awsjson.AppendString(b, strconv.Itoa(v.Version))
	}
	b = append(b, `,"message":`...)
	b = awsjson.AppendString(b, f.message)
	b = append(b, `,"errorCode":`...)
	b = awsjson.AppendString(b, f.code)
	for _, p := range activeProcessors(&v.Destination) {
		if p.Type == lambdaProcessor {
			b = append(b, `,"processor":`...)
			b = awsjson.AppendString(b, p.parameter("LambdaArn"))
		}
	}
	return append(b, '}')
}
