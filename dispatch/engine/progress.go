package engine

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// SetProgress stores what the function of a call that this process has says of how far it is.
func (e *Engine) SetProgress(ctx context.Context, id string, progress []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	c := e.calls[number(id)]
	e.mu.Unlock()
	if c == nil {
		return fmt.Errorf("call %s: %w", id, ErrElsewhere)
	}
	return e.writer.commitAs(c.generation, store.Step{Mark: []store.Mark{{ID: c.id, Progress: progress}}})
}
