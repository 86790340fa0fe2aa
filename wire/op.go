// Package wire turns bytes into typed calls and back. It knows HTTP and AWS's protocols; it knows
// no service.
//
// A service hands over one Row per operation; the row yields routing, decoding, validation in AWS's
// wording, encoding, metrics and docs/compat.md.
//
// A Server finds the service by what the request says (route.go), its protocol finds the row
// (speak_json.go, speak_rest.go, speak_query.go), reads the input and writes the reply. The letters are
// packages of their own: awsjson, awscbor, awsxml, awsquery; rest binds members to the parts of an HTTP
// message; sigv4 reads and verifies signatures, awschunked the bodies of uploads, eventstream frames.
//
// # Shapes
//
// In and Out are plain structs. A member's name on the wire is its Go field name unless a tag says
// otherwise; its constraints come from the service model and stand in tags:
//
//	json:"name"      name on the wire (JSON, REST-JSON body); "-" keeps a field off it
//	xml:"Name"       element name (REST-XML, query); ",flattened" for a flattened list
//	required:""      null is a validation error
//	min:"1"          least value, or length of a string (characters), blob (bytes), list or map
//	max:"128"        greatest
//	pattern:"[a-z]+" a string must match as a whole (Go regexp syntax)
//	enum:"A|B"       a string must be one of these
//	timestamp:"iso8601" overrides the protocol's timestamp form (iso8601, epoch, http)
//	in:"path=Name"   REST: bound to a path segment; also query=Name, header=Name, payload, status;
//	                 headers=Prefix binds a map[string]string of headers
//	eachmin eachmax eachpattern eachenum   the same for the items of a list or the values of a map
//	keymin keymax keypattern               and for the keys of a map
//
// XML has a few more words: xml:"Buckets>Bucket" names the items of a list (the default is member),
// xml:",chardata" is the text of its element, xml:"type,attr" an attribute. A field
//
//	XMLName struct{} `xml:"ListBucketResult"`
//
// names the root element of a REST-XML reply; without it the root is the operation's name + "Result".
// A REST-XML request body is read whatever its root is called.
//
// Optional scalars are pointers where absent differs from zero; strings, slices and maps are
// absent when empty ("" / nil). omitempty is the rule for encoding: nil pointers, nil slices, nil maps and empty
// strings are left out; numbers and booleans that are not pointers are always written, and so is a
// non-nil empty slice. A required list, map, string or blob of a JSON reply is written even when it is nil.
// A []byte is a blob, a time.Time (or *time.Time) a timestamp; a zero time is left out.
//
// An io.Reader payload streams the request body in: already unchunked where it came as aws-chunked
// (it is then a Trailers too), and -1 or its true length goes into a field tagged in:"length".
// An io.ReadCloser payload streams the reply out; wire closes it. A Content-Length header the output
// binds (in:"header=Content-Length", an int64 or *int64) is used as it is.
//
// A status member that is 0 leaves the row's status.
package wire

import (
	"context"
	"net/http"
	"reflect"

	"github.com/hydrant-stream/hydrant/wire/awscbor"
)

// Protocol is the form in which a service speaks.
type Protocol int

const (
	// AWSJSON is JSON 1.1 (or 1.0) selected by X-Amz-Target.
	AWSJSON Protocol = iota
	// RESTJSON binds members to path, query and headers, the rest to a JSON body (Lambda).
	RESTJSON
	// RESTXML is the same with XML (S3).
	RESTXML
	// Query is a form with Action and Version, answered in XML (IAM, STS, CloudFormation).
	Query
)

// Service is what one AWS service offers on the wire.
type Service struct {
	// Name is the service in botocore's words: "kinesis", "firehose", "logs", "s3".
	Name string
	// Signing is the service name in a credential scope, where it differs from Name.
	Signing string
	Protocol
	// Also are further protocols the same rows are spoken in: CloudWatch, which was a query service once,
	// is AWSJSON and Query. Whatever speaks AWSJSON speaks smithy's RPC too (speak_rpc.go).
	Also []Protocol
	// QueryCodes are the codes of faults in the query protocol, by what they are called elsewhere, where
	// the two differ. A service that has them repeats the old code in X-Amzn-Query-Error, which is the one
	// clients report.
	QueryCodes map[string]string
	// Target is the prefix of X-Amz-Target before the dot, e.g. "Kinesis_20131202".
	Target string
	// Version is the API version of a query service, e.g. "2010-05-08".
	Version string
	// Namespace is the xmlns of replies (query, REST-XML).
	Namespace string
	// MessageMember is how the service spells the message of an error: "message" (default) or "Message".
	MessageMember string
	// ValidationCode is the error code of a failed constraint. Empty means "ValidationException"
	// (query: "ValidationError"; REST-XML: "InvalidArgument"). CloudWatch Logs says
	// "InvalidParameterException".
	ValidationCode string
	// TerseEnums: a value outside its enum is not quoted in the fault's text. Firehose's habit.
	TerseEnums bool
	// NonNullItems: the constraints of a list's items end with the one that they must not be null. Lambda's habit.
	NonNullItems bool
	// HostID: replies carry x-amz-id-2. REST-XML always does; Kinesis does too.
	HostID bool
	// Selectors are the query keys that choose an operation (S3: "acl", "tagging", "versioning"…). A
	// request that bears one matches only rows whose Path names it, so that what is not there is
	// refused instead of taken for its plain neighbour.
	Selectors []string
	// MaxBody is the largest body read into memory. 0 means 16 MiB, in REST-JSON 96 MiB: a function's zip
	// comes in base64.
	MaxBody int64
	// Ops are the operations that are there. Any other of the model answers UnknownOperation.
	Ops []Row
}

// Row is one operation: its name, its shapes and what to call.
type Row struct {
	Name string
	In   reflect.Type // a struct
	Out  reflect.Type // a struct
	// Call takes a *In and returns a *Out. The context carries the caller's scope
	// (hydrant.ScopeOf) and Call (CallOf).
	Call func(ctx context.Context, in any) (any, error)
	// Method, Path and Status bind a REST operation. Path holds {Name} segments, {Name+} for a
	// greedy one, and may end in ?key or ?key=value, joined by &, which must then be present for the
	// row to match; @name in the place of a key asks for a header: "/{Bucket}/{Key+}?@x-amz-copy-source".
	// The row that asks for most wins.
	Method, Path string
	Status       int // of success; 0 means 200
}

// Op makes the row of an operation. AWSJSON and Query need no more. Out is struct{} itself, unnamed,
// where the model has no output shape: the reply's body is then empty instead of "{}".
func Op[In, Out any](name string, call func(context.Context, *In) (*Out, error)) Row {
	return Row{
		Name: name,
		In:   reflect.TypeFor[In](),
		Out:  reflect.TypeFor[Out](),
		Call: func(ctx context.Context, in any) (any, error) {
			out, err := call(ctx, in.(*In))
			if err != nil {
				return nil, err // not a typed nil inside any
			}
			return out, nil
		},
	}
}

// HTTP binds a REST row: HTTP("GET", "/2015-03-31/functions/{FunctionName}", 200).
func (r Row) HTTP(method, path string, status int) Row {
	r.Method, r.Path, r.Status = method, path, status
	return r
}

// A shape on the hot path may bring its own codec; these replace reflection for JSON 1.1. They
// must agree with it byte for byte in meaning: the conformance tests run both.
type (
	// JSONQuick fills an input from the plain form of its JSON document, the one SDKs write, and sees
	// to it that every constraint holds. false: the document is of another form, or a constraint does
	// not hold, and the input is as it was; then it is decoded and validated like any other. Nothing
	// of doc may be kept beyond the call.
	JSONQuick interface{ QuickJSON(doc []byte) bool }
	// JSONAppender appends the JSON document of an output to dst.
	JSONAppender interface{ AppendJSON(dst []byte) []byte }
	// JSONPieces is an output that may be too large to be built whole: its document is written while it is
	// made. It replaces JSONAppender.
	JSONPieces interface {
		// JSONSize is the length of the document, to the byte.
		JSONSize() int
		// AppendJSONPieces appends the document to dst. Whenever dst has grown to PieceBytes it is handed
		// to full, which sends what it holds and gives it back empty; nil: nothing is sent.
		AppendJSONPieces(dst []byte, full func([]byte) []byte) []byte
	}
	// CBORAppender appends the CBOR document of an output to dst.
	CBORAppender interface {
		AppendCBOR(dst []byte, form awscbor.Form) []byte
	}
	// Trailers is a streamed request payload that may end in trailers (checksums, say).
	Trailers interface {
		// Trailer is complete once the payload was read to its end.
		Trailer() http.Header
	}
)

// PieceBytes is when a piece of a JSONPieces is due: small enough for the cache, large for a system call.
const PieceBytes = 128 << 10

// Call is what wire knows of the request behind a call.
type Call struct {
	Service   string
	Op        string
	RequestID string // UUID, also in the reply's headers
	AccessKey string // of the signature, unverified unless the server checks signatures; "" = unsigned
	Host      string // as the client addressed us, for URLs we hand out
	TLS       bool
	// Header is the reply's, for the few things no shape can say.
	Header http.Header
	// Request is the HTTP request, its body already consumed unless the input streams it.
	Request *http.Request
}

type callKey struct{}

// WithCall puts a Call into a context.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf is the request behind a call, or an empty Call where it comes from inside the house.
func CallOf(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return &Call{}
}
