// Package lambda keeps functions and invokes them.
//
//	function.go  a function: its versions, aliases, policy, tags
//	layer.go     a layer: archives that functions share
//	code.go      archives: kept by their hash, unpacked with suspicion
//	folder.go    code that is run from a folder while it is edited
//	async.go     the queue behind InvocationType Event
//	deliver.go   what becomes of an event, told to its destination
//	op_*.go      the operations, thin
//	runtime/     instances: child processes that speak the Runtime API
//	source/      event source mappings: streams that drive functions
//
// Functions live in the journal under lambda/function/, archives as files under Config.Dir.
package lambda

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/aws/lambda/source"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service lives on.
type Config struct {
	Journal journal.Journal
	// Dir holds archives, queued events and the instances' folders, as plain files of the operating
	// system: what is in them is run by it.
	Dir string
	// Endpoint is our URL, as functions reach us and as archives are downloaded.
	Endpoint func() string
	// Credentials are what functions sign their calls with. nil: the account as access key.
	Credentials runtime.Credentials
	Logs        Logs           // nil drops the functions' output
	Streams     source.Streams // nil: no event source mappings
	Objects     source.Objects // nil: no destinations in S3
	Queues      Queues         // nil: no destinations in SQS, no dead-letter queues
	Code        CodeStore      // nil: code comes as ZipFile only
	Metrics     Metrics        // nil: none
	// Landings is the delivery streams' half of hydrant:exactly-once. nil: the tag is refused.
	Landings source.Landings
	// Unpack takes KPL aggregates apart for enhanced fan-out. nil: they stay whole.
	Unpack source.Unpack
	// Reads asks a function's role before its mappings read. nil: every role allows it.
	Reads source.Reads
	// Limits holds mappings to the rates at which AWS reads a shard.
	Limits bool
	// Folders are functions, by name, whose $LATEST runs from a folder instead of its archive.
	Folders map[string]string
	Log     *slog.Logger
	// Allowed: functions may run. They do so with the operator's rights, so that whoever may create
	// one may do what the operator may; false refuses every start with a clear fault.
	Allowed bool
	// User is whom functions run as, where that is not the operator. It takes root to set it.
	User *runtime.User
	// Concurrency bounds the account's invocations at the same time. 0 means 1,000.
	Concurrency int
	// StatusDelay is how long a new function is Pending and a change InProgress. 0: the next call
	// finds it done.
	StatusDelay time.Duration
	// RetryDelay is the pause before the nth retry of an asynchronous event. nil: AWS's, 1 and 2 minutes.
	RetryDelay func(retry int) time.Duration
}

// Service is AWS Lambda. All methods may be called concurrently.
type Service struct {
	cfg      Config
	code     *archive
	pool     *runtime.Pool
	mappings *source.Mappings
	async    *queue
	linkKey  [32]byte // signs download links of archives, for this process's life
	folders  map[string]*folder

	// changing orders changes of functions; held over the journal's commit. Taken before mu.
	changing sync.Mutex
	mu       sync.RWMutex
	fns      map[fnKey]*function // values are never modified: a change replaces them
	layers   map[fnKey]*layer    // likewise
}

type fnKey struct {
	hydrant.Scope
	name string
}

// New loads the functions. Nothing runs before Start.
func New(cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.RetryDelay == nil {
		cfg.RetryDelay = func(n int) time.Duration { return time.Duration(n) * time.Minute }
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, fns: map[fnKey]*function{}, layers: map[fnKey]*layer{}, folders: map[string]*folder{}}
	for name, dir := range cfg.Folders {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		s.folders[name] = &folder{dir: abs}
	}
	rand.Read(s.linkKey[:])
	err := journal.Each(cfg.Journal, functionPrefix, func(_ string, f function) error {
		f.prepare()
		s.fns[f.key()] = &f
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = journal.Each(cfg.Journal, layerPrefix, func(_ string, l layer) error {
		s.layers[l.key()] = &l
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.code, err = openArchive(filepath.Join(cfg.Dir, "code")); err != nil {
		return nil, err
	}
	s.pool, err = runtime.Open(runtime.Config{
		Dir:         filepath.Join(cfg.Dir, "run"),
		Endpoint:    cfg.Endpoint,
		Credentials: cfg.Credentials,
		Logs:        cfg.Logs,
		Log:         cfg.Log,
		Concurrency: cfg.Concurrency,
		User:        cfg.User,
	})
	if err != nil {
		return nil, err
	}
	if s.async, err = openQueue(s, filepath.Join(cfg.Dir, "async")); err != nil {
		return nil, errors.Join(err, s.pool.Close())
	}
	s.mappings, err = source.Open(source.Config{
		Journal:   cfg.Journal,
		Streams:   cfg.Streams,
		Functions: functions{s},
		Objects:   cfg.Objects,
		Queues:    cfg.Queues,
		Metrics:   cfg.Metrics,
		Landings:  cfg.Landings,
		Unpack:    cfg.Unpack,
		Reads:     cfg.Reads,
		Limits:    cfg.Limits,
		Log:       cfg.Log,
	})
	if err != nil {
		return nil, errors.Join(err, s.pool.Close())
	}
	return s, nil
}

// Start resumes what was under way when the service was closed: event source mappings read on from
// their checkpoints, queued events are invoked. Call it when the house hears requests, since
// functions call back.
func (s *Service) Start() {
	s.async.start()
	if s.cfg.Streams != nil {
		s.mappings.Start()
	}
}

// Close stops mappings between two batches (a batch that takes too long is abandoned with its
// checkpoint unmoved), then kills every instance. Queued events stay queued.
func (s *Service) Close() error {
	s.async.close()
	err := s.mappings.Close()
	err = errors.Join(err, s.pool.Close())
	s.async.wait()
	return err
}

// Wire offers the service.
func (s *Service) Wire() wire.Service {
	const v = "/2015-03-31/functions"
	const fn = v + "/{FunctionName}"
	const layers = "/2018-10-31/layers"
	const provisioned = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency"
	const event = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	return wire.Service{
		Name:         "lambda",
		Protocol:     wire.RESTJSON,
		NonNullItems: true,
		Ops: []wire.Row{
			wire.Op("CreateFunction", s.CreateFunction).HTTP("POST", v, 201),
			wire.Op("ListFunctions", s.ListFunctions).HTTP("GET", v, 200),
			wire.Op("GetFunction", s.GetFunction).HTTP("GET", fn, 200),
			wire.Op("GetFunctionConfiguration", s.GetFunctionConfiguration).HTTP("GET", fn+"/configuration", 200),
			wire.Op("UpdateFunctionConfiguration", s.UpdateFunctionConfiguration).HTTP("PUT", fn+"/configuration", 200),
			wire.Op("UpdateFunctionCode", s.UpdateFunctionCode).HTTP("PUT", fn+"/code", 200),
			wire.Op("DeleteFunction", s.DeleteFunction).HTTP("DELETE", fn, 204),
			wire.Op("Invoke", s.Invoke).HTTP("POST", fn+"/invocations", 200),
			wire.Op("PublishVersion", s.PublishVersion).HTTP("POST", fn+"/versions", 201),
			wire.Op("ListVersionsByFunction", s.ListVersionsByFunction).HTTP("GET", fn+"/versions", 200),
			wire.Op("CreateAlias", s.CreateAlias).HTTP("POST", fn+"/aliases", 201),
			wire.Op("ListAliases", s.ListAliases).HTTP("GET", fn+"/aliases", 200),
			wire.Op("GetAlias", s.GetAlias).HTTP("GET", fn+"/aliases/{Name}", 200),
			wire.Op("UpdateAlias", s.UpdateAlias).HTTP("PUT", fn+"/aliases/{Name}", 200),
			wire.Op("DeleteAlias", s.DeleteAlias).HTTP("DELETE", fn+"/aliases/{Name}", 204),
			wire.Op("AddPermission", s.AddPermission).HTTP("POST", fn+"/policy", 201),
			wire.Op("GetPolicy", s.GetPolicy).HTTP("GET", fn+"/policy", 200),
			wire.Op("RemovePermission", s.RemovePermission).HTTP("DELETE", fn+"/policy/{StatementId}", 204),
			wire.Op("PutFunctionConcurrency", s.PutFunctionConcurrency).HTTP("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", 200),
			wire.Op("GetFunctionConcurrency", s.GetFunctionConcurrency).HTTP("GET", "/2019-09-30/functions/{FunctionName}/concurrency", 200),
			wire.Op("DeleteFunctionConcurrency", s.DeleteFunctionConcurrency).HTTP("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204),
			wire.Op("PutFunctionEventInvokeConfig", s.PutFunctionEventInvokeConfig).HTTP("PUT", event, 200),
			wire.Op("UpdateFunctionEventInvokeConfig", s.UpdateFunctionEventInvokeConfig).HTTP("POST", event, 200),
			wire.Op("GetFunctionEventInvokeConfig", s.GetFunctionEventInvokeConfig).HTTP("GET", event, 200),
			wire.Op("DeleteFunctionEventInvokeConfig", s.DeleteFunctionEventInvokeConfig).HTTP("DELETE", event, 204),
			wire.Op("ListFunctionEventInvokeConfigs", s.ListFunctionEventInvokeConfigs).HTTP("GET", event+"/list", 200),
			wire.Op("PutProvisionedConcurrencyConfig", s.PutProvisionedConcurrencyConfig).HTTP("PUT", provisioned, 202),
			wire.Op("GetProvisionedConcurrencyConfig", s.GetProvisionedConcurrencyConfig).HTTP("GET", provisioned, 200),
			wire.Op("ListProvisionedConcurrencyConfigs", s.ListProvisionedConcurrencyConfigs).HTTP("GET", provisioned+"?List=ALL", 200),
			wire.Op("GetAccountSettings", s.GetAccountSettings).HTTP("GET", "/2016-08-19/account-settings", 200),
			wire.Op("GetFunctionCodeSigningConfig", s.GetFunctionCodeSigningConfig).HTTP("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", 200),
			wire.Op("PublishLayerVersion", s.PublishLayerVersion).HTTP("POST", layers+"/{LayerName}/versions", 201),
			wire.Op("ListLayerVersions", s.ListLayerVersions).HTTP("GET", layers+"/{LayerName}/versions", 200),
			wire.Op("GetLayerVersion", s.GetLayerVersion).HTTP("GET", layers+"/{LayerName}/versions/{VersionNumber}", 200),
			wire.Op("DeleteLayerVersion", s.DeleteLayerVersion).HTTP("DELETE", layers+"/{LayerName}/versions/{VersionNumber}", 204),
			wire.Op("ListLayers", s.ListLayers).HTTP("GET", layers, 200),
			wire.Op("GetLayerVersionByArn", s.GetLayerVersionByArn).HTTP("GET", layers+"?find=LayerVersion", 200),
			wire.Op("TagResource", s.TagResource).HTTP("POST", "/2017-03-31/tags/{Resource}", 204),
			wire.Op("UntagResource", s.UntagResource).HTTP("DELETE", "/2017-03-31/tags/{Resource}", 204),
			wire.Op("ListTags", s.ListTags).HTTP("GET", "/2017-03-31/tags/{Resource}", 200),
			wire.Op("CreateEventSourceMapping", s.CreateEventSourceMapping).HTTP("POST", "/2015-03-31/event-source-mappings", 202),
			wire.Op("ListEventSourceMappings", s.ListEventSourceMappings).HTTP("GET", "/2015-03-31/event-source-mappings", 200),
			wire.Op("GetEventSourceMapping", s.GetEventSourceMapping).HTTP("GET", "/2015-03-31/event-source-mappings/{UUID}", 200),
			wire.Op("UpdateEventSourceMapping", s.UpdateEventSourceMapping).HTTP("PUT", "/2015-03-31/event-source-mappings/{UUID}", 202),
			wire.Op("DeleteEventSourceMapping", s.DeleteEventSourceMapping).HTTP("DELETE", "/2015-03-31/event-source-mappings/{UUID}", 202),
		},
	}
}

// Health is a word for the operator: how many instances live and how many work.
func (s *Service) Health() string {
	live, busy := s.pool.Stats()
	return fmt.Sprintf("%d instances, %d busy", live, busy)
}

// functions is what mappings call.
type functions struct{ s *Service }

func (f functions) Invoke(ctx context.Context, function string, c source.Call) (source.Answer, error) {
	r, err := f.s.invoke(ctx, call{ref: function, id: c.ID, payload: c.Event, trace: c.Trace})
	if err != nil {
		return source.Answer{}, err
	}
	return source.Answer{Payload: r.Payload, Error: r.Error, ErrorType: r.ErrorType, Version: r.version}, nil
}

func (f functions) Role(function string) string {
	fn, _, err := f.s.resolve(context.Background(), function, "")
	if err != nil {
		return ""
	}
	return *fn.Latest.Role
}

// Caller invokes functions for other rooms of the house: a delivery stream that has one transform its
// records.
type Caller struct{ s *Service }

// Caller is the service as other rooms call it.
func (s *Service) Caller() Caller { return Caller{s} }

// Invoke runs a function by its ARN and waits for it. functionError is "Unhandled" where it ran and
// failed; an error means that it did not run.
func (c Caller) Invoke(ctx context.Context, scope hydrant.Scope, arn string, payload []byte) (answer []byte, functionError string, err error) {
	r, err := c.s.invoke(hydrant.WithScope(ctx, scope), call{ref: arn, id: uuid.NewString(), payload: payload})
	return r.Payload, r.Error, err
}

// Progress tells how far every event source mapping has come.
func (s *Service) Progress(ctx context.Context) ([]source.Progress, error) {
	return s.mappings.Progress(ctx)
}
