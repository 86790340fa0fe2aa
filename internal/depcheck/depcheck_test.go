// Package depcheck holds the dependency rule of the house as a test.
package depcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/hydrant-stream/hydrant"

// may says which packages of ours a package may import. A name ending in /... stands for the
// package and all below it. The longest match counts; a package without a row is a failure.
var may = []struct {
	pkg     string
	imports []string
	why     string
}{
	{"", nil, "the vocabulary: std only"},
	{"wire/...", []string{"", "wire/..."}, "knows HTTP, knows no service"},
	{"wire/awsjson/...", []string{"", "wire/..."}, "a codec gives faults in the house's words"},
	{"columnar/...", []string{"columnar/..."}, "could leave as a module of its own"},
	{"store/crash/...", nil, "places at which tests kill the process; empty in a release"},
	{"store/vfs/...", []string{"store/vfs/..."}, "the floor of the stores"},
	{"store/journal/...", []string{"", "store/vfs/...", "store/journal/..."}, "control state on files"},
	{"store/shardlog/...", []string{"", "store/vfs/...", "store/journal/...", "store/shardlog/..."}, "records on files"},
	{"store/blob/...", []string{"", "store/vfs/...", "store/blob/..."}, "objects on files"},
	{"store/blob/s3/...", []string{"", "store/blob/...", "internal/awsbody"}, "objects behind an endpoint"},
	{"query/...", []string{"", "columnar/...", "store/blob/...", "query/..."}, "SQL over the lake"},
	{"aws/kinesis/...", service("kinesis"), noSiblings},
	{"aws/lambda/...", service("lambda"), noSiblings},
	{"aws/firehose/...", append(service("firehose"), "columnar/..."), noSiblings},
	{"aws/s3/...", service("s3"), noSiblings},
	{"aws/glue/...", service("glue"), noSiblings},
	{"aws/cwlogs/...", service("cwlogs"), noSiblings},
	{"aws/sqs/...", service("sqs"), noSiblings},
	{"aws/sns/...", service("sns"), noSiblings},
	{"aws/cloudwatch/...", service("cloudwatch"), noSiblings},
	{"aws/athena/...", append(service("athena"), "query/..."), noSiblings},
	{"aws/cloudformation/...", service("cloudformation"), noSiblings},
	{"aws/iam/...", service("iam"), noSiblings},
	{"aws/iam/policy/...", nil, "pure: documents in, decisions out"},
	{"aws/sts/...", service("sts"), noSiblings},
	{"taxi/...", []string{"", "columnar/...", "taxi/..."}, "the showcase; a client like any other"},
	{"functions/...", []string{"taxi/...", "functions/...", "internal/awsbody", "internal/absent"}, "runs on AWS unchanged, so it knows nothing of the house"},
	{"cmd/...", []string{"..."}, "where all meet"},
	{"e2e/...", []string{"..."}, "tests of the whole"},
	{"bench/...", []string{"..."}, "measures anything"},
	{"internal/...", []string{"internal/..."}, "checks of the house itself"},
}

const noSiblings = "a service states what it needs of another in its needs.go"

func service(name string) []string {
	return []string{"", "wire/...", "store/...", "aws/" + name + "/..."}
}

// owners names for each outside library the packages that may import it (tests are free).
var owners = []struct {
	lib string
	pkg []string
	why string
}{
	{"github.com/duckdb/", []string{"query"}, "SQL has one owner"},
	{"github.com/apache/arrow-go/", []string{"taxi"}, "reads TLC's Parquet; columnar/parquet is what writes Parquet"},
	{"github.com/parquet-go/", nil, "an independent reader for tests only"},
	{"github.com/twmb/franz-go", []string{"store/shardlog/kafka"}, "Kafka has one owner"},
	{"github.com/aws/aws-sdk-go-v2", []string{"store/blob/s3", "cmd", "functions", "bench", "internal/awsbody"}, "the house does not call itself"},
	{"github.com/aws/aws-lambda-go", []string{"functions"}, "the function's runtime"},
	{"github.com/prometheus/", []string{"cmd"}, "rooms count, cmd exports"},
	{"github.com/itchyny/gojq", []string{"aws/firehose"}, "jq 1.6 for MetadataExtraction"},
	{"go.yaml.in/yaml/", []string{"aws/cloudformation"}, "templates in YAML"},
	{"github.com/alecthomas/kong", []string{"cmd", "bench"}, "the command line"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestDependencyRule(t *testing.T) {
	for _, p := range list(t) {
		own := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		row := -1
		for i, m := range may {
			if matches(own, m.pkg) && (row < 0 || len(m.pkg) > len(may[row].pkg)) {
				row = i
			}
		}
		if row < 0 {
			t.Errorf("%s has no row in the table", own)
			continue
		}
		for _, imp := range p.Imports {
			if rest, ours := strings.CutPrefix(imp, module); ours {
				if rest = strings.TrimPrefix(rest, "/"); !allowed(rest, may[row].imports) {
					t.Errorf("%s imports %s: %s", own, rest, may[row].why)
				}
				continue
			}
			for _, o := range owners {
				if strings.HasPrefix(imp, o.lib) && !ownedBy(own, o.pkg) {
					t.Errorf("%s imports %s: %s", own, imp, o.why)
				}
			}
		}
	}
}

// TestFilesGoThroughVFS keeps the stores and services from opening files behind the crash tests' back.
func TestFilesGoThroughVFS(t *testing.T) {
	for _, p := range list(t) {
		own := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if !strings.HasPrefix(own, "store/") || own == "store/vfs" {
			continue
		}
		for _, imp := range p.Imports {
			if imp == "os" {
				t.Errorf("%s imports os: files of the store are opened through vfs", own)
			}
		}
	}
}

func matches(own, pattern string) bool {
	if pattern == "..." {
		return true
	}
	base, below := strings.CutSuffix(pattern, "/...")
	return own == base || below && strings.HasPrefix(own, base+"/")
}

func allowed(imp string, patterns []string) bool {
	for _, p := range patterns {
		if matches(imp, p) {
			return true
		}
	}
	return false
}

func ownedBy(own string, pkgs []string) bool {
	for _, p := range pkgs {
		if own == p || strings.HasPrefix(own, p+"/") {
			return true
		}
	}
	return false
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list shows only %d packages", len(all))
	}
	return all
}
