package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Chunks verifies the signatures along an aws-chunked body: each is made over the one before it, the
// first over the request's own.
type Chunks struct {
	sig  *Signature
	key  []byte
	last string
}

// Chunks begins the chain of a request whose signature was verified.
func (s *Signature) Chunks(secret string) *Chunks {
	return &Chunks{sig: s, key: s.key(secret), last: s.Hex}
}

// Chunk checks the next chunk by the SHA-256 of its bytes. The last chunk is the empty one.
func (c *Chunks) Chunk(sum [sha256.Size]byte, signature string) error {
	return c.link("AWS4-HMAC-SHA256-PAYLOAD", signature, hexSum(""), hex.EncodeToString(sum[:]))
}

// Trailer checks the trailers: "name:value\n" each.
func (c *Chunks) Trailer(block []byte, signature string) error {
	return c.link("AWS4-HMAC-SHA256-TRAILER", signature, hexSum(string(block)))
}

func (c *Chunks) link(algorithm, signature string, sums ...string) error {
	toSign := c.sig.stringToSign(algorithm, append([]string{c.last}, sums...)...)
	want := hex.EncodeToString(sign(c.key, toSign))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return &MismatchError{Signature: c.sig, StringToSign: toSign}
	}
	c.last = want
	return nil
}
