// Package realdata finds the real trip files for tests, where they are.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// File is the path of a real file. The test is skipped where the files are not there: they are found
// in $HYDRANT_TAXI_DATA, or in shared/data beside the checkout.
func File(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("HYDRANT_TAXI_DATA")
	if dir == "" {
		dir = beside()
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); dir == "" || err != nil {
		t.Skipf("the real trip file %s is not there; HYDRANT_TAXI_DATA names its folder", name)
	}
	return path
}

// beside looks for ../shared/data next to the folder that holds go.mod.
func beside() string {
	root, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "..", "shared", "data")
		}
		up := filepath.Dir(root)
		if up == root {
			return ""
		}
		root = up
	}
}
