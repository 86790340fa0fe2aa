package athena

import (
	"context"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
)

// write carries out a statement that is a query with something around it.
func (s *Service) write(ctx context.Context, e *execution, st statement) error {
	d, err := trino.Define(st.text)
	if err != nil {
		return &failure{err.Error(), 1006}
	}
	switch d.Sub {
	case "CREATE_VIEW":
		if err := s.createView(ctx, e, d); err != nil {
			return s.blame(err)
		}
		return s.writeLines(ctx, e, nil, nil)
	}
	return &failure{"NOT_SUPPORTED: CREATE TABLE AS SELECT is not supported here", 1006}
}
