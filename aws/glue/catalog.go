package glue

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// catalog reads and names the entries of one account and Region in the journal.
//
//	glue/<account>/<region>/database/<database>                       Database
//	glue/<account>/<region>/tags/<database>                           its tags by key, where it has any
//	glue/<account>/<region>/table/<database>/<table>                  storedTable, the current version
//	glue/<account>/<region>/version/<database>/<table>/<20 digits>    Table, an archived version
//	glue/<account>/<region>/partition/<database>/<table>/<v1>/<v2>    Partition
//
// Names and values are path-escaped, so that a slash in one cannot reach into another's subtree.
type catalog struct {
	journal journal.Journal
	scope   hydrant.Scope
}

// storedTable is a table with what its readers do not see in it.
type storedTable struct {
	Table   Table
	Indexes []PartitionIndex `json:",omitempty"`
}

func (c catalog) key(kind string, names ...string) string {
	var b strings.Builder
	b.WriteString("glue/" + c.scope.Account + "/" + c.scope.Region + "/" + kind)
	for _, n := range names {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(n))
	}
	return b.String()
}

func (c catalog) databaseKey(db string) string          { return c.key("database", db) }
func (c catalog) tagsKey(db string) string              { return c.key("tags", db) }
func (c catalog) tableKey(db, table string) string      { return c.key("table", db, table) }
func (c catalog) tablePrefix(db string) string          { return c.key("table", db) + "/" }
func (c catalog) versionPrefix(db, table string) string { return c.key("version", db, table) + "/" }
func (c catalog) versionKey(db, table string, v uint64) string {
	return c.versionPrefix(db, table) + fmt.Sprintf("%020d", v)
}

func (c catalog) partitionPrefix(db, table string) string {
	return c.key("partition", db, table) + "/"
}

func (c catalog) partitionKey(db, table string, values []string) string {
	return c.key("partition", append([]string{db, table}, values...)...)
}

func (c catalog) database(name string) (Database, error) {
	d, ok, err := journal.Load[Database](c.journal, c.databaseKey(name))
	if err == nil && !ok {
		err = notFound("Database %s not found.", name)
	}
	return d, err
}

// table finds the current version. A missing database is reported as such.
func (c catalog) table(db, name string) (storedTable, error) {
	t, ok, err := journal.Load[storedTable](c.journal, c.tableKey(db, name))
	if err != nil || ok {
		return t, err
	}
	if _, err := c.database(db); err != nil {
		return t, err
	}
	return t, notFound("Table %s not found.", name)
}

// version finds a version, the current one included.
func (c catalog) version(db, table, id string) (Table, error) {
	current, err := c.table(db, table)
	if err != nil {
		return Table{}, err
	}
	if id == "" || strings.EqualFold(id, "LATEST") || id == current.Table.VersionId {
		return current.Table, nil
	}
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil {
		return Table{}, invalid("Version id %s is not a number.", id)
	}
	t, ok, err := journal.Load[Table](c.journal, c.versionKey(db, table, n))
	if err == nil && !ok {
		err = notFound("Version not found.")
	}
	return t, err
}

func (c catalog) partition(db, table string, values []string) (Partition, error) {
	p, ok, err := journal.Load[Partition](c.journal, c.partitionKey(db, table, values))
	if err == nil && !ok {
		err = notFound("Cannot find partition.")
	}
	return p, err
}

// unsetAll is the change that empties a subtree.
func (c catalog) unsetAll(prefix string) (changes []journal.Change) {
	c.journal.Range(prefix, func(key string, _ []byte) bool {
		changes = append(changes, journal.Unset(key))
		return true
	})
	return changes
}

// forget is the change that removes a table with its versions and partitions.
func (c catalog) forget(db, table string) []journal.Change {
	changes := []journal.Change{journal.Unset(c.tableKey(db, table))}
	changes = append(changes, c.unsetAll(c.versionPrefix(db, table))...)
	return append(changes, c.unsetAll(c.partitionPrefix(db, table))...)
}

// decode reads a journal value met in a Range.
func decode[T any](key string, value []byte) (v T, err error) {
	if err := json.Unmarshal(value, &v); err != nil {
		return v, fmt.Errorf("journal value of %s: %w", key, err)
	}
	return v, nil
}
