//go:build !durable

package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// steps is how many a workflow has.
const steps = 10

// open makes a dispatcher that is not running.
func open(b testing.TB, store dispatch.Option, f *workflows.Functions, opts ...dispatch.Option) *dispatch.Dispatcher {
	b.Helper()
	d, err := dispatch.New(append(append(f.Options(), opts...), store)...)
	require.NoError(b, err)
	return d
}

// file is a store in a new file.
func file(b testing.TB) dispatch.Option {
	return dispatch.WithStore(filepath.Join(b.TempDir(), "calls.db"))
}

// start runs a dispatcher until the function that it returns is called.
func start(b testing.TB, d *dispatch.Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(b, <-done)
		require.NoError(b, d.Close())
	}
}

func ask(f *dispatch.Function[int, int], n int) error {
	ctx := context.Background()
	id, err := f.Dispatch(ctx, n)
	if err != nil {
		return err
	}
	out, err := f.Wait(ctx, id)
	if err == nil && out != n {
		err = fmt.Errorf("%s(%d) = %d", f.Name(), n, out)
	}
	return err
}

// each calls f n times, on so many goroutines.
func each(b testing.TB, parallel, n int, f func() error) {
	if err := callEach(parallel, n, f); err != nil {
		b.Error(err)
	}
}

// callEach returns what went wrong with them.
func callEach(parallel, n int, f func() error) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, parallel)
	for w := range parallel {
		wg.Go(func() {
			for errs[w] == nil && next.Add(1) <= int64(n) {
				errs[w] = f()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(times []time.Duration) time.Duration {
	times = slices.Clone(times)
	slices.Sort(times)
	return quantile(times, 0.5)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkGather is one workflow that gathers that many calls.
func BenchmarkGather(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := workflows.New()
			defer start(b, open(b, file(b), f))()
			var times []time.Duration
			for b.Loop() {
				for range max(1, 10_000/n) {
					begin := time.Now()
					require.NoError(b, ask(f.Fan, n))
					times = append(times, time.Since(begin))
				}
			}
			b.ReportMetric(milliseconds(median(times)), "ms")
			b.ReportMetric(float64(median(times).Microseconds())/float64(n), "µs/call")
		})
	}
}

// BenchmarkResume is a step of a workflow that is loaded from the store each time, behind
// 10, 1,000 and 100,000 others: from the end of a call to the begin of the next one. The
// three take turns.
func BenchmarkResume(b *testing.B) {
	behind := []int{10, 1000, 100_000}
	const turns = 300
	type gate struct {
		f       *workflows.Functions
		arrived chan time.Time
		pass    chan bool
		times   []time.Duration
	}
	gates := make([]*gate, len(behind))
	for i, n := range behind {
		g := &gate{f: workflows.New(), arrived: make(chan time.Time), pass: make(chan bool)}
		gates[i] = g
		held := true
		g.f.Pass = func(i int) {
			if i >= n && held {
				g.arrived <- time.Now()
				held = <-g.pass
			}
		}
		d := open(b, file(b), g.f, dispatch.WithResident(0))
		defer start(b, d)()
		_, err := g.f.Sequence.Dispatch(context.Background(), n+1_000_000)
		require.NoError(b, err)
	}
	for _, g := range gates {
		<-g.arrived
	}
	for b.Loop() {
		for range turns {
			for _, g := range gates {
				begin := time.Now()
				g.pass <- true
				g.times = append(g.times, (<-g.arrived).Sub(begin))
			}
		}
	}
	first := median(gates[0].times)
	for i, g := range gates {
		m := median(g.times)
		b.ReportMetric(float64(m.Microseconds()), fmt.Sprintf("µs-behind-%d", behind[i]))
		b.ReportMetric(float64(m)/float64(first), fmt.Sprintf("x-behind-%d", behind[i]))
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart stores workflows that are not run yet, 64 at a time.
func BenchmarkStart(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		f := workflows.New()
		d := open(b, file(b), f)
		begin := time.Now()
		each(b, 64, n, func() error {
			_, err := f.Sequence.Dispatch(context.Background(), steps)
			return err
		})
		b.ReportMetric(n/time.Since(begin).Seconds(), "workflows/s")
		require.NoError(b, d.Close())
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRestart opens a store with that many finished steps and makes one more workflow
// come to its first step.
func BenchmarkRestart(b *testing.B) {
	for _, n := range []int{10, 5000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "calls.db")
			f := workflows.New()
			stop := start(b, open(b, dispatch.WithStore(path), f))
			each(b, 64, n/steps, func() error { return ask(f.Sequence, steps) })
			stop()
			var times []time.Duration
			for b.Loop() {
				for range 20 {
					arrived := make(chan time.Time, 1)
					f := workflows.New()
					f.Pass = func(int) { arrived <- time.Now() }
					begin := time.Now()
					stop := start(b, open(b, dispatch.WithStore(path), f))
					require.NoError(b, ask(f.Sequence, 1))
					times = append(times, (<-arrived).Sub(begin))
					stop()
				}
			}
			b.ReportMetric(milliseconds(median(times)), "ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkSuspended is how much memory is in use for each of many workflows that wait for
// tomorrow, beyond what so many fewer need.
func BenchmarkSuspended(b *testing.B) {
	const few, many = 20_000, 120_000 // more than stay in memory
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				f := workflows.New()
				store, _ := k.open(b)
				d := open(b, store, f)
				stop := start(b, d)
				begin := func(n, all int) float64 {
					each(b, 256, n, func() error {
						_, err := f.Wait.Dispatch(context.Background(), 1)
						return err
					})
					require.Eventually(b, func() bool {
						stats, err := d.Stats(context.Background())
						return err == nil && stats.Attempts >= int64(all)
					}, 10*time.Minute, time.Second)
					return heap()
				}
				before := begin(few, few)
				b.ReportMetric((begin(many-few, many)-before)/(many-few), "heap-B/workflow")
				b.ReportMetric(float64(d.Load().Unfinished), "in-memory")
				stop()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkOpen opens a store that a dispatcher has left with so many workflows that wait for a call of tomorrow: how long
// that takes, and until it has those that do not sleep, what is in memory then, and how long one more workflow of one step takes.
func BenchmarkOpen(b *testing.B) {
	for _, k := range kinds {
		for _, n := range []int{1000, 100_000, 1_000_000} {
			b.Run(fmt.Sprint(k.name, "/", n), func(b *testing.B) {
				ctx := context.Background()
				kept, s := k.keep(b)
				due := time.Now().Add(24 * time.Hour)
				for id := int64(1); id < 2*int64(n); {
					var step store.Step
					for range 1000 {
						call := store.Call{ID: id, Root: id, Incarnation: s.Incarnation(), Function: "wait", Phase: store.Suspended, Input: []byte("1"),
							Awaits: 1, Reached: 1, First: id + 1, Width: 1, State: make([]byte, 150)}
						later := store.Call{ID: id + 1, Root: id, Parent: id, Incarnation: s.Incarnation(), Function: "later", Phase: store.Ready,
							Status: store.TemporaryError, Input: []byte("1"), Attempts: 1, Failures: 1, Due: due}
						step.Create = append(step.Create, call, later)
						if id > dispatch.DefaultResident { // a dispatcher has them in the store only
							step.Sleep = append(step.Sleep, id, id+1)
						}
						id += 2
					}
					require.NoError(b, s.Commit(ctx, []store.Step{step}))
				}
				require.NoError(b, s.Close())
				for b.Loop() {
					f := workflows.New()
					before, begin := heap(), time.Now()
					d := open(b, kept, f)
					opened := time.Since(begin)
					stop := start(b, d)
					begin = time.Now()
					require.NoError(b, ask(f.Sequence, 1))
					b.ReportMetric(milliseconds(time.Since(begin)), "ms-workflow")
					awake := min(n, dispatch.DefaultResident/2)
					require.Eventually(b, func() bool { return d.Load().Unfinished >= awake }, time.Minute, time.Millisecond)
					b.ReportMetric(milliseconds(time.Since(begin)+opened), "ms-all")
					b.ReportMetric(milliseconds(opened), "ms-open")
					b.ReportMetric((heap()-before)/float64(n), "heap-B/workflow")
					b.ReportMetric(float64(d.Load().Unfinished), "in-memory")
					stop()
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
