package firehose

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/store/blob"
)

func TestRecordsAreJoinedByteForByte(t *testing.T) {
	h := newHouse(t, nil)
	h.create("plain", nil)
	h.put("plain", "abc", "", "def")
	h.put("plain", "ghi")
	keys := h.flush("plain")
	if len(keys) != 1 {
		t.Fatalf("flush gave %q", keys)
	}
	if got := h.objects("lake")[keys[0]]; got != "abcdefghi" {
		t.Errorf("object holds %q", got)
	}
	form := `^\d{4}/\d\d/\d\d/\d\d/plain-1-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`
	if !regexp.MustCompile(form).MatchString(keys[0]) {
		t.Errorf("key %q", keys[0])
	}
	info, err := h.lake.Head(t.Context(), "lake", keys[0])
	if err != nil || info.Meta.ContentType != "application/octet-stream" || info.Meta.ContentEncoding != "" {
		t.Errorf("meta %+v, %v", info.Meta, err)
	}
	if n, _ := h.log.(*memlog).held(); n != 0 {
		t.Errorf("%d records left in the spool", n)
	}
	if again := h.flush("plain"); len(again) != 0 {
		t.Errorf("nothing was put, flush gave %q", again)
	}
}

func TestDelimiterStandsBetweenRecords(t *testing.T) {
	h := newHouse(t, nil)
	h.create("lines", func(d *ExtendedS3DestinationConfiguration) {
		d.ProcessingConfiguration = &ProcessingConfiguration{Enabled: new(true), Processors: []Processor{{Type: appendDelimiter}}}
	})
	h.put("lines", "a", "b", "c")
	key := h.flush("lines")[0]
	if got := h.objects("lake")[key]; got != "a\nb\nc" {
		t.Errorf("object holds %q", got)
	}
}

func TestLabelsOfCompression(t *testing.T) {
	h := newHouse(t, nil)
	for format, want := range map[string]string{
		"UNCOMPRESSED": "|", "GZIP": ".gz|gzip", "ZIP": ".zip|zip", "Snappy": ".snappy|snappy-java", "HADOOP_SNAPPY": ".snappy|hadoop-snappy",
	} {
		h.create(format, func(d *ExtendedS3DestinationConfiguration) { d.CompressionFormat = format })
		h.put(format, "record")
		key := h.flush(format)[0]
		info, err := h.lake.Head(t.Context(), "lake", key)
		if err != nil {
			t.Fatal(err)
		}
		ext := key[strings.LastIndexByte(key, '-')+13:]
		if got := ext + "|" + info.Meta.ContentEncoding; got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
}

func TestBufferingHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		h.create("hints", func(d *ExtendedS3DestinationConfiguration) {
			d.BufferingHints = &BufferingHints{SizeInMBs: new(1), IntervalInSeconds: new(60)}
		})
		count := func() int {
			synctest.Wait()
			return len(h.objects("lake"))
		}
		h.put("hints", "first")
		time.Sleep(50 * time.Second)
		h.put("hints", "second")
		if n := count(); n != 0 {
			t.Fatalf("%d objects after 50 s", n)
		}
		time.Sleep(11 * time.Second) // 61 s after the first record
		if n := count(); n != 1 {
			t.Fatalf("%d objects after 61 s", n)
		}
		big := strings.Repeat("x", 700<<10)
		h.put("hints", big)
		if n := count(); n != 1 {
			t.Fatalf("%d objects, 700 KiB buffered", n)
		}
		h.put("hints", big, big, "tail")
		if n := count(); n != 2 {
			t.Fatalf("%d objects after 1 MiB", n)
		}
		time.Sleep(61 * time.Second)
		if n := count(); n != 3 {
			t.Fatalf("%d objects after the interval", n)
		}
		d, _ := h.Deliveries(t.Context(), here, "hints")
		if d[1].Records != 2 || d[2].Records != 2 {
			t.Errorf("cut at the size: %+v", d)
		}
	})
}

func TestZeroBuffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		h.create("zero", func(d *ExtendedS3DestinationConfiguration) { d.BufferingHints.IntervalInSeconds = new(0) })
		for want := 1; want <= 3; want++ {
			h.put("zero", "record")
			synctest.Wait()
			if n := len(h.objects("lake")); n != want {
				t.Fatalf("%d objects after %d puts", n, want)
			}
		}
	})
}

func TestConversion(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint", "fare double", "zone string")
	h.create("trips", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		d.Prefix = new("trips/!{timestamp:yyyy}/")
		d.ErrorOutputPrefix = new("errors/!{firehose:error-output-type}/")
	})
	bad := `{"id":"x"`
	h.put("trips", `{"id":1,"fare":7.5,"zone":"a"}`, bad, `{"id":2}{"id":3,"extra":true}`)
	keys := h.flush("trips")
	if len(keys) != 2 || !strings.HasPrefix(keys[0], "trips/20") || !strings.HasSuffix(keys[0], ".parquet") ||
		!strings.HasPrefix(keys[1], "errors/format-conversion-failed/trips-1-") {
		t.Fatalf("keys %q", keys)
	}
	all := h.objects("lake")
	type row struct {
		ID   *int64   `parquet:"id,optional"`
		Fare *float64 `parquet:"fare,optional"`
		Zone *string  `parquet:"zone,optional"`
	}
	rows, err := parquet.Read[row](bytes.NewReader([]byte(all[keys[0]])), int64(len(all[keys[0]])))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || *rows[0].Fare != 7.5 || *rows[2].ID != 3 || rows[1].Zone != nil {
		t.Errorf("rows %+v", rows)
	}
	info, _ := h.lake.Head(t.Context(), "lake", keys[0])
	if info.Meta.ContentEncoding != "hadoop-snappy" {
		t.Errorf("meta %+v", info.Meta)
	}
	checkRejectLine(t, all[keys[1]], bad)

	d, _ := h.Deliveries(t.Context(), here, "trips")
	if len(d) != 1 || d[0].Records != 3 || d[0].Rejected != 1 || d[0].Objects[0].Rows != 3 || d[0].Objects[0].Records != 2 ||
		d[0].Objects[1].Error != "format-conversion-failed" {
		t.Errorf("manifest %+v", d)
	}
}

func checkRejectLine(t *testing.T, line, raw string) {
	t.Helper()
	form := `^\{"attemptsMade":1,"arrivalTimestamp":\d{13},"lastErrorCode":"DataFormatConversion.ParseError",` +
		`"lastErrorMessage":"[^\n]+","attemptEndingTimestamp":\d{13},"rawData":"` + regexp.QuoteMeta(base64.StdEncoding.EncodeToString([]byte(raw))) +
		`","sequenceNumber":"\d+","subSequenceNumber":null,"dataCatalogTable":\{"catalogId":"000000000000","databaseName":"db",` +
		`"tableName":"trips","region":"us-east-1","versionId":"LATEST","roleArn":"` + role + `"\}\}\n$`
	if !regexp.MustCompile(form).MatchString(line) || !json.Valid([]byte(line)) {
		t.Errorf("error line %s", line)
	}
}

func TestOnlyRejectedRecordsMakeNoDataObject(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	h.create("trips", converting)
	h.put("trips", "no json", "neither")
	keys := h.flush("trips")
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "format-conversion-failed/") {
		t.Fatalf("keys %q", keys)
	}
	if n := strings.Count(h.objects("lake")[keys[0]], "\n"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestSchemaIsReadForEachObject(t *testing.T) {
	h := newHouse(t, nil)
	h.tables.set(nil, "id bigint")
	h.create("trips", converting)
	columns := func(key string) int {
		body := h.objects("lake")[key]
		f, err := parquet.OpenFile(strings.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Schema().Columns())
	}
	h.put("trips", `{"id":1}`)
	if n := columns(h.flush("trips")[0]); n != 1 {
		t.Errorf("%d columns", n)
	}
	h.tables.set(nil, "id bigint", "zone string")
	h.put("trips", `{"id":2}`)
	if n := columns(h.flush("trips")[0]); n != 2 {
		t.Errorf("%d columns after the table changed", n)
	}
}

var logging = &CloudWatchLoggingOptions{Enabled: new(true), LogGroupName: "/aws/kinesisfirehose/s", LogStreamName: "DestinationDelivery"}

const noBucket = "The specified bucket does not exist. Create the bucket or use a different bucket that does exist."

// A delivery that cannot go on keeps its records, also over a restart, takes more of them, says why, and
// goes on when mended.
func TestMended(t *testing.T) {
	for _, c := range []struct {
		name, code string
		message    string // of the event, its beginning
		config     func(*ExtendedS3DestinationConfiguration)
		breakIt    func(*house)
		mend       func(*house)
	}{
		{"bucket created late", "S3.NoSuchBucket", noBucket,
			func(d *ExtendedS3DestinationConfiguration) { d.BucketARN = "arn:aws:s3:::late" },
			func(*house) {}, func(h *house) { h.bucket("late") }},
		{"another bucket named", "S3.NoSuchBucket", noBucket,
			func(d *ExtendedS3DestinationConfiguration) { d.BucketARN = "arn:aws:s3:::never" },
			func(*house) {}, func(h *house) {
				if err := h.update("s", &ExtendedS3DestinationUpdate{BucketARN: "arn:aws:s3:::lake"}); err != nil {
					h.t.Fatal(err)
				}
			}},
		{"bucket deleted", "S3.NoSuchBucket", noBucket, converting,
			func(h *house) {
				if err := h.lake.DeleteBucket(h.t.Context(), "lake"); err != nil {
					h.t.Fatal(err)
				}
			}, func(h *house) { h.bucket("lake") }},
		{"role may not write", "S3.AccessDenied", "Access was denied. Ensure that the access policy for the provided IAM role allows access to the S3 bucket.", converting,
			func(h *house) { h.roles.deny("s3:PutObject") }, func(h *house) { h.roles.deny("") }},
		{"role may not read the table", "DataFormatConversion.AccessDenied", "Access was denied when calling Glue. Please ensure that the role specified in the data format conversion configuration has the necessary permissions.", converting,
			func(h *house) { h.roles.deny("glue:GetTableVersions") }, func(h *house) { h.roles.deny("") }},
		{"table gone", "DataFormatConversion.EntityNotFound", "The specified table/database could not be found.", converting,
			func(h *house) { h.tables.set(hydrant.Faultf("EntityNotFoundException", "Entity Not Found")) },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"catalog away", "DataFormatConversion.InternalError", "The schema could not be read.", converting,
			func(h *house) { h.tables.set(errors.New("the catalog is away")) },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"table without columns", "DataFormatConversion.InvalidSchema", "The schema is invalid. The specified table has no columns.", converting,
			func(h *house) { h.tables.set(nil) },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"column of no type", "DataFormatConversion.InvalidSchema", "The schema is invalid. ", converting,
			func(h *house) { h.tables.set(nil, "id nonsense") },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"decimal of no size", "DataFormatConversion.InvalidSchema", "The schema is invalid. ", converting,
			func(h *house) { h.tables.set(nil, "id decimal(99,2)") },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"column twice", "DataFormatConversion.InvalidSchema", "The schema is invalid. ", converting,
			func(h *house) { h.tables.set(nil, "id bigint", "id string") },
			func(h *house) { h.tables.set(nil, "id bigint") }},
		{"another table named", "DataFormatConversion.EntityNotFound", "The specified table/database could not be found.",
			converting,
			func(h *house) { h.tables.rename("journeys") },
			func(h *house) {
				u := &DataFormatConversionConfiguration{SchemaConfiguration: &SchemaConfiguration{TableName: "journeys"}}
				if err := h.update("s", &ExtendedS3DestinationUpdate{DataFormatConversionConfiguration: u}); err != nil {
					h.t.Fatal(err)
				}
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, func(c *Config) { c.RetryLast = 10 * time.Second })
				h.tables.set(nil, "id bigint")
				h.create("s", func(d *ExtendedS3DestinationConfiguration) {
					c.config(d)
					d.CloudWatchLoggingOptions = logging
					d.BufferingHints.IntervalInSeconds = new(0)
				})
				c.breakIt(h)
				h.put("s", `{"id":1}`)
				time.Sleep(time.Minute)
				h.stop()
				h.start()
				h.put("s", `{"id":2}`, `{"id":3}`)
				time.Sleep(2 * time.Minute)
				want := `/aws/kinesisfirehose/s DestinationDelivery {"deliveryStreamARN":"arn:aws:firehose:us-east-1:000000000000:deliverystream/s","destination":"` +
					h.Service.find(here, "s").now.Load().Destination.BucketARN + `","deliveryStreamVersionId":"1","message":"` + c.message
				got := h.events.all()
				if len(got) < 2 || !strings.HasPrefix(got[0], want) || !strings.HasSuffix(got[0], `"errorCode":"`+c.code+`"}`) {
					t.Fatalf("events %q, want %s", got, want)
				}
				if n, _ := h.log.(*memlog).held(); n != 3 {
					t.Errorf("%d records are kept", n)
				}
				b := h.Backlogs()
				if len(b) != 1 || b[0].Err == nil || time.Since(b[0].Oldest) < time.Minute {
					t.Errorf("backlog %+v", b)
				}
				h.wantFailing("s", c.code)
				c.mend(h)
				time.Sleep(15 * time.Second)
				h.wantFailing("s", "")
				var records, rejected int64
				all, _ := h.Deliveries(t.Context(), here, "s")
				for _, d := range all {
					records, rejected = records+d.Records, rejected+d.Rejected
				}
				if n, _ := h.log.(*memlog).held(); records != 3 || rejected != 0 || n != 0 {
					t.Errorf("after mending %d are kept, delivered %+v", n, all)
				}
				if b := h.Backlogs(); b[0].Err != nil || !b[0].Oldest.IsZero() {
					t.Errorf("backlog after mending: %+v", b)
				}
			})
		})
	}
}

// A crash must not change what an intent writes: what it depends on is in the intent, not in the
// configuration, the catalog or the clock.
func TestBuildIsAFunctionOfIntentAndSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		h.tables.set(nil, "id bigint")
		h.create("trips", converting)
		h.put("trips", `{"id":1}`, "bad", `{"id":2}`)
		st := h.find(here, "trips")
		in, err := h.plan(t.Context(), st.now.Load(), buffer{from: 0, to: 1 << 40, records: 3, bytes: 19}, direct)
		if err != nil {
			t.Fatal(err)
		}
		build := func() map[string]string {
			if _, _, err := h.build(t.Context(), st.shard, in, direct, &h.find(here, "trips").work.Load().direct.pump); err != nil {
				t.Fatal(err)
			}
			return h.objects("lake")
		}
		first := build()
		time.Sleep(10 * time.Minute)
		h.tables.set(nil, "other string")
		journalled, _ := json.Marshal(in)
		in = new(intent)
		if err := json.Unmarshal(journalled, in); err != nil {
			t.Fatal(err)
		}
		second := build()
		if len(first) != 2 || len(second) != 2 {
			t.Fatalf("%d and %d objects", len(first), len(second))
		}
		for k, body := range first {
			if second[k] != body {
				t.Errorf("%s differs", k)
			}
		}
	})
}

// keyedLake remembers the KMS keys it is asked to encrypt with.
type keyedLake struct {
	blob.Store
	mu   sync.Mutex
	keys map[string]int
}

func (l *keyedLake) Put(ctx context.Context, bucket, key string, body io.Reader, p blob.Put) (blob.Info, error) {
	l.mu.Lock()
	l.keys[p.KMSKey]++
	l.mu.Unlock()
	return l.Store.Put(ctx, bucket, key, body, p)
}

// What is delivered, and what could not be converted, is encrypted with the destination's key.
func TestEncryptionKeyReachesTheLake(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:000000000000:key/k"
	lake := &keyedLake{keys: map[string]int{}}
	h := newHouse(t, func(c *Config) { lake.Store, c.Lake = c.Lake, lake })
	h.tables.set(nil, "id bigint")
	h.create("s", func(d *ExtendedS3DestinationConfiguration) {
		converting(d)
		d.EncryptionConfiguration = &EncryptionConfiguration{KMSEncryptionConfig: &KMSEncryptionConfig{AWSKMSKeyARN: key}}
	})
	h.put("s", `{"id":1}`, `{"id":"x"}`)
	h.flush("s")
	if lake.keys[key] != 2 || len(lake.keys) != 1 {
		t.Errorf("keys %v", lake.keys)
	}
}
