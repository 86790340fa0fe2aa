package athena

import (
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
	"github.com/hydrant-stream/hydrant/aws/athena/lex"
	"github.com/hydrant-stream/hydrant/aws/athena/trino"
)

// statement is a text whose kind is known from its first word. The rest is read when it runs, so that
// what is wrong with it is told by the execution.
type statement struct {
	text      string // without a semicolon at its end
	first     string // in upper case
	kind, sub string
	// written: it is a query of Trino's dialect whose rows go elsewhere (trino.Definition).
	written bool
}

// asks are the words a query begins with, defines those of Hive's statements.
var (
	asks    = map[string]bool{"SELECT": true, "WITH": true, "VALUES": true, "TABLE": true, "(": true}
	defines = map[string]string{"CREATE": "DDL", "DROP": "DDL", "ALTER": "DDL", "MSCK": "DDL", "SHOW": "UTILITY", "DESCRIBE": "UTILITY", "DESC": "UTILITY"}
	// written are the words a query whose rows go elsewhere begins with, or may begin with.
	written = map[string]bool{"CREATE": true, "INSERT": true, "UNLOAD": true}
	// later are statements of Athena that are not served here.
	later = map[string]bool{"MERGE": true, "UPDATE": true, "DELETE": true, "OPTIMIZE": true, "VACUUM": true,
		"PREPARE": true, "DEALLOCATE": true, "USING": true, "ANALYZE": true}
	// never are statements of the dialects that Athena does not run.
	never = map[string]bool{"BEGIN": true, "START": true, "COMMIT": true, "ROLLBACK": true, "GRANT": true, "REVOKE": true, "CALL": true, "USE": true,
		"SET": true, "RESET": true, "LOAD": true, "IMPORT": true, "EXPORT": true, "LOCK": true, "UNLOCK": true, "TRUNCATE": true, "DENY": true}
)

// readStatement tells what a text asks for, or why it is none of Athena's statements.
func readStatement(text string) (statement, error) {
	first := lex.First(text)
	word := strings.ToUpper(first.Raw)
	s := statement{first: word}
	dialect := lex.Trino
	switch {
	case asks[word]:
		s.kind, s.sub = "DML", "SELECT"
	case word == "EXECUTE":
		s.kind, s.sub = "DML", "EXECUTE"
	case word == "EXPLAIN":
		s.kind, s.sub = "UTILITY", "EXPLAIN"
	case written[word] && trino.DefinitionOf(text) != "":
		s.sub, s.written = trino.DefinitionOf(text), true
		if s.kind = "DDL"; word != "CREATE" {
			s.kind = "DML"
		}
	case defines[word] != "":
		s.kind, dialect = defines[word], lex.Hive
	case later[word]:
		return s, invalid("INVALID_INPUT", "Queries of this type are not supported here: %s", word)
	case never[word]:
		return s, invalid("INVALID_INPUT", "Queries of this type are not supported")
	case word == "":
		return s, invalid("MALFORMED_QUERY", "line 1:1: mismatched input '<EOF>'. Expecting: a statement")
	default:
		return s, invalid("MALFORMED_QUERY", "line %d:%d: mismatched input '%s'. Expecting: 'ALTER', 'CREATE', 'DESC', 'DESCRIBE', 'DROP', "+
			"'EXECUTE', 'EXPLAIN', 'INSERT', 'MSCK', 'SELECT', 'SHOW', 'TABLE', 'UNLOAD', 'VALUES', 'WITH'", first.Line, first.Col, first.Raw)
	}
	s.text = text
	tokens, err := lex.Scan(text, dialect)
	if err != nil {
		return s, nil // the execution will say so
	}
	for i, t := range tokens {
		if !t.Is(";") {
			continue
		}
		if tokens[i+1].Kind != lex.End {
			return s, invalid("MALFORMED_QUERY", "Only one sql statement is allowed. Got: %s", text)
		}
		s.text = text[:t.At]
		break
	}
	return s, nil
}

// subOf is the finer name of a statement of Hive's dialect; of one that does not parse, its first word.
func subOf(text, first string) string {
	d, err := ddl.Parse(text)
	if err != nil {
		return first
	}
	_, sub := d.Kind()
	return sub
}
