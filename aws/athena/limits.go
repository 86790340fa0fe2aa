package athena

import "time"

const (
	// maxPage bounds the lists of executions, work groups, saved queries, databases and tables.
	// Source: the maximum of MaxResults in the service model.
	maxPage = 50
	// maxRows bounds a page of results, the header row included. Source: the service model.
	maxRows = 1000

	// Executions are kept for 45 days, as on AWS, and of one scope no more than these, counted and by
	// the bytes of their statements. The files of results are the owner's and stay.
	historyAge   = 45 * 24 * time.Hour
	historyCount = 10_000
	historyBytes = 32 << 20

	// primary is the work group that is always there.
	primary = "primary"
	// engineVersion is the dialect that is spoken.
	engineVersion = "Athena engine version 3"
	// catalogName is the one data catalog.
	catalogName = "AwsDataCatalog"
)
