package runtime

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// maxLine is where a line without end is cut: what CloudWatch Logs takes as one event.
	maxLine = 256<<10 - 26
	// maxTail is how much of an invocation's log LogType=Tail returns.
	maxTail = 4 << 10
)

// console is the one pipe behind a process's stdout and stderr, read in order with our own lines.
//
// Our lines must stand between the right lines of the process: START before its first, END after
// its last. So each of them is queued and a mark is written into the same pipe; the reader puts it
// out where it meets the mark. The mark is random, so that no program writes it by chance. We keep
// the writing end ourselves: the end of the output is a mark too, and a grandchild that holds the
// pipe open keeps nobody waiting.
type console struct {
	out  *os.File // the process's stdout and stderr
	in   *os.File
	mark []byte
	emit func(at time.Time, line string)
	tail []byte // owned by the reader
	done chan struct{}

	mu    sync.Mutex
	queue []note
}

// note is something to do where its mark is met.
type note struct {
	line  string // to put out; "" none
	reset bool   // a new invocation: forget the tail
	tail  chan<- []byte
	stop  bool
}

func newConsole(emit func(time.Time, string)) (*console, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	var nonce [16]byte
	rand.Read(nonce[:])
	c := &console{
		out:  w,
		in:   r,
		mark: []byte("\x00" + hex.EncodeToString(nonce[:]) + "\x00"),
		emit: emit,
		done: make(chan struct{}),
	}
	go c.read()
	return c, nil
}

// say puts a line of our own after all output written before.
func (c *console) say(line string) { c.note(note{line: line}) }

// begin is say for the first line of an invocation.
func (c *console) begin(line string) { c.note(note{line: line, reset: true}) }

// last is say for the last line of an invocation; it waits for all output before it and returns
// the end of the invocation's log.
func (c *console) last(line string) []byte {
	tail := make(chan []byte, 1)
	c.note(note{line: line, tail: tail})
	return <-tail
}

// close waits until all output written so far has been read.
func (c *console) close() {
	c.note(note{stop: true})
	<-c.done
	c.out.Close()
	c.in.Close()
}

func (c *console) note(n note) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, n)
	_, _ = c.out.Write(c.mark) // shorter than PIPE_BUF: never torn by other writers
}

func (c *console) read() {
	defer close(c.done)
	chunk := make([]byte, 64<<10)
	var buf []byte // what has been read and not put out
	for {
		n, err := c.in.Read(chunk)
		if n == 0 && err != nil {
			return // cannot be: we hold the other end
		}
		at := time.Now()
		buf = append(buf, chunk[:n]...)
		rest := buf
		for {
			i := bytes.IndexByte(rest, '\n')
			head := rest
			if i >= 0 {
				head = rest[:i]
			}
			if m := bytes.Index(head, c.mark); m >= 0 {
				if m > 0 {
					c.line(at, rest[:m])
				}
				rest = rest[m+len(c.mark):]
				if !c.meet(at) {
					return
				}
				continue
			}
			if i < 0 && len(rest) <= maxLine {
				break
			}
			if len(head) > maxLine {
				// Cut before the end, where half a mark may stand.
				cut := maxLine - len(c.mark)
				c.line(at, rest[:cut])
				rest = rest[cut:]
				continue
			}
			c.line(at, head)
			rest = rest[i+1:]
		}
		buf = append(buf[:0], rest...)
	}
}

// meet does what the oldest note says. False ends the reading.
func (c *console) meet(at time.Time) bool {
	c.mu.Lock()
	n := c.queue[0]
	c.queue = c.queue[1:]
	c.mu.Unlock()
	if n.reset {
		c.tail = c.tail[:0]
	}
	if n.line != "" {
		c.line(at, []byte(n.line))
	}
	if n.tail != nil {
		n.tail <- bytes.Clone(c.tail)
	}
	return !n.stop
}

// line puts out one line. A carriage return inside it is a line break of the same message: that is
// how our clients keep a stack trace one event.
func (c *console) line(at time.Time, text []byte) {
	s := strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSuffix(string(text), "\r"), "\r", "\n"), "\uFFFD")
	c.tail = append(append(c.tail, s...), '\n')
	if over := len(c.tail) - maxTail; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	if s != "" {
		c.emit(at, s)
	}
}
