// Package firehose is Amazon Data Firehose: it takes records and delivers them to the lake, each
// exactly once.
//
// A record travels like this:
//
//	PutRecord(Batch) -> spool (a shard of the log; the call answers when it is on disk)   op_put.go
//	a Kinesis source is copied into the spool instead                                     source.go
//	     where records are processed, a stage:                                            stage.go
//	       takes them apart, decompresses them, calls the function, finds the partition   process.go
//	       appends the outcomes to the shards of its lanes, and journals a checkpoint
//	     a lane, for the spool or for each open partition:                                lane.go
//	       scans its shard until a buffering hint is met                                  scan.go
//	       journals the intent: range, keys, configuration, columns                       intent.go
//	       writes the objects of the intent: columns, bytes, error lines                  build.go
//	       journals the commit, and trims its shard
//	     a lane of its own backs the spool up
//	a worker holds what runs for one delivery stream                                      worker.go
//
// What makes it exactly-once is that the objects are a function of the intent and the shard, and of
// nothing else: no clock, no chance, no catalog is asked after the intent is on disk. A delivery cut
// short by a crash or a failing lake is simply done again: same range, same keys, same bytes. What a
// function returned is kept in the lane's shard before anything is made of it, for it may return
// something else the second time.
//
// A call made for a batch of an event source mapping that is exactly-once bears the batch's token. What
// has landed for a token is counted, so that a batch that is tried again puts only the rest
// (landings.go, landing.go, landing_put.go).
//
// Memory holds no records but those of one round of a stage. Shards are read in pages when an object
// is built, so what a delivery stream costs is its open object's columns while it is being written,
// and at most Config.Builders objects are written, and Config.Transforms rounds wait for functions, at
// a time (turns.go). A lake that is away for an hour costs disk.
//
// Locks: stream.mu before Service.mu. stream.mu serialises changes of one delivery stream's state and is
// held over their journal commit; Service.mu guards the map of streams and is held over nothing
// slow. What is read often is an immutable state behind an atomic pointer. pump.mu and worker.mu are leaves.
package firehose
