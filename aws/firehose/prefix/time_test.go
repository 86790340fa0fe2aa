package prefix

import (
	"os"
	"strings"
	"testing"
	"time"
)

// The vectors are printed by java.time.format.DateTimeFormatter of Java 17, locale en-US: pattern,
// instant, zone, and "=" with the result or "!" where Java refuses the pattern.
func TestPatternAgreesWithJava(t *testing.T) {
	vectors, err := os.ReadFile("testdata/java-datetimeformatter.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(vectors)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p, err := ParsePattern(f[0])
		if f[3] == "!" {
			if err == nil {
				t.Errorf("%q: Java refuses it, we do not", f[0])
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v, Java takes it", f[0], err)
			continue
		}
		at, err := time.Parse(time.RFC3339, f[1])
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(f[2])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(p.Append(nil, at.In(zone))), f[3][1:]; got != want {
			t.Errorf("%q of %s in %s = %q, want %q", f[0], f[1], f[2], got, want)
		}
	}
}

func TestPatternRefusesLettersOutsideTheCheck(t *testing.T) {
	for _, c := range "CIJPRTUVbfijloprt" {
		if _, err := ParsePattern(string(c)); err == nil {
			t.Errorf("%c was taken", c)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("yyyy/MM/dd/HH/")
	f.Add("'it''s' [Q] zzzz")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePattern(s)
		if err == nil {
			p.Append(nil, time.Unix(1_700_000_000, 0).UTC())
		}
	})
}
