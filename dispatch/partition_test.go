package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// partitions notes which calls of which partitions are under way.
type partitions struct {
	mu    sync.Mutex
	now   map[string]int
	most  map[string]int
	order map[string][]int // in which they first began
}

type item struct {
	Partition string
	N         int
}

func (p *partitions) begin(i item) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		p.now, p.most, p.order = make(map[string]int), make(map[string]int), make(map[string][]int)
	}
	p.now[i.Partition]++
	p.most[i.Partition] = max(p.most[i.Partition], p.now[i.Partition])
	if !slices.Contains(p.order[i.Partition], i.N) {
		p.order[i.Partition] = append(p.order[i.Partition], i.N)
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.now[i.Partition]--
	}
}

// Calls of a partition are under way as few at a time as they may be, in the order in which they
// were made, over failed attempts, delays and restarts; and those of another one do not wait for them.
func TestPartitionsInOrder(t *testing.T) {
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				p := new(partitions)
				failed := make(map[item]bool)
				begin := func() (*dispatch.Dispatcher, *dispatch.Function[item, int]) {
					work := dispatch.Func("work", func(ctx context.Context, i item) (int, error) {
						defer p.begin(i)()
						if i.Partition == "" {
							return i.N, nil
						}
						select {
						case <-time.After(time.Second):
						case <-ctx.Done():
							return 0, ctx.Err()
						}
						p.mu.Lock()
						defer p.mu.Unlock()
						if i.N%3 == 0 && !failed[i] {
							failed[i] = true
							return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not now"))
						}
						return i.N, nil
					}, dispatch.WithPartitionLimits(dispatch.PartitionLimits{Concurrency: most}),
						dispatch.WithRetry(dispatch.RetryPolicy{Initial: 5 * time.Second}), dispatch.WithBreaker(dispatch.Breaker{}))
					d, err := dispatch.New(work, dispatch.WithStoreFrom(m), dispatch.WithGrace(0))
					require.NoError(t, err)
					return d, work
				}
				d, work := begin()
				stop := run(t, d)
				var ids []dispatch.ID
				for n := range 20 {
					for _, name := range []string{"a", "b", ""} {
						opts := []dispatch.DispatchOption{dispatch.WithPartition(name)}
						if n == 4 {
							opts = append(opts, dispatch.WithDelay(10*time.Second))
						}
						id, err := work.Dispatch(t.Context(), item{name, n}, opts...)
						require.NoError(t, err)
						ids = append(ids, id)
					}
				}
				require.NoError(t, d.Cancel(t.Context(), ids[3*18]))
				time.Sleep(15 * time.Second)
				stop()
				d, work = begin()
				run(t, d)
				for i, id := range ids {
					_, err := work.Wait(t.Context(), id)
					require.Equal(t, i == 3*18, err != nil, err)
				}
				assert.Equal(t, most, p.most["a"])
				assert.Equal(t, most, p.most["b"])
				assert.Len(t, p.order["a"], 19)
				assert.Len(t, p.order["b"], 20)
				for _, name := range []string{"a", "b"} {
					if most == 1 {
						assert.True(t, slices.IsSorted(p.order[name]), p.order)
						continue
					}
					// Others have their turns beside the one that is delayed, and those that begin
					// at a time do so in any order.
					greatest := 0
					for _, n := range slices.DeleteFunc(p.order[name], func(n int) bool { return n == 4 }) {
						assert.Greater(t, n, greatest-most-1, p.order)
						greatest = max(greatest, n)
					}
				}
			})
		})
	}
}

// In a fleet it is so over all processes, also while they die.
func TestPartitionsInOrderInFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		p := new(partitions)
		var mu sync.Mutex
		dead := make(map[*dispatch.Dispatcher]bool)
		var own *dispatch.Function[item, int] // of the last one
		begin := func() *dispatch.Dispatcher {
			var d *dispatch.Dispatcher
			own = dispatch.Func("work", func(ctx context.Context, i item) (int, error) {
				end := p.begin(i)
				defer func() {
					mu.Lock()
					defer mu.Unlock()
					if !dead[d] {
						end()
					}
				}()
				select {
				case <-time.After(time.Second):
					return i.N, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}, dispatch.WithPartitionLimits(dispatch.PartitionLimits{Concurrency: 1}))
			var err error
			d, err = dispatch.New(own, dispatch.WithStoreFrom(m.Shared(15*time.Second)))
			require.NoError(t, err)
			run(t, d)
			return d
		}
		ds := []*dispatch.Dispatcher{begin(), begin(), begin()}
		work := dispatch.Func("work", func(context.Context, item) (int, error) { return 0, nil })
		d, err := dispatch.New(dispatch.Elsewhere(work), dispatch.WithStoreFrom(m.Shared(15*time.Second)))
		require.NoError(t, err)
		defer func() { assert.NoError(t, d.Close()) }()
		var ids []dispatch.ID
		for n := range 20 {
			for part := range 10 {
				by := []*dispatch.Function[item, int]{work, own}[part%2]
				id, err := by.Dispatch(t.Context(), item{fmt.Sprint("p", part), n}, dispatch.WithPartition(fmt.Sprint("p", part)))
				require.NoError(t, err)
				ids = append(ids, id)
				time.Sleep(time.Millisecond)
			}
		}
		for _, d := range ds[:2] {
			time.Sleep(4500 * time.Millisecond)
			mu.Lock()
			dead[d] = true
			mu.Unlock()
			p.mu.Lock()
			clear(p.now) // what the others run ends below nothing
			p.mu.Unlock()
			d.Kill()
			time.Sleep(30 * time.Second)
			begin()
		}
		for _, id := range ids {
			_, err := work.Wait(t.Context(), id)
			require.NoError(t, err)
		}
		for name, order := range p.order {
			assert.Equal(t, 1, p.most[name], name)
			assert.Len(t, order, 20)
			assert.True(t, slices.IsSorted(order), "%s: %v", name, order)
		}
	})
}

// Each partition has its own rate, and what is not used any more is forgotten.
func TestPartitionRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex
		at := make(map[string][]time.Duration)
		work := dispatch.Func("work", func(_ context.Context, name string) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			at[name] = append(at[name], time.Since(begun))
			return name, nil
		}, dispatch.WithPartitionLimits(dispatch.PartitionLimits{Rate: 2, Per: time.Second}))
		d, err := dispatch.New(work, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		run(t, d)
		var ids []dispatch.ID
		for n := range 200 {
			name := fmt.Sprint("p", n%10)
			id, err := work.Dispatch(t.Context(), name, dispatch.WithPartition(name))
			require.NoError(t, err)
			ids = append(ids, id)
		}
		require.NoError(t, d.Cancel(t.Context(), ids[195]))
		time.Sleep(time.Second / 10)
		assert.InDelta(t, 189, d.Load().Functions["work"].Queued, 1)
		for i, id := range ids {
			_, err := work.Wait(t.Context(), id)
			require.Equal(t, i == 195, err != nil)
		}
		for name, times := range at {
			for i := 1; i < len(times); i++ {
				assert.GreaterOrEqual(t, times[i]-times[i-1], 499*time.Millisecond, name)
			}
			assert.Less(t, times[len(times)-1], 10*time.Second, name)
		}
		assert.Len(t, at, 10)
	})
}

// The breaker of a partition that is apart does not hold up the others.
func TestPartitionsApart(t *testing.T) {
	for _, apart := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			work := dispatch.Func("work", func(_ context.Context, down bool) (int, error) {
				if down {
					return 0, dispatch.WithStatus(dispatch.StatusTCPError, errors.New("down"))
				}
				return 1, nil
			}, dispatch.WithPartitionLimits(dispatch.PartitionLimits{Apart: apart}), dispatch.WithBreaker(dispatch.Breaker{Window: time.Minute, Least: 10, Share: 0.5, Pause: time.Hour}))
			d, err := dispatch.New(work, dispatch.WithStoreFrom(memory.New()))
			require.NoError(t, err)
			run(t, d)
			for range 40 {
				_, err := work.Dispatch(t.Context(), true, dispatch.WithPartition("down"))
				require.NoError(t, err)
			}
			time.Sleep(time.Minute)
			begun := time.Now()
			id, err := work.Dispatch(t.Context(), false, dispatch.WithPartition("up"))
			require.NoError(t, err)
			_, err = work.Wait(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, apart, time.Since(begun) < time.Second)
		})
	}
}
