package iam

import (
	"errors"
	"net/http"

	"github.com/hydrant-stream/hydrant"
)

// manner is how a service words what the layer before it refuses.
type manner struct {
	code   string // of a denial
	status int
	quoted bool // the resource stands in quotes
}

func mannerOf(service string) manner {
	switch service {
	case "s3":
		return manner{"AccessDenied", http.StatusForbidden, true}
	case "iam", "sts", "cloudformation":
		return manner{"AccessDenied", http.StatusForbidden, false}
	case "lambda":
		return manner{"AccessDeniedException", http.StatusForbidden, false}
	}
	return manner{"AccessDeniedException", http.StatusBadRequest, false}
}

// denied is AWS's sentence about who may not do what, in the form of the service that was called.
func denied(service, who, action, resource, reason string) error {
	m := mannerOf(service)
	f := &hydrant.Fault{Code: m.code, Status: m.status, MessageMember: "Message"}
	if service == "athena" {
		f.Message = "You are not authorized to perform: " + action + " on the resource. " +
			"After your AWS administrator or you have updated your permissions, please try again."
		return f
	}
	if m.quoted {
		resource = `"` + resource + `"`
	}
	f.Message = "User: " + who + " is not authorized to perform: " + action + " on resource: " + resource
	if reason != "" {
		f.Message += " " + reason
	}
	return f
}

// credentialFault words credentials that were good once.
func credentialFault(service string, err error) error {
	m := mannerOf(service)
	switch {
	case errors.Is(err, errExpired) && service == "s3":
		return hydrant.Faultf("ExpiredToken", "The provided token has expired.")
	case errors.Is(err, errExpired) && m.code == "AccessDenied":
		return hydrant.Faultf("ExpiredToken", "The security token included in the request is expired").WithStatus(m.status)
	case errors.Is(err, errExpired):
		return hydrant.Faultf("ExpiredTokenException", "The security token included in the request is expired").WithStatus(m.status)
	case !errors.Is(err, errGone):
		return err
	case service == "s3":
		return hydrant.Faultf("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.").WithStatus(http.StatusForbidden)
	case m.code == "AccessDenied":
		return hydrant.Faultf("InvalidClientTokenId", "The security token included in the request is invalid").WithStatus(m.status)
	}
	return hydrant.Faultf("UnrecognizedClientException", "The security token included in the request is invalid.").WithStatus(m.status)
}
