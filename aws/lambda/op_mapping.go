package lambda

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/source"
)

// mappingSettings are the members that creation and update of a mapping have in common.
type mappingSettings struct {
	Enabled                        *bool
	BatchSize                      *int `min:"1" max:"10000"`
	FilterCriteria                 *FilterCriteria
	MaximumBatchingWindowInSeconds *int `min:"0" max:"300"`
	ParallelizationFactor          *int `min:"1" max:"10"`
	DestinationConfig              *DestinationConfig
	MaximumRecordAgeInSeconds      *int `min:"-1" max:"604800"`
	BisectBatchOnFunctionError     *bool
	MaximumRetryAttempts           *int     `min:"-1" max:"10000"`
	TumblingWindowInSeconds        *int     `min:"0" max:"900"`
	FunctionResponseTypes          []string `max:"1" eachenum:"ReportBatchItemFailures"`
}

type (
	FilterCriteria struct{ Filters []Filter }
	Filter         struct {
		Pattern string `max:"4096"`
	}
	DestinationConfig struct {
		OnFailure *Destination
		OnSuccess *Destination
	}
	Destination struct {
		Destination string `max:"350" pattern:"$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"`
	}
)

// apply puts the members into set.
func (in *mappingSettings) apply(to *source.Settings) error {
	seconds := func(d *time.Duration, n *int) {
		if n != nil {
			*d = time.Duration(*n) * time.Second
		}
	}
	set(&to.BatchSize, in.BatchSize)
	set(&to.Parallel, in.ParallelizationFactor)
	set(&to.Bisect, in.BisectBatchOnFunctionError)
	set(&to.MaxRetries, in.MaximumRetryAttempts)
	seconds(&to.Window, in.MaximumBatchingWindowInSeconds)
	seconds(&to.MaxAge, in.MaximumRecordAgeInSeconds)
	seconds(&to.Tumbling, in.TumblingWindowInSeconds)
	if in.FilterCriteria != nil {
		to.Filters = nil
		for _, f := range in.FilterCriteria.Filters {
			to.Filters = append(to.Filters, f.Pattern)
		}
	}
	if d := in.DestinationConfig; d != nil {
		if d.OnSuccess != nil && d.OnSuccess.Destination != "" {
			return invalid("Unsupported DestinationConfig parameter for given event source mapping type.")
		}
		to.OnFailure = ""
		if d.OnFailure != nil {
			to.OnFailure = d.OnFailure.Destination
		}
	}
	if in.FunctionResponseTypes != nil {
		to.PartialFailures = len(in.FunctionResponseTypes) > 0 // of one value
	}
	return nil
}

type CreateEventSourceMappingIn struct {
	EventSourceArn            string
	FunctionName              string `required:"" min:"1" max:"256"`
	StartingPosition          string `enum:"LATEST|AT_TIMESTAMP|TRIM_HORIZON"`
	StartingPositionTimestamp *time.Time
	Tags                      map[string]string

	Enabled                        *bool
	BatchSize                      *int `min:"1" max:"10000"`
	FilterCriteria                 *FilterCriteria
	MaximumBatchingWindowInSeconds *int `min:"0" max:"300"`
	ParallelizationFactor          *int `min:"1" max:"10"`
	DestinationConfig              *DestinationConfig
	MaximumRecordAgeInSeconds      *int `min:"-1" max:"604800"`
	BisectBatchOnFunctionError     *bool
	MaximumRetryAttempts           *int     `min:"-1" max:"10000"`
	TumblingWindowInSeconds        *int     `min:"0" max:"900"`
	FunctionResponseTypes          []string `max:"1" eachenum:"ReportBatchItemFailures"`
}

// MappingConfiguration describes an event source mapping.
type MappingConfiguration struct {
	UUID                           string
	EventSourceMappingArn          string
	EventSourceArn                 string
	FunctionArn                    string
	StartingPosition               string
	StartingPositionTimestamp      *time.Time
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	ParallelizationFactor          int
	MaximumRecordAgeInSeconds      int
	BisectBatchOnFunctionError     bool
	MaximumRetryAttempts           int
	TumblingWindowInSeconds        int
	FunctionResponseTypes          []string
	FilterCriteria                 *FilterCriteria
	DestinationConfig              *DestinationConfig
	LastModified                   time.Time
	LastProcessingResult           string
	State                          string
	StateTransitionReason          string
}

func shownMapping(m source.Mapping) *MappingConfiguration {
	set := &m.Settings
	out := &MappingConfiguration{
		UUID:                           m.ID,
		EventSourceMappingArn:          m.ARN(),
		EventSourceArn:                 m.Source(),
		FunctionArn:                    m.Function,
		StartingPosition:               m.Position,
		BatchSize:                      set.BatchSize,
		MaximumBatchingWindowInSeconds: int(set.Window / time.Second),
		ParallelizationFactor:          set.Parallel,
		MaximumRecordAgeInSeconds:      -1,
		BisectBatchOnFunctionError:     set.Bisect,
		MaximumRetryAttempts:           set.MaxRetries,
		TumblingWindowInSeconds:        int(set.Tumbling / time.Second),
		FunctionResponseTypes:          []string{},
		DestinationConfig:              &DestinationConfig{OnFailure: &Destination{Destination: set.OnFailure}},
		LastModified:                   m.Modified,
		LastProcessingResult:           m.Result,
		State:                          m.State,
		StateTransitionReason:          "User action",
	}
	if set.MaxAge >= 0 {
		out.MaximumRecordAgeInSeconds = int(set.MaxAge / time.Second)
	}
	if !m.At.IsZero() {
		out.StartingPositionTimestamp = &m.At
	}
	if set.PartialFailures {
		out.FunctionResponseTypes = append(out.FunctionResponseTypes, "ReportBatchItemFailures")
	}
	if len(set.Filters) > 0 {
		out.FilterCriteria = &FilterCriteria{}
		for _, p := range set.Filters {
			out.FilterCriteria.Filters = append(out.FilterCriteria.Filters, Filter{Pattern: p})
		}
	}
	return out
}

// CreateEventSourceMapping drives a function from a Kinesis stream, polled (the ARN of the stream) or
// pushed (the ARN of a consumer registered for enhanced fan-out).
//
//	Wire     POST /2015-03-31/event-source-mappings, 202
//	Order    a shard's records in order (a partition key's, with ParallelizationFactor above 1); parents before children
//	Durable  the mapping and where it begins are on disk before the reply; LATEST means the moment of the call
//	Limits   with --limits aws a polled shard is asked once a second while nothing is new, and gives 2 MiB a second
//	Differs  without them it reads as soon as a record is there; OnFailure destinations other than S3, SQS and SNS
//	         are refused; the tag hydrant:exactly-once is ours
//	Proof    source: TestOrderAndRetry and others; TestMappingOverHTTP
func (s *Service) CreateEventSourceMapping(ctx context.Context, in *CreateEventSourceMappingIn) (*MappingConfiguration, error) {
	if in.EventSourceArn == "" {
		return nil, invalid("Unrecognized event source.")
	}
	arn, err := hydrant.ParseARN(in.EventSourceArn)
	if err != nil {
		return nil, validation(`Value '%s' at 'eventSourceArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`, in.EventSourceArn)
	}
	if _, ok := arn.Name("stream/"); arn.Service != "kinesis" || !ok || s.cfg.Streams == nil {
		return nil, invalid("Unrecognized event source. hydrant reads Kinesis streams only.")
	}
	if in.StartingPosition == "" {
		return nil, invalid("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
	}
	m := source.Mapping{Scope: hydrant.ScopeOf(ctx), Stream: in.EventSourceArn, Settings: source.Defaults(), Position: in.StartingPosition, Tags: in.Tags}
	if strings.Contains(arn.Resource, "/consumer/") {
		m.Consumer = in.EventSourceArn
	}
	switch at := in.StartingPositionTimestamp; {
	case in.StartingPosition != "AT_TIMESTAMP" && at != nil:
		return nil, invalid("StartingPositionTimestamp is only valid for the starting position AT_TIMESTAMP.")
	case in.StartingPosition == "AT_TIMESTAMP" && at == nil:
		return nil, invalid("StartingPositionTimestamp must not be null when StartingPosition is AT_TIMESTAMP.")
	case at != nil && at.After(time.Now()):
		return nil, invalid("StartingPositionTimestamp must not be in the future.")
	case at != nil:
		m.At = at.UTC()
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if m.Function, err = s.target(ctx, in.FunctionName); err != nil {
		return nil, err
	}
	settings := mappingSettings{in.Enabled, in.BatchSize, in.FilterCriteria, in.MaximumBatchingWindowInSeconds, in.ParallelizationFactor,
		in.DestinationConfig, in.MaximumRecordAgeInSeconds, in.BisectBatchOnFunctionError, in.MaximumRetryAttempts, in.TumblingWindowInSeconds,
		in.FunctionResponseTypes}
	if err := settings.apply(&m.Settings); err != nil {
		return nil, err
	}
	m, err = s.mappings.Create(ctx, m, in.Enabled == nil || *in.Enabled)
	if err != nil {
		return nil, err
	}
	return shownMapping(m), nil
}

// target is the ARN a mapping calls, with the qualifier its name was given with.
func (s *Service) target(ctx context.Context, ref string) (string, error) {
	f, _, err := s.resolve(ctx, ref, "")
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		return "", invalid("Function does not exist")
	}
	if err != nil {
		return "", err
	}
	_, qualifier, _ := parseName(ctx, ref)
	return qualified(f.arn(), qualifier), nil
}

type MappingIn struct {
	UUID string `in:"path=UUID" required:""`
}

// GetEventSourceMapping describes a mapping.
//
//	Wire     GET /2015-03-31/event-source-mappings/{UUID}, 200
//	Proof    TestMappingOverHTTP
func (s *Service) GetEventSourceMapping(ctx context.Context, in *MappingIn) (*MappingConfiguration, error) {
	m, err := s.mappings.Get(hydrant.ScopeOf(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return shownMapping(m), nil
}

type ListEventSourceMappingsIn struct {
	EventSourceArn string `in:"query=EventSourceArn"`
	FunctionName   string `in:"query=FunctionName"`
	Marker         string `in:"query=Marker"`
	MaxItems       *int   `in:"query=MaxItems" min:"1" max:"10000"`
}

type ListEventSourceMappingsOut struct {
	EventSourceMappings []*MappingConfiguration
	NextMarker          string
}

// ListEventSourceMappings lists mappings, all or those of a function or a stream.
//
//	Wire     GET /2015-03-31/event-source-mappings, 200
//	Proof    TestMappingOverHTTP
func (s *Service) ListEventSourceMappings(ctx context.Context, in *ListEventSourceMappingsIn) (*ListEventSourceMappingsOut, error) {
	var function string
	if in.FunctionName != "" {
		key, qualifier, err := parseName(ctx, in.FunctionName)
		if err != nil {
			return nil, err
		}
		function = qualified(key.ARN("lambda", "function:"+key.name), qualifier)
	}
	var list []*MappingConfiguration
	for _, m := range s.mappings.List(hydrant.ScopeOf(ctx)) {
		if cmp.Or(in.EventSourceArn, m.Source()) == m.Source() && cmp.Or(function, m.Function) == m.Function {
			list = append(list, shownMapping(m))
		}
	}
	out := &ListEventSourceMappingsOut{}
	out.EventSourceMappings, out.NextMarker = page(list, in.Marker, in.MaxItems, func(m *MappingConfiguration) string { return m.UUID })
	return out, nil
}

type UpdateEventSourceMappingIn struct {
	UUID         string `in:"path=UUID" required:""`
	FunctionName string `max:"256"`

	Enabled                        *bool
	BatchSize                      *int `min:"1" max:"10000"`
	FilterCriteria                 *FilterCriteria
	MaximumBatchingWindowInSeconds *int `min:"0" max:"300"`
	ParallelizationFactor          *int `min:"1" max:"10"`
	DestinationConfig              *DestinationConfig
	MaximumRecordAgeInSeconds      *int `min:"-1" max:"604800"`
	BisectBatchOnFunctionError     *bool
	MaximumRetryAttempts           *int     `min:"-1" max:"10000"`
	TumblingWindowInSeconds        *int     `min:"0" max:"900"`
	FunctionResponseTypes          []string `max:"1" eachenum:"ReportBatchItemFailures"`
}

// UpdateEventSourceMapping changes, stops or resumes a mapping. The batch in hand is finished first.
//
//	Wire     PUT /2015-03-31/event-source-mappings/{UUID}, 202
//	Order    reading goes on at the checkpoint
//	Proof    TestMappingOverHTTP; source: TestDisableAndEnable
func (s *Service) UpdateEventSourceMapping(ctx context.Context, in *UpdateEventSourceMappingIn) (*MappingConfiguration, error) {
	var function string
	if in.FunctionName != "" {
		var err error
		if function, err = s.target(ctx, in.FunctionName); err != nil {
			return nil, err
		}
	}
	settings := mappingSettings{in.Enabled, in.BatchSize, in.FilterCriteria, in.MaximumBatchingWindowInSeconds, in.ParallelizationFactor,
		in.DestinationConfig, in.MaximumRecordAgeInSeconds, in.BisectBatchOnFunctionError, in.MaximumRetryAttempts, in.TumblingWindowInSeconds,
		in.FunctionResponseTypes}
	m, err := s.mappings.Update(ctx, hydrant.ScopeOf(ctx), in.UUID, func(m *source.Mapping, enabled *bool) error {
		m.Function = cmp.Or(function, m.Function)
		set(enabled, in.Enabled)
		return settings.apply(&m.Settings)
	})
	if err != nil {
		return nil, err
	}
	return shownMapping(m), nil
}

// DeleteEventSourceMapping ends a mapping and forgets its checkpoints.
//
//	Wire     DELETE /2015-03-31/event-source-mappings/{UUID}, 202
//	Proof    TestMappingOverHTTP
func (s *Service) DeleteEventSourceMapping(ctx context.Context, in *MappingIn) (*MappingConfiguration, error) {
	m, err := s.mappings.Delete(ctx, hydrant.ScopeOf(ctx), in.UUID)
	if err != nil {
		return nil, err
	}
	return shownMapping(m), nil
}
