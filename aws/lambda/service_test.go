package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/internal/absent"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/wire"
)

// house is the service behind HTTP, with the SDK in front.
type house struct {
	*sdk.Client
	t    *testing.T
	svc  *Service
	cfg  Config
	http *httptest.Server
}

const role = "arn:aws:iam::000000000000:role/r"

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	h := &house{t: t, cfg: Config{Journal: journal.Memory(), Dir: t.TempDir(), Allowed: true}}
	h.cfg.Endpoint = func() string { return h.http.URL }
	if change != nil {
		change(&h.cfg)
	}
	h.open()
	t.Cleanup(func() { h.close() })
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.svc, err = New(h.cfg); err != nil {
		h.t.Fatal(err)
	}
	server := wire.NewServer(wire.Config{Services: []wire.Service{h.svc.Wire()}})
	code := h.svc.CodeHandler()
	h.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, CodePath) {
			code.ServeHTTP(w, r)
			return
		}
		server.ServeHTTP(w, r)
	}))
	h.Client = sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: &h.http.URL,
		HTTPClient:   awsbody.Over(nil),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer:      aws.NopRetryer{},
	})
	h.svc.Start()
}

func (h *house) close() {
	h.t.Helper()
	h.http.Close()
	if err := h.svc.Close(); err != nil {
		h.t.Error(err)
	}
}

// zipped is an archive of name -> content; a name ending in "@" is a link.
func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		hd := &zip.FileHeader{Name: strings.TrimSuffix(name, "@"), Method: zip.Deflate}
		if strings.HasSuffix(name, "@") {
			hd.SetMode(fs.ModeSymlink | 0o777)
		}
		w, err := z.CreateHeader(hd)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// script is a function that needs nothing but a shell: it answers each event by a line of sh, in
// which $EVENT is the event.
func script(body string) string {
	return `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  EVENT=$(curl -sS -D "$TMPDIR/head" "$api/next") || exit 1
  id=$(tr -d '\r' < "$TMPDIR/head" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  kind=response
` + body + `
  curl -sS -o /dev/null -d "$OUT" "$api/$id/$kind"
done
`
}

func (h *house) create(name, body string, change func(*sdk.CreateFunctionInput)) *sdk.CreateFunctionOutput {
	h.t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		absent.Skip(h.t, "curl is not on PATH: the shell functions of this test need it")
	}
	in := &sdk.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("x"),
		Code: &types.FunctionCode{ZipFile: zipped(h.t, map[string]string{"bootstrap": script(body)})}, Timeout: aws.Int32(10),
	}
	if change != nil {
		change(in)
	}
	out, err := h.CreateFunction(h.t.Context(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func wantFault(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("got %v, want %s: …%s…", err, code, text)
	}
}

func TestFunctionLifecycle(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	made := h.create("f", `OUT='"one"'`, func(in *sdk.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"A": "1"}}
		in.Tags = map[string]string{"team": "taxi"}
	})
	if made.State != types.StatePending || *made.StateReason != "The function is being created." || *made.Version != "$LATEST" ||
		made.EphemeralStorage.Size == nil || *made.EphemeralStorage.Size != 512 || *made.LoggingConfig.LogGroup != "/aws/lambda/f" {
		t.Errorf("%+v", made)
	}
	_, err := h.CreateFunction(ctx, &sdk.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String(role), Runtime: types.RuntimeProvidedal2023,
		Handler: aws.String("x"), Code: &types.FunctionCode{ZipFile: zipped(t, nil)}})
	wantFault(t, err, "ResourceConflictException", "Function already exist: f")

	for _, name := range []string{"f", "000000000000:function:f", *made.FunctionArn, *made.FunctionArn + ":$LATEST"} {
		got, err := h.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: &name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Configuration.State != types.StateActive || got.Tags["team"] != "taxi" || got.Configuration.Environment.Variables["A"] != "1" {
			t.Errorf("%+v", got.Configuration)
		}
		res, err := http.Get(*got.Code.Location)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if _, err := zip.NewReader(bytes.NewReader(body), int64(len(body))); err != nil || int64(len(body)) != got.Configuration.CodeSize {
			t.Errorf("download: %s %v", res.Status, err)
		}
		res, err = http.Get(strings.Replace(*got.Code.Location, "Signature=", "Signature=0", 1))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 403 {
			t.Errorf("a forged link: %s", res.Status)
		}
	}
	_, err = h.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("g")})
	wantFault(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g")

	upd, err := h.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(7), RevisionId: made.RevisionId})
	if err != nil || *upd.Timeout != 7 || upd.LastUpdateStatus != types.LastUpdateStatusInProgress || *upd.RevisionId == *made.RevisionId {
		t.Fatalf("%+v %v", upd, err)
	}
	_, err = h.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), RevisionId: made.RevisionId})
	wantFault(t, err, "PreconditionFailedException", "does not match the latest Revision Id")
	if got := h.invoke("f", `{}`); string(got.Payload) != `"one"` {
		t.Errorf("%s", got.Payload)
	}
	two := zipped(t, map[string]string{"bootstrap": script(`OUT='"two"'`)})
	dry, err := h.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: two, DryRun: true})
	if err != nil || *dry.CodeSha256 == *made.CodeSha256 {
		t.Fatal(err)
	}
	if got := h.invoke("f", `{}`); string(got.Payload) != `"one"` {
		t.Errorf("after a dry run: %s", got.Payload)
	}
	if _, err := h.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: two}); err != nil {
		t.Fatal(err)
	}
	if got := h.invoke("f", `{}`); string(got.Payload) != `"two"` {
		t.Errorf("an old instance ran new code: %s", got.Payload)
	}
	h.close()
	h.open() // everything is still there
	if got := h.invoke("f", `{}`); string(got.Payload) != `"two"` {
		t.Errorf("after a restart: %s", got.Payload)
	}
	list, err := h.ListFunctions(ctx, &sdk.ListFunctionsInput{})
	if err != nil || len(list.Functions) != 1 || *list.Functions[0].Timeout != 7 {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := h.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.cfg.Dir, "code", "*", "*")); len(left) > 0 {
		t.Errorf("left of a deleted function: %v", left)
	}
}

func (h *house) invoke(name, event string) *sdk.InvokeOutput {
	h.t.Helper()
	out, err := h.Invoke(h.t.Context(), &sdk.InvokeInput{FunctionName: &name, Payload: []byte(event), LogType: types.LogTypeTail})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestInvoke(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	h.create("f", `echo "seen $EVENT"; OUT="$EVENT"; case "$EVENT" in *fail*) kind=error; OUT='{"errorMessage":"no","errorType":"E"}';; *hang*) sleep 60;; esac`, func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(2) })
	out := h.invoke("f", `{"a":1}`)
	tail, _ := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if string(out.Payload) != `{"a":1}` || out.StatusCode != 200 || out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" ||
		!strings.HasPrefix(string(tail), "START RequestId: ") || !strings.Contains(string(tail), "\nseen {\"a\":1}\nEND RequestId: ") || !strings.Contains(string(tail), "\tMemory Size: 128 MB\t") {
		t.Errorf("%+v %s %s", out, out.Payload, tail)
	}
	out = h.invoke("f", `{"fail":1}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || string(out.Payload) != `{"errorMessage":"no","errorType":"E"}` {
		t.Errorf("%+v %s", out, out.Payload)
	}
	out = h.invoke("f", `{"hang":1}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), `Task timed out after 2.00 seconds`) {
		t.Errorf("%+v %s", out, out.Payload)
	}
	dry, err := h.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || dry.StatusCode != 204 {
		t.Errorf("%+v %v", dry, err)
	}
	_, err = h.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{`)})
	wantFault(t, err, "InvalidRequestContentException", "Could not parse request body into json")
	_, err = h.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`"` + strings.Repeat("x", maxSyncPayload) + `"`)})
	wantFault(t, err, "RequestTooLargeException", "too large for the RequestResponse invocation type (limit 6291456 bytes)")
	_, err = h.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("7")})
	wantFault(t, err, "ResourceNotFoundException", "function:f:7")

	if _, err := h.PutFunctionConcurrency(ctx, &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("f")})
	var slow *types.TooManyRequestsException
	if !errors.As(err, &slow) || slow.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || aws.ToString(slow.RetryAfterSeconds) == "" {
		t.Errorf("%#v", err)
	}
	if _, err := h.DeleteFunctionConcurrency(ctx, &sdk.DeleteFunctionConcurrencyInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if out := h.invoke("f", `1`); string(out.Payload) != `1` {
		t.Errorf("%s", out.Payload)
	}
}

func TestNotAllowed(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Allowed = false })
	h.create("f", `OUT=1`, nil)
	_, err := h.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f")})
	wantFault(t, err, "AccessDeniedException", "does not run functions while it listens beyond loopback")
}

// TestEvent: an asynchronous event is tried three times, and survives a restart in between.
func TestEvent(t *testing.T) {
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	h := newHouse(t, func(c *Config) { c.RetryDelay = func(int) time.Duration { return time.Millisecond } })
	body := `echo "$EVENT" >> ` + calls + `; n=$(grep -c "$EVENT" ` + calls + `); OUT=null; case "$EVENT" in *never*) n=0;; esac; [ "$n" -ge 3 ] || { kind=error; OUT='{"errorType":"E"}'; }`
	h.create("f", body, nil)
	send := func(event string) {
		out, err := h.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(event)})
		if err != nil || out.StatusCode != 202 || len(out.Payload) > 0 {
			t.Fatalf("%+v %v", out, err)
		}
	}
	drained := func() {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			n := 0
			h.cfg.Journal.Range(asyncPrefix, func(string, []byte) bool { n++; return true })
			if n == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d events are still queued", n)
			}
		}
	}
	count := func(event string) int {
		b, _ := os.ReadFile(calls)
		return strings.Count(string(b), event+"\n")
	}
	send(`"third"`)
	send(`"never"`)
	drained()
	if count(`"third"`) != 3 || count(`"never"`) != 3 {
		t.Errorf("third %d times, never %d times", count(`"third"`), count(`"never"`))
	}
	// Accepted while nothing may run: found at the next start.
	if _, err := h.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	send(`"later"`)
	h.close()
	if count(`"later"`) != 0 {
		t.Error("a throttled event ran")
	}
	h.open()
	if _, err := h.DeleteFunctionConcurrency(t.Context(), &sdk.DeleteFunctionConcurrencyInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	drained()
	if count(`"later"`) != 3 {
		t.Errorf("later %d times", count(`"later"`))
	}
	if left, _ := os.ReadDir(filepath.Join(h.cfg.Dir, "async")); len(left) > 0 {
		t.Errorf("payloads are left: %v", left)
	}
}

func TestBadCode(t *testing.T) {
	h := newHouse(t, nil)
	outside := filepath.Join(h.cfg.Dir, "..", "evil")
	try := func(code []byte) error {
		_, err := h.CreateFunction(t.Context(), &sdk.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String(role), Runtime: types.RuntimePython312,
			Handler: aws.String("a.b"), Code: &types.FunctionCode{ZipFile: code}})
		return err
	}
	for name, code := range map[string][]byte{
		"no zip":           []byte("this is no zip"),
		"cut":              zipped(t, map[string]string{"a.py": strings.Repeat("x", 1000)})[:80],
		"climbs":           zipped(t, map[string]string{"../../../../evil": "x"}),
		"absolute":         zipped(t, map[string]string{"/tmp/evil": "x"}),
		"backslashes":      zipped(t, map[string]string{`..\..\evil`: "x"}),
		"link out":         zipped(t, map[string]string{"l@": "../../../.."}),
		"absolute link":    zipped(t, map[string]string{"l@": "/etc"}),
		"link in a folder": zipped(t, map[string]string{"d/l@": "../../x"}),
	} {
		if err := try(code); err == nil {
			t.Errorf("%s: accepted", name)
		} else if wantFault(t, err, "InvalidParameterValueException", "Could not unzip uploaded file."); t.Failed() {
			t.Log(name)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a zip wrote outside its folder")
	}
	h.svc.code.limit = 1 << 20
	bomb := zipped(t, map[string]string{"zeros": strings.Repeat("\x00", 1<<19), "more": strings.Repeat("\x00", 1<<19+1)})
	wantFault(t, try(bomb), "InvalidParameterValueException", "Unzipped size must be smaller than 1048576 bytes")
	if left, _ := filepath.Glob(filepath.Join(h.cfg.Dir, "code", "*", "*")); len(left) > 0 {
		t.Errorf("left of refused archives: %v", left)
	}
	if err := try(zipped(t, map[string]string{"a.py": "x", "lib/l@": "../a.py"})); err != nil {
		t.Errorf("a link inside is fine: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t, nil)
	code := zipped(t, map[string]string{"a.py": "x"})
	for _, c := range []struct {
		change     func(*sdk.CreateFunctionInput)
		code, text string
	}{
		{func(in *sdk.CreateFunctionInput) { in.Runtime = "python2.9" }, "InvalidParameterValueException", "Value python2.9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["},
		{func(in *sdk.CreateFunctionInput) { in.Runtime = types.RuntimeJava21 }, "InvalidParameterValueException", "does not run the runtime java21"},
		{func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "Value '901' at 'timeout'"},
		{func(in *sdk.CreateFunctionInput) { in.MemorySize = aws.Int32(64) }, "ValidationException", "'memorySize'"},
		{func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", "functionName"},
		{func(in *sdk.CreateFunctionInput) { in.Role = aws.String("nobody") }, "ValidationException", "'role'"},
		{func(in *sdk.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, "InvalidParameterValueException", "Please provide a source for function code."},
		{func(in *sdk.CreateFunctionInput) { in.Layers = []string{"arn:x"} }, "ValidationException", "arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+, Member must not be null]"},
		{func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x", "OK": "1"}}
		}, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		{func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"BIG": strings.Repeat("x", 4097)}}
		}, "InvalidParameterValueException", "exceeded the 4KB limit"},
	} {
		in := &sdk.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String(role), Runtime: types.RuntimePython312, Handler: aws.String("a.b"), Code: &types.FunctionCode{ZipFile: code}}
		c.change(in)
		_, err := h.CreateFunction(t.Context(), in)
		wantFault(t, err, c.code, c.text)
	}
}

func TestVersionsAndAliases(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	name := aws.String("f")
	h.create("f", `OUT='"one"'`, nil)
	publish := func() string {
		out, err := h.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Version
	}
	if v := publish(); v != "1" {
		t.Error(v)
	}
	if v := publish(); v != "1" {
		t.Errorf("unchanged code became version %s", v)
	}
	if _, err := h.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: name, ZipFile: zipped(t, map[string]string{"bootstrap": script(`OUT='"two"'`)})}); err != nil {
		t.Fatal(err)
	}
	if v := publish(); v != "2" {
		t.Error(v)
	}
	if _, err := h.CreateAlias(ctx, &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	out := h.invoke("f:live", `{}`)
	if string(out.Payload) != `"one"` || *out.ExecutedVersion != "1" {
		t.Errorf("%s %s", out.Payload, *out.ExecutedVersion)
	}
	a, err := h.UpdateAlias(ctx, &sdk.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 1}}})
	if err != nil || a.RoutingConfig.AdditionalVersionWeights["2"] != 1 {
		t.Fatal(err)
	}
	if out := h.invoke("f:live", `{}`); string(out.Payload) != `"two"` {
		t.Errorf("weighted: %s", out.Payload)
	}
	_, err = h.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("1")})
	wantFault(t, err, "ResourceConflictException", "")
	versions, err := h.ListVersionsByFunction(ctx, &sdk.ListVersionsByFunctionInput{FunctionName: name})
	if err != nil || len(versions.Versions) != 3 || *versions.Versions[2].FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f:2" {
		t.Errorf("%+v %v", versions, err)
	}
	if _, err := h.DeleteAlias(ctx, &sdk.DeleteAliasInput{FunctionName: name, Name: aws.String("live")}); err != nil {
		t.Fatal(err)
	}
	_, err = h.GetAlias(ctx, &sdk.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	wantFault(t, err, "ResourceNotFoundException", "Cannot find alias arn")
}

func TestPolicyAndTags(t *testing.T) {
	h := newHouse(t, nil)
	ctx := t.Context()
	arn := h.create("f", `OUT=1`, nil).FunctionArn
	name := aws.String("f")
	if _, err := h.AddPermission(ctx, &sdk.AddPermissionInput{FunctionName: name, StatementId: aws.String("s1"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("s3.amazonaws.com"), SourceArn: aws.String("arn:aws:s3:::b")}); err != nil {
		t.Fatal(err)
	}
	got, err := h.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Statement []struct {
			Sid       string
			Principal map[string]string
			Condition map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(*got.Policy), &doc); err != nil || doc.Statement[0].Principal["Service"] != "s3.amazonaws.com" || doc.Statement[0].Condition["ArnLike"]["AWS:SourceArn"] != "arn:aws:s3:::b" {
		t.Error(*got.Policy, err)
	}
	if _, err := h.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: name, StatementId: aws.String("s1")}); err != nil {
		t.Fatal(err)
	}
	_, err = h.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: name})
	wantFault(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")

	if _, err := h.TagResource(ctx, &sdk.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.UntagResource(ctx, &sdk.UntagResourceInput{Resource: arn, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := h.ListTags(ctx, &sdk.ListTagsInput{Resource: arn})
	if err != nil || len(tags.Tags) != 1 || tags.Tags["b"] != "2" {
		t.Errorf("%+v %v", tags, err)
	}
}

// oneShard is a stream of a single open shard, enough for a mapping.
type oneShard struct {
	mu    sync.Mutex
	recs  []hydrant.Record
	moved chan struct{}
}

func (s *oneShard) put(data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := uint64(len(s.recs)) + 1
	s.recs = append(s.recs, hydrant.Record{Offset: n, Arrival: time.Now().UnixMilli(), Sequence: "4900" + string(rune('0'+n)), Key: "k", Data: []byte(data)})
	close(s.moved)
	s.moved = make(chan struct{})
}

func (s *oneShard) Shards(_ context.Context, arn string) ([]hydrant.Shard, error) {
	if !strings.HasSuffix(arn, "stream/trips") {
		return nil, hydrant.Faultf("ResourceNotFoundException", "Stream not found")
	}
	return []hydrant.Shard{{ID: "shardId-000000000000", Open: true}}, nil
}

func (s *oneShard) Start(_ context.Context, _, _, position string, _ time.Time) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position == "LATEST" {
		return uint64(len(s.recs)) + 1, nil
	}
	return 0, nil
}

func (s *oneShard) Read(_ context.Context, _, _ string, from uint64, limit shardlog.Limit) ([]hydrant.Record, uint64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from = max(from, 1)
	rest := s.recs[from-1:]
	rest = rest[:min(len(rest), limit.Records)]
	return rest, from + uint64(len(rest)), false, nil
}

func (s *oneShard) Wait(ctx context.Context, _, _ string, from uint64) error {
	for {
		s.mu.Lock()
		ready, moved := uint64(len(s.recs)) >= max(from, 1), s.moved
		s.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestMappingOverHTTP(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	stream := &oneShard{moved: make(chan struct{})}
	h := newHouse(t, func(c *Config) { c.Streams = stream })
	ctx := t.Context()
	h.create("f", `echo "$EVENT" >> `+seen+`; OUT=null`, nil)
	arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/trips")
	create := func(change func(*sdk.CreateEventSourceMappingInput)) (*sdk.CreateEventSourceMappingOutput, error) {
		in := &sdk.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: arn, StartingPosition: types.EventSourcePositionTrimHorizon}
		if change != nil {
			change(in)
		}
		return h.CreateEventSourceMapping(ctx, in)
	}
	for _, c := range []struct {
		change     func(*sdk.CreateEventSourceMappingInput)
		code, text string
	}{
		{func(in *sdk.CreateEventSourceMappingInput) { in.EventSourceArn = nil }, "InvalidParameterValueException", "Unrecognized event source."},
		{func(in *sdk.CreateEventSourceMappingInput) { in.EventSourceArn = aws.String(*arn + "x") }, "InvalidParameterValueException", "Stream not found: " + *arn + "x"},
		{func(in *sdk.CreateEventSourceMappingInput) { in.EventSourceArn = aws.String(*arn + "/consumer/c:1") }, "InvalidParameterValueException", "Enhanced fan-out is not available here"},
		{func(in *sdk.CreateEventSourceMappingInput) { in.FunctionName = aws.String("g") }, "InvalidParameterValueException", "Function does not exist"},
		{func(in *sdk.CreateEventSourceMappingInput) { in.StartingPosition = "" }, "InvalidParameterValueException", "Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."},
		{func(in *sdk.CreateEventSourceMappingInput) { in.StartingPosition = "NOW" }, "ValidationException", "Member must satisfy enum value set: ["},
		{func(in *sdk.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(10001) }, "ValidationException", "'batchSize'"},
		{func(in *sdk.CreateEventSourceMappingInput) { in.MaximumRecordAgeInSeconds = aws.Int32(5) }, "InvalidParameterValueException", "MaximumRecordAgeInSeconds"},
		{func(in *sdk.CreateEventSourceMappingInput) {
			in.TumblingWindowInSeconds, in.ParallelizationFactor = aws.Int32(5), aws.Int32(2)
		}, "InvalidParameterValueException", "Parallelization factor must be equal to 1 when tumbling window"},
		{func(in *sdk.CreateEventSourceMappingInput) {
			in.Tags = map[string]string{"hydrant:exactly-once": "true"}
		}, "InvalidParameterValueException", "hydrant:exactly-once is not available here"},
		{func(in *sdk.CreateEventSourceMappingInput) {
			in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:events:us-east-1:000000000000:event-bus/t")}}
		}, "InvalidParameterValueException", "OnFailure destinations other than an S3 bucket, an SQS queue or an SNS topic"},
	} {
		_, err := create(c.change)
		wantFault(t, err, c.code, c.text)
	}
	stream.put("one")
	m, err := create(nil)
	if err != nil {
		t.Fatal(err)
	}
	if *m.State != "Creating" || *m.LastProcessingResult != "No records processed" || *m.StateTransitionReason != "User action" || *m.BatchSize != 100 ||
		*m.MaximumRetryAttempts != -1 || *m.MaximumRecordAgeInSeconds != -1 || *m.ParallelizationFactor != 1 || m.DestinationConfig.OnFailure == nil ||
		*m.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f" || time.Since(*m.LastModified) > time.Minute {
		t.Errorf("%+v", m)
	}
	wait := func(want func(*sdk.GetEventSourceMappingOutput) bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			got, err := h.GetEventSourceMapping(ctx, &sdk.GetEventSourceMappingInput{UUID: m.UUID})
			if err != nil {
				t.Fatal(err)
			}
			if want(got) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s %s", *got.State, *got.LastProcessingResult)
			}
		}
	}
	wait(func(g *sdk.GetEventSourceMappingOutput) bool {
		return *g.State == "Enabled" && *g.LastProcessingResult == "OK"
	})
	b, _ := os.ReadFile(seen)
	if !strings.Contains(string(b), `"data":"`+base64.StdEncoding.EncodeToString([]byte("one"))+`"`) || !strings.Contains(string(b), `"invokeIdentityArn":"`+role+`"`) {
		t.Errorf("%s", b)
	}
	if _, err := h.UpdateEventSourceMapping(ctx, &sdk.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(false), BatchSize: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	wait(func(g *sdk.GetEventSourceMappingOutput) bool { return *g.State == "Disabled" && *g.BatchSize == 7 })
	list, err := h.ListEventSourceMappings(ctx, &sdk.ListEventSourceMappingsInput{FunctionName: aws.String("f"), EventSourceArn: arn})
	if err != nil || len(list.EventSourceMappings) != 1 {
		t.Errorf("%+v %v", list, err)
	}
	// Older SDKs end the path with a slash.
	res, err := http.Get(h.http.URL + "/2015-03-31/event-source-mappings/?FunctionName=f")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(string(body), *m.UUID) {
		t.Errorf("%s %s", res.Status, body)
	}
	gone, err := h.DeleteEventSourceMapping(ctx, &sdk.DeleteEventSourceMappingInput{UUID: m.UUID})
	if err != nil || *gone.State != "Deleting" {
		t.Fatalf("%+v %v", gone, err)
	}
	for {
		_, err := h.GetEventSourceMapping(ctx, &sdk.GetEventSourceMappingInput{UUID: m.UUID})
		if err != nil {
			wantFault(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
			break
		}
	}
}

// TestStates: with a delay the states last long enough for whoever does not wait to notice.
func TestStates(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.StatusDelay = time.Hour })
	h.create("f", `OUT=1`, nil)
	name := aws.String("f")
	got, err := h.GetFunctionConfiguration(t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil || got.State != types.StatePending || got.StateReasonCode != types.StateReasonCodeCreating {
		t.Errorf("%+v %v", got, err)
	}
	_, err = h.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: name})
	wantFault(t, err, "ResourceConflictException", "The function is currently in the following state: Pending")
	h.close()
	h.cfg.StatusDelay = 50 * time.Millisecond
	h.open() // a restart settles what was under way
	upd, err := h.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: name, Timeout: aws.Int32(5)})
	if err != nil || upd.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Fatalf("%+v %v", upd, err)
	}
	if err := sdk.NewFunctionUpdatedV2Waiter(h, func(o *sdk.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 20*time.Millisecond
	}).
		Wait(t.Context(), &sdk.GetFunctionInput{FunctionName: name}, 10*time.Second); err != nil {
		t.Error(err)
	}
	if out := h.invoke("f", `{}`); string(out.Payload) != "1" {
		t.Errorf("%s", out.Payload)
	}
}
