package athena

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/hydrant-stream/hydrant/aws/athena/trino"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
)

// Statements whose rows become objects of the lake. They are written into files first, whole, so that a
// query that fails leaves nothing; then the files become objects, whose names begin with the execution's id;
// then the catalog is told. What was put is taken away again where a later one cannot be.

// maxPartitions bounds the partitions one statement writes. Source: the considerations for CTAS and INSERT
// in Athena's documentation.
const maxPartitions = 100

// writes are the statements that write objects, by their finer names.
var writes = map[string]bool{"CREATE_TABLE_AS_SELECT": true, "INSERT": true, "UNLOAD": true}

// write carries out a statement that is a query with something around it.
func (s *Service) write(ctx context.Context, e *execution, st statement) error {
	d, err := trino.Define(st.text)
	if err != nil {
		return &failure{err.Error(), 1006}
	}
	switch d.Sub {
	case "CREATE_VIEW":
		if err := s.createView(ctx, e, d); err != nil {
			return s.blame(err)
		}
		return s.writeLines(ctx, e, nil, nil)
	case "CREATE_TABLE_AS_SELECT":
		err = s.createTableAs(ctx, e, d)
	case "INSERT":
		err = s.insert(ctx, e, d)
	default:
		err = s.unload(ctx, e, d)
	}
	return s.blame(err)
}

// target is where the files of a statement go.
type target struct {
	location string // s3://bucket/prefix/
	keys     []string
	at       map[string]string // where partitions lie that are elsewhere, by partitionPath of their values
}

// partitionPath is a partition as Hive names its folder: year=2016/month=01/.
func partitionPath(keys []string, values []string) string {
	var b strings.Builder
	for i, v := range values {
		b.WriteString(keys[i] + "=" + hiveEscape(v) + "/")
	}
	return b.String()
}

// hiveEscape writes a value as Hive does in the name of a folder.
func hiveEscape(v string) string {
	var b strings.Builder
	for _, r := range v {
		if r < ' ' || strings.ContainsRune("\"#%'*/:=?\\\x7f{[]^", r) {
			fmt.Fprintf(&b, "%%%02X", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// yield is what a statement wrote: the partitions that got rows, and the URIs of the objects.
type yield struct {
	partitions [][]string
	objects    []string
}

// output writes the rows of a definition's query to a target, and the manifest of them. tell then tells the
// catalog. Where either fails, the objects are taken away again.
func (s *Service) output(ctx context.Context, e *execution, d *trino.Definition, x query.Export, to target, tell func(partitions [][]string) error) error {
	w, err := s.putRows(ctx, e, d, x, to)
	if err == nil {
		err = s.writeManifest(ctx, e, w.objects)
	}
	if err == nil {
		err = tell(w.partitions)
	}
	if err != nil {
		s.takeAway(ctx, w.objects)
	}
	return err
}

func (s *Service) putRows(ctx context.Context, e *execution, d *trino.Definition, x query.Export, to target) (w yield, err error) {
	q, err := trino.Translate(d.Query, e.Parameters)
	if err != nil {
		return w, &failure{err.Error(), 1006}
	}
	var report query.Report
	st := query.Statement{SQL: q.SQL, Database: e.Database, Setup: trino.Setup(), Paths: q.Paths, View: expand, Report: &report}
	if err := s.allowed(ctx, to.location); err != nil {
		return w, err
	}
	e.Rows, err = s.config.Query.Export(ctx, st, x, func(parts []query.Part) error {
		seen := map[string]bool{}
		for i, p := range parts {
			values := make([]string, len(p.Values))
			for n, v := range p.Values {
				if values[n] = hiveNull; v != nil && *v != "" {
					values[n] = *v
				}
			}
			folder := partitionPath(to.keys, values)
			if !seen[folder] && len(to.keys) > 0 {
				w.partitions = append(w.partitions, values)
			}
			if seen[folder] = true; len(seen) > maxPartitions {
				return &failure{fmt.Sprintf("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of %d open writers for partitions/buckets", maxPartitions), 1006}
			}
			location := to.at[folder]
			if location == "" {
				location = to.location + folder
			} else if err := s.allowed(ctx, location); err != nil {
				return err
			}
			uri := fmt.Sprintf("%s%s_%05d%s", location, e.ID, i, suffixOf(x))
			if err := s.upload(ctx, p.Path, uri); err != nil {
				return err
			}
			w.objects = append(w.objects, uri)
		}
		return nil
	})
	e.Scanned = report.Bytes
	var wrong *query.Error
	if errors.As(err, &wrong) {
		err = s.word(ctx, q, wrong)
	}
	return w, err
}

// allowed tells whether who asks may write to a location.
func (s *Service) allowed(ctx context.Context, location string) error {
	if s.config.MayWrite == nil {
		return nil
	}
	if err := s.config.MayWrite(ctx, location); err != nil {
		return &failure{fmt.Sprintf("PERMISSION_DENIED: Access Denied when writing to location: %s: %v", location, err), 1006}
	}
	return nil
}

// suffixOf is how the names of an export's objects end. Readers know compressed text by it.
func suffixOf(x query.Export) string {
	switch {
	case x.Format == query.Parquet:
		return ".parquet"
	case x.Compression == "GZIP":
		return ".gz"
	case x.Compression == "ZSTD":
		return ".zst"
	}
	return ""
}

func (s *Service) upload(ctx context.Context, from, uri string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	bucket, key := splitURI(uri)
	_, err = s.config.Lake.Put(ctx, bucket, key, f, blob.Put{Meta: blob.Meta{ContentType: "application/octet-stream"}})
	if errors.Is(err, blob.ErrNoBucket) {
		return &failure{"HIVE_WRITER_OPEN_ERROR: The specified bucket does not exist: " + bucket, 1006}
	}
	return err
}

// takeAway deletes what a statement wrote that failed after all.
func (s *Service) takeAway(ctx context.Context, uris []string) {
	ctx = context.WithoutCancel(ctx)
	for _, uri := range uris {
		bucket, key := splitURI(uri)
		if err := s.config.Lake.Delete(ctx, bucket, key); err != nil {
			s.log.Error("athena: an object of a statement that failed stays", "object", uri, "error", err)
		}
	}
}

// writeManifest writes the list of a statement's objects and its result, which has no rows.
func (s *Service) writeManifest(ctx context.Context, e *execution, uris []string) error {
	bucket, key := splitURI(e.Output)
	manifest := key + "-manifest.csv"
	for name, text := range map[string]string{key: "", manifest: strings.Join(append(uris, ""), "\n")} {
		if _, err := s.config.Lake.Put(ctx, bucket, name, strings.NewReader(text), blob.Put{Meta: blob.Meta{ContentType: "application/octet-stream"}}); err != nil {
			return err
		}
	}
	e.Manifest = "s3://" + path.Join(bucket, manifest)
	return s.writeMetadata(ctx, e, []ColumnInfo{columnInfo("rows", "BIGINT", query.Type{Kind: "BIGINT"})})
}

// empty refuses a location under which there is an object.
func (s *Service) empty(ctx context.Context, location, format string, args ...any) error {
	bucket, prefix := splitURI(location)
	l, err := s.config.Lake.List(ctx, bucket, blob.ListPage{Prefix: prefix, Max: 1})
	if errors.Is(err, blob.ErrNoBucket) {
		return &failure{"HIVE_WRITER_OPEN_ERROR: The specified bucket does not exist: " + bucket, 1006}
	}
	if err == nil && len(l.Objects) > 0 {
		return &failure{fmt.Sprintf("HIVE_PATH_ALREADY_EXISTS: "+format, args...), 1006}
	}
	return err
}

// folderURI is a location that a statement gives, ending in a slash.
func folderURI(d *trino.Definition, property, given string) (string, error) {
	bucket, _ := splitURI(given)
	if !strings.HasPrefix(given, "s3://") || bucket == "" {
		return "", &failure{d.Wrong("INVALID_TABLE_PROPERTY", "%s '%s' is not a valid S3 path", property, given).Error(), 1006}
	}
	return strings.TrimRight(given, "/") + "/", nil
}

// lastColumns checks that partition keys are the last columns, and not all.
func lastColumns(d *trino.Definition, heads []query.Column, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if len(keys) >= len(heads) {
		return &failure{d.Wrong("INVALID_TABLE_PROPERTY", "Table contains only partition columns").Error(), 1006}
	}
	for i, k := range keys {
		if !strings.EqualFold(heads[len(heads)-len(keys)+i].Name, k) {
			if !slices.ContainsFunc(heads, func(h query.Column) bool { return strings.EqualFold(h.Name, k) }) {
				return &failure{d.Wrong("INVALID_TABLE_PROPERTY", "Partition columns [%s] not present in schema", k).Error(), 1006}
			}
			return &failure{fmt.Sprintf("HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties: [%s]", strings.Join(keys, ", ")), 1006}
		}
	}
	return nil
}
