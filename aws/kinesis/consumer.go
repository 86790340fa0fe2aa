package kinesis

import (
	"fmt"
	"strings"
	"time"

	"github.com/hydrant-stream/hydrant"
)

// consumerInfo is a registered consumer (enhanced fan-out) as the journal keeps it, within its stream.
type consumerInfo struct {
	Name    string
	Created int64 // Unix ms
	Status  string
	Settles int64             // Unix ms: when Status passes
	Tags    map[string]string `json:",omitempty"`
	Policy  string            `json:",omitempty"`
}

// status is the consumer's state as of now; gone is true when it has been deleted for good.
func (c *consumerInfo) status(now time.Time) (status string, gone bool) {
	settled := now.UnixMilli() >= c.Settles
	if c.Status == deleting {
		return deleting, settled
	}
	if settled {
		return active, false
	}
	return c.Status, false
}

// arn names this registration: a name registered again after its deletion gets another.
func (c *consumerInfo) arn(stream string) string {
	return fmt.Sprintf("%s/consumer/%s:%d", stream, c.Name, c.Created/1000)
}

func (c *consumerInfo) created() time.Time { return time.Unix(c.Created/1000, 0).UTC() }

// consumer finds a live registration by name or ARN.
func (i *streamInfo) consumer(stream, name, arn string, now time.Time) *consumerInfo {
	for n := range i.Consumers {
		c := &i.Consumers[n]
		if _, gone := c.status(now); gone {
			continue
		}
		if arn != "" && c.arn(stream) == arn || arn == "" && c.Name == name {
			return c
		}
	}
	return nil
}

// settled drops the registrations that are gone, so that the journal does not keep them for ever.
func (i *streamInfo) settled(now time.Time) {
	var live []consumerInfo
	for _, c := range i.Consumers {
		if _, gone := c.status(now); !gone {
			live = append(live, c)
		}
	}
	i.Consumers = live
}

// splitConsumerARN takes "<stream ARN>/consumer/<name>:<created>" apart.
func splitConsumerARN(arn string) (stream string, ok bool) {
	stream, rest, ok := strings.Cut(arn, "/consumer/")
	return stream, ok && strings.Contains(rest, ":")
}

func noConsumer(what string, scope hydrant.Scope) *hydrant.Fault {
	return hydrant.Faultf("ResourceNotFoundException", "Consumer %s under account %s not found.", what, scope.Account)
}

// liveConsumers counts the registrations.
func (i *streamInfo) liveConsumers(now time.Time) (n int) {
	for _, c := range i.Consumers {
		if _, gone := c.status(now); !gone {
			n++
		}
	}
	return n
}
