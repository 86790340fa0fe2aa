package awsxml

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type (
	all struct {
		XMLName struct{} `xml:"AllResult"`
		S       string
		Named   string `xml:"other"`
		JSON    string `json:"fromJSON"`
		B       bool
		N       int32
		NP      *int64
		F       float64
		Blob    []byte
		T       time.Time
		Epoch   time.Time `timestamp:"epoch"`
		L       []string
		Items   []item `xml:"Items>Item"`
		Flat    []item `xml:"Flat,flattened"`
		M       map[string]string
		Inner   item
		Ptr     *item
		Grantee *grantee
		Bound   string `in:"header"`
		Off     string `xml:"-"`
	}
	item    struct{ Key, Value string }
	grantee struct {
		Type string `xml:"xsi:type,attr"`
		ID   string
	}
	text struct {
		XMLName struct{} `xml:"LocationConstraint"`
		Value   string   `xml:",chardata"`
	}
)

var at = time.UnixMilli(1459799926480).UTC()

func TestRoundTrip(t *testing.T) {
	n := int64(0)
	for _, c := range []struct {
		v    all
		want string
	}{
		{all{}, `<R><B>false</B><N>0</N><F>0</F><Inner></Inner></R>`},
		{all{S: "<a & \"b\"> é\r\n\t", Named: "o", JSON: "j", B: true, N: -1, NP: &n, F: 0.5, Blob: []byte("hi"), T: at},
			"<R><S>&lt;a &amp; &quot;b&quot;&gt; é&#13;\n\t</S><other>o</other><fromJSON>j</fromJSON><B>true</B><N>-1</N><NP>0</NP><F>0.5</F><Blob>aGk=</Blob>" +
				`<T>2016-04-04T19:58:46.480Z</T><Inner></Inner></R>`},
		{all{L: []string{"a", ""}, Items: []item{{"k", "v"}}, Flat: []item{{"1", ""}, {"2", ""}}, M: map[string]string{"b": "2", "a": "1"}, Ptr: &item{"p", ""}},
			`<R><B>false</B><N>0</N><F>0</F><L><member>a</member><member></member></L><Items><Item><Key>k</Key><Value>v</Value></Item></Items>` +
				`<Flat><Key>1</Key></Flat><Flat><Key>2</Key></Flat><M><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></M>` +
				`<Inner></Inner><Ptr><Key>p</Key></Ptr></R>`},
		{all{L: []string{}, Grantee: &grantee{"CanonicalUser", "me"}},
			`<R><B>false</B><N>0</N><F>0</F><L></L><Inner></Inner><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>me</ID></Grantee></R>`},
	} {
		got := string(Append(nil, &c.v, "R", ""))
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		tree, err := Parse([]byte(got))
		if err != nil {
			t.Fatal(err)
		}
		var back all
		if err := tree.Fill(&back); err != nil {
			t.Error(err)
		} else if d := cmp.Diff(c.v, back); d != "" {
			t.Error(d)
		}
	}
	if got := string(Append(nil, all{Epoch: at, Bound: "no", Off: "no"}, "R", "urn:x&y")); got != `<R xmlns="urn:x&amp;y"><B>false</B><N>0</N><F>0</F><Epoch>1459799926</Epoch><Inner></Inner></R>` {
		t.Error(got)
	}
	if got := string(Append(nil, &text{Value: "eu-west-1"}, "LocationConstraint", "")); got != "<LocationConstraint>eu-west-1</LocationConstraint>" {
		t.Error(got)
	}
}

func TestParse(t *testing.T) {
	tree, err := Parse([]byte(`<?xml version="1.0"?><!-- c --><D xmlns="urn:x"> <Quiet>true</Quiet> <Object><Key>a<!-- x -->b</Key></Object><Object/></D> `))
	if err != nil {
		t.Fatal(err)
	}
	if k := tree.Child("Object").Child("Key").Text; k != "ab" || tree.Text != "" {
		t.Errorf("got key %q, text %q", k, tree.Text)
	}
	if d := cmp.Diff([]string{"object"}, tree.Present()); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%.20q was taken", bad)
		}
	}
}

func TestFillRefuses(t *testing.T) {
	for _, bad := range []string{"<R><N>x</N></R>", "<R><N>3000000000</N></R>", "<R><B>yes</B></R>", "<R><F>x</F></R>", "<R><Blob>!</Blob></R>",
		"<R><T>yesterday</T></R>", "<R><M><entry><value>1</value></entry></M></R>"} {
		tree, err := Parse([]byte(bad))
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Fill(new(all)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

// Whatever the text, the reply is a document and gives it back as far as XML can hold it.
func FuzzText(f *testing.F) {
	f.Add("a<b>&\"\r\n\x00\uffff")
	f.Fuzz(func(t *testing.T, s string) {
		doc := Append(nil, &item{Key: s}, "R", s)
		d := xml.NewDecoder(strings.NewReader(string(doc)))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%q: %v", doc, err)
			}
		}
	})
}

// No document panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<R a="b"><S>x</S><L><member/></L><M><entry><key>a</key></entry></M></R>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if tree, err := Parse(doc); err == nil {
			_ = tree.Fill(new(all))
			_ = tree.Present()
		}
	})
}
