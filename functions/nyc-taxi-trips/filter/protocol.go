package filter

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// protocol is the SDK's, with a shorter way for the bytes of PutRecordBatch: the records go into the
// body without a stop between, and the ids of a call that was taken whole, which nobody reads, are not
// built. Signing, endpoints, errors and all else stay the SDK's.
type protocol struct{ smithyhttp.ClientProtocol }

// overProtocol puts protocol into a client's options.
func overProtocol(o *firehose.Options) { o.Protocol = protocol{o.Protocol} }

func (p protocol) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	batch, ok := in.(*firehose.PutRecordBatchInput)
	if !ok {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	// The SDK writes the head, for a call without records.
	if err := p.ClientProtocol.SerializeRequest(ctx, op, &firehose.PutRecordBatchInput{DeliveryStreamName: batch.DeliveryStreamName}, req); err != nil {
		return err
	}
	full, err := req.SetStream(bytes.NewReader(batchBody(batch)))
	if err != nil {
		return fmt.Errorf("body of PutRecordBatch: %w", err)
	}
	*req = *full
	return nil
}

func batchBody(in *firehose.PutRecordBatchInput) []byte {
	name, _ := json.Marshal(aws.ToString(in.DeliveryStreamName)) // strings always marshal
	size := len(name) + 64
	for i := range in.Records {
		size += base64.StdEncoding.EncodedLen(len(in.Records[i].Data)) + len(`{"Data":""},`)
	}
	b := append(make([]byte, 0, size), `{"DeliveryStreamName":`...)
	b = append(append(b, name...), `,"Records":[`...)
	for i := range in.Records {
		if i > 0 {
			b = append(b, ',')
		}
		b = base64.StdEncoding.AppendEncode(append(b, `{"Data":"`...), in.Records[i].Data)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

func (p protocol) DeserializeResponse(ctx context.Context, op *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable) error {
	if batch, ok := out.(*firehose.PutRecordBatchOutput); ok && resp.StatusCode == 200 {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return &smithy.DeserializationError{Err: err}
		}
		if takenWhole(body) {
			batch.FailedPutCount = aws.Int32(0)
			return nil
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	return p.ClientProtocol.DeserializeResponse(ctx, op, types, resp, out)
}

// takenWhole tells an answer without any failed record. Where it is not sure it says no.
func takenWhole(body []byte) bool {
	_, rest, ok := bytes.Cut(body, []byte(`"FailedPutCount":0`))
	return ok && len(rest) > 0 && (rest[0] == ',' || rest[0] == '}') && !bytes.Contains(body, []byte(`"ErrorCode"`)) && body[len(body)-1] == '}'
}
