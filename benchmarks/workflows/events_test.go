//go:build !durable

package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
)

// BenchmarkEvents sends events to so many workflows, one after the other to each: from the sending to when
// the workflow goes on with it.
func BenchmarkEvents(b *testing.B) {
	const events = 50 // for each workflow
	ctx := context.Background()
	for _, k := range kinds {
		for _, parallel := range []int{1, 64} {
			b.Run(fmt.Sprint(k.name, "/", parallel), func(b *testing.B) {
				f := workflows.New()
				passed := make([]chan time.Time, parallel)
				for i := range passed {
					passed[i] = make(chan time.Time, 1)
				}
				f.Pass = func(i int) { passed[i] <- time.Now() }
				store, _ := k.open(b)
				d := open(b, store, f)
				defer start(b, d)()
				var latencies []time.Duration
				var took time.Duration
				for b.Loop() {
					ids := make([]dispatch.ID, parallel)
					for i := range ids {
						var err error
						ids[i], err = f.Listen.Dispatch(ctx, events)
						require.NoError(b, err)
					}
					each := make([][]time.Duration, parallel)
					var next atomic.Int64
					begin := time.Now()
					require.NoError(b, callEach(parallel, parallel, func() error {
						i := int(next.Add(1)) - 1
						for range events {
							begin := time.Now()
							if err := workflows.Go.Send(ctx, d, ids[i], i); err != nil {
								return err
							}
							each[i] = append(each[i], (<-passed[i]).Sub(begin))
						}
						_, err := f.Listen.Wait(ctx, ids[i])
						return err
					}))
					took += time.Since(begin)
					latencies = append(latencies, slices.Concat(each...)...)
				}
				slices.Sort(latencies)
				b.ReportMetric(float64(len(latencies))/took.Seconds(), "events/s")
				b.ReportMetric(milliseconds(quantile(latencies, 0.5)), "p50-ms")
				b.ReportMetric(milliseconds(quantile(latencies, 0.99)), "p99-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
