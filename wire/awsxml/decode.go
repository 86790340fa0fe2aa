package awsxml

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Error says which element could not be read.
type Error struct{ Element, Value, Want string }

func (e *Error) Error() string {
	return fmt.Sprintf("the value '%s' of %s is not %s", e.Value, e.Element, e.Want)
}

// Fill reads a tree into the struct v points to. Elements the struct does not know are passed over.
func (n *Node) Fill(v any) error { return n.fill(reflect.ValueOf(v).Elem()) }

// FillValue is Fill for a value that can be set.
func (n *Node) FillValue(v reflect.Value) error { return n.fill(v) }

func (n *Node) fill(v reflect.Value) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct && v.Type() != timeType {
		return n.fillStruct(v)
	}
	return n.fillScalar(v)
}

func (n *Node) fillStruct(v reflect.Value) error {
	for _, m := range shapeOf(v.Type()).members {
		f := v.FieldByIndex(m.index)
		var err error
		switch {
		case m.text:
			err = n.fillScalar(f)
		case m.attr:
			_, local, colon := strings.Cut(m.name, ":")
			if !colon {
				local = m.name
			}
			if s, ok := n.Attrs[local]; ok {
				err = (&Node{Name: local, Text: s}).fill(f)
			}
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8:
			err = n.fillList(&m, f)
		case f.Kind() == reflect.Map:
			err = n.fillMap(&m, f)
		default:
			if c := n.Child(m.name); c != nil {
				err = c.fill(f)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fillList reads items: flattened they are the children of that name, else the children of the one.
func (n *Node) fillList(m *member, f reflect.Value) error {
	var items []*Node
	if m.flat {
		for _, c := range n.Children {
			if c.Name == m.name {
				items = append(items, c)
			}
		}
		if len(items) == 0 {
			return nil
		}
	} else {
		list := n.Child(m.name)
		if list == nil {
			return nil
		}
		items = list.Children
	}
	out := reflect.MakeSlice(f.Type(), len(items), len(items))
	for i, c := range items {
		if err := c.fill(out.Index(i)); err != nil {
			return err
		}
	}
	f.Set(out)
	return nil
}

func (n *Node) fillMap(m *member, f reflect.Value) error {
	var entries []*Node
	if m.flat {
		for _, c := range n.Children {
			if c.Name == m.name {
				entries = append(entries, c)
			}
		}
	} else if c := n.Child(m.name); c != nil {
		entries = c.Children
	}
	if len(entries) == 0 {
		return nil
	}
	out := reflect.MakeMap(f.Type())
	for _, e := range entries {
		k, val := e.Child("key"), e.Child("value")
		if k == nil {
			return &Error{Element: m.name, Want: "a map: an entry has no key"}
		}
		item := reflect.New(f.Type().Elem()).Elem()
		if val != nil {
			if err := val.fill(item); err != nil {
				return err
			}
		}
		out.SetMapIndex(reflect.ValueOf(k.Text).Convert(f.Type().Key()), item)
	}
	f.Set(out)
	return nil
}

func (n *Node) fillScalar(v reflect.Value) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	bad := func(want string) error { return &Error{Element: n.Name, Value: n.Text, Want: want} }
	s := strings.TrimSpace(n.Text)
	if v.Type() == timeType {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return bad("a timestamp")
		}
		v.Set(reflect.ValueOf(t.UTC()))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Text)
	case reflect.Bool:
		x, err := strconv.ParseBool(s)
		if err != nil {
			return bad("a boolean")
		}
		v.SetBool(x)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return bad("an integer")
		}
		v.SetInt(x)
	case reflect.Float32, reflect.Float64:
		x, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil {
			return bad("a number")
		}
		v.SetFloat(x)
	case reflect.Slice:
		x, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return bad("base64")
		}
		v.SetBytes(x)
	default:
		return bad("a " + v.Kind().String())
	}
	return nil
}
