package awsjson

import (
	"reflect"
	"slices"
	"unsafe"
)

func structCodec(t reflect.Type, members []member) codec {
	index := make(map[string]int, len(members))
	for i, m := range members {
		if _, twice := index[m.name]; twice {
			panic("awsjson: " + t.String() + " has two members " + m.name)
		}
		index[m.name] = i
	}
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			if d.next() != '{' {
				return d.expected("Expected null")
			}
			var seen bits
			guess := 0 // clients send members in the same order every time
			return d.members(func(key []byte) error {
				i := guess
				if i >= len(members) || members[i].name != string(key) {
					var known bool
					if i, known = index[string(key)]; !known {
						return d.skip()
					}
				}
				guess = i + 1
				m := &members[i]
				at := unsafe.Add(p, m.offset)
				if seen.add(i) {
					reflect.NewAt(m.typ, at).Elem().SetZero()
				}
				d.open(step{name: m.name})
				err := d.value(m.codec, at)
				d.close()
				return err
			})
		},
		append: func(dst []byte, p unsafe.Pointer) []byte {
			dst = append(dst, '{')
			first := len(dst)
			for i := range members {
				m := &members[i]
				at := unsafe.Add(p, m.offset)
				absent := m.codec.absent != nil && m.codec.absent(at)
				if absent && (!m.required || m.codec.none == "") {
					continue
				}
				if len(dst) > first {
					dst = append(dst, ',')
				}
				dst = append(dst, m.label...)
				if absent {
					dst = append(dst, m.codec.none...)
				} else {
					dst = m.codec.append(dst, at)
				}
			}
			return append(dst, '}')
		},
	}
}

// bits is a small set of member numbers.
type bits struct {
	low  uint64
	high []int
}

// add reports whether i was in the set before.
func (b *bits) add(i int) bool {
	if i < 64 {
		was := b.low&(1<<i) != 0
		b.low |= 1 << i
		return was
	}
	if slices.Contains(b.high, i) {
		return true
	}
	b.high = append(b.high, i)
	return false
}

func pointerCodec(t reflect.Type, elem *codec) codec {
	to := t.Elem()
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			if *(*unsafe.Pointer)(p) == nil {
				*(*unsafe.Pointer)(p) = reflect.New(to).UnsafePointer()
			}
			return elem.decode(d, *(*unsafe.Pointer)(p))
		},
		append: func(dst []byte, p unsafe.Pointer) []byte {
			if *(*unsafe.Pointer)(p) == nil {
				return append(dst, "null"...)
			}
			return elem.append(dst, *(*unsafe.Pointer)(p))
		},
		absent: func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil },
	}
}

// sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

func sliceCodec(t reflect.Type, elem *codec) codec {
	size := t.Elem().Size()
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			if d.next() != '[' {
				return d.expected("Expected list or null")
			}
			slice := reflect.NewAt(t, p).Elem()
			slice.Set(reflect.MakeSlice(t, 0, 0)) // given and empty is not absent
			h := (*sliceHeader)(p)
			return d.sequence('[', ']', func(i int) error {
				if i == h.cap {
					slice.Grow(max(4, h.cap))
				}
				slice.SetLen(i + 1)
				d.open(step{index: i})
				err := d.value(elem, unsafe.Add(h.data, uintptr(i)*size))
				d.close()
				return err
			})
		},
		append: func(dst []byte, p unsafe.Pointer) []byte {
			h := (*sliceHeader)(p)
			dst = append(dst, '[')
			for i := range h.len {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = elem.append(dst, unsafe.Add(h.data, uintptr(i)*size))
			}
			return append(dst, ']')
		},
		absent: func(p unsafe.Pointer) bool { return (*sliceHeader)(p).data == nil },
		none:   "[]",
	}
}

func mapCodec(t reflect.Type, elem *codec) codec {
	return codec{
		decode: func(d *decoder, p unsafe.Pointer) error {
			if d.next() != '{' {
				return d.expected("Expected map or null")
			}
			m := reflect.MakeMap(t)
			reflect.NewAt(t, p).Elem().Set(m)
			return d.members(func(key []byte) error {
				name := d.strings.string(key)
				v := reflect.New(t.Elem())
				d.open(step{name: name})
				err := d.value(elem, v.UnsafePointer())
				d.close()
				if err == nil {
					m.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), v.Elem())
				}
				return err
			})
		},
		// Keys are written in order, so that equal values have equal documents.
		append: func(dst []byte, p unsafe.Pointer) []byte {
			m := reflect.NewAt(t, p).Elem()
			keys := m.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int {
				if a.String() < b.String() {
					return -1
				}
				return 1
			})
			v := reflect.New(t.Elem())
			dst = append(dst, '{')
			for i, k := range keys {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = append(AppendString(dst, k.String()), ':')
				v.Elem().Set(m.MapIndex(k))
				dst = elem.append(dst, v.UnsafePointer())
			}
			return append(dst, '}')
		},
		absent: func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil },
		none:   "{}",
	}
}
