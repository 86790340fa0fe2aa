package iam

import (
	"context"
	"slices"
	"strconv"
	"time"
)

func versionID(n int) string { return "v" + strconv.Itoa(n) }

type CreatePolicyVersionIn struct {
	PolicyArn      string `required:"" max:"2048"`
	PolicyDocument string `required:"" min:"1" max:"131072"`
	SetAsDefault   bool
}

// PolicyVersion is a version as replies show it; lists leave the document out.
type PolicyVersion struct {
	Document         string
	VersionId        string
	IsDefaultVersion bool
	CreateDate       time.Time
}

type PolicyVersionOut struct{ PolicyVersion *PolicyVersion }

// CreatePolicyVersion adds a version to a managed policy.
//
//	Wire     CreatePolicyVersion over query
//	Limits   maxVersions, maxManagedChars
//	Durable  in the journal before the reply; a new default is in force for the next call
//	Proof    TestPolicyVersions
func (s *Service) CreatePolicyVersion(ctx context.Context, in *CreatePolicyVersionIn) (*PolicyVersionOut, error) {
	var made *version
	err := s.changePolicy(ctx, in.PolicyArn, func(m *managed) (err error) {
		if len(m.Versions) >= maxVersions {
			return exceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		made, err = m.add(in.PolicyDocument, s, in.SetAsDefault)
		if in.SetAsDefault {
			m.Updated = s.second()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &PolicyVersionOut{&PolicyVersion{VersionId: made.ID, IsDefaultVersion: in.SetAsDefault, CreateDate: made.Created}}, nil
}

type PolicyVersionIn struct {
	PolicyArn string `required:"" max:"2048"`
	VersionId string `required:"" pattern:"v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"`
}

// of is the version asked for, or NoSuchEntity.
func (in *PolicyVersionIn) of(m *managed) (*version, error) {
	if v := m.version(in.VersionId); v != nil {
		return v, nil
	}
	return nil, noSuch("Policy %s version %s does not exist or is not attachable.", in.PolicyArn, in.VersionId)
}

// GetPolicyVersion answers a version with its document.
//
//	Wire     GetPolicyVersion over query
//	Proof    TestPolicyVersions
func (s *Service) GetPolicyVersion(ctx context.Context, in *PolicyVersionIn) (*PolicyVersionOut, error) {
	m, err := s.named(accountOf(ctx), in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := in.of(m)
	if err != nil {
		return nil, err
	}
	return &PolicyVersionOut{&PolicyVersion{encoded(v.Text), v.ID, v.ID == m.Default, v.Created}}, nil
}

type ListPolicyVersionsIn struct {
	PolicyArn string `required:"" max:"2048"`
	PageIn
}

type ListPolicyVersionsOut struct {
	Versions []PolicyVersion
	PageOut
}

// ListPolicyVersions lists a policy's versions.
//
//	Wire     ListPolicyVersions over query
//	Order    the newest first
//	Proof    TestPolicyVersions
func (s *Service) ListPolicyVersions(ctx context.Context, in *ListPolicyVersionsIn) (*ListPolicyVersionsOut, error) {
	m, err := s.named(accountOf(ctx), in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var list []PolicyVersion
	for _, v := range slices.Backward(m.Versions) {
		list = append(list, PolicyVersion{VersionId: v.ID, IsDefaultVersion: v.ID == m.Default, CreateDate: v.Created})
	}
	// A page goes on behind a greater key: count down from the newest.
	key := func(v PolicyVersion) string {
		n, _ := strconv.Atoi(v.VersionId[1:])
		return strconv.Itoa(1_000_000_000 - n)
	}
	list, more, err := page(list, key, in.PageIn)
	return &ListPolicyVersionsOut{list, more}, err
}

// SetDefaultPolicyVersion puts a version into force.
//
//	Wire     SetDefaultPolicyVersion over query
//	Durable  in the journal before the reply, in force for the next call
//	Proof    TestPolicyVersions
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *PolicyVersionIn) (*Nothing, error) {
	return &Nothing{}, s.changePolicy(ctx, in.PolicyArn, func(m *managed) error {
		v, err := in.of(m)
		if err != nil {
			return err
		}
		m.Default, m.Updated = v.ID, s.second()
		return m.parse()
	})
}

// DeletePolicyVersion removes a version that is not the default.
//
//	Wire     DeletePolicyVersion over query
//	Durable  in the journal before the reply
//	Proof    TestPolicyVersions
func (s *Service) DeletePolicyVersion(ctx context.Context, in *PolicyVersionIn) (*Nothing, error) {
	return &Nothing{}, s.changePolicy(ctx, in.PolicyArn, func(m *managed) error {
		v, err := in.of(m)
		if err != nil {
			return err
		}
		if v.ID == m.Default {
			return conflict("Cannot delete the default version of a policy.")
		}
		m.Versions = slices.DeleteFunc(m.Versions, func(o version) bool { return o.ID == v.ID })
		return nil
	})
}
