package dispatch_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Observers are told in turn what happens, when, and for whom; also of what does not count.
func TestObservers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var first, second []dispatch.AttemptEvent
		var commits []dispatch.Commit
		s := newStairs(nil, time.Second)
		hung := dispatch.Func("hung", func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, dispatch.WithConcurrency(1))
		m := memory.New()
		opts := append(s.options(), hung, dispatch.WithStoreFrom(m), dispatch.WithGrace(time.Minute),
			dispatch.WithObserver(func(ev dispatch.AttemptEvent) {
				mu.Lock()
				defer mu.Unlock()
				first = append(first, ev)
			}),
			dispatch.Options(dispatch.WithObserver(nil), dispatch.WithObserver(func(ev dispatch.AttemptEvent) {
				mu.Lock()
				defer mu.Unlock()
				second = append(second, ev)
				assert.LessOrEqual(t, len(second), len(first))
			})),
			dispatch.WithCommitObserver(func(c dispatch.Commit) { commits = append(commits, c) }))
		d, err := dispatch.New(opts...)
		require.NoError(t, err)
		stop := run(t, d)
		begun := time.Now()
		out, err := ask(t, s.climb, 2)
		require.NoError(t, err)
		require.Equal(t, answer(2), out)
		synctest.Wait()

		mu.Lock()
		root := first[0]
		assert.Equal(t, dispatch.AttemptEvent{Kind: dispatch.AttemptStarted, Call: root.Call, Root: root.Call, Function: "climb",
			Attempt: 1, Created: begun, Time: begun}, root)
		for _, ev := range first {
			assert.Equal(t, root.Call, ev.Root)
			if ev.Call != root.Call {
				assert.Equal(t, root.Call, ev.Parent)
			}
			assert.Zero(t, ev.Queued)
			if ev.Function == "leaf" && ev.Kind == dispatch.AttemptEnded {
				assert.Equal(t, time.Second, ev.Elapsed)
				assert.InDelta(t, time.Second, ev.Time.Sub(ev.Created), float64(time.Millisecond))
			}
		}
		steps := 0
		for _, c := range commits {
			steps += c.Steps
			assert.NoError(t, c.Err)
		}
		assert.Equal(t, 1+3+6+1, steps)
		first, second = nil, nil
		mu.Unlock()

		// One call hangs, and another one waits for its turn.
		_, err = hung.Dispatch(t.Context(), 1)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = hung.Dispatch(t.Context(), 2)
		require.NoError(t, err)
		synctest.Wait()
		l := d.Load()
		assert.Equal(t, 2, l.Unfinished)
		assert.Equal(t, dispatch.FunctionLoad{Queued: 1, Running: 1, Limit: 1}, l.Functions["hung"])
		assert.Equal(t, dispatch.FunctionLoad{Limit: dispatch.DefaultConcurrency}, l.Functions["step"])
		stop()
		assert.Equal(t, dispatch.AttemptCut, first[len(first)-1].Kind)
		assert.Equal(t, time.Hour+time.Minute, first[len(first)-1].Elapsed)
		assert.Len(t, first, 2)

		// That a call waited for its turn is told when it has it.
		hung = dispatch.Func("hung", func(context.Context, int) (int, error) { time.Sleep(time.Second); return 0, nil }, dispatch.WithConcurrency(1))
		first, second = nil, nil
		opts[len(s.options())] = hung
		d, err = dispatch.New(opts...)
		require.NoError(t, err)
		stop = run(t, d)
		time.Sleep(time.Minute)
		stop()
		require.Len(t, first, 4)
		var queued time.Duration
		for _, ev := range first {
			queued += ev.Queued
		}
		assert.Equal(t, time.Second, queued)
	})
}

// What is logged of a call has its id, as the program knows it.
func TestLogHasIDs(t *testing.T) {
	m := memory.New()
	var b bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	gone := dispatch.Func("gone", func(context.Context, int) (int, error) { return 0, nil })
	d, err := dispatch.New(gone, dispatch.WithStoreFrom(m))
	require.NoError(t, err)
	id, err := gone.Dispatch(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	d, err = dispatch.New(dispatch.WithStoreFrom(m), dispatch.WithLogger(logger))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.Contains(t, b.String(), "call="+string(id)+" ")
}

func TestLookupKey(t *testing.T) {
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
	d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
	require.NoError(t, err)
	_, err = d.LookupKey(t.Context(), "k")
	require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
	id, err := f.Dispatch(t.Context(), 1, dispatch.WithKey("k"))
	require.NoError(t, err)
	info, err := d.LookupKey(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, id, info.ID)
	require.NoError(t, d.Close())
	_, err = d.LookupKey(t.Context(), "k")
	require.ErrorIs(t, err, dispatch.ErrClosed)
}
