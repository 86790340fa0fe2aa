package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

type serveCmd struct {
	Config `embed:""`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context) error {
	s, err := startServer(ctx, c.Config, c.Config.logger())
	if err != nil {
		return err
	}
	time.AfterFunc(settle, func() {
		if err := giveBack(); err != nil {
			s.log.Debug("the start's memory stays", "err", err)
		}
	})
	fmt.Printf("hydrant %s ready on %s, data in %s\n", version(), s.url(), c.Data)
	select {
	case <-ctx.Done():
	case err = <-s.failed:
	}
	return errors.Join(err, s.stop())
}

// lockData takes the data folder for this process. It waits a moment: a hydrant that is killed while it
// starts a function leaves the lock with the child until that becomes the function.
func lockData(ctx context.Context, data string) (io.Closer, error) {
	for begun := time.Now(); ; {
		lock, err := vfs.Lock(vfs.OS(data), "LOCK")
		if !errors.Is(err, vfs.ErrLocked) || time.Since(begun) > 2*time.Second {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// server is a listening hydrant. The house behind it can be changed under way (reset).
type server struct {
	cfg      Config
	log      *slog.Logger
	metrics  *metrics
	listener net.Listener
	http     *http.Server
	lock     io.Closer  // of the data folder
	failed   chan error // what ended Serve, unless we did

	resetting sync.Mutex
	house     atomic.Pointer[house]
}

// startServer opens the data folder and listens. When it returns the house answers.
func startServer(ctx context.Context, c Config, log *slog.Logger) (s *server, err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		return nil, hinted{fmt.Errorf("make the data folder: %w", err), "give --data a folder this user may write"}
	}
	lock, err := lockData(ctx, c.Data)
	if err != nil {
		return nil, hinted{err, "another hydrant uses this folder; stop it, or give --data another one"}
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	certs, err := newCertificates(c)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, hinted{err, "another program listens there; stop it, or give --addr another port"}
	}
	s = &server{
		cfg: c, log: log, metrics: newMetrics(), lock: lock,
		listener: wire.OnePort(listener, certs.get), failed: make(chan error, 1),
	}
	h, err := openHouse(ctx, c, s.url(), log, s.metrics)
	if err != nil {
		s.listener.Close()
		return nil, err
	}
	s.house.Store(h)
	s.http = wire.NewHTTPServer(s.routes())
	s.http.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)  // handshakes that fail, and the like
	s.http.RegisterOnShutdown(func() { s.house.Load().kinesis.Drain() }) // event streams would hold it up
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	h.start()
	return s, nil
}

// url is where clients on this machine find us.
func (s *server) url() string {
	addr := s.listener.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// stop answers what is under way, then closes the house and lets go of the folder.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // long polls and event streams
		err = s.http.Close()
	}
	return errors.Join(err, s.house.Load().close(), s.lock.Close())
}

// reset wipes all state and opens an empty house.
func (s *server) reset(ctx context.Context) error {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	if err := s.house.Load().close(); err != nil {
		s.log.Warn("close for reset", "err", err)
	}
	entries, err := os.ReadDir(s.cfg.Data)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == "LOCK" || e.Name() == tlsFolder {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.cfg.Data, e.Name())); err != nil {
			return err
		}
	}
	h, err := openHouse(ctx, s.cfg, s.url(), s.log, s.metrics)
	if err != nil {
		return err
	}
	s.house.Store(h)
	h.start()
	return nil
}
