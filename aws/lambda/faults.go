package lambda

import "github.com/hydrant-stream/hydrant"

// The service's faults. Most spell their message "message", a few "Message": SDKs depend on it.

func invalid(format string, args ...any) error {
	return hydrant.Faultf("InvalidParameterValueException", format, args...).WithField("Type", "User")
}

func notFound(format string, args ...any) error {
	f := hydrant.Faultf("ResourceNotFoundException", format, args...).WithStatus(404).WithField("Type", "User")
	f.MessageMember = "Message"
	return f
}

func conflict(format string, args ...any) error {
	return hydrant.Faultf("ResourceConflictException", format, args...).WithStatus(409).WithField("Type", "User")
}

func stale() error {
	return hydrant.Faultf("PreconditionFailedException",
		"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id").WithStatus(412).WithField("Type", "User")
}

func throttled(reason string) error {
	return hydrant.Faultf("TooManyRequestsException", "Rate Exceeded.").WithStatus(429).WithField("Type", "User").WithField("Reason", reason)
}

func tooLarge(format string, args ...any) error {
	return hydrant.Faultf("RequestTooLargeException", format, args...).WithStatus(413).WithField("Type", "User")
}

func validation(format string, args ...any) error {
	return hydrant.Faultf("ValidationException", "1 validation error detected: "+format, args...)
}
