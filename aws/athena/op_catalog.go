package athena

import (
	"context"
	"sort"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type ListDataCatalogsIn struct {
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"2" max:"50"`
	WorkGroup  string
}

type DataCatalogSummary struct{ CatalogName, Type, Status string }

type ListDataCatalogsOut struct {
	DataCatalogsSummary []DataCatalogSummary
	NextToken           string
}

// ListDataCatalogs lists the one data catalog there is.
//
//	Wire     AmazonAthena.ListDataCatalogs over json 1.1
//	Differs  federated, Lambda and Hive catalogs cannot be registered
//	Proof    TestAthenaMetadata
func (s *Service) ListDataCatalogs(context.Context, *ListDataCatalogsIn) (*ListDataCatalogsOut, error) {
	return &ListDataCatalogsOut{DataCatalogsSummary: []DataCatalogSummary{{catalogName, "GLUE", "CREATE_COMPLETE"}}}, nil
}

type GetDataCatalogIn struct {
	Name      string `required:"" min:"1" max:"256"`
	WorkGroup string
}

type DataCatalog struct {
	Name       string
	Type       string
	Parameters map[string]string
	Status     string
}

type GetDataCatalogOut struct{ DataCatalog *DataCatalog }

// GetDataCatalog answers the one data catalog there is.
//
//	Wire     AmazonAthena.GetDataCatalog over json 1.1
//	Proof    TestAthenaMetadata
func (s *Service) GetDataCatalog(ctx context.Context, in *GetDataCatalogIn) (*GetDataCatalogOut, error) {
	if err := known(in.Name); err != nil {
		return nil, err
	}
	account := hydrant.ScopeOf(ctx).Account
	return &GetDataCatalogOut{&DataCatalog{catalogName, "GLUE", map[string]string{"catalog-id": account}, "CREATE_COMPLETE"}}, nil
}

func known(catalog string) error {
	if !strings.EqualFold(catalog, catalogName) {
		return invalid("INVALID_INPUT", "DataCatalog %s was not found", catalog)
	}
	return nil
}

// metadataFault is a fault of the catalog as Athena hands it on.
func metadataFault(err error) error {
	if f, ok := hydrant.AsFault(err); ok && f.Sender() {
		return hydrant.Faultf("MetadataException", "%s (Service: AmazonDataCatalog; Status Code: %d; Error Code: %s)", f.Message, f.HTTPStatus(), f.Code)
	}
	return err
}

// cut pages a sorted list by name: a token is the last name shown.
func cut[T any](list []T, name func(T) string, token string, limit int) (shown []T, next string) {
	from := sort.Search(len(list), func(i int) bool { return token == "" || name(list[i]) > token })
	list = list[from:]
	if len(list) > limit {
		return list[:limit], name(list[limit-1])
	}
	return list, ""
}

type DatabaseShape struct {
	Name        string
	Description string
	Parameters  map[string]string
}

type ListDatabasesIn struct {
	CatalogName string `required:"" min:"1" max:"256"`
	NextToken   string `min:"1" max:"1024"`
	MaxResults  *int   `min:"1" max:"50"`
	WorkGroup   string
}

type ListDatabasesOut struct {
	DatabaseList []DatabaseShape
	NextToken    string
}

// ListDatabases lists the databases of the catalog.
//
//	Wire     AmazonAthena.ListDatabases over json 1.1
//	Limits   maxPage (limits.go)
//	Order    by name
//	Proof    TestAthenaMetadata
func (s *Service) ListDatabases(ctx context.Context, in *ListDatabasesIn) (*ListDatabasesOut, error) {
	if err := known(in.CatalogName); err != nil {
		return nil, err
	}
	all, err := s.config.Catalog.Databases(ctx)
	if err != nil {
		return nil, metadataFault(err)
	}
	shown, next := cut(all, func(d Database) string { return d.Name }, in.NextToken, pageSize(in.MaxResults))
	out := &ListDatabasesOut{DatabaseList: []DatabaseShape{}, NextToken: next}
	for _, d := range shown {
		out.DatabaseList = append(out.DatabaseList, DatabaseShape{d.Name, d.Description, d.Parameters})
	}
	return out, nil
}

type GetDatabaseIn struct {
	CatalogName  string `required:"" min:"1" max:"256"`
	DatabaseName string `required:"" min:"1" max:"128"`
	WorkGroup    string
}

type GetDatabaseOut struct{ Database *DatabaseShape }

// GetDatabase answers a database of the catalog.
//
//	Wire     AmazonAthena.GetDatabase over json 1.1
//	Proof    TestAthenaMetadata
func (s *Service) GetDatabase(ctx context.Context, in *GetDatabaseIn) (*GetDatabaseOut, error) {
	if err := known(in.CatalogName); err != nil {
		return nil, err
	}
	d, err := s.config.Catalog.Database(ctx, strings.ToLower(in.DatabaseName))
	if err != nil {
		return nil, metadataFault(err)
	}
	return &GetDatabaseOut{&DatabaseShape{d.Name, d.Description, d.Parameters}}, nil
}

// Column is a column as the catalog and Athena tell it.
type Column struct{ Name, Type, Comment string }

// TableMetadata is a table as Athena tells it.
type TableMetadata struct {
	Name           string
	CreateTime     time.Time
	LastAccessTime time.Time
	TableType      string
	Columns        []Column
	PartitionKeys  []Column
	Parameters     map[string]string
}

func metadataOf(t Table) TableMetadata {
	m := TableMetadata{t.Name, t.Created, t.Accessed, t.Type, t.Columns, t.PartitionKeys, map[string]string{}}
	if m.Columns == nil {
		m.Columns = []Column{}
	}
	if m.PartitionKeys == nil {
		m.PartitionKeys = []Column{}
	}
	for k, v := range t.Parameters {
		m.Parameters[k] = v
	}
	for k, v := range t.SerDeParameters {
		m.Parameters["serde.param."+k] = v
	}
	for k, v := range map[string]string{"location": t.Location, "inputformat": t.InputFormat, "outputformat": t.OutputFormat, "serde.serialization.lib": t.SerDe} {
		if v != "" {
			m.Parameters[k] = v
		}
	}
	return m
}

type ListTableMetadataIn struct {
	CatalogName  string `required:"" min:"1" max:"256"`
	DatabaseName string `required:"" min:"1" max:"128"`
	Expression   string `max:"256"`
	NextToken    string `min:"1" max:"1024"`
	MaxResults   *int   `min:"1" max:"50"`
	WorkGroup    string
}

type ListTableMetadataOut struct {
	TableMetadataList []TableMetadata
	NextToken         string
}

// ListTableMetadata lists the tables of a database whose names match a regular expression.
//
//	Wire     AmazonAthena.ListTableMetadata over json 1.1
//	Limits   maxPage (limits.go)
//	Order    by name
//	Proof    TestAthenaMetadata
func (s *Service) ListTableMetadata(ctx context.Context, in *ListTableMetadataIn) (*ListTableMetadataOut, error) {
	if err := known(in.CatalogName); err != nil {
		return nil, err
	}
	match, err := liker(in.Expression)
	if err != nil {
		return nil, invalid("INVALID_INPUT", "Expression %s is not a regular expression", in.Expression)
	}
	all, err := s.config.Catalog.Tables(ctx, strings.ToLower(in.DatabaseName))
	if err != nil {
		return nil, metadataFault(err)
	}
	var fitting []Table
	for _, t := range all {
		if match(t.Name) {
			fitting = append(fitting, t)
		}
	}
	shown, next := cut(fitting, func(t Table) string { return t.Name }, in.NextToken, pageSize(in.MaxResults))
	out := &ListTableMetadataOut{TableMetadataList: []TableMetadata{}, NextToken: next}
	for _, t := range shown {
		out.TableMetadataList = append(out.TableMetadataList, metadataOf(t))
	}
	return out, nil
}

type GetTableMetadataIn struct {
	CatalogName  string `required:"" min:"1" max:"256"`
	DatabaseName string `required:"" min:"1" max:"128"`
	TableName    string `required:"" min:"1" max:"128"`
	WorkGroup    string
}

type GetTableMetadataOut struct{ TableMetadata *TableMetadata }

// GetTableMetadata answers one table.
//
//	Wire     AmazonAthena.GetTableMetadata over json 1.1
//	Proof    TestAthenaMetadata
func (s *Service) GetTableMetadata(ctx context.Context, in *GetTableMetadataIn) (*GetTableMetadataOut, error) {
	if err := known(in.CatalogName); err != nil {
		return nil, err
	}
	t, err := s.config.Catalog.Table(ctx, strings.ToLower(in.DatabaseName), strings.ToLower(in.TableName))
	if err != nil {
		return nil, metadataFault(err)
	}
	m := metadataOf(t)
	return &GetTableMetadataOut{&m}, nil
}
