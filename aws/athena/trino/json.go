package trino

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// quoted is a member in brackets, which DuckDB's paths have behind a dot.
var quoted = regexp.MustCompile(`\[(?:"([^"\]]*)"|'([^'\]]*)')\]`)

// jsonAt is a function of a document and a path.
func jsonAt(pattern string) function {
	write := like(pattern)
	return func(c *call) (string, error) {
		if len(c.args) == 2 && len(c.args[1]) == 1 && c.args[1][0].Kind == lex.Text {
			c.sql[1] = quote(quoted.ReplaceAllString(c.args[1][0].Value, `."$1$2"`))
		}
		return write(c)
	}
}

// jsonPath is a function of SQL's JSON with a path in lax mode and no further clauses.
func jsonPath(pattern string) function {
	return func(c *call) (string, error) {
		if len(c.args) != 2 {
			return "", c.arity()
		}
		path, err := c.literal(1)
		if err != nil {
			return "", wrong("NOT_SUPPORTED", c.name.Token, "clauses of %s are not supported here", strings.ToLower(c.name.Raw))
		}
		mode, rest, ok := strings.Cut(strings.TrimSpace(path), " ")
		if !ok || !strings.EqualFold(mode, "lax") || strings.ContainsAny(rest, "?@*()") {
			return "", wrong("NOT_SUPPORTED", c.name.Token, "path '%s' is not supported here; paths like 'lax $.a[0]' are", path)
		}
		return fmt.Sprintf(pattern, c.sql[0], quote(strings.TrimSpace(rest))), nil
	}
}
