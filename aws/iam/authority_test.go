package iam

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
)

func openService(t testing.TB) *Service {
	t.Helper()
	j, err := journal.Open(vfs.NewMem(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	s, err := New(Config{Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWordsOfADenial(t *testing.T) {
	const who, action, resource, reason = "arn:aws:iam::1:user/a", "s3:GetObject", "arn:aws:s3:::b/k", "because no identity-based policy allows the s3:GetObject action"
	plain := "User: " + who + " is not authorized to perform: " + action + " on resource: " + resource + " " + reason
	for _, c := range []struct {
		service, code string
		status        int
		text          string
	}{
		{"kinesis", "AccessDeniedException", 400, plain},
		{"firehose", "AccessDeniedException", 400, plain},
		{"lambda", "AccessDeniedException", 403, plain},
		{"iam", "AccessDenied", 403, plain},
		{"cloudformation", "AccessDenied", 403, plain},
		{"s3", "AccessDenied", 403, strings.Replace(plain, resource, `"`+resource+`"`, 1)},
		{"athena", "AccessDeniedException", 400, "You are not authorized to perform: s3:GetObject on the resource. After your AWS administrator or you have updated your permissions, please try again."},
	} {
		f, _ := hydrant.AsFault(denied(c.service, who, action, resource, reason))
		if f.Code != c.code || f.HTTPStatus() != c.status || f.Message != c.text || f.MessageMember != "Message" {
			t.Errorf("%s: %d %s in %s", c.service, f.HTTPStatus(), f, f.MessageMember)
		}
	}
}

func TestKeyIDsHoldTheirAccount(t *testing.T) {
	for _, account := range []string{"000000000000", "000000000001", "111111111111", "999999999999"} {
		for range 50 {
			id := newKeyID("AKIA", account)
			if got, ok := accountOfKey(id); !ok || got != account || len(id) != 20 {
				t.Fatalf("%s holds %s %v, want %s", id, got, ok, account)
			}
		}
	}
	for _, id := range []string{"", "AKIA", "AKIA00000000000000000", "AROAAAAAAAAAAAAAAAAA"} {
		if _, ok := accountOfKey(id); ok {
			t.Errorf("%q holds an account", id)
		}
	}
}

// A key that is deleted between the verification of its signature and the decision is not the root's.
func TestADeletedKeyIsNotTheRoots(t *testing.T) {
	s := openService(t)
	a := NewAuthority(s, AuthorityConfig{Enforce: true, Keys: map[string]string{"ROOT": "x"}})
	before := func(key string) error {
		call := &wire.Call{Service: "kinesis", Op: "ListStreams", AccessKey: key, Request: &http.Request{Header: http.Header{}}}
		return a.Before(wire.WithCall(t.Context(), call), call, &struct{}{})
	}
	if err := before("ROOT"); err != nil {
		t.Error(err)
	}
	if err := before("AKIAGONE"); hydrant.FaultCode(err) != "UnrecognizedClientException" {
		t.Error(err)
	}
}

// An account's root user is root there only.
func TestRootOfAnotherAccount(t *testing.T) {
	a := NewAuthority(openService(t), AuthorityConfig{Enforce: true, Keys: map[string]string{"111111111111": "x"}})
	call := &wire.Call{Service: "kinesis", Op: "PutRecords", AccessKey: "111111111111", Request: &http.Request{Header: http.Header{}}}
	ctx := hydrant.WithScope(wire.WithCall(t.Context(), call), hydrant.Scope{Account: "111111111111"})
	in := func(account string) any {
		return &struct{ StreamARN string }{"arn:aws:kinesis:us-east-1:" + account + ":stream/trips"}
	}
	if err := a.Before(ctx, call, in("111111111111")); err != nil {
		t.Error(err)
	}
	if err := a.Before(ctx, call, in("222222222222")); err == nil || !strings.HasSuffix(err.Error(), "because no resource-based policy allows the kinesis:PutRecords action") {
		t.Error(err)
	}
}

func TestSessionTokens(t *testing.T) {
	s := openService(t)
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	c, err := s.sessions.issue(&session{Account: "111111111111", Role: "r", RoleID: "AROA", Name: "n", Policy: doc, Tags: map[string]string{"a": "b"}}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got := s.sessions.open(c.AccessKeyID, c.SessionToken)
	if got == nil || got.Name != "n" || got.doc == nil || got.Tags["a"] != "b" || got.secret != c.SecretAccessKey || got.Expires-got.Issued != 3600 {
		t.Fatalf("%+v", got)
	}
	if s.sessions.open("ASIAOTHER", c.SessionToken) != nil {
		t.Error("a token opened for another key")
	}
	if openService(t).sessions.open(c.AccessKeyID, c.SessionToken) != nil {
		t.Error("a token opened in another house")
	}
	raw, _ := base64.StdEncoding.DecodeString(c.SessionToken)
	for i := range raw {
		bad := append([]byte{}, raw...)
		bad[i] ^= 0x10
		if s.sessions.open(c.AccessKeyID, base64.StdEncoding.EncodeToString(bad)) != nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
}

func FuzzSessionToken(f *testing.F) {
	s := openService(f)
	c, _ := s.sessions.issue(&session{Account: "111111111111"}, time.Hour)
	f.Add(c.SessionToken)
	f.Add("")
	f.Add("AQ==")
	f.Fuzz(func(t *testing.T, token string) {
		if got := s.sessions.open("ASIAFORGED", token); got != nil {
			t.Fatalf("forged: %+v", got)
		}
	})
}

func BenchmarkBefore(b *testing.B) {
	s := openService(b)
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kinesis:*","Resource":"arn:aws:kinesis:*:*:stream/t*"}]}`
	ctx := b.Context()
	if _, err := s.CreateUser(ctx, &CreateUserIn{UserName: "u"}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.PutUserPolicy(ctx, &PutUserPolicyIn{UserName: "u", PolicyName: "p", PolicyDocument: doc}); err != nil {
		b.Fatal(err)
	}
	k, err := s.CreateAccessKey(ctx, &CreateAccessKeyIn{UserName: "u"})
	if err != nil {
		b.Fatal(err)
	}
	a := NewAuthority(s, AuthorityConfig{Enforce: true})
	call := &wire.Call{Service: "kinesis", Op: "PutRecords", AccessKey: k.AccessKey.AccessKeyId, Request: &http.Request{Header: http.Header{}, RemoteAddr: "127.0.0.1:1"}}
	ctx = wire.WithCall(ctx, call)
	in := &struct{ StreamName string }{"trips"}
	for b.Loop() {
		if err := a.Before(ctx, call, in); err != nil {
			b.Fatal(err)
		}
	}
}
