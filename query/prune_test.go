//go:build cgo

package query_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/blob/dir"
	"github.com/hydrant-stream/hydrant/store/blob/mem"
	"github.com/hydrant-stream/hydrant/store/blob/mount"
)

// endpoint is a lake elsewhere that counts what is fetched from it.
type endpoint struct {
	*mem.Store
	mu   sync.Mutex
	gets []string
}

func (e *endpoint) Get(ctx context.Context, bucket, key string, r *blob.Range) (io.ReadCloser, blob.Info, error) {
	e.mu.Lock()
	e.gets = append(e.gets, key)
	e.mu.Unlock()
	return e.Store.Get(ctx, bucket, key, r)
}

// elsewhere makes the bucket "lake" lie at an endpoint, with what it holds; "near" stays at home.
func (l *lake) elsewhere() *endpoint {
	l.t.Helper()
	far := &endpoint{Store: mem.New()}
	if err := far.CreateBucket(l.t.Context(), blob.BucketInfo{Name: "lake"}); err != nil {
		l.t.Fatal(err)
	}
	list, err := l.store.List(l.t.Context(), "lake", blob.ListPage{})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, o := range list.Objects {
		r, _, err := l.store.Get(l.t.Context(), "lake", o.Key, nil)
		if err != nil {
			l.t.Fatal(err)
		}
		if _, err := far.Put(l.t.Context(), "lake", o.Key, r, blob.Put{}); err != nil {
			l.t.Fatal(err)
		}
		r.Close()
	}
	home, err := dir.Open(l.t.TempDir())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := home.CreateBucket(l.t.Context(), blob.BucketInfo{Name: "near"}); err != nil {
		l.t.Fatal(err)
	}
	all, err := mount.New(home, far, []mount.Mount{{Name: "lake", Bucket: "lake"}})
	if err != nil {
		l.t.Fatal(err)
	}
	cache, err := mount.OpenCache(l.t.TempDir()+"/cache", 1<<30, all)
	if err != nil {
		l.t.Fatal(err)
	}
	l.store = home
	engine := query.New(query.Config{Catalog: l.catalog, Lake: all, Paths: all, Fetch: cache, Memory: "256MB", Threads: 2, TempDir: l.t.TempDir()})
	l.engine.Close()
	l.engine = engine
	return far
}

// fetched are the keys that were fetched since it was last asked, in order of their names.
func (e *endpoint) fetched() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.gets
	e.gets = nil
	slices.Sort(out)
	return out
}

// TestFetchesWhatIsRead: of a lake elsewhere, only the objects of those partitions are fetched that a
// statement reads, however partitions are known.
func TestFetchesWhatIsRead(t *testing.T) {
	registered := trips()
	registered.Name, registered.Location = "registered", "s3://lake/registered/"
	dated := trips()
	dated.Name, dated.PartitionKeys = "dated", []query.Column{{"datehour", "string"}}
	dated.Parameters = map[string]string{"projection.enabled": "true", "projection.datehour.format": "yyyy/MM/dd/HH",
		"projection.datehour.type": "date", "storage.location.template": "s3://lake/dated/${datehour}/"}
	text := query.Table{Database: "taxi", Name: "texts", SerDe: openXSerDe, Location: "s3://lake/texts/",
		Columns: []query.Column{{"id", "int"}}, PartitionKeys: []query.Column{{"month", "int"}}}
	near := query.Table{Database: "taxi", Name: "near", SerDe: openXSerDe, Location: "s3://near/", Columns: []query.Column{{"id", "int"}}}
	l := newLake(t, trips(), registered, dated, text, near)
	for m := range 4 {
		for n := range 2 {
			rows := fmt.Sprintf("SELECT %d AS id, 'n' AS name", 10*m+n)
			l.parquet(fmt.Sprintf("trips/year=2024/month=%d/%d", m, n), rows)
			l.parquet(fmt.Sprintf("registered/%d/%d", m, n), rows)
			l.parquet(fmt.Sprintf("dated/2024/01/02/%02d/%d", m, n), rows)
			l.put(fmt.Sprintf("texts/month=%d/%d", m, n), fmt.Sprintf("{\"id\":%d}\n", 10*m+n))
		}
		l.catalog.partitions["taxi.registered"] = append(l.catalog.partitions["taxi.registered"],
			query.Partition{Values: []string{"2024", fmt.Sprint(m)}, Location: fmt.Sprintf("s3://lake/registered/%d/", m)})
	}
	l.parquet("trips/year=2024/month=3/a//odd", "SELECT 77 AS id") // a key that is no path
	far := l.elsewhere()
	if _, err := l.store.Put(t.Context(), "near", "x", strings.NewReader("{\"id\":10}\n"), blob.Put{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql     string
		rows    string
		fetched string
	}{
		{"SELECT sum(id) FROM registered WHERE month = 2", "41", "registered/2/0 registered/2/1"},
		{"SELECT sum(id) FROM registered WHERE month = 2 AND year = '2024'", "41", ""}, // both are there
		{"SELECT sum(id) FROM registered WHERE year = '1999'", "<nil>", ""},
		{"SELECT sum(id) FROM dated WHERE datehour BETWEEN '2024/01/02/01' AND '2024/01/02/02'", "62", "dated/2024/01/02/01/0 dated/2024/01/02/01/1 dated/2024/01/02/02/0 dated/2024/01/02/02/1"},
		{"SELECT id FROM trips WHERE month = 1 ORDER BY name, id DESC LIMIT 1", "11", "trips/year=2024/month=1/0 trips/year=2024/month=1/1"},
		{"SELECT sum(id) FROM trips WHERE year = '2024' AND month = 1", "21", ""},
		{"SELECT sum(id) FROM texts WHERE month < 1", "1", "texts/month=0/0 texts/month=0/1"},
		{"SELECT t.id FROM near JOIN texts t USING (id) WHERE month = 1", "10", "texts/month=1/0 texts/month=1/1"},
		{"SELECT count(*) FROM trips a JOIN trips b ON a.id = b.id WHERE a.month = 0 AND b.month = 0", "2", "trips/year=2024/month=0/0 trips/year=2024/month=0/1"},
		{"WITH m AS (SELECT texts.month, row_number() OVER (ORDER BY texts.id) n FROM dated, texts WHERE datehour = '2024/01/02/00' AND texts.month = 2) SELECT max(n) FROM m", "4",
			"dated/2024/01/02/00/0 dated/2024/01/02/00/1 texts/month=2/0 texts/month=2/1"},
		{"SELECT sum(n) FROM registered AS r CROSS JOIN UNNEST([r.id]) AS u (n) WHERE CAST(r.year AS INTEGER) = 2024 AND CAST(r.month AS VARCHAR) = '0'", "1", "registered/0/0 registered/0/1"},
		{"SELECT count(*) FROM trips WHERE month > 9 OR false", "0", ""},
		{"SELECT sum(list_sum(list_transform([id], lambda x: x + 1))) FROM trips WHERE month IN (2)", "43", "trips/year=2024/month=2/0 trips/year=2024/month=2/1"},
		{"SELECT count(*) FROM trips", "9", "trips/year=2024/month=3/0 trips/year=2024/month=3/1 trips/year=2024/month=3/a//odd"},
	} {
		got := strings.Join(l.rows(c.sql), " ")
		if got != c.rows {
			t.Errorf("%s: %s", c.sql, got)
		}
		if diff := cmp.Diff(c.fetched, strings.Join(far.fetched(), " ")); diff != "" {
			t.Errorf("%s: fetched (-want +got)\n%s", c.sql, diff)
		}
	}
	r, err := l.engine.Collect(t.Context(), query.Statement{SQL: `SELECT id FROM registered WHERE "$path" = 's3://lake/registered/1/1'`, Paths: true})
	if got := far.fetched(); err != nil || len(r.Rows) != 1 || r.Rows[0][0] != int64(11) || !slices.Equal(got, []string{"registered/1/1"}) {
		t.Errorf("by path: %v, %v, fetched %q", r, err, got)
	}
	l.refused(query.Unresolved, "nothing", "SELECT nothing FROM registered")
	if got := far.fetched(); got != nil {
		t.Errorf("a statement that is wrong fetched %q", got)
	}
}
