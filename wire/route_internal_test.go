package wire

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatternMatch(t *testing.T) {
	type labels = map[string]string
	for _, c := range []struct {
		pattern, path string
		want          labels // nil: no match
	}{
		{"/", "/", labels{}},
		{"/", "", labels{}},
		{"/", "/a", nil},
		{"/{Bucket}", "/lake", labels{"Bucket": "lake"}},
		{"/{Bucket}", "/lake/", labels{"Bucket": "lake"}},
		{"/{Bucket}", "/lake/k", nil},
		{"/{Bucket}", "/", nil},
		{"/{Bucket}/{Key+}", "/lake/", nil},
		{"/{Bucket}/{Key+}", "/lake/a/b/", labels{"Bucket": "lake", "Key": "a/b/"}},
		{"/{Bucket}/{Key+}", "/lake//a", labels{"Bucket": "lake", "Key": "/a"}},
		{"/{Bucket}/{Key+}", "/lake/a+b%2Fc%2B%20%C3%BC", labels{"Bucket": "lake", "Key": "a+b/c+ ü"}},
		{"/{Bucket}/{Key+}", "/lake/../x", labels{"Bucket": "lake", "Key": "../x"}},
		{"/{Bucket}/{Key+}", "/lake/%zz", nil},
		{"/2015-03-31/functions/{F}/code", "/2015-03-31/functions/a%2Fb/code", labels{"F": "a/b"}},
		{"/2015-03-31/functions/{F}/code", "/2015-03-31/functions/f/code/", labels{"F": "f"}},
		{"/2015-03-31/functions/{F}/code", "/2015-03-31/functions/f", nil},
		{"/2015-03-31/functions/{F}/code", "/2015-03-31/functions/f/code/x", nil},
		{"/2015-03-31/functions/", "/2015-03-31/functions", labels{}},
		{"/{Bucket}?acl", "/lake", labels{"Bucket": "lake"}},
	} {
		got, ok := newPattern(c.pattern).match(c.path)
		if ok != (c.want != nil) || ok && !cmp.Equal(got, c.want) {
			t.Errorf("%s against %s: %v, %v", c.pattern, c.path, got, ok)
		}
	}
}

func TestPatternAsks(t *testing.T) {
	p := newPattern("/{Bucket}/{Key+}?partNumber&uploadId&x-id=Copy&@x-amz-copy-source")
	h := http.Header{"X-Amz-Copy-Source": {"a/b"}}
	for query, want := range map[string]bool{
		"partNumber=1&uploadId=x&x-id=Copy": true,
		"partNumber&uploadId&x-id=Copy&y":   true,
		"partNumber=1&x-id=Copy":            false,
		"partNumber=1&uploadId=x&x-id=Put":  false,
	} {
		q, _ := url.ParseQuery(query)
		if got := p.asked(q, h); got != want {
			t.Errorf("%s: %v", query, got)
		}
		if p.asked(q, http.Header{}) {
			t.Errorf("%s matches without its header", query)
		}
	}
	if plain := newPattern("/{Bucket}/{Key+}"); plain.compare(p) <= 0 || p.compare(plain) >= 0 {
		t.Error("the pattern that asks for more does not come first")
	}
	if lit, label := newPattern("/a/{x}"), newPattern("/{y}/{x}"); lit.compare(label) >= 0 {
		t.Error("the literal pattern does not come first")
	}
}

func TestBucketOf(t *testing.T) {
	s := &Server{Config: Config{Hosts: []string{"hydrant.example", "10.0.0.7"}}}
	for host, want := range map[string]string{
		"localhost:4566":                          "",
		"127.0.0.1:4566":                          "",
		"[::1]:4566":                              "",
		"10.0.0.7":                                "",
		"hydrant.example":                         "",
		"other.example":                           "",
		"lake.localhost:4566":                     "lake",
		"Lake.Localhost":                          "lake",
		"my.lake.hydrant.example:4566":            "my.lake",
		"s3.hydrant.example":                      "",
		"s3.eu-west-1.localhost":                  "",
		"lake.s3.eu-west-1.hydrant.example":       "lake",
		"lake.s3.localhost:4566":                  "lake",
		"lake.s3.amazonaws.com":                   "lake",
		"lake.s3.eu-west-1.amazonaws.com":         "lake",
		"lake.s3-eu-west-1.amazonaws.com":         "lake",
		"s3.eu-west-1.amazonaws.com":              "",
		"s3.amazonaws.com":                        "",
		"lake.s3.localhost.localstack.cloud:4566": "lake",
	} {
		if got := s.bucketOf(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}

func op[In any](name string) Row {
	return Op(name, func(context.Context, *In) (*struct{}, error) { return nil, nil })
}

func TestMistakesPanic(t *testing.T) {
	type bad struct {
		S string `pattern:"("`
	}
	for name, svc := range map[string]Service{
		"pattern": {Name: "x", Target: "T", Ops: []Row{op[bad]("A")}},
		"number": {Name: "x", Target: "T", Ops: []Row{op[struct {
			S string `min:"one"`
		}]("A")}},
		"twice":   {Name: "x", Target: "T", Ops: []Row{op[struct{}]("A"), op[struct{}]("A")}},
		"shape":   {Name: "x", Target: "T", Ops: []Row{op[struct{ C chan int }]("A")}},
		"unbound": {Name: "x", Protocol: RESTXML, Ops: []Row{op[struct{}]("A")}},
		"place": {Name: "x", Protocol: RESTXML, Ops: []Row{op[struct {
			S string `in:"cookie"`
		}]("A").HTTP("GET", "/", 200)}},
		"protocol": {Name: "x", Protocol: 9},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the mistake was taken", name)
				}
			}()
			NewServer(Config{Services: []Service{svc}}).Prepare()
		}()
	}
}
