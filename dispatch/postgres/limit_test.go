//go:build !durable

package postgres_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// Rates, concurrency and the order of partitions hold over all processes with a database, also when one
// dies.
func TestLimits(t *testing.T) {
	const rate, most, partitions, calls = 100, 4, 5, 400
	url, schema := pgtest.Schema(t)
	var mu sync.Mutex
	var at []time.Time
	running := make(map[*dispatch.Dispatcher]int)
	order := make(map[string][]int)
	dead := make(map[*dispatch.Dispatcher]bool)
	greatest := 0
	type item struct {
		Partition string
		N         int
	}
	store := postgres.Store(url, postgres.Schema(schema), postgres.Lease(3*time.Second))
	begin := func() *dispatch.Dispatcher {
		var d *dispatch.Dispatcher
		work := dispatch.Func("work", func(ctx context.Context, i item) (int, error) {
			mu.Lock()
			if dead[d] {
				mu.Unlock()
				return 0, ctx.Err()
			}
			at = append(at, time.Now())
			running[d]++
			sum := 0
			for _, n := range running {
				sum += n
			}
			greatest = max(greatest, sum)
			if !slices.Contains(order[i.Partition], i.N) {
				order[i.Partition] = append(order[i.Partition], i.N)
			}
			mu.Unlock()
			time.Sleep(20 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if !dead[d] {
				running[d]--
			}
			return i.N, nil
		}, dispatch.WithRate(rate, time.Second), dispatch.WithFleetConcurrency(most),
			dispatch.WithPartitionLimits(dispatch.PartitionLimits{Concurrency: 1}))
		var err error
		d, err = dispatch.New(work, store, dispatch.WithGrace(0))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			assert.NoError(t, <-ended)
			assert.NoError(t, d.Close())
		})
		return d
	}
	ds := []*dispatch.Dispatcher{begin(), begin(), begin()}
	work := dispatch.Func("work", func(context.Context, item) (int, error) { return 0, nil })
	d, err := dispatch.New(dispatch.Elsewhere(work), store)
	require.NoError(t, err)
	defer func() { assert.NoError(t, d.Close()) }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var ids []dispatch.ID
	for n := range calls {
		partition := []string{"", "a", "b", "c", "d"}[n%partitions]
		id, err := work.Dispatch(ctx, item{partition, n}, dispatch.WithPartition(partition))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	time.Sleep(time.Second)
	mu.Lock()
	dead[ds[0]] = true
	delete(running, ds[0])
	mu.Unlock()
	ds[0].Kill()
	for _, id := range ids {
		_, err := work.Wait(ctx, id)
		require.NoError(t, err)
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d attempts in %s, at most %d at a time", len(at), at[len(at)-1].Sub(at[0]), greatest)
	assert.LessOrEqual(t, greatest, most)
	const allowed = rate + rate*3/10 // tokens are used up to 0.1 s late, and this machine is busy
	for i := range at {
		if j := i + allowed; j < len(at) {
			assert.Greater(t, at[j].Sub(at[i]), time.Second)
		}
	}
	for _, partition := range []string{"a", "b", "c", "d"} {
		assert.Len(t, order[partition], calls/partitions)
		assert.True(t, slices.IsSorted(order[partition]), "%s: %v", partition, order[partition])
	}
}
