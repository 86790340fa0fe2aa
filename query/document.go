//go:build cgo

package query

import (
	"fmt"
	"strings"
)

// asTexts has the columns of a statement that are JSON come as the texts they are, and tells which those
// are. The bindings would read each into Go values, and lose digits of long numbers, the order of
// members and what tells a text from a name.
func (db *database) asTexts(statement string) (string, map[int]bool, error) {
	if !strings.Contains(strings.ToLower(statement), "json") || explainPrefix.MatchString(statement) {
		return statement, nil, nil
	}
	rows, err := db.conn.QueryContext(db.ctx, "SELECT column_name, column_type FROM (DESCRIBE "+statement+")")
	if err != nil {
		return "", nil, db.explain(err)
	}
	defer rows.Close()
	documents := map[int]bool{}
	var items, names []string
	for i := 0; rows.Next(); i++ {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return "", nil, db.explain(err)
		}
		item := fmt.Sprintf("c%d", i)
		names = append(names, item)
		if typ == "JSON" {
			documents[i] = true
			item = "CAST(" + item + " AS VARCHAR)"
		}
		items = append(items, item+" AS "+ident(name))
	}
	if err := rows.Err(); err != nil || len(documents) == 0 {
		return statement, nil, err
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM (" + statement + "\n) AS t (" + strings.Join(names, ", ") + ")", documents, nil
}
