//go:build durable

package dispatch_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// events collects what an observer is told.
type events struct {
	mu  sync.Mutex
	all []dispatch.AttemptEvent
}

func (e *events) add(ev dispatch.AttemptEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) count(f func(dispatch.AttemptEvent) bool) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if f(ev) {
			n++
		}
	}
	return n
}

// A workflow goes on from memory, or from its stored state, with the same outcome.
func TestResume(t *testing.T) {
	for _, resident := range []int{0, 10} {
		t.Run(fmt.Sprint(resident), func(t *testing.T) {
			var evs events
			s := newStairs(nil, 0)
			begin(t, append(s.options(), dispatch.WithResident(resident), dispatch.WithObserver(evs.add))...)
			out, err := ask(t, s.climb, 10)
			require.NoError(t, err)
			assert.Equal(t, answer(10), out)
			climbs := func(k func(dispatch.AttemptEvent) bool) int {
				return evs.count(func(e dispatch.AttemptEvent) bool { return e.Function == "climb" && k(e) })
			}
			assert.Equal(t, 1, climbs(func(e dispatch.AttemptEvent) bool { return e.Kind == dispatch.AttemptStarted }))
			assert.Equal(t, 11, climbs(func(e dispatch.AttemptEvent) bool { return e.Kind == dispatch.AttemptResumed }))
			assert.Equal(t, 11, climbs(func(e dispatch.AttemptEvent) bool { return e.Kind == dispatch.AttemptSuspended && e.State > 0 }))
			loaded := 0
			if resident == 0 {
				loaded = 11
			}
			assert.Equal(t, loaded, climbs(func(e dispatch.AttemptEvent) bool { return e.Loaded }))
		})
	}
}

// An error of an awaited call is itself again in the workflow and outside of it, although
// it went through the store twice.
func TestErrorFromState(t *testing.T) {
	s := newStairs(nil, 0)
	begin(t, append(s.options(), dispatch.WithResident(0))...)
	_, err := ask(t, s.climb, missing+1)
	require.EqualError(t, err, "step 1000: 1000: a step is missing")
	require.ErrorIs(t, err, errMissing)
}

// A workflow that was stopped in the middle goes on in the next process, and a state that
// does not fit the program is kept until one comes that it fits.
func TestStopAndGoOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	s := newStairs(nil, 5*time.Millisecond)
	d, err := dispatch.New(append(s.options(), dispatch.WithStore(path))...)
	require.NoError(t, err)
	stop := run(t, d)
	id, err := s.climb.Dispatch(ctx, 20)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		c, err := d.Lookup(ctx, id)
		return err == nil && c.Awaits >= 3
	}, 10*time.Second, time.Millisecond)
	stop()

	// A program in which climb does not await.
	plain := dispatch.Func("climb", func(context.Context, int) (int, error) { return 0, nil })
	d, err = dispatch.New(s.step, s.leaf, plain, dispatch.WithStore(path))
	require.NoError(t, err)
	stop = run(t, d)
	require.Eventually(t, func() bool {
		c, err := d.Lookup(ctx, id)
		return err == nil && c.Phase == dispatch.PhaseParked
	}, 10*time.Second, time.Millisecond)
	c, err := d.Lookup(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, dispatch.StatusIncompatibleState, c.Status)
	assert.ErrorContains(t, c.Err, "does not await any more")
	assert.NotZero(t, c.State)
	stop()

	d, err = dispatch.New(append(s.options(), dispatch.WithStore(path))...)
	require.NoError(t, err)
	defer run(t, d)()
	out, err := s.climb.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, answer(20), out)
	stats, err := d.Stats(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 24, stats.Calls)
	assert.EqualValues(t, 24, stats.OK)
}

// A call that awaits in code that was not compiled is parked, with an error that names the
// code; what the function makes of the error does not count.
func TestNotCompiled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	ran := 0
	inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { ran++; return n + 1, nil })
	for name, f := range map[string]func(context.Context, int) (int, error){
		"returns": func(ctx context.Context, n int) (int, error) { return inc.Await(ctx, n) },
		"gathers": func(ctx context.Context, n int) (int, error) {
			outs, err := inc.Gather(ctx, []int{n})
			return len(outs), err
		},
		"ignores": func(ctx context.Context, n int) (int, error) { _, _ = inc.Await(ctx, n); return 7, nil },
		"panics": func(ctx context.Context, n int) (int, error) {
			if _, err := inc.Await(ctx, n); err != nil {
				panic(err)
			}
			return 0, nil
		},
		"elsewhere": func(ctx context.Context, n int) (out int, err error) {
			var wg sync.WaitGroup
			wg.Go(func() { out, err = inc.Await(ctx, n) })
			wg.Wait()
			return out, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := dispatch.Func(name, f)
			d, err := dispatch.New(inc, w, dispatch.WithStore(path))
			require.NoError(t, err)
			stop := run(t, d)
			id, err := w.Dispatch(ctx, 1)
			require.NoError(t, err)
			for range 2 { // one waits for it, one comes later
				_, err = w.Wait(ctx, id)
				require.ErrorIs(t, err, dispatch.ErrParked)
				require.ErrorContains(t, err, "TestNotCompiled")
				require.ErrorContains(t, err, "durable_test.go:")
				require.ErrorContains(t, err, "run coroc")
			}
			info, err := d.Lookup(ctx, id)
			require.NoError(t, err)
			assert.Equal(t, dispatch.PhaseParked, info.Phase)
			assert.Equal(t, dispatch.StatusIncompatibleState, info.Status)
			assert.ErrorContains(t, info.Err, "TestNotCompiled")
			stop()

			// A program in which it is as it should be.
			w = dispatch.Func(name, func(context.Context, int) (int, error) { return 8, nil })
			d, err = dispatch.New(inc, w, dispatch.WithStore(path))
			require.NoError(t, err)
			defer run(t, d)()
			out, err := w.Wait(ctx, id)
			require.NoError(t, err)
			assert.Equal(t, 8, out)
		})
	}
	assert.Zero(t, ran)
}

// A compiled function that awaits outside of its coroutine goes on from its last state when
// the program is right.
func TestAwaitOutsideOfTheCoroutine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	s := newStairs(nil, 0)
	s.interrupt = func(ctx context.Context, i int) {
		if i == 2 {
			_, err := s.leaf.Await(ctx, i)
			assert.ErrorIs(t, err, dispatch.ErrNotCompiled)
			assert.Equal(t, dispatch.StatusIncompatibleState, dispatch.StatusOf(err))
		}
	}
	d, err := dispatch.New(append(s.options(), dispatch.WithStore(path))...)
	require.NoError(t, err)
	stop := run(t, d)
	id, err := s.climb.Dispatch(ctx, 4)
	require.NoError(t, err)
	_, err = s.climb.Wait(ctx, id)
	require.ErrorIs(t, err, dispatch.ErrParked)
	require.ErrorContains(t, err, "run coroc on its package")
	info, err := d.Lookup(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, 2, info.Awaits)
	assert.NotZero(t, info.State)
	stop()

	s = newStairs(nil, 0)
	d, err = dispatch.New(append(s.options(), dispatch.WithStore(path))...)
	require.NoError(t, err)
	defer run(t, d)()
	out, err := s.climb.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, answer(4), out)
}
