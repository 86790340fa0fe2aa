package kinesis

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"

	"github.com/hydrant-stream/hydrant"
)

var idLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// id is the stream's StreamId: it says which of the streams that have had the name is meant.
func (s *stream) id() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", s.arn(), s.born))
	text := idLetters.EncodeToString(sum[:15])
	return text[:20] + "-" + text[20:23]
}

// keep makes a stream one that can be found.
func (s *Service) keep(st *stream) {
	s.streams.Store(st.streamKey, st)
	s.ids.Store(st.id(), st)
}

// drop takes it away again.
func (s *Service) drop(st *stream) {
	s.streams.Delete(st.streamKey)
	s.ids.Delete(st.id())
}

// identified finds a stream of a scope by its id.
func (s *Service) identified(scope hydrant.Scope, id string) (*stream, bool) {
	v, ok := s.ids.Load(id)
	if !ok || v.(*stream).scope != scope {
		return nil, false
	}
	return v.(*stream), true
}
