package runtime

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant/internal/absent"
)

func pythonSpec(t *testing.T, handler string) *Spec {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		absent.Skip(t, "python3 is not on PATH")
	}
	return specOf(t, "python3.11", "testdata/python", handler)
}

func TestPython(t *testing.T) {
	p, logs := open(t, nil)
	s := pythonSpec(t, "app.about")
	r, err := p.Invoke(t.Context(), s, Invocation{ID: "id-1", ARN: "arn:x", Payload: []byte(`{}`), ClientContext: `{"custom":{"a":1},"client":{"app_title":"t"}}`})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, Name, Group, Stream, Arn, Memory string
		Left, Calls                          int
		Custom                               map[string]int
		Root                                 bool
	}
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	if got.ID != "id-1" || got.Name != "f" || got.Left <= 9000 || got.Left > 10000 || got.Group != "/aws/lambda/f" ||
		got.Arn != "arn:x" || got.Memory != "256" || got.Custom["a"] != 1 || !got.Root || got.Calls != 1 {
		t.Errorf("%s", r.Payload)
	}
	if r := invoke(t, p, s, `null`); !strings.Contains(string(r.Payload), `"calls": 2`) {
		t.Errorf("not reused: %s", r.Payload)
	}

	run := func(handler, event string) Result {
		s := pythonSpec(t, handler)
		s.Key = handler
		return invoke(t, p, s, event)
	}
	if r := run("app.echo", `{"ü":["a",1.5,null,true]}`); string(r.Payload) != `{"ü": ["a", 1.5, null, true]}` || r.Error != "" {
		t.Errorf("%s", r.Payload)
	}
	if r := run("sub/deep.handler", `{}`); string(r.Payload) != `"from below"` {
		t.Errorf("%s", r.Payload)
	}
	r = run("app.throw", `{}`)
	wantError(t, r, "ValueError", "no such trip")
	var doc struct {
		RequestID  string
		StackTrace []string
	}
	json.Unmarshal(r.Payload, &doc)
	if len(doc.RequestID) != 36 || len(doc.StackTrace) != 2 || !strings.Contains(doc.StackTrace[1], "in inner\n    raise ValueError") {
		t.Errorf("%s", r.Payload)
	}
	wantError(t, run("app.leave", `0`), "Runtime.ExitError", "Runtime exited without providing a reason")
	wantError(t, run("app.leave", `4`), "Runtime.ExitError", "exit status 4")
	wantError(t, run("app.unserialisable", `0`), "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable")
	wantError(t, run("app.echo", `{nope`), "Runtime.UnmarshalError", "Unable to unmarshal input")
	wantError(t, run("missing.handler", `{}`), "Runtime.ImportModuleError", "Unable to import module 'missing': No module named 'no_such_module'")
	wantError(t, run("nowhere.handler", `{}`), "Runtime.ImportModuleError", "Unable to import module 'nowhere': No module named 'nowhere'")
	wantError(t, run("syntax.handler", `{}`), "Runtime.UserCodeSyntaxError", "Syntax error in module 'syntax'")
	wantError(t, run("divides.handler", `{}`), "ZeroDivisionError", "division by zero")
	wantError(t, run("app.nothing", `{}`), "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'app'")
	wantError(t, run("app", `{}`), "Runtime.MalformedHandlerName", "Bad handler 'app'")

	hang := pythonSpec(t, "app.hang")
	hang.Key, hang.Timeout = "hang", time.Second
	wantError(t, invoke(t, p, hang, `{}`), "Sandbox.Timedout", "Task timed out after 1.00 seconds")

	if r := run("app.talk", `{}`); !strings.Contains(string(r.Tail), "printed äöü\n[INFO]\t") || !strings.Contains(string(r.Tail), "on stderr\nEND") {
		t.Errorf("%s", r.Tail)
	}
	p.Close()
	two := false
	for _, l := range logs.all() {
		two = two || strings.HasPrefix(l, "[INFO]\t") && strings.HasSuffix(l, "\tlogged\nin two lines")
	}
	if !two || !logs.has("[ERROR] ValueError: no such trip\nTraceback (most recent call last):\n") || !logs.has("going to sleep") {
		t.Errorf("%q", logs.all())
	}
}

func TestNode(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		absent.Skip(t, "node is not on PATH")
	}
	p, logs := open(t, nil)
	run := func(handler, event string) Result {
		s := specOf(t, "nodejs20.x", "testdata/node", handler)
		s.Key = handler
		return invoke(t, p, s, event)
	}
	for _, c := range []struct{ handler, event, want string }{
		{"index.echo", `{"ü":[1,null]}`, `{"ü":[1,null]}`},
		{"index.about", `{}`, `"calls":1}`},
		{"index.about", `{}`, `"calls":2}`},
		{"index.callback", `{}`, `"called back"`},
		{"index.callback", `{}`, `"called back"`},
		{"esm.handler", `{}`, `"es/module"`},
	} {
		if r := run(c.handler, c.event); r.Error != "" || !strings.HasSuffix(string(r.Payload), c.want) {
			t.Errorf("%s: %q %s", c.handler, r.Error, r.Payload)
		}
	}
	wantError(t, run("index.throws", `{}`), "TypeError", "no such trip")
	wantError(t, run("index.callbackError", `{}`), "Error", "said so")
	wantError(t, run("index.rejects", `{}`), "Runtime.UnhandledPromiseRejection", "nobody listens")
	wantError(t, run("index.leaves", `{}`), "Runtime.ExitError", "exit status 2")
	wantError(t, run("index.nothing", `{}`), "Runtime.HandlerNotFound", "index.nothing is undefined or not exported")
	wantError(t, run("nowhere.handler", `{}`), "Runtime.ImportModuleError", "Cannot find module 'nowhere'")
	wantError(t, run("syntax.handler", `{}`), "Runtime.UserCodeSyntaxError", "SyntaxError")
	p.Close()
	if !logs.has("\tINFO\tabout { n: 1 }") {
		t.Errorf("%q", logs.all())
	}
}

func TestNoInterpreter(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	p, _ := open(t, nil)
	for _, runtime := range []string{"python3.12", "nodejs20.x"} {
		_, err := p.Invoke(t.Context(), specOf(t, runtime, "testdata", "a.b"), Invocation{ID: "x"})
		if !errors.Is(err, ErrNoInterpreter) || !strings.Contains(err.Error(), runtime) {
			t.Errorf("%s: %v", runtime, err)
		}
	}
}
