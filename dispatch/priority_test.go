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

// Calls of a higher priority go before the others, which have a turn now and then, in one process
// as in a fleet.
func TestPriority(t *testing.T) {
	m := memory.New()
	for name, source := range map[string]dispatch.StoreSource{"one": memory.New(), "fleet": m.Shared(time.Minute)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var order []int
				work := dispatch.Func("work", func(_ context.Context, priority int) (int, error) {
					order = append(order, priority)
					time.Sleep(time.Second)
					return priority, nil
				}, dispatch.WithConcurrency(1))
				d, err := dispatch.New(work, dispatch.WithStoreFrom(source))
				require.NoError(t, err)
				const n = 30
				var ids []dispatch.ID
				for i := range 3 * n {
					p := i/n - 1
					id, err := work.Dispatch(t.Context(), p, dispatch.WithPriority(p))
					require.NoError(t, err)
					ids = append(ids, id)
				}
				synctest.Wait() // for a fleet to know of all, since what it has claimed it keeps
				run(t, d)
				for _, id := range ids {
					_, err := work.Wait(t.Context(), id)
					require.NoError(t, err)
				}
				require.Len(t, order, 3*n)
				at := make(map[int]int)
				for i, p := range order {
					at[p] += i
				}
				t.Log(order)
				assert.Less(t, at[1]/n, at[0]/n)
				assert.Less(t, at[0]/n, at[-1]/n)
				assert.Contains(t, order[:n], -1, "it is starved")
			})
		})
	}
}
