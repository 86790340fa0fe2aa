package glue

import (
	"context"
	"iter"
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// What the rest of the house asks the catalog.

// Columns answers the data columns of a table, without its partition keys, and the version they
// are of. An empty version or "LATEST" is the current one. A table, database or version that is
// not there is an EntityNotFoundException.
func (s *Service) Columns(_ context.Context, scope hydrant.Scope, database, table, version string) ([]hydrant.Column, string, error) {
	c := catalog{s.journal, scope.Or()}
	t, err := c.version(strings.ToLower(database), strings.ToLower(table), version)
	if err != nil {
		return nil, "", err
	}
	if t.StorageDescriptor == nil {
		return nil, t.VersionId, nil
	}
	return columns(t.StorageDescriptor.Columns), t.VersionId, nil
}

func columns(of []Column) []hydrant.Column {
	out := make([]hydrant.Column, len(of))
	for i, c := range of {
		out[i] = hydrant.Column{Name: c.Name, Type: c.Type}
	}
	return out
}

// TableInfo is what a reader of the lake must know of a table.
type TableInfo struct {
	Database, Name  string
	Columns         []hydrant.Column // data columns, without the partition keys
	PartitionKeys   []hydrant.Column
	Location        string // s3://bucket/prefix/
	InputFormat     string
	SerDe           string // class name
	SerDeParameters map[string]string
	Parameters      map[string]string // TBLPROPERTIES
	TableType       string
	View            string // ViewOriginalText of a VIRTUAL_VIEW
}

// PartitionInfo is one partition and where its objects lie.
type PartitionInfo struct {
	Values   []string // in the order of the table's partition keys
	Location string
}

// Tables walks all tables of a scope by database and name. It ends with an error where the journal
// holds what cannot be read.
func (s *Service) Tables(scope hydrant.Scope) iter.Seq2[TableInfo, error] {
	c := catalog{s.journal, scope.Or()}
	return func(yield func(TableInfo, error) bool) {
		s.journal.Range(c.key("table")+"/", func(key string, value []byte) bool {
			t, err := decode[storedTable](key, value)
			if err != nil {
				yield(TableInfo{}, err)
				return false
			}
			return yield(info(&t.Table), nil)
		})
	}
}

func info(t *Table) TableInfo {
	i := TableInfo{
		Database: t.DatabaseName, Name: t.Name, PartitionKeys: columns(t.PartitionKeys),
		Parameters: t.Parameters, TableType: t.TableType, View: t.ViewOriginalText,
	}
	if sd := t.StorageDescriptor; sd != nil {
		i.Columns, i.Location, i.InputFormat = columns(sd.Columns), sd.Location, sd.InputFormat
		if sd.SerdeInfo != nil {
			i.SerDe, i.SerDeParameters = sd.SerdeInfo.SerializationLibrary, sd.SerdeInfo.Parameters
		}
	}
	return i
}

// Partitions lists the partitions of a table by their values. A table that is not there has none.
func (s *Service) Partitions(scope hydrant.Scope, database, table string) (list []PartitionInfo, err error) {
	c := catalog{s.journal, scope.Or()}
	s.journal.Range(c.partitionPrefix(strings.ToLower(database), strings.ToLower(table)), func(key string, value []byte) bool {
		var p Partition
		if p, err = decode[Partition](key, value); err != nil {
			return false
		}
		i := PartitionInfo{Values: p.Values}
		if p.StorageDescriptor != nil {
			i.Location = p.StorageDescriptor.Location
		}
		list = append(list, i)
		return true
	})
	return list, err
}
