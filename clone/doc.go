// Package clone compiles library code that stands between two durable frames:
// a callback that suspends, handed to slices.SortFunc, can do so only if the
// sort has a frame of its own that is saved.
//
// So does it with code that makes func values which a coroutine has when it is
// saved, an iterator in a variable: a closure is part of a state only if its
// function is compiled.
//
// # Promise
//
// The functions that package colour found to be in the way are read from their
// source, as this build has them, and become functions of the package that
// calls them, with the unexported functions, types, constants and tables that
// they use. The calls lead to the clones; where a func value is called, the
// expressions do that it may have been made by. All further passes see ordinary
// functions of the package. Nothing else is cloned: calls whose callbacks do not
// suspend, and iterators that are used up before something does, stay as they are.
//
// A clone does what its source does, in this Go release and in this version of
// the module that it comes from: it is that text, with other names, but for what
// is written by hand.
//
// The clones of one package are in one file, coroc.path.go, which exists in the
// compiler only; the generated file, coroc.path.durable.go, is part of the
// durable build. Lines in it are those of the library's files, under names
// that are the same on all machines: slices/sort.go.
//
// # Exceptions
//
// Some code cannot be moved: package-level variables that change, of which there
// can be only one; assembly; unexported fields of types that others use; internal
// packages of that kind. For what the standard library has of it there are twins
// written by hand, in replacements, in the terms of the package that they belong
// to. The rest is refused, with the reason.
//
// The iterators of slices and maps, and what collects them, are written by hand as well:
// what is suspended in them most often has a source that no Go release changes.
package clone
