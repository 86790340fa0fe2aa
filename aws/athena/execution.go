package athena

import (
	"time"

	"github.com/hydrant-stream/hydrant"
)

// The states of an execution, in the order it passes them; it ends in one of the last three.
const (
	queued    = "QUEUED"
	runs      = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
	cancelled = "CANCELLED"
)

// execution is a statement with all that is known of it, as the journal keeps it.
type execution struct {
	ID         string
	Scope      hydrant.Scope
	Query      string
	Kind, Sub  string // StatementType, SubstatementType
	WorkGroup  string
	Database   string // where unqualified names are looked up
	Catalog    string
	Parameters []string `json:",omitempty"`
	// Result is the configuration that counts: the work group's or the client's. Output is the file.
	Result ResultConfiguration
	Output string
	// Token is the client's, Digest what it was sent with.
	Token, Digest string `json:",omitempty"`

	State     string
	Reason    string       `json:",omitempty"`
	Error     *AthenaError `json:",omitempty"`
	Submitted time.Time
	Completed time.Time
	Queued    time.Duration // waiting for a slot
	Planned   time.Duration // reading and translating the statement; 0 when it came not so far
	Engine    time.Duration
	Written   time.Duration // making the result durable
	Scanned   int64         // bytes
	Rows      int64         // of the result
	Bytes     int64         // of the result's file
	Manifest  string        `json:",omitempty"` // URI of the list of files that a statement wrote
}

func (e *execution) ended() bool {
	return e.State == succeeded || e.State == failed || e.State == cancelled
}

// shape is an execution as clients see it.
func (e *execution) shape() *QueryExecution {
	total := e.Completed.Sub(e.Submitted)
	if e.Completed.IsZero() {
		total = time.Since(e.Submitted)
	}
	result := e.Result
	result.OutputLocation = e.Output
	q := &QueryExecution{
		QueryExecutionId: e.ID, Query: e.Query, StatementType: e.Kind, SubstatementType: e.Sub,
		ResultConfiguration:      &result,
		ResultReuseConfiguration: &ResultReuseConfiguration{&ResultReuseByAgeConfiguration{}},
		QueryExecutionContext:    &QueryExecutionContext{Database: e.Database, Catalog: e.Catalog},
		Status: &QueryExecutionStatus{
			State: e.State, StateChangeReason: e.Reason, AthenaError: e.Error,
			SubmissionDateTime: e.Submitted, CompletionDateTime: e.Completed,
		},
		Statistics: &QueryExecutionStatistics{
			EngineExecutionTimeInMillis: e.Engine.Milliseconds(), DataScannedInBytes: e.Scanned,
			TotalExecutionTimeInMillis: total.Milliseconds(), QueryQueueTimeInMillis: e.Queued.Milliseconds(),
			ServiceProcessingTimeInMillis: e.Written.Milliseconds(),
			DataManifestLocation:          e.Manifest,
			ResultReuseInformation:        &ResultReuseInformation{},
		},
		WorkGroup:           e.WorkGroup,
		EngineVersion:       &EngineVersion{engineVersion, engineVersion},
		ExecutionParameters: e.Parameters,
	}
	if e.Planned > 0 {
		ms := e.Planned.Milliseconds()
		q.Statistics.QueryPlanningTimeInMillis = &ms
	}
	return q
}
