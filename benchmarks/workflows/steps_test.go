package workflows_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
)

// measured is one way of running workflows of ten steps, with a store of its own.
type measured struct {
	f         *dispatch.Function[int, int]
	bytes     func() int64
	stop      func()
	commits   atomic.Int64
	latencies []time.Duration
	turns     []time.Duration
	same      []time.Duration // of the bare store, in as many transactions
}

func (m *measured) turn(b *testing.B, parallel, n int) {
	var mu sync.Mutex
	begin := time.Now()
	each(b, parallel, n, func() error {
		begin := time.Now()
		err := ask(m.f, steps)
		mu.Lock()
		m.latencies = append(m.latencies, time.Since(begin))
		mu.Unlock()
		return err
	})
	m.turns = append(m.turns, time.Since(begin))
}

// size returns how many steps a transaction has had.
func (m *measured) size() int {
	return max(1, int(math.Round(float64(len(m.latencies)*steps)/float64(m.commits.Load()))))
}

// report says how it went, against the bare store in as many transactions, and in those of one step of each workflow.
func (m *measured) report(b *testing.B, n int, all float64, prefix string) {
	b.ReportMetric(float64(m.size()), prefix+"steps/commit")
	m.stop()
	slices.Sort(m.latencies)
	us := median(m.turns).Seconds()
	b.ReportMetric(float64(n)/us, prefix+"workflows/s")
	b.ReportMetric(median(m.same).Seconds()/us, prefix+"x/bare")
	b.ReportMetric(all/us, prefix+"x/bare-all")
	b.ReportMetric(milliseconds(quantile(m.latencies, 0.5)), prefix+"p50-ms")
	b.ReportMetric(milliseconds(quantile(m.latencies, 0.99)), prefix+"p99-ms")
	b.ReportMetric(float64(m.bytes())/float64(len(m.latencies)), prefix+"disk-B/workflow")
}

// BenchmarkSteps runs workflows of ten steps that do nothing, some at a time: with one commit for
// a result and what follows from it, as coroc has proven it safe, and with one for each (two). They take turns with
// the bare store, which makes as many steps in as many transactions of the same size; and with one whose transactions have one step of
// each of so many workflows (bare-all), as if none ever waited for another. Of the turns the medians count.
func BenchmarkSteps(b *testing.B) {
	for _, k := range kinds {
		for _, parallel := range []int{1, 64, 1024} {
			b.Run(fmt.Sprint(k.name, "/", parallel), func(b *testing.B) {
				both := make([]*measured, 2)
				for i := range both {
					f := workflows.New()
					store, bytes := k.open(b)
					m := &measured{f: []*dispatch.Function[int, int]{f.Sequence, f.Recorded}[i], bytes: bytes}
					m.stop = start(b, open(b, store, f, dispatch.WithCommitObserver(func(dispatch.Commit) { m.commits.Add(1) })))
					both[i] = m
				}
				commit := k.bare(b)
				n := 100 * parallel // workflows of a turn
				if parallel > 1 {
					n = max(4*parallel, 1000)
				}
				bare := func(size int) time.Duration {
					begin := time.Now()
					for left := n * steps; left > 0; left -= size {
						commit(min(size, left))
					}
					return time.Since(begin)
				}
				var all []time.Duration
				for b.Loop() {
					for range 5 {
						for _, m := range both {
							m.turn(b, parallel, n)
							m.same = append(m.same, bare(m.size()))
						}
						all = append(all, bare(parallel))
					}
				}
				whole := median(all).Seconds()
				both[0].report(b, n, whole, "")
				both[1].report(b, n, whole, "two-")
				b.ReportMetric(median(both[1].turns).Seconds()/median(both[0].turns).Seconds(), "x/two-commits")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
