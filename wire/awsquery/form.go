// Package awsquery reads the forms of AWS's query protocol: flat names such as
// Tags.member.1.Key=team stand for a tree.
package awsquery

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/wire/awsxml"
)

const (
	maxDepth = 32
	maxNames = 20_000
)

// Tree makes a tree of a form. Lists ("L.member.1", or "L.1" where flattened) become a node of the
// list's name with its items in order of their numbers; a flattened one is repeated nodes of that name
// as well, so that both spellings find what they look for.
func Tree(form url.Values) (*awsxml.Node, error) {
	if len(form) > maxNames {
		return nil, errors.New("awsquery: too many parameters")
	}
	root := &awsxml.Node{}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names) // so that a form means the same every time
	for _, name := range names {
		n := root
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth {
			return nil, errors.New("awsquery: " + name + " is nested too deep")
		}
		for _, p := range parts {
			n = n.Make(p)
		}
		if v := form[name]; len(v) > 0 {
			n.Text = v[0]
		}
	}
	settle(root)
	return root, nil
}

// settle turns numbered children into items.
func settle(n *awsxml.Node) {
	var flat []*awsxml.Node
	for _, c := range n.Children {
		settle(c)
		if len(c.Children) == 1 && (c.Children[0].Name == "member" || c.Children[0].Name == "entry") && isNumbered(c.Children[0]) {
			c.Children = inOrder(c.Children[0].Children)
			continue
		}
		if isNumbered(c) && c.Name != "member" && c.Name != "entry" {
			c.Children = inOrder(c.Children)
			for _, item := range c.Children {
				flat = append(flat, &awsxml.Node{Name: c.Name, Text: item.Text, Children: item.Children})
			}
		}
	}
	if flat != nil {
		n.Children = append(flat, dropFlattened(n.Children, flat)...)
	}
}

// dropFlattened removes the nodes that flat stands for.
func dropFlattened(children, flat []*awsxml.Node) []*awsxml.Node {
	return slices.DeleteFunc(children, func(c *awsxml.Node) bool {
		return isNumbered(c) && slices.ContainsFunc(flat, func(f *awsxml.Node) bool { return f.Name == c.Name })
	})
}

func isNumbered(n *awsxml.Node) bool {
	for _, c := range n.Children {
		if _, err := strconv.ParseUint(c.Name, 10, 31); err != nil {
			return false
		}
	}
	return len(n.Children) > 0
}

func inOrder(items []*awsxml.Node) []*awsxml.Node {
	slices.SortFunc(items, func(a, b *awsxml.Node) int { return cmp.Compare(number(a), number(b)) })
	return items
}

func number(n *awsxml.Node) uint64 {
	v, _ := strconv.ParseUint(n.Name, 10, 31)
	return v
}
