package cwlogs

import "time"

// From the service model (2014-03-28) and the CloudWatch Logs quotas.
const (
	maxPutBytes   = 1 << 20 // PutLogEvents: messages plus 26 bytes each
	maxEventPage  = 10_000  // EventsLimit: events a page of GetLogEvents and FilterLogEvents
	maxEventBytes = 1 << 20 // and their bytes
	maxListed     = 50      // DescribeLimit: groups, streams a page
	maxTags       = 50

	maxAhead = 2 * time.Hour       // an event may lie this far ahead of the clock
	maxAge   = 14 * 24 * time.Hour // and this far behind
	maxSpan  = 24 * time.Hour      // between the first and the last event of a put
)

// retentions are the days a policy may name.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
