package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is hydrant as a process under load.
type server struct {
	bin, dir, addr string
	args, env      []string // beside what every server is started with
	cmd            *exec.Cmd
	errors         bytes.Buffer
	ready          time.Duration // from its start to its first answer
	sampled        sync.Mutex
	now, peak      memory
}

// memory is what is resident, in bytes: all of it, and without mapped pages of files.
type memory struct{ total, own int }

func (s *server) start() error {
	if s.addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.addr = l.Addr().String()
		l.Close()
	}
	s.cmd = exec.Command(s.bin, "serve", "--data", filepath.Join(s.dir, "data"), "--addr", s.addr, "--status-delay", "0s")
	s.cmd.Args, s.cmd.Env = append(s.cmd.Args, s.args...), append(os.Environ(), s.env...)
	s.cmd.Stderr = &s.errors
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for time.Since(began) < 2*time.Minute {
		if c, err := dial(s.addr); err == nil {
			err = c.put(request("ListDeliveryStreams", []byte("{}")))
			c.Close()
			if err == nil {
				s.ready = time.Since(began)
				return nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	s.halt()
	return fmt.Errorf("hydrant does not answer: %s", s.errors.String())
}

func (s *server) halt() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// sample keeps the peaks of what the process has resident.
func (s *server) sample() {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	field := func(name string) int {
		_, rest, ok := strings.Cut(string(b), name)
		if !ok {
			return 0
		}
		kb, _ := strconv.Atoi(strings.Fields(rest)[0])
		return kb << 10
	}
	s.peak.total = max(s.peak.total, field("VmHWM:"))
	s.now = memory{field("VmRSS:"), field("RssAnon:")}
	s.peak.own = max(s.peak.own, s.now.own)
}

func (s *server) flush(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/_hydrant/firehose/"+name+"/flush", nil)
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("flush %s: %s", name, reply.Status)
	}
	return nil
}
