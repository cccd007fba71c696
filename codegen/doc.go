// Package codegen turns the smaller Go that package desugar leaves into state
// machines: twins, frames, records of func values, pending defers, and what the
// runtime has to know of them by name.
//
// # Promise
//
// A twin does what its source does, up to a suspension and, resumed from its frame
// in any process, from there on. The statements that contain a suspending call, the
// spine, are flattened to labels and gotos at the top of the function; all others
// stay structured. Only the variables that are live across a site are saved, and only those
// that are mentioned in more than one stretch between labels are declared at the
// top.
//
//	what                        becomes
//	func f(a A) R               func durable_f(c *coroc.Coroutine, a A) R; f calls it on coroc.Detached
//	method M                    Durable_M on the same receiver
//	x = f(a), suspending        site_1: x = durable_f(c, a); if !c.Running() { *coroc.Frame[...](c) = ...; return }
//	i.M(a), suspending          if twin, ok := i.(interface{ Durable_M(...) }); ok { twin.Durable_M(c, a) } else { i.M(a) }
//	g(a), a func value          if twin, ok := coroc.RecordOf(g).(interface{ DurableCall(...) }); ok { ... } else { g(a) }
//	if, for, switch of a spine  conditional gotos
//	func(...) { ... }           durable_new_f_func1(captured...), a func value with a record behind it
//	x.M as a value              likewise, with the receiver in the record
//	f as a value                stays; its code is registered by name
//	defer g(a)                  defers.Defer(&durable_defer_f_1{...}); one real defer at entry runs them
//	recover()                   recovers.Recover(), where the defers that called the function keep the panic
//
// # Exceptions
//
// A function that mentions recover keeps its own body as its plain form, since
// recover only works in the function that a defer calls. A type that cannot be
// written in the package (unexported in another, or declared inside a function that
// is not compiled) cannot be kept in a frame and is reported.
package codegen
