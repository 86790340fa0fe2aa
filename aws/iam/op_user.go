package iam

import (
	"context"
	"strings"

	"github.com/hydrant-stream/hydrant/wire"
)

type CreateUserIn struct {
	Path                string `max:"512"`
	UserName            string `required:"" min:"1" max:"64"`
	PermissionsBoundary string `min:"20" max:"2048"`
	Tags                []Tag  `max:"50"`
}

type UserOut struct{ User *User }

// CreateUser makes a user. It may do nothing until it bears a policy.
//
//	Wire     CreateUser over query
//	Limits   maxTags
//	Durable  in the journal before the reply
//	Proof    TestUsersAndAccessKeys
func (s *Service) CreateUser(ctx context.Context, in *CreateUserIn) (*UserOut, error) {
	if err := checkName("userName", in.UserName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	u := &user{Account: accountOf(ctx), Name: in.UserName, Path: path, ID: newID("AIDA"), Created: s.second()}
	if u.Tags, err = tag(nil, in.Tags); err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if find(s, &s.users, u.Account, u.Name) != nil {
		return nil, exists("User with name %s already exists.", in.UserName)
	}
	if err := s.bound(&u.bearer, u.Account, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	if err := save(ctx, s, &s.users, u.Account, u.Name, u); err != nil {
		return nil, err
	}
	d := u.described()
	return &UserOut{&d}, nil
}

type GetUserIn struct {
	UserName string `min:"1" max:"128"`
}

// GetUser describes a user, or who calls.
//
//	Wire     GetUser over query
//	Proof    TestUsersAndAccessKeys
func (s *Service) GetUser(ctx context.Context, in *GetUserIn) (*UserOut, error) {
	if in.UserName == "" {
		c, err := s.caller(wire.CallOf(ctx), accountOf(ctx))
		if err != nil {
			return nil, err
		}
		if c.root {
			return &UserOut{&User{Path: "/", UserId: c.Account, Arn: c.ARN, CreateDate: s.second()}}, nil
		}
	}
	u, err := s.userOrCaller(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	d := u.described()
	return &UserOut{&d}, nil
}

type ListUsersIn struct {
	PathPrefix string `min:"1" max:"512"`
	PageIn
}

type ListUsersOut struct {
	Users []User
	PageOut
}

// ListUsers lists the users below a path.
//
//	Wire     ListUsers over query
//	Order    by name
//	Proof    TestUsersAndAccessKeys
func (s *Service) ListUsers(ctx context.Context, in *ListUsersIn) (*ListUsersOut, error) {
	var list []User
	for _, u := range all(s, &s.users, accountOf(ctx)) {
		if strings.HasPrefix(u.Path, in.PathPrefix) {
			list = append(list, u.listed())
		}
	}
	list, more, err := page(list, func(u User) string { return strings.ToLower(u.UserName) }, in.PageIn)
	return &ListUsersOut{list, more}, err
}

type UpdateUserIn struct {
	UserName    string `required:"" min:"1" max:"128"`
	NewPath     string `max:"512"`
	NewUserName string `max:"64"`
}

// UpdateUser gives a user another name or path. Its keys stay its own.
//
//	Wire     UpdateUser over query
//	Durable  in the journal before the reply, the user and its keys together
//	Proof    TestUsersAndAccessKeys
func (s *Service) UpdateUser(ctx context.Context, in *UpdateUserIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	u := *old
	if in.NewPath != "" {
		if u.Path, err = checkPath(in.NewPath); err != nil {
			return nil, err
		}
	}
	b := &batch{s: s}
	if in.NewUserName != "" {
		if err := checkName("newUserName", in.NewUserName); err != nil {
			return nil, err
		}
		if o := find(s, &s.users, u.Account, in.NewUserName); o != nil && o != old {
			return nil, exists("User with name %s already exists.", in.NewUserName)
		}
		u.Name = in.NewUserName
		drop(b, &s.users, old.Account, old.Name)
		for _, k := range s.keysOf(old) {
			moved := *k
			moved.User = u.Name
			put(b, &s.keys, "", k.ID, &moved)
		}
	}
	put(b, &s.users, u.Account, u.Name, &u)
	return &Nothing{}, b.commit(ctx)
}

type UserIn struct {
	UserName string `required:"" min:"1" max:"64"`
}

// DeleteUser removes a user that bears no policies and has no keys.
//
//	Wire     DeleteUser over query
//	Durable  in the journal before the reply
//	Proof    TestUsersAndAccessKeys
func (s *Service) DeleteUser(ctx context.Context, in *UserIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	u, err := s.user(accountOf(ctx), in.UserName)
	if err != nil {
		return nil, err
	}
	if len(s.keysOf(u)) > 0 {
		return nil, conflict("Cannot delete entity, must delete access keys first.")
	}
	if err := u.free(); err != nil {
		return nil, err
	}
	return &Nothing{}, remove(ctx, s, &s.users, u.Account, u.Name)
}

type UserPermissionsBoundaryIn struct {
	UserName            string `required:"" min:"1" max:"64"`
	PermissionsBoundary string `required:"" min:"20" max:"2048"`
}

// PutUserPermissionsBoundary bounds what a user's policies may allow.
//
//	Wire     PutUserPermissionsBoundary over query
//	Durable  in the journal before the reply
//	Proof    TestBoundary
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, in *UserPermissionsBoundaryIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(u *user) error {
		return s.bound(&u.bearer, u.Account, in.PermissionsBoundary)
	})
}

// DeleteUserPermissionsBoundary lifts a user's bound.
//
//	Wire     DeleteUserPermissionsBoundary over query
//	Durable  in the journal before the reply
//	Proof    TestBoundary
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, in *UserIn) (*Nothing, error) {
	return &Nothing{}, s.changeUser(ctx, in.UserName, func(u *user) error {
		if u.Boundary == "" {
			return noSuch("No permissions boundary found for the user %s", u.Name)
		}
		u.Boundary = ""
		return nil
	})
}
