package awsquery

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type in struct {
	Name  string
	Count *int
	Tags  []tag
	Flat  []string `xml:",flattened"`
	Empty []string
	Attrs map[string]string
	Deep  struct{ Rules []rule }
}

type (
	tag  struct{ Key, Value string }
	rule struct{ Ports []int }
)

func TestTree(t *testing.T) {
	form, err := url.ParseQuery("Action=X&Name=a+b&Count=3&Tags.member.10.Key=k10&Tags.member.2.Key=k2&Tags.member.2.Value=v%262&Tags.member.1.Key=k1" +
		"&Flat.2=two&Flat.1=one&Empty=&Attrs.entry.1.key=x&Attrs.entry.1.value=1&Attrs.entry.2.key=y" +
		"&Deep.Rules.member.1.Ports.member.1=80&Deep.Rules.member.1.Ports.member.2=443&Unknown.a.b=c&Name.x=y")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Tree(form)
	if err != nil {
		t.Fatal(err)
	}
	var got in
	if err := tree.Fill(&got); err != nil {
		t.Fatal(err)
	}
	three := 3
	want := in{Name: "a b", Count: &three, Tags: []tag{{"k1", ""}, {"k2", "v&2"}, {"k10", ""}}, Flat: []string{"one", "two"}, Empty: []string{},
		Attrs: map[string]string{"x": "1", "y": ""}}
	want.Deep.Rules = []rule{{[]int{80, 443}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTreeRefuses(t *testing.T) {
	if _, err := Tree(url.Values{strings.Repeat("a.", 100): {"x"}}); err == nil {
		t.Error("a deep name was taken")
	}
}

func FuzzTree(f *testing.F) {
	f.Add("Tags.member.1.Key=a&Tags.member=b&Tags=c&Flat.1=x&Flat.1.2=y&..=z&Attrs.entry.1=1")
	f.Fuzz(func(t *testing.T, s string) {
		form, _ := url.ParseQuery(s)
		tree, err := Tree(form)
		if err != nil {
			return
		}
		var first, second in
		err = tree.Fill(&first)
		tree, _ = Tree(form)
		if err2 := tree.Fill(&second); err == nil && (err2 != nil || !cmp.Equal(first, second)) {
			t.Errorf("the same form twice: %+v, %+v, %v", first, second, err2)
		}
	})
}
