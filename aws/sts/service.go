// Package sts tells callers who they are and hands out temporary credentials.
//
// It is the face only: who calls, what a role trusts and how credentials are made is known by an
// Authority (needs.go).
package sts

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/wire"
)

// Service is STS. Its methods may be called concurrently.
type Service struct{ authority Authority }

// New makes the service.
func New(a Authority) *Service { return &Service{a} }

// Wire is the service's face: the query protocol of 2011-06-15.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name:      "sts",
		Protocol:  wire.Query,
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Ops: []wire.Row{
			wire.Op("AssumeRole", s.AssumeRole),
			wire.Op("GetAccessKeyInfo", s.GetAccessKeyInfo),
			wire.Op("GetCallerIdentity", s.GetCallerIdentity),
			wire.Op("GetSessionToken", s.GetSessionToken),
		},
	}
}

type GetCallerIdentityIn struct{}

type GetCallerIdentityOut struct{ UserId, Account, Arn string }

// GetCallerIdentity tells who calls: a user, a session of a role, or an account's root.
//
//	Wire     GetCallerIdentity over query
//	Differs  a key nobody made is the root of its account; where keys are checked only configured ones are
//	Proof    TestIdentity
func (s *Service) GetCallerIdentity(ctx context.Context, _ *GetCallerIdentityIn) (*GetCallerIdentityOut, error) {
	c, err := s.authority.Caller(ctx)
	if err != nil {
		return nil, err
	}
	return &GetCallerIdentityOut{UserId: c.UserID, Account: c.Account, Arn: c.ARN}, nil
}

type (
	// PolicyDescriptor names a managed policy.
	PolicyDescriptor struct {
		Arn string `xml:"arn" json:"arn" min:"20" max:"2048"`
	}
	Tag struct {
		Key   string  `required:"" min:"1" max:"128"`
		Value *string `required:"" max:"256"`
	}
	AssumeRoleIn struct {
		RoleArn           string             `required:"" min:"20" max:"2048"`
		RoleSessionName   string             `required:"" min:"2" max:"64" pattern:"[\\w+=,.@-]*"`
		PolicyArns        []PolicyDescriptor `max:"10"`
		Policy            string             `max:"2048"`
		DurationSeconds   *int               `min:"900" max:"43200"`
		Tags              []Tag              `max:"50"`
		TransitiveTagKeys []string           `max:"50"`
		ExternalId        string             `min:"2" max:"1224" pattern:"[\\w+=,.@:\\/-]*"`
		SerialNumber      string             `min:"9" max:"256"`
		TokenCode         string             `min:"6" max:"6"`
		SourceIdentity    string             `min:"2" max:"64" pattern:"[\\w+=,.@-]*"`
	}
	Credentials struct {
		AccessKeyId     string
		SecretAccessKey string
		SessionToken    string
		Expiration      time.Time
	}
	AssumedRoleUser struct{ AssumedRoleId, Arn string }
	AssumeRoleOut   struct {
		Credentials      *Credentials
		AssumedRoleUser  *AssumedRoleUser
		PackedPolicySize *int
		SourceIdentity   string
	}
)

// maxPacked is what a session's policy and tags may take together, in bytes.
const maxPacked = 4096

// AssumeRole gives a session of a role to one whom its trust policy names.
//
//	Wire     AssumeRole over query
//	Limits   maxPacked
//	Durable  nothing is kept: the token says all, and holds over a restart
//	Differs  the root user may assume roles; tags are not handed on to further sessions; there are no
//	         MFA devices
//	Proof    TestAssumeRole
func (s *Service) AssumeRole(ctx context.Context, in *AssumeRoleIn) (*AssumeRoleOut, error) {
	arn, err := hydrant.ParseARN(in.RoleArn)
	switch {
	case err != nil || arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "role/"):
		return nil, hydrant.Faultf("ValidationError", "%s is invalid", in.RoleArn)
	case in.SerialNumber != "" || in.TokenCode != "":
		return nil, hydrant.Faultf("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ").WithStatus(http.StatusForbidden)
	case len(in.TransitiveTagKeys) > 0:
		return nil, hydrant.Faultf("ValidationError", "Transitive tags are not served here.")
	}
	a := Assumption{
		RoleARN: in.RoleArn, SessionName: in.RoleSessionName, Policy: in.Policy,
		ExternalID: in.ExternalId, SourceIdentity: in.SourceIdentity,
	}
	packed := len(in.Policy)
	for _, p := range in.PolicyArns {
		a.PolicyARNs = append(a.PolicyARNs, p.Arn)
		packed += len(p.Arn)
	}
	for _, t := range in.Tags {
		if a.Tags == nil {
			a.Tags = map[string]string{}
		}
		if _, twice := a.Tags[t.Key]; twice {
			return nil, hydrant.Faultf("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		a.Tags[t.Key] = *t.Value
		packed += len(t.Key) + len(*t.Value)
	}
	if packed > maxPacked {
		return nil, hydrant.Faultf("PackedPolicyTooLarge", "Packed size of session tags consumes %d%% of allotted space.", packed*100/maxPacked)
	}
	if in.DurationSeconds != nil {
		a.Seconds = *in.DurationSeconds
	}
	got, err := s.authority.Assume(ctx, a)
	if err != nil {
		return nil, err
	}
	out := &AssumeRoleOut{
		Credentials:     got.shown(),
		AssumedRoleUser: &AssumedRoleUser{AssumedRoleId: got.ID, Arn: got.ARN},
		SourceIdentity:  in.SourceIdentity,
	}
	if packed > 0 {
		percent := (packed*100 + maxPacked - 1) / maxPacked
		out.PackedPolicySize = &percent
	}
	return out, nil
}

func (k *Keys) shown() *Credentials {
	return &Credentials{k.AccessKeyID, k.SecretAccessKey, k.SessionToken, k.Expires}
}

type GetSessionTokenIn struct {
	DurationSeconds *int   `min:"900" max:"129600"`
	SerialNumber    string `min:"9" max:"256"`
	TokenCode       string `min:"6" max:"6"`
}

type GetSessionTokenOut struct{ Credentials *Credentials }

// GetSessionToken gives the user who calls temporary credentials of its own.
//
//	Wire     GetSessionToken over query
//	Durable  nothing is kept: the token says all, and holds over a restart
//	Differs  there are no MFA devices
//	Proof    TestSessionToken
func (s *Service) GetSessionToken(ctx context.Context, in *GetSessionTokenIn) (*GetSessionTokenOut, error) {
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, hydrant.Faultf("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ").WithStatus(http.StatusForbidden)
	}
	seconds := 0
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	k, err := s.authority.SessionToken(ctx, seconds)
	if err != nil {
		return nil, err
	}
	return &GetSessionTokenOut{k.shown()}, nil
}

type GetAccessKeyInfoIn struct {
	AccessKeyId string `required:"" min:"16" max:"128" pattern:"[\\w]*"`
}

type GetAccessKeyInfoOut struct{ Account string }

// GetAccessKeyInfo tells the account of an access key.
//
//	Wire     GetAccessKeyInfo over query
//	Differs  a configured key that holds no account belongs to the default one
//	Proof    TestAccessKeyInfo
func (s *Service) GetAccessKeyInfo(_ context.Context, in *GetAccessKeyInfoIn) (*GetAccessKeyInfoOut, error) {
	account, ok := s.authority.AccountOfKey(in.AccessKeyId)
	if !ok {
		account = hydrant.DefaultAccount
	}
	return &GetAccessKeyInfoOut{account}, nil
}
