package main

import "github.com/hydrant-stream/hydrant/functions/nyc-taxi-trips/filter"

// functionCmd is the taxi filter inside this binary, for a demo on a machine without Go
// (docs/decisions/0003).
type functionCmd struct{}

func (functionCmd) Run() error {
	filter.Start()
	return nil
}
