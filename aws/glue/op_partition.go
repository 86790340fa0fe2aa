package glue

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/store/journal"
)

type CreatePartitionIn struct {
	CatalogId      string          `min:"1" max:"255"`
	DatabaseName   string          `required:"" min:"1" max:"255"`
	TableName      string          `required:"" min:"1" max:"255"`
	PartitionInput *PartitionInput `required:""`
}

// CreatePartition adds one partition to a table.
//
//	Wire     AWSGlue.CreatePartition over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestPartitions
func (s *Service) CreatePartition(ctx context.Context, in *CreatePartitionIn) (*Empty, error) {
	out, err := s.BatchCreatePartition(ctx, &BatchCreatePartitionIn{
		CatalogId: in.CatalogId, DatabaseName: in.DatabaseName, TableName: in.TableName,
		PartitionInputList: []PartitionInput{*in.PartitionInput},
	})
	if err != nil {
		return nil, err
	}
	if len(out.Errors) > 0 {
		return nil, exists("Partition")
	}
	return &Empty{}, nil
}

type BatchCreatePartitionIn struct {
	CatalogId          string           `min:"1" max:"255"`
	DatabaseName       string           `required:"" min:"1" max:"255"`
	TableName          string           `required:"" min:"1" max:"255"`
	PartitionInputList []PartitionInput `required:"" max:"100"`
}

type PartitionError struct {
	PartitionValues []string
	ErrorDetail     *ErrorDetail
}

type BatchCreatePartitionOut struct{ Errors []PartitionError }

// BatchCreatePartition adds partitions to a table.
//
//	Wire     AWSGlue.BatchCreatePartition over json 1.1
//	Partial  a partition that exists is listed in Errors, the others are made; one with the wrong
//	         number of values fails the call, and nothing is made
//	Durable  in the journal before the reply, all together
//	Proof    TestPartitions
func (s *Service) BatchCreatePartition(ctx context.Context, in *BatchCreatePartitionIn) (*BatchCreatePartitionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	s.writing.Lock()
	defer s.writing.Unlock()
	t, err := c.table(db, table)
	if err != nil {
		return nil, err
	}
	for i := range in.PartitionInputList {
		if err := fitValues(t, in.PartitionInputList[i].Values); err != nil {
			return nil, err
		}
	}
	out := &BatchCreatePartitionOut{}
	var changes []journal.Change
	made := map[string]bool{}
	for i := range in.PartitionInputList {
		p := c.partitionOf(db, table, &in.PartitionInputList[i])
		key := c.partitionKey(db, table, p.Values)
		if _, ok := s.journal.Get(key); ok || made[key] {
			out.Errors = append(out.Errors, PartitionError{p.Values, detail(exists("Partition"))})
			continue
		}
		made[key] = true
		changes = append(changes, journal.Set(key, p))
	}
	if len(changes) == 0 {
		return out, nil
	}
	return out, s.journal.Commit(ctx, changes...)
}

func fitValues(t storedTable, values []string) error {
	if len(values) != len(t.Table.PartitionKeys) || len(values) == 0 {
		return invalid("The number of partition keys do not match the number of partition values")
	}
	return nil
}

func (c catalog) partitionOf(db, table string, in *PartitionInput) Partition {
	return Partition{
		Values:            in.Values,
		DatabaseName:      db,
		TableName:         table,
		CreationTime:      now(),
		LastAccessTime:    in.LastAccessTime,
		StorageDescriptor: fold(in.StorageDescriptor),
		Parameters:        in.Parameters,
		LastAnalyzedTime:  in.LastAnalyzedTime,
		CatalogId:         c.scope.Account,
	}
}

type GetPartitionIn struct {
	CatalogId       string   `min:"1" max:"255"`
	DatabaseName    string   `required:"" min:"1" max:"255"`
	TableName       string   `required:"" min:"1" max:"255"`
	PartitionValues []string `required:""`
}

type GetPartitionOut struct{ Partition *Partition }

// GetPartition answers one partition.
//
//	Wire     AWSGlue.GetPartition over json 1.1
//	Proof    TestPartitions
func (s *Service) GetPartition(ctx context.Context, in *GetPartitionIn) (*GetPartitionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	if _, err := c.table(db, table); err != nil {
		return nil, err
	}
	p, err := c.partition(db, table, in.PartitionValues)
	if err != nil {
		return nil, err
	}
	return &GetPartitionOut{&p}, nil
}

// Segment is one of several readers that share the partitions of a table.
type Segment struct {
	SegmentNumber *int `required:"" min:"0"`
	TotalSegments *int `required:"" min:"1" max:"10"`
}

type GetPartitionsIn struct {
	CatalogId           string `min:"1" max:"255"`
	DatabaseName        string `required:"" min:"1" max:"255"`
	TableName           string `required:"" min:"1" max:"255"`
	Expression          string `max:"2048"`
	NextToken           string
	Segment             *Segment
	MaxResults          *int `min:"1" max:"1000"`
	ExcludeColumnSchema *bool
}

type GetPartitionsOut struct {
	Partitions []Partition
	NextToken  string
}

// GetPartitions lists the partitions that Expression (filter.go) accepts.
//
//	Wire     AWSGlue.GetPartitions over json 1.1
//	Limits   maxPartitions (limits.go)
//	Order    by values; a page that holds anything carries a NextToken, the last one too
//	Differs  QueryAsOfTime is ignored
//	Proof    TestPartitions, TestFilter
func (s *Service) GetPartitions(ctx context.Context, in *GetPartitionsIn) (*GetPartitionsOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	t, err := c.table(db, table)
	if err != nil {
		return nil, err
	}
	accept, err := parseFilter(in.Expression, t.Table.PartitionKeys)
	if err != nil {
		return nil, err
	}
	prefix := c.partitionPrefix(db, table)
	var last string
	found, next, err := page(c, prefix, in.NextToken, pageSize(in.MaxResults, maxPartitions),
		func(key string, p *Partition) (bool, error) {
			if !in.Segment.holds(key) || !accept(p.Values) {
				return false, nil
			}
			last = key
			if in.ExcludeColumnSchema != nil && *in.ExcludeColumnSchema && p.StorageDescriptor != nil {
				p.StorageDescriptor.Columns = nil
			}
			return true, nil
		})
	if err != nil {
		return nil, err
	}
	if next == "" && len(found) > 0 {
		next = pageToken(prefix, last)
	}
	return &GetPartitionsOut{found, next}, nil
}

// holds tells whether a partition is this reader's. Without segments all are.
func (s *Segment) holds(key string) bool {
	if s == nil {
		return true
	}
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32()%uint32(*s.TotalSegments)) == *s.SegmentNumber
}

type BatchGetPartitionIn struct {
	CatalogId       string               `min:"1" max:"255"`
	DatabaseName    string               `required:"" min:"1" max:"255"`
	TableName       string               `required:"" min:"1" max:"255"`
	PartitionsToGet []PartitionValueList `required:"" max:"1000"`
}

type BatchGetPartitionOut struct {
	Partitions      []Partition
	UnprocessedKeys []PartitionValueList
}

// BatchGetPartition answers the partitions named.
//
//	Wire     AWSGlue.BatchGetPartition over json 1.1
//	Partial  a partition that is not there is left out, silently; nothing stays unprocessed
//	Proof    TestPartitions
func (s *Service) BatchGetPartition(ctx context.Context, in *BatchGetPartitionIn) (*BatchGetPartitionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	if _, err := c.table(db, table); err != nil {
		return nil, err
	}
	out := &BatchGetPartitionOut{Partitions: []Partition{}, UnprocessedKeys: []PartitionValueList{}}
	for _, want := range in.PartitionsToGet {
		p, ok, err := journal.Load[Partition](c.journal, c.partitionKey(db, table, want.Values))
		if err != nil {
			return nil, err
		}
		if ok {
			out.Partitions = append(out.Partitions, p)
		}
	}
	return out, nil
}

type GetPartitionIndexesIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	TableName    string `required:"" min:"1" max:"255"`
	NextToken    string
}

// KeySchemaElement is one key of an index.
type KeySchemaElement struct{ Name, Type string }

// PartitionIndexDescriptor is an index as the catalog answers it.
type PartitionIndexDescriptor struct {
	IndexName   string
	Keys        []KeySchemaElement
	IndexStatus string
}

type GetPartitionIndexesOut struct {
	PartitionIndexDescriptorList []PartitionIndexDescriptor
	NextToken                    string
}

// GetPartitionIndexes lists the indexes a table was created with.
//
//	Wire     AWSGlue.GetPartitionIndexes over json 1.1
//	Differs  an index is ACTIVE at once, and partitions are found no faster by it
//	Proof    TestPartitionIndexes
func (s *Service) GetPartitionIndexes(ctx context.Context, in *GetPartitionIndexesIn) (*GetPartitionIndexesOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	t, err := c.table(strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName))
	if err != nil {
		return nil, err
	}
	out := &GetPartitionIndexesOut{PartitionIndexDescriptorList: []PartitionIndexDescriptor{}}
	for _, x := range t.Indexes {
		d := PartitionIndexDescriptor{IndexName: x.IndexName, IndexStatus: "ACTIVE"}
		for _, name := range x.Keys {
			i := slices.IndexFunc(t.Table.PartitionKeys, func(k Column) bool { return k.Name == name })
			d.Keys = append(d.Keys, KeySchemaElement{name, t.Table.PartitionKeys[i].Type})
		}
		out.PartitionIndexDescriptorList = append(out.PartitionIndexDescriptorList, d)
	}
	return out, nil
}
