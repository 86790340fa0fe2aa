// Command kinesis measures hydrant's Kinesis against a floor and, where it is there, kinesalite.
//
// Every server is a process of its own on the same machine as the load. Servers take turns in short
// rounds, so that what else the machine does falls on all of them; what counts is the ratio.
//
//	go build -o /tmp/hydrant ./cmd/hydrant
//	go run ./bench/kinesis --hydrant /tmp/hydrant [--kinesalite DIR/node_modules/kinesalite/cli.js]
//
// The floor is a program that does what cannot be left out and nothing else: net/http, a scan for the
// members, base64, MD5 of the key, CRC32C of the data, one file, fsync by group before the reply.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/hydrant-stream/hydrant/bench/process"
)

type options struct {
	Floor      bool          `hidden:"" help:"Be the floor program."`
	Addr       string        `hidden:""`
	Dir        string        `help:"Where servers keep their data: a file system that syncs. Default: a temporary folder."`
	Hydrant    string        `required:"" placeholder:"FILE" help:"The hydrant binary."`
	Kinesalite string        `placeholder:"FILE" help:"kinesalite's cli.js."`
	Rounds     int           `default:"5" help:"How often each server has its turn."`
	Turn       time.Duration `default:"4s" help:"How long a turn is."`
	Conns      int           `default:"8" help:"Connections that put."`
	Shards     int           `default:"4"`
	MBs        int           `default:"40" name:"mbs" help:"Of soak: MB a second to put; 0: as many as it takes."`
	MoveGB     float64       `default:"0" name:"move-gb" help:"Of soak: go on in a new stream after so many GB and delete the old one, so that the disk bounds neither rate nor time. 0: one stream."`
	TailMiB    int           `default:"0" name:"tail-mib" help:"The server's --tail-mib; 0: its default."`
	LogGB      int           `default:"10" help:"Of open: GB of log to start on."`
	Only       []string      `enum:"idle,put,get,efo,soak,open,compress" default:"idle,put,get,efo" help:"What to measure. Soak (one turn, of minutes), open and compress only when asked for."`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--floor" {
		if err := serveFloor(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "floor:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	k := kong.Parse(&o)
	k.FatalIfErrorf(run(&o))
}

func run(o *options) error {
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "bench-kinesis-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	for _, part := range []struct {
		name string
		run  func(*options) error
	}{{"idle", idle}, {"put", put}, {"get", get}, {"efo", efo}, {"soak", soak}, {"open", open}, {"compress", compress}} {
		if !slices.Contains(o.Only, part.name) {
			continue
		}
		if err := part.run(o); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// idle: what an empty hydrant costs before anybody asks anything.
func idle(o *options) error {
	var first []time.Duration
	var rss process.Memory
	for range 5 {
		s, err := startHydrant(o, "idle")
		if err != nil {
			return err
		}
		first = append(first, s.Ready)
		time.Sleep(time.Second)
		rss = s.Memory()
		s.stop()
	}
	slices.Sort(first)
	fmt.Printf("idle         first answer %v after start (median of 5), %d MiB RSS: %d its own, %d of files\n", first[2].Round(100*time.Microsecond), rss.Total()>>20, rss.Own>>20, rss.Files>>20)
	return nil
}

// put: PutRecords of 500 records of 300 bytes.
func put(o *options) error {
	type rival struct {
		name  string
		start func(*options, string) (*server, error)
		rates []float64
	}
	rivals := []*rival{{name: "floor", start: startFloor}, {name: "hydrant", start: startHydrant}}
	if o.Kinesalite != "" {
		rivals = append(rivals, &rival{name: "kinesalite", start: startKinesalite})
	}
	var peak int
	for range o.Rounds {
		for _, r := range rivals {
			s, err := r.start(o, "put")
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			n, err := putLoad(s, o)
			if r.name == "hydrant" {
				peak = max(peak, s.Memory().Total())
			}
			s.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.rates = append(r.rates, n)
		}
	}
	for _, r := range rivals {
		fmt.Printf("put          %-10s median %8.0f records/s, best %8.0f; against the floor %.3f\n", r.name, median(r.rates), slices.Max(r.rates), median(r.rates)/median(rivals[0].rates))
	}
	if len(rivals) == 3 {
		fmt.Printf("put          hydrant against kinesalite %.1f\n", median(rivals[1].rates)/median(rivals[2].rates))
	}
	fmt.Printf("put          hydrant after a turn: %d MiB RSS\n", peak>>20)
	return nil
}

// get: GetRecords of a shard from its beginning, 10,000 records a call. From memory it is a shard that fits
// there, again and again; from files one of twice the tail's size, once through, by a process just started.
func get(o *options) error {
	const records, cold = 100_000, 400_000
	var memory, disk, kinesalite []float64
	var cost, coldCost []float64 // of the server's CPU, in µs a record
	for range o.Rounds {
		s, err := startHydrant(o, "get")
		if err != nil {
			return err
		}
		err = fill(s, records)
		var n float64
		if err == nil {
			before := s.CPU()
			var records int
			n, records, err = getLoad(s, o.Turn/2)
			memory = append(memory, n)
			cost = append(cost, float64((s.CPU()-before).Microseconds())/float64(records))
		}
		if err == nil {
			err = add(s, cold-records)
		}
		s.Halt()
		if err == nil {
			s, err = again(s) // nothing is in memory now
		}
		if err == nil {
			before := s.CPU()
			var records int
			n, records, err = getLoad(s, 0)
			disk = append(disk, n)
			coldCost = append(coldCost, float64((s.CPU()-before).Microseconds())/float64(records))
		}
		s.stop()
		if err != nil {
			return err
		}
	}
	fmt.Printf("get          hydrant from memory, median %8.0f records/s, best %8.0f; %.2f µs of CPU a record\n", median(memory), slices.Max(memory), median(cost))
	fmt.Printf("get          hydrant from files (once through, after a restart), median %8.0f records/s, best %8.0f; %.2f µs of CPU a record\n", median(disk), slices.Max(disk), median(coldCost))
	if o.Kinesalite == "" {
		return nil
	}
	s, err := startKinesalite(o, "get")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := fill(s, records/5); err != nil {
		return err
	}
	for range o.Rounds {
		n, _, err := getLoad(s, o.Turn/2)
		if err != nil {
			return err
		}
		kinesalite = append(kinesalite, n)
	}
	k := median(kinesalite)
	fmt.Printf("get          kinesalite, median %8.0f records/s; hydrant against it %.1f from memory, %.1f from files\n", k, median(memory)/k, median(disk)/k)
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func startFloor(o *options, _ string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(o, "floor", func(dir, addr string) *exec.Cmd { return exec.Command(self, "--floor", addr, dir) })
}

func startHydrant(o *options, _ string) (*server, error) {
	return start(o, "hydrant", func(dir, addr string) *exec.Cmd {
		args := []string{"serve", "--data", dir, "--addr", addr, "--status-delay", "0s"}
		if o.TailMiB > 0 {
			args = append(args, "--tail-mib", fmt.Sprint(o.TailMiB))
		}
		return exec.Command(o.Hydrant, args...)
	})
}

func startKinesalite(o *options, _ string) (*server, error) {
	return start(o, "kinesalite", func(dir, addr string) *exec.Cmd {
		_, port, _ := cutAddr(addr)
		return exec.Command("node", o.Kinesalite, "--port", port, "--path", dir, "--createStreamMs", "1", "--shardLimit", "100")
	})
}
