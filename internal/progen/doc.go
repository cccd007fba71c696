// Package progen makes up Go programs, to compare what they do in the ways in
// which they can be built.
//
// # Promise
//
// A program is a function of its seed. It type-checks, ends by itself (a counter
// of fuel bounds loops and calls), and prints the same on every run. It uses the
// language widely: methods, embedding, interfaces, generics, closures, every kind
// of loop and switch, defers that recover and panic again, runtime errors,
// aliased memory, names in the way. Calls that suspend stand wherever an
// expression can, beside calls that only print, so that the order of evaluation
// shows.
//
// # Exceptions
//
// Left out is what has no single meaning under gc: elements of maps beside
// calls, conversions of structs and pointers to interfaces beside calls, the
// order of maps with several entries. Left out as well is what the compiler
// refuses around a suspension (goto, select, fallthrough, ranges over functions),
// and package-level variables that share memory with local ones, since such a
// variable belongs to the process and not to the saved state.
package progen
