// Package benchmarks measures what coroc generates, against plain Go in the same run.
// The files with functions are compiled by coroc, and what it generates is
// committed, so that a change of the code that it generates shows in both.
//
//	go test -tags durable -run '^$' -bench . ./benchmarks
package benchmarks

//go:generate go tool coroc .
