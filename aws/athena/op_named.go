package athena

import (
	"context"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// NamedQuery is a query that was saved, as the journal keeps it under athena/<scope>/named/<id>.
type NamedQuery struct {
	Name         string
	Description  string
	Database     string
	QueryString  string
	NamedQueryId string
	WorkGroup    string
}

// namedQuery is a NamedQuery with the token it was made with.
type namedQuery struct {
	NamedQuery
	Token string
}

// namedOf are the ids of a work group's named queries.
func (s *Service) namedOf(scope hydrant.Scope, group string) (ids []string) {
	found, _, _ := page(s.config.Journal, key(scope, "named")+"/", "", 1<<30, func(q *namedQuery) bool { return q.WorkGroup == group })
	for _, q := range found {
		ids = append(ids, q.NamedQueryId)
	}
	return ids
}

func (s *Service) named(scope hydrant.Scope, id string) (namedQuery, error) {
	q, ok, err := journal.Load[namedQuery](s.config.Journal, key(scope, "named", id))
	if err == nil && !ok {
		err = invalid("INVALID_INPUT", "NamedQuery %s was not found", id)
	}
	return q, err
}

type CreateNamedQueryIn struct {
	Name               string `required:"" min:"1" max:"128"`
	Description        string `min:"1" max:"1024"`
	Database           string `required:"" min:"1" max:"255"`
	QueryString        string `required:"" min:"1" max:"262144"`
	ClientRequestToken string `min:"32" max:"128"`
	WorkGroup          string `pattern:"[a-zA-Z0-9._-]{1,128}"`
}

type CreateNamedQueryOut struct{ NamedQueryId string }

// CreateNamedQuery saves a query. The same token makes the same query once.
//
//	Wire     AmazonAthena.CreateNamedQuery over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) CreateNamedQuery(ctx context.Context, in *CreateNamedQueryIn) (*CreateNamedQueryOut, error) {
	scope := hydrant.ScopeOf(ctx)
	g, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	q := namedQuery{NamedQuery{in.Name, in.Description, in.Database, in.QueryString, uuid.NewString(), g.Name}, in.ClientRequestToken}
	s.saving.Lock()
	defer s.saving.Unlock()
	if q.Token != "" {
		same, _, err := page(s.config.Journal, key(scope, "named")+"/", "", 1, func(old *namedQuery) bool { return old.Token == q.Token })
		if err != nil {
			return nil, err
		}
		if len(same) > 0 {
			q.NamedQueryId = same[0].NamedQueryId
			if same[0] != q {
				return nil, invalid("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")
			}
			return &CreateNamedQueryOut{q.NamedQueryId}, nil
		}
	}
	return &CreateNamedQueryOut{q.NamedQueryId}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "named", q.NamedQueryId), q))
}

type GetNamedQueryIn struct {
	NamedQueryId string `required:"" min:"1" max:"128" pattern:"\\S+"`
}

type GetNamedQueryOut struct{ NamedQuery *NamedQuery }

// GetNamedQuery answers a saved query.
//
//	Wire     AmazonAthena.GetNamedQuery over json 1.1
//	Proof    TestAthenaSavedQueries
func (s *Service) GetNamedQuery(ctx context.Context, in *GetNamedQueryIn) (*GetNamedQueryOut, error) {
	q, err := s.named(hydrant.ScopeOf(ctx), in.NamedQueryId)
	if err != nil {
		return nil, err
	}
	return &GetNamedQueryOut{&q.NamedQuery}, nil
}

type BatchGetNamedQueryIn struct {
	NamedQueryIds []string `required:"" min:"1" max:"50"`
}

type UnprocessedNamedQueryId struct{ NamedQueryId, ErrorCode, ErrorMessage string }

type BatchGetNamedQueryOut struct {
	NamedQueries             []NamedQuery
	UnprocessedNamedQueryIds []UnprocessedNamedQueryId
}

// BatchGetNamedQuery answers many saved queries.
//
//	Wire     AmazonAthena.BatchGetNamedQuery over json 1.1
//	Partial  one that is not there is listed as unprocessed
//	Proof    TestAthenaSavedQueries
func (s *Service) BatchGetNamedQuery(ctx context.Context, in *BatchGetNamedQueryIn) (*BatchGetNamedQueryOut, error) {
	out := &BatchGetNamedQueryOut{NamedQueries: []NamedQuery{}, UnprocessedNamedQueryIds: []UnprocessedNamedQueryId{}}
	for _, id := range in.NamedQueryIds {
		q, err := s.named(hydrant.ScopeOf(ctx), id)
		if f, ok := hydrant.AsFault(err); ok {
			out.UnprocessedNamedQueryIds = append(out.UnprocessedNamedQueryIds, UnprocessedNamedQueryId{id, f.Fields["AthenaErrorCode"], f.Message})
			continue
		}
		if err != nil {
			return nil, err
		}
		out.NamedQueries = append(out.NamedQueries, q.NamedQuery)
	}
	return out, nil
}

type ListNamedQueriesIn struct {
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"0" max:"50"`
	WorkGroup  string `pattern:"[a-zA-Z0-9._-]{1,128}"`
}

type ListNamedQueriesOut struct {
	NamedQueryIds []string
	NextToken     string
}

// ListNamedQueries lists the saved queries of a work group.
//
//	Wire     AmazonAthena.ListNamedQueries over json 1.1
//	Limits   maxPage (limits.go)
//	Order    by id
//	Proof    TestAthenaSavedQueries
func (s *Service) ListNamedQueries(ctx context.Context, in *ListNamedQueriesIn) (*ListNamedQueriesOut, error) {
	scope := hydrant.ScopeOf(ctx)
	g, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	found, next, err := page(s.config.Journal, key(scope, "named")+"/", in.NextToken, pageSize(in.MaxResults),
		func(q *namedQuery) bool { return q.WorkGroup == g.Name })
	if err != nil {
		return nil, err
	}
	out := &ListNamedQueriesOut{NamedQueryIds: []string{}, NextToken: next}
	for _, q := range found {
		out.NamedQueryIds = append(out.NamedQueryIds, q.NamedQueryId)
	}
	return out, nil
}

type UpdateNamedQueryIn struct {
	NamedQueryId string  `required:"" min:"1" max:"128" pattern:"\\S+"`
	Name         string  `required:"" min:"1" max:"128"`
	Description  *string `max:"1024"`
	QueryString  string  `required:"" min:"1" max:"262144"`
}

// UpdateNamedQuery changes a saved query.
//
//	Wire     AmazonAthena.UpdateNamedQuery over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) UpdateNamedQuery(ctx context.Context, in *UpdateNamedQueryIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	q, err := s.named(scope, in.NamedQueryId)
	if err != nil {
		return nil, err
	}
	q.Name, q.QueryString = in.Name, in.QueryString
	if in.Description != nil {
		q.Description = *in.Description
	}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "named", q.NamedQueryId), q))
}

type DeleteNamedQueryIn struct {
	NamedQueryId string `required:"" min:"1" max:"128" pattern:"\\S+"`
}

// DeleteNamedQuery forgets a saved query.
//
//	Wire     AmazonAthena.DeleteNamedQuery over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) DeleteNamedQuery(ctx context.Context, in *DeleteNamedQueryIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	if _, err := s.named(scope, in.NamedQueryId); err != nil {
		return nil, err
	}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Unset(key(scope, "named", in.NamedQueryId)))
}
