package dispatch_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// After a kill nothing is committed and no code behind an await runs, but a new dispatcher
// goes on from what there is. Time passes by itself.
func TestKill(t *testing.T) {
	for _, resident := range []int{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New()
			s := newStairs(nil, time.Hour)
			var dead, late atomic.Int64
			var killed atomic.Bool
			s.interrupt = func(context.Context, int) {
				if killed.Load() {
					late.Add(1)
				}
			}
			begin := func() *dispatch.Dispatcher {
				d, err := dispatch.New(append(s.options(), dispatch.WithStoreFrom(m), dispatch.WithResident(resident),
					dispatch.WithCommitObserver(func(c dispatch.Commit) {
						if c.Err != nil {
							dead.Add(1)
						}
					}))...)
				require.NoError(t, err)
				return d
			}
			d := begin()
			stop := run(t, d)
			id, err := s.climb.Dispatch(t.Context(), 6)
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() {
				_, err := s.climb.Wait(t.Context(), id)
				ended <- err
			}()
			time.Sleep(150 * time.Minute)
			killed.Store(true)
			d.Kill()
			m.Crash()
			require.ErrorIs(t, <-ended, dispatch.ErrClosed)
			_, err = d.Lookup(t.Context(), id)
			require.ErrorIs(t, err, dispatch.ErrClosed)
			d.Kill()
			time.Sleep(24 * time.Hour)
			assert.Zero(t, late.Load(), "the dead go on")
			assert.Zero(t, dead.Load(), "the dead commit")
			killed.Store(false)

			d = begin()
			defer run(t, d)()
			out, err := s.climb.Wait(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, answer(6), out)
			killed.Store(true)
			stop()
			synctest.Wait()
			assert.Zero(t, late.Load(), "the dead go on when they are closed")
		})
	}
}

// What the dead defer runs when they are closed, if they wait in memory, but no other code.
func TestKillUnwinds(t *testing.T) {
	if isDurable {
		t.Skip("in a durable build they don't wait in memory")
	}
	synctest.Test(t, func(t *testing.T) {
		slow := dispatch.Func("slow", func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		var deferred, went bool
		w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
			defer func() { deferred = true }()
			_, err := slow.Await(ctx, n)
			went = true
			return 0, errors.Join(err, errors.New("went on"))
		})
		d, err := dispatch.New(slow, w, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		stop := run(t, d)
		_, err = w.Dispatch(t.Context(), 1)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		d.Kill()
		time.Sleep(time.Hour)
		assert.False(t, deferred)
		stop()
		synctest.Wait()
		assert.True(t, deferred)
		assert.False(t, went)
	})
}
