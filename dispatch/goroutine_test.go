//go:build !durable

package dispatch_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// Await in a goroutine is refused in the volatile build too, where it could work: coroc
// refuses to compile it.
func TestAwaitInGoroutine(t *testing.T) {
	inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })
	w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
		var err, gerr error
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err = inc.Await(ctx, n)
			_, gerr = inc.Gather(ctx, []int{n})
		})
		wg.Wait()
		assert.ErrorIs(t, err, dispatch.ErrOutside)
		assert.ErrorIs(t, gerr, dispatch.ErrOutside)
		assert.ErrorContains(t, err, "goroutine")
		return inc.Await(ctx, n)
	})
	begin(t, inc, w)
	out, err := ask(t, w, 5)
	require.NoError(t, err)
	assert.Equal(t, 6, out)
}
