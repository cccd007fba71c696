// Package store is the contract between the engine and what keeps its calls.
//
// The promise: a step that was committed is not lost, is never half there, and a call that
// is done never changes again. Everything else (which call runs when, retries, who waits
// for whom) is decided by the engine; a store keeps records and compares nothing but ids.
//
// Ids of calls are integers that the engine gives out in ascending order. The calls that
// one await makes have ids without a gap between them, so a call refers to what it awaits
// by the first id and the count: there is no table of edges, and no index on a parent.
//
// What is sent to a call, an [Event], is a record of its own, which is noted as received in the step
// that makes it an outcome.
//
// A store belongs to one process at a time, unless it is [Shared]. Each time that a process
// takes it over, the store gives the ownership a number, which orders them, and a random name. A call keeps
// the number of the ownership that made it; the name is part of the id that the outside
// sees, so ids that were given out before a backup was restored are never given out again.
//
// Package [github.com/coroc-dev/coroc/dispatch/store/sqlite] is the store that is used
// unless another is asked for, [github.com/coroc-dev/coroc/dispatch/store/postgres] keeps
// calls in a database server; package storetest has the tests that every store passes.
package store
