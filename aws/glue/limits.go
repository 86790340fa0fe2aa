package glue

// From the service model (2017-03-31).
const (
	maxListed     = 100  // CatalogGetterPageSize: databases, tables, versions a page
	maxPartitions = 1000 // PageSize: partitions a page
)
