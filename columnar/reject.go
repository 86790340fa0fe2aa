package columnar

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	codeParseError    = "DataFormatConversion.ParseError"
	codeMalformedData = "DataFormatConversion.MalformedData"
)

// syntax notes that the record is not JSON, and returns -1.
func (w *Writer) syntax(at int, why string) int {
	if w.reject == nil {
		w.reject = &Reject{Code: codeParseError, Message: why, Offset: at}
	}
	return -1
}

// malformed notes that the JSON cannot be converted, and returns -1.
func (w *Writer) malformed(at int, message string) int {
	if w.reject == nil {
		w.reject = &Reject{Code: codeMalformedData, Message: message, Offset: at}
	}
	return -1
}

// mismatch is malformed with the start that AWS gives to most of its messages.
func (w *Writer) mismatch(at int, why string) int {
	return w.malformed(at, "Data does not match the schema. "+why)
}

// forInput is Java's NumberFormatException.
func (w *Writer) forInput(at int, text []byte) int {
	return w.mismatch(at, fmt.Sprintf("For input string: \"%s\"", excerpt(text)))
}

// excerpt keeps a message readable whatever the record holds.
func excerpt(text []byte) string {
	const most = 200
	s := strings.ToValidUTF8(string(text[:min(len(text), most+utf8.UTFMax)]), "\uFFFD")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// within adds a step to the path of a rejected value, as the conversion returns through its containers.
func (w *Writer) within(step string) int {
	if w.reject != nil && w.reject.Code == codeMalformedData {
		step = strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
		w.reject.Path = "/" + step + w.reject.Path
	}
	return -1
}

func (w *Writer) withinElement(i int) int { return w.within(strconv.Itoa(i)) }

// rejection is what Add answers. A record whose value has the wrong type may also not be JSON, further
// on; AWS parses first, so that comes first.
func (w *Writer) rejection(b []byte) *Reject {
	found := w.reject
	w.reject = nil
	if found.Code == codeMalformedData {
		for i := skipSpace(b, 0); i >= 0 && i < len(b); {
			if i = w.skip(b, i, 0); i >= 0 {
				i = skipSpace(b, i)
			}
		}
		if w.reject != nil {
			found, w.reject = w.reject, nil
		}
	}
	if found.Code == codeParseError {
		found.Message = fmt.Sprintf("Encountered malformed JSON. %s", describe(b, found))
	}
	return found
}

// describe says what stands where JSON was expected, much as Jackson does.
func describe(b []byte, r *Reject) string {
	line, column := 1, 1
	for _, c := range b[:min(r.Offset, len(b))] {
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	what := "Unexpected end-of-input"
	if r.Offset < len(b) {
		c, _ := utf8.DecodeRune(b[r.Offset:])
		what = fmt.Sprintf("Unexpected character (%s (code %d))", strconv.QuoteRune(c), c)
	}
	return fmt.Sprintf("%s: %s at line: %d, column: %d", what, r.Message, line, column)
}
