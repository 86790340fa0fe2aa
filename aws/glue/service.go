// Package glue is the Data Catalog: databases, tables with their versions, and partitions.
//
// The journal is the catalog. A read decodes what it names straight from the journal; a write
// checks and commits under one lock, so that two writers never decide on the same old state. Nothing
// else is kept in memory, and a restart has nothing to load.
//
// The rest of the house asks the catalog through lookup.go: Firehose for the columns of a schema,
// query for the tables of a lake.
package glue

import (
	"context"
	"sync"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the catalog needs.
type Config struct {
	// Journal keeps the catalog, under "glue/". It stays the caller's to close.
	Journal journal.Journal
}

// Service is the catalog of all accounts and Regions. Its methods may be called concurrently.
type Service struct {
	journal journal.Journal
	// writing is held from the first look at the state to the commit that depends on it.
	writing sync.Mutex
}

// New makes a catalog over what the journal holds.
func New(c Config) *Service { return &Service{journal: c.Journal} }

// Wire is the catalog's face: AWSGlue over JSON 1.1.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:          "glue",
		Protocol:      wire.AWSJSON,
		Target:        "AWSGlue",
		MessageMember: "Message",
		Ops: []wire.Row{
			wire.Op("CreateDatabase", s.CreateDatabase),
			wire.Op("GetDatabase", s.GetDatabase),
			wire.Op("GetDatabases", s.GetDatabases),
			wire.Op("UpdateDatabase", s.UpdateDatabase),
			wire.Op("DeleteDatabase", s.DeleteDatabase),
			wire.Op("GetTags", s.GetTags),
			wire.Op("TagResource", s.TagResource),
			wire.Op("UntagResource", s.UntagResource),

			wire.Op("CreateTable", s.CreateTable),
			wire.Op("GetTable", s.GetTable),
			wire.Op("GetTables", s.GetTables),
			wire.Op("UpdateTable", s.UpdateTable),
			wire.Op("DeleteTable", s.DeleteTable),
			wire.Op("BatchDeleteTable", s.BatchDeleteTable),

			wire.Op("GetTableVersion", s.GetTableVersion),
			wire.Op("GetTableVersions", s.GetTableVersions),
			wire.Op("DeleteTableVersion", s.DeleteTableVersion),
			wire.Op("BatchDeleteTableVersion", s.BatchDeleteTableVersion),

			wire.Op("CreatePartition", s.CreatePartition),
			wire.Op("BatchCreatePartition", s.BatchCreatePartition),
			wire.Op("GetPartition", s.GetPartition),
			wire.Op("GetPartitions", s.GetPartitions),
			wire.Op("BatchGetPartition", s.BatchGetPartition),
			wire.Op("UpdatePartition", s.UpdatePartition),
			wire.Op("BatchUpdatePartition", s.BatchUpdatePartition),
			wire.Op("DeletePartition", s.DeletePartition),
			wire.Op("BatchDeletePartition", s.BatchDeletePartition),
			wire.Op("GetPartitionIndexes", s.GetPartitionIndexes),
		},
	}
}

// Empty is the answer of an operation that has nothing to say.
type Empty struct{}

// catalog is the caller's catalog: one per account and Region.
func (s *Service) catalog(ctx context.Context, catalogID string) (catalog, error) {
	scope := hydrant.ScopeOf(ctx)
	if catalogID != "" && catalogID != scope.Account {
		return catalog{}, hydrant.Faultf("EntityNotFoundException", "Catalog %s not found.", catalogID)
	}
	return catalog{s.journal, scope}, nil
}

func notFound(format string, args ...any) error {
	return hydrant.Faultf("EntityNotFoundException", format, args...)
}

func exists(what string) error {
	return hydrant.Faultf("AlreadyExistsException", "%s already exists.", what)
}

func invalid(format string, args ...any) error {
	return hydrant.Faultf("InvalidInputException", format, args...)
}

// detail is a fault as the Errors list of a batch call shows it.
func detail(err error) *ErrorDetail {
	f, ok := hydrant.AsFault(err)
	if !ok {
		return &ErrorDetail{ErrorCode: "InternalServiceException", ErrorMessage: "Internal service error."}
	}
	return &ErrorDetail{ErrorCode: f.Code, ErrorMessage: f.Message}
}
