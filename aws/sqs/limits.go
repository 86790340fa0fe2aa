package sqs

// SQS's quotas (developer guide).
const (
	maxBody     = 1 << 20 // bytes of a message, attributes included; of a batch too
	maxEntries  = 10      // of a batch
	maxReceive  = 10      // messages a call takes
	maxWait     = 20      // seconds a call waits
	maxDelay    = 900     // seconds
	maxHidden   = 43200   // seconds a message in flight is not shown
	maxInFlight = 120_000 // messages of a queue
	maxNames    = 1000    // of a page
)
