package iam

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
	"github.com/hydrant-stream/hydrant/wire"
)

// Credentials are temporary: they hold until Expires.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// Assumption asks for a session of a role.
type Assumption struct {
	RoleARN        string
	SessionName    string
	Policy         string // "" for none
	PolicyARNs     []string
	Seconds        int // 0 means an hour
	ExternalID     string
	SourceIdentity string
	Tags           map[string]string
}

// Assumed is a session of a role.
type Assumed struct {
	Credentials
	ARN, ID string // of the session
}

const chainedSeconds = 3600 // the most a role's session may last that a role's session asked for

// Assume gives the one who calls a session of a role, if its trust policy and the caller's policies
// agree.
func (a *Authority) Assume(ctx context.Context, in Assumption) (Assumed, error) {
	s := a.s
	c, err := a.caller(ctx)
	if err != nil {
		return Assumed{}, credentialFault("sts", err)
	}
	r := s.roleAt(in.RoleARN)
	if r == nil {
		return Assumed{}, denied("sts", c.ARN, "sts:AssumeRole", in.RoleARN, "")
	}
	if a.cfg.Enforce {
		if err := a.mayAssume(ctx, c, r, &in); err != nil {
			return Assumed{}, err
		}
	}
	seconds := in.Seconds
	if seconds == 0 {
		seconds = min(defaultMaxSession, r.MaxSession)
	}
	switch {
	case seconds > r.MaxSession:
		return Assumed{}, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case c.role != nil && seconds > chainedSeconds:
		return Assumed{}, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	ses := &session{
		Account: r.Account, Role: r.Name, RoleID: r.ID, Name: in.SessionName,
		Policy: in.Policy, PolicyARNs: in.PolicyARNs, Tags: in.Tags, SourceIdentity: in.SourceIdentity,
	}
	if err := s.checkSession(ses); err != nil {
		return Assumed{}, err
	}
	cred, err := s.sessions.issue(ses, time.Duration(seconds)*time.Second)
	if err != nil {
		return Assumed{}, err
	}
	as := r.as(ses)
	return Assumed{Credentials: cred, ARN: as.ARN, ID: as.UserID}, nil
}

// checkSession refuses a session whose policies are none.
func (s *Service) checkSession(ses *session) error {
	if ses.Policy != "" {
		if _, err := parseDocument(policy.Identity, ses.Policy); err != nil {
			return err
		}
	}
	for _, arn := range ses.PolicyARNs {
		if _, err := s.named(ses.Account, arn); err != nil {
			return err
		}
	}
	return nil
}

// mayAssume asks the role's trust policy and the caller's own.
func (a *Authority) mayAssume(ctx context.Context, c *caller, r *role, in *Assumption) error {
	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if in.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	conditions := a.conditions(ctx, wire.CallOf(ctx), c)
	conditions.Set("sts:RoleSessionName", in.SessionName)
	if in.ExternalID != "" {
		conditions.Set("sts:ExternalId", in.ExternalID)
	}
	if in.SourceIdentity != "" {
		conditions.Set("sts:SourceIdentity", in.SourceIdentity)
	}
	for k, v := range in.Tags {
		conditions.Set("aws:RequestTag/"+k, v)
	}
	p := a.s.policiesOf(c)
	p.Resource, p.Trusted, p.Owner = r.trust, true, r.Account
	for _, action := range actions {
		d := policy.Evaluate(&policy.Request{Principal: c.principal(), Action: action, Resource: r.arn(), Context: conditions}, p)
		if d.Effect != policy.Allow {
			reason := ""
			if d.Effect == policy.ExplicitDeny {
				reason = d.Reason()
			}
			return denied("sts", c.ARN, action, r.arn(), reason)
		}
	}
	return nil
}

// SessionToken gives the user who calls temporary credentials of its own. 0 seconds means 12 hours.
func (a *Authority) SessionToken(ctx context.Context, seconds int) (Credentials, error) {
	c, err := a.caller(ctx)
	switch {
	case err != nil:
		return Credentials{}, credentialFault("sts", err)
	case c.session != nil:
		return Credentials{}, hydrant.Faultf("AccessDenied", "Cannot call GetSessionToken with session credentials").WithStatus(http.StatusForbidden)
	}
	if seconds == 0 {
		seconds = 12 * 3600
	}
	ses := &session{Account: c.Account}
	if c.user != nil {
		ses.User, ses.UserID = c.user.Name, c.user.ID
	} else {
		seconds = min(seconds, 3600) // as AWS does for the root user
	}
	return a.s.sessions.issue(ses, time.Duration(seconds)*time.Second)
}

// roleAt is the role of an ARN, or nil.
func (s *Service) roleAt(arn string) *role {
	p, err := hydrant.ParseARN(arn)
	if err != nil || p.Service != "iam" {
		return nil
	}
	_, name := pathAndName(arn)
	if r := find(s, &s.roles, p.Account, name); r != nil && r.arn() == arn {
		return r
	}
	return nil
}

// ErrNotTrusted: the role does not exist, or its trust policy does not name the service. Services say
// it in their own words.
var ErrNotTrusted = errors.New("iam: the role cannot be assumed by the service")

// Assumable reports whether a service, such as "firehose.amazonaws.com", may take on a role: nil or
// ErrNotTrusted. Where nothing is checked it always may.
func (a *Authority) Assumable(roleARN, service string) error {
	if !a.cfg.Enforce {
		return nil
	}
	r := a.s.roleAt(roleARN)
	if r == nil {
		return ErrNotTrusted
	}
	c := policy.Context{}
	c.Set("sts:ExternalId", r.Account) // Firehose sends it; a policy of another service does not ask
	c.Set("aws:SourceAccount", r.Account)
	d := policy.Evaluate(
		&policy.Request{Principal: policy.Principal{Service: service}, Action: "sts:AssumeRole", Resource: roleARN, Context: c},
		policy.Policies{Resource: r.trust, Trusted: true, Owner: r.Account})
	if d.Effect != policy.Allow {
		return ErrNotTrusted
	}
	return nil
}

// MayRole reports whether a service acting as a role may do something: nil, ErrNotTrusted, or a fault
// in AWS's words. name is the session's, which tells what acts, as in "AWSFirehoseToS3". Where nothing is checked it always may.
func (a *Authority) MayRole(ctx context.Context, roleARN, service, name, action, resource string, conditions map[string][]string) error {
	if !a.cfg.Enforce {
		return nil
	}
	if err := a.Assumable(roleARN, service); err != nil {
		return err
	}
	r := a.s.roleAt(roleARN)
	if r == nil {
		return ErrNotTrusted
	}
	c := r.as(&session{Account: r.Account, Role: r.Name, RoleID: r.ID, Name: name})
	return a.allows(ctx, c, "", action, resource, withAll(a.conditions(ctx, &wire.Call{}, c), conditions))
}

// longest is how long the credentials of a service's session hold. A function's process gets them once
// and may live long.
const longest = 12 * time.Hour

// RoleCredentials gives a service a session of a role for code that runs as it: a function. Where
// nothing is checked, a role that does not exist gives the account's own key.
func (a *Authority) RoleCredentials(ctx context.Context, scope hydrant.Scope, roleARN, service, name string) (id, secret, token string, err error) {
	r := a.s.roleAt(roleARN)
	if r == nil && !a.cfg.Enforce {
		return scope.Account, "hydrant", "hydrant", nil
	}
	if err := a.Assumable(roleARN, service); err != nil {
		return "", "", "", err
	}
	if r == nil {
		return "", "", "", ErrNotTrusted
	}
	c, err := a.s.sessions.issue(&session{Account: r.Account, Role: r.Name, RoleID: r.ID, Name: name}, longest)
	return c.AccessKeyID, c.SecretAccessKey, c.SessionToken, err
}
