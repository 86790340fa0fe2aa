package faults

import (
	"strings"

	"github.com/hydrant-stream/hydrant"
)

// entryCodes are the operations whose services refuse records one by one, and what they may be told;
// the first is what a rule with that code means unless it says scope=call. For PutRecord and GetRecords
// the one record, or the shard read from, is the entry: the service knows the shard to name.
var entryCodes = map[string][]string{
	"kinesis:PutRecord":       {"ProvisionedThroughputExceededException"},
	"kinesis:PutRecords":      {"ProvisionedThroughputExceededException", "InternalFailure"},
	"kinesis:GetRecords":      {"ProvisionedThroughputExceededException"},
	"firehose:PutRecord":      {"ServiceUnavailableException"},
	"firehose:PutRecordBatch": {"ServiceUnavailableException"},
}

// sentences are what AWS says with a code; {resource} and {account} are filled in.
var sentences = map[string]struct {
	status  int
	message string
}{
	"ProvisionedThroughputExceededException": {400, "Rate exceeded for stream {resource} under account {account}."},
	"kinesis/LimitExceededException":         {400, "Rate exceeded for stream {resource} under account {account}."},
	"LimitExceededException":                 {400, "Rate exceeded"},
	"firehose/ServiceUnavailableException":   {503, "Slow down."},
	"ServiceUnavailableException":            {503, "The service is unavailable. Please retry the operation."},
	"ServiceUnavailable":                     {503, "Please reduce your request rate."},
	"SlowDown":                               {503, "Please reduce your request rate."},
	"InternalError":                          {500, "We encountered an internal error. Please try again."},
	"InternalFailure":                        {500, "Internal service failure."},
	"InternalServerError":                    {500, "Internal server error."},
	"InternalServerException":                {500, "An internal error occurred."},
	"InternalServiceError":                   {500, "An internal error occurred."},
	"ServiceException":                       {500, "The service encountered an internal error. Please retry your request."},
	"ThrottlingException":                    {400, "Rate exceeded"},
	"Throttling":                             {400, "Rate exceeded"},
	"TooManyRequestsException":               {429, "Rate Exceeded."},
	"RequestLimitExceeded":                   {503, "Request limit exceeded."},
	"AccessDeniedException":                  {400, "You do not have sufficient access to perform this action."},
	"ExpiredTokenException":                  {400, "The security token included in the request is expired"},
	"ResourceNotFoundException":              {400, "Resource {resource} under account {account} not found."},
	"kinesis/ResourceNotFoundException":      {400, "Stream {resource} under account {account} not found."},
	"firehose/ResourceNotFoundException":     {400, "Firehose {resource} under account {account} not found."},
	"ResourceInUseException":                 {400, "Resource {resource} under account {account} is in use."},
	"lambda/ResourceConflictException":       {409, "The operation cannot be performed at this time. An update is in progress for resource: {resource}"},
	"ExpiredIteratorException":               {400, "Iterator expired."},
	"RequestTimeout":                         {400, "Your socket connection to the server was not read from or written to within the timeout period."},
	"RequestTimeoutException":                {408, "The request timed out."},
	"lambda/EC2ThrottledException":           {502, "Lambda was throttled while initializing the function."},
}

// fault is the error of a rule about a resource.
func (r *Rule) fault(service, resource, account string) *hydrant.Fault {
	s, ok := sentences[service+"/"+r.Error]
	if !ok {
		s, ok = sentences[r.Error]
	}
	if resource == "" && strings.Contains(s.message, "{resource}") { // a call that names none, such as ListStreams
		s.message = "Rate exceeded"
		if strings.HasPrefix(r.Error, "Resource") {
			s.message = "The resource is not there, or not in a state for this call."
		}
	}
	if !ok {
		s.status, s.message = 400, "Injected by a rule of hydrant faults."
	}
	f := &hydrant.Fault{Code: r.Error, Message: r.Message, Status: r.Status}
	if f.Status == 0 {
		f.Status = s.status
	}
	if f.Message == "" {
		f.Message = strings.NewReplacer("{resource}", resource, "{account}", account).Replace(s.message)
	}
	return f
}
