//go:build crashpoints && unix

// Package crash names the places at which a test wants the process to die.
package crash

import (
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var (
	at, left = wanted()
	passed   atomic.Int64
)

func wanted() (at string, left int64) {
	v, _ := syscall.Getenv("HYDRANT_CRASH_AT")
	at, n, ok := strings.Cut(v, ":")
	if !ok {
		return at, 1
	}
	left, err := strconv.ParseInt(n, 10, 64)
	if err != nil || left < 1 {
		panic("HYDRANT_CRASH_AT is NAME or NAME:COUNT, not " + v)
	}
	return at, left
}

// Point dies if it is the one asked for, and has been passed as often as asked.
func Point(of, what string) {
	if at == "" || at != of+"."+what || passed.Add(1) != left {
		return
	}
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {} // nothing happens after it
}
