package iam

import (
	"context"
	"errors"

	"github.com/hydrant-stream/hydrant/aws/iam/policy"
	"github.com/hydrant-stream/hydrant/wire"
)

// caller is who calls.
type caller struct {
	Account string
	ARN     string
	UserID  string
	root    bool     // may do everything
	user    *user    // nil unless a user or a user's session
	role    *role    // nil unless a role's session
	session *session // nil for long-lived keys
}

var (
	// errExpired: the session has ended by itself. Its owner asks for another.
	errExpired = errors.New("iam: the session has expired")
	// errGone: the user or role behind the credentials is no more.
	errGone = errors.New("iam: the principal is gone")
)

// caller tells who signed a call; account is that of the request. A key that is nobody's is the
// account's root user: where keys are checked only configured ones get so far.
func (s *Service) caller(call *wire.Call, account string) (*caller, error) {
	if ses := s.sessions.open(call.AccessKey, tokenOf(call)); ses != nil {
		return s.sessionCaller(ses)
	}
	k := find(s, &s.keys, "", call.AccessKey)
	if k == nil {
		return rootOf(account), nil
	}
	u := find(s, &s.users, k.Account, k.User)
	if u == nil {
		return nil, errGone
	}
	return &caller{Account: u.Account, ARN: u.arn(), UserID: u.ID, user: u}, nil
}

func rootOf(account string) *caller {
	return &caller{Account: account, ARN: policy.RootARN(account), UserID: account, root: true}
}

func (s *Service) sessionCaller(ses *session) (*caller, error) {
	if s.sessions.expired(ses) {
		return nil, errExpired
	}
	return s.principal(ses)
}

// principal is whom a session is of, if it is still there.
func (s *Service) principal(ses *session) (*caller, error) {
	switch {
	case ses.Role != "":
		r := find(s, &s.roles, ses.Account, ses.Role)
		if r == nil || r.ID != ses.RoleID {
			return nil, errGone
		}
		return r.as(ses), nil
	case ses.User != "":
		for _, u := range all(s, &s.users, ses.Account) { // by id: it may have another name by now
			if u.ID == ses.UserID {
				return &caller{Account: u.Account, ARN: u.arn(), UserID: u.ID, user: u, session: ses}, nil
			}
		}
		return nil, errGone
	}
	c := rootOf(ses.Account)
	c.session = ses
	return c, nil
}

// as is a session of the role as a caller.
func (r *role) as(ses *session) *caller {
	return &caller{
		Account: r.Account,
		ARN:     "arn:aws:sts::" + r.Account + ":assumed-role/" + r.Name + "/" + ses.Name,
		UserID:  r.ID + ":" + ses.Name,
		role:    r, session: ses,
	}
}

// tokenOf is the session token of a request, in its header or in a presigned URL.
func tokenOf(call *wire.Call) string {
	if call.Request == nil {
		return ""
	}
	if t := call.Request.Header.Get("X-Amz-Security-Token"); t != "" {
		return t
	}
	if call.Request.URL != nil && call.Request.URL.RawQuery != "" {
		return call.Request.URL.Query().Get("X-Amz-Security-Token")
	}
	return ""
}

func (c *caller) principal() policy.Principal {
	p := policy.Principal{Account: c.Account, ARN: c.ARN}
	if c.role != nil {
		p.Role = c.role.arn()
	}
	return p
}

// principalARN is the user's or the role's, which policies name rather than a session.
func (c *caller) principalARN() string {
	if c.role != nil {
		return c.role.arn()
	}
	return c.ARN
}

// nothing is the bound of one whose boundary is gone: it allows nothing.
var nothing = &policy.Document{}

// policies are all a caller's documents.
func (s *Service) policiesOf(c *caller) policy.Policies {
	var p policy.Policies
	var b *bearer
	switch {
	case c.role != nil:
		b = &c.role.bearer
	case c.user != nil:
		b = &c.user.bearer
	default:
		p.Identity = []*policy.Document{everything}
		return p
	}
	p.Identity = s.documents(c.Account, b)
	if b.Boundary != "" {
		p.Boundary = nothing
		if m := s.managed(c.Account, b.Boundary); m != nil {
			p.Boundary = m.doc
		}
	}
	if c.session != nil && (c.session.doc != nil || len(c.session.PolicyARNs) > 0) {
		p.Session = []*policy.Document{nothing}
		if c.session.doc != nil {
			p.Session = append(p.Session, c.session.doc)
		}
		for _, arn := range c.session.PolicyARNs {
			if m := s.managed(c.Account, arn); m != nil {
				p.Session = append(p.Session, m.doc)
			}
		}
	}
	return p
}

// everything is what a root user may do.
var everything = func() *policy.Document {
	d, err := policy.Parse(policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return d
}()

// Caller is who calls, as STS tells it.
type Caller struct{ Account, ARN, UserID string }

// Caller tells who made the call behind ctx, checked or not.
func (a *Authority) Caller(ctx context.Context) (Caller, error) {
	c, err := a.caller(ctx)
	if err != nil {
		return Caller{}, credentialFault("sts", err)
	}
	return Caller{c.Account, c.ARN, c.UserID}, nil
}

// AccountOfKey tells the account an access key belongs to: kept keys know it, others hold it in their
// letters.
func (a *Authority) AccountOfKey(id string) (account string, ok bool) {
	if k := find(a.s, &a.s.keys, "", id); k != nil {
		return k.Account, true
	}
	return accountOfKey(id)
}
