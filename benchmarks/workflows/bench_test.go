//go:build !durable

package workflows_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of the bare store

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

// steps is how many a workflow has.
const steps = 10

// open makes a dispatcher that is not running.
func open(b testing.TB, path string, f *workflows.Functions, opts ...dispatch.Option) *dispatch.Dispatcher {
	b.Helper()
	d, err := dispatch.New(append(append(f.Options(), opts...), dispatch.WithStore(path))...)
	require.NoError(b, err)
	return d
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
	var next atomic.Int64
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				if err := f(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
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

// bare is a store without an engine: a file in which a step of a workflow is an update of
// the call that it awaited, of the workflow's state, and the next call.
type bare struct {
	db                    *sql.DB
	finish, state, create *sql.Stmt
	last                  int64
}

func newBare(b testing.TB) *bare {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-16000)&_txlock=immediate")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE calls (id INTEGER PRIMARY KEY, parent INTEGER, function INTEGER, phase INTEGER, output BLOB, input BLOB);
		CREATE TABLE states (id INTEGER PRIMARY KEY, state BLOB)`)
	require.NoError(b, err)
	s := &bare{db: db}
	for stmt, text := range map[**sql.Stmt]string{
		&s.finish: "UPDATE calls SET phase = 3, output = ? WHERE id = ?",
		&s.state:  "INSERT OR REPLACE INTO states (id, state) VALUES (?, ?)",
		&s.create: "INSERT INTO calls (id, parent, function, phase, input) VALUES (?, ?, 1, 1, ?)",
	} {
		*stmt, err = db.Prepare(text)
		require.NoError(b, err)
	}
	return s
}

// commit makes a step in each of n workflows in one transaction.
func (s *bare) commit(b testing.TB, n int) {
	tx, err := s.db.Begin()
	require.NoError(b, err)
	finish, state, create := tx.Stmt(s.finish), tx.Stmt(s.state), tx.Stmt(s.create)
	blob := make([]byte, 150)
	for i := range n {
		s.last++
		blob[i%len(blob)], blob[(i+7)%len(blob)] = byte(s.last), byte(s.last>>8)
		_, err1 := finish.Exec([]byte("12345"), s.last-int64(n))
		_, err2 := state.Exec(i, blob)
		_, err3 := create.Exec(s.last, i, []byte("12345"))
		require.NoError(b, err1)
		require.NoError(b, err2)
		require.NoError(b, err3)
	}
	require.NoError(b, tx.Commit())
}

// measured is one way of running workflows of ten steps, with a file of its own.
type measured struct {
	f         *dispatch.Function[int, int]
	path      string
	stop      func()
	latencies []time.Duration
	turns     []time.Duration
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

// report says how it went, against the bare store.
func (m *measured) report(b *testing.B, n int, bare float64, prefix string) {
	m.stop()
	info, err := os.Stat(m.path)
	require.NoError(b, err)
	slices.Sort(m.latencies)
	us := median(m.turns).Seconds()
	b.ReportMetric(float64(n)/us, prefix+"workflows/s")
	b.ReportMetric(bare/us, prefix+"x/bare")
	b.ReportMetric(milliseconds(quantile(m.latencies, 0.5)), prefix+"p50-ms")
	b.ReportMetric(milliseconds(quantile(m.latencies, 0.99)), prefix+"p99-ms")
	b.ReportMetric(float64(info.Size())/float64(len(m.latencies)), prefix+"disk-B/workflow")
}

// BenchmarkSteps runs workflows of ten steps that do nothing, some at a time: with a commit for
// a result and one for what follows from it, and with one for both (eager). They take turns with
// the bare store, whose transactions have one step of each of so many workflows; of the turns the
// medians count.
func BenchmarkSteps(b *testing.B) {
	for _, parallel := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			both := make([]*measured, 2)
			for i := range both {
				f := workflows.New()
				both[i] = &measured{f: []*dispatch.Function[int, int]{f.Sequence, f.Eager}[i], path: filepath.Join(b.TempDir(), "calls.db")}
				both[i].stop = start(b, open(b, both[i].path, f))
			}
			s := newBare(b)
			n := 100 * parallel // workflows of a turn
			if parallel > 1 {
				n = max(4*parallel, 1000)
			}
			var bares []time.Duration
			for b.Loop() {
				for range 5 {
					for _, m := range both {
						m.turn(b, parallel, n)
					}
					begin := time.Now()
					for range (n*steps + parallel - 1) / parallel {
						s.commit(b, parallel)
					}
					bares = append(bares, time.Since(begin))
				}
			}
			bare := median(bares).Seconds()
			both[0].report(b, n, bare, "")
			both[1].report(b, n, bare, "eager-")
			b.ReportMetric(median(both[0].turns).Seconds()/median(both[1].turns).Seconds(), "x/two-commits")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkGather is one workflow that gathers that many calls.
func BenchmarkGather(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := workflows.New()
			defer start(b, open(b, filepath.Join(b.TempDir(), "calls.db"), f))()
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
		d := open(b, filepath.Join(b.TempDir(), "calls.db"), g.f, dispatch.WithResident(0))
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
		d := open(b, filepath.Join(b.TempDir(), "calls.db"), f)
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
			stop := start(b, open(b, path, f))
			each(b, 64, n/steps, func() error { return ask(f.Sequence, steps) })
			stop()
			var times []time.Duration
			for b.Loop() {
				for range 20 {
					arrived := make(chan time.Time, 1)
					f := workflows.New()
					f.Pass = func(int) { arrived <- time.Now() }
					begin := time.Now()
					stop := start(b, open(b, path, f))
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
// tomorrow, beyond what so many fewer need, which are more than stay in memory.
func BenchmarkSuspended(b *testing.B) {
	const few, many = 20_000, 120_000
	for b.Loop() {
		f := workflows.New()
		d := open(b, filepath.Join(b.TempDir(), "calls.db"), f)
		stop := start(b, d)
		begin := func(n int) float64 {
			each(b, 256, n, func() error {
				_, err := f.Wait.Dispatch(context.Background(), 1)
				return err
			})
			require.Eventually(b, func() bool {
				stats, err := d.Stats(context.Background())
				return err == nil && stats.Attempts >= int64(n)
			}, 5*time.Minute, 100*time.Millisecond)
			return heap()
		}
		before := begin(few)
		b.ReportMetric((begin(many-few)-before)/(many-few), "heap-B/workflow")
		b.ReportMetric(float64(d.Load().Unfinished), "in-memory")
		stop()
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOpen opens a store with so many workflows that wait for a call of tomorrow: how long
// that takes, what is in memory then, and how long one more workflow of one step takes.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "calls.db")
			ctx := context.Background()
			s, err := sqlite.Open(ctx, path)
			require.NoError(b, err)
			due := time.Now().Add(24 * time.Hour)
			for id := int64(1); id < 2*int64(n); {
				var step store.Step
				for range 1000 {
					call := store.Call{ID: id, Root: id, Incarnation: s.Incarnation(), Function: "wait", Phase: store.Suspended, Input: []byte("1"),
						Awaits: 1, Reached: 1, First: id + 1, Width: 1, State: make([]byte, 150)}
					later := store.Call{ID: id + 1, Root: id, Parent: id, Incarnation: s.Incarnation(), Function: "later", Phase: store.Ready,
						Status: store.TemporaryError, Input: []byte("1"), Attempts: 1, Failures: 1, Due: due}
					step.Create = append(step.Create, call, later)
					id += 2
				}
				require.NoError(b, s.Commit(ctx, []store.Step{step}))
			}
			require.NoError(b, s.Close())
			for b.Loop() {
				f := workflows.New()
				before, begin := heap(), time.Now()
				d := open(b, path, f)
				opened := time.Since(begin)
				stop := start(b, d)
				begin = time.Now()
				require.NoError(b, ask(f.Sequence, 1))
				b.ReportMetric(milliseconds(time.Since(begin)), "ms-workflow")
				b.ReportMetric(milliseconds(opened), "ms-open")
				b.ReportMetric((heap()-before)/float64(n), "heap-B/workflow")
				b.ReportMetric(float64(d.Load().Unfinished), "in-memory")
				stop()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
