package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestFunctionFolders(t *testing.T) {
	dir := t.TempDir()
	parse := func(args ...string) (map[string]string, error) {
		t.Helper()
		var c Config
		p, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(args); err != nil {
			t.Fatal(err)
		}
		if err := c.check(); err != nil {
			return nil, err
		}
		return c.functionFolders()
	}
	folders, err := parse("--function-folder", "a="+dir, "--function-folder", "b="+dir)
	if err != nil || len(folders) != 2 || folders["b"] != dir {
		t.Errorf("%v, %v", folders, err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"is not NAME=DIR", []string{"--function-folder", dir}},
		{"is not there", []string{"--function-folder", "a=" + dir + "/none"}},
		{"is for development", []string{"--function-folder", "a=" + dir, "--addr", "0.0.0.0:0", "--access-key", "A:B", "--allow-functions"}},
	} {
		if _, err := parse(c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}
