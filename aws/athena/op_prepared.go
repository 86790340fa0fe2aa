package athena

import (
	"context"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena/lex"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// PreparedStatement is a query with question marks, as the journal keeps it under
// athena/<scope>/prepared/<work group>/<name>. EXECUTE name USING … runs it.
type PreparedStatement struct {
	StatementName    string
	QueryStatement   string
	WorkGroupName    string
	Description      string
	LastModifiedTime time.Time
}

func (s *Service) preparedStatement(scope hydrant.Scope, group, name string) (PreparedStatement, error) {
	p, ok, err := journal.Load[PreparedStatement](s.config.Journal, key(scope, "prepared", group, name))
	if err == nil && !ok {
		err = hydrant.Faultf("ResourceNotFoundException", "PreparedStatement %s was not found", name)
	}
	return p, err
}

// prepared finds what EXECUTE name [USING a, b] runs, and with which parameters.
func (s *Service) prepared(e *execution, text string) (query string, parameters []string, err error) {
	tokens, err := lex.Scan(text, lex.Trino)
	if err != nil {
		return "", nil, fail("SYNTAX_ERROR: %v", err)
	}
	if len(tokens) < 3 || tokens[1].Kind != lex.Word && tokens[1].Kind != lex.Name {
		return "", nil, fail("SYNTAX_ERROR: line 1:1: mismatched input 'EXECUTE'. Expecting: EXECUTE name USING parameters")
	}
	name := tokens[1].Value
	p, err := s.preparedStatement(e.Scope, e.WorkGroup, name)
	if hydrant.FaultCode(err) == "ResourceNotFoundException" {
		return "", nil, fail("NOT_FOUND: PreparedStatement %s was not found in workGroup %s", name, e.WorkGroup)
	}
	if err != nil {
		return "", nil, err
	}
	if parameters = e.Parameters; tokens[2].Kind == lex.End {
		return p.QueryStatement, parameters, nil
	}
	if !tokens[2].Is("USING") {
		return "", nil, fail("SYNTAX_ERROR: line %d:%d: mismatched input '%s'. Expecting: 'USING', <EOF>", tokens[2].Line, tokens[2].Col, tokens[2].Raw)
	}
	depth, from := 0, tokens[2].At+len("USING")
	for _, t := range tokens[3:] {
		switch {
		case t.Is("(", "["):
			depth++
		case t.Is(")", "]"):
			depth--
		case depth == 0 && (t.Is(",") || t.Kind == lex.End):
			parameters = append(parameters, strings.TrimSpace(text[from:t.At]))
			from = t.At + 1
		}
	}
	return p.QueryStatement, parameters, nil
}

type CreatePreparedStatementIn struct {
	StatementName  string `required:"" pattern:"[a-zA-Z_][a-zA-Z0-9_@:]{1,256}" max:"256"`
	WorkGroup      string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
	QueryStatement string `required:"" min:"1" max:"262144"`
	Description    string `min:"1" max:"1024"`
}

// CreatePreparedStatement saves a query with parameters.
//
//	Wire     AmazonAthena.CreatePreparedStatement over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) CreatePreparedStatement(ctx context.Context, in *CreatePreparedStatementIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	g, err := s.group(scope, in.WorkGroup)
	if err != nil {
		return nil, err
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	if _, err := s.preparedStatement(scope, g.Name, in.StatementName); err == nil {
		return nil, invalid("INVALID_INPUT", "Prepared statement %s already exists in WorkGroup %s", in.StatementName, g.Name)
	}
	p := PreparedStatement{in.StatementName, in.QueryStatement, g.Name, in.Description, time.Now().UTC()}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "prepared", g.Name, p.StatementName), p))
}

type GetPreparedStatementIn struct {
	StatementName string `required:"" pattern:"[a-zA-Z_][a-zA-Z0-9_@:]{1,256}" max:"256"`
	WorkGroup     string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
}

type GetPreparedStatementOut struct{ PreparedStatement *PreparedStatement }

// GetPreparedStatement answers a prepared statement.
//
//	Wire     AmazonAthena.GetPreparedStatement over json 1.1
//	Proof    TestAthenaSavedQueries
func (s *Service) GetPreparedStatement(ctx context.Context, in *GetPreparedStatementIn) (*GetPreparedStatementOut, error) {
	p, err := s.preparedStatement(hydrant.ScopeOf(ctx), in.WorkGroup, in.StatementName)
	if err != nil {
		return nil, err
	}
	return &GetPreparedStatementOut{&p}, nil
}

type ListPreparedStatementsIn struct {
	WorkGroup  string `required:"" pattern:"[a-zA-Z0-9._-]{1,128}"`
	NextToken  string `min:"1" max:"1024"`
	MaxResults *int   `min:"1" max:"50"`
}

type PreparedStatementSummary struct {
	StatementName    string
	LastModifiedTime time.Time
}

type ListPreparedStatementsOut struct {
	PreparedStatements []PreparedStatementSummary
	NextToken          string
}

// ListPreparedStatements lists the prepared statements of a work group.
//
//	Wire     AmazonAthena.ListPreparedStatements over json 1.1
//	Limits   maxPage (limits.go)
//	Order    by name
//	Proof    TestAthenaSavedQueries
func (s *Service) ListPreparedStatements(ctx context.Context, in *ListPreparedStatementsIn) (*ListPreparedStatementsOut, error) {
	found, next, err := page(s.config.Journal, key(hydrant.ScopeOf(ctx), "prepared", in.WorkGroup)+"/", in.NextToken, pageSize(in.MaxResults),
		func(*PreparedStatement) bool { return true })
	if err != nil {
		return nil, err
	}
	out := &ListPreparedStatementsOut{PreparedStatements: []PreparedStatementSummary{}, NextToken: next}
	for _, p := range found {
		out.PreparedStatements = append(out.PreparedStatements, PreparedStatementSummary{p.StatementName, p.LastModifiedTime})
	}
	return out, nil
}

type UpdatePreparedStatementIn CreatePreparedStatementIn

// UpdatePreparedStatement replaces a prepared statement.
//
//	Wire     AmazonAthena.UpdatePreparedStatement over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) UpdatePreparedStatement(ctx context.Context, in *UpdatePreparedStatementIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	p, err := s.preparedStatement(scope, in.WorkGroup, in.StatementName)
	if err != nil {
		return nil, err
	}
	p.QueryStatement, p.Description, p.LastModifiedTime = in.QueryStatement, in.Description, time.Now().UTC()
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Set(key(scope, "prepared", in.WorkGroup, p.StatementName), p))
}

type DeletePreparedStatementIn GetPreparedStatementIn

// DeletePreparedStatement forgets a prepared statement.
//
//	Wire     AmazonAthena.DeletePreparedStatement over json 1.1
//	Durable  in the journal before the reply
//	Proof    TestAthenaSavedQueries
func (s *Service) DeletePreparedStatement(ctx context.Context, in *DeletePreparedStatementIn) (*Empty, error) {
	scope := hydrant.ScopeOf(ctx)
	s.saving.Lock()
	defer s.saving.Unlock()
	if _, err := s.preparedStatement(scope, in.WorkGroup, in.StatementName); err != nil {
		return nil, err
	}
	return &Empty{}, s.config.Journal.Commit(ctx, journal.Unset(key(scope, "prepared", in.WorkGroup, in.StatementName)))
}
