// Package awsxml is the XML of AWS's protocols: trees into structs and structs into elements.
//
// A tree comes from an XML document (Parse) or from a form (package awsquery): both say the same
// things in different letters. Member names and the xml tag's words are those of package wire.
package awsxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Node is an element.
type Node struct {
	Name     string
	Text     string
	Attrs    map[string]string // by local name
	Children []*Node
	index    map[string]*Node // of forms, while they are read
}

// Child is the first child of that name, or nil.
func (n *Node) Child(name string) *Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Make is the child of that name, made if need be. It serves readers that name a place by its path.
func (n *Node) Make(name string) *Node {
	if c, ok := n.index[name]; ok {
		return c
	}
	if n.index == nil {
		n.index = map[string]*Node{}
	}
	c := &Node{Name: name}
	n.index[name] = c
	n.Children = append(n.Children, c)
	return c
}

// maxDepth is how deep a document may nest.
const maxDepth = 64

// Parse reads a document, whatever its root is called. Namespaces are not looked at.
func Parse(doc []byte) (*Node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var root *Node
	var open []*Node
	var texts [][]byte // of the open elements
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if root == nil || len(open) > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("awsxml: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := &Node{Name: t.Name.Local}
			for _, a := range t.Attr {
				if n.Attrs == nil {
					n.Attrs = map[string]string{}
				}
				n.Attrs[a.Name.Local] = a.Value
			}
			switch {
			case len(open) > 0:
				up := open[len(open)-1]
				up.Children = append(up.Children, n)
			case root == nil:
				root = n
			default:
				return nil, errors.New("awsxml: two root elements")
			}
			texts = append(texts, nil)
			if open = append(open, n); len(open) > maxDepth {
				return nil, errors.New("awsxml: nested too deep")
			}
		case xml.EndElement:
			n := open[len(open)-1]
			if n.Text = string(texts[len(open)-1]); len(n.Children) > 0 {
				n.Text = strings.TrimSpace(n.Text)
			}
			open, texts = open[:len(open)-1], texts[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				texts[len(open)-1] = append(texts[len(open)-1], t...)
			}
		}
	}
}

// Present lists the elements that are there and empty, by path in the words of validation
// ("tags.1.member.key").
func (n *Node) Present() []string {
	var paths []string
	n.present(nil, &paths)
	return paths
}

func (n *Node) present(at []string, paths *[]string) {
	if len(n.Children) == 0 && n.Text == "" && len(at) > 0 {
		*paths = append(*paths, strings.Join(at, "."))
		return
	}
	items := map[string]int{}
	for _, c := range n.Children {
		step := lowerFirst(c.Name)
		if _, err := strconv.Atoi(c.Name); err == nil || c.Name == "member" {
			items[""]++
			step = strconv.Itoa(items[""]) + ".member"
		}
		c.present(append(at, step), paths)
	}
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
