package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// datatools is what testdata/datatools.py prints: every tool sees the hundred trips that Firehose landed.
const datatools = `wr repair: SUCCEEDED
wr describe: 6
wr athena: [('east', 50, '2462.50', '2016-01-01 10:00:00'), ('west', 50, '2512.50', '2016-01-01 10:01:00')]
wr athena: [('east', 50, '2462.50', '2016-01-01 10:00:00'), ('west', 50, '2512.50', '2016-01-01 10:01:00')]
wr athena: [('east', 50, '2462.50', '2016-01-01 10:00:00'), ('west', 50, '2512.50', '2016-01-01 10:01:00')]
wr parquet: ((100, 6), 4950, 25)
wr table: (50, 6)
wr write: 50
pyathena: [(5, datetime.datetime(2016, 1, 1, 10, 5), Decimal('5.25'), ['a', 'b'], 'n5')]
pyathena qmark: (50,)
pyathena pandas: (100, 6)
s3fs: ['zone=east', 'zone=west']
s3fs write: 13631488
polars: (50, Decimal('2512.50'))
arrow: 50
arrow write: 100
arrow delete: []
polars write: 1000
buckets: []
`

// TestConformDataTools: what people of the data trade put on a lake, unmodified. HYDRANT_PYARROW names a python
// that has awswrangler, PyAthena, s3fs, polars and pyarrow.
func TestConformDataTools(t *testing.T) {
	conforming(t)
	python := os.Getenv("HYDRANT_PYARROW")
	need(t, python != "" && exec.Command(python, "-c", "import awswrangler, pyathena, s3fs, polars, pyarrow").Run() == nil,
		"a python with awswrangler, pyathena, s3fs, polars and pyarrow, in HYDRANT_PYARROW")
	p := serve(t, t.TempDir(), "")
	out, err := command(t, t.TempDir(), []string{
		"AWS_ENDPOINT_URL=" + p.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}, python, filepath.Join(root(t), "e2e", "testdata", "datatools.py"))
	if err != nil || out != datatools {
		t.Errorf("%v\n%s\nwant\n%s\n-- hydrant's log:\n%s", err, out, datatools, p.stderr())
	}
}
