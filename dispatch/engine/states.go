package engine

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// States reads the calls of a store that have a state: those that are suspended or parked.
// It calls f with each, as it is stored at that moment, in the order in which they were
// made, until f returns an error, and returns that. It holds one state at a time, and the
// heads of a page of calls.
func States(ctx context.Context, s interface {
	Unfinished(ctx context.Context, after int64, limit int) ([]store.Call, error)
	Call(ctx context.Context, id int64) (*store.Call, error)
}, names *Names, f func(id string, c *store.Call) error) error {
	for after := int64(0); ; {
		heads, err := s.Unfinished(ctx, after, page)
		if err != nil {
			return err
		}
		if len(heads) == 0 {
			return nil
		}
		for i := range heads {
			if heads[i].State == nil {
				continue
			}
			id, err := names.Format(ctx, heads[i].Incarnation, heads[i].ID)
			if err != nil {
				return err
			}
			c, err := s.Call(ctx, heads[i].ID)
			if err != nil {
				return fmt.Errorf("call %s: %w", id, err)
			}
			if c.State == nil {
				continue // it has gone on since
			}
			if err := f(id, c); err != nil {
				return err
			}
		}
		after = heads[len(heads)-1].ID
	}
}

// States does what the function States does with the engine's store. Calls may run meanwhile.
func (e *Engine) States(ctx context.Context, f func(id string, c *store.Call) error) error {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return ErrClosed
	}
	return States(ctx, e.store, e.names, f)
}
