//go:build !crashpoints || !unix

// Package crash names the places at which a test wants the process to die. It does so only in a binary
// built with -tags crashpoints, where HYDRANT_CRASH_AT=firehose.intent:3 is kill -9 the third time the
// point firehose.intent is passed. In any other binary a point is nothing.
package crash

// Point is a place named of and what, as in "firehose" and "intent".
func Point(of, what string) {}
