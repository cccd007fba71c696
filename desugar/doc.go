// Package desugar rewrites Go to a smaller Go, in which a compiler to state
// machines has no puzzles left to solve.
//
// # The promise
//
// The rewritten function does what its source does, as gc compiles it: the same
// calls in the same order, the same values read at the same moment, the same
// panics. It is Go, it type-checks, and it can be read ([Format]). In the body of
// a durable function or literal:
//
//   - A call that may suspend stands alone: f(x), or t := f(x), or a, b = f(x)
//     with local variables on the left, or as the call of a defer statement.
//   - Its operands are local variables, constants, nil and declared functions:
//     evaluating them again has no effect and no other outcome. The receiver of a
//     method is a local variable that has the method itself: the path through
//     embedded fields, & and * are written out before.
//   - Statements that contain such a call are blocks, if, for, switch and type
//     switch without init statements and with nothing that suspends in their
//     heads, perhaps labelled; all else keeps the form that the user gave it.
//   - All local names of a declaration differ from one another and from those
//     around it. Local types stand at package level, local constants at the top
//     of the function, or at package level if a literal in it needs them.
//   - A variable that a frame would have to share with a pointer or with a
//     literal is a box: a variable of pointer type that never changes. Literals
//     that become records therefore capture by value.
//   - The body of a range over a function is a literal that the iterator is called
//     with. Its defer statements belong to the function around it
//     ([Package.BodyDefers]).
//   - Returns of functions with named results list them. Where a deferred call or
//     a literal may see the results, they are set before.
//
// [Verify] checks this.
//
// # The constructs
//
//	source                       smaller Go
//	------                       ----------
//	x + f(y+1)                   t_1 := y + 1; t_2 := f(t_1); x + t_2
//	g(x) + f()                   t_1 := g(x); t_2 := f(); t_1 + t_2
//	a && f()                     t_1 := a; if t_1 { t_1 = f() }
//	m[k], x = f()                t_1, t_2 := f(); m[k], x = t_1, t_2
//	p.q.M(), M on *Q             t_1 := &p.q; t_1.M()
//	g(f()), f with two results   t_1, t_2 := f(); g(t_1, t_2)
//	map[K]V{k: f()}              t_1 := map[K]V{}; t_2 := f(); t_1[k] = t_2
//	if init; f() { }             { init; t_1 := f(); if t_1 { } }
//	for init; f(); post { }      { init; for ; ; post { t_1 := f(); if !t_1 { break }; ... } }
//	continue, if post suspends   break cont_1, of cont_1: switch { default: body }
//	for i := ... captured        i := coroc.Box(...), a new one for each iteration
//	for i, v := range slice      t_1 := slice; t_2 := len(t_1); i := 0; for i < t_2 { v := t_1[i] }
//	for k, v := range m          t_1 := coroc.RangeMap(m); for t_1.Next() { k := t_1.Key(); ... }
//	for i, r := range string     for t_1 < len(s) { t_3, t_4 := coroc.DecodeRune(s[t_1:]); ... }
//	for v := range ch            for { v, t_1 := <-ch; if !t_1 { break }; ... }
//	for x := range seq { body }  seq(t_1), t_1 := func(x T) bool { body; return true }
//	for x := range slices.All(s) for x := range s; slices.Values, maps.All, Keys and Values too
//	switch x { case f(): }       the clause is chosen first, then switch t_1 { case 1: }
//	select around a site         select { case t_1 = <-ch: t_2 = 1 }; switch t_2 { case 1: }
//	L: for { goto L; break L }   L: ; L_loop: for { goto L; break L_loop }
//	x.f = f(g()), with gotos     { t_1 := g(); t_2 := f(t_1); x.f = t_2 }: jumped over as before
//	fallthrough around a site    if t_1 == 1 { ...; t_1 = 2 }; if t_1 == 2 { ... }
//	return f(), named results    n, err = f(); return n, err
//	defer x.f(y + 1)             t_1 := x.f; t_2 := y + 1; defer t_1(t_2)
//	x, captured and assigned     (*x), with x := coroc.Box(...)
//
// # Order of evaluation
//
// The specification leaves open when an operand is read that is not a call. gc
// reads most of them after the last call in the statement, and so does the
// result: they stay where they are, behind the calls that were hoisted. What gc
// evaluates where it stands (calls, receives, slice expressions, type assertions,
// && and ||, conversions of strings to slices, entries of map literals, what is
// converted to an interface through its address) is put into a temporary, if a
// suspending call follows. Receivers and method values count as operands: gc
// reads them late, unless it devirtualizes the call.
//
// # Exceptions
//
// Refused, with a position: durable code in files that import "C"; types without a
// name where one has to be written; in a package that declares predeclared names
// anew, the few constructs that need their old meaning.
//
// Different from the source: %T of a local type whose name is taken shows the
// number that was added to it. A range over a map goes through the keys that the
// map had when it began.
//
// A variable that a function in the same statement changes may be read before or
// after that where gc's own choice depends on its optimizations: an interface
// whose method call it devirtualizes, a local struct that is converted to an
// interface. A method that is promoted through an embedded field that has no name
// in this package keeps its implicit path, with a copy of the outer value, or its
// address, in a temporary.
package desugar
