package glue

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant/store/journal"
)

type GetTableVersionIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	TableName    string `required:"" min:"1" max:"255"`
	VersionId    string `min:"1" max:"255"`
}

type GetTableVersionOut struct{ TableVersion *TableVersion }

// GetTableVersion answers a table as it was; without a VersionId, as it is.
//
//	Wire     AWSGlue.GetTableVersion over json 1.1
//	Proof    TestTableVersions
func (s *Service) GetTableVersion(ctx context.Context, in *GetTableVersionIn) (*GetTableVersionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	t, err := c.version(strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName), in.VersionId)
	if err != nil {
		return nil, err
	}
	return &GetTableVersionOut{&TableVersion{&t, t.VersionId}}, nil
}

type GetTableVersionsIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	TableName    string `required:"" min:"1" max:"255"`
	NextToken    string
	MaxResults   *int `min:"1" max:"100"`
}

type GetTableVersionsOut struct {
	TableVersions []TableVersion
	NextToken     string
}

// GetTableVersions lists the versions of a table, the current one first.
//
//	Wire     AWSGlue.GetTableVersions over json 1.1
//	Limits   maxListed (limits.go)
//	Order    newest first; NextToken is the version to go on with
//	Proof    TestTableVersions
func (s *Service) GetTableVersions(ctx context.Context, in *GetTableVersionsIn) (*GetTableVersionsOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, name := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	current, err := c.table(db, name)
	if err != nil {
		return nil, err
	}
	var tables []Table
	c.journal.Range(c.versionPrefix(db, name), func(key string, value []byte) bool {
		var t Table
		if t, err = decode[Table](key, value); err == nil {
			tables = append(tables, t)
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	tables = append(tables, current.Table)
	slices.Reverse(tables)
	if in.NextToken != "" {
		from, err := strconv.ParseUint(in.NextToken, 10, 63)
		if err != nil {
			return nil, invalid("Invalid next token.")
		}
		tables = slices.DeleteFunc(tables, func(t Table) bool {
			n, err := strconv.ParseUint(t.VersionId, 10, 63)
			return err == nil && n > from
		})
	}
	out := &GetTableVersionsOut{TableVersions: []TableVersion{}}
	for i := range tables {
		if len(out.TableVersions) == pageSize(in.MaxResults, maxListed) {
			out.NextToken = tables[i].VersionId
			break
		}
		out.TableVersions = append(out.TableVersions, TableVersion{&tables[i], tables[i].VersionId})
	}
	return out, nil
}

type DeleteTableVersionIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	TableName    string `required:"" min:"1" max:"255"`
	VersionId    string `required:"" min:"1" max:"255"`
}

// DeleteTableVersion forgets an archived version.
//
//	Wire     AWSGlue.DeleteTableVersion over json 1.1
//	Durable  in the journal before the reply
//	Differs  the current version cannot be deleted
//	Proof    TestTableVersions
func (s *Service) DeleteTableVersion(ctx context.Context, in *DeleteTableVersionIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	change, err := c.forgetVersion(strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName), in.VersionId)
	if err != nil {
		return nil, err
	}
	return &Empty{}, s.journal.Commit(ctx, change)
}

func (c catalog) forgetVersion(db, table, id string) (journal.Change, error) {
	current, err := c.table(db, table)
	if err != nil {
		return journal.Change{}, err
	}
	v, err := c.version(db, table, id)
	if err != nil {
		return journal.Change{}, err
	}
	if v.VersionId == current.Table.VersionId {
		return journal.Change{}, invalid("The current version of a table cannot be deleted.")
	}
	n, err := strconv.ParseUint(v.VersionId, 10, 63)
	return journal.Unset(c.versionKey(db, table, n)), err
}

type BatchDeleteTableVersionIn struct {
	CatalogId    string   `min:"1" max:"255"`
	DatabaseName string   `required:"" min:"1" max:"255"`
	TableName    string   `required:"" min:"1" max:"255"`
	VersionIds   []string `required:"" max:"100"`
}

type TableVersionError struct {
	TableName   string
	VersionId   string
	ErrorDetail *ErrorDetail
}

type BatchDeleteTableVersionOut struct{ Errors []TableVersionError }

// BatchDeleteTableVersion forgets many archived versions at once.
//
//	Wire     AWSGlue.BatchDeleteTableVersion over json 1.1
//	Partial  a version that cannot be deleted is listed in Errors; the others go
//	Durable  in the journal before the reply, all together
//	Proof    TestTableVersions
func (s *Service) BatchDeleteTableVersion(ctx context.Context, in *BatchDeleteTableVersionIn) (*BatchDeleteTableVersionOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, name := strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName)
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.table(db, name); err != nil {
		return nil, err
	}
	out := &BatchDeleteTableVersionOut{}
	var changes []journal.Change
	for _, id := range in.VersionIds {
		change, err := c.forgetVersion(db, name, id)
		if err != nil {
			out.Errors = append(out.Errors, TableVersionError{name, id, detail(err)})
			continue
		}
		changes = append(changes, change)
	}
	if len(changes) == 0 {
		return out, nil
	}
	return out, s.journal.Commit(ctx, changes...)
}
