package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/bench/process"
)

// server is hydrant as a process under load.
type server struct {
	*process.Server
	bin, dir, addr string
	args, env      []string // beside what every server is started with
	sampled        sync.Mutex
	now, peak      memory
}

// memory is what is resident, in bytes: all of it, and without mapped pages of files.
type memory struct{ total, own int }

func (s *server) start() (err error) {
	if s.addr == "" {
		if s.addr, err = process.FreeAddr(); err != nil {
			return err
		}
	}
	cmd := exec.Command(s.bin, "serve", "--data", filepath.Join(s.dir, "data"), "--addr", s.addr, "--status-delay", "0s")
	cmd.Args, cmd.Env = append(cmd.Args, s.args...), append(os.Environ(), s.env...)
	s.Server, err = process.Start(cmd, s.addr, func() error {
		c, err := dial(s.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		return c.put(request("ListDeliveryStreams", []byte("{}")))
	})
	return err
}

// sample keeps the peaks of what the process has resident.
func (s *server) sample() {
	m := s.Memory()
	s.now = memory{m.Total(), m.Own}
	s.peak = memory{max(s.peak.total, m.Peak), max(s.peak.own, m.Own)}
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
