package dispatch_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// BenchmarkClimb runs workflows of ten awaits and a gather of three, many at a time: the
// time is for one workflow.
func BenchmarkClimb(b *testing.B) {
	for _, parallel := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			step := dispatch.Func("step", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
			leaf := dispatch.Func("leaf", func(_ context.Context, n int) (int, error) { return n, nil })
			s := &stairs{step: step, leaf: leaf}
			s.climb = dispatch.Func("climb", s.workflow())
			d, err := dispatch.New(step, leaf, s.climb, dispatch.WithStore(filepath.Join(b.TempDir(), "calls.db")))
			require.NoError(b, err)
			defer d.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go d.Run(ctx)
			var wg sync.WaitGroup
			var mu sync.Mutex
			b.ResetTimer()
			n := 0
			for range parallel {
				wg.Go(func() {
					for {
						mu.Lock()
						n++
						over := n > b.N
						mu.Unlock()
						if over {
							return
						}
						id, err := s.climb.Dispatch(ctx, 10)
						if err != nil {
							b.Error(err)
							return
						}
						if out, err := s.climb.Wait(ctx, id); err != nil || out != answer(10) {
							b.Error(out, err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "workflows/s")
		})
	}
}
