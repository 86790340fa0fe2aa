package athena

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/athena/ddl"
	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
)

// errStopped is the cause of an execution that a client stopped.
var errStopped = errors.New("Query cancelled by user")

// failure is why a statement failed, as its execution tells it.
type failure struct {
	reason    string
	errorType int
}

func (f *failure) Error() string { return f.reason }

func fail(format string, args ...any) error { return &failure{fmt.Sprintf(format, args...), 401} }

// run carries an execution from QUEUED to its end. It is the execution's goroutine.
func (s *Service) run(ctx context.Context, x *entry, e execution, st statement, cutoff int64) {
	defer s.running.Done()
	started := time.Now()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		s.conclude(ctx, x, e, ctx.Err())
		return
	}
	e.State, e.Queued = runs, time.Since(started)
	s.history.update(x, func(shown *execution) { shown.State, shown.Queued = e.State, e.Queued })
	began := time.Now()
	err := s.perform(ctx, &e, st)
	e.Engine = time.Since(began) - e.Planned - e.Written
	if err == nil && cutoff > 0 && e.Scanned > cutoff {
		err = errCutoff
	}
	s.conclude(ctx, x, e, err)
}

var errCutoff = errors.New("Query cancelled! : Bytes scanned limit was exceeded")

// conclude puts an execution into its last state.
func (s *Service) conclude(ctx context.Context, x *entry, e execution, err error) {
	e.Completed = time.Now().UTC()
	var f *failure
	switch cause := context.Cause(ctx); {
	case err == nil:
		e.State = succeeded
	case errors.Is(cause, errStopped):
		e.State, e.Reason = cancelled, errStopped.Error()
	case errors.Is(err, errCutoff):
		e.State, e.Reason = cancelled, err.Error()
	case cause != nil:
		e.State, e.Reason = failed, "GENERIC_INTERNAL_ERROR: the service was stopped while the query ran"
		e.Error = &AthenaError{ErrorCategory: 1, ErrorType: 233, Retryable: true, ErrorMessage: e.Reason}
	case errors.As(err, &f):
		e.State, e.Reason = failed, f.reason
		e.Error = &AthenaError{ErrorCategory: 2, ErrorType: f.errorType, ErrorMessage: f.reason}
	default:
		s.log.Error("athena: query", "id", e.ID, "error", err)
		e.State, e.Reason = failed, "GENERIC_INTERNAL_ERROR: An internal error occurred."
		e.Error = &AthenaError{ErrorCategory: 1, ErrorType: 233, Retryable: true, ErrorMessage: e.Reason}
	}
	if err := s.history.finish(x, e); err != nil {
		s.log.Error("athena: the end of a query was not recorded", "id", e.ID, "error", err)
	}
}

// perform runs a statement and writes its result. A mistake of ours in reading one statement ends that
// statement, not the house.
func (s *Service) perform(ctx context.Context, e *execution, st statement) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("BUG: panic: %v\n%s", r, debug.Stack())
		}
	}()
	switch st.first {
	case "EXECUTE":
		text, parameters, err := s.prepared(e, st.text)
		if err != nil {
			return err
		}
		if sub := trino.DefinitionOf(text); sub != "" {
			return &failure{"NOT_SUPPORTED: EXECUTE of a prepared " + strings.ReplaceAll(sub, "_", " ") + " is not supported here", 1006}
		}
		return s.ask(ctx, e, text, parameters, "")
	case "EXPLAIN":
		return s.ask(ctx, e, strings.TrimSpace(st.text)[len("EXPLAIN"):], e.Parameters, "EXPLAIN ")
	}
	if st.written {
		return s.write(ctx, e, st)
	}
	if st.kind == "DML" {
		return s.ask(ctx, e, st.text, e.Parameters, "")
	}
	began := time.Now()
	d, err := ddl.Parse(st.text)
	e.Planned = time.Since(began)
	if err != nil {
		return &failure{err.Error(), 401}
	}
	lines, columns, err := s.define(ctx, e, d)
	if err != nil {
		return s.blame(err)
	}
	return s.writeLines(ctx, e, columns, lines)
}

// blame turns a fault of the catalog into the failure of a statement.
func (s *Service) blame(err error) error {
	if f, ok := hydrant.AsFault(err); ok && f.Sender() {
		return fail("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. %s(message:%s)",
			strings.Replace(f.Code, "EntityNotFoundException", "NoSuchObjectException", 1), strings.TrimSuffix(f.Message, "."))
	}
	return err
}

// ask runs a query and streams its rows into the result.
func (s *Service) ask(ctx context.Context, e *execution, text string, parameters []string, prefix string) error {
	began := time.Now()
	q, err := trino.Translate(text, parameters)
	e.Planned = time.Since(began)
	if err != nil {
		return &failure{err.Error(), 1006}
	}
	var report query.Report
	st := query.Statement{SQL: prefix + q.SQL, Database: e.Database, Setup: trino.Setup(), Paths: q.Paths, View: expand, Report: &report}
	s.log.Debug("athena: query", "id", e.ID, "duckdb", st.SQL)
	if prefix != "" {
		err = s.writePlan(ctx, e, st)
	} else {
		err = s.writeRows(ctx, e, st)
	}
	e.Scanned = report.Bytes
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return s.word(ctx, q, wrong)
	}
	return err
}

// word says what the engine has against a query in Athena's words.
func (s *Service) word(ctx context.Context, q *trino.Query, wrong *query.Error) error {
	switch wrong.Code {
	case query.TableMissing:
		if database, ok := trino.Missing(wrong.Message); ok {
			if _, err := s.config.Catalog.Database(ctx, database); hydrant.FaultCode(err) == "EntityNotFoundException" {
				return &failure{q.NoSchema(wrong.Message, database).Error(), 1006}
			}
		}
	case query.OutOfResource:
		return &failure{"EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor", 1}
	case query.BadView:
		return &failure{"INVALID_VIEW: line 1:1: " + wrong.Message, 1006}
	case query.BadTable:
		return &failure{"HIVE_UNSUPPORTED_FORMAT: " + wrong.Message, 1006}
	case query.NotReadOnly:
		return &failure{"NOT_SUPPORTED: " + wrong.Message, 1006}
	case query.BadData:
		if strings.Contains(wrong.Message, ".parquet") || strings.Contains(wrong.Message, "read_") {
			first, _, _ := strings.Cut(wrong.Message, "\n")
			return &failure{"HIVE_BAD_DATA: " + first, 100}
		}
	}
	return &failure{q.Explain(wrong.Message).Error(), 1006}
}
