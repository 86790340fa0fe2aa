package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long after the start its memory is given back: the first calls have come by then.
const settle = 500 * time.Millisecond

// giveBack returns what only the start needed. Of the heap that is the collector's work. Of the program's
// own file it is the pages mapped when they were touched once: where the page cache holds the file in huge
// pages, each touch maps 2 MiB. They stay in the page cache and are mapped again when they are needed.
func giveBack() error {
	debug.FreeOSMemory()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer f.Close()
	mappings, err := cleanMappings(bufio.NewScanner(f), self)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise %#x: %w", m.from, errno)
		}
	}
	return nil
}

type mapping struct{ from, to uintptr }

// cleanMappings finds in smaps the mappings of a file that can only be read and hold no page of their own:
// the loader's relocations are such pages, written before the mapping was closed, and would be lost.
func cleanMappings(smaps *bufio.Scanner, file string) ([]mapping, error) {
	var out []mapping
	var at mapping
	for smaps.Scan() {
		fields := strings.Fields(smaps.Text())
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			if len(fields) < 6 || fields[5] != file || fields[1] != "r-xp" && fields[1] != "r--p" {
				at = mapping{}
				continue
			}
			from, to, _ := strings.Cut(fields[0], "-")
			a, err := strconv.ParseUint(from, 16, 64)
			if err != nil {
				return nil, err
			}
			b, err := strconv.ParseUint(to, 16, 64)
			if err != nil {
				return nil, err
			}
			at = mapping{uintptr(a), uintptr(b)}
			out = append(out, at)
		case at != mapping{} && len(fields) >= 2 && (fields[0] == "Anonymous:" || fields[0] == "Swap:") && fields[1] != "0":
			out, at = out[:len(out)-1], mapping{}
		}
	}
	return out, smaps.Err()
}
