package iam

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/aws/iam/policy"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// session is what temporary credentials stand for. All of it travels in the session token, sealed, so
// that nothing need be kept: docs/decisions/0111.
type session struct {
	Key            string            `json:"k"` // access key id
	Account        string            `json:"a"`
	Role           string            `json:"r,omitempty"` // name and id of the role it is a session of
	RoleID         string            `json:"ri,omitempty"`
	User           string            `json:"u,omitempty"` // name and id of the user, for GetSessionToken
	UserID         string            `json:"ui,omitempty"`
	Name           string            `json:"n,omitempty"` // the role session's
	Policy         string            `json:"p,omitempty"` // session policy
	PolicyARNs     []string          `json:"pa,omitempty"`
	Tags           map[string]string `json:"t,omitempty"`
	SourceIdentity string            `json:"s,omitempty"`
	Issued         int64             `json:"i"` // Unix seconds
	Expires        int64             `json:"e"`

	doc    *policy.Document // Policy, parsed
	secret string
}

// sessions seals and opens session tokens.
type sessions struct {
	now  func() time.Time
	seal cipher.AEAD
	key  []byte

	mu     sync.RWMutex
	opened map[string]*session // by token, so that a busy one is opened once
}

// maxOpened bounds the memory of opened tokens; past it all are forgotten.
const maxOpened = 4096

const sessionKey = "iam/session-key"

// openSessions finds the key of this house, or makes it.
func openSessions(j journal.Journal, now func() time.Time) (*sessions, error) {
	key, ok, err := journal.Load[[]byte](j, sessionKey)
	if err != nil {
		return nil, err
	}
	if !ok {
		key = make([]byte, 32)
		rand.Read(key)
		if err := j.Commit(context.Background(), journal.Set(sessionKey, key)); err != nil {
			return nil, err
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("journal value of %s: %w", sessionKey, err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sessions{now: now, seal: seal, key: key, opened: map[string]*session{}}, nil
}

// A token is base64 of:
//
//	offset  size  field
//	0       1     version, 1
//	1       12    nonce
//	13      n     AES-256-GCM of the session, as deflated JSON; the version is authenticated with it
//
// The secret is HMAC-SHA256 of the access key id under the same key.
const tokenVersion = 1

// issue gives a session its key and seals it.
func (t *sessions) issue(s *session, life time.Duration) (Credentials, error) {
	now := t.now()
	s.Key, s.Issued, s.Expires = newKeyID("ASIA", s.Account), now.Unix(), now.Add(life).Unix()
	doc, err := json.Marshal(s)
	if err != nil {
		return Credentials{}, err
	}
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return Credentials{}, err
	}
	if _, err := z.Write(doc); err != nil {
		return Credentials{}, err
	}
	if err := z.Close(); err != nil {
		return Credentials{}, err
	}
	token := make([]byte, 1+t.seal.NonceSize(), 128+packed.Len())
	token[0] = tokenVersion
	rand.Read(token[1:])
	token = t.seal.Seal(token, token[1:], packed.Bytes(), token[:1])
	return Credentials{
		AccessKeyID: s.Key, SecretAccessKey: t.secret(s.Key),
		SessionToken: base64.StdEncoding.EncodeToString(token), Expires: time.Unix(s.Expires, 0).UTC(),
	}, nil
}

func (t *sessions) secret(key string) string {
	m := hmac.New(sha256.New, t.key)
	m.Write([]byte("secret access key of " + key))
	return base64.StdEncoding.EncodeToString(m.Sum(nil)[:30])
}

// open reads the token that came with an access key. It is nil where it is not one of ours; whether
// it has expired is the caller's to look at.
func (t *sessions) open(key, token string) *session {
	if token == "" {
		return nil
	}
	t.mu.RLock()
	s := t.opened[token]
	t.mu.RUnlock()
	if s == nil {
		if s = t.unseal(token); s == nil {
			return nil
		}
		t.mu.Lock()
		if len(t.opened) >= maxOpened {
			clear(t.opened)
		}
		t.opened[token] = s
		t.mu.Unlock()
	}
	if s.Key != key {
		return nil
	}
	return s
}

// maxSession bounds what a token may unpack to. Ours stay far below.
const maxSession = 64 << 10

func (t *sessions) unseal(token string) *session {
	b, err := base64.StdEncoding.DecodeString(token)
	head := 1 + t.seal.NonceSize()
	if err != nil || len(b) < head || b[0] != tokenVersion {
		return nil
	}
	packed, err := t.seal.Open(nil, b[1:head], b[head:], b[:1])
	if err != nil {
		return nil
	}
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxSession))
	if err != nil {
		return nil
	}
	s := new(session)
	if json.Unmarshal(doc, s) != nil {
		return nil
	}
	if s.Policy != "" {
		if s.doc, err = policy.Parse(policy.Identity, s.Policy); err != nil {
			return nil
		}
	}
	s.secret = t.secret(s.Key)
	return s
}

func (t *sessions) expired(s *session) bool { return t.now().Unix() >= s.Expires }
