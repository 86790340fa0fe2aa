package glue

import (
	"context"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant/store/journal"
)

type CreateDatabaseIn struct {
	CatalogId     string            `min:"1" max:"255"`
	DatabaseInput *DatabaseInput    `required:""`
	Tags          map[string]string `max:"50"`
}

// CreateDatabase makes a database. Its name is folded to lower case.
//
//	Wire     AWSGlue.CreateDatabase over json 1.1
//	Durable  in the journal before the reply
//	Limits   maxTags
//	Differs  a federated database is refused
//	Proof    TestDatabases
func (s *Service) CreateDatabase(ctx context.Context, in *CreateDatabaseIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	d, err := c.describe(in.DatabaseInput)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, ok := s.journal.Get(c.databaseKey(d.Name)); ok {
		return nil, exists("Database")
	}
	return &Empty{}, s.journal.Commit(ctx, journal.Set(c.databaseKey(d.Name), d), c.setTags(d.Name, in.Tags))
}

// describe is the database an input asks for.
func (c catalog) describe(in *DatabaseInput) (Database, error) {
	if in.FederatedDatabase != nil {
		return Database{}, invalid("Federated databases are not supported.")
	}
	d := Database{
		Name:                          strings.ToLower(in.Name),
		Description:                   in.Description,
		LocationUri:                   in.LocationUri,
		Parameters:                    in.Parameters,
		CreateTime:                    now(),
		CreateTableDefaultPermissions: in.CreateTableDefaultPermissions,
		TargetDatabase:                in.TargetDatabase,
		CatalogId:                     c.scope.Account,
	}
	if d.CreateTableDefaultPermissions == nil {
		d.CreateTableDefaultPermissions = []PrincipalPermissions{{
			Principal:   &Principal{DataLakePrincipalIdentifier: "IAM_ALLOWED_PRINCIPALS"},
			Permissions: []string{"ALL"},
		}}
	}
	return d, nil
}

// now is the time as the catalog keeps it: AWS shows whole seconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

type GetDatabaseIn struct {
	CatalogId string `min:"1" max:"255"`
	Name      string `required:"" min:"1" max:"255"`
}

type GetDatabaseOut struct{ Database *Database }

// GetDatabase answers one database.
//
//	Wire     AWSGlue.GetDatabase over json 1.1
//	Proof    TestDatabases
func (s *Service) GetDatabase(ctx context.Context, in *GetDatabaseIn) (*GetDatabaseOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	d, err := c.database(strings.ToLower(in.Name))
	if err != nil {
		return nil, err
	}
	return &GetDatabaseOut{&d}, nil
}

type GetDatabasesIn struct {
	CatalogId         string `min:"1" max:"255"`
	NextToken         string
	MaxResults        *int     `min:"1" max:"100"`
	ResourceShareType string   `enum:"FOREIGN|ALL|FEDERATED"`
	AttributesToGet   []string `eachenum:"NAME|TARGET_DATABASE"`
}

type GetDatabasesOut struct {
	DatabaseList []Database
	NextToken    string
}

// GetDatabases lists the databases by name.
//
//	Wire     AWSGlue.GetDatabases over json 1.1
//	Limits   maxListed (limits.go)
//	Order    by name
//	Differs  nothing is shared between accounts: FOREIGN and FEDERATED list nothing
//	Proof    TestDatabases
func (s *Service) GetDatabases(ctx context.Context, in *GetDatabasesIn) (*GetDatabasesOut, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	if in.ResourceShareType == "FOREIGN" || in.ResourceShareType == "FEDERATED" {
		return &GetDatabasesOut{DatabaseList: []Database{}}, nil
	}
	list, next, err := page(c, c.key("database")+"/", in.NextToken, pageSize(in.MaxResults, maxListed),
		func(_ string, d *Database) (bool, error) {
			if len(in.AttributesToGet) > 0 {
				*d = Database{Name: d.Name, CatalogId: d.CatalogId, TargetDatabase: d.TargetDatabase}
			}
			return true, nil
		})
	if err != nil {
		return nil, err
	}
	return &GetDatabasesOut{list, next}, nil
}

type UpdateDatabaseIn struct {
	CatalogId     string         `min:"1" max:"255"`
	Name          string         `required:"" min:"1" max:"255"`
	DatabaseInput *DatabaseInput `required:""`
}

// UpdateDatabase replaces the description of a database; what the input omits is gone.
//
//	Wire     AWSGlue.UpdateDatabase over json 1.1
//	Durable  in the journal before the reply
//	Differs  a database cannot be renamed
//	Proof    TestDatabases
func (s *Service) UpdateDatabase(ctx context.Context, in *UpdateDatabaseIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	d, err := c.describe(in.DatabaseInput)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	old, err := c.database(strings.ToLower(in.Name))
	if err != nil {
		return nil, err
	}
	if d.Name != old.Name {
		return nil, invalid("Database %s cannot be renamed.", old.Name)
	}
	d.CreateTime = old.CreateTime
	return &Empty{}, s.journal.Commit(ctx, journal.Set(c.databaseKey(d.Name), d))
}

type DeleteDatabaseIn struct {
	CatalogId string `min:"1" max:"255"`
	Name      string `required:"" min:"1" max:"255"`
}

// DeleteDatabase removes a database with its tables, their versions and partitions.
//
//	Wire     AWSGlue.DeleteDatabase over json 1.1
//	Durable  in the journal before the reply
//	Differs  the tables go with it at once; on AWS they follow later
//	Proof    TestDeleteDatabaseTakesItsTables
func (s *Service) DeleteDatabase(ctx context.Context, in *DeleteDatabaseIn) (*Empty, error) {
	c, err := s.catalog(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	d, err := c.database(strings.ToLower(in.Name))
	if err != nil {
		return nil, err
	}
	changes := []journal.Change{journal.Unset(c.databaseKey(d.Name)), journal.Unset(c.tagsKey(d.Name))}
	for _, kind := range []string{"table", "version", "partition"} {
		changes = append(changes, c.unsetAll(c.key(kind, d.Name)+"/")...)
	}
	return &Empty{}, s.journal.Commit(ctx, changes...)
}
