package columnar

// value converts the value at b[i] into the columns of n. rep is the repetition level of the first
// of its column entries.
func (w *Writer) value(n *node, b []byte, i int, rep uint8) int {
	if i >= len(b) {
		return w.syntax(i, "the record ends where a value was expected")
	}
	if b[i] == 'n' {
		if i = w.literal(b, i); i >= 0 {
			n.null(n.def-1, rep)
		}
		return i
	}
	switch n.kind {
	case kindDouble, kindFloat:
		return w.float(n, b, i, rep)
	case kindTinyint, kindSmallint, kindInt, kindBigint:
		return w.integer(n, b, i, rep)
	case kindTimestamp:
		return w.timestamp(n, b, i, rep)
	case kindString, kindChar, kindVarchar:
		return w.string(n, b, i, rep)
	case kindBoolean:
		return w.boolean(n, b, i, rep)
	case kindDate:
		return w.date(n, b, i, rep)
	case kindDecimal:
		return w.decimal(n, b, i, rep)
	case kindBinary:
		return w.binary(n, b, i, rep)
	case kindArray:
		return w.array(n, b, i, rep)
	case kindMap:
		return w.mapping(n, b, i, rep)
	default:
		return w.structure(n, b, i, rep)
	}
}

// object converts the object at b[i] into the members of n. A member without a key is null; of equal keys
// the last one counts.
func (w *Writer) object(n *node, b []byte, i int, rep uint8) int {
	k := n.keys
	k.stamp++
	stamp, missing := k.stamp, len(n.members)
	winners := len(w.last)
	if w.lastWins && !w.lookAhead(n, b, i) {
		return -1
	}
	i = skipSpace(b, i+1)
	more := i >= len(b) || b[i] != '}'
	for prev := int32(0); more; {
		at := i
		e := k.entries[prev].next
		var field int32
		if raw := k.entries[e].raw; e > 0 && len(b)-i >= len(raw) && string(b[i:i+len(raw)]) == string(raw) {
			field = k.entries[e].field
			i += len(raw)
			if i < len(b) && b[i] <= ' ' {
				i = skipSpace(b, i)
			}
		} else if e, field, i = w.key(k, b, i, prev); i < 0 {
			return -1
		}
		prev = e
		switch {
		case field == unknownKey || w.lastWins && !w.wins(winners, field, i):
			if i = w.skip(b, i, 1); i < 0 {
				return -1
			}
		case k.seen[field] == stamp:
			return w.malformed(at, keyTwice)
		default:
			k.seen[field] = stamp
			missing--
			if i = w.value(n.members[field], b, i, rep); i < 0 {
				end, seen := w.stringEnd(b, at+1)
				return w.within(string(appendText(nil, b[at+1:end], seen)))
			}
		}
		if i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
		if i >= len(b) {
			return w.syntax(i, "the record ends inside an object or array")
		}
		if b[i] == ',' {
			i++
			if i < len(b) && b[i] <= ' ' {
				i = skipSpace(b, i)
			}
			continue
		}
		if b[i] != '}' {
			return w.syntax(i, "expected a comma or the end of the object or array")
		}
		more = false
	}
	w.last = w.last[:winners]
	if missing > 0 {
		for f, member := range n.members {
			if k.seen[f] != stamp {
				member.null(n.def, rep)
			}
		}
	}
	return i + 1
}

// key reads a key that was not guessed, and the colon after it.
func (w *Writer) key(k *keys, b []byte, i int, prev int32) (entry, field int32, next int) {
	if i >= len(b) || b[i] != '"' {
		return 0, 0, w.syntax(i, "expected a double quote to start a field name")
	}
	end, seen := w.stringEnd(b, i+1)
	if end < 0 {
		return 0, 0, -1
	}
	entry, field = k.find(b[i+1:end], seen, prev)
	return entry, field, w.colon(b, end+1)
}

// keyTwice never leaves the package: Add reads such a record again with lastWins.
const keyTwice = "a key came twice"

// lastKey is where the last value of a field begins, in an object that has a key twice.
type lastKey struct {
	field int32
	at    int
}

// lookAhead pushes the last value of each field of the object at b[i] on w.last.
func (w *Writer) lookAhead(n *node, b []byte, i int) bool {
	base := len(w.last)
	for range n.members {
		w.last = append(w.last, lastKey{at: -1})
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return true
	}
	for {
		var field int32
		if _, field, i = w.key(n.keys, b, i, 0); i < 0 {
			return false
		}
		if field != unknownKey {
			w.last[base+int(field)] = lastKey{field, i}
		}
		if i = w.skip(b, i, 1); i < 0 {
			return false
		}
		i = skipSpace(b, i)
		if i >= len(b) {
			w.syntax(i, "the record ends inside an object or array")
			return false
		}
		switch b[i] {
		case '}':
			return true
		case ',':
			i = skipSpace(b, i+1)
		default:
			w.syntax(i, "expected a comma or the end of the object or array")
			return false
		}
	}
}

// wins reports whether the value at i is the one that counts for the field.
func (w *Writer) wins(base int, field int32, i int) bool { return w.last[base+int(field)].at == i }

// structure converts a value into a struct: an object by names, and for OpenX an array by position.
func (w *Writer) structure(n *node, b []byte, i int, rep uint8) int {
	switch {
	case b[i] == '{':
		return w.object(n, b, i, rep)
	case w.hive:
		return w.expected(b, i, "java.io.IOException: Start of Object expected")
	case b[i] == '[':
		return w.positional(n, b, i, rep)
	}
	return w.notObject(b, i)
}

// notObject is OpenX's answer to a scalar where an object belongs.
func (w *Writer) notObject(b []byte, i int) int {
	end := w.skip(b, i, 0)
	if end < 0 {
		return -1
	}
	text := b[i:end]
	class := "java.lang.Long"
	switch {
	case text[0] == '"':
		class = "java.lang.String"
		text = text[1 : len(text)-1]
	case text[0] == '[':
		class = "org.openx.data.jsonserde.json.JSONArray"
	case text[0] == 't' || text[0] == 'f':
		class = "java.lang.Boolean"
	default:
		if n := w.number(b, i); !n.whole {
			class = "java.lang.Double"
		}
	}
	return w.mismatch(i, "Data is not JSONObject  but "+class+" with value "+excerpt(text))
}

// expected rejects a value that is JSON, for the reason.
func (w *Writer) expected(b []byte, i int, why string) int {
	if w.skip(b, i, 0) < 0 {
		return -1
	}
	return w.mismatch(i, why)
}

// positional fills a struct from an array: what is too much is ignored, what is missing null.
func (w *Writer) positional(n *node, b []byte, i int, rep uint8) int {
	filled := 0
	i = w.elements(b, i, func(i int) int {
		if filled == len(n.members) {
			return w.skip(b, i, 1)
		}
		if i = w.value(n.members[filled], b, i, rep); i < 0 {
			return w.withinElement(filled)
		}
		filled++
		return i
	})
	if i < 0 {
		return -1
	}
	for _, member := range n.members[filled:] {
		member.null(n.def, rep)
	}
	return i
}

// elements calls each with the place of every element of the array at b[i].
func (w *Writer) elements(b []byte, i int, each func(i int) int) int {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = each(i); i < 0 {
			return -1
		}
		i = skipSpace(b, i)
		if i >= len(b) {
			return w.syntax(i, "the record ends inside an object or array")
		}
		switch b[i] {
		case ']':
			return i + 1
		case ',':
			i = skipSpace(b, i+1)
		default:
			return w.syntax(i, "expected a comma or the end of the object or array")
		}
	}
}

// array converts an array; OpenX takes any other value as an array of one.
func (w *Writer) array(n *node, b []byte, i int, rep uint8) int {
	if b[i] != '[' {
		if w.hive {
			return w.expected(b, i, "java.io.IOException: Start of Array expected")
		}
		return w.value(n.elem, b, i, rep)
	}
	count := 0
	i = w.elements(b, i, func(i int) int {
		if i = w.value(n.elem, b, i, rep); i < 0 {
			return w.withinElement(count)
		}
		rep = n.elem.rep
		count++
		return i
	})
	if i >= 0 && count == 0 {
		n.null(n.def, rep)
	}
	return i
}

// boolean takes true and false, and for OpenX their names in a string.
func (w *Writer) boolean(n *node, b []byte, i int, rep uint8) int {
	switch b[i] {
	case 't', 'f':
		end := w.literal(b, i)
		if end >= 0 {
			n.column.Bool(b[i] == 't', rep)
		}
		return end
	case '"':
		if !w.hive {
			return w.quoted(n, b, i, rep)
		}
	}
	return w.wrongClass(b, i, "java.lang.Boolean")
}

// wrongClass rejects a value of a JSON type that the column's type does not take.
func (w *Writer) wrongClass(b []byte, i int, want string) int {
	if w.hive {
		token := "VALUE_NUMBER_INT"
		switch b[i] {
		case '{':
			token = "START_OBJECT"
		case '[':
			token = "START_ARRAY"
		case '"':
			token = "VALUE_STRING"
		case 't':
			token = "VALUE_TRUE"
		case 'f':
			token = "VALUE_FALSE"
		}
		if want == "java.lang.Number" {
			return w.expected(b, i, "Current token ("+token+") not numeric, can not use numeric value accessors")
		}
		if want == "java.lang.Boolean" {
			return w.expected(b, i, "Current token ("+token+") not of boolean type")
		}
		return w.expected(b, i, "Current token ("+token+") cannot be read as "+want)
	}
	class := "java.lang.Number"
	switch b[i] {
	case '{':
		class = "org.openx.data.jsonserde.json.JSONObject"
	case '[':
		class = "org.openx.data.jsonserde.json.JSONArray"
	case '"':
		class = "java.lang.String"
	case 't', 'f':
		class = "java.lang.Boolean"
	}
	return w.expected(b, i, class+" cannot be cast to "+want)
}

// scalarText is the text of the string at b[i]; it is valid until the next one.
func (w *Writer) scalarText(b []byte, i int) (text []byte, next int) {
	end, seen := w.stringEnd(b, i+1)
	if end < 0 {
		return nil, -1
	}
	if seen == 0 {
		return b[i+1 : end], end + 1
	}
	w.text = appendText(w.text[:0], b[i+1:end], seen)
	return w.text, end + 1
}
