package lambda

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// settings are the members by which a function is configured. nil leaves what there is.
type settings struct {
	Role             *string
	Runtime          string
	Handler          *string
	Description      *string
	Timeout          *int
	MemorySize       *int
	Environment      *Environment
	EphemeralStorage *EphemeralStorage
	TracingConfig    *TracingConfig
	LoggingConfig    *LoggingConfig
	VpcConfig        *VpcConfig
	DeadLetterConfig *DeadLetterConfig
	SnapStart        *SnapStart
}

// apply checks the settings and puts them into c.
func (in *settings) apply(c *Configuration) error {
	switch {
	case in.VpcConfig != nil && len(in.VpcConfig.SubnetIds) > 0:
		return invalid("VpcConfig is not available in hydrant: functions run on this machine's network")
	case in.DeadLetterConfig != nil && in.DeadLetterConfig.TargetArn != "" && !isMailbox(in.DeadLetterConfig.TargetArn):
		return invalid("A DeadLetterConfig other than an SQS queue or an SNS topic is not available in hydrant: %s", in.DeadLetterConfig.TargetArn)
	case in.SnapStart != nil && in.SnapStart.ApplyOn == "PublishedVersions":
		return invalid("%s is not supported for SnapStart enabled functions.", cmp.Or(in.Runtime, c.Runtime))
	case in.Timeout != nil && *in.Timeout > maxTimeout:
		return validation("Value '%d' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to %d", *in.Timeout, maxTimeout)
	case in.MemorySize != nil && *in.MemorySize > maxMemory:
		return validation("Value '%d' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to %d", *in.MemorySize, maxMemory)
	case in.Runtime != "" && !runtime.Supported(in.Runtime):
		return runtimeRefused(in.Runtime)
	}
	if in.Environment != nil {
		if err := checkEnvironment(in.Environment.Variables); err != nil {
			return err
		}
		c.Environment = in.Environment
		if len(in.Environment.Variables) == 0 {
			c.Environment = nil
		}
	}
	if in.Role != nil {
		c.Role = in.Role
	}
	c.Runtime = cmp.Or(in.Runtime, c.Runtime)
	set(&c.Handler, in.Handler)
	set(&c.Description, in.Description)
	set(&c.Timeout, in.Timeout)
	set(&c.MemorySize, in.MemorySize)
	if in.EphemeralStorage != nil {
		c.EphemeralStorage = in.EphemeralStorage
	}
	if in.TracingConfig != nil {
		c.TracingConfig = in.TracingConfig
	}
	if in.LoggingConfig != nil {
		l := *in.LoggingConfig
		l.LogFormat = cmp.Or(l.LogFormat, "Text")
		l.LogGroup = cmp.Or(l.LogGroup, c.LoggingConfig.LogGroup)
		if l.LogFormat == "JSON" {
			return invalid("LogFormat JSON is not available in hydrant")
		}
		c.LoggingConfig = &l
	}
	if d := in.DeadLetterConfig; d != nil {
		c.DeadLetterConfig = d
		if d.TargetArn == "" {
			c.DeadLetterConfig = nil
		}
	}
	c.touch()
	return nil
}

// isMailbox: what a message can be sent to.
func isMailbox(arn string) bool {
	return strings.HasPrefix(arn, "arn:aws:sqs:") || strings.HasPrefix(arn, "arn:aws:sns:")
}

// checkDeadLetter refuses a dead-letter queue or topic that is not there.
func (s *Service) checkDeadLetter(d *DeadLetterConfig) error {
	if d == nil || !isMailbox(d.TargetArn) {
		return nil
	}
	return s.checkQueue(d.TargetArn)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// reserved are the variables that only the platform sets.
var reserved = strings.Fields(`_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME
	AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API
	LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR`)

func checkEnvironment(vars map[string]string) error {
	var bad []string
	size := 0
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		size += len(k) + len(vars[k])
		if slices.Contains(reserved, k) {
			bad = append(bad, k)
		}
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.ContainsRune(vars[k], 0) {
			return validation("Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		}
	}
	if len(bad) > 0 {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(bad, ", "))
	}
	if size > maxEnvBytes {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}

// fetch brings in the archive that code names.
func (s *Service) fetch(ctx context.Context, code *FunctionCode, op string) (sha string, size int64, err error) {
	body := code.ZipFile
	switch {
	case code.ImageUri != "":
		return "", 0, invalid("Container images are not available in hydrant: give the function as a zip")
	case code.S3Bucket != "" && len(body) > 0:
		return "", 0, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case code.S3Bucket != "":
		if s.cfg.Code == nil {
			return "", 0, invalid("S3Bucket is not available here: give the code as ZipFile")
		}
		body, err = s.cfg.Code.GetObject(ctx, hydrant.ScopeOf(ctx), code.S3Bucket, code.S3Key)
		if f, ok := hydrant.AsFault(err); ok {
			return "", 0, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", f.Code, f.Message)
		}
		if err != nil {
			return "", 0, fmt.Errorf("code of %s/%s: %w", code.S3Bucket, code.S3Key, err)
		}
	case len(body) == 0:
		return "", 0, invalid("Please provide a source for function code.")
	case len(body) > maxZipBytes:
		return "", 0, hydrant.Faultf("RequestEntityTooLargeException", "Request must be smaller than %d bytes for the %s operation", 70167211, op).WithStatus(413)
	}
	sha, err = s.code.put(body)
	return sha, int64(len(body)), err
}

type CreateFunctionIn struct {
	FunctionName     string       `required:"" min:"1" max:"140"`
	Role             string       `required:"" pattern:"arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"`
	Code             FunctionCode `required:""`
	Runtime          string
	Handler          *string `max:"128" pattern:"[^\\s]+"`
	Description      *string `max:"256"`
	Timeout          *int    `min:"1"`
	MemorySize       *int    `min:"128" max:"32768"`
	Publish          bool
	PackageType      string `enum:"Zip|Image"`
	Environment      *Environment
	Tags             map[string]string
	Architectures    []string `min:"1" max:"1" eachenum:"x86_64|arm64"`
	EphemeralStorage *EphemeralStorage
	TracingConfig    *TracingConfig
	LoggingConfig    *LoggingConfig
	Layers           []string `eachmin:"1" eachmax:"140" eachpattern:"arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+"`
	VpcConfig        *VpcConfig
	DeadLetterConfig *DeadLetterConfig
	SnapStart        *SnapStart
}

// CreateFunction makes a function from an archive.
//
//	Wire     POST /2015-03-31/functions, 201
//	Limits   maxZipBytes, maxUnzippedBytes, maxTimeout, maxMemory, maxEnvBytes (limits.go)
//	Durable  archive and configuration are on disk before the reply
//	Differs  Pending for Config.StatusDelay only, since the function is ready when the reply is sent; images, VPC,
//	         SnapStart are refused; roles are not assumed; Architectures is stored only
//	Proof    TestFunctionLifecycle
func (s *Service) CreateFunction(ctx context.Context, in *CreateFunctionIn) (*Configuration, error) {
	key, qualifier, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if qualifier != "" || len(key.name) > maxNameLength {
		return nil, validation("Value '%s' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to %d", in.FunctionName, maxNameLength)
	}
	if in.PackageType == "Image" {
		return nil, invalid("Container images are not available in hydrant: give the function as a zip")
	}
	if in.Runtime == "" || in.Handler == nil || *in.Handler == "" {
		return nil, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	f := &function{Scope: key.Scope, Name: key.name, Tags: in.Tags, Aliases: map[string]AliasConfiguration{}, Policies: map[string]policy{}}
	c := &f.Latest
	*c = Configuration{
		FunctionName:         key.name,
		FunctionArn:          f.arn(),
		Timeout:              3,
		MemorySize:           128,
		Version:              latest,
		PackageType:          "Zip",
		Architectures:        []string{"x86_64"},
		EphemeralStorage:     &EphemeralStorage{Size: 512},
		TracingConfig:        &TracingConfig{Mode: "PassThrough"},
		SnapStart:            &SnapStart{ApplyOn: "None", OptimizationStatus: "Off"},
		LoggingConfig:        &LoggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + key.name},
		RuntimeVersionConfig: &RuntimeVersionConfig{RuntimeVersionArn: "arn:aws:lambda:" + key.Region + "::runtime:" + strings.Repeat("0", 64)},
		State:                "Active",
		LastUpdateStatus:     "Successful",
	}
	if len(in.Architectures) > 0 {
		c.Architectures = in.Architectures
	}
	err = (&settings{
		Role: &in.Role, Runtime: in.Runtime, Handler: in.Handler, Description: in.Description, Timeout: in.Timeout,
		MemorySize: in.MemorySize, Environment: in.Environment, EphemeralStorage: in.EphemeralStorage, TracingConfig: in.TracingConfig,
		LoggingConfig: in.LoggingConfig, VpcConfig: in.VpcConfig, DeadLetterConfig: in.DeadLetterConfig, SnapStart: in.SnapStart,
	}).apply(c)
	if err != nil {
		return nil, err
	}

	if err := s.checkDeadLetter(in.DeadLetterConfig); err != nil {
		return nil, err
	}

	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.useLayers(ctx, f, c, in.Layers); err != nil {
		return nil, err
	}
	s.mu.RLock()
	_, exists := s.fns[key]
	s.mu.RUnlock()
	if exists {
		return nil, conflict("Function already exist: %s", key.name)
	}
	if c.CodeSha256, c.CodeSize, err = s.fetch(ctx, &in.Code, "CreateFunction"); err != nil {
		return nil, err
	}
	shown := c
	qualifier = ""
	if in.Publish {
		shown = f.publish("")
		qualifier = shown.Version
	}
	f.until, f.creating = time.Now().Add(s.cfg.StatusDelay), true
	if err := s.store(ctx, f); err != nil {
		return nil, err
	}
	return pending(f.shown(shown, qualifier)), nil
}

type FunctionIn struct {
	FunctionName string `in:"path=FunctionName" required:"" min:"1" max:"256"`
	Qualifier    string `in:"query=Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
}

type GetFunctionOut struct {
	Configuration *Configuration
	Code          CodeLocation
	Tags          map[string]string
	Concurrency   *Concurrency
}

type CodeLocation struct{ RepositoryType, Location string }

// GetFunction describes a function and tells where its archive may be downloaded.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}, 200
//	Differs  Code.Location is a URL of ours, good for ten minutes and until we restart
//	Proof    TestFunctionLifecycle
func (s *Service) GetFunction(ctx context.Context, in *FunctionIn) (*GetFunctionOut, error) {
	f, c, q, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &GetFunctionOut{
		Configuration: f.shown(c, q),
		Code:          CodeLocation{RepositoryType: "S3", Location: s.link(c.CodeSha256)},
		Tags:          f.Tags,
	}
	if f.Reserved != nil {
		out.Concurrency = &Concurrency{ReservedConcurrentExecutions: f.Reserved}
	}
	return out, nil
}

// asked resolves what a reading operation names, with the qualifier to show it by.
func (s *Service) asked(ctx context.Context, in *FunctionIn) (f *function, c *Configuration, qualifier string, err error) {
	f, q, err := s.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, nil, "", err
	}
	c, ok := f.pick(q)
	if !ok {
		return nil, nil, "", notFound("Function not found: %s", qualified(f.arn(), q))
	}
	return f, c, q, nil
}

// GetFunctionConfiguration describes a version of a function.
//
//	Wire     GET /2015-03-31/functions/{FunctionName}/configuration, 200
//	Proof    TestFunctionLifecycle
func (s *Service) GetFunctionConfiguration(ctx context.Context, in *FunctionIn) (*Configuration, error) {
	f, c, q, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	return f.shown(c, q), nil
}

type ListFunctionsIn struct {
	Marker          string `in:"query=Marker"`
	MaxItems        *int   `in:"query=MaxItems" min:"1" max:"10000"`
	FunctionVersion string `in:"query=FunctionVersion" enum:"ALL"`
	MasterRegion    string `in:"query=MasterRegion"`
}

type ListFunctionsOut struct {
	Functions  []*Configuration
	NextMarker string
}

// ListFunctions lists the functions of the caller's account and Region, by name.
//
//	Wire     GET /2015-03-31/functions, 200
//	Limits   maxPageDefault items a page
//	Proof    TestFunctionLifecycle
func (s *Service) ListFunctions(ctx context.Context, in *ListFunctionsIn) (*ListFunctionsOut, error) {
	scope := hydrant.ScopeOf(ctx)
	s.mu.RLock()
	var list []*Configuration
	for k, f := range s.fns {
		if k.Scope != scope {
			continue
		}
		if in.FunctionVersion != "ALL" {
			list = append(list, f.shown(&f.Latest, ""))
			continue
		}
		list = append(list, f.shown(&f.Latest, latest))
		for i := range f.Versions {
			list = append(list, f.shown(&f.Versions[i], f.Versions[i].Version))
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Configuration) int { return cmp.Compare(a.FunctionArn, b.FunctionArn) })
	out := &ListFunctionsOut{}
	out.Functions, out.NextMarker = page(list, in.Marker, in.MaxItems, func(c *Configuration) string { return c.FunctionArn })
	return out, nil
}

// page cuts a sorted list: what follows marker, as many items as asked for, and the marker to go on with.
func page[T any](list []T, marker string, most *int, name func(T) string) ([]T, string) {
	if marker != "" {
		i, found := slices.BinarySearchFunc(list, marker, func(v T, m string) int { return cmp.Compare(name(v), m) })
		if found {
			i++
		}
		list = list[i:]
	}
	n := maxPageDefault
	if most != nil {
		n = *most
	}
	if len(list) <= n {
		if list == nil {
			list = []T{}
		}
		return list, ""
	}
	return list[:n], name(list[n-1])
}

type UpdateFunctionConfigurationIn struct {
	FunctionName     string  `in:"path=FunctionName" required:"" min:"1" max:"140"`
	Role             *string `pattern:"arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"`
	Runtime          string
	Handler          *string `max:"128" pattern:"[^\\s]+"`
	Description      *string `max:"256"`
	Timeout          *int    `min:"1"`
	MemorySize       *int    `min:"128" max:"32768"`
	Environment      *Environment
	EphemeralStorage *EphemeralStorage
	TracingConfig    *TracingConfig
	LoggingConfig    *LoggingConfig
	Layers           []string `eachmin:"1" eachmax:"140" eachpattern:"arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+"`
	VpcConfig        *VpcConfig
	DeadLetterConfig *DeadLetterConfig
	SnapStart        *SnapStart
	RevisionId       string
}

// UpdateFunctionConfiguration changes $LATEST's settings. Instances of the old ones end when idle.
//
//	Wire     PUT /2015-03-31/functions/{FunctionName}/configuration, 200
//	Durable  on disk before the reply
//	Differs  InProgress for Config.StatusDelay only, since the change is done when the reply is sent
//	Proof    TestFunctionLifecycle
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in *UpdateFunctionConfigurationIn) (*Configuration, error) {
	f, err := s.change(ctx, in.FunctionName, func(f *function, _ string) error {
		if err := f.mayUpdate(in.RevisionId); err != nil {
			return err
		}
		if err := s.checkDeadLetter(in.DeadLetterConfig); err != nil {
			return err
		}
		f.until, f.creating = time.Now().Add(s.cfg.StatusDelay), false
		if err := s.useLayers(ctx, f, &f.Latest, in.Layers); err != nil {
			return err
		}
		return (&settings{
			Role: in.Role, Runtime: in.Runtime, Handler: in.Handler, Description: in.Description, Timeout: in.Timeout,
			MemorySize: in.MemorySize, Environment: in.Environment, EphemeralStorage: in.EphemeralStorage, TracingConfig: in.TracingConfig,
			LoggingConfig: in.LoggingConfig, VpcConfig: in.VpcConfig, DeadLetterConfig: in.DeadLetterConfig, SnapStart: in.SnapStart,
		}).apply(&f.Latest)
	})
	if err != nil {
		return nil, err
	}
	return inProgress(f.shown(&f.Latest, "")), nil
}

type UpdateFunctionCodeIn struct {
	FunctionName    string `in:"path=FunctionName" required:"" min:"1" max:"140"`
	ZipFile         []byte
	S3Bucket        string `min:"3" max:"63"`
	S3Key           string `min:"1" max:"1024"`
	S3ObjectVersion string `min:"1" max:"1024"`
	ImageUri        string
	Publish         bool
	DryRun          bool
	RevisionId      string
	Architectures   []string `min:"1" max:"1" eachenum:"x86_64|arm64"`
}

// UpdateFunctionCode gives $LATEST another archive. Instances of the old one end when idle.
//
//	Wire     PUT /2015-03-31/functions/{FunctionName}/code, 200
//	Limits   maxZipBytes, maxUnzippedBytes
//	Durable  on disk before the reply
//	Proof    TestFunctionLifecycle
func (s *Service) UpdateFunctionCode(ctx context.Context, in *UpdateFunctionCodeIn) (*Configuration, error) {
	code := FunctionCode{ZipFile: in.ZipFile, S3Bucket: in.S3Bucket, S3Key: in.S3Key, S3ObjectVersion: in.S3ObjectVersion, ImageUri: in.ImageUri}
	var out *Configuration
	edit := func(f *function, _ string) error {
		if err := f.mayUpdate(in.RevisionId); err != nil {
			return err
		}
		f.until, f.creating = time.Now().Add(s.cfg.StatusDelay), false
		sha, size, err := s.fetch(ctx, &code, "UpdateFunctionCode")
		if err != nil {
			return err
		}
		c := &f.Latest
		c.CodeSha256, c.CodeSize = sha, size
		if len(in.Architectures) > 0 {
			c.Architectures = in.Architectures
		}
		c.touch()
		out = f.shown(c, "")
		if in.Publish {
			c = f.publish("")
			out = f.shown(c, c.Version)
		}
		return nil
	}
	if in.DryRun {
		s.changing.Lock()
		defer s.changing.Unlock()
		f, _, err := s.find(ctx, in.FunctionName, "")
		if err != nil {
			return nil, err
		}
		if err := edit(f.clone(), ""); err != nil {
			return nil, err
		}
		s.dropUnused(out.CodeSha256)
		return out, nil
	}
	if _, err := s.change(ctx, in.FunctionName, edit); err != nil {
		return nil, err
	}
	return inProgress(out), nil
}

// DeleteFunction deletes a function with all its versions, or one version.
//
//	Wire     DELETE /2015-03-31/functions/{FunctionName}, 204
//	Differs  event source mappings of the function stay, as on AWS, and wait for one of its name
//	Proof    TestFunctionLifecycle
func (s *Service) DeleteFunction(ctx context.Context, in *FunctionIn) (*Empty, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, q, err := s.find(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if q == latest {
		return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
	}
	if q != "" {
		f := old.clone()
		if _, ok := f.version(q); !ok {
			return nil, notFound("Function not found: %s", qualified(f.arn(), q))
		}
		for name, a := range f.Aliases {
			if a.FunctionVersion == q {
				return nil, conflict("Version %s is referenced by the alias %s", q, name)
			}
		}
		f.Versions = slices.DeleteFunc(f.Versions, func(c Configuration) bool { return c.Version == q })
		if err := s.store(ctx, f); err != nil {
			return nil, err
		}
		s.settle(old, f)
		return &Empty{}, nil
	}
	if err := s.cfg.Journal.Commit(ctx, journal.Unset(old.journalKey())); err != nil {
		return nil, fmt.Errorf("delete function %s: %w", old.arn(), err)
	}
	s.mu.Lock()
	delete(s.fns, old.key())
	s.mu.Unlock()
	s.settle(old, nil)
	return &Empty{}, nil
}
