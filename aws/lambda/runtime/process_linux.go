package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// processAttr puts an instance into a session and group of its own, which dies with us.
func processAttr(as *User) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if as != nil {
		a.Credential = &syscall.Credential{Uid: as.UID, Gid: as.GID} // and no other groups
	}
	return a
}

// bound gives a process, and all that descend from it, the limits of Lambda's that the kernel can hold for us. That
// the process has run for an instant without them does no harm: it is still being loaded.
func bound(pid int, largestFile uint64) error {
	for _, l := range []struct {
		name     string
		resource uintptr
		most     uint64
	}{
		{"open files", syscall.RLIMIT_NOFILE, maxOpenFiles},
		{"file size", syscall.RLIMIT_FSIZE, largestFile},
		{"core dump", syscall.RLIMIT_CORE, 0},
	} {
		limit := syscall.Rlimit{Cur: l.most, Max: l.most}
		_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), l.resource, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
		if errno != 0 && errno != syscall.ESRCH { // it may have ended already
			return fmt.Errorf("limit of %s: %w", l.name, errno)
		}
	}
	return nil
}

// spawner starts all processes from one thread: Pdeathsig fires when the *thread* that started the
// child ends, and only a goroutine locked to its thread can promise that it does not.
type spawner struct {
	work chan func()
	done chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func()), done: make(chan struct{})}
	go func() {
		goruntime.LockOSThread()
		defer close(s.done)
		defer goruntime.UnlockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	errs := make(chan error)
	s.work <- func() {
		var err error
		for range 20 {
			// ETXTBSY: while another thread forks, a freshly written program may still be open for
			// writing in the child for an instant.
			if err = cmd.Start(); !errors.Is(err, syscall.ETXTBSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
			*cmd = exec.Cmd{Path: cmd.Path, Args: cmd.Args, Dir: cmd.Dir, Env: cmd.Env,
				Stdout: cmd.Stdout, Stderr: cmd.Stderr, SysProcAttr: cmd.SysProcAttr}
		}
		errs <- err
	}
	return <-errs
}

func (s *spawner) close() {
	close(s.work)
	<-s.done
}

// killGroup kills a process group; one that is gone already is as good.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

// preferToDie tells the kernel which process to kill first when the machine is out of memory: the
// function rather than us.
func preferToDie(pid int) {
	_ = os.WriteFile(filepath.Join("/proc", strconv.Itoa(pid), "oom_score_adj"), []byte("500"), 0)
}

// killMarked kills what has left the group (a daemon of its own session) by the instance's id,
// which every descendant carries in its environment.
func killMarked(id string) (killed int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err != nil || !bytes.Contains(env, []byte(id)) || !bytes.Contains(env, []byte("AWS_LAMBDA_LOG_STREAM_NAME=")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && pid != os.Getpid() {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	return killed
}

// sweep removes what an earlier process left behind when it was killed: instances' folders, and
// descendants that its death did not reach.
func sweep(dir string, log *slog.Logger) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if len(e.Name()) == 32 {
			if n := killMarked(e.Name()); n > 0 {
				log.Warn("killed processes that a function of an earlier run left behind", "instance", e.Name(), "processes", n)
			}
		}
	}
	return os.RemoveAll(dir)
}

// groupMemory is the resident memory of a process and its descendants in bytes, shared pages
// counted once per process as the kernel does not tell better cheaply.
func groupMemory(pid int) int64 {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	b, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 3 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	sum := pages * int64(os.Getpagesize())
	tasks, _ := os.ReadDir(dir + "/task")
	for _, t := range tasks {
		children, _ := os.ReadFile(dir + "/task/" + t.Name() + "/children")
		for c := range strings.FieldsSeq(string(children)) {
			if child, err := strconv.Atoi(c); err == nil {
				sum += groupMemory(child)
			}
		}
	}
	return sum
}

// peakMemory is the most resident memory a process has had, in bytes; 0 when it is gone.
func peakMemory(pid int) int64 {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, rest, ok := bytes.Cut(b, []byte("VmHWM:"))
	if !ok {
		return 0
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(string(line), "kB")), 10, 64)
	return kb << 10
}
