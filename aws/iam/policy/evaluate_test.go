package policy

import (
	"strings"
	"testing"
)

func parse(t testing.TB, kind Kind, text string) *Document {
	t.Helper()
	d, err := Parse(kind, text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

// doc wraps statements in a document.
func doc(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func allow(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

func deny(action, resource string) string {
	return `{"Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"}`
}

const (
	trips  = "arn:aws:kinesis:us-east-1:111111111111:stream/trips"
	ann    = "arn:aws:iam::111111111111:user/ann"
	runner = "arn:aws:iam::111111111111:role/runner"
	run1   = "arn:aws:sts::111111111111:assumed-role/runner/run1"
)

var (
	annCalls    = Principal{Account: "111111111111", ARN: ann}
	runnerCalls = Principal{Account: "111111111111", ARN: run1, Role: runner}
)

func TestIdentityPolicies(t *testing.T) {
	for _, c := range []struct {
		name, doc, action, resource string
		want                        Effect
	}{
		{"nothing said", doc(allow("s3:*", "*")), "kinesis:PutRecords", trips, ImplicitDeny},
		{"said", doc(allow("kinesis:PutRecords", trips)), "kinesis:PutRecords", trips, Allow},
		{"actions know no case", doc(allow("KINESIS:putrecords", trips)), "kinesis:PutRecords", trips, Allow},
		{"ARNs do", doc(allow("kinesis:*", strings.Replace(trips, "trips", "Trips", 1))), "kinesis:PutRecords", trips, ImplicitDeny},
		{"star", doc(allow("*", "*")), "kinesis:PutRecords", trips, Allow},
		{"wild in an action", doc(allow("kinesis:Put*", trips)), "kinesis:PutRecords", trips, Allow},
		{"question mark", doc(allow("kinesis:PutRecord?", trips)), "kinesis:PutRecords", trips, Allow},
		{"question mark needs one", doc(allow("kinesis:PutRecord?", trips)), "kinesis:PutRecord", trips, ImplicitDeny},
		{"deny wins", doc(allow("*", "*"), deny("kinesis:PutRecords", "*")), "kinesis:PutRecords", trips, ExplicitDeny},
		{"deny wins from the front", doc(deny("kinesis:PutRecords", "*"), allow("*", "*")), "kinesis:PutRecords", trips, ExplicitDeny},
		{"deny elsewhere", doc(allow("*", "*"), deny("kinesis:PutRecords", trips+"2")), "kinesis:PutRecords", trips, Allow},
		{"wild resource", doc(allow("kinesis:*", "arn:aws:kinesis:*:111111111111:stream/t*")), "kinesis:PutRecords", trips, Allow},
		{"other account", doc(allow("kinesis:*", "arn:aws:kinesis:*:222222222222:stream/*")), "kinesis:PutRecords", trips, ImplicitDeny},
		{"a wild card stays in its segment", doc(allow("kinesis:*", "arn:aws:kinesis:us-*:stream/trips*")), "kinesis:PutRecords", trips, ImplicitDeny},
		{"a short ARN is completed", doc(allow("kinesis:*", "arn:aws:kinesis:us-east-1:*")), "kinesis:PutRecords", trips, Allow},
		{"the last segment holds slashes and colons", doc(allow("s3:*", "arn:aws:s3:::lake/*")), "s3:GetObject", "arn:aws:s3:::lake/a/b:c", Allow},
		{"a bucket is not its objects", doc(allow("s3:*", "arn:aws:s3:::lake")), "s3:GetObject", "arn:aws:s3:::lake/a", ImplicitDeny},
		{"objects are not the bucket", doc(allow("s3:*", "arn:aws:s3:::lake/*")), "s3:ListBucket", "arn:aws:s3:::lake", ImplicitDeny},
		{"lists", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","kinesis:Get*"],"Resource":["` + ann + `","` + trips + `"]}}`, "kinesis:GetRecords", trips, Allow},
		{"NotAction", doc(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`), "kinesis:GetRecords", trips, Allow},
		{"NotAction's own", doc(`{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"}`), "iam:GetRole", runner, ImplicitDeny},
		{"NotResource", doc(allow("*", "*"), `{"Effect":"Deny","Action":"*","NotResource":"`+trips+`"}`), "kinesis:GetRecords", trips, Allow},
		{"NotResource elsewhere", doc(allow("*", "*"), `{"Effect":"Deny","Action":"*","NotResource":"`+trips+`"}`), "kinesis:GetRecords", trips + "2", ExplicitDeny},
		{"an action without resource", doc(allow("kinesis:ListStreams", "arn:aws:kinesis:*:*:*")), "kinesis:ListStreams", "*", ImplicitDeny},
		{"an action without resource, by star", doc(allow("kinesis:ListStreams", "*")), "kinesis:ListStreams", "*", Allow},
		{"variable", doc(allow("s3:*", "arn:aws:s3:::lake/${aws:username}/*")), "s3:GetObject", "arn:aws:s3:::lake/ann/x", Allow},
		{"another's variable", doc(allow("s3:*", "arn:aws:s3:::lake/${aws:username}/*")), "s3:GetObject", "arn:aws:s3:::lake/bob/x", ImplicitDeny},
		{"variable without value", doc(allow("s3:*", "arn:aws:s3:::lake/${aws:nobody}/*")), "s3:GetObject", "arn:aws:s3:::lake//x", ImplicitDeny},
		{"variable with a fallback", doc(allow("s3:*", "arn:aws:s3:::lake/${aws:nobody, 'all'}/*")), "s3:GetObject", "arn:aws:s3:::lake/all/x", Allow},
		{"a value is not wild", doc(allow("s3:*", "arn:aws:s3:::lake/${aws:wild}/x")), "s3:GetObject", "arn:aws:s3:::lake/b/x", ImplicitDeny},
		{"escaped star", doc(allow("s3:*", "arn:aws:s3:::lake/${*}")), "s3:GetObject", "arn:aws:s3:::lake/*", Allow},
		{"escaped star is not wild", doc(allow("s3:*", "arn:aws:s3:::lake/${*}")), "s3:GetObject", "arn:aws:s3:::lake/x", ImplicitDeny},
		{"all but an unknown place is no place", doc(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::lake/${aws:nobody}"}`), "s3:GetObject", "arn:aws:s3:::lake/x", ImplicitDeny},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := Context{}
			ctx.Set("aws:username", "ann")
			ctx.Set("aws:wild", "*")
			d := Evaluate(&Request{Principal: annCalls, Action: c.action, Resource: c.resource, Context: ctx},
				Policies{Identity: []*Document{parse(t, Identity, c.doc)}})
			if d.Effect != c.want {
				t.Errorf("%v, want %v", d.Effect, c.want)
			}
		})
	}
}

func on(principal, effect string) string {
	return doc(`{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"kinesis:*","Resource":"*"}`)
}

func TestLayers(t *testing.T) {
	const (
		yes = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kinesis:*","Resource":"*"}}`
		s3  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
		no  = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kinesis:*","Resource":"*"}}`
	)
	for _, c := range []struct {
		name                                  string
		who                                   Principal
		identity, boundary, session, resource string
		trusted                               bool
		owner                                 string
		want                                  Effect
		reason                                string
	}{
		{name: "nobody says anything", who: annCalls, want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "identity", who: annCalls, identity: yes, want: Allow},
		{name: "identity denies", who: annCalls, identity: no, want: ExplicitDeny, reason: "with an explicit deny in an identity-based policy"},
		{name: "boundary agrees", who: annCalls, identity: yes, boundary: yes, want: Allow},
		{name: "boundary is silent", who: annCalls, identity: yes, boundary: s3, want: ImplicitDeny, reason: "because no permissions boundary allows the kinesis:GetRecords action"},
		{name: "boundary alone grants nothing", who: annCalls, boundary: yes, want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "boundary denies", who: annCalls, identity: yes, boundary: no, want: ExplicitDeny, reason: "with an explicit deny in a permissions boundary"},
		{name: "session narrows", who: runnerCalls, identity: yes, session: s3, want: ImplicitDeny, reason: "because no session policy allows the kinesis:GetRecords action"},
		{name: "session alone grants nothing", who: runnerCalls, session: yes, want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "session denies", who: runnerCalls, identity: yes, session: no, want: ExplicitDeny, reason: "with an explicit deny in a session policy"},
		{name: "resource names the user", who: annCalls, resource: on(`{"AWS":"`+ann+`"}`, "Allow"), want: Allow},
		{name: "resource names another", who: annCalls, resource: on(`{"AWS":"`+ann+`2"}`, "Allow"), want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "resource names everybody", who: annCalls, resource: on(`"*"`, "Allow"), want: Allow},
		{name: "resource names the account: its policies decide", who: annCalls, resource: on(`{"AWS":"111111111111"}`, "Allow"), want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "and do", who: annCalls, identity: yes, resource: on(`{"AWS":"arn:aws:iam::111111111111:root"}`, "Allow"), want: Allow},
		{name: "resource denies", who: annCalls, identity: yes, resource: on(`"*"`, "Deny"), want: ExplicitDeny, reason: "with an explicit deny in a resource-based policy"},
		{name: "resource denies all but", who: annCalls, identity: yes, resource: doc(`{"Effect":"Deny","NotPrincipal":{"AWS":"` + ann + `"},"Action":"*","Resource":"*"}`), want: Allow},
		{name: "resource denies all but another", who: runnerCalls, identity: yes, resource: doc(`{"Effect":"Deny","NotPrincipal":{"AWS":"` + ann + `"},"Action":"*","Resource":"*"}`), want: ExplicitDeny, reason: "with an explicit deny in a resource-based policy"},
		{name: "resource names the role, session narrows", who: runnerCalls, session: s3, resource: on(`{"AWS":"`+runner+`"}`, "Allow"), want: ImplicitDeny, reason: "because no session policy allows the kinesis:GetRecords action"},
		{name: "resource names the session: no bound", who: runnerCalls, session: s3, resource: on(`{"AWS":"`+run1+`"}`, "Allow"), want: Allow},
		{name: "resource names the user: no boundary", who: annCalls, boundary: s3, resource: on(`{"AWS":"`+ann+`"}`, "Allow"), want: Allow},
		{name: "another account: both", who: annCalls, identity: yes, resource: on(`{"AWS":"111111111111"}`, "Allow"), owner: "222222222222", want: Allow},
		{name: "another account: the resource alone", who: annCalls, resource: on(`{"AWS":"`+ann+`"}`, "Allow"), owner: "222222222222", want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "another account: the caller alone", who: annCalls, identity: yes, owner: "222222222222", want: ImplicitDeny, reason: "because no resource-based policy allows the kinesis:GetRecords action"},
		{name: "trust is needed", who: annCalls, identity: yes, resource: on(`{"AWS":"`+ann+`2"}`, "Allow"), trusted: true, want: ImplicitDeny, reason: "because no resource-based policy allows the kinesis:GetRecords action"},
		{name: "trust is enough", who: annCalls, resource: on(`{"AWS":"`+ann+`"}`, "Allow"), trusted: true, want: Allow},
		{name: "trust in the account is not", who: annCalls, resource: on(`{"AWS":"111111111111"}`, "Allow"), trusted: true, want: ImplicitDeny, reason: "because no identity-based policy allows the kinesis:GetRecords action"},
		{name: "a service", who: Principal{Service: "lambda.amazonaws.com"}, resource: on(`{"Service":["firehose.amazonaws.com","lambda.amazonaws.com"]}`, "Allow"), trusted: true, owner: "222222222222", want: Allow},
		{name: "another service", who: Principal{Service: "lambda.amazonaws.com"}, resource: on(`{"Service":"firehose.amazonaws.com"}`, "Allow"), trusted: true, want: ImplicitDeny, reason: "because no resource-based policy allows the kinesis:GetRecords action"},
		{name: "all of AWS is no service", who: Principal{Service: "lambda.amazonaws.com"}, resource: on(`{"AWS":"*"}`, "Allow"), trusted: true, want: ImplicitDeny, reason: "because no resource-based policy allows the kinesis:GetRecords action"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Policies{Trusted: c.trusted, Owner: c.owner}
			if c.identity != "" {
				p.Identity = []*Document{parse(t, Identity, c.identity)}
			}
			if c.boundary != "" {
				p.Boundary = parse(t, Identity, c.boundary)
			}
			if c.session != "" {
				p.Session = []*Document{parse(t, Identity, c.session)}
			}
			if c.resource != "" {
				p.Resource = parse(t, Resource, c.resource)
			}
			d := Evaluate(&Request{Principal: c.who, Action: "kinesis:GetRecords", Resource: trips, Context: Context{}}, p)
			if d.Effect != c.want || d.Reason() != c.reason {
				t.Errorf("%v %q, want %v %q", d.Effect, d.Reason(), c.want, c.reason)
			}
		})
	}
}

// Variables came with the second version of the language; before, they are text.
func TestNoVariablesIn2008(t *testing.T) {
	statement := `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/${aws:username}"}`
	for text, want := range map[string]Effect{doc(statement): Allow, `{"Version":"2008-10-17","Statement":` + statement + `}`: ImplicitDeny, `{"Statement":` + statement + `}`: ImplicitDeny} {
		r := &Request{Principal: annCalls, Action: "s3:GetObject", Resource: "arn:aws:s3:::lake/ann", Context: Context{"aws:username": {"ann"}}}
		if d := Evaluate(r, Policies{Resource: parse(t, Resource, text)}); d.Effect != want {
			t.Errorf("%s: %v", text, d.Effect)
		}
	}
}
