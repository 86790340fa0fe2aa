// Package hydrant is the vocabulary of the house: the values every room speaks of, and nothing else.
//
// hydrant makes a streaming data pipeline real on one machine. A record travels like this:
//
//	producer -> wire -> aws/kinesis -> store/shardlog
//	                        ^ pulled by
//	             aws/lambda/source -> aws/lambda/runtime     (the function filters, and puts to Firehose)
//	             aws/firehose: spool -> columnar -> store/blob
//	                                   aws/glue names it; query reads it
//
// Downstream pulls; upstream never knows who reads. Backpressure is a slow pull, failure a
// checkpoint that did not move. cmd/hydrant/app.go is this diagram in code.
//
// The packages, in the order data meets them:
//
//	cmd/hydrant    starts: one file per command; app.go opens the house, join.go introduces its rooms
//	wire           hears: bytes <-> typed calls; knows HTTP, knows no service
//	aws/...        acts: one package per service, none importing another
//	columnar       turns: JSON records + a schema -> typed columns -> Parquet
//	query          asks: SQL over the lake
//	store/...      keeps: shardlog (records), blob (objects), journal (control state), vfs (files)
//	taxi           the showcase: trips, their generator, their filter
//
// Imports point one way only; internal/depcheck holds the rule.
package hydrant
