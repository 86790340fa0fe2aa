package iam

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant/aws/iam/policy"
	"github.com/hydrant-stream/hydrant/wire"
)

// user is a user, as it is kept.
type user struct {
	Account string
	Name    string
	Path    string
	ID      string
	Created time.Time
	bearer
}

func (u *user) arn() string { return "arn:aws:iam::" + u.Account + ":user" + u.Path + u.Name }

// accessKey lets a user sign.
type accessKey struct {
	ID       string
	Secret   string
	Account  string
	User     string
	Inactive bool `json:",omitempty"`
	Created  time.Time
}

func (k *accessKey) status() string {
	if k.Inactive {
		return "Inactive"
	}
	return "Active"
}

// keyUse is when and where a key was used last. It is forgotten when the house closes.
type keyUse struct {
	at              time.Time
	service, region string
}

// User is a user as replies show it.
type User struct {
	Path                string
	UserName            string
	UserId              string
	Arn                 string
	CreateDate          time.Time
	PermissionsBoundary *Boundary
	Tags                []Tag
}

func (u *user) listed() User {
	return User{Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: u.arn(), CreateDate: u.Created}
}

func (u *user) described() User {
	d := u.listed()
	d.PermissionsBoundary = u.boundary()
	if len(u.Tags) > 0 {
		d.Tags = u.Tags
	}
	return d
}

func (s *Service) user(account, name string) (*user, error) {
	if err := checkName("userName", name); err != nil {
		return nil, err
	}
	if u := find(s, &s.users, account, name); u != nil {
		return u, nil
	}
	return nil, noSuch("The user with name %s cannot be found.", name)
}

// userOrCaller is the user of that name, or the one who calls where there is no name.
func (s *Service) userOrCaller(ctx context.Context, name string) (*user, error) {
	if name != "" {
		return s.user(accountOf(ctx), name)
	}
	if c, err := s.caller(wire.CallOf(ctx), accountOf(ctx)); err == nil && c.user != nil {
		return c.user, nil
	}
	return nil, invalid("Must specify userName when calling with non-User credentials")
}

// changeUser changes the caller's user of that name.
func (s *Service) changeUser(ctx context.Context, name string, change func(*user) error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, err := s.user(accountOf(ctx), name)
	if err != nil {
		return err
	}
	u := *old
	u.bearer = old.bearer.clone()
	if err := change(&u); err != nil {
		return err
	}
	return save(ctx, s, &s.users, u.Account, u.Name, &u)
}

// keysOf are a user's access keys, by id.
func (s *Service) keysOf(u *user) (keys []*accessKey) {
	for _, k := range all(s, &s.keys, "") {
		if k.Account == u.Account && k.User == u.Name {
			keys = append(keys, k)
		}
	}
	return keys
}

// documents are the policies a bearer has; a managed one that is gone grants nothing.
func (s *Service) documents(account string, b *bearer) []*policy.Document {
	docs := make([]*policy.Document, 0, len(b.docs)+len(b.Attached))
	for _, d := range b.docs {
		docs = append(docs, d)
	}
	for _, arn := range b.Attached {
		if m := s.managed(account, arn); m != nil {
			docs = append(docs, m.doc)
		}
	}
	return docs
}
