// Package duckdbtest shows that DuckDB, which shares no code with columnar, reads its files as meant, and
// measures one against the other. It holds only tests, and stands apart because linking DuckDB takes long.
package duckdbtest
