// Package compat renders docs/compat.md from the source: every operation row and the card above its
// method. What stands under "Differs" is the honest part.
package compat

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// operation is one row of a service.
type operation struct {
	name    string
	summary string
	card    map[string]string // field -> text
}

// Render writes the page for the services under root/aws.
func Render(w io.Writer, root string) error {
	dirs, err := os.ReadDir(filepath.Join(root, "aws"))
	if err != nil {
		return err
	}
	fmt.Fprint(w, `# Compatibility

Rendered from the source by `+"`make compat`"+`: every operation that is there, and how it differs from AWS.
An operation that is not listed answers with an error that names it.
`)
	for _, d := range dirs {
		ops, err := operations(filepath.Join(root, "aws", d.Name()))
		if err != nil {
			return err
		}
		if len(ops) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n## %s (%d operations)\n\n| operation | what it does | limits | differs |\n|---|---|---|---|\n", d.Name(), len(ops))
		for _, o := range ops {
			fmt.Fprintf(w, "| %s | %s | %s | %s |\n", o.name, cell(o.summary), cell(o.card["Limits"]), cell(o.card["Differs"]))
		}
	}
	return nil
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// operations finds the rows of a service, by name.
func operations(dir string) ([]operation, error) {
	set := token.NewFileSet()
	docs := map[string]string{} // method -> doc
	rows := map[string]string{} // operation -> method
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil && n.Doc != nil {
					docs[n.Name.Name] = n.Doc.Text()
				}
			case *ast.CallExpr:
				if op, method, ok := row(n); ok {
					rows[op] = method
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []operation
	for name, method := range rows {
		o := operation{name: name}
		o.summary, o.card = read(docs[method])
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b operation) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

// row recognises wire.Op("Name", s.Method).
func row(call *ast.CallExpr) (op, method string, ok bool) {
	fun, isSel := call.Fun.(*ast.SelectorExpr)
	if !isSel || fun.Sel.Name != "Op" || len(call.Args) != 2 {
		return "", "", false
	}
	if pkg, isIdent := fun.X.(*ast.Ident); !isIdent || pkg.Name != "wire" {
		return "", "", false
	}
	name, isLit := call.Args[0].(*ast.BasicLit)
	to, isMethod := call.Args[1].(*ast.SelectorExpr)
	if !isLit || !isMethod {
		return "", "", false
	}
	return strings.Trim(name.Value, `"`), to.Sel.Name, true
}

// read takes a doc comment apart: the first sentence, and the fields of the card.
func read(doc string) (summary string, card map[string]string) {
	card = map[string]string{}
	var prose []string
	field := ""
	for line := range strings.Lines(doc) {
		text := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ")
		switch {
		case !indented:
			field = ""
			if text != "" && len(card) == 0 {
				prose = append(prose, text)
			}
		case field != "" && (strings.HasPrefix(line, "\t         ") || strings.HasPrefix(line, "             ")):
			card[field] += " " + text
		default:
			var rest string
			field, rest, _ = strings.Cut(text, " ")
			card[field] = strings.TrimSpace(rest)
		}
	}
	summary = strings.Join(prose, " ")
	if end := strings.Index(summary, ". "); end > 0 {
		summary = summary[:end+1]
	}
	if _, rest, ok := strings.Cut(summary, " "); ok { // the method's name says nothing new
		summary = rest
	}
	return summary, card
}
