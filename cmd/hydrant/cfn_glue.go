package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/glue"
)

type databaseProperties struct {
	CatalogId     string              `required:""`
	DatabaseInput *glue.DatabaseInput `required:""`
	DatabaseName  string
}

func (p *databaseProperties) input() *glue.DatabaseInput {
	in := *p.DatabaseInput
	in.Name = strings.ToLower(cmp.Or(p.DatabaseName, in.Name))
	return &in
}

func databaseType(s *glue.Service) cloudformation.Handler {
	made := func(name string) cloudformation.Made { return cloudformation.Made{ID: name} }
	return &cloudformation.Typed[databaseProperties]{
		Facts: cloudformation.Schema{Name: "DatabaseInput/Name", MaxName: 255, LowerName: true, Replace: []string{"CatalogId", "DatabaseInput/Name", "DatabaseName"}},
		Make: func(ctx context.Context, _ string, p *databaseProperties) (cloudformation.Made, error) {
			in := p.input()
			_, err := ask(ctx, "glue:CreateDatabase", s.CreateDatabase, &glue.CreateDatabaseIn{CatalogId: p.CatalogId, DatabaseInput: in})
			return made(in.Name), err
		},
		Turn: func(ctx context.Context, id string, _, p *databaseProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "glue:UpdateDatabase", s.UpdateDatabase, &glue.UpdateDatabaseIn{CatalogId: p.CatalogId, Name: id, DatabaseInput: p.input()})
			return made(id), err
		},
		Drop: func(ctx context.Context, id string, p *databaseProperties) error {
			_, err := ask(ctx, "glue:DeleteDatabase", s.DeleteDatabase, &glue.DeleteDatabaseIn{CatalogId: p.CatalogId, Name: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *databaseProperties) (cloudformation.Made, error) {
			id = cmp.Or(id, p.input().Name)
			_, err := ask(ctx, "glue:GetDatabase", s.GetDatabase, &glue.GetDatabaseIn{CatalogId: p.CatalogId, Name: id})
			return made(id), err
		},
	}
}

type tableProperties struct {
	CatalogId    string           `required:""`
	DatabaseName string           `required:""`
	TableInput   *glue.TableInput `required:""`
}

func tableType(s *glue.Service) cloudformation.Handler {
	made := func(name string) cloudformation.Made {
		return cloudformation.Made{ID: strings.ToLower(name)}
	}
	return &cloudformation.Typed[tableProperties]{
		Facts: cloudformation.Schema{Name: "TableInput/Name", MaxName: 255, LowerName: true, Replace: []string{"CatalogId", "DatabaseName", "TableInput/Name"}},
		Make: func(ctx context.Context, _ string, p *tableProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "glue:CreateTable", s.CreateTable, &glue.CreateTableIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, TableInput: p.TableInput})
			return made(p.TableInput.Name), err
		},
		Turn: func(ctx context.Context, id string, _, p *tableProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "glue:UpdateTable", s.UpdateTable, &glue.UpdateTableIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, TableInput: p.TableInput})
			return made(id), err
		},
		Drop: func(ctx context.Context, id string, p *tableProperties) error {
			_, err := ask(ctx, "glue:DeleteTable", s.DeleteTable, &glue.DeleteTableIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, Name: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *tableProperties) (cloudformation.Made, error) {
			id = cmp.Or(id, p.TableInput.Name)
			_, err := ask(ctx, "glue:GetTable", s.GetTable, &glue.GetTableIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, Name: id})
			return made(id), err
		},
	}
}

type partitionProperties struct {
	CatalogId      string               `required:""`
	DatabaseName   string               `required:""`
	TableName      string               `required:""`
	PartitionInput *glue.PartitionInput `required:""`
}

// partitionType: a partition is known by its table and values, which are its id, joined by bars.
func partitionType(s *glue.Service) cloudformation.Handler {
	made := func(p *partitionProperties) cloudformation.Made {
		return cloudformation.Made{ID: strings.Join(append([]string{p.DatabaseName, p.TableName}, p.PartitionInput.Values...), "|")}
	}
	return &cloudformation.Typed[partitionProperties]{
		Facts: cloudformation.Schema{Replace: []string{"CatalogId", "DatabaseName", "TableName", "PartitionInput/Values"}},
		Make: func(ctx context.Context, _ string, p *partitionProperties) (cloudformation.Made, error) {
			in := glue.CreatePartitionIn(*p)
			_, err := ask(ctx, "glue:CreatePartition", s.CreatePartition, &in)
			return made(p), err
		},
		Turn: func(ctx context.Context, _ string, _, p *partitionProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "glue:UpdatePartition", s.UpdatePartition, &glue.UpdatePartitionIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, TableName: p.TableName, PartitionValueList: p.PartitionInput.Values, PartitionInput: p.PartitionInput})
			return made(p), err
		},
		Drop: func(ctx context.Context, _ string, p *partitionProperties) error {
			_, err := ask(ctx, "glue:DeletePartition", s.DeletePartition, &glue.DeletePartitionIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, TableName: p.TableName, PartitionValues: p.PartitionInput.Values})
			return err
		},
		Look: func(ctx context.Context, _, _ string, p *partitionProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "glue:GetPartition", s.GetPartition, &glue.GetPartitionIn{CatalogId: p.CatalogId, DatabaseName: p.DatabaseName, TableName: p.TableName, PartitionValues: p.PartitionInput.Values})
			return made(p), err
		},
	}
}
