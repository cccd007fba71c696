// Package workflows measures workflows on a store in a file, against what the store can do
// without them in the same run. The functions are compiled by coroc, and what it generates is
// committed.
//
//	go test -tags durable -run '^$' -bench . -benchtime 1x ./benchmarks/workflows
package workflows

//go:generate go tool coroc .
