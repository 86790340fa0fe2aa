package main

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

// What the loader wrote before it closed a mapping would be lost: such a mapping is left alone.
func TestCleanMappings(t *testing.T) {
	const smaps = `00400000-00420000 r--p 00000000 fe:00 7 /opt/hydrant
Rss:                 128 kB
Anonymous:             0 kB
Swap:                  0 kB
00420000-04370000 r-xp 00020000 fe:00 7 /opt/hydrant
Rss:               28988 kB
Anonymous:             0 kB
FilePmdMapped:     24576 kB
Swap:                  0 kB
04370000-04380000 r--p 03f70000 fe:00 7 /opt/hydrant
Rss:                  64 kB
Anonymous:             8 kB
Swap:                  0 kB
04380000-04390000 r--p 03f80000 fe:00 7 /opt/hydrant
Anonymous:             0 kB
Swap:                  4 kB
06d28000-06e60000 rw-p 06927000 fe:00 7 /opt/hydrant
Anonymous:             0 kB
Swap:                  0 kB
7f0000000000-7f0000100000 r-xp 00000000 fe:00 8 /lib/libc.so.6
Anonymous:             0 kB
Swap:                  0 kB
7f0000200000-7f0000300000 rw-p 00000000 00:00 0
Anonymous:            64 kB
`
	got, err := cleanMappings(bufio.NewScanner(strings.NewReader(smaps)), "/opt/hydrant")
	if err != nil {
		t.Fatal(err)
	}
	if want := []mapping{{0x400000, 0x420000}, {0x420000, 0x4370000}}; !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAProgramGoesOnAfterGivingBack(t *testing.T) {
	for range 3 {
		if err := giveBack(); err != nil {
			t.Fatal(err)
		}
	}
}
