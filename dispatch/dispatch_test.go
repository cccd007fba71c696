package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

func TestCall(t *testing.T) {
	double := dispatch.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	begin(t, double)
	out, err := ask(t, double, 21)
	require.NoError(t, err)
	assert.Equal(t, 42, out)
}

// A call is tried again while its error is temporary, and then not any more.
func TestRetry(t *testing.T) {
	var runs atomic.Int32
	f := dispatch.Func("f", func(ctx context.Context, n int) (int, error) {
		if got := runs.Add(1); dispatch.Attempt(ctx) != int(got) {
			return 0, fmt.Errorf("attempt %d is numbered %d", got, dispatch.Attempt(ctx))
		} else if got < 4 {
			return 0, dispatch.WithStatus(dispatch.StatusThrottled, errors.New("slow down"))
		}
		return n, nil
	}, fast)
	d := begin(t, f)
	out, err := ask(t, f, 7)
	require.NoError(t, err)
	assert.Equal(t, 7, out)
	assert.EqualValues(t, 4, runs.Load())
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 4, s.Attempts)
	assert.EqualValues(t, 3, s.Retries)
	assert.EqualValues(t, 1, s.OK)
}

func TestRetryLimit(t *testing.T) {
	var runs atomic.Int32
	f := dispatch.Func("f", func(context.Context, int) (int, error) {
		runs.Add(1)
		return 0, dispatch.WithStatus(dispatch.StatusHTTPError, errors.New("bad gateway"))
	}, dispatch.WithRetry(dispatch.RetryPolicy{Initial: time.Millisecond, MaxAttempts: 3}))
	begin(t, f)
	_, err := ask(t, f, 7)
	require.EqualError(t, err, "bad gateway")
	assert.Equal(t, dispatch.StatusHTTPError, dispatch.StatusOf(err))
	assert.EqualValues(t, 3, runs.Load())
}

// RetryAfter is the least wait, whatever the policy says.
func TestRetryAfter(t *testing.T) {
	var first time.Time
	f := dispatch.Func("f", func(ctx context.Context, n int) (time.Duration, error) {
		if dispatch.Attempt(ctx) == 1 {
			first = time.Now()
			return 0, dispatch.WithRetryAfter(150*time.Millisecond, errors.New("busy"))
		}
		return time.Since(first), nil
	}, fast)
	begin(t, f)
	waited, err := ask(t, f, 0)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, waited, 150*time.Millisecond)
}

// A panic is an error for good, and brings its stack.
func TestPanic(t *testing.T) {
	var runs atomic.Int32
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) {
		runs.Add(1)
		return panics(n), nil
	})
	begin(t, f)
	_, err := ask(t, f, 0)
	require.EqualError(t, err, "panic: no good: 0")
	assert.Equal(t, dispatch.StatusPermanentError, dispatch.StatusOf(err))
	var e *dispatch.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "panic", e.TypeName())
	assert.Contains(t, e.Stack(), "dispatch_test.panics")
	assert.EqualValues(t, 1, runs.Load())
}

func panics(n int) int { panic(fmt.Sprintf("no good: %d", n)) }

func TestGoexit(t *testing.T) {
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) {
		runtime.Goexit()
		return n, nil
	})
	begin(t, f)
	_, err := ask(t, f, 0)
	require.ErrorContains(t, err, "Goexit")
}

// The key makes Dispatch idempotent, also when it is used by many at the same time.
func TestKey(t *testing.T) {
	var runs atomic.Int32
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { runs.Add(1); return n, nil })
	g := dispatch.Func("g", func(_ context.Context, n int) (int, error) { return n, nil })
	begin(t, f, g)
	ctx := context.Background()
	ids := make([]dispatch.ID, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			var err error
			ids[i], err = f.Dispatch(ctx, 1, dispatch.WithKey("k"))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	for _, id := range ids {
		assert.Equal(t, ids[0], id)
	}
	_, err := f.Wait(ctx, ids[0])
	require.NoError(t, err)
	assert.EqualValues(t, 1, runs.Load())

	again, err := f.Dispatch(ctx, 1, dispatch.WithKey("k"))
	require.NoError(t, err)
	assert.Equal(t, ids[0], again)
	_, err = f.Dispatch(ctx, 2, dispatch.WithKey("k"))
	require.ErrorIs(t, err, dispatch.ErrKeyConflict)
	_, err = g.Dispatch(ctx, 1, dispatch.WithKey("k"))
	require.ErrorIs(t, err, dispatch.ErrKeyConflict)
}

// At most as many run at a time as is asked for.
func TestConcurrency(t *testing.T) {
	var now, most atomic.Int32
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) {
		n32 := now.Add(1)
		for m := most.Load(); n32 > m && !most.CompareAndSwap(m, n32); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		return n, nil
	}, dispatch.WithConcurrency(3))
	begin(t, f)
	ctx := context.Background()
	var ids []dispatch.ID
	for i := range 12 {
		id, err := f.Dispatch(ctx, i)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for i, id := range ids {
		out, err := f.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, i, out)
	}
	assert.EqualValues(t, 3, most.Load())
}

// An attempt that takes too long is tried again, also if the function does not listen; what
// it returns in the end is dropped, and until then it keeps its place.
func TestTimeout(t *testing.T) {
	var running atomic.Int32
	hold := make(chan struct{})
	f := dispatch.Func("f", func(ctx context.Context, n int) (int, error) {
		if running.Add(1) > 1 {
			return 0, errors.New("two at a time")
		}
		defer running.Add(-1)
		switch dispatch.Attempt(ctx) {
		case 1:
			<-ctx.Done()
			return 0, ctx.Err()
		case 2:
			<-hold
			return -1, nil
		}
		return n, nil
	}, fast, dispatch.WithTimeout(20*time.Millisecond), dispatch.WithConcurrency(1))
	d := begin(t, f)
	ctx := context.Background()
	id, err := f.Dispatch(ctx, 5)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		c, err := d.Lookup(ctx, id)
		return err == nil && c.Attempts == 2 && c.Status == dispatch.StatusTimeout
	}, 5*time.Second, 5*time.Millisecond)
	c, err := d.Lookup(ctx, id)
	require.NoError(t, err)
	assert.ErrorIs(t, c.Err, context.DeadlineExceeded)
	close(hold)
	out, err := f.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, 5, out)
}

func TestNewRefuses(t *testing.T) {
	ok := func(_ context.Context, n int) (int, error) { return n, nil }
	type hidden struct{ A, b int }
	_ = hidden{}.b
	for name, c := range map[string]struct {
		opts []dispatch.Option
		want string
	}{
		"two of a name":  {[]dispatch.Option{dispatch.Func("f", ok), dispatch.Func("f", ok)}, `two functions are named "f"`},
		"no name":        {[]dispatch.Option{dispatch.Func("", ok)}, "without a name"},
		"nil function":   {[]dispatch.Option{dispatch.Func[int, int]("f", nil)}, `function "f" is nil`},
		"channel":        {[]dispatch.Option{dispatch.Func("f", func(context.Context, chan int) (int, error) { return 0, nil })}, "input: chan int cannot be stored as JSON"},
		"unexported":     {[]dispatch.Option{dispatch.Func("f", func(context.Context, int) ([]hidden, error) { return nil, nil })}, "output: dispatch_test.hidden has the unexported field b, which JSON would lose"},
		"error in input": {[]dispatch.Option{dispatch.Func("f", func(context.Context, struct{ E error }) (int, error) { return 0, nil })}, "field E: error cannot be read back"},
		"factor":         {[]dispatch.Option{dispatch.Func("f", ok, dispatch.WithRetry(dispatch.RetryPolicy{Factor: 0.5}))}, "factor 0.5 is less than 1"},
		"nil option":     {[]dispatch.Option{nil}, "an option is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dispatch.New(append(c.opts, dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")))...)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// A function belongs to one dispatcher at a time, a store too.
func TestOwners(t *testing.T) {
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
	ctx := context.Background()
	_, err := f.Dispatch(ctx, 1)
	require.ErrorIs(t, err, dispatch.ErrNotRegistered)

	path := filepath.Join(t.TempDir(), "calls.db")
	d, err := dispatch.New(f, dispatch.WithStore(path))
	require.NoError(t, err)
	_, err = dispatch.New(f, dispatch.WithStore(filepath.Join(t.TempDir(), "other.db")))
	require.ErrorContains(t, err, "belongs to a dispatcher")
	_, err = dispatch.New(dispatch.WithStore(path))
	require.ErrorContains(t, err, "in use by another dispatcher")
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	require.ErrorIs(t, d.Run(ctx), dispatch.ErrClosed)

	d, err = dispatch.New(f, dispatch.WithStore(path))
	require.NoError(t, err)
	require.NoError(t, d.Close())
}

// What was dispatched before a restart is run after it, and what is done stays done.
func TestRestart(t *testing.T) {
	var runs atomic.Int32
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { runs.Add(1); return n + 1, nil })
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	d, err := dispatch.New(f, dispatch.WithStore(path))
	require.NoError(t, err)
	id, err := f.Dispatch(ctx, 1)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Zero(t, runs.Load())

	for range 3 {
		d, err = dispatch.New(f, dispatch.WithStore(path))
		require.NoError(t, err)
		stop := run(t, d)
		out, err := f.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, 2, out)
		other, err := f.Dispatch(ctx, 5)
		require.NoError(t, err)
		assert.False(t, strings.HasPrefix(string(other), string(id[:16])) && other <= id)
		_, err = f.Wait(ctx, other)
		require.NoError(t, err)
		stop()
	}
	assert.EqualValues(t, 4, runs.Load())
}

func TestWaitRefuses(t *testing.T) {
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
	g := dispatch.Func("g", func(_ context.Context, n int) (int, error) { return n, nil })
	d := begin(t, f, g)
	ctx := context.Background()
	id, err := f.Dispatch(ctx, 1)
	require.NoError(t, err)
	_, err = f.Wait(ctx, id)
	require.NoError(t, err)
	for _, bad := range []dispatch.ID{"", "x", "x-", "x-0", "x-1", "-1", id + "0", "0" + id, id[:len(id)-1] + "+1"} {
		_, err := f.Wait(ctx, bad)
		require.ErrorIs(t, err, dispatch.ErrNoSuchCall, "%q", bad)
		_, err = d.Lookup(ctx, bad)
		require.ErrorIs(t, err, dispatch.ErrNoSuchCall, "%q", bad)
	}
	_, err = g.Wait(ctx, id)
	require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
}
