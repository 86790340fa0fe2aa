package s3

import (
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// ReadConditions are the conditions of a GET or HEAD.
type ReadConditions struct {
	IfMatch           string     `in:"header=If-Match"`
	IfNoneMatch       string     `in:"header=If-None-Match"`
	IfModifiedSince   *time.Time `in:"header=If-Modified-Since"`
	IfUnmodifiedSince *time.Time `in:"header=If-Unmodified-Since"`
}

// CopyConditions are the same, of a copy's source. All that fail are 412.
type CopyConditions struct {
	CopyIfMatch           string     `in:"header=x-amz-copy-source-if-match"`
	CopyIfNoneMatch       string     `in:"header=x-amz-copy-source-if-none-match"`
	CopyIfModifiedSince   *time.Time `in:"header=x-amz-copy-source-if-modified-since"`
	CopyIfUnmodifiedSince *time.Time `in:"header=x-amz-copy-source-if-unmodified-since"`
}

// hold decides the conditions. An ETag that matches outweighs a date that does not.
func (c *ReadConditions) hold(o *blob.Info) error {
	// Dates travel in whole seconds.
	modified := o.Modified.Truncate(time.Second)
	switch {
	case c.IfMatch != "":
		if !matches(c.IfMatch, o.ETag) {
			return preconditionFailed("If-Match")
		}
	case c.IfUnmodifiedSince != nil && modified.After(*c.IfUnmodifiedSince):
		return preconditionFailed("If-Unmodified-Since")
	}
	switch {
	case c.IfNoneMatch != "":
		if matches(c.IfNoneMatch, o.ETag) {
			return notModified()
		}
	case c.IfModifiedSince != nil && !modified.After(*c.IfModifiedSince):
		return notModified()
	}
	return nil
}

func (c *CopyConditions) hold(o *blob.Info) error {
	r := ReadConditions{c.CopyIfMatch, c.CopyIfNoneMatch, c.CopyIfModifiedSince, c.CopyIfUnmodifiedSince}
	err := r.hold(o)
	if err == nil {
		return nil
	}
	if f, ok := hydrant.AsFault(err); ok && f.Status == 412 {
		return preconditionFailed("x-amz-copy-source-" + f.Fields["Condition"])
	}
	if c.CopyIfNoneMatch != "" {
		return preconditionFailed("x-amz-copy-source-If-None-Match")
	}
	return preconditionFailed("x-amz-copy-source-If-Modified-Since")
}

func notModified() *hydrant.Fault { return fault(304, "NotModified", "Not Modified") }

// matches reads a list of ETags, or "*".
func matches(list, etag string) bool {
	for e := range strings.SplitSeq(list, ",") {
		if e = strings.TrimSpace(e); e == "*" || unquote(e) == etag {
			return true
		}
	}
	return false
}

// WriteConditions are the conditions of a PUT, COPY or completion.
type WriteConditions struct {
	IfMatch     string `in:"header=If-Match"`
	IfNoneMatch string `in:"header=If-None-Match"`
}

// put turns them into the store's, which decides them together with the write.
func (c *WriteConditions) put(p *blob.Put) error {
	switch {
	case c.IfNoneMatch != "" && (c.IfNoneMatch != "*" || c.IfMatch != ""):
		return notImplemented("If-None-Match")
	case c.IfNoneMatch != "":
		p.IfAbsent = true
	case c.IfMatch == "*":
		return notImplemented("If-Match")
	case c.IfMatch != "":
		p.IfMatch = unquote(c.IfMatch)
	}
	return nil
}

// failed words ErrPrecondition.
func (c *WriteConditions) failed() error {
	if c.IfNoneMatch != "" {
		return preconditionFailed("If-None-Match")
	}
	return preconditionFailed("If-Match")
}
