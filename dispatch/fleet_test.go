package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Dispatchers that share a store share its work, and go on with that of one that dies, or that
// is so slow that it loses what it has. Here in one process, where time passes by itself.
func TestFleet(t *testing.T) {
	const processes, workflows, n = 4, 300, 6 // more than one process takes on
	for _, dying := range []bool{false, true} {
		t.Run(fmt.Sprint("dying ", dying), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				var mu sync.Mutex
				ran := make(map[int]int)
				parents := make(map[dispatch.ID]dispatch.ID)
				var all []*stairs
				var ds []*dispatch.Dispatcher
				begin := func(number int) {
					s := newStairs(nil, time.Second, dispatch.WithConcurrency(2))
					d, err := dispatch.New(append(s.options(), dispatch.WithStoreFrom(m.Shared(15*time.Second)), dispatch.WithResident(0),
						dispatch.WithGrace(0), dispatch.WithObserver(func(ev dispatch.AttemptEvent) {
							mu.Lock()
							defer mu.Unlock()
							if ev.Kind == dispatch.AttemptEnded {
								ran[number]++
							}
							parents[dispatch.ID(ev.Call)] = dispatch.ID(ev.Parent)
							assert.NotEmpty(t, ev.Root)
						}))...)
					require.NoError(t, err)
					run(t, d)
					all, ds = append(all, s), append(ds, d)
				}
				for number := range processes {
					begin(number)
				}
				var ids []dispatch.ID
				for range workflows {
					id, err := all[0].climb.Dispatch(t.Context(), n)
					require.NoError(t, err)
					ids = append(ids, id)
				}
				if dying {
					time.Sleep(2500 * time.Millisecond)
					ds[0].Kill()
					time.Sleep(20 * time.Second)
					ds[1].Kill()
					begin(processes)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				last := all[len(all)-1]
				for _, id := range ids {
					out, err := last.climb.Wait(ctx, id)
					require.NoError(t, err)
					require.Equal(t, answer(n), out)
				}
				stats, err := ds[len(ds)-1].Stats(ctx)
				require.NoError(t, err)
				assert.Zero(t, stats.Ready+stats.Suspended+stats.Parked+stats.Failed)
				if isDurable {
					assert.EqualValues(t, workflows*(1+n+3), stats.OK, "each call is made once")
				}
				mu.Lock()
				defer mu.Unlock()
				t.Log(ran)
				assert.Greater(t, len(ran), 1, "one has done it all")
				for id, parent := range parents {
					info, err := ds[len(ds)-1].Lookup(ctx, id)
					require.NoError(t, err)
					assert.Equal(t, info.Parent, parent)
				}
			})
		})
	}
}
