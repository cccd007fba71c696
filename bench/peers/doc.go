// Package peers measures workflows beside those of other engines in Go, on the same machine in
// the same run: the same work, on stores that sync each commit.
//
//	go test -tags durable -run '^$' -bench . -benchtime 1x ./peers
package peers
