// Command hydrant makes a streaming data pipeline real on one machine: Kinesis Data Streams, a
// Lambda function that filters, Data Firehose, Parquet on S3, named in Glue and queried.
//
// Every command has a file of its own; app.go opens the house, join.go introduces its rooms.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the surface of the command line: one member per command.
type cli struct {
	Serve  serveCmd  `cmd:"" help:"Serve all services on one port."`
	Demo   demoCmd   `cmd:"" help:"Run the whole pipeline with taxi trips and prove that nothing was lost or doubled."`
	Replay replayCmd `cmd:"" help:"Replay taxi trips into a stream, in order of their dropoff."`
	Verify verifyCmd `cmd:"" help:"Prove that every record put is filtered, delivered or in an error object, once."`
	Query  queryCmd  `cmd:"" help:"Ask the lake in SQL."`
	Flush  flushCmd  `cmd:"" help:"Deliver what a delivery stream has buffered."`
	Faults faultsCmd `cmd:"" help:"Let calls go wrong on purpose, to test what clients do about it."`
	Dump   dumpCmd   `cmd:"" help:"Print what is on disk, as JSON lines."`
	Config configCmd `cmd:"" help:"Print the settings that serve would run with, and check them."`

	Function functionCmd `cmd:"" hidden:"" help:"Be the taxi filter, as a Lambda function's bootstrap."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c,
		kong.Name("hydrant"),
		kong.Description("Kinesis -> Lambda -> Firehose -> Parquet on S3, real and durable on one machine."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err := k.Run(); err != nil {
		stop()
		os.Exit(report(err))
	}
}

// hinted is an error with a word on what to do about it.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// report tells of an error in one line, and a second one that helps. It returns the exit status.
func report(err error) int {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "hydrant: interrupted")
		return 130
	}
	fmt.Fprintf(os.Stderr, "hydrant: %v\n", err)
	var h hinted
	if errors.As(err, &h) && h.hint != "" {
		fmt.Fprintf(os.Stderr, "hint: %s\n", h.hint)
	}
	return 1
}
