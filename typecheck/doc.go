// Package typecheck loads a Go module and checks Go programs, those that the
// user wrote and those that the passes of the compiler make of them.
//
// # Promise
//
// Load reads every package of the main module from source, as the volatile
// build has it (without the tag durable), and everything else from export data
// out of the build cache, for which the go command compiles what is not of the
// module. There is one *types.Package for an import path, test
// variants aside, so types that two packages share are identical, and stay so
// when an intermediate form of a package is checked against Package.Importer.
//
// CheckSource checks the text that is about to be written against the
// generated forms of the packages that it imports, with the files that the
// build with the tag durable has, before anything is written.
//
// # Exceptions
//
// A package of the module that does not type-check is an error only if it was
// named or is imported by one that was; another is left out, and so are the
// packages that import it, with a warning if it imports what was named.
//
// Files that import "C" are seen as cgo rewrites them.
//
// Packages of this project's own library (the runtime, coroutine and dispatch
// packages) carry twins written by hand. They are marked Library and are never
// compiled, also when they are part of the main module.
package typecheck
