package iam

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

func noSuch(format string, args ...any) error {
	return hydrant.Faultf("NoSuchEntity", format, args...).WithStatus(http.StatusNotFound)
}

func exists(format string, args ...any) error {
	return hydrant.Faultf("EntityAlreadyExists", format, args...).WithStatus(http.StatusConflict)
}

func conflict(format string, args ...any) error {
	return hydrant.Faultf("DeleteConflict", format, args...).WithStatus(http.StatusConflict)
}

func exceeded(format string, args ...any) error {
	return hydrant.Faultf("LimitExceeded", format, args...).WithStatus(http.StatusConflict)
}

func invalid(format string, args ...any) error {
	return hydrant.Faultf("ValidationError", format, args...)
}

var namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)

// checkName words a bad name as IAM does; what is the member, as in "roleName".
func checkName(what, name string) error {
	if !namePattern.MatchString(name) {
		return invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", what)
	}
	return nil
}

var pathPattern = regexp.MustCompile(`^/([!-~]+/)?$`)

// checkPath gives the path a name lives under; none means the root.
func checkPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	if !pathPattern.MatchString(path) {
		return "", invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return path, nil
}

// newID makes a unique id: the kind's four letters and 17 more.
func newID(kind string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var b [17]byte
	rand.Read(b[:])
	for i, c := range b {
		b[i] = letters[c%32]
	}
	return kind + string(b[:])
}

// newKeyID makes an access key id. As AWS's, it holds the account: 16 letters of base32 are ten bytes,
// and the account stands in the 40 bits after the first.
//
//	bit 0      1
//	bit 1..40  account
//	bit 41..   random
func newKeyID(kind, account string) string {
	n, _ := strconv.ParseUint(account, 10, 40)
	var b [10]byte
	rand.Read(b[:])
	head := 1<<47 | n<<7 | uint64(b[5]&0x7f)
	for i := range 6 {
		b[i] = byte(head >> (40 - 8*i))
	}
	return kind + base32.StdEncoding.EncodeToString(b[:])
}

// accountOfKey reads the account an access key id holds.
func accountOfKey(id string) (account string, ok bool) {
	if len(id) != 20 || !strings.HasPrefix(id, "AKIA") && !strings.HasPrefix(id, "ASIA") {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return "", false
	}
	var head uint64
	for _, c := range b[:6] {
		head = head<<8 | uint64(c)
	}
	n := head >> 7 & (1<<40 - 1)
	return fmt.Sprintf("%012d", n), n < 1e12
}

// newSecret makes a secret access key.
func newSecret() string {
	var b [30]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// encoded is a document as replies carry it.
func encoded(doc string) string { return strings.ReplaceAll(url.QueryEscape(doc), "+", "%20") }

// parseDocument reads a policy, or answers MalformedPolicyDocument.
func parseDocument(kind policy.Kind, text string) (*policy.Document, error) {
	d, err := policy.Parse(kind, text)
	var e *policy.Error
	if errors.As(err, &e) {
		return nil, hydrant.Faultf("MalformedPolicyDocument", "%s", e.Text)
	}
	return d, err
}

// size is what counts against the quotas: everything but white space.
func size(doc string) (n int) {
	for _, r := range doc {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
