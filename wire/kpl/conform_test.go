package kpl

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// inPython is a record as testdata/agg.py knows it.
type inPython struct {
	Key  string `json:"key"`
	Hash string `json:"hash"`
	Data string `json:"data"`
}

// TestConformPythonLibrary: the Python library of the format makes the same bytes of the same records, and
// takes ours apart into what was packed.
func TestConformPythonLibrary(t *testing.T) {
	if os.Getenv("HYDRANT_CONFORM") == "" {
		t.Skip("runs with make conform")
	}
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import aws_kinesis_agg").Run(); err != nil {
		if os.Getenv("HYDRANT_REQUIRE") != "" {
			t.Fatal("the Python package aws_kinesis_agg is absent")
		}
		t.Skip("the Python package aws_kinesis_agg is absent")
	}
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/agg.py")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	ask := func(question map[string]any, answer any) {
		t.Helper()
		if err := json.NewEncoder(in).Encode(question); err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		line, err := lines.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, answer)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var records []Record
		var theirs []inPython
		n, hashed := 1+rng.IntN(40), rng.IntN(2) == 0 // their reader wants hash keys of all records or of none
		for range n {
			r := Record{Key: fmt.Sprintf("ключ-%d", rng.IntN(10)), Data: make([]byte, rng.IntN(300))}
			for j := range r.Data {
				r.Data[j] = byte(rng.Uint32())
			}
			if hashed {
				r.ExplicitHashKey = fmt.Sprint(1 + rng.Uint64N(5))
			}
			records = append(records, r)
			theirs = append(theirs, inPython{r.Key, r.ExplicitHashKey, hex.EncodeToString(r.Data)})
		}
		ours := pack(records...)
		var made string
		ask(map[string]any{"pack": theirs}, &made)
		if made != hex.EncodeToString(ours.Data) {
			t.Fatalf("the library packs\n%s\nwe pack\n%x", made, ours.Data)
		}
		var apart []inPython
		ask(map[string]any{"unpack": hex.EncodeToString(ours.Data)}, &apart)
		if fmt.Sprint(apart) != fmt.Sprint(theirs) {
			t.Fatalf("the library reads\n%v\nof\n%v", apart, theirs)
		}
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &stderr)
	}
}
