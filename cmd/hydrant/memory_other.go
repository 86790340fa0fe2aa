//go:build !linux

package main

import (
	"runtime/debug"
	"time"
)

const settle = 500 * time.Millisecond

// giveBack returns what only the start needed.
func giveBack() error {
	debug.FreeOSMemory()
	return nil
}
