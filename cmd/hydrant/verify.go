package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/hydrant-stream/hydrant/taxi"
	"github.com/hydrant-stream/hydrant/wire/kpl"
)

type verifyCmd struct {
	remote         `embed:""`
	Stream         string        `required:"" help:"Stream the records were put to."`
	DeliveryStream string        `required:"" help:"Delivery stream they are delivered by."`
	Wait           time.Duration `default:"0s" help:"How long to wait for records still on their way; what is buffered is flushed."`
}

// Run proves that every record put is filtered, delivered or in an error object, exactly once.
func (c *verifyCmd) Run(ctx context.Context) error {
	cfg, err := awsConfig(ctx, c.Endpoint, c.Region)
	if err != nil {
		return err
	}
	v := newVerifier(cfg, c.remote, c.Stream, c.DeliveryStream)
	audit, err := v.until(ctx, c.Wait)
	if err != nil {
		return err
	}
	audit.print(os.Stdout)
	return audit.err()
}

// verifier compares what was put with what landed, through the public interfaces only: it reads the
// stream as any consumer, applies the filter's own rule, and reads the lake with DuckDB and the
// error objects over S3.
type verifier struct {
	remote
	stream, delivery string
	kinesis          *kinesis.Client
	firehose         *firehose.Client
	aws              aws.Config
	s3               *s3.Client
	seed             maphash.Seed
}

func newVerifier(cfg aws.Config, r remote, stream, delivery string) *verifier {
	return &verifier{
		remote: r, stream: stream, delivery: delivery,
		kinesis: kinesis.NewFromConfig(cfg), firehose: firehose.NewFromConfig(cfg), aws: cfg,
		s3:   s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		seed: maphash.MakeSeed(),
	}
}

// trip is what is known of one trip id.
type tripCount struct {
	put, delivered, refused int32  // how often it was put (complete), landed in the table, landed in an error object
	content                 uint64 // hash of the table's columns as put
}

// audit is what a verification found.
type audit struct {
	Put      int            // records in the stream, those inside aggregates one by one
	Filtered map[string]int // dropped by the function, by reason
	Kept     int            // put and complete
	Landed   int            // rows in the table
	Refused  int            // records in error objects
	// What should not be, with up to a few trip ids each.
	Missing, Twice, Altered, Unknown finding
}

type finding struct {
	N   int
	IDs []int64
}

func (f *finding) add(id int64) {
	f.N++
	if len(f.IDs) < 10 {
		f.IDs = append(f.IDs, id)
	}
}

func (a *audit) ok() bool {
	return a.Missing.N == 0 && a.Twice.N == 0 && a.Altered.N == 0 && a.Unknown.N == 0
}

func (a *audit) dropped() (n int) {
	for _, v := range a.Filtered {
		n += v
	}
	return n
}

func (a *audit) err() error {
	if a.ok() {
		return nil
	}
	return fmt.Errorf("not verified: %d missing, %d more often than put, %d altered, %d never put", a.Missing.N, a.Twice.N, a.Altered.N, a.Unknown.N)
}

func (a *audit) print(w io.Writer) {
	fmt.Fprintf(w, "put         %d\n", a.Put)
	fmt.Fprintf(w, "dropped     %d", a.dropped())
	for i, reason := range slices.Sorted(func(yield func(string) bool) {
		for k := range a.Filtered {
			if !yield(k) {
				return
			}
		}
	}) {
		sep := ", "
		if i == 0 {
			sep = "  ("
		}
		fmt.Fprintf(w, "%s%s %d", sep, reason, a.Filtered[reason])
	}
	if len(a.Filtered) > 0 {
		fmt.Fprint(w, ")")
	}
	fmt.Fprintf(w, "\ndelivered   %d\nin errors   %d\n", a.Landed, a.Refused)
	for _, f := range []struct {
		name string
		finding
	}{{"missing", a.Missing}, {"twice", a.Twice}, {"altered", a.Altered}, {"never put", a.Unknown}} {
		if f.N > 0 {
			fmt.Fprintf(w, "%-11s %d  (trip ids %v ...)\n", f.name, f.N, f.IDs)
		}
	}
	if a.ok() {
		fmt.Fprintln(w, "verified    every record put is filtered, delivered or in an error object, once")
	}
}

// until audits again while records are missing that may still be on their way.
func (v *verifier) until(ctx context.Context, wait time.Duration) (*audit, error) {
	deadline := time.Now().Add(wait)
	for {
		if wait > 0 {
			if err := v.call(ctx, "POST", "/_hydrant/firehose/"+url.PathEscape(v.delivery)+"/flush", nil, &flushed{}); err != nil {
				return nil, fmt.Errorf("flush %s: %w", v.delivery, err)
			}
		}
		a, err := v.audit(ctx)
		if err != nil || a.Missing.N == 0 || !time.Now().Before(deadline) {
			return a, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (v *verifier) audit(ctx context.Context) (*audit, error) {
	dest, err := v.destination(ctx)
	if err != nil {
		return nil, err
	}
	a := &audit{Filtered: map[string]int{}}
	trips := map[int64]*tripCount{}
	if err := v.readStream(ctx, dest, a, trips); err != nil {
		return nil, fmt.Errorf("read stream %s: %w", v.stream, err)
	}
	if err := v.readTable(ctx, dest, a, trips); err != nil {
		return nil, fmt.Errorf("read table %s.%s: %w", dest.database, dest.table, err)
	}
	if err := v.readErrors(ctx, dest, a, trips); err != nil {
		return nil, fmt.Errorf("read error objects under s3://%s/%s: %w", dest.bucket, dest.errorPrefix, err)
	}
	for id, t := range trips {
		switch got := t.delivered + t.refused; {
		case t.put == 0:
			a.Unknown.add(id)
		case got < t.put:
			a.Missing.add(id)
		case got > t.put:
			a.Twice.add(id)
		}
	}
	return a, nil
}

// destination is where the delivery stream delivers.
type destination struct {
	bucket, errorPrefix string
	database, table     string
	columns             []tableColumn // without partition keys
}

func (v *verifier) destination(ctx context.Context) (*destination, error) {
	out, err := v.firehose.DescribeDeliveryStream(ctx, &firehose.DescribeDeliveryStreamInput{DeliveryStreamName: &v.delivery})
	if err != nil {
		return nil, err
	}
	d := &destination{}
	for _, dest := range out.DeliveryStreamDescription.Destinations {
		x := dest.ExtendedS3DestinationDescription
		if x == nil || x.DataFormatConversionConfiguration == nil || x.DataFormatConversionConfiguration.SchemaConfiguration == nil {
			continue
		}
		d.bucket = strings.TrimPrefix(aws.ToString(x.BucketARN), "arn:aws:s3:::")
		d.errorPrefix, _, _ = strings.Cut(aws.ToString(x.ErrorOutputPrefix), "!{")
		d.database = aws.ToString(x.DataFormatConversionConfiguration.SchemaConfiguration.DatabaseName)
		d.table = aws.ToString(x.DataFormatConversionConfiguration.SchemaConfiguration.TableName)
	}
	if d.table == "" {
		return nil, hinted{fmt.Errorf("delivery stream %s does not convert records for a Glue table", v.delivery), "verify compares a table with what was put; without one there is nothing to compare"}
	}
	var t struct {
		Table struct {
			StorageDescriptor struct{ Columns []glueColumn }
		}
	}
	get := plainCall{service: "glue", target: "AWSGlue.GetTable"}
	if err := get.do(ctx, v.aws, map[string]string{"DatabaseName": d.database, "Name": d.table}, &t); err != nil {
		return nil, err
	}
	for _, c := range t.Table.StorageDescriptor.Columns {
		d.columns = append(d.columns, tableColumn(c))
	}
	return d, nil
}

func (v *verifier) readStream(ctx context.Context, d *destination, a *audit, trips map[int64]*tripCount) error {
	in := &kinesis.ListShardsInput{StreamName: &v.stream}
	for {
		page, err := v.kinesis.ListShards(ctx, in)
		if err != nil {
			return err
		}
		for _, s := range page.Shards {
			if err := v.readShard(ctx, aws.ToString(s.ShardId), d, a, trips); err != nil {
				return err
			}
		}
		if page.NextToken == nil {
			return nil
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
}

func (v *verifier) readShard(ctx context.Context, shard string, d *destination, a *audit, trips map[int64]*tripCount) error {
	it, err := v.kinesis.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &v.stream, ShardId: &shard, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
	if err != nil {
		return err
	}
	for next := it.ShardIterator; next != nil; {
		page, err := v.kinesis.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return err
		}
		for _, r := range page.Records {
			inner, ok := kpl.Unpack(r.Data)
			if !ok {
				inner = []kpl.Record{{Data: r.Data}}
			}
			for _, one := range inner {
				v.notePut(one.Data, d, a, trips)
			}
		}
		if len(page.Records) == 0 && aws.ToInt64(page.MillisBehindLatest) == 0 {
			break
		}
		next = page.NextShardIterator
	}
	return nil
}

// notePut takes one record of the stream into account.
func (v *verifier) notePut(data []byte, d *destination, a *audit, trips map[int64]*tripCount) {
	a.Put++
	verdict := taxi.Check(data)
	if !verdict.Keep() {
		a.Filtered[verdict.Reason()]++
		return
	}
	a.Kept++
	t := tripOf(trips, verdict.TripID)
	t.put++
	t.content = v.contentOf(d, data)
}

func tripOf(trips map[int64]*tripCount, id int64) *tripCount {
	t := trips[id]
	if t == nil {
		t = &tripCount{}
		trips[id] = t
	}
	return t
}

// contentOf hashes the table's columns of an event.
func (v *verifier) contentOf(d *destination, event []byte) uint64 {
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(event))
	dec.UseNumber()
	if dec.Decode(&members) != nil {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(v.seed)
	for _, c := range d.columns {
		if value, ok := members[c.Name]; ok && value != nil {
			h.WriteString(canonical(c.Type, fmt.Sprint(value)))
		}
		h.WriteByte(0)
	}
	return h.Sum64()
}

// canonical is one spelling for equal values of a column: both the event's and the lake's text lead to it.
func canonical(hiveType, text string) string {
	switch strings.ToLower(hiveType) {
	case "double", "float":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			if strings.EqualFold(hiveType, "float") {
				f = float64(float32(f))
			}
			return strconv.FormatUint(math.Float64bits(f), 16)
		}
	case "timestamp":
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, text); err == nil {
				return strconv.FormatInt(t.UnixMicro(), 16)
			}
		}
	}
	return text
}

// readTable reads the table in slices of trip ids, so that no answer is large.
func (v *verifier) readTable(ctx context.Context, d *destination, a *audit, trips map[int64]*tripCount) error {
	const slice = 50_000
	ids := make([]int64, 0, len(trips))
	for id := range trips {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	names := make([]string, len(d.columns))
	key := -1
	for i, c := range d.columns {
		names[i] = `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
		if c.Name == "trip_id" {
			key = i
		}
	}
	if key < 0 {
		return errors.New("it has no column trip_id to tell records by")
	}
	from := "true"
	for {
		to := "true"
		if len(ids) > slice {
			to = fmt.Sprintf("trip_id < %d", ids[slice])
		}
		t, err := v.ask(ctx, fmt.Sprintf(`SELECT %s FROM "%s"."%s" WHERE (%s AND %s)`, strings.Join(names, ", "), d.database, d.table, from, to)+orNull(from))
		if err != nil {
			return err
		}
		for _, row := range t.Rows {
			a.Landed++
			v.landed(d, row, key, a, trips)
		}
		if len(ids) <= slice {
			return nil
		}
		from, ids = fmt.Sprintf("trip_id >= %d", ids[slice]), ids[slice:]
	}
}

// orNull lets the first slice take the rows that have no id at all.
func orNull(from string) string {
	if from == "true" {
		return " OR trip_id IS NULL"
	}
	return ""
}

func (v *verifier) landed(d *destination, row []*string, key int, a *audit, trips map[int64]*tripCount) {
	if row[key] == nil {
		a.Unknown.add(-1)
		return
	}
	id, err := strconv.ParseInt(*row[key], 10, 64)
	if err != nil {
		a.Unknown.add(-1)
		return
	}
	t := tripOf(trips, id)
	t.delivered++
	var h maphash.Hash
	h.SetSeed(v.seed)
	for i, c := range d.columns {
		if row[i] != nil {
			h.WriteString(canonical(c.Type, *row[i]))
		}
		h.WriteByte(0)
	}
	if t.put > 0 && h.Sum64() != t.content {
		a.Altered.add(id)
	}
}

// readErrors reads the error objects: one JSON line per record, the record in rawData.
func (v *verifier) readErrors(ctx context.Context, d *destination, a *audit, trips map[int64]*tripCount) error {
	if d.errorPrefix == "" {
		return nil
	}
	pages := s3.NewListObjectsV2Paginator(v.s3, &s3.ListObjectsV2Input{Bucket: &d.bucket, Prefix: &d.errorPrefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if err := v.readErrorObject(ctx, d.bucket, *o.Key, a, trips); err != nil {
				return fmt.Errorf("%s: %w", *o.Key, err)
			}
		}
	}
	return nil
}

func (v *verifier) readErrorObject(ctx context.Context, bucket, key string, a *audit, trips map[int64]*tripCount) error {
	obj, err := v.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	defer obj.Body.Close()
	lines := bufio.NewScanner(obj.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var line struct {
			RawData string `json:"rawData"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return err
		}
		raw, err := base64.StdEncoding.DecodeString(line.RawData)
		if err != nil {
			return err
		}
		a.Refused++
		tripOf(trips, taxi.Check(raw).TripID).refused++
	}
	return lines.Err()
}
