//go:build unix

package duckdbtest

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/columnar/internal/sample"
)

// TestSpeed converts the same file of JSON lines with columnar and with DuckDB's COPY in turns and prints the
// best of each: speed is for people to read, nothing fails here. On one core the processor time of the
// process counts, so that a busy machine disturbs little; on two cores it is the time on the wall, and
// columnar writes two files, as two deliveries do. Run with HYDRANT_HEAVY=1 and -v; bench/results/columnar.txt
// keeps the figures.
func TestSpeed(t *testing.T) {
	if os.Getenv("HYDRANT_HEAVY") == "" {
		t.Skip("set HYDRANT_HEAVY=1 to measure against DuckDB")
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	dir := t.TempDir()
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("HYDRANT_ROUNDS")); err == nil {
		rounds = n
	}
	for _, job := range []struct {
		name    string
		columns []columnar.Column
		lines   func() [][]byte
	}{
		{"2,000,000 trips, 10 of 20 keys", sample.TripColumns, func() [][]byte { return sample.Trips(2_000_000) }},
		{"200,000 nested records, 40 columns", sample.NestedColumns, func() [][]byte { return sample.Nested(200_000) }},
		{"100,000 wide strings of 4 KB", sample.WideColumns, func() [][]byte { return sample.Wide(100_000) }},
	} {
		in := filepath.Join(dir, "in.json")
		rows, bytes := writeJob(t, in, job.lines())
		runtime.GC()
		var specs []string
		for _, c := range job.columns {
			specs = append(specs, fmt.Sprintf("%s: '%s'", c.Name, duckType(c.Type)))
		}
		theirs := filepath.Join(dir, "duckdb.parquet")
		copyOut := fmt.Sprintf("COPY (SELECT * FROM read_json('%s', format='newline_delimited', columns={%s})) TO '%s' (FORMAT parquet, COMPRESSION snappy)",
			in, strings.Join(specs, ", "), theirs)
		out := func(name string) string { return filepath.Join(dir, name+".parquet") }
		dict := columnar.Output{EnableDictionary: true}
		runs := []struct {
			name string
			run  func()
		}{
			{"duckdb", func() { exec(t, db, "SET threads=1"); exec(t, db, copyOut) }},
			{"plain", func() { convert(t, in, 1, out, "plain", job.columns, columnar.Output{}) }},
			{"dict", func() { convert(t, in, 1, out, "dict", job.columns, dict) }},
			{"duckdb2", func() { exec(t, db, "SET threads=2"); exec(t, db, copyOut) }},
			{"dict2", func() { convert(t, in, 2, out, "dict2", job.columns, dict) }},
		}
		best := map[string]time.Duration{}
		for range rounds {
			for _, r := range runs {
				runtime.GC()
				start, cpu := time.Now(), processorTime(t)
				r.run()
				d := processorTime(t) - cpu
				if strings.HasSuffix(r.name, "2") {
					d = time.Since(start)
				}
				if best[r.name] == 0 || d < best[r.name] {
					best[r.name] = d
				}
			}
		}
		t.Logf("%s: %d records, %.0f MB of JSON", job.name, rows, float64(bytes)/1e6)
		reference, err := os.Stat(theirs)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			var size int64
			for _, name := range []string{r.name, r.name + "0", r.name + "1"} {
				if info, err := os.Stat(out(name)); err == nil {
					size += info.Size()
				}
			}
			base := "duckdb"
			if strings.HasSuffix(r.name, "2") {
				base = "duckdb2"
			} else if r.name == "duckdb" {
				size = reference.Size()
			}
			if r.name == "duckdb2" {
				size = reference.Size()
			}
			d := best[r.name].Seconds()
			t.Logf("  %-8s %6.3f s  %9.0f records/s  %6.1f MB/s  speed %.2f  file %6.2f MB  size %.3f", r.name, d, float64(rows)/d,
				float64(bytes)/1e6/d, best[base].Seconds()/d, float64(size)/1e6, float64(size)/float64(reference.Size()))
		}
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// convert reads lines and writes a file per core, garbage collection included.
func convert(t *testing.T, in string, cores int, out func(string) string, name string, cols []columnar.Column, opt columnar.Output) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	schema, err := columnar.NewSchema(cols)
	if err != nil {
		t.Fatal(err)
	}
	if cores == 1 {
		if err := convertPart(in, 0, 1, out(name), schema, opt); err != nil {
			t.Fatal(err)
		}
		return
	}
	var group errgroup.Group
	for part := range cores {
		group.Go(func() error {
			return convertPart(in, part, cores, out(fmt.Sprint(name, part)), schema, opt)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// convertPart converts the lines that begin in one of several equal parts of a file.
func convertPart(in string, part, parts int, out string, schema *columnar.Schema, opt columnar.Output) error {
	src, err := os.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	at, end := info.Size()*int64(part)/int64(parts), info.Size()*int64(part+1)/int64(parts)
	// The part before ours ends with the line that runs into ours.
	from := max(at-1, 0)
	if _, err := src.Seek(from, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewScanner(src)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	if part > 0 {
		lines.Scan()
		at = from + int64(len(lines.Bytes())) + 1
	}
	dst, err := os.Create(out)
	if err != nil {
		return err
	}
	defer dst.Close()
	w, err := columnar.NewWriter(dst, schema, columnar.Input{}, opt)
	if err != nil {
		return err
	}
	for at < end && lines.Scan() {
		at += int64(len(lines.Bytes())) + 1
		if err := w.Add(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return w.Close()
}

// writeJob writes the lines of a job, which nobody holds afterwards.
func writeJob(t *testing.T, path string, lines [][]byte) (rows int, bytes int64) {
	return len(lines), writeLines(t, path, lines)
}
