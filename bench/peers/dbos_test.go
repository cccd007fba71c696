package peers_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
)

// steps is how many a workflow has.
const steps = 10

// times are what an engine has needed.
type times struct {
	turns []time.Duration
	each  []time.Duration
	used  time.Duration // of the processor
}

// turn runs f n times, on so many goroutines.
func (t *times) turn(b *testing.B, parallel, n int, f func() error) {
	latencies := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range parallel {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begin := time.Now()
				if err := f(); err != nil {
					b.Error(err)
					return
				}
				latencies[i] = time.Since(begin)
			}
		})
	}
	wg.Wait()
	t.turns, t.each = append(t.turns, time.Since(begin)), append(t.each, latencies...)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkDBOS runs workflows of ten steps that do nothing: steps of DBOS, which run where
// the workflow does, and awaited calls here, each of which can run anywhere. The engines take turns;
// of the turns the medians count.
func BenchmarkDBOS(b *testing.B) {
	if !coroutine.Durable {
		b.Skip("to be run with -tags durable")
	}
	for _, s := range stores {
		for _, parallel := range []int{1, 64} {
			b.Run(fmt.Sprint(s.name, "/", parallel), func(b *testing.B) {
				const turns = 5
				n := 40 * min(parallel, 10) // workflows of a turn
				engines := s.start(b)
				all := make([]times, len(engines))
				used := processor(b, s.name == "postgres")
				for b.Loop() {
					for range turns {
						for i, e := range engines {
							before := used()
							all[i].turn(b, parallel, n, returning(e.steps, steps))
							all[i].used += used() - before
						}
					}
				}
				last := all[len(all)-1]
				theirs := median(last.turns).Seconds()
				for i, e := range engines {
					e.stop()
					ours := median(all[i].turns).Seconds()
					b.ReportMetric(float64(n)/ours, e.name+"workflows/s")
					b.ReportMetric(milliseconds(median(all[i].each)), e.name+"p50-ms")
					b.ReportMetric(float64(all[i].used.Microseconds())/float64(len(all[i].each)), e.name+"cpu-µs/workflow")
					b.ReportMetric(float64(e.disk())/float64(len(all[i].each)), e.name+"disk-B/workflow")
					if e.name != "dbos-" {
						b.ReportMetric(theirs/ours, e.name+"x-dbos")
						b.ReportMetric(float64(last.used)/float64(all[i].used), e.name+"x-dbos-cpu")
					}
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkChildren is one workflow that gathers 1,000 calls; workflows, with DBOS.
func BenchmarkChildren(b *testing.B) {
	if !coroutine.Durable {
		b.Skip("to be run with -tags durable")
	}
	const children = 1000
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) {
			engines := s.start(b)
			all := make([]times, len(engines))
			for b.Loop() {
				for range 5 {
					for i, e := range engines {
						if e.name != "two-" { // to which it makes no difference
							all[i].turn(b, 1, 1, returning(e.fan, children))
						}
					}
				}
			}
			for i, e := range engines {
				e.stop()
				if e.name != "two-" {
					b.ReportMetric(milliseconds(median(all[i].turns)), e.name+"ms")
				}
			}
			b.ReportMetric(median(all[len(all)-1].turns).Seconds()/median(all[0].turns).Seconds(), "x-dbos")
			b.ReportMetric(0, "ns/op")
		})
	}
}
