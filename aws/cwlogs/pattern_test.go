package cwlogs

import (
	"strings"
	"testing"

	"github.com/hydrant-stream/hydrant"
)

func TestPatterns(t *testing.T) {
	const (
		line   = `[ERROR] request 42 failed: "disk full" at /var/log`
		object = `{"status":503,"path":"/api/trips","ok":false,"err":null,"user":{"id":"7","roles":["a","b"]},"a b":1,"list":[{"n":1},{"n":2}],"s":"12"}`
		access = `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	)
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"", line, true},
		{"  ", line, true},
		{"ERROR", line, true},
		{"error", line, false},
		{"ERROR failed", line, true},
		{"ERROR missing", line, false},
		{`"request 42"`, line, true},
		{`"42 request"`, line, false},
		{`"\"disk full\""`, line, true},
		{"ERROR -failed", line, false},
		{"ERROR -missing", line, true},
		{`-"disk full"`, line, false},
		{"?missing ?ERROR", line, true},
		{"?missing ?absent", line, false},
		{"failed ?missing ?ERROR", line, true},
		{"%request [0-9]+%", line, true},
		{"%request [a-z]+%", line, false},
		{"-%[0-9]%", line, false},
		{"ERROR", "", false},

		{"{ $.status = 503 }", object, true},
		{"{$.status=503}", object, true},
		{"{ $.status >= 500 && $.status < 600 }", object, true},
		{"{ $.status != 503 }", object, false},
		{"{ $.status = 5* }", object, true},
		{"{ $.status > 5.03e2 }", object, false},
		{`{ $.path = "/api/*" }`, object, true},
		{`{ $.path = "/api" }`, object, false},
		{`{ $.path != "/api" }`, object, true},
		{"{ $.path = %^/api% }", object, true},
		{"{ $.ok IS FALSE }", object, true},
		{"{ $.ok is true }", object, false},
		{"{ $.err IS NULL }", object, true},
		{"{ $.err EXISTS }", object, true},
		{"{ $.none NOT EXISTS }", object, true},
		{"{ $.status NOT EXISTS }", object, false},
		{"{ $.none = 1 }", object, false},
		{"{ $.none != 1 }", object, false},
		{"{ $.user.id = 7 }", object, true},
		{`{ $.user.roles[1] = "b" }`, object, true},
		{`{ $.user.roles[2] = "b" }`, object, false},
		{`{ $.user.roles[*] = "b" }`, object, true},
		{"{ $.list[*].n = 2 }", object, true},
		{"{ $.['a b'] = 1 }", object, true},
		{"{ $['a b'] = 1 }", object, true},
		{"{ $.s = 12 }", object, true},
		{"{ $.s > 11 }", object, true},
		{"{ ($.status = 1 || $.ok IS FALSE) && $.path = * }", object, true},
		{"{ $.status = 1 || $.ok IS FALSE && $.path = x }", object, false},
		{"{ $.status = 503 }", line, false},
		{"{ $.status = 503 }", `[{"status":503}]`, false},
		{"{ $.status = 503 }", `{"status":503`, false},

		{"[ip, dash, user, at, request, status, size]", access, true},
		{"[ip, dash, user, at, request, status]", access, false},
		{"[ip, dash, user, at, request, status = 404, size > 1000]", access, true},
		{"[ip, dash, user, at, request, status = 4*, size > 2000]", access, false},
		{"[ip, ..., status = 5* || status = 404, size]", access, true},
		{"[..., size = 1534]", access, true},
		{"[ip = 127.*, ...]", access, true},
		{`[ip, dash, user, at = "10/Oct*", request = "*HTTP/1.0", ...]`, access, true},
		{"[ip, dash, user != frank, ...]", access, false},
		{"[(ip = 1* && ip = *0.1), ...]", access, true},
		{"[a, b, c, d, e, f, g, h, ...]", access, false},
	} {
		accept, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := accept == nil || accept(c.message); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.message, got)
		}
	}
}

func TestPatternsRefused(t *testing.T) {
	for _, p := range []string{
		`"open`, "%open", "%(%", "-", "? x", "{", "{}", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1", "{ $.a = 1 } x", "{ $.a > x }",
		"{ ($.a = 1 }", "{ $.a IS 5 }", "{ $.a NOT 5 }", "{ $.a[x] = 1 }", "{ $.a[0 = 1 }", "{ $. = 1 }", "{ $.a = 1 && }", `{ $.a = "x }`,
		"[", "[a", "[a b]", "[..., ...]", "[a = ]", "[a = 1 && b = 2]", "[a > x]", "[a] x", "[,]", "[(a]",
	} {
		if _, err := parsePattern(p); hydrant.FaultCode(err) != "InvalidParameterException" || !strings.Contains(err.Error(), "Invalid filter pattern") {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`{ ($.a[0].b = "x*" || $.c IS NULL) && $.d > 1 }`, `{"a":[{"b":"xy"}]}`)
	f.Add(`[a, ..., b = 4*]`, `1 "2 3" [4] 5`)
	f.Add(`ERROR -"x y" ?a ?b %c+%`, `ERROR a`)
	f.Fuzz(func(t *testing.T, pattern, message string) {
		if accept, err := parsePattern(pattern); err == nil && accept != nil {
			accept(message)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(encode(summary{}.add([]hydrant.LogEvent{{Time: 5, Message: "x"}}), []hydrant.LogEvent{{Time: 5, Message: "x"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = decode(&hydrant.Record{Data: data}, func(int, int64, []byte) bool { return true })
	})
}

func TestRecordKeepsEvents(t *testing.T) {
	first := []hydrant.LogEvent{{Time: 100, Message: "a"}, {Time: 100, Message: ""}, {Time: 250, Message: "é\n"}}
	sum := summary{}.add(first)
	if sum.first != 100 || sum.last != 250 || !sum.ordered || sum.bytes != 4+3*26 {
		t.Errorf("summary %+v", sum)
	}
	late := []hydrant.LogEvent{{Time: 50, Message: "b"}}
	sum = sum.add(late)
	if sum.first != 50 || sum.last != 250 || sum.ordered {
		t.Errorf("summary with a late event %+v", sum)
	}
	r := hydrant.Record{Data: encode(sum, first), Arrival: 7}
	var got []hydrant.LogEvent
	if err := decode(&r, func(_ int, at int64, m []byte) bool {
		got = append(got, hydrant.LogEvent{Time: at, Message: string(m)})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0] != first[0] || got[1] != first[1] || got[2] != first[2] {
		t.Errorf("events %+v", got)
	}
	back, n, _, err := decodeSummary(&r)
	if sum.ingested = 7; err != nil || n != 3 || back != sum {
		t.Errorf("summary read back %+v, %d events, %v", back, n, err)
	}
	for cut := range r.Data {
		if err := decode(&hydrant.Record{Data: r.Data[:cut]}, func(int, int64, []byte) bool { return true }); err == nil {
			t.Errorf("a record cut at %d is taken", cut)
		}
	}
}
