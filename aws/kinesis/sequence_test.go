package kinesis

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestSequenceRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	last := new(big.Int)
	for i := range 2000 {
		q := sequence{created: 1_400_000_000 + rng.Int64N(1e9), shard: rng.Uint32(), index: rng.Uint64(), time: rng.Int64N(1 << 36)}
		s := q.String()
		got, ok := parseSequence(s)
		if !ok || got != q {
			t.Fatalf("%d: %+v -> %s -> %+v, %v", i, q, s, got, ok)
		}
		hi, mid, lo := q.words()
		want := new(big.Int).SetUint64(hi)
		want.Lsh(want, 64).Or(want, new(big.Int).SetUint64(mid))
		want.Lsh(want, 64).Or(want, new(big.Int).SetUint64(lo))
		if want.String() != s {
			t.Fatalf("decimal %s, want %s", s, want)
		}
	}
	// Along a shard the numbers grow with the index, whatever the clock does.
	for i := range uint64(1000) {
		q := sequence{created: 1_700_000_000, shard: 7, index: i * 3, time: 1_700_000_000 + int64(i%7)}
		n, _ := new(big.Int).SetString(q.String(), 10)
		if n.Cmp(last) <= 0 {
			t.Fatalf("index %d does not grow", i)
		}
		last = n
	}
}

// One numeral gives every number as the division does, whatever order they come in.
func TestNumeralCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var n numeral
	for range 200 {
		q := sequence{created: 1_400_000_000 + rng.Int64N(1e9), shard: rng.Uint32(), index: rng.Uint64N(1 << 62), time: rng.Int64N(1 << 36)}
		for range rng.IntN(3000) {
			if got := string(n.to(q)); got != q.String() {
				t.Fatalf("%+v: %s, want %s", q, got, q)
			}
			switch rng.IntN(100) {
			case 0:
				q.time++
			case 1:
				q.index += 2
			case 2: // the same again
			default:
				q.index++
			}
		}
	}
}

// A number from a documented event of shardId-000000000006, in which the shard must be found again.
func TestSequenceLooksLikeAWS(t *testing.T) {
	const doc = "49590338271490256608559692538361571095921575989136588898"
	q, ok := parseSequence(doc)
	if !ok || q.shard != 6 || q.String() != doc {
		t.Fatalf("%+v %v %s", q, ok, q)
	}
	for _, bad := range []string{"", "0", "1", "x", doc + "0", doc[:55], "99999999999999999999999999999999999999999999999999999999999"} {
		if q, ok := parseSequence(bad); ok {
			t.Errorf("%q taken as %+v", bad, q)
		}
	}
}

func TestUniformRanges(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 7, 100, 500} {
		rs := uniform(n)
		if rs[0].Start != (hashKey{}) || rs[n-1].End != maxHashKey {
			t.Fatalf("%d: %v", n, rs)
		}
		width := new(big.Int).Lsh(big.NewInt(1), 128)
		width.Div(width, big.NewInt(int64(n)))
		for i, r := range rs {
			if want := new(big.Int).Mul(width, big.NewInt(int64(i))); r.Start.String() != want.String() {
				t.Fatalf("%d/%d starts at %s, want %s", i, n, r.Start, want)
			}
			if i > 0 && rs[i-1].End.next() != r.Start {
				t.Fatalf("gap before %d of %d", i, n)
			}
		}
	}
}

func TestHashKeys(t *testing.T) {
	for _, s := range []string{"0", "1", "18446744073709551616", "340282366920938463463374607431768211455"} {
		k, ok := parseHashKey(s)
		if !ok || k.String() != s {
			t.Errorf("%s -> %s %v", s, k, ok)
		}
	}
	for _, s := range []string{"", "-1", "340282366920938463463374607431768211456", "999999999999999999999999999999999999999", "1e3"} {
		if k, ok := parseHashKey(s); ok {
			t.Errorf("%q taken as %s", s, k)
		}
	}
	// MD5("a") = 0cc175b9c0f1b6a831c399e269772661
	if k := hashOf("a"); k != (hashKey{0x0cc175b9c0f1b6a8, 0x31c399e269772661}) {
		t.Errorf("hash of a: %x", k)
	}
}

func BenchmarkNumeral(b *testing.B) {
	var n numeral
	q := sequence{created: 1_700_000_000, shard: 3, time: 1_700_000_100}
	for b.Loop() {
		q.index++
		n.to(q)
	}
}

func BenchmarkSequence(b *testing.B) {
	q := sequence{created: 1_700_000_000, shard: 3, time: 1_700_000_100}
	var dst [64]byte
	for b.Loop() {
		q.index++
		q.appendTo(dst[:0])
	}
}
