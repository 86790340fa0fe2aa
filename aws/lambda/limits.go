package lambda

// Lambda's quotas (developer guide, gettingstarted-limits).
const (
	maxZipBytes      = 50 << 20  // of an archive in a request
	maxUnzippedBytes = 262144000 // of all files in it
	maxCodeStorage   = 75 << 30  // of all archives of an account
	maxEnvBytes      = 4 << 10   // of all variables
	maxTimeout       = 900       // seconds
	maxMemory        = 10240     // MB
	maxNameLength    = 64        // characters
	maxSyncPayload   = 6291456   // bytes, RequestResponse
	maxAsyncPayload  = 1 << 20   // bytes, Event
	maxLayers        = 5         // of a function
	maxTags          = 50        // of a function
	accountLimit     = 1000      // concurrent invocations
	unreservedLeast  = 100       // of these must stay unreserved
	maxPageDefault   = 50        // items of a list
)
