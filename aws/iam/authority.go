package iam

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/access"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
	"github.com/hydrant-stream/hydrant/wire"
)

// AuthorityConfig is what decisions rest on beside the Service.
type AuthorityConfig struct {
	// Keys are secrets of administrators by access key: whoever signs with one is the root user of its
	// account (12 digits are an account; others belong to the default one).
	Keys map[string]string
	// Enforce: every call must be allowed. Without it nothing is denied; who calls is known all the same.
	Enforce bool
	// Lookups tell of what an input names only by an opaque token. Each may be nil.
	Lookups access.Lookups
	// ResourcePolicy is the policy document on a stream, function or bucket, or "". nil: none has one.
	ResourcePolicy func(ctx context.Context, resourceARN string) string
	// ResourceTags are the tags of a resource of another service, looked at where a policy asks for them. nil:
	// none has any.
	ResourceTags func(ctx context.Context, resourceARN string) map[string]string
}

// Authority says who may do what. It is plugged into wire: Secret, Account and Before. Its methods may
// be called concurrently.
type Authority struct {
	s   *Service
	cfg AuthorityConfig

	mu     sync.Mutex
	parsed map[string]*policy.Document // policies on resources, by text
}

// NewAuthority makes the authority over a Service.
func NewAuthority(s *Service, c AuthorityConfig) *Authority {
	if c.Lookups.RoleARN == nil {
		c.Lookups.RoleARN = s.roleARN
	}
	if c.Lookups.UserARN == nil {
		c.Lookups.UserARN = s.userARN
	}
	return &Authority{s: s, cfg: c, parsed: map[string]*policy.Document{}}
}

func (s *Service) roleARN(account, name string) string {
	if r := find(s, &s.roles, account, name); r != nil {
		return r.arn()
	}
	return ""
}

func (s *Service) userARN(account, name string) string {
	if u := find(s, &s.users, account, name); u != nil {
		return u.arn()
	}
	return ""
}

// Secret is the secret of an access key, for wire to verify a signature with: a configured one, an
// active one of a user, or one of a session whose token is genuine. That a session is over is told by
// Before, in words of its own.
func (a *Authority) Secret(key, token string) (secret string, ok bool) {
	if secret, ok := a.cfg.Keys[key]; ok {
		return secret, true
	}
	if k := find(a.s, &a.s.keys, "", key); k != nil {
		return k.Secret, !k.Inactive
	}
	if ses := a.s.sessions.open(key, token); ses != nil {
		return ses.secret, true
	}
	return "", false
}

// Account is the account of a user's or a session's access key; "" where the key tells nothing.
func (a *Authority) Account(key, token string) string {
	if k := find(a.s, &a.s.keys, "", key); k != nil {
		return k.Account
	}
	if ses := a.s.sessions.open(key, token); ses != nil {
		return ses.Account
	}
	return ""
}

// Before allows a call or answers why not.
func (a *Authority) Before(ctx context.Context, call *wire.Call, in any) error {
	if !a.cfg.Enforce {
		return nil
	}
	return a.Authorize(ctx, call.Service, call.Op, in)
}

// Authorize allows one who calls an operation, or answers why not: Before, for calls that one service
// makes for another's caller. A context without a call is the house itself, which may do everything.
func (a *Authority) Authorize(ctx context.Context, service, op string, in any) error {
	if !a.cfg.Enforce {
		return nil
	}
	call := wire.CallOf(ctx)
	scope := hydrant.ScopeOf(ctx)
	c, err := a.caller(ctx)
	if err != nil {
		return credentialFault(service, err)
	}
	if c.user != nil && c.session == nil && keptOf(ctx) == nil {
		a.s.used(call.AccessKey, service, scope.Region)
	}
	if c.user != nil && c.session != nil && service == "iam" {
		return credentialFault(service, errGone) // AWS: not without a second factor
	}
	look := a.cfg.Lookups
	look.Caller = c.principalARN()
	needs, known := access.Needs(ctx, service, op, in, look)
	var conditions policy.Context
	if !c.root {
		conditions = a.conditions(ctx, call, c)
	}
	if !known {
		// What the table does not know is for those who may do everything, whatever its name.
		needs = []access.Need{{Action: service + ":" + op, Resource: "*"}, {Action: "*:*", Resource: "*"}}
	}
	for _, n := range needs {
		if c.root && !foreign(n.Resource, c.Account) {
			continue
		}
		if err := a.allows(ctx, c, service, n.Action, n.Resource, withAll(conditions, n.Context)); err != nil {
			return err
		}
	}
	return nil
}

// caller tells who made the call behind ctx. Where calls are checked nobody is the root user but an
// administrator, or the house itself: a user's key that is deleted after its signature was verified
// must not turn into one.
func (a *Authority) caller(ctx context.Context) (*caller, error) {
	if k := keptOf(ctx); k != nil {
		return k.caller(a.s)
	}
	call := wire.CallOf(ctx)
	c, err := a.s.caller(call, accountOf(ctx))
	if err == nil && a.cfg.Enforce && c.root && c.session == nil && call.Request != nil {
		if _, ok := a.cfg.Keys[call.AccessKey]; !ok {
			return nil, errGone
		}
	}
	return c, err
}

// foreign: the resource belongs to another account, whose word counts even against a root user.
func foreign(resource, account string) bool {
	arn, err := hydrant.ParseARN(resource)
	return err == nil && arn.Account != "" && arn.Account != "aws" && arn.Account != account
}

// allows holds one action on one resource against all policies that have a say.
func (a *Authority) allows(ctx context.Context, c *caller, service, action, resource string, conditions policy.Context) error {
	p := a.s.policiesOf(c)
	p.Resource = a.resourcePolicy(ctx, resource)
	if arn, err := hydrant.ParseARN(resource); err == nil && arn.Account != "aws" {
		p.Owner = arn.Account
	}
	if p.AskTags() {
		conditions = withAll(conditions, a.resourceTags(ctx, service, resource))
	}
	d := policy.Evaluate(&policy.Request{Principal: c.principal(), Action: action, Resource: resource, Context: conditions}, p)
	if d.Effect == policy.Allow {
		return nil
	}
	return denied(service, c.ARN, action, resource, d.Reason())
}

// resourceTags are the condition keys of a resource's tags.
func (a *Authority) resourceTags(ctx context.Context, service, resource string) map[string][]string {
	tags := map[string]string{}
	switch arn, err := hydrant.ParseARN(resource); {
	case err != nil:
	case arn.Service == "iam":
		for _, t := range a.s.tagsOf(resource) {
			tags[t.Key] = *t.Value
		}
	case a.cfg.ResourceTags != nil:
		tags = a.cfg.ResourceTags(ctx, resource)
	}
	keys := make(map[string][]string, 2*len(tags))
	for k, v := range tags {
		keys["aws:ResourceTag/"+k] = []string{v}
		keys[service+":ResourceTag/"+k] = []string{v}
	}
	return keys
}

// tagsOf are the tags of a role, a user or a policy.
func (s *Service) tagsOf(arn string) []Tag {
	p, err := hydrant.ParseARN(arn)
	if err != nil {
		return nil
	}
	_, name := pathAndName(arn)
	if r := find(s, &s.roles, p.Account, name); r != nil && r.arn() == arn {
		return r.Tags
	}
	if u := find(s, &s.users, p.Account, name); u != nil && u.arn() == arn {
		return u.Tags
	}
	if m := s.managed(p.Account, arn); m != nil {
		return m.Tags
	}
	return nil
}

// maxParsed bounds the memory of parsed policies; past it all are forgotten.
const maxParsed = 1024

// resourcePolicy is the document on a resource, or nil. One that cannot be read allows nothing.
func (a *Authority) resourcePolicy(ctx context.Context, resource string) *policy.Document {
	if a.cfg.ResourcePolicy == nil || resource == "*" {
		return nil
	}
	text := a.cfg.ResourcePolicy(ctx, resource)
	if text == "" {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := a.parsed[text]
	if !ok {
		var err error
		if d, err = policy.Parse(policy.Resource, text); err != nil {
			d = nil
		}
		if len(a.parsed) >= maxParsed {
			clear(a.parsed)
		}
		a.parsed[text] = d
	}
	return d
}

// conditions are the keys every request has.
func (a *Authority) conditions(ctx context.Context, call *wire.Call, c *caller) policy.Context {
	now := a.s.now().UTC()
	k := policy.Context{}
	k.Set("aws:CurrentTime", now.Format(time.RFC3339))
	k.Set("aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
	k.Set("aws:PrincipalArn", c.principalARN())
	k.Set("aws:PrincipalAccount", c.Account)
	k.Set("aws:PrincipalIsAWSService", "false")
	k.Set("aws:ViaAWSService", "false")
	k.Set("aws:userid", c.UserID)
	k.Set("aws:RequestedRegion", hydrant.ScopeOf(ctx).Region)
	k.Set("aws:SecureTransport", strconv.FormatBool(call.TLS))
	if r := call.Request; r != nil {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			k.Set("aws:SourceIp", from.Addr().Unmap().String())
		}
		k.Set("aws:UserAgent", r.UserAgent())
	}
	switch {
	case c.role != nil:
		k.Set("aws:PrincipalType", "AssumedRole")
		setTags(k, c.role.Tags)
	case c.user != nil:
		k.Set("aws:PrincipalType", "User")
		k.Set("aws:username", c.user.Name)
		setTags(k, c.user.Tags)
	default:
		k.Set("aws:PrincipalType", "Account")
	}
	if of := keptOf(ctx); of != nil {
		of.conditions(k)
	}
	if c.session != nil {
		k.Set("aws:TokenIssueTime", time.Unix(c.session.Issued, 0).UTC().Format(time.RFC3339))
		k.Set("aws:MultiFactorAuthPresent", "false")
		for key, v := range c.session.Tags { // over the role's
			k.Set("aws:PrincipalTag/"+key, v)
		}
		if c.session.SourceIdentity != "" {
			k.Set("aws:SourceIdentity", c.session.SourceIdentity)
		}
	}
	return k
}

func setTags(k policy.Context, tags []Tag) {
	for _, t := range tags {
		k.Set("aws:PrincipalTag/"+t.Key, *t.Value)
	}
}

// withAll is c with more keys; c itself where there are none.
func withAll(c policy.Context, more map[string][]string) policy.Context {
	if len(more) == 0 {
		return c
	}
	out := make(policy.Context, len(c)+len(more))
	for k, v := range c {
		out[k] = v
	}
	for k, v := range more {
		out.Set(k, v...)
	}
	return out
}
