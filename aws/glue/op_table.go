package glue

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

type CreateTableIn struct {
	CatalogId            string `min:"1" max:"255"`
	DatabaseName         string `required:"" min:"1" max:"255"`
	Name                 string `min:"1" max:"255"`
	TableInput           *TableInput
	PartitionIndexes     []PartitionIndex `max:"3"`
	OpenTableFormatInput *Unsupported
}

// CreateTable names a table. Table and column names are folded to lower case.
//
//	Wire     AWSGlue.CreateTable over json 1.1
//	Durable  in the journal before the reply
//	Differs  open table formats (Iceberg) are refused
//	Proof    TestTables
func (s *Service) CreateTable(ctx context.Context, in *CreateTableIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	if in.OpenTableFormatInput != nil {
		return nil, invalid("Open table formats are not supported.")
	}
	if in.TableInput == nil {
		return nil, invalid("TableInput must not be null.")
	}
	t := c.tableOf(strings.ToLower(in.DatabaseName), in.TableInput)
	t.VersionId = "0"
	indexes, err := fitIndexes(t.PartitionKeys, in.PartitionIndexes)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.database(t.DatabaseName); err != nil {
		return nil, err
	}
	key := c.tableKey(t.DatabaseName, t.Name)
	if _, ok := s.journal.Get(key); ok {
		return nil, exists("Table")
	}
	return &Empty{}, s.journal.Commit(ctx, journal.Set(key, storedTable{t, indexes}))
}

// tableOf is the table an input asks for, without a version.
func (c catalog) tableOf(db string, in *TableInput) Table {
	at := now()
	return Table{
		Name:               strings.ToLower(in.Name),
		DatabaseName:       db,
		Description:        in.Description,
		Owner:              in.Owner,
		CreateTime:         at,
		UpdateTime:         at,
		LastAccessTime:     in.LastAccessTime,
		LastAnalyzedTime:   in.LastAnalyzedTime,
		Retention:          in.Retention,
		StorageDescriptor:  fold(in.StorageDescriptor),
		PartitionKeys:      foldColumns(in.PartitionKeys),
		ViewOriginalText:   in.ViewOriginalText,
		ViewExpandedText:   in.ViewExpandedText,
		TableType:          in.TableType,
		Parameters:         in.Parameters,
		CreatedBy:          hydrant.ARN{Partition: "aws", Service: "iam", Account: c.scope.Account, Resource: "root"}.String(),
		TargetTable:        in.TargetTable,
		CatalogId:          c.scope.Account,
		ViewDefinition:     in.ViewDefinition,
		IsMultiDialectView: in.ViewDefinition != nil,
	}
}

// fold is a descriptor as the catalog keeps it: column names in lower case, SortColumns never absent.
func fold(sd *StorageDescriptor) *StorageDescriptor {
	if sd == nil {
		return nil
	}
	f := *sd
	f.Columns = foldColumns(sd.Columns)
	if f.SortColumns == nil {
		f.SortColumns = []Order{}
	}
	return &f
}

func foldColumns(columns []Column) []Column {
	folded := slices.Clone(columns)
	for i := range folded {
		folded[i].Name = strings.ToLower(folded[i].Name)
	}
	return folded
}

// fitIndexes checks partition indexes against the keys they name.
func fitIndexes(keys []Column, indexes []PartitionIndex) ([]PartitionIndex, error) {
	var fit []PartitionIndex
	for _, x := range indexes {
		f := PartitionIndex{IndexName: x.IndexName}
		for _, k := range x.Keys {
			k = strings.ToLower(k)
			if !slices.ContainsFunc(keys, func(c Column) bool { return c.Name == k }) {
				return nil, invalid("Partition index key %s is not a partition key of the table.", k)
			}
			f.Keys = append(f.Keys, k)
		}
		fit = append(fit, f)
	}
	return fit, nil
}

type GetTableIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	Name         string `required:"" min:"1" max:"255"`
}

type GetTableOut struct{ Table *Table }

// GetTable answers the current version of a table.
//
//	Wire     AWSGlue.GetTable over json 1.1
//	Differs  QueryAsOfTime and IncludeStatusDetails are ignored
//	Proof    TestTables
func (s *Service) GetTable(ctx context.Context, in *GetTableIn) (*GetTableOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	t, err := c.table(strings.ToLower(in.DatabaseName), strings.ToLower(in.Name))
	if err != nil {
		return nil, err
	}
	return &GetTableOut{&t.Table}, nil
}

type GetTablesIn struct {
	CatalogId       string `min:"1" max:"255"`
	DatabaseName    string `required:"" min:"1" max:"255"`
	Expression      string `max:"2048"`
	NextToken       string
	MaxResults      *int     `min:"1" max:"100"`
	AttributesToGet []string `eachenum:"NAME|TABLE_TYPE"`
}

type GetTablesOut struct {
	TableList []Table
	NextToken string
}

// GetTables lists the tables of a database by name.
//
// Expression is a regular expression over the whole name, in which a star that repeats nothing
// ("trips_*", "*_2024") stands for any text, as clients of the Hive metastore write it.
//
//	Wire     AWSGlue.GetTables over json 1.1
//	Limits   maxListed (limits.go)
//	Order    by name
//	Differs  look-around in Expression is refused
//	Proof    TestTables, TestExpression
func (s *Service) GetTables(ctx context.Context, in *GetTablesIn) (*GetTablesOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	match, err := nameMatcher(in.Expression)
	if err != nil {
		return nil, err
	}
	db := strings.ToLower(in.DatabaseName)
	if _, err := c.database(db); err != nil {
		return nil, err
	}
	stored, next, err := page(c, c.tablePrefix(db), in.NextToken, pageSize(in.MaxResults, maxListed),
		func(_ string, t *storedTable) (bool, error) { return match(t.Table.Name), nil })
	if err != nil {
		return nil, err
	}
	list := make([]Table, len(stored))
	for i, t := range stored {
		list[i] = t.Table
		if len(in.AttributesToGet) > 0 {
			list[i] = Table{Name: t.Table.Name, DatabaseName: db, CatalogId: t.Table.CatalogId}
			if slices.Contains(in.AttributesToGet, "TABLE_TYPE") {
				list[i].TableType = t.Table.TableType
			}
		}
	}
	return &GetTablesOut{list, next}, nil
}

// loneStar is a star at the start or after a character that could be part of a name: a wildcard.
var loneStar = regexp.MustCompile(`(^|[A-Za-z0-9_\-|(])\*`)

func nameMatcher(expression string) (func(name string) bool, error) {
	if expression == "" {
		return func(string) bool { return true }, nil
	}
	re, err := regexp.Compile("(?i)^(?:" + loneStar.ReplaceAllString(expression, "$1.*") + ")$")
	if err != nil {
		return nil, invalid("Invalid expression '%s'.", expression)
	}
	return re.MatchString, nil
}

type UpdateTableIn struct {
	CatalogId                  string `min:"1" max:"255"`
	DatabaseName               string `required:"" min:"1" max:"255"`
	Name                       string `min:"1" max:"255"`
	TableInput                 *TableInput
	SkipArchive                *bool
	VersionId                  string `min:"1" max:"255"`
	ViewUpdateAction           string `enum:"ADD|REPLACE|ADD_OR_REPLACE|DROP"`
	Force                      bool
	UpdateOpenTableFormatInput *Unsupported
}

// UpdateTable replaces the whole definition of a table and archives the one before, unless
// SkipArchive is set. VersionId, where given, must be the current one.
//
//	Wire     AWSGlue.UpdateTable over json 1.1
//	Durable  in the journal before the reply
//	Differs  a table cannot be renamed; views are replaced whole, ViewUpdateAction is refused
//	Proof    TestTableVersions
func (s *Service) UpdateTable(ctx context.Context, in *UpdateTableIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	switch {
	case in.UpdateOpenTableFormatInput != nil:
		return nil, invalid("Open table formats are not supported.")
	case in.ViewUpdateAction != "":
		return nil, invalid("ViewUpdateAction is not supported.")
	case in.TableInput == nil:
		return nil, invalid("TableInput must not be null.")
	case in.Name != "" && !strings.EqualFold(in.Name, in.TableInput.Name):
		return nil, invalid("Table %s cannot be renamed.", strings.ToLower(in.Name))
	}
	t := c.tableOf(strings.ToLower(in.DatabaseName), in.TableInput)
	s.writing.Lock()
	defer s.writing.Unlock()
	old, err := c.table(t.DatabaseName, t.Name)
	if err != nil {
		return nil, err
	}
	if in.VersionId != "" && in.VersionId != old.Table.VersionId {
		return nil, hydrant.Faultf("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
	}
	if _, err := fitIndexes(t.PartitionKeys, old.Indexes); err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(old.Table.VersionId, 10, 63)
	if err != nil {
		return nil, err
	}
	t.CreateTime, t.CreatedBy = old.Table.CreateTime, old.Table.CreatedBy
	t.VersionId = strconv.FormatUint(n+1, 10)
	changes := []journal.Change{journal.Set(c.tableKey(t.DatabaseName, t.Name), storedTable{t, old.Indexes})}
	if in.SkipArchive == nil || !*in.SkipArchive {
		changes = append(changes, journal.Set(c.versionKey(t.DatabaseName, t.Name, n), old.Table))
	}
	return &Empty{}, s.journal.Commit(ctx, changes...)
}

type DeleteTableIn struct {
	CatalogId    string `min:"1" max:"255"`
	DatabaseName string `required:"" min:"1" max:"255"`
	Name         string `required:"" min:"1" max:"255"`
}

// DeleteTable forgets a table with its versions and partitions. The objects of the lake stay.
//
//	Wire     AWSGlue.DeleteTable over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestTables
func (s *Service) DeleteTable(ctx context.Context, in *DeleteTableIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db, name := strings.ToLower(in.DatabaseName), strings.ToLower(in.Name)
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.table(db, name); err != nil {
		return nil, err
	}
	return &Empty{}, s.journal.Commit(ctx, c.forget(db, name)...)
}

type BatchDeleteTableIn struct {
	CatalogId      string   `min:"1" max:"255"`
	DatabaseName   string   `required:"" min:"1" max:"255"`
	TablesToDelete []string `required:"" max:"100" eachmin:"1" eachmax:"255"`
}

type TableError struct {
	TableName   string
	ErrorDetail *ErrorDetail
}

type BatchDeleteTableOut struct{ Errors []TableError }

// BatchDeleteTable forgets many tables at once.
//
//	Wire     AWSGlue.BatchDeleteTable over json 1.1
//	Partial  a table that is not there is listed in Errors; the others go
//	Durable  in the journal before the reply, all together
//	Proof    TestBatchDeleteTable
func (s *Service) BatchDeleteTable(ctx context.Context, in *BatchDeleteTableIn) (*BatchDeleteTableOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db := strings.ToLower(in.DatabaseName)
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := c.database(db); err != nil {
		return nil, err
	}
	out := &BatchDeleteTableOut{}
	var changes []journal.Change
	for _, name := range in.TablesToDelete {
		name = strings.ToLower(name)
		if _, err := c.table(db, name); err != nil {
			out.Errors = append(out.Errors, TableError{name, detail(err)})
			continue
		}
		changes = append(changes, c.forget(db, name)...)
	}
	if len(changes) == 0 {
		return out, nil
	}
	return out, s.journal.Commit(ctx, changes...)
}
