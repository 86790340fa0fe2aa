package runtime

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// interpreters finds the programs that run scripts, once per version. A version that is not there
// is looked for again next time: it may have been installed.
type interpreters struct {
	log    *slog.Logger
	mu     sync.Mutex
	found  map[string]string // "python3.12" -> path
	probed map[string]probe  // "python3" -> what it is; guarded by mu
}

// probe is what a program on PATH has said of itself.
type probe struct {
	minor int    // of 3.x; -1: it is no such python
	path  string // of the program itself
	at    time.Time
}

// probeLife is how long it is believed that a name is no python.
const probeLife = 10 * time.Second

// probe asks a program which python it is: what is on PATH may be a version manager's shim, slow to start and there
// even for versions that are not. The caller holds f.mu.
func (f *interpreters) probe(name string) probe {
	if p, ok := f.probed[name]; ok && (p.minor >= 0 || time.Since(p.at) < probeLife) {
		return p
	}
	p := probe{minor: -1}
	if out, err := exec.Command(name, "-c", "import sys; print(sys.version_info[1]); print(sys.executable)").Output(); err == nil {
		minor, exe, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if n, err := strconv.Atoi(minor); err == nil && exe != "" {
			p.minor, p.path = n, exe
		}
	}
	if f.probed == nil {
		f.probed = map[string]probe{}
	}
	p.at = time.Now()
	f.probed[name] = p
	return p
}

func (f *interpreters) once(key string, look func() (string, error)) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if path, ok := f.found[key]; ok {
		return path, nil
	}
	path, err := look()
	if err != nil {
		return "", err
	}
	if f.found == nil {
		f.found = map[string]string{}
	}
	f.found[key] = path
	return path, nil
}

// python is the interpreter for version ("3.12"): that one, or else the newest on PATH.
func (f *interpreters) python(version string) (string, error) {
	return f.once("python"+version, func() (string, error) {
		best, bestMinor := "", -1
		for _, name := range pythons(version) {
			p := f.probe(name)
			if p.minor >= 0 && "3."+strconv.Itoa(p.minor) == version {
				return p.path, nil
			}
			if p.minor > bestMinor {
				best, bestMinor = p.path, p.minor
			}
		}
		if best == "" {
			return "", fmt.Errorf("%w: runtime python%s needs python3 on PATH", ErrNoInterpreter, version)
		}
		f.log.Warn("python version is not on PATH; functions run on the newest there is",
			"wanted", version, "used", fmt.Sprintf("3.%d", bestMinor), "path", best)
		return best, nil
	})
}

var pythonName = regexp.MustCompile(`^python3\.(\d+)$`)

// pythons lists what may be tried for version, the exact one first.
func pythons(version string) []string {
	names := []string{"python" + version, "python3"}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(dir) // a folder on PATH need not be there
		for _, e := range entries {
			if pythonName.MatchString(e.Name()) && !slices.Contains(names, e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	return append(names, "python")
}

// node is the interpreter for nodejs; there is one node on a PATH, of whatever version.
func (f *interpreters) node(major string) (string, error) {
	return f.once("node"+major, func() (string, error) {
		path, err := exec.LookPath("node")
		if err != nil {
			return "", fmt.Errorf("%w: runtime nodejs%s.x needs node on PATH", ErrNoInterpreter, major)
		}
		out, err := exec.Command(path, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%w: %s --version: %w", ErrNoInterpreter, path, err)
		}
		have := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
		if m, _, _ := strings.Cut(have, "."); m != major {
			f.log.Warn("node version is not on PATH; functions run on the one there is", "wanted", major, "used", have, "path", path)
		}
		return path, nil
	})
}
