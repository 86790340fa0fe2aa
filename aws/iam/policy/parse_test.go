package policy

import (
	"errors"
	"testing"
	"unicode/utf8"
)

func TestMalformed(t *testing.T) {
	const syntax = "Syntax errors in policy."
	for _, c := range []struct {
		kind       Kind
		text, want string
	}{
		{Identity, ``, syntax},
		{Identity, `{"Version":`, syntax},
		{Trust, `{"Version":`, "This policy contains invalid Json"},
		{Identity, `[]`, syntax},
		{Identity, `"x"`, syntax},
		{Identity, `{}`, syntax},
		{Identity, doc(), syntax},
		{Identity, `{"Statement":[` + allow("s3:*", "*") + `]}`, "Policy document must be version 2012-10-17 or greater."},
		{Identity, `{"Version":"2012-10-18","Statement":[` + allow("s3:*", "*") + `]}`, syntax},
		{Resource, `{"Version":"2012-10-18","Statement":[]}`, "The policy must contain a valid version string"},
		{Identity, `{"Version":"2008-10-17","Statement":[` + allow("s3:*", "*") + `]}`, "Policy document must be version 2012-10-17 or greater."},
		{Identity, `{"Statements":[]}`, syntax},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Extra":1}`), syntax},
		{Identity, doc(`{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}`), syntax},
		{Identity, doc(`{"Action":"s3:*","Resource":"*"}`), syntax},
		{Identity, doc(`{"Effect":"allow","Action":"s3:*","Resource":"*"}`), "The policy failed legacy parsing"},
		{Identity, doc(`{"Effect":"Allow","Resource":"*"}`), "Policy statement must contain actions."},
		{Identity, doc(`{"Effect":"Allow","Action":[],"Resource":"*"}`), "Policy statement must contain actions."},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*"}`), "Policy statement must contain resources."},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}`), syntax},
		{Identity, doc(allow("PutRecords", "*")), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{Identity, doc(allow("s3:Get:Object", "*")), "Actions/Condition can contain only one colon."},
		{Identity, doc(allow("s 3:Get", "*")), "Vendor s 3 is not valid"},
		{Identity, doc(allow("s*:Get", "*")), "Vendor s* is not valid"},
		{Identity, doc(allow("iam:Get", "arn:aws:iam:us-east-1:111111111111:role/r")), "IAM resource arn:aws:iam:us-east-1:111111111111:role/r cannot contain region information."},
		{Identity, doc(allow("s3:Get", "arn:aws:s3:us-east-1::lake")), "Resource arn:aws:s3:us-east-1::lake can not contain region information."},
		{Identity, doc(allow("s3:Get", "lake")), `Resource lake must be in ARN format or "*".`},
		{Identity, doc(allow("s3:Get", "arn:azure:s3:::lake")), `Partition "azure" is not valid for resource "arn:azure:s3:::lake".`},
		{Identity, doc(allow("s3:Get", "arn:aws:s*:::lake")), "Resource vendor must be fully qualified and cannot contain regexes."},
		{Identity, doc(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`), "Policy document should not specify a principal."},
		{Identity, doc(`{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Statement IDs (SID) in a single policy must be unique."},
		{Identity, doc(`{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}`), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringSame":{"aws:username":"x"}}}`), syntax},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"x"}}}`), syntax},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"username":"x"}}}`), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{Identity, doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":[]}`), syntax},
		{Trust, doc(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "Missing required field Principal"},
		{Trust, doc(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "Has prohibited field Resource"},
		{Trust, doc(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}`), "AssumeRole policy may only specify STS AssumeRole actions."},
		{Trust, doc(`{"Effect":"Allow","Principal":"*"}`), "Missing required field Action"},
		{Trust, doc(`{"Effect":"Allow","Principal":{"AWS":"ann"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "AWS":"ann"`},
		{Trust, doc(`{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}`), `Invalid principal in policy: "Service":"lambda"`},
		{Trust, doc(`{"Effect":"Allow","Principal":{"Robot":"x"},"Action":"sts:AssumeRole"}`), syntax},
	} {
		_, err := Parse(c.kind, c.text)
		var e *Error
		if !errors.As(err, &e) || e.Text != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestPrincipalForms(t *testing.T) {
	d := parse(t, Trust, doc(`{"Effect":"Allow","Principal":{"AWS":["`+ann+`","111111111111"],"Service":"lambda.amazonaws.com","Federated":"accounts.google.com","CanonicalUser":"79a5"},"Action":["sts:AssumeRole","sts:TagSession"]}`))
	if got := d.Principals(); len(got) != 1 || got[0] != ann {
		t.Errorf("principals %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(doc(allow("s3:Get*", "arn:aws:s3:::lake/${aws:username}/*")), "arn:aws:s3:::lake/ann/x")
	f.Add(doc(`{"Effect":"Deny","NotAction":"*","NotResource":["*"],"Condition":{"ForAllValues:StringLike":{"aws:TagKeys":["a?*"]}}}`), "*")
	f.Add(doc(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:*"}`), "")
	f.Fuzz(func(t *testing.T, text, arn string) {
		for _, kind := range []Kind{Identity, Resource, Trust} {
			d, err := Parse(kind, text)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Text == "" {
					t.Fatalf("not in AWS's words: %v", err)
				}
				continue
			}
			r := &Request{Principal: annCalls, Action: "s3:GetObject", Resource: arn, Context: Context{"aws:username": {"ann"}}}
			alone := Evaluate(r, Policies{Identity: []*Document{d}})
			// A denial of everything beside it must win, and nothing beside it must change nothing.
			none := &Document{statements: []statement{{deny: true, actions: []string{"\x00"}, resources: []resource{{all: true}}}}}
			if with := Evaluate(r, Policies{Identity: []*Document{d, none}}); with.Effect != ExplicitDeny {
				t.Fatalf("a deny lost against %s", text)
			}
			if with := Evaluate(r, Policies{Identity: []*Document{d, {}}}); with != alone {
				t.Fatalf("%v became %v", alone, with)
			}
		}
	})
}

// FuzzMatch holds the matcher against the plain recursive one.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**a*?", "aaa")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 24 || len(s) > 24 || !utf8.ValidString(pattern+s) {
			return
		}
		c, err := compile(pattern, true, false)
		if err != nil {
			return
		}
		if got, want := match(c.fixed, s), slowMatch(c.fixed, s); got != want {
			t.Fatalf("match(%q, %q) = %v", pattern, s, got)
		}
	})
}

func slowMatch(p, s string) bool {
	switch {
	case p == "":
		return s == ""
	case p[0] == anyRun:
		for i := range s {
			if slowMatch(p[1:], s[i:]) {
				return true
			}
		}
		return slowMatch(p[1:], "")
	case s == "":
		return false
	case p[0] == anyOne:
		_, n := utf8.DecodeRuneInString(s)
		return slowMatch(p[1:], s[n:])
	}
	return p[0] == s[0] && slowMatch(p[1:], s[1:])
}
