// Package athena runs SQL over the lake: statements come in, results lie as files in a bucket.
//
// A statement is one of two kinds. What defines tables is Hive's dialect (ddl), and run here against the
// catalog (define.go, show.go). What asks is Trino's (trino), turned into DuckDB's and run by package
// query. Both write their answer to the output location (result.go), as AWS does, and GetQueryResults
// reads it back from there: a result is nowhere else.
//
// The nouns: an execution (execution.go) is a statement on its way, and all of them are the history
// (history.go), which the journal keeps; a work group (workgroup.go) is where executions belong.
// Every execution has one goroutine (run.go); Close ends them all and waits.
package athena

import (
	"context"
	"log/slog"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what Athena needs. All but Log, MayWrite and Concurrent must be set.
type Config struct {
	// Journal keeps executions, work groups and saved queries, under "athena/". It stays the caller's.
	Journal journal.Journal
	// Lake holds the tables' objects and takes the results.
	Lake blob.Store
	// Catalog holds databases, tables and partitions.
	Catalog Catalog
	// Query runs SELECTs.
	Query Query
	// MayWrite allows whoever made the call behind a context to write objects below a URI that ends in a
	// slash, or answers why not. nil allows anybody.
	MayWrite func(ctx context.Context, uri string) error
	// Concurrent statements; further ones wait as QUEUED. Default 4.
	Concurrent int
	Log        *slog.Logger
}

// Service is Athena for all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	config  Config
	log     *slog.Logger
	history *history
	slots   chan struct{} // a token per running statement

	// saving is held from the first look at work groups and saved queries to the commit that depends on it.
	saving sync.Mutex

	life    context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup
}

// New opens Athena over what the journal holds. What ran when the house went down has failed.
func New(c Config) (*Service, error) {
	if c.Concurrent <= 0 {
		c.Concurrent = 4
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, log: c.Log, slots: make(chan struct{}, c.Concurrent)}
	s.life, s.end = context.WithCancel(context.Background())
	var err error
	if s.history, err = openHistory(c.Journal); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// Close ends what runs, as failed, and waits for it.
func (s *Service) Close() error {
	s.history.close()
	s.end()
	s.running.Wait()
	return nil
}

// Wire is Athena's face: AmazonAthena over JSON 1.1.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:           "athena",
		Protocol:       wire.AWSJSON,
		Target:         "AmazonAthena",
		MessageMember:  "Message",
		ValidationCode: "InvalidRequestException",
		Ops: []wire.Row{
			wire.Op("StartQueryExecution", s.StartQueryExecution),
			wire.Op("GetQueryExecution", s.GetQueryExecution),
			wire.Op("BatchGetQueryExecution", s.BatchGetQueryExecution),
			wire.Op("ListQueryExecutions", s.ListQueryExecutions),
			wire.Op("StopQueryExecution", s.StopQueryExecution),
			wire.Op("GetQueryRuntimeStatistics", s.GetQueryRuntimeStatistics),
			wire.Op("GetQueryResults", s.GetQueryResults),

			wire.Op("CreateWorkGroup", s.CreateWorkGroup),
			wire.Op("GetWorkGroup", s.GetWorkGroup),
			wire.Op("ListWorkGroups", s.ListWorkGroups),
			wire.Op("UpdateWorkGroup", s.UpdateWorkGroup),
			wire.Op("DeleteWorkGroup", s.DeleteWorkGroup),
			wire.Op("ListEngineVersions", s.ListEngineVersions),

			wire.Op("CreateNamedQuery", s.CreateNamedQuery),
			wire.Op("GetNamedQuery", s.GetNamedQuery),
			wire.Op("BatchGetNamedQuery", s.BatchGetNamedQuery),
			wire.Op("ListNamedQueries", s.ListNamedQueries),
			wire.Op("UpdateNamedQuery", s.UpdateNamedQuery),
			wire.Op("DeleteNamedQuery", s.DeleteNamedQuery),

			wire.Op("CreatePreparedStatement", s.CreatePreparedStatement),
			wire.Op("GetPreparedStatement", s.GetPreparedStatement),
			wire.Op("ListPreparedStatements", s.ListPreparedStatements),
			wire.Op("UpdatePreparedStatement", s.UpdatePreparedStatement),
			wire.Op("DeletePreparedStatement", s.DeletePreparedStatement),

			wire.Op("ListTagsForResource", s.ListTagsForResource),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),

			wire.Op("ListDataCatalogs", s.ListDataCatalogs),
			wire.Op("GetDataCatalog", s.GetDataCatalog),
			wire.Op("ListDatabases", s.ListDatabases),
			wire.Op("GetDatabase", s.GetDatabase),
			wire.Op("ListTableMetadata", s.ListTableMetadata),
			wire.Op("GetTableMetadata", s.GetTableMetadata),
		},
	}
}

// Empty is the answer of an operation that has nothing to say.
type Empty struct{}

// invalid is the fault of a request that cannot be carried out.
func invalid(code, format string, args ...any) error {
	return hydrant.Faultf("InvalidRequestException", format, args...).WithField("AthenaErrorCode", code)
}
