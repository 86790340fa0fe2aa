package athena

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

type GetQueryResultsIn struct {
	QueryExecutionId string `required:"" min:"1" max:"128" pattern:"\\S+"`
	NextToken        string `min:"1" max:"1024"`
	MaxResults       *int   `min:"1" max:"1000"`
	QueryResultType  string `enum:"DATA_MANIFEST|DATA_ROWS"`
}

type GetQueryResultsOut struct {
	UpdateCount int64
	ResultSet   *ResultSet
	NextToken   string
}

// GetQueryResults answers a page of a result, read from its object in the lake.
//
// The first row of a query's first page holds the names of the columns. A page that is full carries a
// NextToken, the last one too: the next page is then empty. A token is a place in the object, so a page
// costs what it holds.
//
//	Wire     AmazonAthena.GetQueryResults over json 1.1
//	Limits   maxRows (limits.go)
//	Differs  QueryResultType is ignored: there are no manifests
//	Proof    TestAthenaPaging, TestAthenaDialect
func (s *Service) GetQueryResults(ctx context.Context, in *GetQueryResultsIn) (*GetQueryResultsOut, error) {
	e, err := s.history.get(hydrant.ScopeOf(ctx), in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	switch e.State {
	case queued, runs:
		return nil, invalid("INVALID_QUERY_EXECUTION_STATE", "Query has not yet finished. Current state: %s", e.State)
	case failed, cancelled:
		return nil, invalid("INVALID_QUERY_EXECUTION_STATE", "Query did not finish successfully. Final query state: %s", e.State)
	}
	var at int64
	if in.NextToken != "" {
		b, err := base64.URLEncoding.DecodeString(in.NextToken)
		if err == nil {
			at, err = strconv.ParseInt(string(b), 10, 64)
		}
		if err != nil || at < 0 {
			return nil, invalid("INVALID_INPUT", "NextToken is invalid.")
		}
	}
	limit := maxRows
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	set, end, err := s.readResult(ctx, e.Output, at, limit)
	if errors.Is(err, blob.ErrNoKey) || errors.Is(err, blob.ErrNoBucket) {
		return nil, invalid("INVALID_INPUT", "Could not find results")
	}
	if err != nil {
		return nil, err
	}
	out := &GetQueryResultsOut{ResultSet: set}
	if e.Sub == "CREATE_TABLE_AS_SELECT" || e.Sub == "INSERT" {
		out.UpdateCount = e.Rows
	}
	if len(set.Rows) == limit {
		out.NextToken = base64.URLEncoding.EncodeToString([]byte(strconv.FormatInt(end, 10)))
	}
	return out, nil
}

// readResult reads rows of a result from a place in its object on; end is the place behind them.
func (s *Service) readResult(ctx context.Context, uri string, at int64, limit int) (set *ResultSet, end int64, err error) {
	bucket, key := splitURI(uri)
	var meta metadata
	m, _, err := s.config.Lake.Get(ctx, bucket, key+metadataSuffix, nil)
	if err != nil {
		return nil, 0, err
	}
	err = json.NewDecoder(m).Decode(&meta)
	if err = errors.Join(err, m.Close()); err != nil {
		return nil, 0, err
	}
	set = &ResultSet{Rows: []Row{}, ResultSetMetadata: &ResultSetMetadata{meta.Columns}}
	info, err := s.config.Lake.Head(ctx, bucket, key)
	if err != nil || at >= info.Size {
		return set, at, err
	}
	body, _, err := s.config.Lake.Get(ctx, bucket, key, &blob.Range{Offset: at, Length: -1})
	if err != nil {
		return nil, 0, err
	}
	defer body.Close()
	read := readLine
	if strings.HasSuffix(key, ".csv") {
		read = readCSV
	}
	r := bufio.NewReaderSize(body, 64<<10)
	for end = at; len(set.Rows) < limit; {
		row, n, err := read(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		end += n
		set.Rows = append(set.Rows, row)
	}
	return set, end, nil
}

type GetQueryRuntimeStatisticsIn struct {
	QueryExecutionId string `required:"" min:"1" max:"128" pattern:"\\S+"`
}

type QueryRuntimeStatisticsTimeline struct {
	QueryQueueTimeInMillis           int64
	ServicePreProcessingTimeInMillis int64
	QueryPlanningTimeInMillis        int64
	EngineExecutionTimeInMillis      int64
	ServiceProcessingTimeInMillis    int64
	TotalExecutionTimeInMillis       int64
}

type QueryRuntimeStatisticsRows struct{ InputBytes, OutputBytes, OutputRows int64 }

type QueryRuntimeStatistics struct {
	Timeline *QueryRuntimeStatisticsTimeline
	Rows     *QueryRuntimeStatisticsRows
}

type GetQueryRuntimeStatisticsOut struct{ QueryRuntimeStatistics *QueryRuntimeStatistics }

// GetQueryRuntimeStatistics answers where the time of an execution went.
//
//	Wire     AmazonAthena.GetQueryRuntimeStatistics over json 1.1
//	Differs  InputRows and the stages of the plan (OutputStage) are not told
//	Proof    TestAthenaWorkshop
func (s *Service) GetQueryRuntimeStatistics(ctx context.Context, in *GetQueryRuntimeStatisticsIn) (*GetQueryRuntimeStatisticsOut, error) {
	e, err := s.history.get(hydrant.ScopeOf(ctx), in.QueryExecutionId)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	if e.ended() {
		total = e.Completed.Sub(e.Submitted).Milliseconds()
	}
	return &GetQueryRuntimeStatisticsOut{&QueryRuntimeStatistics{
		Timeline: &QueryRuntimeStatisticsTimeline{
			QueryQueueTimeInMillis: e.Queued.Milliseconds(), QueryPlanningTimeInMillis: e.Planned.Milliseconds(),
			EngineExecutionTimeInMillis: e.Engine.Milliseconds(), ServiceProcessingTimeInMillis: e.Written.Milliseconds(),
			TotalExecutionTimeInMillis: total,
		},
		Rows: &QueryRuntimeStatisticsRows{InputBytes: e.Scanned, OutputBytes: e.Bytes, OutputRows: e.Rows},
	}}, nil
}
