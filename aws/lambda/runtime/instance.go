package runtime

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// minStorage is a function's ephemeral storage where none is told, MB.
const minStorage = 512

// memoryWatch is how often the memory of a working instance is looked at.
const memoryWatch = 50 * time.Millisecond

var (
	// errUndelivered: the instance ended before it had seen the event.
	errUndelivered = errors.New("instance ended while idle")
	// errSlowInit: the init phase took longer than its bound; the next instance may use the
	// function's own timeout for it, as AWS does.
	errSlowInit = errors.New("init phase timed out")
)

// job is one invocation inside the pool.
type job struct {
	inv  Invocation
	late bool         // init runs within the function's timeout
	done chan outcome // holds one
}

type outcome struct {
	res Result
	err error
}

// instance is one process and all that belongs to it. Its run goroutine owns everything; the
// Runtime API's handlers talk to it over channels.
type instance struct {
	p    *Pool
	spec *Spec
	id   string // 32 hex digits, the end of the log stream's name
	dir  string
	born time.Time

	jobs   chan *job     // holds one; sent by whoever took the instance from the pool
	kill   chan struct{} // closed by Pool.Close: end now
	retire chan struct{} // closed by Pool.Retire: end when idle
	// retired says that retire is closed, withdrawn that nobody will take it any more. Guarded by p.mu.
	retired, withdrawn bool

	con    *console
	api    *api
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has been waited for
	// stopped: the group has been killed. Its number may be another's from then on.
	stopped bool
	peak    int64         // highest memory seen, bytes
	init    time.Duration // of a cold start, until it has been reported
	ready   *ask          // the runtime's waiting request for an event
}

func newInstance(p *Pool, spec *Spec) *instance {
	var id [16]byte
	rand.Read(id[:])
	return &instance{
		p:      p,
		spec:   spec,
		id:     hex.EncodeToString(id[:]),
		born:   time.Now(),
		jobs:   make(chan *job, 1),
		kill:   make(chan struct{}),
		retire: make(chan struct{}),
		exited: make(chan struct{}),
	}
}

// stream is the name of the instance's log stream.
func (in *instance) stream() string {
	return fmt.Sprintf("%s/[%s]%s", in.born.UTC().Format("2006/01/02"), in.spec.Version, in.id)
}

// run is the instance's life. Whoever makes an instance hands it a job.
func (in *instance) run() {
	j := <-in.jobs
	err := in.start()
	defer in.end()
	if err != nil {
		in.finish(j, startFailure(j.inv.ID, err), false)
		return
	}
	if !in.initialise(j) {
		return
	}
	for in.serve(j) {
		if j = in.rest(); j == nil {
			return
		}
	}
}

// finish frees the instance's place, then answers the job: the order lets a caller's next event
// find the instance warm. It reports whether the instance goes on.
func (in *instance) finish(j *job, o outcome, warm bool) bool {
	warm = in.p.release(in, warm)
	j.done <- o
	return warm
}

// start makes the folder, the listener and the process.
func (in *instance) start() (err error) {
	in.con, err = newConsole(in.line)
	if err != nil {
		return err
	}
	in.dir = filepath.Join(in.p.cfg.instances(), in.id)
	tmp := filepath.Join(in.dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	if as := in.p.cfg.User; as != nil {
		if err := errors.Join(os.Chown(tmp, int(as.UID), int(as.GID)), os.Chmod(in.dir, 0o711), os.Chmod(in.p.cfg.instances(), 0o711)); err != nil {
			return err
		}
	}
	if in.api, err = listen(); err != nil {
		return err
	}
	argv, err := in.command()
	if err != nil {
		return err
	}
	env, err := in.environ(tmp)
	if err != nil {
		return err
	}
	in.con.say(initStart(in.spec))
	in.cmd = &exec.Cmd{
		Path:        argv[0],
		Args:        argv,
		Dir:         in.spec.Root,
		Env:         env,
		Stdout:      in.con.out,
		Stderr:      in.con.out,
		SysProcAttr: processAttr(in.p.cfg.User),
	}
	if err := in.p.spawn.start(in.cmd); err != nil {
		in.cmd = nil
		return &entryError{err: err}
	}
	preferToDie(in.cmd.Process.Pid)
	if err := bound(in.cmd.Process.Pid, uint64(max(in.spec.Storage, minStorage))<<20); err != nil {
		in.p.cfg.Log.Warn("function runs without a limit", "function", in.spec.Name, "err", err)
	}
	go func() {
		_ = in.cmd.Wait() // its error is in ProcessState
		close(in.exited)
	}()
	return nil
}

// initialise waits until the runtime asks for its first event. On failure j is answered.
func (in *instance) initialise(j *job) bool {
	limit := in.p.cfg.InitTimeout
	if j.late {
		limit = in.spec.Timeout
		in.con.begin(startLine(j.inv.ID, in.spec.Version))
	}
	began := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	watch := time.NewTicker(memoryWatch)
	defer watch.Stop()
	// Failed inits are reported as the invocation that waited for them.
	failed := func(status string, r Result) bool {
		in.stop()
		in.con.say(initReport(time.Since(began), status, r.ErrorType))
		if !j.late {
			in.con.begin(startLine(j.inv.ID, in.spec.Version))
		}
		r.Duration = time.Since(began)
		r.Tail = in.close(j, r)
		return in.finish(j, outcome{res: r}, false)
	}
	for {
		select {
		case in.ready = <-in.api.asks:
			in.init = time.Since(began)
			return true
		case r := <-in.api.initErrors:
			return failed("error", Result{Payload: r.body, Error: "Unhandled", ErrorType: r.errorType})
		case <-in.exited:
			return failed("error", exitResult(j.inv.ID, exitReason(in.cmd.ProcessState)))
		case <-watch.C:
			if in.overMemory() {
				in.stop()
				return failed("error", memoryResult(j.inv.ID))
			}
		case <-timer.C:
			if j.late {
				in.con.say(timeoutLine(j.inv.ID, limit))
				return failed("timeout", timeoutResult(j.inv.ID, limit))
			}
			in.stop()
			in.con.say(initReport(time.Since(began), "timeout", ""))
			return in.finish(j, outcome{err: errSlowInit}, false)
		case <-in.kill:
			return in.finish(j, outcome{err: ErrClosed}, false)
		}
	}
}

// serve gives the event to the runtime, which waits for it, and answers the job. It reports whether
// the instance can take more.
func (in *instance) serve(j *job) bool {
	limit := in.spec.Timeout
	began := time.Now()
	if !j.late {
		in.con.begin(startLine(j.inv.ID, in.spec.Version))
	}
	in.api.current.Store(&j.inv.ID)
	in.ready.give(delivery{inv: &j.inv, deadline: began.Add(limit)})
	in.ready = nil

	timer := time.NewTimer(limit)
	defer timer.Stop()
	watch := time.NewTicker(memoryWatch)
	defer watch.Stop()
	done := func(r Result, warm bool) bool {
		r.Duration = time.Since(began)
		in.api.current.Store(nil)
		if !warm {
			in.stop()
		}
		r.Tail = in.close(j, r)
		return in.finish(j, outcome{res: r}, warm)
	}
	for {
		select {
		case r := <-in.api.replies:
			if r.failed {
				return done(Result{Payload: r.body, Error: "Unhandled", ErrorType: r.errorType}, true)
			}
			return done(Result{Payload: r.body}, true)
		case in.ready = <-in.api.asks:
			// It asks for the next event without having answered this one: its connection broke
			// before the event was through, so it is given again.
			in.ready.give(delivery{inv: &j.inv, deadline: began.Add(limit)})
			in.ready = nil
		case <-in.exited:
			return done(exitResult(j.inv.ID, exitReason(in.cmd.ProcessState)), false)
		case <-watch.C:
			if in.overMemory() {
				return done(memoryResult(j.inv.ID), false)
			}
		case <-timer.C:
			in.stop()
			in.con.say(timeoutLine(j.inv.ID, limit))
			return done(timeoutResult(j.inv.ID, limit), false)
		case <-in.kill:
			in.stop()
			in.con.say(fmt.Sprintf("%s %s hydrant stopped; the invocation was cut off", isoTime(time.Now()), j.inv.ID))
			in.close(j, Result{Error: "Unhandled", Duration: time.Since(began)})
			return in.finish(j, outcome{err: ErrClosed}, false)
		}
	}
}

// close ends an invocation's log and returns its tail.
func (in *instance) close(j *job, r Result) []byte {
	if !in.stopped {
		in.peak = max(in.peak, peakMemory(in.cmd.Process.Pid))
	}
	in.con.say("END RequestId: " + j.inv.ID)
	tail := in.con.last(report(j.inv.ID, in.spec.Memory, in.peak, in.init, r))
	in.init = 0
	return tail
}

// rest waits, warm, for the next job and for the runtime to ask for it. nil means the instance ends.
func (in *instance) rest() (j *job) {
	idle := time.NewTimer(in.p.cfg.Idle)
	defer idle.Stop()
	retire := in.retire
	var late <-chan time.Time // bounds a runtime that has a job waiting and does not ask
	for j == nil || in.ready == nil {
		select {
		case j = <-in.jobs:
			late = time.After(in.spec.Timeout)
			continue
		case in.ready = <-in.api.asks:
			continue
		case <-retire:
			retire = nil
			if in.p.withdraw(in) {
				return nil
			}
			continue
		case <-idle.C:
			if in.p.withdraw(in) {
				return nil
			}
			continue
		case <-late:
		case <-in.exited:
		case <-in.kill:
		}
		// The process is gone or must go.
		if j == nil {
			if in.p.withdraw(in) {
				return nil
			}
			j = <-in.jobs
		}
		in.finish(j, outcome{err: errUndelivered}, false)
		return nil
	}
	return j
}

func (in *instance) overMemory() bool {
	now := groupMemory(in.cmd.Process.Pid)
	in.peak = max(in.peak, now)
	return now > int64(in.spec.Memory)<<20
}

// stop kills the process with its group and waits for it. May be called again.
func (in *instance) stop() {
	if in.cmd == nil || in.stopped {
		return
	}
	in.stopped = true
	in.peak = max(in.peak, peakMemory(in.cmd.Process.Pid))
	killGroup(in.cmd.Process.Pid)
	<-in.exited
}

// end lets go of everything: no process, goroutine, port or folder of the instance is left.
func (in *instance) end() {
	if in.cmd != nil {
		in.stop()
		killMarked(in.id)
	}
	if in.api != nil {
		in.api.close()
	}
	if in.con != nil {
		in.con.close()
	}
	if in.dir != "" {
		os.RemoveAll(in.dir)
	}
}

// line takes one line of output on its way to the log.
func (in *instance) line(at time.Time, text string) {
	in.p.ship.add(in, at, text)
}
