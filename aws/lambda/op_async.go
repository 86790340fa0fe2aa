package lambda

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// asyncSettings is what becomes of a function's asynchronous events, by qualifier.
type asyncSettings struct {
	Modified  time.Time
	Retries   *int // nil: maxAsyncRetries
	MaxAge    *int // seconds; nil: maxAsyncAge
	OnSuccess string
	OnFailure string
}

func (a asyncSettings) retries() int {
	if a.Retries != nil {
		return *a.Retries
	}
	return maxAsyncRetries
}

func (a asyncSettings) age() time.Duration {
	if a.MaxAge != nil {
		return time.Duration(*a.MaxAge) * time.Second
	}
	return maxAsyncAge
}

type EventInvokeConfigIn struct {
	FunctionName             string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	Qualifier                string `in:"query=Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	MaximumRetryAttempts     *int   `min:"0" max:"2"`
	MaximumEventAgeInSeconds *int   `min:"60" max:"21600"`
	DestinationConfig        *DestinationConfig
}

// EventInvokeConfig describes what becomes of a function's asynchronous events.
type EventInvokeConfig struct {
	LastModified             time.Time
	FunctionArn              string
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *DestinationConfig
}

func (f *function) shownAsync(qualifier string, a asyncSettings) *EventInvokeConfig {
	return &EventInvokeConfig{
		LastModified:             a.Modified,
		FunctionArn:              qualified(f.arn(), cmp.Or(qualifier, latest)),
		MaximumRetryAttempts:     a.Retries,
		MaximumEventAgeInSeconds: a.MaxAge,
		DestinationConfig: &DestinationConfig{
			OnSuccess: &Destination{Destination: a.OnSuccess},
			OnFailure: &Destination{Destination: a.OnFailure},
		},
	}
}

// PutFunctionEventInvokeConfig says anew what becomes of a function's asynchronous events.
//
//	Wire     PUT /2019-09-25/functions/{FunctionName}/event-invoke-config, 200
//	Durable  on disk before the reply; events that wait already follow it
//	Differs  destinations are Lambda functions, SQS queues, SNS topics and, for failures, S3 buckets; EventBridge is refused
//	Proof    TestEventInvokeConfig
func (s *Service) PutFunctionEventInvokeConfig(ctx context.Context, in *EventInvokeConfigIn) (*EventInvokeConfig, error) {
	return s.changeAsync(ctx, in, func(asyncSettings, bool) (asyncSettings, error) { return asyncSettings{}, nil })
}

// UpdateFunctionEventInvokeConfig changes the members that are given.
//
//	Wire     POST /2019-09-25/functions/{FunctionName}/event-invoke-config, 200
//	Differs  as PutFunctionEventInvokeConfig
//	Proof    TestEventInvokeConfig
func (s *Service) UpdateFunctionEventInvokeConfig(ctx context.Context, in *EventInvokeConfigIn) (*EventInvokeConfig, error) {
	return s.changeAsync(ctx, in, func(a asyncSettings, there bool) (asyncSettings, error) {
		if !there {
			return a, noAsync(ctx, in.FunctionName, in.Qualifier)
		}
		return a, nil
	})
}

// noAsync tells that a function has no configuration of its own.
func noAsync(ctx context.Context, ref, qualifier string) error {
	key, inName, _ := parseName(ctx, ref)
	return notFound("The function %s doesn't have an EventInvokeConfig", qualified(key.ARN("lambda", "function:"+key.name), cmp.Or(qualifier, inName, latest)))
}

func (s *Service) changeAsync(ctx context.Context, in *EventInvokeConfigIn, base func(asyncSettings, bool) (asyncSettings, error)) (*EventInvokeConfig, error) {
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil && in.DestinationConfig == nil {
		return nil, invalid("You must specify at least one of error handling or destination setting.")
	}
	var out *EventInvokeConfig
	_, err := s.change(ctx, in.FunctionName, func(f *function, inName string) error {
		q, err := f.asyncQualifier(in.Qualifier, inName)
		if err != nil {
			return err
		}
		old, there := f.Async[q]
		a, err := base(old, there)
		if err != nil {
			return err
		}
		a.Modified = time.Now().UTC()
		if in.MaximumRetryAttempts != nil {
			a.Retries = in.MaximumRetryAttempts
		}
		if in.MaximumEventAgeInSeconds != nil {
			a.MaxAge = in.MaximumEventAgeInSeconds
		}
		if d := in.DestinationConfig; d != nil {
			if d.OnSuccess != nil {
				a.OnSuccess = d.OnSuccess.Destination
			}
			if d.OnFailure != nil {
				a.OnFailure = d.OnFailure.Destination
			}
		}
		if err := s.checkDestination(ctx, f, a.OnSuccess, false); err != nil {
			return err
		}
		if err := s.checkDestination(ctx, f, a.OnFailure, true); err != nil {
			return err
		}
		if f.Async == nil {
			f.Async = map[string]asyncSettings{}
		}
		f.Async[q] = a
		out = f.shownAsync(q, a)
		return nil
	})
	return out, err
}

// asyncQualifier is the version or alias that a configuration belongs to; "" is $LATEST.
func (f *function) asyncQualifier(qualifier, inName string) (string, error) {
	if qualifier != "" && inName != "" && qualifier != inName {
		return "", invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	q := cmp.Or(qualifier, inName)
	if q == latest {
		q = ""
	}
	if _, ok := f.pick(q); !ok {
		return "", notFound("The function %s doesn't exist", qualified(f.arn(), q))
	}
	return q, nil
}

// checkDestination refuses a destination that events could not be sent to.
func (s *Service) checkDestination(ctx context.Context, f *function, arn string, failures bool) error {
	if arn == "" {
		return nil
	}
	a, err := hydrant.ParseARN(arn)
	if err != nil {
		return validation("Value '%s' at 'destinationConfig' failed to satisfy constraint: Member must satisfy regular expression pattern: ^$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)", arn)
	}
	switch {
	case a.Service == "lambda" && strings.HasPrefix(a.Resource, "function:"):
		key, _, err := parseName(ctx, arn)
		if err != nil {
			return err
		}
		if key == f.key() {
			return invalid("You can't specify the function as a destination for itself.")
		}
		if _, _, err := s.resolve(ctx, arn, ""); err != nil {
			return invalid("The destination ARN %s is invalid.", arn)
		}
		return nil
	case a.Service == "s3" && failures && s.cfg.Objects != nil:
		return nil
	case a.Service == "sqs", a.Service == "sns":
		return s.checkQueue(arn)
	case a.Service == "s3" && failures:
		return invalid("S3 destinations are not available here: no object store")
	}
	return invalid("The destination %s is not available in hydrant: name a Lambda function, an SQS queue, an SNS topic, or for failures an S3 bucket", arn)
}

// checkQueue refuses a queue or a topic that is not there.
func (s *Service) checkQueue(arn string) error {
	switch {
	case s.cfg.Queues == nil:
		return invalid("SQS queues and SNS topics are not available here: %s", arn)
	case !s.cfg.Queues.HasQueue(arn):
		return invalid("The destination ARN %s is invalid.", arn)
	}
	return nil
}

// GetFunctionEventInvokeConfig shows what becomes of a function's asynchronous events.
//
//	Wire     GET /2019-09-25/functions/{FunctionName}/event-invoke-config, 200
//	Proof    TestEventInvokeConfig
func (s *Service) GetFunctionEventInvokeConfig(ctx context.Context, in *FunctionIn) (*EventInvokeConfig, error) {
	f, inName, err := s.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	q, err := f.asyncQualifier("", inName)
	if err != nil {
		return nil, err
	}
	a, ok := f.Async[q]
	if !ok {
		return nil, noAsync(ctx, in.FunctionName, in.Qualifier)
	}
	return f.shownAsync(q, a), nil
}

// DeleteFunctionEventInvokeConfig goes back to the defaults.
//
//	Wire     DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config, 204
//	Proof    TestEventInvokeConfig
func (s *Service) DeleteFunctionEventInvokeConfig(ctx context.Context, in *FunctionIn) (*Empty, error) {
	_, err := s.change(ctx, in.FunctionName, func(f *function, inName string) error {
		q, err := f.asyncQualifier(in.Qualifier, inName)
		if err != nil {
			return err
		}
		if _, ok := f.Async[q]; !ok {
			return noAsync(ctx, in.FunctionName, in.Qualifier)
		}
		delete(f.Async, q)
		return nil
	})
	return &Empty{}, err
}

type ListEventInvokeConfigsIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Marker       string `in:"query=Marker"`
	MaxItems     *int   `in:"query=MaxItems" min:"1" max:"50"`
}

type ListEventInvokeConfigsOut struct {
	FunctionEventInvokeConfigs []*EventInvokeConfig
	NextMarker                 string
}

// ListFunctionEventInvokeConfigs lists the configurations of a function's versions and aliases.
//
//	Wire     GET /2019-09-25/functions/{FunctionName}/event-invoke-config/list, 200
//	Proof    TestEventInvokeConfig
func (s *Service) ListFunctionEventInvokeConfigs(ctx context.Context, in *ListEventInvokeConfigsIn) (*ListEventInvokeConfigsOut, error) {
	f, _, err := s.find(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	var list []*EventInvokeConfig
	for q, a := range f.Async {
		list = append(list, f.shownAsync(q, a))
	}
	slices.SortFunc(list, func(a, b *EventInvokeConfig) int { return cmp.Compare(a.FunctionArn, b.FunctionArn) })
	out := &ListEventInvokeConfigsOut{}
	out.FunctionEventInvokeConfigs, out.NextMarker = page(list, in.Marker, in.MaxItems, func(c *EventInvokeConfig) string { return c.FunctionArn })
	return out, nil
}

// asyncOf is the configuration an event for that ARN follows now.
func (s *Service) asyncOf(ctx context.Context, arn string) asyncSettings {
	f, q, err := s.find(ctx, arn, "")
	if err != nil {
		return asyncSettings{}
	}
	if q == latest {
		q = ""
	}
	return f.Async[q]
}

// ProvisionedConcurrencyIn names what would be kept warm.
type ProvisionedConcurrencyIn struct {
	FunctionName                    string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Qualifier                       string `in:"query=Qualifier" required:"" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	ProvisionedConcurrentExecutions *int
}

// PutProvisionedConcurrencyConfig is refused: an instance starts in milliseconds and stays warm.
//
//	Wire     PUT /2019-09-30/functions/{FunctionName}/provisioned-concurrency, always a fault
//	Differs  not available
//	Proof    TestEventInvokeConfig
func (s *Service) PutProvisionedConcurrencyConfig(ctx context.Context, in *ProvisionedConcurrencyIn) (*Empty, error) {
	if _, _, err := s.resolve(ctx, in.FunctionName, in.Qualifier); err != nil {
		return nil, err
	}
	return nil, invalid("Provisioned concurrency is not available in hydrant: %s", fmt.Sprintf("instances of %s are started as they are needed", in.FunctionName))
}
