// The function of this package's tests: it does what the event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do string
	N  int
	To string
}

var count int

func handle(ctx context.Context, e event) (any, error) {
	count++
	switch e.Do {
	case "env":
		return os.Environ(), nil
	case "count":
		return map[string]any{"count": count, "pid": os.Getpid()}, nil
	case "id":
		lc, _ := lambdacontext.FromContext(ctx)
		return lc.AwsRequestID, nil
	case "error":
		return nil, errors.New("it went wrong")
	case "panic":
		panic("boom")
	case "hang":
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(e.N)
	case "limits":
		got := map[string]uint64{"uid": uint64(os.Getuid())}
		for name, resource := range map[string]int{"files": syscall.RLIMIT_NOFILE, "size": syscall.RLIMIT_FSIZE, "core": syscall.RLIMIT_CORE} {
			var l syscall.Rlimit
			if err := syscall.Getrlimit(resource, &l); err != nil {
				return nil, err
			}
			got[name] = l.Max
		}
		return got, os.WriteFile(os.TempDir()+"/file", nil, 0o600)
	case "fork": // a grandchild in the group and a daemon in a session of its own
		for _, attr := range []*syscall.SysProcAttr{nil, {Setsid: true}} {
			c := exec.Command("sleep", "3600")
			c.SysProcAttr = attr
			if err := c.Start(); err != nil {
				return nil, err
			}
			fmt.Println("forked", c.Process.Pid)
		}
		if e.To == "hang" {
			time.Sleep(time.Hour)
		}
	case "print":
		line := strings.Repeat("x", 99)
		for range e.N {
			fmt.Println(line)
		}
		fmt.Print("unfinished")
	case "leak":
		var keep [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			keep = append(keep, b)
			if len(keep)%16 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}
	return "done", nil
}

func main() {
	if n := os.Getenv("INIT_EXIT"); n != "" {
		fmt.Println("no start today")
		os.Exit(3)
	}
	if os.Getenv("INIT_HANG") != "" {
		time.Sleep(time.Hour)
	}
	if f := os.Getenv("INIT_HANG_ONCE"); f != "" {
		if _, err := os.Stat(f); err != nil {
			os.WriteFile(f, nil, 0o600)
			time.Sleep(time.Hour)
		}
	}
	lambda.Start(handle)
}
