package eventstream

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/google/go-cmp/cmp"
)

var full = Message{
	Headers: []Header{{"a", true}, {"b", false}, {"c", int8(-1)}, {"d", int16(-2)}, {"e", int32(-3)}, {"f", int64(-4)},
		{"g", []byte{1, 2}}, {":event-type", "SubscribeToShardEvent"}, {"i", time.UnixMilli(1459799926480).UTC()}, {"j", [16]byte{15: 7}}},
	Payload: []byte(`{"x":1}`),
}

func TestRoundTrip(t *testing.T) {
	stream := Append(Append(nil, &full), &Message{Payload: []byte{}})
	r := bytes.NewReader(stream)
	got, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&full, got); d != "" {
		t.Error(d)
	}
	if got.Get(":event-type") != "SubscribeToShardEvent" || got.Get("zzz") != "" {
		t.Error("Get does not find its header")
	}
	if got, err = Read(r); err != nil || len(got.Headers)+len(got.Payload) != 0 {
		t.Errorf("the empty message: %v %v", got, err)
	}
	if _, err := Read(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// The SDK reads what we write, and we what it writes.
func TestAgainstSDK(t *testing.T) {
	m, err := sdk.NewDecoder().Decode(bytes.NewReader(Append(nil, &full)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Headers) != len(full.Headers) || m.Headers.Get(":event-type").String() != "SubscribeToShardEvent" || string(m.Payload) != `{"x":1}` {
		t.Errorf("the SDK read %+v", m)
	}
	var b bytes.Buffer
	if err := sdk.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&full, got); d != "" {
		t.Error(d)
	}
}

// Any flipped bit is noticed.
func TestDamage(t *testing.T) {
	frame := Append(nil, &full)
	for i := range len(frame) * 8 {
		bad := bytes.Clone(frame)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := Read(bytes.NewReader(bad)); !errors.Is(err, ErrChecksum) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
	for i := 1; i < len(frame); i++ {
		if _, err := Read(bytes.NewReader(frame[:i])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(Append(nil, &full)[preludeLen:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			h, n := readHeader(b)
			if n == 0 {
				return
			}
			if n > len(b) || !bytes.Equal(appendHeader(nil, h), b[:n]) {
				t.Fatalf("%x read as %+v, %d bytes", b, h, n)
			}
			b = b[n:]
		}
	})
}

// FuzzRead: a message that is read is the one its bytes say, and no bytes make the reader panic or take more
// than they hold.
func FuzzRead(f *testing.F) {
	f.Add(Append(nil, &full))
	f.Add(Append(Append(nil, &Message{Payload: []byte("{}")}), &full))
	f.Fuzz(func(t *testing.T, b []byte) {
		for r := bytes.NewReader(b); ; {
			before := len(b) - r.Len()
			m, err := Read(r)
			if err != nil {
				return
			}
			if used := b[before : len(b)-r.Len()]; !bytes.Equal(Append(nil, m), used) {
				t.Fatalf("%x read as %+v", used, m)
			}
		}
	})
}
