package kinesis

import (
	"errors"
	"time"
)

// StreamOf is the ARN of the stream that an iterator of ours reads, expired or not; "" for what is
// none. Authorisation asks: GetRecords names its stream by nothing else.
func (s *Service) StreamOf(token string) string {
	i, err := s.tokens.openIterator(token, time.Now())
	if err != nil && !errors.Is(err, errExpiredToken) {
		return ""
	}
	return i.key.arn()
}
