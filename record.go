package hydrant

import "time"

// Record is the one value that travels from the wire to the lake.
//
// A record handed out by a store is shared with other readers: its bytes are read-only.
type Record struct {
	// Offset is the record's place in its shard: strictly increasing, gaps allowed.
	// Assigned by the log when the record is appended.
	Offset uint64
	// Arrival is the approximate arrival time in Unix milliseconds, assigned by the log at commit.
	// Never decreases along a shard.
	Arrival int64
	// Sequence is the Kinesis sequence number as clients see it. Empty inside the log: aws/kinesis
	// derives it from Offset and Arrival when it hands a record on.
	Sequence string
	// Key is the partition key of a stream record; a Firehose spool uses it for its own small header.
	Key string
	// Data is the blob as it was put, after base64 or CBOR decoding. May be empty.
	Data []byte
}

// Time is Arrival as a time in UTC.
func (r *Record) Time() time.Time { return time.UnixMilli(r.Arrival).UTC() }

// Size is the number of bytes AWS counts for a record: data plus partition key.
func (r *Record) Size() int { return len(r.Data) + len(r.Key) }

// Shard tells a reader where one shard of a stream stands among the others.
type Shard struct {
	ID string // "shardId-000000000000"
	// Parent and AdjacentParent are the shards it came from by a split or a merge, or "".
	// A reader finishes them before it begins this one.
	Parent, AdjacentParent string
	// Open: more records may come. A shard that is not open ends where its log ends.
	Open bool
	// Born is when it was made, in Unix ms; 0 where that is not known. A stream made anew under an old name
	// has shards of the same IDs, born later.
	Born int64
}

// Column is a column of a table as the catalog declares it.
type Column struct {
	Name string
	Type string // Hive's words: "double", "timestamp", "array<struct<a:int>>"
}

// LogEvent is one line on its way to CloudWatch Logs.
type LogEvent struct {
	Time    int64 // Unix ms
	Message string
}
