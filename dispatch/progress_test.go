//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// Progress can be read while the call runs, after a crash, and when it is done.
func TestProgress(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(ctx context.Context, _ int) (int, error) {
			if err := dispatch.SetProgress(ctx, map[string]int{"done": 1}); err != nil {
				return 0, err
			}
			if err := dispatch.Sleep(ctx, time.Hour); err != nil {
				return 0, err
			}
			return 0, dispatch.SetProgress(ctx, "all")
		})
		r.Use(f)
		id := dispatchtest.Dispatch(r, f, 1)
		time.Sleep(time.Minute)
		r.Crash()
		info, err := r.Dispatcher().Lookup(t.Context(), id)
		require.NoError(t, err)
		assert.JSONEq(t, `{"done":1}`, string(info.Progress))
		_, err = dispatchtest.Wait(r, f, id)
		require.NoError(t, err)
		info, err = r.Dispatcher().Lookup(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, `"all"`, string(info.Progress))
	})
	require.ErrorIs(t, dispatch.SetProgress(context.Background(), 1), dispatch.ErrOutside)
}
