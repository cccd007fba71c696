package dispatch

import (
	"context"
	"fmt"
)

// Cancel tells a call to end, and returns when that will not be forgotten. Of a call that is
// done nothing changes. One that has not begun, or waits for its next attempt, ends with
// [StatusCanceled]; one that runs has its context done, and is not tried again after that; one
// that awaits has what it awaits canceled in turn, and goes on when that has ended: see
// [Function.Await]. So its function can clean up, return an error, or a result after all;
// what it returns is recorded.
//
// On a store that several processes share, the call may be one that another process has, or none:
// who has it, or claims it later, learns of it.
func (d *Dispatcher) Cancel(ctx context.Context, id ID) error {
	if err := d.engine.Cancel(ctx, string(id)); err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	return nil
}
