package dispatch_test

import (
	"context"
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

// attempts are those of a fleet, as a service that they call sees them.
type attempts struct {
	mu      sync.Mutex
	at      []time.Time
	running map[*dispatch.Dispatcher]int
	most    int
	by      map[*dispatch.Dispatcher]int
}

func (a *attempts) begin(d *dispatch.Dispatcher) (end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Now())
	a.running[d]++
	a.by[d]++
	n := 0
	for _, r := range a.running {
		n += r
	}
	a.most = max(a.most, n)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if _, ok := a.running[d]; ok {
			a.running[d]--
		}
	}
}

// dies says that a process does not run anything any more.
func (a *attempts) dies(d *dispatch.Dispatcher) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, d)
}

// fleetOf runs processes that share a memory.
func fleetOf(t *testing.T, n int, takes time.Duration, opts ...dispatch.FuncOption) (*attempts, []*dispatch.Dispatcher, *dispatch.Function[int, int], func() *dispatch.Dispatcher) {
	m := memory.New()
	a := &attempts{running: make(map[*dispatch.Dispatcher]int), by: make(map[*dispatch.Dispatcher]int)}
	begin := func() *dispatch.Dispatcher {
		var d *dispatch.Dispatcher
		work := dispatch.Func("work", func(ctx context.Context, i int) (int, error) {
			defer a.begin(d)()
			select {
			case <-time.After(takes):
				return i, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}, opts...)
		var err error
		d, err = dispatch.New(work, dispatch.WithStoreFrom(m.Shared(15*time.Second)), dispatch.WithGrace(0))
		require.NoError(t, err)
		run(t, d)
		return d
	}
	var all []*dispatch.Dispatcher
	for range n {
		all = append(all, begin())
	}
	work := dispatch.Func("work", func(context.Context, int) (int, error) { return 0, nil })
	d, err := dispatch.New(dispatch.Elsewhere(work), dispatch.WithStoreFrom(m.Shared(15*time.Second)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return a, all, work, begin
}

// A rate holds over all processes, also while they die, and is used up.
func TestFleetRate(t *testing.T) {
	for _, r := range []struct {
		n   int
		per time.Duration
	}{{50, time.Second}, {2000, time.Second}, {30, time.Minute}} {
		t.Run(fmt.Sprint(r.n, " in ", r.per), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, ds, work, begin := fleetOf(t, 3, time.Millisecond, dispatch.WithRate(r.n, r.per))
				begun := time.Now()
				var ids []dispatch.ID
				total := 20 * r.n
				for i := range total {
					id, err := work.Dispatch(t.Context(), i)
					require.NoError(t, err)
					ids = append(ids, id)
				}
				for _, d := range ds[:2] {
					time.Sleep(r.per * 23 / 10)
					a.dies(d)
					d.Kill()
					begin()
				}
				for _, id := range ids {
					_, err := work.Wait(t.Context(), id)
					require.NoError(t, err)
				}
				a.mu.Lock()
				defer a.mu.Unlock()
				slices.SortFunc(a.at, func(x, y time.Time) int { return x.Compare(y) })
				const slack = 100 * time.Millisecond
				allowed := int(float64(r.n)*float64(r.per+slack)/float64(r.per)) + 1
				for i := range a.at {
					if j := i + allowed; j < len(a.at) {
						require.GreaterOrEqual(t, a.at[j].Sub(a.at[i]), r.per, "%d in %s", allowed+1, a.at[j].Sub(a.at[i]))
					}
				}
				last := a.at[len(a.at)-1].Sub(begun)
				t.Logf("%d attempts in %s", len(a.at), last)
				// Those that were lost with a process wait for its lease to pass.
				assert.Less(t, last, 22*r.per+60*time.Second)
			})
		})
	}
}

// So many run at a time in all processes, also while they die; each has a part, and what one does not need
// another one uses.
func TestFleetConcurrency(t *testing.T) {
	for _, most := range []int{1, 2, 5, 30} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, ds, work, begin := fleetOf(t, 3, 500*time.Millisecond, dispatch.WithFleetConcurrency(most))
				begun := time.Now()
				var ids []dispatch.ID
				total := 100*most + 400
				for i := range total {
					id, err := work.Dispatch(t.Context(), i)
					require.NoError(t, err)
					ids = append(ids, id)
				}
				time.Sleep(20 * time.Second)
				a.mu.Lock()
				used := len(a.at)
				for _, d := range ds {
					assert.Positive(t, a.by[d], "one has no part")
				}
				a.mu.Unlock()
				assert.Greater(t, used, 30*most, "of 40 in that time") // waits for its turn
				for _, d := range ds[:2] {
					time.Sleep(10300 * time.Millisecond)
					a.dies(d)
					d.Kill()
					begin()
				}
				for _, id := range ids {
					_, err := work.Wait(t.Context(), id)
					require.NoError(t, err)
				}
				a.mu.Lock()
				defer a.mu.Unlock()
				assert.Equal(t, most, a.most)
				t.Logf("%d of 40 a slot in 20 s; %d attempts in %s", used/most, len(a.at), a.at[len(a.at)-1].Sub(begun))
			})
		})
	}
}

// Alone in its store a process has the whole of it.
func TestFleetConcurrencyOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dispatch.Func("f", func(context.Context, int) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		}, dispatch.WithFleetConcurrency(7))
		begun := time.Now()
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		run(t, d)
		all(t, f, 70)
		assert.Less(t, time.Since(begun), 11*time.Second)
		assert.GreaterOrEqual(t, time.Since(begun), 10*time.Second)
	})
}
