// Package compiler turns the packages of a module into their durable form.
//
// # The pipeline
//
//	load     typecheck.Load     the module, as the volatile build has it
//	colour   colour.Analyse     what may suspend, which func values are records
//	desugar  desugar.Rewrite    a package in the smaller Go
//	generate codegen            the text of foo.durable.go for foo.go
//	check    typecheck          the durable build, before anything is written
//	write    Result.Write       generated files, and constraints on what they replace
//
// # Promise
//
// Nothing is written unless everything type-checks. What is generated for a
// package does not depend on which packages were named, nor on what is on the
// disk from an earlier run. Running twice changes nothing. In a source that is
// replaced only the //go:build line changes, or is added, and Clean takes it
// back byte for byte. Files are replaced by renaming, so that a reader sees
// the old or the new one.
//
// # Exceptions
//
// If a write fails half-way, some files are new and others old: check says so
// and another run repairs it.
//
// A user's own "!durable" constraint on a file with durable code is taken for
// one that coroc has added.
package compiler
