package ddl

import (
	"regexp"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/lex"
)

// Format is the three classes that STORED AS a name stands for.
func Format(name string) (input, output, serde string, ok bool) {
	f, ok := formats[strings.ToUpper(name)]
	return f.input, f.output, f.serde, ok
}

// format is what STORED AS names: three classes.
type format struct{ input, output, serde string }

const (
	textInput  = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	lazySerDe  = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
)

var formats = map[string]format{
	"TEXTFILE":     {textInput, textOutput, lazySerDe},
	"SEQUENCEFILE": {"org.apache.hadoop.mapred.SequenceFileInputFormat", "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat", lazySerDe},
	"RCFILE":       {"org.apache.hadoop.hive.ql.io.RCFileInputFormat", "org.apache.hadoop.hive.ql.io.RCFileOutputFormat", "org.apache.hadoop.hive.serde2.columnar.LazyBinaryColumnarSerDe"},
	"ORC":          {"org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcSerde"},
	"PARQUET":      {"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
	"AVRO":         {"org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat", "org.apache.hadoop.hive.serde2.avro.AvroSerDe"},
	"ION":          {"com.amazon.ionhiveserde.formats.IonInputFormat", "com.amazon.ionhiveserde.formats.IonOutputFormat", "com.amazon.ionhiveserde.IonHiveSerDe"},
}

func (p *parser) create() Statement {
	p.within = "create statement"
	switch {
	case p.accept("DATABASE"), p.accept("SCHEMA"):
		return p.createDatabase()
	case p.accept("EXTERNAL", "TABLE"):
		return p.createTable()
	case p.peek().Is("TABLE"):
		return p.createManaged()
	case p.peek().Is("FUNCTION", "TEMPORARY", "PROTECTED"):
		p.refuse("CREATE %s is not supported here", strings.ToUpper(p.peek().Raw))
	}
	p.wrong("EXTERNAL TABLE")
	return nil
}

// createManaged tells why a table without EXTERNAL is not made.
func (p *parser) createManaged() Statement {
	p.refuse("FAILED: SemanticException only external tables can be created: CREATE EXTERNAL TABLE")
	return nil
}

func (p *parser) createDatabase() Statement {
	p.within = "create database statement"
	s := &CreateDatabase{IfNotExists: p.ifNotExists()}
	s.Name = p.name("Identifier")
	for {
		switch {
		case p.accept("COMMENT"):
			s.Comment = p.text("StringLiteral")
		case p.accept("LOCATION"):
			s.Location = p.text("StringLiteral")
		case p.accept("WITH"):
			p.expect("DBPROPERTIES")
			s.Properties = p.properties()
		default:
			return s
		}
	}
}

func (p *parser) createTable() Statement {
	p.within = "create table statement"
	s := &CreateTable{IfNotExists: p.ifNotExists()}
	s.Table = p.table()
	if p.peek().Is("LIKE") {
		p.refuse("CREATE TABLE LIKE is not supported")
	}
	s.Columns = p.columns()
	f := formats["TEXTFILE"]
	row := rowFormat{}
	for {
		switch {
		case p.accept("COMMENT"):
			s.Comment = p.text("StringLiteral")
		case p.accept("PARTITIONED"):
			p.expect("BY")
			s.PartitionKeys = p.columns()
		case p.accept("CLUSTERED"):
			p.expect("BY")
			p.list(func() { s.BucketColumns = append(s.BucketColumns, p.name("Identifier")) })
			if p.accept("SORTED") {
				p.refuse("CLUSTERED BY ... SORTED BY is not supported")
			}
			p.expect("INTO")
			s.Buckets = p.number()
			p.expect("BUCKETS")
		case p.accept("ROW"):
			p.expect("FORMAT")
			row = p.rowFormat()
		case p.accept("STORED"):
			p.expect("AS")
			f = p.storedAs()
		case p.accept("WITH"):
			p.expect("SERDEPROPERTIES")
			row.properties = append(row.properties, p.properties()...)
		case p.accept("LOCATION"):
			s.Location = p.location()
		case p.accept("TBLPROPERTIES"):
			s.Properties = p.properties()
		case p.peek().Is("AS"):
			p.refuse("CREATE EXTERNAL TABLE AS SELECT is not supported")
		default:
			return p.finish(s, f, row)
		}
	}
}

// finish puts a table's formats together and checks what concerns more than one clause.
func (p *parser) finish(s *CreateTable, f format, row rowFormat) Statement {
	if p.peek().Kind != lex.End {
		p.wrong("EOF")
	}
	if s.Location == "" {
		p.refuse("FAILED: SemanticException [Error 10001]: No location was given for table %s: LOCATION 's3://bucket/folder/' is missing", s.Name)
	}
	s.InputFormat, s.OutputFormat, s.SerDe = f.input, f.output, f.serde
	if row.serde != "" {
		s.SerDe = row.serde
	}
	s.SerDeProperties = row.properties
	seen := map[string]bool{}
	for i, c := range append(append([]Column(nil), s.Columns...), s.PartitionKeys...) {
		if !seen[c.Name] {
			seen[c.Name] = true
			continue
		}
		if i >= len(s.Columns) {
			p.refuse("FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns: %s", c.Name)
		}
		p.refuse("FAILED: SemanticException [Error 10036]: Duplicate column name: %s", c.Name)
	}
	return s
}

type rowFormat struct {
	serde      string
	properties []Pair
}

func (p *parser) rowFormat() (r rowFormat) {
	if p.accept("SERDE") {
		r.serde = p.text("StringLiteral")
		return r
	}
	if !p.accept("DELIMITED") {
		p.wrong("SERDE or DELIMITED")
	}
	r.serde = lazySerDe
	put := func(k string) { r.properties = append(r.properties, Pair{k, p.text("StringLiteral")}) }
	for {
		switch {
		case p.accept("FIELDS", "TERMINATED", "BY"):
			put("field.delim")
			r.properties = append(r.properties, Pair{"serialization.format", r.properties[len(r.properties)-1].Value})
			if p.accept("ESCAPED", "BY") {
				put("escape.delim")
			}
		case p.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
			put("collection.delim")
		case p.accept("MAP", "KEYS", "TERMINATED", "BY"):
			put("mapkey.delim")
		case p.accept("LINES", "TERMINATED", "BY"):
			put("line.delim")
		case p.accept("NULL", "DEFINED", "AS"):
			put("serialization.null.format")
		default:
			return r
		}
	}
}

func (p *parser) storedAs() format {
	if p.accept("INPUTFORMAT") {
		f := format{input: p.text("StringLiteral"), serde: lazySerDe}
		p.expect("OUTPUTFORMAT")
		f.output = p.text("StringLiteral")
		return f
	}
	f, ok := formats[strings.ToUpper(p.peek().Raw)]
	if !ok {
		p.wrong("SEQUENCEFILE, TEXTFILE, RCFILE, ORC, PARQUET, AVRO, ION or INPUTFORMAT")
	}
	p.next()
	return f
}

var doubled = regexp.MustCompile(`/{2,}`)

// location reads s3://bucket/folder/ and gives it with a slash at its end.
func (p *parser) location() string {
	at := p.at
	text := p.text("StringLiteral")
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "s3" && scheme != "s3a" && scheme != "s3n" || rest == "" || rest[0] == '/' {
		p.at = at
		p.refuse("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
			"MetaException(message:Location '%s' is not an S3 location: s3://bucket/folder/)", text)
	}
	if strings.ContainsAny(rest, "*?") {
		p.refuse("FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "+
			"MetaException(message:Location '%s' must be a folder, without wildcards)", text)
	}
	return "s3://" + strings.TrimSuffix(doubled.ReplaceAllString(rest, "/"), "/") + "/"
}
