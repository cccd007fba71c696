// Package progen makes up Go programs, to compare what they do in the ways in
// which they can be built.
//
// # Promise
//
// A program is a function of the choices that pgregory.net/rapid makes: a seed selects
// one, a fail file makes it again, and rapid's shrinker makes a failing one smaller. It
// type-checks, ends by itself (a counter of fuel bounds loops and calls), and prints
// the same on every run. It uses the language widely:
//
//	source.go    the choices, in groups that can be taken away
//	program.go   types, generic ones too; functions; package-level variables
//	main.go      Main, which calls everything
//	types.go     what the generator knows of types
//	scope.go     names, which shadow one another, packages and predeclared ones
//	path.go      operands: variables and what is in them
//	value.go     expressions without calls
//	expr.go      operators, conversions, builtins, literals, elements, fields
//	call.go      functions, methods, closures, method values and expressions, f(g())
//	function.go  bodies of functions and literals
//	stmt.go      statements
//	assign.go    declarations and assignments, in two phases too
//	branch.go    if, switch, type switch
//	loop.go      for, ranges over all that is no function
//	iterate.go   iterators, and ranges over them
//	channel.go   channel operations, select
//	jump.go      break, continue, goto, return
//	defer.go     defer, panic, recover, Goexit
//	local.go     closures, constants and types in functions
//
// Calls that suspend stand wherever an expression can, beside calls that only print,
// so that the order of evaluation shows.
//
// # Exceptions
//
// Left out is what has no single meaning under gc: elements of maps beside calls,
// conversions of structs and pointers to interfaces beside calls, the order of maps
// with several entries, two operands of one statement that both panic. Left out as
// well are package-level variables that share memory with local ones, since such a
// variable belongs to the process and not to the saved state.
package progen
