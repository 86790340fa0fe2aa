package iam

import (
	"context"
	"time"

	"github.com/hydrant-stream/hydrant"
)

type CreateAccessKeyIn struct {
	UserName string `min:"1" max:"128"`
}

// AccessKey is a key with its secret, which is shown this once.
type AccessKey struct {
	UserName        string
	AccessKeyId     string
	Status          string
	SecretAccessKey string
	CreateDate      time.Time
}

type CreateAccessKeyOut struct{ AccessKey *AccessKey }

// CreateAccessKey makes a key for a user, or for the user who calls.
//
//	Wire     CreateAccessKey over query
//	Limits   maxKeysPerUser
//	Durable  in the journal before the reply
//	Differs  there are no keys of the root user here: those are configured
//	Proof    TestUsersAndAccessKeys
func (s *Service) CreateAccessKey(ctx context.Context, in *CreateAccessKeyIn) (*CreateAccessKeyOut, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	u, err := s.userOrCaller(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if len(s.keysOf(u)) >= maxKeysPerUser {
		return nil, exceeded("Cannot exceed quota for AccessKeysPerUser: %d", maxKeysPerUser)
	}
	k := &accessKey{ID: newKeyID("AKIA", u.Account), Secret: newSecret(), Account: u.Account, User: u.Name, Created: s.second()}
	if err := save(ctx, s, &s.keys, "", k.ID, k); err != nil {
		return nil, err
	}
	return &CreateAccessKeyOut{&AccessKey{u.Name, k.ID, k.status(), k.Secret, k.Created}}, nil
}

type ListAccessKeysIn struct {
	UserName string `min:"1" max:"128"`
	PageIn
}

// AccessKeyMetadata is a key without its secret.
type AccessKeyMetadata struct {
	UserName    string
	AccessKeyId string
	Status      string
	CreateDate  time.Time
}

type ListAccessKeysOut struct {
	AccessKeyMetadata []AccessKeyMetadata
	PageOut
}

// ListAccessKeys lists the keys of a user, or of the user who calls.
//
//	Wire     ListAccessKeys over query
//	Order    by id
//	Proof    TestUsersAndAccessKeys
func (s *Service) ListAccessKeys(ctx context.Context, in *ListAccessKeysIn) (*ListAccessKeysOut, error) {
	u, err := s.userOrCaller(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	var list []AccessKeyMetadata
	for _, k := range s.keysOf(u) {
		list = append(list, AccessKeyMetadata{u.Name, k.ID, k.status(), k.Created})
	}
	list, more, err := page(list, func(k AccessKeyMetadata) string { return k.AccessKeyId }, in.PageIn)
	return &ListAccessKeysOut{list, more}, err
}

// key is a user's key of that id.
func (s *Service) key(ctx context.Context, userName, id string) (*accessKey, error) {
	u, err := s.userOrCaller(ctx, userName)
	if err != nil {
		return nil, err
	}
	if k := find(s, &s.keys, "", id); k != nil && k.Account == u.Account && k.User == u.Name {
		return k, nil
	}
	return nil, noSuch("The Access Key with id %s cannot be found.", id)
}

type UpdateAccessKeyIn struct {
	UserName    string `min:"1" max:"128"`
	AccessKeyId string `required:"" min:"16" max:"128"`
	Status      string `required:"" enum:"Active|Inactive"`
}

// UpdateAccessKey makes a key active or inactive. An inactive one is as unknown.
//
//	Wire     UpdateAccessKey over query
//	Durable  in the journal before the reply
//	Proof    TestUsersAndAccessKeys
func (s *Service) UpdateAccessKey(ctx context.Context, in *UpdateAccessKeyIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	old, err := s.key(ctx, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	k := *old
	k.Inactive = in.Status == "Inactive"
	return &Nothing{}, save(ctx, s, &s.keys, "", k.ID, &k)
}

type DeleteAccessKeyIn struct {
	UserName    string `min:"1" max:"128"`
	AccessKeyId string `required:"" min:"16" max:"128"`
}

// DeleteAccessKey ends a key.
//
//	Wire     DeleteAccessKey over query
//	Durable  in the journal before the reply
//	Proof    TestUsersAndAccessKeys
func (s *Service) DeleteAccessKey(ctx context.Context, in *DeleteAccessKeyIn) (*Nothing, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	k, err := s.key(ctx, in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	return &Nothing{}, remove(ctx, s, &s.keys, "", k.ID)
}

type GetAccessKeyLastUsedIn struct {
	AccessKeyId string `required:"" min:"16" max:"128"`
}

// AccessKeyLastUsed is when, where and for what a key was used.
type AccessKeyLastUsed struct {
	LastUsedDate time.Time
	ServiceName  string
	Region       string
}

type GetAccessKeyLastUsedOut struct {
	UserName          string
	AccessKeyLastUsed *AccessKeyLastUsed
}

// GetAccessKeyLastUsed tells whose a key is and when it was used last.
//
//	Wire     GetAccessKeyLastUsed over query
//	Differs  uses are forgotten when the house closes
//	Proof    TestUsersAndAccessKeys
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, in *GetAccessKeyLastUsedIn) (*GetAccessKeyLastUsedOut, error) {
	k := find(s, &s.keys, "", in.AccessKeyId)
	if k == nil || k.Account != accountOf(ctx) {
		return nil, hydrant.Faultf("AccessDenied", "The Access Key with id %s cannot be found.", in.AccessKeyId).WithStatus(403)
	}
	s.mu.RLock()
	use, ok := s.lastUse[k.ID]
	s.mu.RUnlock()
	out := &GetAccessKeyLastUsedOut{k.User, &AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}}
	if ok {
		out.AccessKeyLastUsed = &AccessKeyLastUsed{use.at, use.service, use.region}
	}
	return out, nil
}

// used notes a use of a key, at most once a minute.
func (s *Service) used(id, service, region string) {
	now := s.second()
	s.mu.RLock()
	u, ok := s.lastUse[id]
	s.mu.RUnlock()
	if ok && now.Sub(u.at) < time.Minute && u.service == service && u.region == region {
		return
	}
	s.mu.Lock()
	s.lastUse[id] = keyUse{now, service, region}
	s.mu.Unlock()
}
