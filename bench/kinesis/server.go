package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hydrant-stream/hydrant/bench/process"
)

// server is a process under load.
type server struct {
	*process.Server
	name, dir, addr string
	command         func(dir, addr string) *exec.Cmd
}

// start runs a server on an empty folder and waits for its first answer.
func start(o *options, name string, command func(dir, addr string) *exec.Cmd) (*server, error) {
	dir, err := os.MkdirTemp(o.Dir, name+"-")
	if err != nil {
		return nil, err
	}
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{name: name, dir: filepath.Join(dir, "data"), addr: addr, command: command}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// again is a halted server's next life, on the same data.
func again(s *server) (*server, error) {
	next := &server{name: s.name, dir: s.dir, addr: s.addr, command: s.command}
	return next, next.start()
}

func (s *server) start() (err error) {
	s.Server, err = process.Start(s.command(s.dir, s.addr), s.addr, func() error {
		c, err := dial(s.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		_, _, err = c.call(request("ListStreams", []byte("{}")))
		return err
	})
	return err
}

func (s *server) stop() {
	s.Halt()
	os.RemoveAll(filepath.Dir(s.dir))
}

func cutAddr(addr string) (host, port string, err error) { return net.SplitHostPort(addr) }

var errStatus = errors.New("not 200")
