package cloudwatch

import "time"

// From the service model (2010-08-01), the API reference and the CloudWatch quotas.
const (
	maxPutData     = 1000 // data of one PutMetricData
	maxPutValues   = 150  // different values of one datum
	maxDimensions  = 30
	maxFilters     = 10   // dimensions of a ListMetrics
	maxName        = 255  // characters of a namespace, a metric's name, a dimension's name
	maxDimension   = 1024 // characters of a dimension's value
	maxListed      = 500  // metrics a page of ListMetrics
	maxDatapoints  = 1440 // data points of a GetMetricStatistics
	maxStatistics  = 5
	maxExtended    = 10
	maxQueries     = 500     // of a GetMetricData
	maxDataPage    = 100_800 // data points a page of GetMetricData
	maxQueryID     = 255
	maxExpression  = 2048
	maxMagnitude   = 0x1p360 // values lie between -2^360 and 2^360
	maxAge         = 14 * 24 * time.Hour
	maxAhead       = 2 * time.Hour
	listedFor      = 14 * 24 * time.Hour // ListMetrics shows what got data within
	recentlyActive = 3 * time.Hour
	fineFor        = 3 * time.Hour // a period below a minute looks no further back

	// retention is how long data points are kept, at the resolution they came in. AWS keeps minutes as
	// long, and longer only what it rolls up.
	retention = 15 * 24 * time.Hour
	// maxOpen is how many minutes of the house's own metrics wait for a log that takes no writes.
	maxOpen = 30
)
