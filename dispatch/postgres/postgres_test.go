//go:build !durable

// In the durable build these functions would have to be compiled, and coroc leaves the
// packages of its own library alone.

package postgres_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

func workflow() (double, sum *dispatch.Function[int, int]) {
	double = dispatch.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	return double, summing(double)
}

func summing(double *dispatch.Function[int, int]) *dispatch.Function[int, int] {
	return dispatch.Func("sum", func(ctx context.Context, n int) (int, error) {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		doubled, err := double.Gather(ctx, all)
		s := 0
		for _, d := range doubled {
			s += d
		}
		return s, err
	})
}

// A workflow runs as it does on a file, and its calls can be read.
func TestWorkflow(t *testing.T) {
	url, schema := pgtest.Schema(t)
	double, sum := workflow()
	d, err := dispatch.New(double, sum, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	id, err := sum.Dispatch(ctx, 100, dispatch.WithKey("k"))
	require.NoError(t, err)
	again, err := sum.Dispatch(ctx, 100, dispatch.WithKey("k"))
	require.NoError(t, err)
	require.Equal(t, id, again)
	got, err := sum.Wait(ctx, id)
	require.NoError(t, err)
	require.Equal(t, 9900, got)

	r, err := dispatch.OpenReaderFrom(ctx, postgres.Source(url, postgres.Schema(schema)))
	require.NoError(t, err)
	defer r.Close()
	stats, err := r.Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 101, stats.OK)
	report, err := dispatch.CheckStates(ctx, double, sum, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	require.NoError(t, report.Err())

	stop()
	require.NoError(t, <-ended)
	require.NoError(t, d.Close())
}

const lease = 600 * time.Millisecond

// process is a dispatcher that stands for a process, until the test ends.
func process(t *testing.T, url, schema string, opts ...dispatch.Option) *dispatch.Dispatcher {
	t.Helper()
	return processWith(t, postgres.Store(url, postgres.Schema(schema), postgres.Lease(lease)), opts...)
}

// unfenced is the store for processes that are not to lose what they have, however long this machine stands still.
func unfenced(url, schema string) dispatch.Option {
	return postgres.Store(url, postgres.Schema(schema), postgres.Lease(time.Hour))
}

func processWith(t *testing.T, store dispatch.Option, opts ...dispatch.Option) *dispatch.Dispatcher {
	t.Helper()
	d, err := dispatch.New(append(opts, store)...)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
		assert.NoError(t, d.Close())
	})
	return d
}

func await[I, O any](t *testing.T, f *dispatch.Function[I, O], id dispatch.ID) O {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := f.Wait(ctx, id)
	require.NoError(t, err)
	return out
}

// What one process has no room for is run by all, and the result can be had from any.
func TestSharedWork(t *testing.T) {
	url, schema := pgtest.Schema(t)
	var ran [3]atomic.Int64
	var sums, doubles [3]*dispatch.Function[int, int]
	for i := range ran {
		doubles[i] = dispatch.Func("double", func(_ context.Context, n int) (int, error) {
			ran[i].Add(1)
			time.Sleep(time.Millisecond)
			return 2 * n, nil
		})
		sums[i] = summing(doubles[i])
		processWith(t, unfenced(url, schema), doubles[i], sums[i])
	}
	const n = 3000
	id, err := sums[0].Dispatch(context.Background(), n)
	require.NoError(t, err)
	for i := range sums {
		require.Equal(t, n*(n-1), await(t, sums[i], id))
	}
	total := int64(0)
	for i := range ran {
		t.Log(ran[i].Load())
		assert.Positive(t, ran[i].Load())
		total += ran[i].Load()
	}
	assert.EqualValues(t, n, total, "each call is run once")
}

// A call is run where its function is, wherever it was made.
func TestFunctionsApart(t *testing.T) {
	url, schema := pgtest.Schema(t)
	double, sum := workflow()
	process(t, url, schema, sum, dispatch.Elsewhere(double))
	id, err := sum.Dispatch(context.Background(), 100)
	require.NoError(t, err)
	ten, err := double.Dispatch(context.Background(), 5)
	require.NoError(t, err)
	time.Sleep(50 * time.Millisecond)
	other, _ := workflow()
	process(t, url, schema, other)
	require.Equal(t, 9900, await(t, sum, id))
	require.Equal(t, 10, await(t, double, ten))
}

// A program that only dispatches leaves the work to others.
func TestDispatchOnly(t *testing.T) {
	url, schema := pgtest.Schema(t)
	double, _ := workflow()
	d, err := dispatch.New(double, postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	defer d.Close()
	id, err := double.Dispatch(context.Background(), 1)
	require.NoError(t, err)
	other, _ := workflow()
	process(t, url, schema, other)
	require.Equal(t, 2, await(t, double, id))
}

// One key makes one call, whoever uses it.
func TestKeys(t *testing.T) {
	url, schema := pgtest.Schema(t)
	var doubles [4]*dispatch.Function[int, int]
	for i := range doubles {
		doubles[i], _ = workflow()
		process(t, url, schema, doubles[i])
	}
	for round := range 20 {
		var mu sync.Mutex
		ids := make(map[dispatch.ID]bool)
		var all sync.WaitGroup
		for _, f := range doubles {
			all.Go(func() {
				id, err := f.Dispatch(context.Background(), round, dispatch.WithKey(fmt.Sprint("key ", round)))
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				ids[id] = true
			})
		}
		all.Wait()
		require.Len(t, ids, 1)
	}
}

// A process that was cut off for longer than its lease has lost what it had, and goes on
// with something new.
func TestCutOff(t *testing.T) {
	url, schema := pgtest.Schema(t)
	p := pgtest.NewProxy(t, url)
	begun := make(chan string, 10)
	var canceled atomic.Bool
	slow := func(where string, wait bool) *dispatch.Function[int, string] {
		return dispatch.Func("slow", func(ctx context.Context, _ int) (string, error) {
			begun <- where
			if wait {
				<-ctx.Done()
				canceled.Store(true)
			}
			return where, nil
		})
	}
	first := slow("first", true)
	double, _ := workflow()
	process(t, p.URL, schema, first, double)
	id, err := first.Dispatch(context.Background(), 0)
	require.NoError(t, err)
	require.Equal(t, "first", <-begun)
	p.Next(pgtest.Outage)
	p.Cut()
	second := slow("second", false)
	process(t, url, schema, second)
	require.Equal(t, "second", await(t, second, id))
	p.Next(pgtest.None)
	require.Equal(t, "second", await(t, first, id), "the late result does not count")
	require.Eventually(t, canceled.Load, time.Minute, time.Millisecond)
	id, err = double.Dispatch(context.Background(), 4)
	require.NoError(t, err)
	require.Equal(t, 8, await(t, double, id))
}

// What a process had that is closed goes on in another one.
func TestClosed(t *testing.T) {
	url, schema := pgtest.Schema(t)
	gate := make(chan struct{})
	held := func() (*dispatch.Function[int, int], *dispatch.Function[int, int]) {
		double := dispatch.Func("double", func(ctx context.Context, n int) (int, error) {
			select {
			case <-gate:
				return 2 * n, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		})
		return double, summing(double)
	}
	double, sum := held()
	d, err := dispatch.New(double, sum, dispatch.WithGrace(0), postgres.Store(url, postgres.Schema(schema)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	id, err := sum.Dispatch(ctx, 10)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, d.Close())
	close(gate)
	double, sum = held()
	process(t, url, schema, double, sum)
	require.Equal(t, 90, await(t, sum, id))
}

// A server that crashes again and again is waited for, and nothing is lost or done twice by
// what it had recorded.
func TestServerCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server of its own")
	}
	server, err := pgtest.Start()
	if err != nil {
		t.Skipf("no server of its own: %v", err)
	}
	t.Cleanup(server.Stop)
	var sums [2]*dispatch.Function[int, int]
	for i := range sums {
		double := dispatch.Func("double", func(_ context.Context, n int) (int, error) {
			time.Sleep(time.Millisecond)
			return 2 * n, nil
		})
		sums[i] = summing(double)
		d, err := dispatch.New(double, sums[i], postgres.Store(server.URL, postgres.Lease(10*time.Second)))
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			assert.NoError(t, <-ended)
			assert.NoError(t, d.Close())
		})
	}
	crashed := make(chan error, 1)
	go func() {
		for range 4 {
			time.Sleep(200 * time.Millisecond)
			if err := server.Crash(); err != nil {
				crashed <- err
				return
			}
		}
		crashed <- nil
	}()
	for i := 0; ; i++ {
		id, err := sums[i%2].Dispatch(context.Background(), 50, dispatch.WithKey(fmt.Sprint(i)))
		for ; err != nil; id, err = sums[i%2].Dispatch(context.Background(), 50, dispatch.WithKey(fmt.Sprint(i))) {
			time.Sleep(10 * time.Millisecond) // it is for the program to try again, with the same key
		}
		out, err := sums[(i+1)%2].Wait(context.Background(), id)
		for ; err != nil; out, err = sums[(i+1)%2].Wait(context.Background(), id) {
			time.Sleep(10 * time.Millisecond) // while it cannot be asked for
		}
		require.Equal(t, 2450, out)
		select {
		case err := <-crashed:
			require.NoError(t, err)
			t.Logf("%d workflows", i+1)
			r, err := dispatch.OpenReaderFrom(context.Background(), postgres.Source(server.URL))
			require.NoError(t, err)
			defer r.Close()
			stats, err := r.Stats(context.Background())
			require.NoError(t, err)
			assert.EqualValues(t, i+1, stats.Functions["sum"].OK)
			assert.EqualValues(t, 50*(i+1), stats.Functions["double"].OK)
			assert.Zero(t, stats.Retries)
			return
		default:
		}
	}
}

// Who keeps calls in a file does not link PostgreSQL's driver.
func TestNotLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/coroc-dev/coroc/dispatch").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, p := range strings.Fields(string(out)) {
		assert.NotContains(t, p, "pgx")
	}
}
