// Package awsbody keeps the AWS SDK from losing answers of a server that is quick.
//
// The SDK (smithy-go, up to v1.28.9 at least) closes a request's body as soon as it has the reply's
// head, while net/http may still be about to look for the body's end. The closed body's WriteTo then
// answers io.EOF as an error, net/http takes that for a failed write and closes the connection, and
// the reply that was being read is lost: "deserialization failed … use of closed network
// connection", after a call that succeeded. Whoever repeats such a call puts its records twice.
// A body without WriteTo is read instead, and io.EOF from a read is no error.
package awsbody

import (
	"io"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Doer is the SDK's HTTPClient.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client sends requests through Next, whose body can only be read.
type Client struct{ Next Doer }

// Over returns a Client over next, the HTTPClient of a loaded aws.Config. That is nil unless the
// environment asks for something special (AWS_CA_BUNDLE): then it is the SDK's own default client.
// It must be put in after loading, which knows how to fit out its own kind of client only.
func Over(next Doer) Client {
	if next == nil {
		next = awshttp.NewBuildableClient()
	}
	return Client{Next: next}
}

// Do sends r.
func (c Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.Next.Do(r)
}
