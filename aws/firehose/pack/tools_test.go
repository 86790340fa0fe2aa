package pack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// unpack prints the SHA-256 of what a packed file holds, read by Python's gzip and zipfile, and by
// cramjam's Snappy for the blocks of the two framings around it: xerial's (a head of 16 bytes, then
// length and block) and Hadoop's (length of the whole, then length and block until that is there).
const unpack = `
import sys, struct, hashlib, gzip, zipfile
import cramjam
def raw(block): return bytes(cramjam.snappy.decompress_raw(block))
def xerial(b):
    assert b[:8] == b"\x82SNAPPY\x00", b[:8]
    at, out = 16, []
    while at < len(b):
        n, = struct.unpack(">i", b[at:at+4])
        out.append(raw(b[at+4:at+4+n])); at += 4 + n
    return b"".join(out)
def hadoop(b):
    at, out = 0, []
    while at < len(b):
        whole, = struct.unpack(">i", b[at:at+4]); at += 4
        while whole > 0:
            n, = struct.unpack(">i", b[at:at+4])
            out.append(raw(b[at+4:at+4+n])); at += 4 + n
            whole -= len(out[-1])
        assert whole == 0, whole
    return b"".join(out)
def zipped(path):
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        name, = z.namelist()
        assert name == "entry", name
        return z.read(name)
format, path = sys.argv[1:]
data = open(path, "rb").read()
out = {"GZIP": lambda: gzip.decompress(data), "ZIP": lambda: zipped(path), "Snappy": lambda: xerial(data),
       "HADOOP_SNAPPY": lambda: hadoop(data), "UNCOMPRESSED": lambda: data}[format]()
print(len(out), hashlib.sha256(out).hexdigest())
`

// TestConformOrdinaryTools opens every compression with tools that are not ours. HYDRANT_PYARROW names
// a python that has cramjam.
func TestConformOrdinaryTools(t *testing.T) {
	python := os.Getenv("HYDRANT_PYARROW")
	if python == "" {
		if os.Getenv("HYDRANT_CONFORM") != "" && os.Getenv("HYDRANT_REQUIRE") != "" {
			t.Fatal("HYDRANT_PYARROW names no python with cramjam")
		}
		t.Skip("HYDRANT_PYARROW names no python with cramjam")
	}
	for _, size := range []int{1, 1000, 3 << 20} {
		var body bytes.Buffer
		for i := 0; body.Len() < size; i++ {
			fmt.Fprintf(&body, `{"trip_id":%d,"total_amount":%d.5}`+"\n", i, i*7919%1000)
		}
		data := body.Bytes()[:size]
		want := sum(t, python, "UNCOMPRESSED", data)
		for _, format := range []string{"GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"} {
			var packed bytes.Buffer
			w, err := NewWriter(&packed, format, "entry", time.Unix(1451606400, 0))
			if err != nil {
				t.Fatal(err)
			}
			for rest := data; len(rest) > 0; rest = rest[min(len(rest), 777):] {
				if _, err := w.Write(rest[:min(len(rest), 777)]); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := sum(t, python, format, packed.Bytes()); got != want {
				t.Errorf("%s of %d bytes holds %s, want %s", format, size, got, want)
			}
			if format == "GZIP" {
				c := exec.Command("gzip", "-dc")
				c.Stdin = &packed
				if out, err := c.Output(); err != nil || !bytes.Equal(out, data) {
					t.Errorf("gzip -dc of %d bytes: %v", size, err)
				}
			}
		}
	}
}

func sum(t *testing.T, python, format string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packed")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", unpack, format, path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", format, err, stderr.String())
	}
	return string(out)
}
