package columnar_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/columnar/internal/sample"
)

// same prints the rows of the first file, having checked that pages have right checksums and that
// all other files hold equal tables.
const same = `
import sys, json, pyarrow.parquet as pq
read = lambda path: pq.read_table(path, page_checksum_verification=True)
for row in read(sys.argv[1]).to_pylist():
    print(json.dumps(row, default=str, ensure_ascii=False))
tables = [read(path) for path in sys.argv[2:]]
for path, table in zip(sys.argv[2:], tables):
    if not table.equals(tables[0]):
        sys.exit(path + " differs")
`

// TestConformPyarrow reads with Apache Arrow's C++ reader. HYDRANT_PYARROW names a python that has
// pyarrow; where parts are required (CI) its absence is a failure.
func TestConformPyarrow(t *testing.T) {
	python := os.Getenv("HYDRANT_PYARROW")
	if python == "" {
		if os.Getenv("HYDRANT_CONFORM") != "" && os.Getenv("HYDRANT_REQUIRE") != "" {
			t.Fatal("HYDRANT_PYARROW names no python with pyarrow")
		}
		t.Skip("HYDRANT_PYARROW names no python with pyarrow")
	}
	args := []string{"-c", same, filepath.Join("testdata", "everything.V1.parquet")}
	schema, err := columnar.NewSchema(sample.NestedColumns)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, codec := range []string{"SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"} {
		for _, version := range []string{"V1", "V2"} {
			for _, name := range []string{"plain", "dict"} {
				var out bytes.Buffer
				w, err := columnar.NewWriter(&out, schema, openx, columnar.Output{Compression: codec, WriterVersion: version, EnableDictionary: name == "dict",
					BlockSizeBytes: 60_000, PageSizeBytes: 4_000})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range sample.Nested(500) {
					add(t, w, r)
				}
				closeWriter(t, w)
				path := filepath.Join(dir, codec+version+name)
				if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, path)
			}
		}
	}
	cmd := exec.Command(python, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	golden(t, "everything.pyarrow", out)
}
