package source

import (
	"cmp"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// States of a mapping, in AWS's words.
const (
	Creating  = "Creating"
	Enabling  = "Enabling"
	Enabled   = "Enabled"
	Updating  = "Updating"
	Disabling = "Disabling"
	Disabled  = "Disabled"
	Deleting  = "Deleting"
)

// What LastProcessingResult says.
const (
	resultNone     = "No records processed"
	resultOK       = "OK"
	resultFailed   = "PROBLEM: Function call failed"
	resultNotFound = "PROBLEM: Function not found"
	resultInternal = "PROBLEM: Lambda internal error"
	resultStream   = "PROBLEM: Stream not found"
	resultConsumer = "PROBLEM: Stream consumer not found"
	resultDenied   = "PROBLEM: Cannot access stream. " + deniedTail
)

// Mapping joins a stream to a function.
type Mapping struct {
	ID       string // UUID
	Scope    hydrant.Scope
	Stream   string // ARN of the stream
	Consumer string `json:",omitempty"` // ARN of the consumer, where records are pushed
	Function string // ARN as named at creation, qualifier included
	Settings Settings
	Position string    // TRIM_HORIZON, LATEST, AT_TIMESTAMP
	At       time.Time // of AT_TIMESTAMP
	State    string
	Modified time.Time
	Tags     map[string]string `json:",omitempty"`
	// Result of the last processing. Kept in memory while the mapping runs, written down when its
	// state changes.
	Result string
}

// Source is the event source as it was named: the consumer's ARN, or the stream's.
func (m *Mapping) Source() string { return cmp.Or(m.Consumer, m.Stream) }

// OnceTag is the tag by which a mapping asks for its batches to land once: with the value "true", what
// a batch has put into a delivery stream is not put again when the batch is.
const OnceTag = "hydrant:exactly-once"

func (m *Mapping) once() bool { return m.Tags[OnceTag] == "true" }

// ARN names the mapping.
func (m *Mapping) ARN() string { return m.Scope.ARN("lambda", "event-source-mapping:"+m.ID) }

// Settings are what an update may change.
type Settings struct {
	BatchSize       int           // records, at most
	Window          time.Duration // how long to gather them; 0: whatever is there
	Parallel        int           // concurrent batches per shard, each partition key in order
	MaxRetries      int           // -1: until success or expiry
	MaxAge          time.Duration // negative: no bound
	Bisect          bool          // halve a failed batch
	Tumbling        time.Duration `json:",omitempty"` // length of the windows state is kept over; 0: none
	PartialFailures bool          // the function reports which records failed
	Filters         []string      // event patterns; a record passes if any matches, or there are none
	OnFailure       string        // ARN of a bucket, a queue or a topic, or ""
}

// asMessage reports whether given-up batches are told in a message: to a queue or a topic.
func (s *Settings) asMessage() bool {
	return strings.HasPrefix(s.OnFailure, "arn:aws:sqs:") || strings.HasPrefix(s.OnFailure, "arn:aws:sns:")
}

// Defaults are AWS's for a stream.
func Defaults() Settings {
	return Settings{BatchSize: 100, Parallel: 1, MaxRetries: -1, MaxAge: -1}
}

func invalid(text string) error {
	return hydrant.Faultf("InvalidParameterValueException", "%s", text).WithField("Type", "User")
}

// check refuses what AWS refuses beyond the bounds of single members, and what is not there.
func (m *Mapping) check() error {
	s := &m.Settings
	switch {
	case s.Tumbling > 0 && s.Parallel > 1:
		return invalid("Parallelization factor must be equal to 1 when tumbling window period is configured")
	case m.Tags[OnceTag] != "" && m.Tags[OnceTag] != "true" && m.Tags[OnceTag] != "false":
		return invalid("The tag " + OnceTag + " is true or false.")
	case m.once() && (s.Parallel > 1 || s.Tumbling > 0):
		return invalid("The tag " + OnceTag + " needs a ParallelizationFactor of 1 and no tumbling window.")
	}
	if s.MaxAge >= 0 && (s.MaxAge < time.Minute || s.MaxAge > 604800*time.Second) {
		return invalid("Invalid request provided: MaximumRecordAgeInSeconds must be -1 or between 60 and 604800.")
	}
	switch {
	case s.OnFailure == "":
	case strings.HasPrefix(s.OnFailure, "arn:aws:s3:::"), s.asMessage():
	default:
		return invalid("OnFailure destinations other than an S3 bucket, an SQS queue or an SNS topic are not available in hydrant: " + s.OnFailure)
	}
	_, err := parseFilters(s.Filters)
	return err
}

func (m *Mapping) settled() bool { return m.State == Enabled || m.State == Disabled }
