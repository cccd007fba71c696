package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// Tail ends a function by handing its call over to f, whose result becomes that of the call. It
// returns what the function is to return:
//
//	func watchOnce(ctx context.Context, seen int) (int, error) {
//		n, err := count.Await(ctx, seen)
//		if err != nil || n == 0 {
//			return seen, err
//		}
//		return watch.Tail(ctx, seen+n) // watch is the function that runs watchOnce
//	}
//
// The call becomes one of f in one step, and is the same one for those that wait for it: its id, key,
// deadline, priority and partition stay. Attempts and awaits are counted from the beginning, and what
// f, or With, sets for timeout, retries and start holds from then on. So a workflow can go on for ever, and
// what is stored of it does not grow with its length, if there are rules for how long that stays: what it has
// called and received before it was handed over goes by those for what has ended well, see [WithRetention].
//
// What the function has begun with Start and not waited for ends when the call is handed over, and a future is
// of no use behind that.
//
// Nothing is handed over before the function has returned, with the error that Tail gives or one that
// wraps it: what it has deferred runs first. If the call was told to end meanwhile it ends.
//
// [CallID] of a call that was handed over is the id with a number behind it, so that what it
// does is told apart from what was done before; the methods of [Dispatcher] take both.
func (f *Function[I, O]) Tail(ctx context.Context, in I) (O, error) {
	var zero O
	inv := invocationOf(ctx)
	requests, err := f.requests(inv, ctx, in)
	if err != nil {
		return zero, err
	}
	return zero, &handOver{requests[0], inv.id()}
}

// handOver is the error of a function that hands its call over.
type handOver struct {
	request engine.Request
	call    ID
}

func (h *handOver) Error() string {
	return fmt.Sprintf("dispatch: call %s is to be handed over to %q: the function is to return this error", h.call, h.request.Function)
}
