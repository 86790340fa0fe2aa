package s3

import (
	"errors"
	"io"
	"strconv"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// The faults of S3, in its words.

func fault(status int, code, message string) *hydrant.Fault {
	return &hydrant.Fault{Code: code, Message: message, Status: status}
}

func accessDenied() *hydrant.Fault { return fault(403, "AccessDenied", "Access Denied") }

func noSuchBucket(name string) *hydrant.Fault {
	return fault(404, "NoSuchBucket", "The specified bucket does not exist").WithField("BucketName", name)
}

func noSuchKey(key string) *hydrant.Fault {
	return fault(404, "NoSuchKey", "The specified key does not exist.").WithField("Key", key)
}

func noSuchUpload(id string) *hydrant.Fault {
	return fault(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.").
		WithField("UploadId", id)
}

func invalidRequest(message string) *hydrant.Fault { return fault(400, "InvalidRequest", message) }

func invalidArgument(message, name, value string) *hydrant.Fault {
	return fault(400, "InvalidArgument", message).WithField("ArgumentName", name).WithField("ArgumentValue", value)
}

func malformedXML() *hydrant.Fault {
	return fault(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

// notImplemented refuses a header that asks for what is not there.
func notImplemented(header string) *hydrant.Fault {
	return fault(501, "NotImplemented", "A header you provided implies functionality that is not implemented").WithField("Header", header)
}

func preconditionFailed(condition string) *hydrant.Fault {
	return fault(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold").WithField("Condition", condition)
}

func keyTooLong(key string) *hydrant.Fault {
	return fault(400, "KeyTooLongError", "Your key is too long").
		WithField("Size", strconv.Itoa(len(key))).WithField("MaxSizeAllowed", strconv.Itoa(blob.MaxKey))
}

func tooLarge(size int64) *hydrant.Fault {
	return fault(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
		WithField("ProposedSize", strconv.FormatInt(size, 10)).WithField("MaxSizeAllowed", strconv.FormatInt(maxPutBytes, 10))
}

func incompleteBody() *hydrant.Fault {
	return fault(400, "IncompleteBody", "The request body terminated unexpectedly")
}

// asFault words what the store says about an object.
func asFault(err error, bucket, key string) error {
	switch {
	case errors.Is(err, blob.ErrNoBucket):
		return noSuchBucket(bucket)
	case errors.Is(err, blob.ErrNoKey):
		return noSuchKey(key)
	case errors.Is(err, blob.ErrBadKey):
		if len(key) > blob.MaxKey {
			return keyTooLong(key)
		}
		return fault(400, "InvalidURI", "Couldn't parse the specified URI.")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return incompleteBody()
	}
	return err
}
