//go:build !durable

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// BenchmarkTenSteps runs workflows of ten awaits, one after the other, in one process: the
// time is for one workflow. The private server does not sync; with DATABASE_URL it is the
// server's settings that count.
func BenchmarkTenSteps(b *testing.B) {
	for _, parallel := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			url, schema := pgtest.Schema(b)
			step := dispatch.Func("step", func(_ context.Context, n int) (int, error) { return n + 1, nil })
			ten := dispatch.Func("ten", func(ctx context.Context, n int) (int, error) {
				for range 10 {
					var err error
					if n, err = step.Await(ctx, n); err != nil {
						return 0, err
					}
				}
				return n, nil
			})
			d, err := dispatch.New(step, ten, postgres.Store(url, postgres.Schema(schema)))
			require.NoError(b, err)
			defer d.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go d.Run(ctx)
			var all sync.WaitGroup
			var begun atomic.Int64
			b.ResetTimer()
			for range parallel {
				all.Go(func() {
					for begun.Add(1) <= int64(b.N) {
						id, err := ten.Dispatch(ctx, 0)
						if err != nil {
							b.Error(err)
							return
						}
						if out, err := ten.Wait(ctx, id); err != nil || out != 10 {
							b.Error(out, err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "workflows/s")
		})
	}
}
