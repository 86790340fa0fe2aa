// Package iam keeps roles, users, access keys and policies, and decides who may do what.
//
//	role.go user.go managed.go  the nouns, with what a bearer of policies has in bearer.go
//	table.go                    how they are kept: in memory for reading, in the journal for good
//	op_*.go                     the operations, thin
//	session.go                  temporary credentials, whose token says everything about them
//	caller.go                   from an access key to who calls
//	authority.go                the decision about every call; access/ knows what each call needs,
//	                            policy/ how to decide
//
// Names are global to an account: no Region is part of them.
package iam

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/wire"
)

// Config is what the service lives on.
type Config struct {
	// Journal keeps everything, under "iam/". It stays the caller's to close.
	Journal journal.Journal
	// Now is the clock of sessions. nil means time.Now.
	Now func() time.Time
}

// Service is IAM of all accounts. Its methods may be called concurrently.
type Service struct {
	journal  journal.Journal
	now      func() time.Time
	sessions *sessions

	// changing is held from the first look at the state to the commit that depends on it. Taken before mu.
	changing sync.Mutex
	mu       sync.RWMutex
	roles    table[role]
	users    table[user]
	policies table[managed]
	keys     table[accessKey] // by id, of all accounts: the account in the table is ""
	lastUse  map[string]keyUse
}

// New loads what the journal holds.
func New(c Config) (*Service, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{
		journal: c.Journal, now: c.Now, lastUse: map[string]keyUse{},
		roles: newTable[role]("role"), users: newTable[user]("user"),
		policies: newTable[managed]("policy"), keys: newTable[accessKey]("key"),
	}
	var err error
	if s.sessions, err = openSessions(c.Journal, c.Now); err != nil {
		return nil, err
	}
	for _, load := range []func() error{
		func() error { return load(s, &s.roles, (*role).parse) },
		func() error { return load(s, &s.users, func(u *user) error { return u.bearer.parse() }) },
		func() error { return load(s, &s.policies, (*managed).parse) },
		func() error { return load(s, &s.keys, func(*accessKey) error { return nil }) },
	} {
		if err := load(); err != nil {
			return nil, fmt.Errorf("load iam: %w", err)
		}
	}
	return s, nil
}

// Wire is the service's face: the query protocol of 2010-05-08.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:      "iam",
		Protocol:  wire.Query,
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Ops: []wire.Row{
			wire.Op("CreateRole", s.CreateRole),
			wire.Op("GetRole", s.GetRole),
			wire.Op("ListRoles", s.ListRoles),
			wire.Op("UpdateRole", s.UpdateRole),
			wire.Op("UpdateRoleDescription", s.UpdateRoleDescription),
			wire.Op("UpdateAssumeRolePolicy", s.UpdateAssumeRolePolicy),
			wire.Op("DeleteRole", s.DeleteRole),
			wire.Op("TagRole", s.TagRole),
			wire.Op("UntagRole", s.UntagRole),
			wire.Op("ListRoleTags", s.ListRoleTags),
			wire.Op("PutRolePolicy", s.PutRolePolicy),
			wire.Op("GetRolePolicy", s.GetRolePolicy),
			wire.Op("ListRolePolicies", s.ListRolePolicies),
			wire.Op("DeleteRolePolicy", s.DeleteRolePolicy),
			wire.Op("AttachRolePolicy", s.AttachRolePolicy),
			wire.Op("DetachRolePolicy", s.DetachRolePolicy),
			wire.Op("ListAttachedRolePolicies", s.ListAttachedRolePolicies),
			wire.Op("PutRolePermissionsBoundary", s.PutRolePermissionsBoundary),
			wire.Op("DeleteRolePermissionsBoundary", s.DeleteRolePermissionsBoundary),
			wire.Op("ListInstanceProfilesForRole", s.ListInstanceProfilesForRole),

			wire.Op("CreatePolicy", s.CreatePolicy),
			wire.Op("GetPolicy", s.GetPolicy),
			wire.Op("ListPolicies", s.ListPolicies),
			wire.Op("DeletePolicy", s.DeletePolicy),
			wire.Op("CreatePolicyVersion", s.CreatePolicyVersion),
			wire.Op("GetPolicyVersion", s.GetPolicyVersion),
			wire.Op("ListPolicyVersions", s.ListPolicyVersions),
			wire.Op("SetDefaultPolicyVersion", s.SetDefaultPolicyVersion),
			wire.Op("DeletePolicyVersion", s.DeletePolicyVersion),
			wire.Op("ListEntitiesForPolicy", s.ListEntitiesForPolicy),
			wire.Op("TagPolicy", s.TagPolicy),
			wire.Op("UntagPolicy", s.UntagPolicy),
			wire.Op("ListPolicyTags", s.ListPolicyTags),

			wire.Op("CreateUser", s.CreateUser),
			wire.Op("GetUser", s.GetUser),
			wire.Op("ListUsers", s.ListUsers),
			wire.Op("UpdateUser", s.UpdateUser),
			wire.Op("DeleteUser", s.DeleteUser),
			wire.Op("TagUser", s.TagUser),
			wire.Op("UntagUser", s.UntagUser),
			wire.Op("ListUserTags", s.ListUserTags),
			wire.Op("PutUserPolicy", s.PutUserPolicy),
			wire.Op("GetUserPolicy", s.GetUserPolicy),
			wire.Op("ListUserPolicies", s.ListUserPolicies),
			wire.Op("DeleteUserPolicy", s.DeleteUserPolicy),
			wire.Op("AttachUserPolicy", s.AttachUserPolicy),
			wire.Op("DetachUserPolicy", s.DetachUserPolicy),
			wire.Op("ListAttachedUserPolicies", s.ListAttachedUserPolicies),
			wire.Op("PutUserPermissionsBoundary", s.PutUserPermissionsBoundary),
			wire.Op("DeleteUserPermissionsBoundary", s.DeleteUserPermissionsBoundary),

			wire.Op("CreateAccessKey", s.CreateAccessKey),
			wire.Op("ListAccessKeys", s.ListAccessKeys),
			wire.Op("UpdateAccessKey", s.UpdateAccessKey),
			wire.Op("DeleteAccessKey", s.DeleteAccessKey),
			wire.Op("GetAccessKeyLastUsed", s.GetAccessKeyLastUsed),
		},
	}
}

// Nothing is the answer of an operation that has no output shape.
type Nothing = struct{}

// Empty is the answer of an operation whose output shape is empty.
type Empty struct{}

func accountOf(ctx context.Context) string { return hydrant.ScopeOf(ctx).Account }

// second is the time as IAM shows it.
func (s *Service) second() time.Time { return s.now().UTC().Truncate(time.Second) }
