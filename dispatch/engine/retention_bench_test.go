package engine

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

// BenchmarkSweep removes 200,000 calls, of trees of 10, from a file while calls are made one by one:
// how fast, and what the latter notice of it, against the time before.
func BenchmarkSweep(b *testing.B) {
	const n = 200_000
	for b.Loop() {
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "s.db"))
		require.NoError(b, err)
		for id := int64(1); id <= n; id += 1000 {
			var step store.Step
			for i := id; i < id+1000; i++ {
				root := (i-1)/10*10 + 1
				step.Create = append(step.Create, store.Call{ID: i, Root: root, Parent: root % i, Function: "f", Phase: store.Done,
					Status: store.OK, Created: time.UnixMilli(1), Input: fmt.Append(nil, i), Output: fmt.Append(nil, i)})
			}
			require.NoError(b, s.Commit(b.Context(), []store.Step{step}))
		}
		e, err := New(Config{Store: s, Describe: func(store.Status, string) *Failure { return new(Failure) },
			Functions: []Function{{Name: "f"}}, Retention: []Retention{{Age: 1}}})
		require.NoError(b, err)
		measure := func(over *atomic.Bool) time.Duration {
			var times []time.Duration
			for !over.Load() {
				begin := time.Now()
				_, err := e.Dispatch(b.Context(), Request{Function: "f"}, "")
				require.NoError(b, err)
				times = append(times, time.Since(begin))
				time.Sleep(time.Millisecond)
			}
			slices.Sort(times)
			return times[len(times)/2]
		}
		var quiet, over atomic.Bool
		time.AfterFunc(3*time.Second, func() { quiet.Store(true) })
		before := measure(&quiet)
		begin := time.Now()
		go func() {
			defer over.Store(true)
			_, err := e.sweeper.pass(time.Now().Add(time.Hour))
			require.NoError(b, err)
		}()
		during := measure(&over)
		b.ReportMetric(n/time.Since(begin).Seconds(), "removed/s")
		b.ReportMetric(float64(before.Microseconds()), "µs-call-before")
		b.ReportMetric(float64(during.Microseconds()), "µs-call-during")
		require.NoError(b, e.Close())
	}
	b.ReportMetric(0, "ns/op")
}
