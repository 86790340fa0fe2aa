package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire/eventstream"
)

// EventStreamer is the output of an operation that answers with a stream of events, such as
// SubscribeToShard. The output's own members travel first, as the initial response.
type EventStreamer interface {
	// Events sends events until it is done or ctx is, which ends with the connection. event is a
	// struct, kind its name in the model ("SubscribeToShardEvent"); send returns when the event was
	// handed to the network, so a slow client slows the sender. A Fault that Events returns becomes the
	// stream's exception.
	Events(ctx context.Context, send func(kind string, event any) error) error
}

// eventStall is how long a client may leave an event untaken before its connection is cut.
const eventStall = 5 * time.Minute

func (x *exchange) streamEvents(ctx context.Context, out any, events EventStreamer) error {
	x.w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	x.w.WriteHeader(http.StatusOK)
	flusher := http.NewResponseController(&x.w)
	defer func() { _ = flusher.SetWriteDeadline(time.Time{}) }() // the connection may serve on
	var frame []byte
	message := func(kindHeader, kind, name string, payload []byte) error {
		frame = eventstream.Append(frame[:0], &eventstream.Message{
			Headers: []eventstream.Header{
				{Name: ":message-type", Value: kindHeader},
				{Name: name, Value: kind},
				{Name: ":content-type", Value: x.doc().contentType()},
			},
			Payload: payload,
		})
		_ = flusher.SetWriteDeadline(time.Now().Add(eventStall)) // where the transport has none, so be it
		if _, err := x.w.Write(frame); err != nil {
			return err
		}
		return flusher.Flush()
	}
	var payload []byte
	send := func(kind string, event any) error {
		payload = x.doc().append(payload[:0], event)
		return message("event", kind, ":event-type", payload)
	}
	if err := send("initial-response", out); err != nil {
		return err
	}
	err := events.Events(ctx, send)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	f, ok := hydrant.AsFault(err)
	if !ok {
		x.s.Log.Error("event stream failed", "service", x.call.Service, "op", x.call.Op, "request", x.call.RequestID, "error", err)
		f = x.speaker.internal()
	}
	x.code = f.Code
	_ = message("exception", f.Code, ":exception-type", x.doc().appendFault(nil, f, x.messageMember(f)))
	return nil
}
