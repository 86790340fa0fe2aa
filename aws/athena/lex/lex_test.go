package lex

import "testing"

func TestScan(t *testing.T) {
	tokens, err := Scan("SELECT 'it''s', \"a\"\"b\", 1.5e3 -- note\n  x->y /* z */ <> _é$1", Trino)
	if err != nil {
		t.Fatal(err)
	}
	want := []Token{
		{Word, "SELECT", "SELECT", 1, 1, 0}, {Text, "'it''s'", "it's", 1, 8, 7}, {Symbol, ",", ",", 1, 15, 14}, {Name, `"a""b"`, `a"b`, 1, 17, 16},
		{Symbol, ",", ",", 1, 23, 22}, {Number, "1.5e3", "1.5e3", 1, 25, 24}, {Word, "x", "x", 2, 3, 40}, {Symbol, "->", "->", 2, 4, 41},
		{Word, "y", "y", 2, 6, 43}, {Symbol, "<>", "<>", 2, 16, 53}, {Word, "_é$1", "_é$1", 2, 19, 56}, {End, "", "", 2, 23, 61},
	}
	for i, w := range want {
		if i >= len(tokens) || tokens[i] != w {
			t.Fatalf("token %d: got %+v want %+v", i, tokens[min(i, len(tokens)-1)], w)
		}
	}
}

func TestHiveText(t *testing.T) {
	tokens, err := Scan(`'a\'b' "\t\001\u00e9\\" `+"`c``d` >>", Hive)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a'b", "\t\x01é\\", "c`d", ">", ">"} {
		if tokens[i].Value != want {
			t.Errorf("token %d: %q", i, tokens[i].Value)
		}
	}
}

func TestUnclosed(t *testing.T) {
	for text, want := range map[string]string{"a\n 'b": "line 2:2: quote ' is not closed", "/* x": "line 1:1: comment does not end"} {
		if _, err := Scan(text, Trino); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
