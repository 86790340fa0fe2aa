package main

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/s3"
)

// definitions is Glue as Athena needs it: the catalog that its statements read and change. Whoever asked
// Athena needs the permissions that asking Glue would take.
type definitions struct {
	glue *glue.Service
	may  permission
}

// permission allows whoever made the call behind a context to call an operation of another room, or
// answers why not: iam.Authority.Authorize.
type permission func(ctx context.Context, service, op string, in any) error

// mayWrite is a permission to write objects below a URI.
func mayWrite(may permission) func(context.Context, string) error {
	return func(ctx context.Context, uri string) error {
		bucket, prefix, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
		return may(ctx, "s3", "PutObject", &s3.PutObjectIn{ObjectRef: s3.ObjectRef{BucketRef: s3.BucketRef{Bucket: bucket}, Key: prefix + "*"}})
	}
}

// behalf calls an operation of Glue if the caller of Athena may.
func behalf[In, Out any](ctx context.Context, d definitions, name string, op func(context.Context, *In) (*Out, error), in *In) (*Out, error) {
	if err := d.may(ctx, "glue", name, in); err != nil {
		return nil, err
	}
	return op(ctx, in)
}

func (d definitions) Databases(ctx context.Context) (all []athena.Database, err error) {
	in := &glue.GetDatabasesIn{}
	for {
		out, err := behalf(ctx, d, "GetDatabases", d.glue.GetDatabases, in)
		if err != nil {
			return nil, err
		}
		for i := range out.DatabaseList {
			all = append(all, athenaDatabase(&out.DatabaseList[i]))
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all, nil
		}
	}
}

func athenaDatabase(d *glue.Database) athena.Database {
	return athena.Database{Name: d.Name, Description: d.Description, Location: d.LocationUri, Parameters: d.Parameters}
}

func (d definitions) Database(ctx context.Context, name string) (athena.Database, error) {
	out, err := behalf(ctx, d, "GetDatabase", d.glue.GetDatabase, &glue.GetDatabaseIn{Name: name})
	if err != nil {
		return athena.Database{}, err
	}
	return athenaDatabase(out.Database), nil
}

func (d definitions) CreateDatabase(ctx context.Context, db athena.Database) error {
	_, err := behalf(ctx, d, "CreateDatabase", d.glue.CreateDatabase, &glue.CreateDatabaseIn{DatabaseInput: &glue.DatabaseInput{
		Name: db.Name, Description: db.Description, LocationUri: db.Location, Parameters: db.Parameters,
	}})
	return err
}

func (d definitions) DropDatabase(ctx context.Context, name string) error {
	_, err := behalf(ctx, d, "DeleteDatabase", d.glue.DeleteDatabase, &glue.DeleteDatabaseIn{Name: name})
	return err
}

func (d definitions) Tables(ctx context.Context, database string) (all []athena.Table, err error) {
	in := &glue.GetTablesIn{DatabaseName: database}
	for {
		out, err := behalf(ctx, d, "GetTables", d.glue.GetTables, in)
		if err != nil {
			return nil, err
		}
		for i := range out.TableList {
			all = append(all, athenaTable(&out.TableList[i]))
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all, nil
		}
	}
}

func (d definitions) Table(ctx context.Context, database, name string) (athena.Table, error) {
	out, err := behalf(ctx, d, "GetTable", d.glue.GetTable, &glue.GetTableIn{DatabaseName: database, Name: name})
	if err != nil {
		return athena.Table{}, err
	}
	return athenaTable(out.Table), nil
}

func athenaTable(t *glue.Table) athena.Table {
	a := athena.Table{
		Database: t.DatabaseName, Name: t.Name, Description: t.Description, Type: t.TableType,
		PartitionKeys: athenaColumns(t.PartitionKeys), Parameters: t.Parameters, Created: t.CreateTime, Accessed: t.LastAccessTime,
	}
	a.View = t.ViewOriginalText
	if sd := t.StorageDescriptor; sd != nil {
		a.Columns, a.Location, a.InputFormat, a.OutputFormat = athenaColumns(sd.Columns), sd.Location, sd.InputFormat, sd.OutputFormat
		a.BucketColumns, a.Buckets = sd.BucketColumns, sd.NumberOfBuckets
		if sd.SerdeInfo != nil {
			a.SerDe, a.SerDeParameters = sd.SerdeInfo.SerializationLibrary, sd.SerdeInfo.Parameters
		}
	}
	return a
}

func athenaColumns(of []glue.Column) []athena.Column {
	out := make([]athena.Column, len(of))
	for i, c := range of {
		out[i] = athena.Column{Name: c.Name, Type: c.Type, Comment: c.Comment}
	}
	return out
}

func (d definitions) CreateTable(ctx context.Context, t athena.Table) error {
	in := &glue.TableInput{Owner: "hadoop"}
	overlay(in, &t)
	_, err := behalf(ctx, d, "CreateTable", d.glue.CreateTable, &glue.CreateTableIn{DatabaseName: t.Database, TableInput: in})
	return err
}

// overlay puts what a statement says of a table over what the catalog holds.
func overlay(in *glue.TableInput, t *athena.Table) {
	in.Name, in.Description, in.TableType, in.Parameters = t.Name, t.Description, t.Type, t.Parameters
	if t.View != "" {
		in.ViewOriginalText, in.ViewExpandedText = t.View, "/* Presto View */"
	}
	in.PartitionKeys = overlayColumns(in.PartitionKeys, t.PartitionKeys)
	sd := glue.StorageDescriptor{}
	if in.StorageDescriptor != nil {
		sd = *in.StorageDescriptor
	}
	sd.Columns = overlayColumns(sd.Columns, t.Columns)
	sd.Location, sd.InputFormat, sd.OutputFormat = t.Location, t.InputFormat, t.OutputFormat
	sd.BucketColumns, sd.NumberOfBuckets = t.BucketColumns, t.Buckets
	serde := glue.SerDeInfo{}
	if sd.SerdeInfo != nil {
		serde = *sd.SerdeInfo
	}
	serde.SerializationLibrary, serde.Parameters = t.SerDe, t.SerDeParameters
	sd.SerdeInfo, in.StorageDescriptor = &serde, &sd
}

// overlayColumns keeps the parameters of columns that stay.
func overlayColumns(old []glue.Column, now []athena.Column) []glue.Column {
	parameters := map[string]map[string]string{}
	for _, c := range old {
		parameters[c.Name] = c.Parameters
	}
	out := make([]glue.Column, len(now))
	for i, c := range now {
		out[i] = glue.Column{Name: c.Name, Type: c.Type, Comment: c.Comment, Parameters: parameters[c.Name]}
	}
	return out
}

func (d definitions) ChangeTable(ctx context.Context, t athena.Table) error {
	out, err := behalf(ctx, d, "GetTable", d.glue.GetTable, &glue.GetTableIn{DatabaseName: t.Database, Name: t.Name})
	if err != nil {
		return err
	}
	old := out.Table
	in := &glue.TableInput{
		Owner: old.Owner, LastAccessTime: old.LastAccessTime, LastAnalyzedTime: old.LastAnalyzedTime, Retention: old.Retention,
		StorageDescriptor: old.StorageDescriptor, PartitionKeys: old.PartitionKeys,
		ViewOriginalText: old.ViewOriginalText, ViewExpandedText: old.ViewExpandedText, TargetTable: old.TargetTable, ViewDefinition: old.ViewDefinition,
	}
	overlay(in, &t)
	_, err = behalf(ctx, d, "UpdateTable", d.glue.UpdateTable, &glue.UpdateTableIn{DatabaseName: t.Database, TableInput: in, VersionId: old.VersionId})
	return err
}

func (d definitions) DropTable(ctx context.Context, database, name string) error {
	_, err := behalf(ctx, d, "DeleteTable", d.glue.DeleteTable, &glue.DeleteTableIn{DatabaseName: database, Name: name})
	return err
}

func (d definitions) Partitions(ctx context.Context, database, table string) ([]athena.Partition, error) {
	if err := d.may(ctx, "glue", "GetPartitions", &glue.GetPartitionsIn{DatabaseName: database, TableName: table}); err != nil {
		return nil, err
	}
	list, err := d.glue.Partitions(hydrant.ScopeOf(ctx), database, table)
	if err != nil {
		return nil, err
	}
	out := make([]athena.Partition, len(list))
	for i, p := range list {
		out[i] = athena.Partition{Values: p.Values, Location: p.Location}
	}
	return out, nil
}

// AddPartitions makes them in calls of a hundred, which is what Glue takes.
func (d definitions) AddPartitions(ctx context.Context, t athena.Table, list []athena.Partition) (existing [][]string, err error) {
	for len(list) > 0 {
		n := min(len(list), 100)
		in := &glue.BatchCreatePartitionIn{DatabaseName: t.Database, TableName: t.Name}
		for _, p := range list[:n] {
			in.PartitionInputList = append(in.PartitionInputList, gluePartition(&t, p))
		}
		list = list[n:]
		out, err := behalf(ctx, d, "BatchCreatePartition", d.glue.BatchCreatePartition, in)
		if err != nil {
			return existing, err
		}
		for _, e := range out.Errors {
			if e.ErrorDetail.ErrorCode != "AlreadyExistsException" {
				return existing, hydrant.Faultf(e.ErrorDetail.ErrorCode, "%s", e.ErrorDetail.ErrorMessage)
			}
			existing = append(existing, e.PartitionValues)
		}
	}
	return existing, nil
}

// gluePartition is a partition with the formats of its table, as Athena makes them.
func gluePartition(t *athena.Table, p athena.Partition) glue.PartitionInput {
	var in glue.TableInput
	overlay(&in, t)
	in.StorageDescriptor.Location = p.Location
	return glue.PartitionInput{Values: p.Values, StorageDescriptor: in.StorageDescriptor}
}

func (d definitions) DropPartition(ctx context.Context, database, table string, values []string) error {
	_, err := behalf(ctx, d, "DeletePartition", d.glue.DeletePartition, &glue.DeletePartitionIn{DatabaseName: database, TableName: table, PartitionValues: values})
	return err
}

func (d definitions) ChangePartition(ctx context.Context, t athena.Table, values []string, p athena.Partition) error {
	in := gluePartition(&t, p)
	_, err := behalf(ctx, d, "UpdatePartition", d.glue.UpdatePartition, &glue.UpdatePartitionIn{DatabaseName: t.Database, TableName: t.Name, PartitionValueList: values, PartitionInput: &in})
	return err
}
