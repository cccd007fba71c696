// Package dispatch composes functions into workflows that a crash cannot stop.
//
// A workflow is an ordinary Go function that calls other functions with Await and Gather:
//
//	var charge = dispatch.Func("charge",
//		func(ctx context.Context, customerID string) (receiptID string, err error) {
//			return payments.Charge(ctx, customerID, string(dispatch.CallID(ctx)))
//		})
//
//	var bill = dispatch.Func("bill",
//		func(ctx context.Context, month time.Time) ([]string, error) {
//			ids, err := findCustomers.Await(ctx, month)
//			if err != nil {
//				return nil, fmt.Errorf("failed to list customers: %w", err)
//			}
//			return charge.Gather(ctx, ids)
//		})
//
//	d, err := dispatch.New(findCustomers, charge, bill, dispatch.WithStore("billing.db"))
//	id, err := bill.Dispatch(ctx, month, dispatch.WithKey("2026-11"))
//	err = d.Run(ctx)
//
// # Promise
//
//   - A call that was dispatched is run until it is done, over crashes and restarts.
//   - A result is recorded once. A call that succeeded, or failed for good, never runs again.
//   - A call whose attempt failed temporarily, took too long or lost its process is tried
//     again, with growing waits; see [RetryPolicy] and [StatusOf].
//   - Nothing with an effect starts before what caused it is on disk: an awaited call is run
//     when it and the state of the function that awaits it are committed, and that function
//     goes on when the results are.
//   - An error crosses an await whole: message, status, chain; see [Error].
//   - A panic in a function is its error, with the stack. It does not end the program.
//
// # Two builds
//
// With the build tag durable, after coroc has compiled the functions that await, the stack
// of a function is stored at each await, and any process with the same functions goes on
// from that line. Nothing is replayed, so a function may use time, random numbers and maps
// as it likes.
//
// Without the tag a function that awaits is a goroutine that waits. The same program runs
// the same way, until the process ends: then a call that has awaited begins anew from its
// input, with new calls in place of those it had made. Of the old ones, those that are not
// done are canceled; those that are stay recorded, but their results are not used again.
//
// # At least once
//
// Between two awaits a function may run more than once: a crash after an effect and before
// the commit that follows it cannot be told from one before the effect. What must happen
// once needs a key that the other side knows again, and [CallID] is that key: unique for
// all time, and the same in all attempts of a call. (In a volatile build a workflow that
// begins anew makes new calls, with other ids.)
//
// # What is stored
//
// Inputs and outputs are JSON. They are read by other versions of the program, by other
// functions and by people who look into the file, and JSON needs nothing to be registered,
// in either build. What JSON would change silently is refused: types with unexported
// fields, channels, functions and interfaces with methods when [New] is called, strings
// that are not UTF-8 and numbers that are not finite when they occur. Two things are as
// JSON has them: a number in a value of type any comes out as float64, and pointers to one
// variable come out as pointers to several.
//
// The state of a suspended function is not JSON but in the format of package runtime, with
// pointers, closures and all. If something cannot be saved, such as a channel that is still
// in use behind the await, the await returns an error with the path to it, and nothing that
// was awaited has begun. What belongs to the process is
// saved by name and is that of the process which goes on: the function's context, its
// captures, the functions of the dispatcher, package-level variables, what [Bind] names.
// With [WithSealer] states are stored encrypted, each for its call and await only.
//
// # Progress
//
// [SetProgress] stores how far a call is, in whatever form its function likes; [Dispatcher.Lookup]
// shows it.
//
// # Canceling
//
// [Dispatcher.Cancel] makes a call end, and what it awaits. The function's context is done, also
// in the next process; it can clean up, with awaits, if it uses [context.WithoutCancel].
//
// # Time
//
// [Sleep] and [SleepUntil] are awaits too: of calls that are done when their time has come, also
// if that was while no process ran. [Function.AwaitWithin] awaits a call for so long at most.
//
// # Options
//
// What [Func] sets for all calls of a function [Function.With] sets for some: how long an attempt may
// take, when another one is made, when the call begins, its priority and partition, and by when it has to
// be done: see [WithLifetime].
//
// # Events
//
// A function waits for an [Event], which anyone sends to its call: alone, or with calls and against the
// clock. Each one is received once, and those that come early wait.
//
// # Several calls
//
// [Function.Gather], [Function.Any] and [Function.Race] are for calls of one function. [AwaitCalls] is for calls of any functions, for
// sleeps and events; it waits for [All], [Any], the first ([Race]) or some ([AtLeast]) of them, and cancels
// those that are not needed then.
//
// [Function.Start] begins a call and goes on; its [Future] is awaited later, alone or with others. It
// ends with the call that has begun it.
//
// [Function.Tail] ends a function by handing its call over to another one, or to itself: a workflow that goes
// on for ever does not grow.
//
// # Exceptions
//
//   - A function awaits itself, one thing at a time; Gather is for several. In a goroutine or
//     coroutine that it runs, Await returns [ErrOutside].
//   - A deadline of a context does not end an await. It goes on to count: a context that the
//     function has derived is saved with its deadline, and has ended when the await returns if
//     that has passed.
//   - An attempt that ends with the process is not counted. A call whose attempts do so
//     again and again is parked with [StatusCrashed] until [Dispatcher.Retry]; see
//     [WithCrashLimit].
//   - A state that does not fit the program parks its call with [StatusIncompatibleState],
//     and so does an await by code that coroc has not compiled, in a durable build. The call
//     is not lost, and tried again at each start; Wait returns [ErrParked] for it.
//     [CheckStates] finds such states before a program takes over a store.
//
// What an operator needs to know is in docs/operations.md. Below this package, dispatchtest tests
// workflows, cron makes calls on schedule, dispatchprom and dispatchotel observe.
package dispatch
