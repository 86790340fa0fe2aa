package firehose

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// maxApart is how many records may be packed into one; one that holds more is left whole.
const maxApart = 500

// apart is how a RecordDeAggregation processor takes records apart: "JSON", or "DELIMITED" and the
// delimiter.
func (p Processor) apart() string {
	if p.parameter("SubRecordType") == "JSON" {
		return "JSON"
	}
	delimiter, _ := base64.StdEncoding.DecodeString(p.parameter("Delimiter")) // checked when it was configured
	return "DELIMITED" + string(delimiter)
}

// takenApart are the records packed into one; itself where nothing is.
func takenApart(r *hydrant.Record, how string) []*unit {
	var parts [][]byte
	switch delimiter, delimited := strings.CutPrefix(how, "DELIMITED"); {
	case how == "JSON":
		parts = documents(r.Data)
	case delimited && delimiter != "":
		parts = bytes.SplitN(bytes.TrimSuffix(r.Data, []byte(delimiter)), []byte(delimiter), maxApart+1)
	}
	if len(parts) == 0 || len(parts) > maxApart {
		parts = [][]byte{r.Data}
	}
	units := make([]*unit, len(parts))
	for i, b := range parts {
		units[i] = &unit{raw: r, sub: i, input: b, data: b}
	}
	return units
}

// documents takes JSON documents apart that follow each other with or without white space. What is
// no JSON stays as the last of them, for the next processor to refuse.
func documents(b []byte) (parts [][]byte) {
	rest := bytes.TrimSpace(b)
	for len(rest) > 0 && len(parts) <= maxApart {
		d := json.NewDecoder(bytes.NewReader(rest))
		var doc json.RawMessage
		if d.Decode(&doc) != nil {
			return append(parts, rest)
		}
		n := int(d.InputOffset())
		parts = append(parts, rest[:n:n])
		rest = bytes.TrimSpace(rest[n:])
	}
	return parts
}

// maxDecompressed bounds what a record may become. CloudWatch Logs sends less than a tenth of it.
const maxDecompressed = 10 << 20

// decompress undoes GZIP, and takes the messages out of an envelope of CloudWatch Logs.
func (u *unit) decompress(messages bool) {
	plain, err := gunzip(u.data)
	if err == nil && messages {
		plain, err = logMessages(plain)
	}
	if err != nil {
		u.fail(decompressionFailed, "Decompression failed.", err.Error(), 1)
		return
	}
	u.data = plain
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, errors.New("The record is not in GZIP format.")
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxDecompressed+1))
	switch {
	case err != nil:
		return nil, errors.New("The record is not in GZIP format.")
	case len(plain) > maxDecompressed:
		return nil, errors.New("The decompressed record is too large.")
	}
	return plain, nil
}

// logMessages are the messages of an envelope, a line each. A control message has none.
func logMessages(envelope []byte) ([]byte, error) {
	var e struct {
		MessageType *string `json:"messageType"`
		LogEvents   []struct {
			Message *string `json:"message"`
		} `json:"logEvents"`
	}
	if err := json.Unmarshal(envelope, &e); err != nil || e.MessageType == nil {
		return nil, errors.New("The record is not in CloudWatch Logs format.")
	}
	out := []byte{}
	if *e.MessageType == "CONTROL_MESSAGE" {
		return out, nil
	}
	for _, event := range e.LogEvents {
		if event.Message == nil {
			return nil, errors.New("The record is not in CloudWatch Logs format.")
		}
		out = append(append(out, *event.Message...), '\n')
	}
	return out, nil
}
