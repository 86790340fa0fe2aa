package kinesis

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

var (
	errBadToken     = errors.New("kinesis: not a token of ours")
	errExpiredToken = errors.New("kinesis: token expired")
)

// sealer makes opaque tokens that clients can hand back but not make up.
type sealer struct{ key []byte }

const sealSize = 16

// seal gives base64 of HMAC-SHA256 (first 16 bytes) | body.
func (s *sealer) seal(body []byte) string {
	return base64.StdEncoding.EncodeToString(append(s.sum(body), body...))
}

func (s *sealer) open(token string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < sealSize {
		return nil, errBadToken
	}
	if subtle.ConstantTimeCompare(s.sum(b[sealSize:]), b[:sealSize]) != 1 {
		return nil, errBadToken
	}
	return b[sealSize:], nil
}

func (s *sealer) sum(body []byte) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write(body)
	return m.Sum(nil)[:sealSize:sealSize]
}

// iterator is a place in a shard. Sealed it is a client's ShardIterator: good for five minutes, and
// as often as one likes within them.
//
//	offset  size  field (big-endian)
//	0       1     'i'
//	1       8     made at, Unix ms
//	9       8     stream creation, Unix ms
//	17      4     shard number
//	21      8     offset to read from
//	29      12    account
//	41      1     length of the Region, then the Region, then the stream's name
type iterator struct {
	made    int64
	created int64
	shard   uint32
	from    uint64
	key     streamKey
}

func (s *sealer) iterator(i iterator) string {
	b := make([]byte, 0, 160)
	b = append(b, 'i')
	b = binary.BigEndian.AppendUint64(b, uint64(i.made))
	b = binary.BigEndian.AppendUint64(b, uint64(i.created))
	b = binary.BigEndian.AppendUint32(b, i.shard)
	b = binary.BigEndian.AppendUint64(b, i.from)
	b = append(b, (i.key.scope.Account + "            ")[:12]...)
	b = append(b, byte(len(i.key.scope.Region)))
	b = append(b, i.key.scope.Region...)
	b = append(b, i.key.name...)
	return s.seal(b)
}

// openIterator gives errBadToken for what is no iterator, errExpiredToken (and the iterator) for an old one.
func (s *sealer) openIterator(token string, now time.Time) (i iterator, err error) {
	b, err := s.open(token)
	if err != nil {
		return i, err
	}
	if len(b) < 42 || b[0] != 'i' || len(b) < 42+int(b[41]) {
		return i, errBadToken
	}
	i.made = int64(binary.BigEndian.Uint64(b[1:]))
	i.created = int64(binary.BigEndian.Uint64(b[9:]))
	i.shard = binary.BigEndian.Uint32(b[17:])
	i.from = binary.BigEndian.Uint64(b[21:])
	i.key.scope.Account = string(b[29:41])
	region := 42 + int(b[41])
	i.key.scope.Region = string(b[42:region])
	i.key.name = string(b[region:])
	if now.Sub(time.UnixMilli(i.made)) > iteratorLife {
		return i, errExpiredToken
	}
	return i, nil
}

// list is where a paged ListShards goes on: 'l', made at (Unix ms), body.
func (s *sealer) list(body []byte, now time.Time) string {
	b := binary.BigEndian.AppendUint64([]byte{'l'}, uint64(now.UnixMilli()))
	return s.seal(append(b, body...))
}

func (s *sealer) openList(token string, now time.Time) ([]byte, error) {
	b, err := s.open(token)
	if err != nil || len(b) < 9 || b[0] != 'l' {
		return nil, errBadToken
	}
	if now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:])))) > listTokenLife {
		return nil, errExpiredToken
	}
	return b[9:], nil
}
