//go:build !linux

package runtime

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
)

// Only Linux gives what keeps functions in hand: sessions, death signals and /proc.

var errPlatform = errors.New("functions run on Linux only")

func processAttr(*User) *syscall.SysProcAttr { return nil }

type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

func (*spawner) start(*exec.Cmd) error { return errPlatform }
func (*spawner) close()                {}

func bound(int, uint64) error { return errPlatform }
func killGroup(int)           {}
func preferToDie(int)         {}
func killMarked(string) int   { return 0 }
func groupMemory(int) int64   { return 0 }
func peakMemory(int) int64    { return 0 }

func sweep(dir string, _ *slog.Logger) error { return os.RemoveAll(dir) }
