package sns

import (
	"regexp"

	"github.com/hydrant-stream/hydrant"
)

const (
	maxMessage = 256 << 10 // bytes, attributes included
	maxSubject = 100       // characters
	pageSize   = 100       // items of a list

	topicPrefix = "sns/topic/" // + account / Region / name
)

var topicName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,256}$`)

// topic is a topic with who subscribes to it, as the journal keeps it. It is replaced on change, never written.
type topic struct {
	Scope         hydrant.Scope
	Name          string
	DisplayName   string `json:",omitempty"`
	Tags          map[string]string
	Subscriptions []subscription
}

type subscription struct {
	ID    string // last part of its ARN
	Queue string // ARN
	// Raw: the queue is given the message itself, not an envelope.
	Raw bool `json:",omitempty"`
}

func (t *topic) arn() string { return t.Scope.ARN("sns", t.Name) }

func (t *topic) key() string { return topicPrefix + t.Scope.String() + "/" + t.Name }

func (t *topic) describe(s subscription) Subscription {
	return Subscription{SubscriptionArn: t.arn() + ":" + s.ID, Owner: t.Scope.Account, Protocol: "sqs", Endpoint: s.Queue, TopicArn: t.arn()}
}
