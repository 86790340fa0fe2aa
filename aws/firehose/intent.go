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

// intent is a delivery that has been decided and not yet committed. With the spool it determines
// every byte that is written: whoever finds it in the journal carries it out again, however far it
// had come, and the lake ends up the same.
type intent struct {
	Sequence uint64
	// From and To bound the records in the spool: From <= offset < To.
	From, To uint64
	Records  int64
	Bytes    int64
	Oldest   int64 // arrival of the first record, Unix ms
	Cut      int64 // when it was decided, Unix ms; error lines give it as the attempt's end

	Version int // of the configuration
	// Data is where the records go, Rejects where error lines go; an object that would be empty is
	// not written (but one of records without bytes is).
	Data, Rejects place
	Compression   string
	Entry         string // name inside a ZIP
	Delimiter     string // between records
	Conversion    *conversion

	// Abandoned are objects of an earlier form of this intent, given up because the configuration
	// changed while its destination failed. They are removed before anything is written.
	Abandoned []place
}

// progress is what has been delivered of a spool. Totals count from the creation of the stream.
type progress struct {
	Low      uint64 // all records below are delivered
	Sequence uint64 // of the next delivery
	Records  int64
	Rejected int64
	Bytes    int64
	Sources  positions `json:",omitempty"` // of a Kinesis source, behind what is delivered
}

// plan decides a delivery of a range under a configuration. It is the only place that asks the
// clock, chance and the catalog. Its errors are *failure.
func (s *Service) plan(ctx context.Context, v *state, b buffer, sequence uint64) (*intent, error) {
	d := &v.Destination
	in := &intent{
		Sequence: sequence,
		From:     b.from, To: b.to, Records: b.records, Bytes: b.bytes, Oldest: b.oldest,
		Cut:         time.Now().UnixMilli(),
		Version:     v.Version,
		Compression: d.CompressionFormat,
		Entry:       uuid.NewString(),
		Delimiter:   delimiterOf(d),
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
	vars := prefix.Vars{Time: time.UnixMilli(in.Oldest).In(zone), Random: randomString, ErrorType: conversionFailed}
	bucket := bucketName(d.BucketARN)
	in.Data = place{bucket, data.DataKeyPrefix(vars) + objectName(v, vars.Time) + in.extension(d)}
	in.Rejects = place{bucket, prefix.ErrorKeyPrefix(data, errs, vars) + objectName(v, vars.Time)}
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
			return orElse(p.parameter("Delimiter"), "\n")
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
	From, To uint64 // From <= offset < To
	Records  int64
	Rejected int64 // of Records, those that went to an error object
	Bytes    int64 // as put
	Version  int   // of the configuration
	Oldest   time.Time
	Time     time.Time // of the commit
	Objects  []Object
}

// journalIntent puts an intent on disk, in the place of an earlier one.
func (s *Service) journalIntent(ctx context.Context, spool string, in *intent) error {
	if err := s.cfg.Journal.Commit(ctx, journal.Set(intentPrefix+spool, in)); err != nil {
		return fmt.Errorf("journal intent: %w", err)
	}
	return nil
}

// commit ends a delivery: from here on its records are delivered, whatever happens.
func (s *Service) commit(ctx context.Context, spool string, p progress, d *Delivery) error {
	changes := []journal.Change{
		journal.Unset(intentPrefix + spool),
		journal.Set(progressPrefix+spool, &p),
		journal.Set(deliveryKey(spool, d.Sequence), d),
	}
	if keep := uint64(s.cfg.ManifestKeep); d.Sequence >= keep {
		changes = append(changes, journal.Unset(deliveryKey(spool, d.Sequence-keep)))
	}
	if err := s.cfg.Journal.Commit(ctx, changes...); err != nil {
		return fmt.Errorf("journal commit: %w", err)
	}
	return nil
}

// Deliveries is the manifest of a delivery stream: its committed deliveries, oldest first, as far
// back as Config.ManifestKeep.
func (s *Service) Deliveries(_ context.Context, scope hydrant.Scope, name string) ([]Delivery, error) {
	st := s.find(scope.Or(), name)
	if st == nil {
		return nil, notFound(scope.Or(), name)
	}
	var all []Delivery
	err := journal.Each(s.cfg.Journal, deliveriesOf(st.now.Load().Spool), func(_ string, d Delivery) error {
		all = append(all, d)
		return nil
	})
	return all, err
}
