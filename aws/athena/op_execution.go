package athena

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/wire"
)

type StartQueryExecutionIn struct {
	QueryString              string `required:"" min:"1" max:"262144"`
	ClientRequestToken       string `min:"32" max:"128"`
	QueryExecutionContext    *QueryExecutionContext
	ResultConfiguration      *ResultConfiguration
	WorkGroup                string   `pattern:"[a-zA-Z0-9._-]{1,128}"`
	ExecutionParameters      []string `min:"1" eachmin:"1" eachmax:"1024"`
	ResultReuseConfiguration *ResultReuseConfiguration
	EngineConfiguration      *Unsupported
}

type StartQueryExecutionOut struct{ QueryExecutionId string }

// StartQueryExecution accepts one statement and runs it in the background.
//
//	Wire     AmazonAthena.StartQueryExecution over json 1.1
//	Limits   Config.Concurrent statements run at a time, others are QUEUED
//	Durable  the execution is in the journal before the reply; one that was interrupted by a restart is FAILED
//	Differs  results are never reused; encryption and owner settings are kept and told, nothing is encrypted;
//	         MERGE, UPDATE, DELETE and Iceberg tables are refused by name; CREATE TABLE AS, INSERT INTO and UNLOAD
//	         write Parquet, JSON and text, not ORC and Avro, and no buckets; INSERT INTO a table of which no
//	         partition is registered but folders are read registers none;
//	         EXECUTE runs queries, none of these; a view asks with the rights of who asks it (SECURITY is not kept)
//	Proof    TestAthenaWorkshop, TestAthenaStart, TestAthenaViews, TestAthenaWrites, TestAthenaFunctions
func (s *Service) StartQueryExecution(ctx context.Context, in *StartQueryExecutionIn) (*StartQueryExecutionOut, error) {
	scope := hydrant.ScopeOf(ctx)
	if in.EngineConfiguration != nil {
		return nil, invalid("INVALID_INPUT", "EngineConfiguration is for Apache Spark, which is not served here.")
	}
	group, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	if group.State == disabled {
		return nil, invalid("INVALID_INPUT", "WorkGroup %s is disabled.", group.Name)
	}
	st, err := readStatement(in.QueryString)
	if err != nil {
		return nil, err
	}
	e := execution{
		ID: uuid.NewString(), Scope: scope, Query: in.QueryString, Kind: st.kind, Sub: st.sub, WorkGroup: group.Name,
		Database: "default", Catalog: strings.ToLower(catalogName), Parameters: in.ExecutionParameters,
		Token: in.ClientRequestToken, State: queued, Submitted: time.Now().UTC(),
	}
	if e.Sub == "" {
		e.Sub = subOf(st.text, st.first)
	}
	if c := in.QueryExecutionContext; c != nil {
		if c.Catalog != "" && !strings.EqualFold(c.Catalog, catalogName) {
			return nil, invalid("INVALID_INPUT", "Catalog %s was not found.", c.Catalog)
		}
		if c.Database != "" {
			e.Database = strings.ToLower(strings.Trim(c.Database, "`")) // quoted as in DDL, as awswrangler sends it
		}
	}
	if e.Token != "" {
		e.Digest = digest(in)
	}
	if err := s.place(ctx, &e, group, in.ResultConfiguration); err != nil {
		return nil, err
	}
	run, stop := context.WithCancelCause(wire.WithCall(hydrant.WithScope(s.life, scope), wire.CallOf(ctx)))
	x, fresh, err := s.history.begin(ctx, e, stop, func() { s.running.Add(1) })
	if fresh && err != nil {
		s.running.Done()
	}
	if err != nil || !fresh {
		stop(nil)
		if err != nil {
			return nil, err
		}
		return &StartQueryExecutionOut{x.ID}, nil
	}
	go func() {
		defer stop(nil)
		s.run(run, x, e, st, group.cutoff())
	}()
	return &StartQueryExecutionOut{e.ID}, nil
}

// digest tells whether two requests ask for the same.
func digest(in *StartQueryExecutionIn) string {
	b, err := json.Marshal(in)
	if err != nil {
		panic("internal error: request is no JSON: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// place settles where an execution writes: where the work group says, if it insists or the client says nothing.
func (s *Service) place(ctx context.Context, e *execution, group workGroup, asked *ResultConfiguration) error {
	own := group.Configuration.ResultConfiguration
	switch {
	case group.enforced() && own != nil:
		e.Result = *own
	case !group.enforced() && asked != nil && asked.OutputLocation != "":
		e.Result = *asked
	case own != nil:
		e.Result = *own
	}
	location := e.Result.OutputLocation
	if location == "" {
		return invalid("INVALID_INPUT", "No output location provided. You did not provide an output location for  your query results. "+
			"Either specify an S3 bucket location or enable Athena managed query results in your workgroup settings.")
	}
	bucket, _ := splitURI(location)
	if !strings.HasPrefix(location, "s3://") || bucket == "" {
		return invalid("INVALID_INPUT", "outputLocation is not a valid S3 path.")
	}
	if _, err := s.config.Lake.Bucket(ctx, bucket); errors.Is(err, blob.ErrNoBucket) {
		return invalid("INVALID_INPUT", "Unable to verify/create output bucket %s", bucket)
	} else if err != nil {
		return err
	}
	suffix := ".txt"
	switch {
	case writes[e.Sub]:
		suffix = ""
	case e.Kind == "DML":
		suffix = ".csv"
	}
	e.Output = strings.TrimSuffix(location, "/") + "/" + e.ID + suffix
	return nil
}

type GetQueryExecutionIn struct {
	QueryExecutionId string `required:"" min:"1" max:"128" pattern:"\\S+"`
}

type GetQueryExecutionOut struct{ QueryExecution *QueryExecution }

// GetQueryExecution answers one execution.
//
//	Wire     AmazonAthena.GetQueryExecution over json 1.1
//	Differs  DataScannedInBytes are the bytes DuckDB read of the objects, not rounded up to 10 MB for billing
//	Proof    TestAthenaWorkshop
func (s *Service) GetQueryExecution(ctx context.Context, in *GetQueryExecutionIn) (*GetQueryExecutionOut, error) {
	e, err := s.history.get(hydrant.ScopeOf(ctx), in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	return &GetQueryExecutionOut{e.shape()}, nil
}

type BatchGetQueryExecutionIn struct {
	QueryExecutionIds []string `required:"" min:"1" max:"50"`
}

type UnprocessedQueryExecutionId struct{ QueryExecutionId, ErrorCode, ErrorMessage string }

type BatchGetQueryExecutionOut struct {
	QueryExecutions              []QueryExecution
	UnprocessedQueryExecutionIds []UnprocessedQueryExecutionId
}

// BatchGetQueryExecution answers many executions.
//
//	Wire     AmazonAthena.BatchGetQueryExecution over json 1.1
//	Partial  one that is not there is listed as unprocessed
//	Proof    TestAthenaStop
func (s *Service) BatchGetQueryExecution(ctx context.Context, in *BatchGetQueryExecutionIn) (*BatchGetQueryExecutionOut, error) {
	out := &BatchGetQueryExecutionOut{QueryExecutions: []QueryExecution{}, UnprocessedQueryExecutionIds: []UnprocessedQueryExecutionId{}}
	for _, id := range in.QueryExecutionIds {
		e, err := s.history.get(hydrant.ScopeOf(ctx), id)
		if f, ok := hydrant.AsFault(err); ok {
			out.UnprocessedQueryExecutionIds = append(out.UnprocessedQueryExecutionIds, UnprocessedQueryExecutionId{id, f.Fields["AthenaErrorCode"], f.Message})
			continue
		}
		out.QueryExecutions = append(out.QueryExecutions, *e.shape())
	}
	return out, nil
}

type ListQueryExecutionsIn struct {
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"0" max:"50"`
	WorkGroup  string `pattern:"[a-zA-Z0-9._-]{1,128}"`
}

type ListQueryExecutionsOut struct {
	QueryExecutionIds []string
	NextToken         string
}

// ListQueryExecutions lists the executions of a work group.
//
//	Wire     AmazonAthena.ListQueryExecutions over json 1.1
//	Limits   maxPage, historyAge, historyCount, historyBytes (limits.go)
//	Order    newest first
//	Proof    TestAthenaStop
func (s *Service) ListQueryExecutions(ctx context.Context, in *ListQueryExecutionsIn) (*ListQueryExecutionsOut, error) {
	scope := hydrant.ScopeOf(ctx)
	group, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	ids, next, err := s.history.page(scope, group.Name, in.NextToken, pageSize(in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &ListQueryExecutionsOut{ids, next}, nil
}

type StopQueryExecutionIn struct {
	QueryExecutionId string `required:"" min:"1" max:"128" pattern:"\\S+"`
}

// StopQueryExecution cancels an execution. One that has ended stays as it is.
//
//	Wire     AmazonAthena.StopQueryExecution over json 1.1
//	Proof    TestAthenaStop
func (s *Service) StopQueryExecution(ctx context.Context, in *StopQueryExecutionIn) (*Empty, error) {
	return &Empty{}, s.history.stop(hydrant.ScopeOf(ctx), in.QueryExecutionId)
}
