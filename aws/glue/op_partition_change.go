package glue

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant/store/journal"
)

type UpdatePartitionIn struct {
	CatalogId          string          `min:"1" max:"255"`
	DatabaseName       string          `required:"" min:"1" max:"255"`
	TableName          string          `required:"" min:"1" max:"255"`
	PartitionValueList []string        `required:"" max:"100"`
	PartitionInput     *PartitionInput `required:""`
}

// UpdatePartition replaces a partition. Other Values in the input move it.
//
//	Wire     AWSGlue.UpdatePartition over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestPartitions
func (s *Service) UpdatePartition(ctx context.Context, in *UpdatePartitionIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	t, err := c.table(strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName))
	if err != nil {
		return nil, err
	}
	changes, err := c.replace(t, in.PartitionValueList, in.PartitionInput)
	if err != nil {
		return nil, err
	}
	return &Empty{}, s.journal.Commit(ctx, changes...)
}

// replace is the change that puts a new partition in the place of an old one.
func (c catalog) replace(t storedTable, old []string, in *PartitionInput) ([]journal.Change, error) {
	db, table := t.Table.DatabaseName, t.Table.Name
	was, err := c.partition(db, table, old)
	if err != nil {
		return nil, err
	}
	p := c.partitionOf(db, table, in)
	if p.Values == nil {
		p.Values = old
	}
	if err := fitValues(t, p.Values); err != nil {
		return nil, err
	}
	p.CreationTime = was.CreationTime
	from, to := c.partitionKey(db, table, old), c.partitionKey(db, table, p.Values)
	if from == to {
		return []journal.Change{journal.Set(to, p)}, nil
	}
	if _, ok := c.journal.Get(to); ok {
		return nil, exists("Partition")
	}
	return []journal.Change{journal.Unset(from), journal.Set(to, p)}, nil
}

// BatchUpdateEntry is one partition of a BatchUpdatePartition.
type BatchUpdateEntry struct {
	PartitionValueList []string        `required:"" max:"100"`
	PartitionInput     *PartitionInput `required:""`
}

type BatchUpdatePartitionIn struct {
	CatalogId    string             `min:"1" max:"255"`
	DatabaseName string             `required:"" min:"1" max:"255"`
	TableName    string             `required:"" min:"1" max:"255"`
	Entries      []BatchUpdateEntry `required:"" min:"1" max:"100"`
}

type BatchUpdateFailure struct {
	PartitionValueList []string
	ErrorDetail        *ErrorDetail
}

type BatchUpdatePartitionOut struct{ Errors []BatchUpdateFailure }

// BatchUpdatePartition replaces many partitions.
//
//	Wire     AWSGlue.BatchUpdatePartition over json 1.1
//	Partial  a partition that cannot be replaced is listed in Errors; the others are
//	Durable  in the journal before the reply; each entry is one commit, as a later one may
//	         depend on where an earlier one moved
//	Proof    TestPartitions
func (s *Service) BatchUpdatePartition(ctx context.Context, in *BatchUpdatePartitionIn) (*BatchUpdatePartitionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	t, err := c.table(strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName))
	if err != nil {
		return nil, err
	}
	out := &BatchUpdatePartitionOut{}
	for i := range in.Entries {
		e := &in.Entries[i]
		changes, err := c.replace(t, e.PartitionValueList, e.PartitionInput)
		if err != nil {
			out.Errors = append(out.Errors, BatchUpdateFailure{e.PartitionValueList, detail(err)})
			continue
		}
		if err := s.journal.Commit(ctx, changes...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type DeletePartitionIn struct {
	CatalogId       string   `min:"1" max:"255"`
	DatabaseName    string   `required:"" min:"1" max:"255"`
	TableName       string   `required:"" min:"1" max:"255"`
	PartitionValues []string `required:""`
}

// DeletePartition forgets a partition. The objects of the lake stay.
//
//	Wire     AWSGlue.DeletePartition over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestPartitions
func (s *Service) DeletePartition(ctx context.Context, in *DeletePartitionIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.table(db, table); err != nil {
		return nil, err
	}
	if _, err := c.partition(db, table, in.PartitionValues); err != nil {
		return nil, err
	}
	return &Empty{}, s.journal.Commit(ctx, journal.Unset(c.partitionKey(db, table, in.PartitionValues)))
}

type BatchDeletePartitionIn struct {
	CatalogId          string               `min:"1" max:"255"`
	DatabaseName       string               `required:"" min:"1" max:"255"`
	TableName          string               `required:"" min:"1" max:"255"`
	PartitionsToDelete []PartitionValueList `required:"" max:"25"`
}

type BatchDeletePartitionOut struct{ Errors []PartitionError }

// BatchDeletePartition forgets many partitions at once.
//
//	Wire     AWSGlue.BatchDeletePartition over json 1.1
//	Partial  a partition that is not there is listed in Errors; the others go
//	Durable  in the journal before the reply, all together
//	Proof    TestPartitions
func (s *Service) BatchDeletePartition(ctx context.Context, in *BatchDeletePartitionIn) (*BatchDeletePartitionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, table := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.table(db, table); err != nil {
		return nil, err
	}
	out := &BatchDeletePartitionOut{}
	var changes []journal.Change
	for _, want := range in.PartitionsToDelete {
		if _, err := c.partition(db, table, want.Values); err != nil {
			out.Errors = append(out.Errors, PartitionError{want.Values, detail(err)})
			continue
		}
		changes = append(changes, journal.Unset(c.partitionKey(db, table, want.Values)))
	}
	if len(changes) == 0 {
		return out, nil
	}
	return out, s.journal.Commit(ctx, changes...)
}
