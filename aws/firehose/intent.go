package firehose

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose/pack"
	"github.com/hydrant-stream/hydrant/aws/firehose/prefix"
	"github.com/hydrant-stream/hydrant/store/journal"
)

// place is where an object goes.
type place struct{ Bucket, Key string }

// intent is a delivery that has been decided and not yet committed. With the shard of its lane it
// determines every byte that is written: whoever finds it in the journal carries it out again, however
// far it had come, and the lake ends up the same.
type intent struct {
	// From and To bound the records in the shard: From <= offset < To.
	From, To uint64
	Records  int64
	Bytes    int64 // of the records; what they were as put is in Contents
	Oldest   int64 // arrival of the oldest record, Unix ms
	Cut      int64 // when it was decided, Unix ms; error lines give it as the attempt's end

	// Processed: the records carry headers, and Contents sums them up.
	Processed bool     `json:",omitempty"`
	Contents  contents `json:",omitzero"`

	Version int // of the configuration
	// Scope and Role are of the delivery stream and of the destination: what is written is written as it.
	Scope hydrant.Scope `json:",omitzero"`
	Role  string        `json:",omitempty"`
	// Data is where the records go, Rejects where error lines of their conversion go, Failed where
	// those of records go that failed before, by error output type. An object that would be empty is
	// not written (but one of records without bytes is).
	Data, Rejects place
	Failed        map[string]place `json:",omitempty"`
	Compression   string
	Entry         string // name inside a ZIP
	Delimiter     string // between records
	Conversion    *conversion
	KMSKey        string `json:",omitempty"` // the lake is asked to encrypt the objects with

	// Abandoned are objects of an earlier form of this intent, given up because the configuration
	// changed while its destination failed. They are removed before anything is written.
	Abandoned []place
}

// buffer is what the intent was made of.
func (in *intent) buffer() buffer {
	return buffer{from: in.From, to: in.To, records: in.Records, bytes: in.Bytes, oldest: in.Oldest, contents: in.Contents}
}

// places are those of all objects there may be.
func (in *intent) places() []place {
	all := []place{in.Data, in.Rejects}
	for _, e := range in.Contents.Errors {
		all = append(all, in.Failed[e])
	}
	return all
}

// progress is what a lane has delivered. Totals count from the creation of the stream.
type progress struct {
	Low      uint64 // all records below are delivered
	Sequence uint64 // of the next delivery when this one was committed
	Records  int64
	Rejected int64
	Bytes    int64
	Sources  positions `json:",omitempty"` // of a Kinesis source, behind what is delivered
}

// plan decides a delivery of a range under a configuration. It is the only place that asks the
// clock, chance and the catalog. Its errors are *failure.
func (s *Service) plan(ctx context.Context, v *state, b buffer, kind laneKind) (*intent, error) {
	d := &v.Destination
	in := &intent{
		From: b.from, To: b.to, Records: b.records, Bytes: b.bytes, Oldest: b.oldest,
		Cut:         time.Now().UnixMilli(),
		Processed:   kind == processed,
		Contents:    b.contents,
		Version:     v.Version,
		Scope:       v.Scope,
		Role:        d.RoleARN,
		Compression: d.CompressionFormat,
		Entry:       uuid.NewString(),
		Delimiter:   delimiterOf(d),
		KMSKey:      d.EncryptionConfiguration.key(),
	}
	if c := d.DataFormatConversionConfiguration; c.enabled() {
		conv, err := s.resolve(ctx, v.Scope, c)
		if err != nil {
			return nil, err
		}
		in.Conversion = conv
	}
	if err := in.name(v); err != nil {
		return nil, &failure{"InternalError", "The prefix could not be evaluated.", err}
	}
	return in, nil
}

// name resolves the keys.
func (in *intent) name(v *state) error {
	d := &v.Destination
	zone, err := location(deref(d.CustomTimeZone))
	if err != nil {
		return err
	}
	data, err := prefix.Parse(prefix.Data, deref(d.Prefix))
	if err != nil {
		return err
	}
	errs, err := prefix.Parse(prefix.Error, deref(d.ErrorOutputPrefix))
	if err != nil {
		return err
	}
	keys, err := parsePartition(in.Contents.Partition)
	if err != nil {
		return err
	}
	vars := prefix.Vars{Time: time.UnixMilli(in.Oldest).In(zone), Random: randomString, Query: keys.Query, Lambda: keys.Lambda}
	bucket := bucketName(d.BucketARN)
	errorPlace := func(errorType string) place {
		vars := vars
		vars.ErrorType = errorType
		return place{bucket, prefix.ErrorKeyPrefix(data, errs, vars) + objectName(v, vars.Time)}
	}
	in.Data = place{bucket, data.DataKeyPrefix(vars) + objectName(v, vars.Time) + in.extension(d)}
	in.Rejects = errorPlace(conversionFailed)
	if len(in.Contents.Errors) > 0 {
		in.Failed = map[string]place{}
		for _, e := range in.Contents.Errors {
			in.Failed[e] = errorPlace(e)
		}
	}
	return nil
}

// conversionFailed is the error type of records that could not be converted.
const conversionFailed = "format-conversion-failed"

// objectName is what follows the prefix, before the ending.
func objectName(v *state, at time.Time) string {
	return v.Name + "-" + strconv.Itoa(v.Version) + "-" + at.Format("2006-01-02-15-04-05") + "-" + uuid.NewString()
}

func (in *intent) extension(d *ExtendedS3DestinationConfiguration) string {
	if e := deref(d.FileExtension); e != "" {
		return e
	}
	if in.Conversion != nil {
		return ".parquet"
	}
	ext, _ := pack.Labels(in.Compression)
	return ext
}

func bucketName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// randomString is !{firehose:random-string}: 11 letters and digits.
func randomString() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var b [11]byte
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return string(b[:])
}

func delimiterOf(d *ExtendedS3DestinationConfiguration) string {
	for _, p := range activeProcessors(d) {
		if p.Type == appendDelimiter {
			return strings.ReplaceAll(orElse(p.parameter("Delimiter"), "\n"), `\n`, "\n") // templates write it so
		}
	}
	return ""
}

// Object is one object of a delivery.
type Object struct {
	Bucket, Key string
	Size        int64
	Records     int64  // of the spool
	Bytes       int64  // of those records, as put
	Rows        int64  `json:",omitempty"` // where records were converted; a record may hold several
	Error       string `json:",omitempty"` // error output type; "" for data
}

// Delivery is one line of the manifest: a range of the spool and the objects it went to.
type Delivery struct {
	Sequence uint64
	// From <= offset < To in the spool (RecordOffset). Where records are partitioned, ranges of
	// several deliveries overlap, and a record is in the one of its partition.
	From, To  uint64
	Partition string `json:",omitempty"` // as JSON
	Records   int64  // those a function dropped apart
	Dropped   int64  `json:",omitempty"`
	Rejected  int64  // of Records, those that went to an error object
	Bytes     int64  // as put
	Version   int    // of the configuration
	Oldest    time.Time
	Time      time.Time // of the commit
	Objects   []Object
}

// delivery is the line of the manifest when the intent has been carried out.
func (in *intent) delivery(objects []Object) *Delivery {
	d := &Delivery{
		From: in.From, To: in.To, Records: in.Records, Bytes: in.Bytes,
		Version: in.Version, Oldest: time.UnixMilli(in.Oldest).UTC(), Time: time.Now().UTC(), Objects: objects,
	}
	if c := in.Contents; in.Processed {
		d.From, d.To, d.Partition, d.Bytes, d.Dropped = c.From, c.To, c.Partition, c.Put, c.Dropped
		d.Records -= c.Dropped
	}
	for _, o := range objects {
		if o.Error != "" {
			d.Rejected += o.Records
		}
	}
	return d
}

// journalIntent puts an intent of a lane on disk, in the place of an earlier one.
func (s *Service) journalIntent(ctx context.Context, lane string, in *intent) error {
	if err := s.cfg.Journal.Commit(ctx, journal.Set(intentPrefix+lane, in)); err != nil {
		return fmt.Errorf("journal intent: %w", err)
	}
	return nil
}

// commit ends a delivery of a lane: from here on its records are delivered, whatever happens.
func (s *Service) commit(ctx context.Context, lane, manifest string, p *progress, d *Delivery) error {
	changes := []journal.Change{
		journal.Unset(intentPrefix + lane),
		journal.Set(progressPrefix+lane, p),
		journal.Set(deliveryKey(manifest, d.Sequence), d),
	}
	if keep := uint64(s.cfg.ManifestKeep); d.Sequence >= keep {
		changes = append(changes, journal.Unset(deliveryKey(manifest, d.Sequence-keep)))
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return fmt.Errorf("journal commit: %w", err)
	}
	return nil
}

// Deliveries is the manifest of a delivery stream: its committed deliveries, oldest first, as far
// back as Config.ManifestKeep.
func (s *Service) Deliveries(_ context.Context, scope hydrant.Scope, name string) ([]Delivery, error) {
	return s.manifest(scope, name, "")
}

// Backups is the manifest of the backup of a delivery stream's source.
func (s *Service) Backups(_ context.Context, scope hydrant.Scope, name string) ([]Delivery, error) {
	return s.manifest(scope, name, backupSuffix)
}

func (s *Service) manifest(scope hydrant.Scope, name, suffix string) ([]Delivery, error) {
	st := s.find(scope.Or(), name)
	if st == nil {
		return nil, notFound(scope.Or(), name)
	}
	var all []Delivery
	err := journal.Each(s.cfg.Journal, deliveriesOf(st.now.Load().Spool+suffix), func(_ string, d Delivery) error {
		all = append(all, d)
		return nil
	})
	return all, err
}
