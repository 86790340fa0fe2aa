package firehose

import (
	"encoding/base64"
	"strconv"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/wire/awsjson"
)

// rejectLines makes the lines of error objects: one JSON document a record, the members in the order
// AWS writes them. Nothing in a line depends on when it is made.
type rejectLines struct {
	in    *intent
	buf   []byte
	table []byte // the dataCatalogTable member, the same in every line
}

// line is that of a record that could not be converted. It is valid until the next call.
func (l *rejectLines) line(r *hydrant.Record, reject *columnar.Reject) []byte {
	if l.table == nil {
		l.table = tableJSON(&l.in.Conversion.Table)
	}
	b := append(l.buf[:0], `{"attemptsMade":1,"arrivalTimestamp":`...)
	b = strconv.AppendInt(b, r.Arrival, 10)
	b = append(b, `,"lastErrorCode":`...)
	b = awsjson.AppendString(b, reject.Code)
	b = append(b, `,"lastErrorMessage":`...)
	b = awsjson.AppendString(b, reject.Message)
	b = append(b, `,"attemptEndingTimestamp":`...)
	b = strconv.AppendInt(b, l.in.Cut, 10)
	b = append(b, `,"rawData":"`...)
	b = base64.StdEncoding.AppendEncode(b, r.Data)
	b = append(b, `","sequenceNumber":"`...)
	if o, ok := parseOrigin(r.Key); ok {
		b = append(append(b, o.sequence...), `","subSequenceNumber":`...)
		b = strconv.AppendInt(b, int64(o.sub), 10)
	} else {
		b = append(strconv.AppendUint(b, r.Offset, 10), `","subSequenceNumber":null`...)
	}
	b = append(b, `,"dataCatalogTable":`...)
	b = append(b, l.table...)
	b = append(b, "}\n"...)
	l.buf = b
	return b
}

// failed is the line of a record that a processor failed, as AWS writes it of functions. It is valid
// until the next call.
func (l *rejectLines) failed(h *header, raw []byte) []byte {
	b := append(l.buf[:0], `{"rawData":"`...)
	b = base64.StdEncoding.AppendEncode(b, raw)
	b = append(b, `","errorCode":`...)
	b = awsjson.AppendString(b, h.code)
	b = append(b, `,"errorMessage":`...)
	b = awsjson.AppendString(b, h.message)
	b = append(b, `,"attemptsMade":`...)
	b = strconv.AppendInt(b, int64(h.attempts), 10)
	b = append(b, `,"arrivalTimestamp":`...)
	b = strconv.AppendInt(b, h.arrival, 10)
	b = append(b, `,"attemptEndingTimestamp":`...)
	b = strconv.AppendInt(b, h.ended, 10)
	if h.function != "" {
		b = append(b, `,"lambdaARN":`...)
		b = awsjson.AppendString(b, h.function)
	}
	b = append(b, "}\n"...)
	l.buf = b
	return b
}

func tableJSON(t *SchemaConfiguration) []byte {
	b := append([]byte(nil), `{"catalogId":`...)
	b = awsjson.AppendString(b, t.CatalogId)
	b = append(b, `,"databaseName":`...)
	b = awsjson.AppendString(b, t.DatabaseName)
	b = append(b, `,"tableName":`...)
	b = awsjson.AppendString(b, t.TableName)
	b = append(b, `,"region":`...)
	b = awsjson.AppendString(b, t.Region)
	b = append(b, `,"versionId":`...)
	b = awsjson.AppendString(b, t.VersionId)
	b = append(b, `,"roleArn":`...)
	b = awsjson.AppendString(b, t.RoleARN)
	return append(b, '}')
}
