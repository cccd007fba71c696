// Package coroutine provides coroutines: functions that suspend, give a value to
// whoever runs them, receive one, and go on from the line where they were. Compiled
// by coroc, their call stack can be saved as bytes and resumed in another process.
//
//	c := coroutine.New[int, string](func() {
//		for i := 1; ; i++ {
//			if coroutine.Yield[int, string](i) == "enough" {
//				return
//			}
//		}
//	})
//	for c.Next() {
//		c.Send(reply(c.Recv()))
//	}
//
// # Promise
//
// A program behaves the same in its two builds.
//
// Without a build tag it is volatile: the stack of a suspended coroutine is that of
// a goroutine, and [Context.Marshal] returns [ErrNotDurable].
//
// With the tag durable, and compiled by coroc, the stack is a list of frames, which
// [Context.Marshal] writes down and [Context.Unmarshal] loads into a fresh coroutine
// made by the same New. What the entry function captures belongs to the process that
// calls New, not to the state: a pointer to a captured variable is saved as the name
// of that variable and loaded as a pointer to the new process's own. The last value
// yielded, the value sent, the result and the fact that a coroutine has not started
// or has finished are part of the state. It is an error, never a panic, to save a
// coroutine that is running, to load into one that has started, or to load bytes
// that are not its state.
//
// In both builds:
//
//   - A panic of the body leaves Next as that panic: recover finds the identical
//     value, and a crash report shows the lines of the body. [runtime.Goexit] in the
//     body ends the goroutine that called Next, as it does in a call, when all deferred
//     calls have run, also those that yield.
//   - [Coroutine.Stop] runs the pending defers and cannot be stopped by a recover.
//   - Coroutines nest. [Yield] suspends the innermost one.
//
// In a durable build a coroutine that another one has, in whatever variable or value, is
// part of that one's state: both go on where they were, and share what they shared. What
// the inner one's function captures is part of the state then. It must have been compiled
// by coroc, and must not be running.
//
// # Exceptions
//
//   - Yield outside of a coroutine panics. In a durable build, code that coroc has
//     not compiled is outside of any coroutine, even when it is called from one: its
//     frame could not be saved. The panic names that function. A goroutine started by
//     the body is outside in both builds.
//   - In a durable build a deferred call that yields ends there if what has called Goexit is
//     code that coroc has not compiled, such as the FailNow of a test, or calls it as a func
//     value.
//   - A coroutine is not safe for concurrent use. Different goroutines may run it one
//     after the other.
//   - In a volatile build, a coroutine that is suspended and then dropped keeps its
//     goroutine for as long as the process lives: call Stop. A durable one is
//     collected as any other value; its defers do not run then.
//   - In a volatile build, a body that suspends must not hold a thread lock
//     ([runtime.LockOSThread]) that the goroutine calling Next does not hold, and a
//     coroutine started under such a lock, which includes package initialization,
//     must go on under it: the Go runtime ends the program otherwise ([iter.Pull]).
//   - The body of a volatile coroutine runs on a goroutine of its own, that of a
//     durable one on the caller's. Code that asks for the goroutine can tell.
package coroutine
