package sns

import (
	"encoding/json"
	"time"
)

type (
	NamedAttribute struct {
		Name  string
		Value MessageAttributeValue
	}
	MessageAttributeValue struct {
		DataType    string
		StringValue *string
		BinaryValue []byte
	}
)

// envelope is what a queue is given of a message, where it has not asked for the message itself.
type envelope struct {
	Type       string
	MessageId  string
	TopicArn   string
	Subject    string `json:",omitempty"`
	Message    string
	Timestamp  string
	Attributes map[string]sealed `json:"MessageAttributes,omitempty"`
}

type sealed struct{ Type, Value string }

func (t *topic) seal(id, subject, message string, attributes []NamedAttribute, now time.Time) string {
	e := envelope{Type: "Notification", MessageId: id, TopicArn: t.arn(), Subject: subject, Message: message, Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z")}
	for _, a := range attributes {
		if e.Attributes == nil {
			e.Attributes = map[string]sealed{}
		}
		e.Attributes[a.Name] = sealed{a.Value.DataType, *a.Value.StringValue}
	}
	b, err := json.Marshal(e)
	if err != nil {
		panic("internal error: " + err.Error()) // of strings
	}
	return string(b)
}

// checkAttributes refuses what a queue could not be given; every attribute that passes has a StringValue.
func checkAttributes(attributes []NamedAttribute) (size int, err error) {
	for _, a := range attributes {
		switch v := a.Value; {
		case a.Name == "":
			return 0, invalid("The message attribute name can not be empty.")
		case v.DataType != "String" && v.DataType != "Number":
			return 0, invalid("Message attributes of type %s are not available in hydrant: String and Number are", v.DataType)
		case v.StringValue == nil || *v.StringValue == "":
			return 0, invalid("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", a.Name, v.DataType)
		case v.DataType == "Number" && !json.Valid([]byte(*v.StringValue)):
			return 0, invalid("Could not cast message attribute '%s' value to number.", a.Name)
		}
		size += len(a.Name) + len(a.Value.DataType) + len(*a.Value.StringValue)
	}
	return size, nil
}

// raw are attributes as a queue takes them beside a raw message.
func raw(attributes []NamedAttribute) map[string]any {
	out := map[string]any{}
	for _, a := range attributes {
		out[a.Name] = *a.Value.StringValue
		if a.Value.DataType == "Number" {
			out[a.Name] = json.Number(*a.Value.StringValue)
		}
	}
	return out
}
