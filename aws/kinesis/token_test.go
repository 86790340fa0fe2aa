package kinesis

import (
	"testing"
	"time"
)

// FuzzSequence: a number that is read is the one that is written, and nothing else makes it panic.
func FuzzSequence(f *testing.F) {
	f.Add("0")
	f.Add("49671246667567228643283430150187087032206582658935095298")
	f.Add(sequence{created: 1_700_000_000, shard: 7, index: lastIndex, time: 1_700_000_000}.String())
	f.Fuzz(func(t *testing.T, s string) {
		q, ok := parseSequence(s)
		if !ok {
			return
		}
		if again, ok := parseSequence(q.String()); !ok || again != q {
			t.Errorf("%s read as %+v, written as %s", s, q, q)
		}
	})
}

// FuzzTokens: what is sealed is opened to the same, and what somebody made up is refused, whatever is in it.
func FuzzTokens(f *testing.F) {
	key := sealer{key: []byte("key")}
	now := time.UnixMilli(1_700_000_000_000)
	f.Add([]byte("i0000000000000000000000000000000000000000000"), "token")
	f.Add([]byte("l00000000after"), "")
	f.Fuzz(func(t *testing.T, body []byte, made string) {
		sealed := key.seal(body) // bodies that a key of ours has sealed, however odd
		if i, err := key.openIterator(sealed, now); err == nil {
			if again, err := key.openIterator(key.iterator(i), now); err != nil || again != i {
				t.Errorf("%+v sealed and opened: %+v, %v", i, again, err)
			}
		}
		_, _ = key.openList(sealed, now)
		if _, err := (&sealer{key: []byte("other")}).open(sealed); err == nil {
			t.Error("opened with another key")
		}
		if _, err := key.open(made); err == nil {
			t.Errorf("%q was taken", made)
		}
	})
}
