package cloudformation

import "time"

const (
	// maxStacks of an account and Region (user guide, quotas).
	maxStacks = 2_000
	// pageItems of the Describe and List calls (AWS pages by size, up to 1 MB; the number is ours).
	pageItems = 100
	// keepDeleted is how long a deleted stack is still told of.
	keepDeleted = 90 * 24 * time.Hour
	// parallel resources of one stack are made or taken away at once.
	parallel = 8
)
