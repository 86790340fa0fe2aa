package lambda

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CodePath is where Code.Location points: the house mounts CodeHandler there, before the services.
const CodePath = "/_hydrant/lambda/code/"

const linkLife = 10 * time.Minute

// link is a URL that serves an archive for a while: path and expiry are signed, as a presigned URL
// of S3 is.
func (s *Service) link(sha string) string {
	host := ""
	if s.cfg.Endpoint != nil {
		host = strings.TrimSuffix(s.cfg.Endpoint(), "/")
	}
	name := hexOf(sha)
	expires := strconv.FormatInt(time.Now().Add(linkLife).Unix(), 10)
	return host + CodePath + name + ".zip?Expires=" + expires + "&Signature=" + s.sign(name, expires)
}

func (s *Service) sign(name, expires string) string {
	m := hmac.New(sha256.New, s.linkKey[:])
	m.Write([]byte(name + " " + expires))
	return hex.EncodeToString(m.Sum(nil))
}

// CodeHandler serves the archives that links name.
func (s *Service) CodeHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := strings.CutPrefix(r.URL.Path, CodePath)
		name = strings.TrimSuffix(name, ".zip")
		expires := r.URL.Query().Get("Expires")
		sum, err := hex.DecodeString(name)
		at, _ := strconv.ParseInt(expires, 10, 64)
		switch {
		case err != nil || !hmac.Equal([]byte(r.URL.Query().Get("Signature")), []byte(s.sign(name, expires))):
			http.Error(w, "the link is not one of ours", http.StatusForbidden)
			return
		case time.Now().Unix() > at:
			http.Error(w, "the link has expired", http.StatusForbidden)
			return
		}
		f, err := s.code.open(base64.StdEncoding.EncodeToString(sum))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/zip")
		http.ServeContent(w, r, "", time.Time{}, f)
	})
}
