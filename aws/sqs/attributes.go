package sqs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are what a queue's attributes come to.
type settings struct {
	hidden    time.Duration // VisibilityTimeout
	delay     time.Duration
	wait      time.Duration
	retention time.Duration
	largest   int
	redrive   redrive
}

// redrive says where messages go that have been received often enough.
type redrive struct {
	Queue string // ARN
	Most  int
}

// ranges are the attributes that hold a number, with SQS's bounds.
var ranges = map[string]struct{ low, high, otherwise int }{
	"VisibilityTimeout":             {0, maxHidden, 30},
	"DelaySeconds":                  {0, maxDelay, 0},
	"MaximumMessageSize":            {1024, maxBody, maxBody},
	"MessageRetentionPeriod":        {60, 1209600, 345600},
	"ReceiveMessageWaitTimeSeconds": {0, maxWait, 0},
}

// Default is what an attribute is set to where it is to be as if never set.
func Default(name string) string {
	if r, ok := ranges[name]; ok {
		return strconv.Itoa(r.otherwise)
	}
	return ""
}

// told are the attributes that a queue has and nobody sets.
var told = []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"}

// kept are those that are stored and change nothing.
var kept = []string{"Policy", "SqsManagedSseEnabled", "RedriveAllowPolicy"}

// checkAttributes refuses what SQS refuses, and what is not there.
func (s *Service) checkAttributes(set map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		value := set[name]
		bad := fault("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		if r, ok := ranges[name]; ok {
			if n, err := strconv.Atoi(value); err != nil || n < r.low || n > r.high {
				return bad
			}
			continue
		}
		switch {
		case slices.Contains(kept, name):
		case name == "RedrivePolicy":
			if value == "" {
				continue
			}
			r, ok := parseRedrive(value)
			if !ok || r.Most < 1 || r.Most > 1000 {
				return fault("InvalidParameterValueException", "Value %s for parameter RedrivePolicy is invalid. Reason: it names no queue and maxReceiveCount of 1 to 1000.", value)
			}
			if !s.HasQueue(r.Queue) {
				return fault("InvalidParameterValueException", "Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", value)
			}
		case name == "FifoQueue" || name == "ContentBasedDeduplication" || name == "DeduplicationScope" || name == "FifoThroughputLimit":
			return fault("InvalidAttributeValue", "FIFO queues are not available in hydrant: %s", name)
		case strings.HasPrefix(name, "Kms"):
			return fault("InvalidAttributeValue", "Encryption with KMS is not available in hydrant: %s", name)
		default:
			return fault("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return nil
}

// parseRedrive reads a RedrivePolicy; maxReceiveCount comes as a number or as text.
func parseRedrive(text string) (redrive, bool) {
	var doc struct {
		Target string          `json:"deadLetterTargetArn"`
		Most   json.RawMessage `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(text), &doc) != nil || doc.Target == "" {
		return redrive{}, false
	}
	n, err := strconv.Atoi(strings.Trim(string(doc.Most), `"`))
	return redrive{doc.Target, n}, err == nil
}

// settle reads attributes that have been checked.
func settle(set map[string]string) settings {
	number := func(name string) int {
		if n, err := strconv.Atoi(set[name]); err == nil {
			return n
		}
		return ranges[name].otherwise
	}
	seconds := func(name string) time.Duration { return time.Duration(number(name)) * time.Second }
	r, _ := parseRedrive(set["RedrivePolicy"]) // none where there is none
	return settings{
		hidden: seconds("VisibilityTimeout"), delay: seconds("DelaySeconds"), wait: seconds("ReceiveMessageWaitTimeSeconds"),
		retention: seconds("MessageRetentionPeriod"), largest: number("MaximumMessageSize"), redrive: r,
	}
}

// attributes are a queue's, by the names asked for.
func (q *queue) attributes(names []string) (map[string]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ready, delayed := len(q.ready), 0
	now := time.Now()
	flying := 0
	for _, m := range q.later {
		switch {
		case !m.due.After(now):
			ready++
		case m.flying:
			flying++
		default:
			delayed++
		}
	}
	has := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(ready),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(flying),
		"CreatedTimestamp":                      strconv.FormatInt(q.Created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.Modified.Unix(), 10),
		"QueueArn":                              q.arn(),
		"SqsManagedSseEnabled":                  "true",
	}
	for name, r := range ranges {
		has[name] = strconv.Itoa(r.otherwise)
	}
	maps.Copy(has, q.Attributes)
	out := map[string]string{}
	for _, name := range names {
		if name == "All" {
			return has, nil
		}
		_, ranged := ranges[name]
		if !ranged && !slices.Contains(told, name) && !slices.Contains(kept, name) && name != "RedrivePolicy" && !strings.HasPrefix(name, "Kms") && !strings.Contains(name, "Fifo") &&
			name != "ContentBasedDeduplication" && name != "DeduplicationScope" {
			return nil, fault("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if v, ok := has[name]; ok {
			out[name] = v
		}
	}
	return out, nil
}
