package dispatch

import (
	"context"
	"fmt"
)

// SetProgress records how far the call is whose function was given ctx, for people and programs
// that look at it meanwhile: v, as JSON, is what [CallInfo.Progress] has from then on, also
// after a restart and when the call is done. It does not begin or end anything. It returns when
// v is stored, so it is for every second, not for every row.
func SetProgress(ctx context.Context, v any) error {
	inv := invocationOf(ctx)
	if inv == nil {
		return fmt.Errorf("dispatch: progress: %w", ErrOutside)
	}
	b, err := encodeJSON(v)
	if err != nil {
		return WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: progress: %w", err))
	}
	if err := inv.d.engine.SetProgress(ctx, inv.attempt.ID, b); err != nil {
		return fmt.Errorf("dispatch: progress: %w", err)
	}
	return nil
}
