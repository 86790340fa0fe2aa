// Command nyc-taxi-trips is the Lambda function of the taxi pipeline: it takes batches of trip events
// from a Kinesis stream, drops what is not a complete trip with coordinates, and puts the rest on a
// Firehose delivery stream. It runs on AWS (provided.al2023) and on hydrant unchanged.
//
// Settings, from the environment:
//
//	delivery_stream_name      the delivery stream; required
//	exponential_backoff_seed  base of the waits between attempts, see filter.Settings; default 35
//	number_of_retries         attempts after the first one, per call; default 3
//
// The event source mapping should have ReportBatchItemFailures among its FunctionResponseTypes;
// without it Lambda takes a batch that could not be sent whole as done.
package main

import "github.com/hydrant-stream/hydrant/functions/nyc-taxi-trips/filter"

func main() { filter.Start() }
