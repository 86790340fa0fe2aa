package glue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

// house is a catalog behind its wire, over files that can be opened again.
type house struct {
	t       *testing.T
	files   *vfs.Mem
	journal journal.Journal
	service *glue.Service
	client  *sdk.Client
}

func open(t *testing.T) *house {
	h := &house{t: t, files: vfs.NewMem()}
	h.open()
	return h
}

func (h *house) open() {
	h.t.Helper()
	j, err := journal.Open(h.files, "journal")
	if err != nil {
		h.t.Fatal(err)
	}
	h.journal = j
	h.service = glue.New(glue.Config{Journal: j})
	server := httptest.NewServer(wire.NewServer(wire.Config{Services: []wire.Service{h.service.Wire()}}))
	h.t.Cleanup(server.Close)
	h.client = sdk.New(sdk.Options{
		BaseEndpoint: aws.String(server.URL), HTTPClient: awsbody.Over(nil), Region: "eu-west-1",
		Credentials:      credentials.NewStaticCredentialsProvider("123456789012", "x", ""),
		RetryMaxAttempts: 1,
	})
}

// reopen is a restart over the same files.
func (h *house) reopen() {
	h.t.Helper()
	if err := h.journal.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.open()
}

var scope = hydrant.Scope{Account: "123456789012", Region: "eu-west-1"}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fails checks a fault as a client sees it.
func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("got  %v\nwant %s: %s", err, code, message)
	}
}

func (h *house) database(name string) {
	h.t.Helper()
	must[*sdk.CreateDatabaseOutput](h.t)(h.client.CreateDatabase(h.t.Context(), &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}}))
}

func tripsInput() *types.TableInput {
	return &types.TableInput{
		Name: aws.String("Trips"), TableType: aws.String("EXTERNAL_TABLE"), Description: aws.String("taxi"),
		Parameters: map[string]string{"EXTERNAL": "TRUE"},
		StorageDescriptor: &types.StorageDescriptor{
			Columns:  []types.Column{{Name: aws.String("Trip_ID"), Type: aws.String("bigint"), Comment: aws.String("c")}, {Name: aws.String("fare"), Type: aws.String("double")}},
			Location: aws.String("s3://lake/trips/"),
			SerdeInfo: &types.SerDeInfo{
				SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
				Parameters:           map[string]string{"serialization.format": "1"},
			},
			InputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
		},
		PartitionKeys: []types.Column{{Name: aws.String("Year"), Type: aws.String("string")}, {Name: aws.String("month"), Type: aws.String("int")}},
	}
}

func (h *house) table(db string, in *types.TableInput) {
	h.t.Helper()
	must[*sdk.CreateTableOutput](h.t)(h.client.CreateTable(h.t.Context(), &sdk.CreateTableInput{DatabaseName: &db, TableInput: in}))
}

func TestDatabases(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	_, err := h.client.GetDatabase(ctx, &sdk.GetDatabaseInput{Name: aws.String("default")})
	fails(t, err, "EntityNotFoundException", "Database default not found.")
	h.database("KinesisLabs")
	_, err = h.client.CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("kinesislabs")}})
	fails(t, err, "AlreadyExistsException", "Database already exists.")
	must[*sdk.UpdateDatabaseOutput](t)(h.client.UpdateDatabase(ctx, &sdk.UpdateDatabaseInput{
		Name: aws.String("kinesislabs"), DatabaseInput: &types.DatabaseInput{Name: aws.String("kinesislabs"), Description: aws.String("d"), LocationUri: aws.String("s3://lake/")},
	}))
	h.reopen()
	d := must[*sdk.GetDatabaseOutput](t)(h.client.GetDatabase(ctx, &sdk.GetDatabaseInput{Name: aws.String("KINESISLABS")})).Database
	if *d.Name != "kinesislabs" || *d.CatalogId != scope.Account || *d.Description != "d" || time.Since(*d.CreateTime) > time.Minute {
		t.Errorf("got %+v", d)
	}
	if p := d.CreateTableDefaultPermissions; len(p) != 1 || *p[0].Principal.DataLakePrincipalIdentifier != "IAM_ALLOWED_PRINCIPALS" {
		t.Errorf("default permissions: %+v", p)
	}
	h.database("a")
	h.database("z/slash")
	var names []string
	pages := sdk.NewGetDatabasesPaginator(h.client, &sdk.GetDatabasesInput{MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, d := range must[*sdk.GetDatabasesOutput](t)(pages.NextPage(ctx)).DatabaseList {
			names = append(names, *d.Name)
		}
	}
	if diff := cmp.Diff([]string{"a", "kinesislabs", "z/slash"}, names); diff != "" {
		t.Error(diff)
	}
	_, err = h.client.GetDatabases(ctx, &sdk.GetDatabasesInput{NextToken: aws.String("%")})
	fails(t, err, "InvalidInputException", "Invalid next token.")
}

func TestDeleteDatabaseTakesItsTables(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.database("d")
	h.database("d2")
	h.table("d", tripsInput())
	h.table("d2", tripsInput())
	must[*sdk.DeleteDatabaseOutput](t)(h.client.DeleteDatabase(ctx, &sdk.DeleteDatabaseInput{Name: aws.String("D")}))
	_, err := h.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("trips")})
	fails(t, err, "EntityNotFoundException", "Database d not found.")
	h.database("d")
	_, err = h.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("trips")})
	fails(t, err, "EntityNotFoundException", "Table trips not found.")
	must[*sdk.GetTableOutput](t)(h.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: aws.String("d2"), Name: aws.String("trips")}))
}

func TestTables(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	_, err := h.client.CreateTable(ctx, &sdk.CreateTableInput{DatabaseName: aws.String("Labs"), TableInput: tripsInput()})
	fails(t, err, "EntityNotFoundException", "Database labs not found.")
	h.database("labs")
	h.table("Labs", tripsInput())
	_, err = h.client.CreateTable(ctx, &sdk.CreateTableInput{DatabaseName: aws.String("labs"), TableInput: tripsInput()})
	fails(t, err, "AlreadyExistsException", "Table already exists.")
	h.reopen()
	got := must[*sdk.GetTableOutput](t)(h.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: aws.String("LABS"), Name: aws.String("TRIPS")})).Table
	if *got.Name != "trips" || *got.DatabaseName != "labs" || *got.VersionId != "0" || *got.CatalogId != scope.Account || *got.TableType != "EXTERNAL_TABLE" {
		t.Errorf("got %+v", got)
	}
	sd := got.StorageDescriptor
	if *sd.Columns[0].Name != "trip_id" || *sd.Columns[0].Comment != "c" || sd.SortColumns == nil || *sd.Location != "s3://lake/trips/" || sd.SerdeInfo.Parameters["serialization.format"] != "1" {
		t.Errorf("descriptor %+v", sd)
	}
	if *got.PartitionKeys[0].Name != "year" || got.Parameters["EXTERNAL"] != "TRUE" {
		t.Errorf("keys %+v parameters %v", got.PartitionKeys, got.Parameters)
	}
	// The least there can be: a name.
	h.table("labs", &types.TableInput{Name: aws.String("bare")})
	for i := range 5 {
		h.table("labs", &types.TableInput{Name: aws.String(fmt.Sprintf("raw_%d", i))})
	}
	list := func(expression string) (names []string) {
		pages := sdk.NewGetTablesPaginator(h.client, &sdk.GetTablesInput{DatabaseName: aws.String("labs"), Expression: &expression, MaxResults: aws.Int32(2)})
		for pages.HasMorePages() {
			for _, t := range must[*sdk.GetTablesOutput](t)(pages.NextPage(ctx)).TableList {
				names = append(names, *t.Name)
			}
		}
		return names
	}
	for expression, want := range map[string][]string{
		"":            {"bare", "raw_0", "raw_1", "raw_2", "raw_3", "raw_4", "trips"},
		"raw_*":       {"raw_0", "raw_1", "raw_2", "raw_3", "raw_4"},
		"raw_[0-1]":   {"raw_0", "raw_1"},
		"*s":          {"trips"},
		"raw":         nil,
		"bare|Trips":  {"bare", "trips"},
		".*r.*":       {"bare", "raw_0", "raw_1", "raw_2", "raw_3", "raw_4", "trips"},
		"raw_[0-9]*":  {"raw_0", "raw_1", "raw_2", "raw_3", "raw_4"},
		"(raw_)?bare": {"bare"},
	} {
		if diff := cmp.Diff(want, list(expression)); diff != "" {
			t.Errorf("%q: %s", expression, diff)
		}
	}
	_, err = h.client.GetTables(ctx, &sdk.GetTablesInput{DatabaseName: aws.String("labs"), Expression: aws.String("(")})
	fails(t, err, "InvalidInputException", "Invalid expression '('.")
	_, err = h.client.GetTables(ctx, &sdk.GetTablesInput{DatabaseName: aws.String("no")})
	fails(t, err, "EntityNotFoundException", "Database no not found.")
	must[*sdk.DeleteTableOutput](t)(h.client.DeleteTable(ctx, &sdk.DeleteTableInput{DatabaseName: aws.String("labs"), Name: aws.String("Trips")}))
	_, err = h.client.DeleteTable(ctx, &sdk.DeleteTableInput{DatabaseName: aws.String("labs"), Name: aws.String("trips")})
	fails(t, err, "EntityNotFoundException", "Table trips not found.")
}

func TestTableVersions(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.database("labs")
	h.table("labs", tripsInput())
	update := func(comment string, skip bool, expect *string) error {
		in := tripsInput()
		in.Description = &comment
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{Name: aws.String(comment), Type: aws.String("int")})
		in.Parameters = nil
		_, err := h.client.UpdateTable(ctx, &sdk.UpdateTableInput{DatabaseName: aws.String("labs"), TableInput: in, SkipArchive: &skip, VersionId: expect})
		return err
	}
	versions := func() (ids []string) {
		pages := sdk.NewGetTableVersionsPaginator(h.client, &sdk.GetTableVersionsInput{DatabaseName: aws.String("labs"), TableName: aws.String("trips"), MaxResults: aws.Int32(1)})
		for pages.HasMorePages() {
			for _, v := range must[*sdk.GetTableVersionsOutput](t)(pages.NextPage(ctx)).TableVersions {
				ids = append(ids, *v.VersionId)
			}
		}
		return ids
	}
	must[any](t)(nil, update("one", false, nil))
	must[any](t)(nil, update("two", true, aws.String("1")))
	h.reopen()
	if diff := cmp.Diff([]string{"2", "0"}, versions()); diff != "" {
		t.Errorf("after 0, 1, 2 with skip: %s", diff)
	}
	fails(t, update("three", false, aws.String("1")), "ConcurrentModificationException", "Update table failed due to concurrent modifications.")
	now := must[*sdk.GetTableOutput](t)(h.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: aws.String("labs"), Name: aws.String("trips")})).Table
	if *now.Description != "two" || len(now.Parameters) != 0 {
		t.Errorf("current: %+v", now)
	}
	get := func(id *string) (*sdk.GetTableVersionOutput, error) {
		return h.client.GetTableVersion(ctx, &sdk.GetTableVersionInput{DatabaseName: aws.String("labs"), TableName: aws.String("trips"), VersionId: id})
	}
	if v := must[*sdk.GetTableVersionOutput](t)(get(aws.String("0"))).TableVersion; *v.Table.Description != "taxi" || *v.Table.VersionId != "0" {
		t.Errorf("version 0: %+v", v.Table)
	}
	if v := must[*sdk.GetTableVersionOutput](t)(get(nil)).TableVersion; *v.VersionId != "2" {
		t.Errorf("latest: %s", *v.VersionId)
	}
	_, err := get(aws.String("1"))
	fails(t, err, "EntityNotFoundException", "Version not found.")

	for version, want := range map[string]int{"": 3, "LATEST": 3, "2": 3, "0": 2} {
		columns, resolved, err := h.service.Columns(ctx, scope, "LABS", "Trips", version)
		if err != nil || len(columns) != want || columns[0] != (hydrant.Column{Name: "trip_id", Type: "bigint"}) {
			t.Errorf("Columns at %q: %v %v", version, columns, err)
		}
		if wantVersion := map[int]string{3: "2", 2: "0"}[want]; resolved != wantVersion {
			t.Errorf("Columns at %q are of version %s", version, resolved)
		}
	}
	if _, _, err := h.service.Columns(ctx, scope, "labs", "nope", ""); hydrant.FaultCode(err) != "EntityNotFoundException" {
		t.Errorf("Columns of nothing: %v", err)
	}

	must[any](t)(nil, update("four", false, nil)) // 3, archives 2
	out := must[*sdk.BatchDeleteTableVersionOutput](t)(h.client.BatchDeleteTableVersion(ctx, &sdk.BatchDeleteTableVersionInput{
		DatabaseName: aws.String("labs"), TableName: aws.String("trips"), VersionIds: []string{"0", "1", "3"},
	}))
	if len(out.Errors) != 2 || *out.Errors[0].ErrorDetail.ErrorCode != "EntityNotFoundException" || *out.Errors[1].ErrorDetail.ErrorCode != "InvalidInputException" {
		t.Errorf("batch: %+v", out.Errors)
	}
	must[*sdk.DeleteTableVersionOutput](t)(h.client.DeleteTableVersion(ctx, &sdk.DeleteTableVersionInput{DatabaseName: aws.String("labs"), TableName: aws.String("trips"), VersionId: aws.String("2")}))
	if diff := cmp.Diff([]string{"3"}, versions()); diff != "" {
		t.Error(diff)
	}
}

func TestBatchDeleteTable(t *testing.T) {
	h := open(t)
	h.database("d")
	h.table("d", &types.TableInput{Name: aws.String("a")})
	h.table("d", &types.TableInput{Name: aws.String("b")})
	out := must[*sdk.BatchDeleteTableOutput](t)(h.client.BatchDeleteTable(t.Context(), &sdk.BatchDeleteTableInput{DatabaseName: aws.String("d"), TablesToDelete: []string{"A", "nope"}}))
	if len(out.Errors) != 1 || *out.Errors[0].TableName != "nope" || *out.Errors[0].ErrorDetail.ErrorMessage != "Table nope not found." {
		t.Errorf("errors %+v", out.Errors)
	}
	left := must[*sdk.GetTablesOutput](t)(h.client.GetTables(t.Context(), &sdk.GetTablesInput{DatabaseName: aws.String("d")}))
	if len(left.TableList) != 1 || *left.TableList[0].Name != "b" {
		t.Errorf("left %+v", left.TableList)
	}
}

func TestPartitions(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	db, table := aws.String("d"), aws.String("trips")
	h.database("d")
	h.table("d", tripsInput())
	create := func(values ...string) error {
		_, err := h.client.CreatePartition(ctx, &sdk.CreatePartitionInput{DatabaseName: db, TableName: table, PartitionInput: &types.PartitionInput{
			Values: values, StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://lake/x/"), Columns: []types.Column{{Name: aws.String("A")}}},
		}})
		return err
	}
	must[any](t)(nil, create("2024", "1"))
	fails(t, create("2024", "1"), "AlreadyExistsException", "Partition already exists.")
	mismatch := "The number of partition keys do not match the number of partition values"
	fails(t, create("2024"), "InvalidInputException", mismatch)
	batch := func(inputs ...[]string) (*sdk.BatchCreatePartitionOutput, error) {
		in := &sdk.BatchCreatePartitionInput{DatabaseName: db, TableName: table}
		for _, v := range inputs {
			in.PartitionInputList = append(in.PartitionInputList, types.PartitionInput{Values: v})
		}
		return h.client.BatchCreatePartition(ctx, in)
	}
	_, err := batch([]string{"2024", "9"}, []string{"2024"})
	fails(t, err, "InvalidInputException", mismatch)
	out := must[*sdk.BatchCreatePartitionOutput](t)(batch([]string{"2024", "1"}, []string{"2024", "2"}, []string{"2024", "10"}, []string{"20/23", "12"}, []string{"2024", "2"}))
	if len(out.Errors) != 2 || *out.Errors[0].ErrorDetail.ErrorMessage != "Partition already exists." || !cmp.Equal(out.Errors[1].PartitionValues, []string{"2024", "2"}) {
		t.Errorf("batch errors: %+v", out.Errors)
	}
	h.reopen()
	list := func(expression string) (found []string) {
		pages := sdk.NewGetPartitionsPaginator(h.client, &sdk.GetPartitionsInput{DatabaseName: db, TableName: table, Expression: &expression, MaxResults: aws.Int32(2)})
		for pages.HasMorePages() {
			for _, p := range must[*sdk.GetPartitionsOutput](t)(pages.NextPage(ctx)).Partitions {
				found = append(found, fmt.Sprint(p.Values))
			}
		}
		return found
	}
	for expression, want := range map[string][]string{
		"":                             {"[20/23 12]", "[2024 1]", "[2024 10]", "[2024 2]"},
		"year = '2024' AND month >= 2": {"[2024 10]", "[2024 2]"},
		"month in (1, 12)":             {"[20/23 12]", "[2024 1]"},
	} {
		if diff := cmp.Diff(want, list(expression)); diff != "" {
			t.Errorf("%q: %s", expression, diff)
		}
	}
	// A token comes even with the last page; the page after it is empty and ends.
	last := must[*sdk.GetPartitionsOutput](t)(h.client.GetPartitions(ctx, &sdk.GetPartitionsInput{DatabaseName: db, TableName: table}))
	if len(last.Partitions) != 4 || last.NextToken == nil {
		t.Errorf("%d partitions, token %v", len(last.Partitions), last.NextToken)
	}
	end := must[*sdk.GetPartitionsOutput](t)(h.client.GetPartitions(ctx, &sdk.GetPartitionsInput{DatabaseName: db, TableName: table, NextToken: last.NextToken}))
	if len(end.Partitions) != 0 || end.NextToken != nil {
		t.Errorf("after the last: %+v", end)
	}
	total := 0
	for n := range int32(3) {
		part := must[*sdk.GetPartitionsOutput](t)(h.client.GetPartitions(ctx, &sdk.GetPartitionsInput{
			DatabaseName: db, TableName: table, Segment: &types.Segment{SegmentNumber: n, TotalSegments: aws.Int32(3)}, ExcludeColumnSchema: aws.Bool(true),
		}))
		total += len(part.Partitions)
		for _, p := range part.Partitions {
			if p.StorageDescriptor != nil && p.StorageDescriptor.Columns != nil {
				t.Errorf("columns of %v", p.Values)
			}
		}
	}
	if total != 4 {
		t.Errorf("segments hold %d partitions", total)
	}
	get := func(values ...string) (*sdk.GetPartitionOutput, error) {
		return h.client.GetPartition(ctx, &sdk.GetPartitionInput{DatabaseName: db, TableName: table, PartitionValues: values})
	}
	p := must[*sdk.GetPartitionOutput](t)(get("2024", "1")).Partition
	if *p.TableName != "trips" || *p.StorageDescriptor.Location != "s3://lake/x/" || *p.StorageDescriptor.Columns[0].Name != "a" {
		t.Errorf("partition %+v", p)
	}
	_, err = get("1", "1")
	fails(t, err, "EntityNotFoundException", "Cannot find partition.")
	some := must[*sdk.BatchGetPartitionOutput](t)(h.client.BatchGetPartition(ctx, &sdk.BatchGetPartitionInput{DatabaseName: db, TableName: table,
		PartitionsToGet: []types.PartitionValueList{{Values: []string{"2024", "2"}}, {Values: []string{"1", "1"}}}}))
	if len(some.Partitions) != 1 || len(some.UnprocessedKeys) != 0 {
		t.Errorf("batch get: %+v", some)
	}
	update := func(from []string, to ...string) error {
		_, err := h.client.UpdatePartition(ctx, &sdk.UpdatePartitionInput{DatabaseName: db, TableName: table, PartitionValueList: from,
			PartitionInput: &types.PartitionInput{Values: to, Parameters: map[string]string{"k": "v"}}})
		return err
	}
	must[any](t)(nil, update([]string{"2024", "1"}, "2025", "1"))
	fails(t, update([]string{"2024", "1"}, "2025", "1"), "EntityNotFoundException", "Cannot find partition.")
	fails(t, update([]string{"2025", "1"}, "2024", "2"), "AlreadyExistsException", "Partition already exists.")
	if p := must[*sdk.GetPartitionOutput](t)(get("2025", "1")).Partition; p.Parameters["k"] != "v" {
		t.Errorf("updated: %+v", p)
	}
	moved := must[*sdk.BatchUpdatePartitionOutput](t)(h.client.BatchUpdatePartition(ctx, &sdk.BatchUpdatePartitionInput{DatabaseName: db, TableName: table,
		Entries: []types.BatchUpdatePartitionRequestEntry{
			{PartitionValueList: []string{"2025", "1"}, PartitionInput: &types.PartitionInput{Values: []string{"2026", "1"}}},
			{PartitionValueList: []string{"2025", "1"}, PartitionInput: &types.PartitionInput{Values: []string{"2027", "1"}}},
		}}))
	if len(moved.Errors) != 1 || *moved.Errors[0].ErrorDetail.ErrorCode != "EntityNotFoundException" {
		t.Errorf("batch update: %+v", moved.Errors)
	}
	infos := must[[]glue.PartitionInfo](t)(h.service.Partitions(scope, "d", "trips"))
	if len(infos) != 4 || infos[3].Values[0] != "2026" {
		t.Errorf("partitions for readers: %+v", infos)
	}
	gone := must[*sdk.BatchDeletePartitionOutput](t)(h.client.BatchDeletePartition(ctx, &sdk.BatchDeletePartitionInput{DatabaseName: db, TableName: table,
		PartitionsToDelete: []types.PartitionValueList{{Values: []string{"2024", "2"}}, {Values: []string{"1", "1"}}}}))
	if len(gone.Errors) != 1 {
		t.Errorf("batch delete: %+v", gone.Errors)
	}
	must[*sdk.DeletePartitionOutput](t)(h.client.DeletePartition(ctx, &sdk.DeletePartitionInput{DatabaseName: db, TableName: table, PartitionValues: []string{"2026", "1"}}))
	if diff := cmp.Diff([]string{"[20/23 12]", "[2024 10]"}, list("")); diff != "" {
		t.Error(diff)
	}
}

func TestPartitionIndexes(t *testing.T) {
	h := open(t)
	h.database("d")
	in := &sdk.CreateTableInput{DatabaseName: aws.String("d"), TableInput: tripsInput(), PartitionIndexes: []types.PartitionIndex{{IndexName: aws.String("by"), Keys: []string{"nope"}}}}
	_, err := h.client.CreateTable(t.Context(), in)
	fails(t, err, "InvalidInputException", "Partition index key nope is not a partition key of the table.")
	in.PartitionIndexes[0].Keys = []string{"year"}
	must[*sdk.CreateTableOutput](t)(h.client.CreateTable(t.Context(), in))
	out := must[*sdk.GetPartitionIndexesOutput](t)(h.client.GetPartitionIndexes(t.Context(), &sdk.GetPartitionIndexesInput{DatabaseName: aws.String("d"), TableName: aws.String("trips")}))
	if x := out.PartitionIndexDescriptorList; len(x) != 1 || *x[0].Keys[0].Type != "string" || x[0].IndexStatus != types.PartitionIndexStatusActive {
		t.Errorf("indexes %+v", x)
	}
}

func TestTablesForReaders(t *testing.T) {
	h := open(t)
	h.database("d")
	h.table("d", tripsInput())
	h.table("d", &types.TableInput{Name: aws.String("bare")})
	var names []string
	for info, err := range h.service.Tables(scope) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Database+"."+info.Name)
		if info.Name == "trips" && (info.Location != "s3://lake/trips/" || len(info.Columns) != 2 || info.PartitionKeys[1].Type != "int" || info.SerDe == "") {
			t.Errorf("trips: %+v", info)
		}
	}
	if diff := cmp.Diff([]string{"d.bare", "d.trips"}, names); diff != "" {
		t.Error(diff)
	}
	for range h.service.Tables(hydrant.Scope{Account: scope.Account, Region: "us-east-1"}) {
		t.Error("a table in another Region")
	}
}

func TestWhatIsNotHereIsRefused(t *testing.T) {
	h := open(t)
	h.database("d")
	ctx := t.Context()
	_, err := h.client.CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("f"), FederatedDatabase: &types.FederatedDatabase{ConnectionName: aws.String("c")}}})
	fails(t, err, "InvalidInputException", "Federated databases are not supported.")
	_, err = h.client.GetDatabase(ctx, &sdk.GetDatabaseInput{Name: aws.String("d"), CatalogId: aws.String("999999999999")})
	fails(t, err, "EntityNotFoundException", "Catalog 999999999999 not found.")
	in := glue.CreateTableIn{DatabaseName: "d", OpenTableFormatInput: &glue.Unsupported{}}
	if _, err := h.service.CreateTable(hydrant.WithScope(context.Background(), scope), &in); hydrant.FaultCode(err) != "InvalidInputException" {
		t.Errorf("open table format: %v", err)
	}
}

func TestTagsOfDatabases(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	arn := aws.String(scope.ARN("glue", "database/lake"))
	tags := func() map[string]string {
		t.Helper()
		return must[*sdk.GetTagsOutput](t)(h.client.GetTags(ctx, &sdk.GetTagsInput{ResourceArn: arn})).Tags
	}
	_, err := h.client.GetTags(ctx, &sdk.GetTagsInput{ResourceArn: arn})
	fails(t, err, "EntityNotFoundException", "Database lake not found.")
	create := func(tags map[string]string) {
		t.Helper()
		must[*sdk.CreateDatabaseOutput](t)(h.client.CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("Lake")}, Tags: tags}))
	}
	create(map[string]string{"a": "1", "b": "2"})
	must[*sdk.TagResourceOutput](t)(h.client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, TagsToAdd: map[string]string{"b": "3", "c": "4"}}))
	must[*sdk.UntagResourceOutput](t)(h.client.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: arn, TagsToRemove: []string{"a", "none"}}))
	h.reopen()
	if diff := cmp.Diff(map[string]string{"b": "3", "c": "4"}, tags()); diff != "" {
		t.Error(diff)
	}
	_, err = h.client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, TagsToAdd: map[string]string{"aws:x": ""}})
	fails(t, err, "InvalidInputException", `The tag "aws:x" is not valid: a key has 1 to 128 characters and does not begin with aws:, a value has up to 256.`)
	_, err = h.client.GetTags(ctx, &sdk.GetTagsInput{ResourceArn: aws.String(scope.ARN("glue", "table/lake/t"))})
	fails(t, err, "InvalidInputException", "Tags of "+scope.ARN("glue", "table/lake/t")+" are not supported: databases have tags.")
	must[*sdk.DeleteDatabaseOutput](t)(h.client.DeleteDatabase(ctx, &sdk.DeleteDatabaseInput{Name: aws.String("lake")}))
	create(nil)
	if got := tags(); len(got) != 0 {
		t.Errorf("a new database has the tags of one deleted: %v", got)
	}
}
