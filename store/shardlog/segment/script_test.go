package segment

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/shardlog"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

var rewriteGolden = flag.Bool("rewrite", false, "write what the scripts put out as what they expect")

// Scripts are blocks of commands, a line of dashes, and what they put out. Every call of the file
// system that changes something is put out too, so that a missing sync shows as a missing line.
// go test ./store/shardlog/segment -run Scripts -rewrite makes the output the expected one.
//
//	open [segment=BYTES]      close                crash unsynced=CHANCE seed=N
//	append SHARD WORD...      read SHARD           trim SHARD OFFSET
//	delete SHARD              sleep DURATION       files
//	fail OP PATTERN ERROR     flip PATH OFFSET     cut PATH BYTES
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	check(t, err)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(path)
			check(t, err)
			synctest.Test(t, func(t *testing.T) {
				s := &script{T: t, disk: vfs.NewMem()}
				got := s.runAll(string(b))
				if s.engine != nil {
					s.engine.Close()
				}
				if got == string(b) {
					return
				}
				if *rewriteGolden {
					check(t, os.WriteFile(path, []byte(got), 0o644))
					return
				}
				t.Errorf("got\n%s", got)
			})
		})
	}
}

type script struct {
	*testing.T
	disk   *vfs.Mem
	faults *vfs.Faults
	engine *Engine
	out    strings.Builder
}

func (s *script) printf(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// runAll runs each block and returns the text with what it put out in place of what it expects.
func (s *script) runAll(text string) string {
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		out.WriteString(commands)
		s.out.Reset()
		ran := false
		for line := range strings.Lines(commands) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				ran = true
				if err := s.run(strings.Fields(line)); err != nil {
					s.printf("error: %v", err)
				}
				synctest.Wait()
			}
		}
		if ran {
			out.WriteString("\n----\n" + strings.TrimRight(s.out.String(), "\n"))
		}
		out.WriteString("\n\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func (s *script) run(words []string) error {
	ctx := s.Context()
	switch words[0] {
	case "open":
		o := Options{ReserveBytes: -1}
		for _, w := range words[1:] {
			fmt.Sscanf(w, "segment=%d", &o.SegmentBytes)
		}
		return s.open(o)
	case "close":
		return s.engine.Close()
	case "crash":
		var keep float64
		var seed uint64
		fmt.Sscanf(strings.Join(words[1:], " "), "unsynced=%g seed=%d", &keep, &seed)
		disk := s.disk.CrashClone(seed, keep)
		s.faults.Trace(nil)
		s.engine.Close()
		s.disk = disk
	case "append":
		id, err := s.engine.Open(ctx, words[1])
		if err != nil {
			return err
		}
		b := shardlog.Batch{Shard: id}
		for _, w := range words[2:] {
			b.Records = append(b.Records, hydrant.Record{Key: "k", Data: []byte(w)})
		}
		if err := s.engine.Append(ctx, []shardlog.Batch{b}); err != nil {
			return err
		}
		synctest.Wait()
		s.printf("offset %d", b.Records[0].Offset)
	case "read":
		return s.read(words[1])
	case "trim":
		id, err := s.engine.Open(ctx, words[1])
		if err != nil {
			return err
		}
		var below uint64
		fmt.Sscan(words[2], &below)
		return s.engine.Trim(ctx, id, below)
	case "delete":
		id, err := s.engine.Open(ctx, words[1])
		if err != nil {
			return err
		}
		return s.engine.Delete(ctx, id)
	case "sleep":
		d, err := time.ParseDuration(words[1])
		time.Sleep(d)
		return err
	case "files":
		names, err := s.disk.List("log")
		for _, name := range names {
			if info, _ := s.disk.Stat("log/" + name); !info.IsDir() {
				s.printf("%s %d", name, info.Size())
			}
		}
		return err
	case "fail":
		s.faults.Add(vfs.Rule{Op: vfs.Op(words[1]), Path: words[2], Times: 1, Err: fmt.Errorf("%s", words[3])})
	case "flip", "cut":
		f, err := s.disk.Open(words[1])
		if err != nil {
			return err
		}
		defer f.Close()
		var n int64
		fmt.Sscan(words[2], &n)
		if words[0] == "cut" {
			return f.Truncate(n)
		}
		flip(s.T, s.disk, words[1], n)
	default:
		return fmt.Errorf("no command %q", words[0])
	}
	return nil
}

func (s *script) open(o Options) (err error) {
	s.faults = vfs.NewFaults(s.disk)
	s.faults.Trace(func(op vfs.Op, path string) {
		switch op {
		case vfs.OpOpen, vfs.OpRead, vfs.OpList, vfs.OpStat, vfs.OpClose:
			return
		}
		if strings.HasPrefix(path, "log/shards") { // of the journal, its commits only
			if op != vfs.OpSync {
				return
			}
			path = "shards"
		}
		s.printf("  %s %s", op, strings.TrimPrefix(path, "log/"))
	})
	s.engine, err = Open(s.faults, "log", o)
	return err
}

func (s *script) read(name string) error {
	id, err := s.engine.Open(s.Context(), name)
	if err != nil {
		return err
	}
	b, err := s.engine.Bounds(id)
	if err != nil {
		return err
	}
	p, err := s.engine.Read(s.Context(), id, b.Low, shardlog.Limit{})
	if err != nil {
		return err
	}
	line := fmt.Sprintf("from %d:", b.Low)
	for _, r := range p.Records {
		line += " " + string(r.Data)
	}
	s.printf("%s", line)
	return nil
}
