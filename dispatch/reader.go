package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// Reader reads a store that another process may own. It never writes. Its methods may be called by
// any number of goroutines.
type Reader struct {
	store store.Reader
	names *engine.Names
}

// OpenReader opens the SQLite file at path for reading.
func OpenReader(path string) (*Reader, error) {
	return OpenReaderFrom(context.Background(), sqliteFile(path))
}

// OpenReaderFrom opens a store for reading.
func OpenReaderFrom(ctx context.Context, s StoreSource) (*Reader, error) {
	r, err := s.OpenReader(ctx)
	if err != nil {
		return nil, fmt.Errorf("dispatch: %w", err)
	}
	return &Reader{r, engine.NewNames(r)}, nil
}

// Close closes the reader.
func (r *Reader) Close() error { return r.store.Close() }

// Stats counts the calls in the store. It reads all of them.
func (r *Reader) Stats(ctx context.Context) (Stats, error) {
	counts, err := r.store.Counts(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("dispatch: %w", err)
	}
	return stats(counts), nil
}

// Calls calls f with each call in the store, in the order in which they were made, until f
// returns false.
func (r *Reader) Calls(ctx context.Context, f func(CallInfo) bool) error {
	return r.each(ctx, r.store.Calls, f)
}

// Unfinished calls f with each call that is not done, in the order in which they were made, until f
// returns false. It does not read what may be large: Input, Output, Err and State are missing.
func (r *Reader) Unfinished(ctx context.Context, f func(CallInfo) bool) error {
	return r.each(ctx, r.store.Unfinished, func(info CallInfo) bool {
		info.State = 0
		return f(info)
	})
}

func (r *Reader) each(ctx context.Context, next func(context.Context, int64, int) ([]store.Call, error), f func(CallInfo) bool) error {
	for after := int64(0); ; {
		calls, err := next(ctx, after, 256)
		if err != nil {
			return fmt.Errorf("dispatch: %w", err)
		}
		if len(calls) == 0 {
			return nil
		}
		infos, err := callInfos(ctx, r.names, calls)
		if err != nil {
			return err
		}
		for _, info := range infos {
			if !f(info) {
				return nil
			}
		}
		after = calls[len(calls)-1].ID
	}
}

// Lookup returns what is stored about the call with that id, or [ErrNoSuchCall].
func (r *Reader) Lookup(ctx context.Context, id ID) (CallInfo, error) {
	c, err := r.names.Call(ctx, string(id))
	if err != nil {
		return CallInfo{}, fmt.Errorf("dispatch: %w", err)
	}
	return callInfo(ctx, r.names, c)
}

// LookupKey returns what is stored about the call that was made with that key (see [WithKey]),
// or [ErrNoSuchCall].
func (r *Reader) LookupKey(ctx context.Context, key string) (CallInfo, error) {
	c, err := engine.ByKey(ctx, r.store, key)
	if err != nil {
		return CallInfo{}, fmt.Errorf("dispatch: %w", err)
	}
	return callInfo(ctx, r.names, c)
}

// State returns the state of a call as it is stored, sealed if it was sealed: nil if there is none,
// as of a call that is not suspended, or is in the memory of its process only. `coroc inspect` and
// [github.com/coroc-dev/coroc/runtime.Inspect] show what is in it.
func (r *Reader) State(ctx context.Context, id ID) ([]byte, error) {
	c, err := r.names.Call(ctx, string(id))
	if err != nil {
		return nil, fmt.Errorf("dispatch: %w", err)
	}
	return c.State, nil
}

// Awaited calls f with each call that a suspended call waits for, done or not, in the order in which
// it has them, until f returns false. A call of the function "dispatch.sleep" waits for its time, one
// of "dispatch.event" for the event whose name is its input.
func (r *Reader) Awaited(ctx context.Context, id ID, f func(CallInfo) bool) error {
	c, err := r.names.Call(ctx, string(id))
	if err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	for child, err := range engine.Awaited(ctx, r.store, c) {
		if err != nil {
			return fmt.Errorf("dispatch: %w", err)
		}
		info, err := callInfo(ctx, r.names, child)
		if err != nil {
			return err
		}
		if !f(info) {
			return nil
		}
	}
	return nil
}
