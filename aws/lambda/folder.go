package lambda

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/lambda/runtime"
)

// folder is a function's code as it lies in a folder of the operator's: what $LATEST runs from instead of
// its archive. Edits are there at the next invocation; instances started before one end when idle.
type folder struct {
	dir string

	mu     sync.Mutex
	state  string        // of the last look
	looked time.Time     // when it ended
	took   time.Duration // how long it took
	ran    map[string]string
}

// lookShare bounds what looking costs: a look that took d is good for lookShare times d.
const lookShare = 10

// of changes spec to run from the folder as it is now.
func (d *folder) of(spec *runtime.Spec, outdate func(key, state string)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == "" || time.Since(d.looked) > lookShare*d.took {
		began := time.Now()
		state, err := folderState(d.dir)
		if err != nil {
			return hydrant.Faultf("ServiceException", "The folder of function %s cannot be read: %s", spec.Name, err).WithStatus(500).WithField("Type", "Service")
		}
		d.state, d.looked, d.took = state, time.Now(), time.Since(began)
	}
	spec.Root, spec.State = d.dir, d.state
	if d.ran[spec.Key] != d.state {
		if d.ran == nil {
			d.ran = map[string]string{}
		}
		d.ran[spec.Key] = d.state
		outdate(spec.Key, d.state)
	}
	return nil
}

// folderState is a hash over the names, sizes and times of a folder's files. What tools keep beside the code is
// left out.
func folderState(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != dir && (name == ".git" || name == "__pycache__") {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), info.Mode())
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
