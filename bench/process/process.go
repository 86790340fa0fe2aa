// Package process runs a server as a process of its own, under a benchmark's load, and looks at it from outside.
package process

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a process that answers.
type Server struct {
	Addr  string
	Ready time.Duration // from its start to its first answer

	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// FreeAddr is a local address nobody listens at.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Start starts a command that is to listen at addr, and waits until ask gets an answer there.
func Start(cmd *exec.Cmd, addr string, ask func() error) (*Server, error) {
	s := &Server{Addr: addr, cmd: cmd}
	cmd.Stderr = &s.stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < 2*time.Minute {
		if ask() == nil {
			s.Ready = time.Since(began)
			return s, nil
		}
		time.Sleep(time.Millisecond)
	}
	s.Halt()
	return nil, fmt.Errorf("%s does not answer: %s", cmd.Path, s.stderr.String())
}

// Halt ends the process as SIGTERM does, or kills it when that takes too long.
func (s *Server) Halt() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	_ = s.cmd.Wait()
}

// Memory is what is resident, in bytes: a process's own, and mapped pages of files, which the page cache
// holds anyway. Peak is the most that both were together.
type Memory struct{ Own, Files, Peak int }

func (m Memory) Total() int { return m.Own + m.Files }

// Memory is zero where it cannot be known.
func (s *Server) Memory() Memory {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	field := func(name string) int {
		_, rest, ok := strings.Cut(string(b), name)
		if !ok {
			return 0
		}
		kb, _ := strconv.Atoi(strings.Fields(rest)[0])
		return kb << 10
	}
	return Memory{Own: field("RssAnon:"), Files: field("RssFile:") + field("RssShmem:"), Peak: field("VmHWM:")}
}

// CPU is the time the process has had on the cores, to 10 ms; 0 where it cannot be known.
func (s *Server) CPU() time.Duration {
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
