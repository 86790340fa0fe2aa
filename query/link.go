//go:build cgo

package query

// DuckDB's bindings ask the linker to export every symbol, for extensions that are loaded at run time.
// None can be loaded here, and the table of 60,000 names would cost each process 7 MiB and its start
// some milliseconds (docs/decisions/0093).

// #cgo linux LDFLAGS: -Wl,--no-export-dynamic
import "C"
