package iam

import (
	"encoding/base64"
	"slices"
)

// Paging is what lists ask for and say, apart from the list.
type (
	PageIn struct {
		Marker   string
		MaxItems *int `min:"1" max:"1000"`
	}
	PageOut struct {
		IsTruncated bool
		Marker      string
	}
)

// page cuts a list that is in order of name. A marker is the last name shown, so that a listing goes
// on behind it whatever came or went meanwhile.
func page[T any](list []T, name func(T) string, in PageIn) ([]T, PageOut, error) {
	if in.Marker != "" {
		after, err := base64.URLEncoding.DecodeString(in.Marker)
		if err != nil || len(after) == 0 {
			return nil, PageOut{}, invalid("Invalid Marker.")
		}
		from := slices.IndexFunc(list, func(v T) bool { return name(v) > string(after) })
		if from < 0 {
			from = len(list)
		}
		list = list[from:]
	}
	most := defaultPage
	if in.MaxItems != nil {
		most = *in.MaxItems
	}
	if len(list) <= most {
		return nonNil(list), PageOut{}, nil
	}
	last := name(list[most-1])
	return list[:most], PageOut{IsTruncated: true, Marker: base64.URLEncoding.EncodeToString([]byte(last))}, nil
}

// nonNil: an empty list is written, a missing one is not.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
