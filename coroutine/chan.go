package coroutine

import "github.com/coroc-dev/coroc/runtime"

// Chan is a channel that belongs to the coroutine that uses it: nothing outside of the coroutine,
// such as a goroutine, sends to it, receives from it or closes it. It is made as any
// channel is, and is one in all respects; but it is part of the coroutine's state, with its
// capacity, what is in its buffer, and whether it is closed.
//
//	queue := make(coroutine.Chan[string], 10)
//
// Saving a state cannot find out by itself whom a channel belongs to: a goroutine that will send
// to it some day would do so in vain in another process, where the coroutine waited for ever. So
// other channels cannot be saved, unless they are what a package-level variable holds, or
// are bound. A Chan on which a goroutine waits cannot be saved either.
//
// Conversions to other channel types, such as <-chan T for a parameter, remain the same
// channel, also in a state that has the Chan too.
type Chan[T any] = runtime.Chan[T]
