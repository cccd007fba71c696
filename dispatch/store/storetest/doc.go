// Package storetest has the tests that every store passes: a new store is done when they
// do. They check the contract of package store: what was committed comes back, all of a
// step or nothing, what is done stays, one owner at a time; also under random commits,
// against a map.
//
// They do not check what needs a machine to lose power. That a commit survives a crash of
// the process is tested with real processes by package dispatch.
package storetest
