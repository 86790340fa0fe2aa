// Package columnar turns JSON records into Parquet under a schema, in one pass: bytes go straight
// into typed column buffers, without maps, reflection or an allocation per record.
//
// The meaning of a JSON value in a column is that of the OpenX and Hive JSON SerDes. A record that
// cannot be converted is rejected whole, with the place and the reason, and leaves no trace in the
// columns; the batch goes on. The package imports nothing of ours.
package columnar

import "fmt"

// Column declares a column in Hive's words.
type Column struct {
	Name string
	Type string // e.g. "double", "timestamp", "decimal(10,2)", "array<struct<a:int,b:string>>"
}

// Input says how JSON is read. Exactly one of OpenX and Hive is set; neither means OpenX with its defaults.
type Input struct {
	OpenX *OpenX
	Hive  *Hive
}

// OpenX are the options of org.openx.data.jsonserde.JsonSerDe as Firehose offers them.
type OpenX struct {
	CaseSensitive      bool              // CaseInsensitive=false: keys are not folded to lower case
	DotsToUnderscores  bool              // a key a.b fills column a_b
	ColumnToKeyMapping map[string]string // column name -> JSON key
}

// Hive are the options of org.apache.hive.hcatalog.data.JsonSerDe as Firehose offers them.
type Hive struct {
	TimestampFormats []string // Joda patterns, or "millis"
}

// Output says how Parquet is written. Zero values mean Firehose's defaults.
type Output struct {
	Compression      string // SNAPPY (default), GZIP, ZSTD, UNCOMPRESSED
	BlockSizeBytes   int64  // row group; default 256 MiB
	PageSizeBytes    int64  // default 1 MiB
	EnableDictionary bool
	WriterVersion    string // V1 (default), V2
}

// Reject says why a record was not converted. It is returned by Writer.Add as an error; the writer
// stays usable and holds nothing of the record.
type Reject struct {
	Code    string // AWS's: "DataFormatConversion.ParseError", "DataFormatConversion.MalformedData"
	Message string
	Offset  int    // byte in the record where it was noticed
	Path    string // JSON pointer of the value, or "" for the document
}

func (r *Reject) Error() string {
	return fmt.Sprintf("%s: %s (offset %d, at %q)", r.Code, r.Message, r.Offset, r.Path)
}
