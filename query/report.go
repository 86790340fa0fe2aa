//go:build cgo

package query

import (
	"context"
	"fmt"
)

// watch makes DuckDB log what it asks of the file system. Its own counters (profiling) leave out what
// threads other than the first have read.
func (db *database) watch() error {
	for _, s := range []string{"SET enable_external_file_cache = false", "CALL enable_logging('FileSystem')"} {
		if err := db.exec(s); err != nil {
			return fmt.Errorf("query: %s: %w", s, err)
		}
	}
	return nil
}

// report sums up the log of what was read outside of the temporary folder. A statement that was
// cancelled has read too, so this does not end with its context.
func (db *database) report(r *Report, temp string) {
	row := db.conn.QueryRowContext(context.WithoutCancel(db.ctx), "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT), count(DISTINCT path)"+
		" FROM duckdb_logs_parsed('FileSystem') WHERE op = 'READ' AND NOT starts_with(path, "+text(temp)+")")
	if err := row.Scan(&r.Bytes, &r.Files); err != nil {
		*r = Report{} // the connection is gone with the statement
	}
}
