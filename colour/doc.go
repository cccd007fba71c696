// Package colour finds out what of a program may suspend.
//
// # Promise
//
// A function is durable if a suspension point is reachable from it: a function
// that has a twin and is not compiled here, recognised by the twin's name and
// first parameter, in our own library and in any other. Every call that may
// reach one is a Site, every function and literal that contains one has a
// Reason: the shortest chain of calls that leads there.
//
// Static calls are read off the syntax. What a func value may be, and what an
// interface may hold, is found by variable type analysis over SSA, for the
// packages of the module; code that is known only by its types takes part in
// it: what a program hands to such code (a context, a sync.Map, a pool, an
// atomic) comes out of it again wherever the type allows. Test variants and
// instances of generic functions share the colour of their source.
//
// Func values that durable code may hold when it is saved are Records; those that code
// which is not compiled makes, and that are live across a suspension or in what is, are
// Kept. Types on which a method and its twin would resolve to different declarations
// have a Mask. Of calls behind which others could see nothing until the function ends it is
// proven: the others have an Effect.
//
// # What is refused
//
// These are diagnostics, with the chain of calls:
//
//   - a durable function handed to code that is not compiled and that may call
//     it, as an argument, as a method of an interface that a parameter has, or in
//     a field of a struct that such code declares
//   - a durable String, Error, MarshalJSON, ServeHTTP, ... of a type whose values
//     get to such code: it calls them unasked, and fmt swallows the panic
//   - a go statement whose function certainly suspends
//   - a struct type that needs a mask and cannot have a method
//
// If only calls through interfaces and func values lead to the suspension, it
// is a warning: who is called there is known only from above.
//
// # Exceptions
//
// Reflection and unsafe are code that is not compiled: calls that they make by
// themselves are not seen. Callers outside of the module are not known; func
// values that an exported function without a caller is given are those that
// escape to code that is not compiled. Generic functions that are rebuilt for
// the tests of a package that they import count as such code in these tests.
package colour
