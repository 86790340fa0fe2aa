package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hydrant-stream/hydrant/query"
)

// table is the answer to a query, as JSON and on a terminal: every value as text, null as null.
type table struct {
	Columns []tableColumn `json:"columns"`
	Rows    [][]*string   `json:"rows"`
}

type tableColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func newTable(r *query.Result) table {
	t := table{Columns: []tableColumn{}, Rows: [][]*string{}}
	for _, c := range r.Columns {
		t.Columns = append(t.Columns, tableColumn{c.Name, c.Type})
	}
	for _, row := range r.Rows {
		cells := make([]*string, len(row))
		for i, v := range row {
			if v != nil {
				s := cell(v)
				cells[i] = &s
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// cell is a value as one writes it in SQL's text forms.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return fmt.Sprintf("%x", v)
	case time.Time:
		return strings.TrimSuffix(v.UTC().Format("2006-01-02 15:04:05.999999"), " 00:00:00")
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case *big.Int:
		return v.String()
	case fmt.Stringer:
		return v.String()
	case map[string]any, []any:
		if b, err := json.Marshal(v); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(v)
}

// print writes the table for a person.
func (t *table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for i, c := range t.Columns {
		sep := "\t"
		if i == len(t.Columns)-1 {
			sep = "\n"
		}
		fmt.Fprint(tw, c.Name, sep)
	}
	for _, row := range t.Rows {
		for i, v := range row {
			s, sep := "NULL", "\t"
			if v != nil {
				s = *v
			}
			if i == len(row)-1 {
				sep = "\n"
			}
			fmt.Fprint(tw, s, sep)
		}
	}
	return tw.Flush()
}

type queryCmd struct {
	remote `embed:""`
	SQL    string `arg:"" name:"sql" help:"One SELECT, in DuckDB's dialect. Tables are DATABASE.TABLE, as Glue names them."`
	JSON   bool   `help:"Print JSON instead of a table."`
}

// Run asks the lake and prints the answer.
func (c *queryCmd) Run(ctx context.Context) error {
	t, err := c.ask(ctx, c.SQL)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(t)
	}
	return t.print(os.Stdout)
}

func (r *remote) ask(ctx context.Context, sql string) (t table, err error) {
	err = r.call(ctx, http.MethodPost, "/_hydrant/query", map[string]string{"sql": sql}, &t)
	return t, err
}
