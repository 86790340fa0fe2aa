package rest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Error says which member could not be read.
type Error struct {
	Member, Value, Want string
}

func (e *Error) Error() string {
	return fmt.Sprintf("the value '%s' of %s is not %s", e.Value, e.Member, e.Want)
}

var timeType = reflect.TypeFor[time.Time]()

// set reads s into v, making pointers on the way.
func (b *binding) set(v reflect.Value, s string) error {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	bad := func(want string) error { return &Error{Member: b.name, Value: s, Want: want} }
	if v.Type() == timeType {
		t, ok := parseTime(s)
		if !ok {
			return bad("a timestamp")
		}
		v.Set(reflect.ValueOf(t))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
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
		if v.Type().Elem().Kind() == reflect.Uint8 {
			x, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				return bad("base64")
			}
			v.SetBytes(x)
			return nil
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := b.set(item, s); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
	default:
		return bad("a " + v.Kind().String())
	}
	return nil
}

// parseTime takes any of the forms SDKs send in headers and queries.
func parseTime(s string) (time.Time, bool) {
	if t, err := http.ParseTime(s); err == nil {
		return t.UTC(), true
	}
	for _, form := range []string{time.RFC3339Nano, "20060102T150405Z", "Mon, 2 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > -1e12 && f < 1e12 {
		return time.UnixMilli(int64(f * 1000)).UTC(), true
	}
	return time.Time{}, false
}

// text is v as a header carries it; ok is false for what is absent.
func (b *binding) text(v reflect.Value) (s string, ok bool) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", false
		}
		v = v.Elem()
	}
	if t, is := v.Interface().(time.Time); is {
		if t.IsZero() {
			return "", false
		}
		switch b.timestamp {
		case "iso8601":
			return t.UTC().Format("2006-01-02T15:04:05.000Z"), true
		case "epoch":
			return strconv.FormatInt(t.Unix(), 10), true
		default:
			return t.UTC().Format(http.TimeFormat), true
		}
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), v.Len() > 0
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return base64.StdEncoding.EncodeToString(v.Bytes()), !v.IsNil()
		}
		parts := make([]string, 0, v.Len())
		for i := range v.Len() {
			if s, ok := b.text(v.Index(i)); ok {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, ", "), len(parts) > 0
	default:
		return fmt.Sprint(v.Interface()), true
	}
}
