package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process under load.
type server struct {
	name, dir, addr string
	cmd             *exec.Cmd
	command         func(dir, addr string) *exec.Cmd
	errors          bytes.Buffer
	ready           time.Duration // from its start to its first answer
}

// start runs a server on an empty folder and waits for its first answer.
func start(o *options, name string, command func(dir, addr string) *exec.Cmd) (*server, error) {
	dir, err := os.MkdirTemp(o.Dir, name+"-")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{name: name, dir: filepath.Join(dir, "data"), addr: l.Addr().String(), command: command}
	l.Close()
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nil, err
	}
	return s, s.start()
}

// again is a halted server's next life, on the same data.
func again(_ *options, s *server) (*server, error) {
	next := &server{name: s.name, dir: s.dir, addr: s.addr, command: s.command}
	return next, next.start()
}

func (s *server) start() error {
	s.cmd = s.command(s.dir, s.addr)
	s.cmd.Stderr = &s.errors
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for time.Since(began) < 20*time.Second {
		if c, err := dial(s.addr); err == nil {
			_, _, err = c.call(request("ListStreams", []byte("{}")))
			c.Close()
			if err == nil {
				s.ready = time.Since(began)
				return nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	return fmt.Errorf("%s does not answer: %s", s.name, s.errors.String())
}

// halt ends the process and keeps its data.
func (s *server) halt() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
	}
}

func (s *server) stop() {
	s.halt()
	os.RemoveAll(filepath.Dir(s.dir))
}

// memory is what is resident, in bytes: a process's own, and mapped pages of files, which the page cache
// holds anyway.
type memory struct{ anonymous, file int }

func (m memory) total() int { return m.anonymous + m.file }

// memory is zero where it cannot be known.
func (s *server) memory() memory {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	field := func(name string) int {
		_, rest, ok := strings.Cut(string(b), name)
		if !ok {
			return 0
		}
		kb, _ := strconv.Atoi(strings.Fields(rest)[0])
		return kb << 10
	}
	return memory{field("RssAnon:"), field("RssFile:") + field("RssShmem:")}
}

// cpu is the time the process has had on the cores, to 10 ms; 0 where it cannot be known.
func (s *server) cpu() time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	_, rest, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func cutAddr(addr string) (host, port string, err error) { return net.SplitHostPort(addr) }

var errStatus = errors.New("not 200")
