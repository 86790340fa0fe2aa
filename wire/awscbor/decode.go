package awscbor

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Decode fills the struct v points to. present is as in package awsjson.
func (f Form) Decode(doc []byte, v any) (present []string, err error) {
	d := &decoder{form: f, doc: doc}
	if err := d.value(reflect.ValueOf(v).Elem()); err != nil {
		return nil, err
	}
	if d.pos != len(doc) {
		return nil, d.malformed()
	}
	return d.present, nil
}

type decoder struct {
	form    Form
	doc     []byte
	pos     int
	depth   int
	path    []string
	present []string
}

func (d *decoder) malformed() error        { return &Error{Offset: d.pos} }
func (d *decoder) wrong(text string) error { return &Error{Text: text, Offset: d.pos} }

// head reads the first byte of an item and its argument. An indefinite length has low 31.
func (d *decoder) head() (major, low byte, n uint64, err error) {
	if d.pos >= len(d.doc) {
		return 0, 0, 0, d.malformed()
	}
	b := d.doc[d.pos]
	major, low = b>>5, b&31
	size := 0
	switch {
	case low < 24:
		n = uint64(low)
	case low <= 27:
		size = 1 << (low - 24)
	case low < indefinite || major < majorBytes || major == majorTag:
		return 0, 0, 0, d.malformed()
	}
	if len(d.doc)-d.pos-1 < size {
		return 0, 0, 0, d.malformed()
	}
	arg := d.doc[d.pos+1 : d.pos+1+size]
	switch size {
	case 1:
		n = uint64(arg[0])
	case 2:
		n = uint64(binary.BigEndian.Uint16(arg))
	case 4:
		n = uint64(binary.BigEndian.Uint32(arg))
	case 8:
		n = binary.BigEndian.Uint64(arg)
	}
	d.pos += 1 + size
	return major, low, n, nil
}

// ended looks for the break that ends an item of indefinite length.
func (d *decoder) ended() bool {
	if d.pos < len(d.doc) && d.doc[d.pos] == breakByte {
		d.pos++
		return true
	}
	return false
}

// isNull passes over null and undefined.
func (d *decoder) isNull() bool {
	if d.pos < len(d.doc) && (d.doc[d.pos] == majorSimple<<5|simpleNull || d.doc[d.pos] == majorSimple<<5|23) {
		d.pos++
		return true
	}
	return false
}

// text reads the bytes of a string whose head was read.
func (d *decoder) text(major, low byte, n uint64) ([]byte, error) {
	if low != indefinite {
		if n > uint64(len(d.doc)-d.pos) {
			return nil, d.malformed()
		}
		b := d.doc[d.pos : d.pos+int(n)]
		d.pos += int(n)
		return b, nil
	}
	var whole []byte
	for !d.ended() {
		m, l, n, err := d.head()
		if err != nil || m != major || l == indefinite {
			return nil, d.malformed()
		}
		b, err := d.text(m, l, n)
		if err != nil {
			return nil, err
		}
		whole = append(whole, b...)
	}
	return whole, nil
}

// items calls on for each item of an array or pair of a map whose head was read.
func (d *decoder) items(low byte, n uint64, on func(i int) error) error {
	if d.depth++; d.depth > maxDepth {
		return d.malformed()
	}
	defer func() { d.depth-- }()
	for i := 0; ; i++ {
		if low == indefinite && d.ended() || low != indefinite && uint64(i) == n {
			return nil
		}
		if err := on(i); err != nil {
			return err
		}
	}
}

func (d *decoder) key() (string, error) {
	major, low, n, err := d.head()
	if err != nil || major != majorText {
		return "", d.malformed()
	}
	b, err := d.text(major, low, n)
	return string(b), err
}

// skip passes over one item.
func (d *decoder) skip() error {
	major, low, n, err := d.head()
	if err != nil {
		return err
	}
	switch major {
	case majorBytes, majorText:
		_, err = d.text(major, low, n)
		return err
	case majorArray:
		return d.items(low, n, func(int) error { return d.skip() })
	case majorMap:
		return d.items(low, n, func(int) error {
			if err := d.skip(); err != nil {
				return err
			}
			return d.skip()
		})
	case majorTag:
		if d.depth++; d.depth > maxDepth {
			return d.malformed()
		}
		defer func() { d.depth-- }()
		return d.skip()
	case majorSimple:
		if low == indefinite {
			return d.malformed()
		}
	}
	return nil
}

func (d *decoder) value(v reflect.Value) error {
	if d.isNull() {
		v.SetZero()
		return nil
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	start := d.pos
	major, low, n, err := d.head()
	for err == nil && major == majorTag && v.Type() != timeType {
		major, low, n, err = d.head() // tags other than time's say nothing here
	}
	if err != nil {
		return err
	}
	switch {
	case v.Type() == timeType:
		d.pos = start
		return d.time(v)
	case v.Kind() == reflect.Struct && major == majorMap:
		return d.structure(v, low, n)
	case v.Kind() == reflect.Map && major == majorMap:
		return d.mapping(v, low, n)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 && major == majorArray:
		return d.list(v, low, n)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && major == majorBytes:
		b, err := d.text(major, low, n)
		if err == nil {
			v.SetBytes(append([]byte{}, b...))
		}
		return err
	case v.Kind() == reflect.String && major == majorText:
		b, err := d.text(major, low, n)
		if err == nil {
			if len(b) == 0 {
				d.present = append(d.present, strings.Join(d.path, "."))
			}
			v.SetString(string(bytes.ToValidUTF8(b, []byte("\uFFFD"))))
		}
		return err
	case v.Kind() == reflect.Bool && major == majorSimple && (low == 20 || low == 21):
		v.SetBool(low == 21)
		return nil
	case v.CanInt() || v.CanUint() || v.CanFloat():
		if number, ok := toNumber(major, low, n); ok && number.store(v) {
			return nil
		}
	}
	return d.mismatch(major, low, n, v)
}

func (d *decoder) structure(v reflect.Value, low byte, n uint64) error {
	v.SetZero()
	s := shapeOf(v.Type())
	return d.items(low, n, func(int) error {
		name, err := d.key()
		if err != nil {
			return err
		}
		i, known := s.byName[name]
		if !known {
			return d.skip()
		}
		return d.within(lowerFirst(name), v.FieldByIndex(s.members[i].index))
	})
}

func (d *decoder) within(step string, v reflect.Value) error {
	d.path = append(d.path, step)
	err := d.value(v)
	d.path = d.path[:len(d.path)-1]
	return err
}

func (d *decoder) mapping(v reflect.Value, low byte, n uint64) error {
	m := reflect.MakeMap(v.Type())
	v.Set(m)
	return d.items(low, n, func(int) error {
		name, err := d.key()
		if err != nil {
			return err
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := d.within(name, item); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
		return nil
	})
}

func (d *decoder) list(v reflect.Value, low byte, n uint64) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	return d.items(low, n, func(i int) error {
		if i == v.Cap() {
			v.Grow(max(4, i))
		}
		v.SetLen(i + 1)
		return d.within(strconv.Itoa(i+1)+".member", v.Index(i))
	})
}

func (d *decoder) time(v reflect.Value) error {
	major, low, n, err := d.head()
	tagged := err == nil && major == majorTag && n == tagEpoch
	if tagged {
		major, low, n, err = d.head()
	}
	if err != nil {
		return err
	}
	number, ok := toNumber(major, low, n)
	if !ok {
		return d.mismatch(major, low, n, v)
	}
	unit := 1e6 // microseconds in what the number counts
	if d.form == Kinesis && !number.fraction {
		unit = 1e3
	}
	us := number.float() * unit
	if math.Abs(us) > 1e18 || math.IsNaN(us) {
		return d.wrong("a timestamp is out of range")
	}
	v.Set(reflect.ValueOf(time.UnixMicro(int64(math.Round(us))).UTC()))
	return nil
}

func (d *decoder) mismatch(major, low byte, n uint64, v reflect.Value) error {
	switch major {
	case majorArray:
		return d.wrong("Start of list found where not expected")
	case majorMap:
		return d.wrong("Start of structure or map found where not expected.")
	case majorSimple:
		if _, float := toNumber(major, low, n); !float && low != 20 && low != 21 {
			return d.malformed()
		}
	}
	switch v.Kind() {
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return d.wrong("Expected list or null")
		}
	case reflect.Map:
		return d.wrong("Expected map or null")
	case reflect.Struct:
		return d.wrong("Expected null")
	}
	return d.wrong("Unexpected type: a value can not be converted to a " + v.Kind().String())
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
