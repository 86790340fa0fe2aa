package iam

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/iam/policy"
)

// kept is a caller for whom work goes on after the call has been answered. It names the user or the role,
// by id too, and bounds it as its session does; no key, secret or token is in it. What the user or the role may
// do is looked up on every call, and one that is gone may do nothing.
type kept struct {
	// Who is the caller as a session: with neither user nor role the root user.
	Who session
	// Lasting: the call was signed with a key of the user's own, not with a session's.
	Lasting bool `json:",omitempty"`
	// Via is the service that calls on its behalf, "cloudformation.amazonaws.com"; "" for a role that the
	// service has taken on itself.
	Via string `json:",omitempty"`
}

type keptKey struct{}

func keptOf(ctx context.Context) *kept {
	k, _ := ctx.Value(keptKey{}).(*kept)
	return k
}

// Keep is who makes the call behind ctx, as text for As, where the service via goes on with it after the
// answer.
func (a *Authority) Keep(ctx context.Context, via string) (string, error) {
	c, err := a.caller(ctx)
	if err != nil {
		return "", credentialFault("cloudformation", err)
	}
	k := kept{Via: via}
	switch {
	case c.session != nil:
		k.Who = *c.session
		k.Who.Key = ""
	case c.user != nil:
		k.Who, k.Lasting = session{Account: c.Account, User: c.user.Name, UserID: c.user.ID}, true
	default:
		k.Who, k.Lasting = session{Account: c.Account}, true
	}
	b, err := json.Marshal(k)
	return string(b), err
}

// KeepRole is the same for a role that a service takes on under a session's name. It returns ErrNotTrusted
// where the service may not.
func (a *Authority) KeepRole(roleARN, service, name string) (string, error) {
	if err := a.Assumable(roleARN, service); err != nil {
		return "", err
	}
	k := kept{Who: session{Name: name, Issued: a.s.now().Unix()}}
	if r := a.s.roleAt(roleARN); r != nil {
		k.Who.Account, k.Who.Role, k.Who.RoleID = r.Account, r.Name, r.ID
	} else { // nothing is checked: whatever the role is, it may do everything
		p, err := hydrant.ParseARN(roleARN)
		if err != nil {
			return "", ErrNotTrusted
		}
		k.Who.Account = p.Account
	}
	b, err := json.Marshal(k)
	return string(b), err
}

// As is ctx with calls made as one who was kept.
func (a *Authority) As(ctx context.Context, text string) (context.Context, error) {
	k := new(kept)
	if err := json.Unmarshal([]byte(text), k); err != nil {
		return nil, fmt.Errorf("kept caller: %w", err)
	}
	if k.Who.Policy != "" {
		var err error
		if k.Who.doc, err = policy.Parse(policy.Identity, k.Who.Policy); err != nil {
			return nil, fmt.Errorf("kept caller's session policy: %w", err)
		}
	}
	return context.WithValue(ctx, keptKey{}, k), nil
}

// caller is who was kept, as it is now. Its session's end does not count: the work began before.
func (k *kept) caller(s *Service) (*caller, error) {
	c, err := s.principal(&k.Who)
	if err == nil && k.Lasting {
		c.session = nil
	}
	return c, err
}

// conditions sets the keys by which policies know a call that a service makes on a caller's behalf.
func (k *kept) conditions(keys policy.Context) {
	if k.Via == "" {
		return
	}
	keys.Set("aws:ViaAWSService", "true")
	keys.Set("aws:CalledVia", k.Via)
	keys.Set("aws:CalledViaFirst", k.Via)
	keys.Set("aws:CalledViaLast", k.Via)
}
