// Package engine decides which call runs when. It knows functions by name, and their
// inputs, outputs, errors and states as bytes; package dispatch gives them types.
//
// # The life of a call
//
// A call begins as ready. It is suspended with each await, retrying after each attempt that failed
// for now, and aside, as unfit or crashing, while no attempt can be made. It ends as succeeded,
// failed or canceled. docs/life-of-a-call.md has the diagram; TestLife compares it with what this
// package does.
//
// Only that is stored. That a call runs is not, so a crash leaves a call
// where it was before the attempt: ready, to be run from its input, or suspended with all
// results there, to go on from its state. A suspended call without a state lived in the
// memory of a process; after a crash it is ready again, and the calls that it awaited are
// canceled unless they are done.
//
// # Promise
//
//   - What is done is recorded once. The store refuses to change a call that is done.
//   - Nothing with an effect starts before what caused it is durable: calls are run when
//     the commit that made them has succeeded, and who awaits them goes on when the commit
//     of the last result has. An eager function (Policy.Eager), and one that has no effects
//     (Turn.EffectFree), goes on before: see eager.go.
//   - Steps of all calls share commits. The one writer takes what has come in while the
//     last commit was going on, without waiting for more. If a shared commit fails, the
//     step to blame is found and left out; strangers do not notice.
//   - Calls of one function run at most as many at a time as its policy says, and begin no
//     faster, and the workflows that they belong to take turns. See package limit.
//   - A call makes progress or waits for something: for its turn, its time, its calls.
//
// # A fleet
//
// On a store that several processes share (store.Shared), each runs the calls that belong to
// its incarnation of the store: what it has made and has room for, and what it has claimed.
// See the type fleet. What is said above of a start holds for a claim there: a call that this
// process cannot load or store is left to the others.
//
// # Exceptions
//
//   - An attempt that is cut short by a crash is not counted among the attempts. Crashes in a
//     row are counted, so that a call whose function kills the process is parked at last: see
//     crash.go, and docs/operations.md for what is guaranteed.
//   - A function that does not return when its context is done is given up after a second,
//     not ended: Go has no way to do that. It keeps its place among those that run.
//   - A call that is canceled may still return a result, which is recorded then.
//   - A step that the store refuses for good leaves its call where it was until the next
//     start; this is logged as an error.
package engine
