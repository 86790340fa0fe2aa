// Package access knows what every call needs: from a service, an operation and its decoded input to
// the actions and the resources policies name them by.
//
// A service's rules stand in a file of its own. An input is read by the names of its fields, since the
// services' packages are no business of this one; a test holds the rules against the services' rows.
package access

import (
	"context"
)

// Need is one permission a call needs. It needs all of them.
type Need struct {
	Action   string              // "kinesis:PutRecords"
	Resource string              // an ARN, or "*" for an action that has none
	Context  map[string][]string // condition keys of this need alone
}

// Lookups tell what an input does not say itself. Each may be nil, or answer "": then the need is on
// "*", which a policy on certain resources does not grant.
type Lookups struct {
	// StreamOfIterator is the stream ARN a shard iterator or a shard listing's token belongs to.
	StreamOfIterator func(token string) string
	// WorkgroupOfQuery is the name of the Athena workgroup a query execution or a named query belongs to.
	WorkgroupOfQuery func(ctx context.Context, id string) string
	// FunctionOfMapping is the ARN of the function an event source mapping drives.
	FunctionOfMapping func(ctx context.Context, uuid string) string
	// RoleARN and UserARN find the path a name lives under.
	RoleARN, UserARN func(account, name string) string
	// Caller is the ARN of the user who calls, whom an input means that names no user.
	Caller string
}

// rule is what one operation needs.
type rule struct {
	// actions without the service's name; nil: the operation's.
	actions []string
	// on are the resources, each of which every action must be allowed on. nil: "*".
	on func(*input) []string
	// also are further needs: roles that are handed over, say.
	also func(*input) []Need
	// keys are condition keys of the actions.
	keys func(*input) map[string][]string
	// free: nothing is needed, or the operation decides for itself.
	free bool
}

var table = map[string]map[string]rule{
	"athena":         athenaRules,
	"cloudformation": formationRules,
	"cloudwatch":     metricRules,
	"firehose":       firehoseRules,
	"glue":           glueRules,
	"iam":            iamRules,
	"kinesis":        kinesisRules,
	"lambda":         lambdaRules,
	"logs":           logRules,
	"s3":             s3Rules,
	"sns":            topicRules,
	"sqs":            queueRules,
	"sts":            stsRules,
}

// Needs lists what a call needs. known is false for an operation without a rule: only those who may do
// everything may call it.
func Needs(ctx context.Context, service, op string, in any, l Lookups) (needs []Need, known bool) {
	r, known := table[service][op]
	if !known || r.free {
		return nil, known
	}
	x := newInput(ctx, in, l)
	actions := r.actions
	if actions == nil {
		actions = []string{op}
	}
	resources := []string{"*"}
	if r.on != nil {
		resources = r.on(x)
	}
	var keys map[string][]string
	if r.keys != nil {
		keys = r.keys(x)
	}
	keys = withTags(x, keys)
	for _, resource := range resources {
		for _, action := range actions {
			needs = append(needs, Need{Action: service + ":" + action, Resource: resource, Context: keys})
		}
	}
	if r.also != nil {
		needs = append(needs, r.also(x)...)
	}
	return needs, true
}

// withTags adds the tags a request brings as condition keys.
func withTags(x *input, keys map[string][]string) map[string][]string {
	tags, names := x.tags()
	if len(names) == 0 {
		return keys
	}
	if keys == nil {
		keys = map[string][]string{}
	}
	keys["aws:TagKeys"] = names
	for k, v := range tags {
		keys["aws:RequestTag/"+k] = []string{v}
	}
	return keys
}

// each gives many operations the same rule.
func each(into map[string]rule, r rule, ops ...string) {
	for _, op := range ops {
		into[op] = r
	}
}

// one makes the single resource of a rule.
func one(f func(*input) string) func(*input) []string {
	return func(x *input) []string {
		if arn := f(x); arn != "" {
			return []string{arn}
		}
		return []string{"*"}
	}
}

// named makes an ARN of the request's account and Region from a field, unless it holds one already.
func named(service, prefix string, fields ...string) func(*input) []string {
	return one(func(x *input) string { return x.arn(service, prefix, fields...) })
}

// passes are the needs of handing roles over to a service.
func passes(service string, fields ...string) func(*input) []Need {
	return func(x *input) (needs []Need) {
		for _, arn := range x.deep(fields...) {
			needs = append(needs, Need{Action: "iam:PassRole", Resource: arn, Context: map[string][]string{"iam:PassedToService": {service}}})
		}
		return needs
	}
}
