// Package source drives functions from streams: event source mappings.
//
//	Mappings  the set: create, update, delete; each mapping's state and its run
//	run       follows one stream's shards, parents before children
//	reader    one shard: gathers batches in order, or in lanes by partition key
//	settle    one batch: invoked until it has succeeded or been given up
//	event     what the function is given, byte for byte as AWS writes it
//	feed      where records come from: polled, or pushed to a consumer; pace holds it to AWS's rates
//	window    tumbling windows and the state that goes through them
//	once      batches whose bounds are written down, for exactly-once through the function
//
// A checkpoint is the offset a shard is read from after a restart. It is committed to the journal
// after a batch has been settled and before the next one is begun, so no batch is ever skipped, and
// one repeats only where a crash came between its success and its checkpoint.
package source
