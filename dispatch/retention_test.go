package dispatch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Calls go when they are old, and keys with them.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dispatch.Func("f", func(_ context.Context, i int) (int, error) { return i, nil })
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()), dispatch.WithRetention(dispatch.Retention{Age: time.Hour}))
		require.NoError(t, err)
		defer run(t, d)()
		id, err := f.Dispatch(t.Context(), 1, dispatch.WithKey("k"))
		require.NoError(t, err)
		_, err = f.Wait(t.Context(), id)
		require.NoError(t, err)
		time.Sleep(50 * time.Minute)
		same, err := f.Dispatch(t.Context(), 1, dispatch.WithKey("k"))
		require.NoError(t, err)
		assert.Equal(t, id, same)
		time.Sleep(20 * time.Minute)
		_, err = f.Wait(t.Context(), id)
		require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
		other, err := f.Dispatch(t.Context(), 2, dispatch.WithKey("k"))
		require.NoError(t, err)
		assert.NotEqual(t, id, other)
	})
}

func TestRetentionRefused(t *testing.T) {
	for _, r := range []dispatch.Retention{{}, {Age: -1}, {Age: 1, Count: -1}} {
		_, err := dispatch.New(dispatch.WithStoreFrom(memory.New()), dispatch.WithRetention(r))
		assert.EqualError(t, err, "dispatch: retention: a rule needs an age or a count, and neither may be negative")
	}
}
