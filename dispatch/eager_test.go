package dispatch_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// Wherever the process dies, an eager workflow comes to the same end as another one; and only of the
// commit that was lost something is done again.
func TestEagerCrashes(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		var mu sync.Mutex
		runs := make(map[dispatch.ID]int)
		s := newStairs(nil, time.Second, dispatch.WithEager(true))
		s.interrupt = func(ctx context.Context, _ int) {
			mu.Lock()
			defer mu.Unlock()
			runs[dispatch.CallID(ctx)]++
		}
		r.Use(append(s.options(), dispatch.WithResident(10))...)
		sum, err := dispatchtest.Call(r, s.climb, 4)
		require.NoError(t, err)
		assert.Equal(t, answer(4), sum)
		again := 0
		for _, n := range runs {
			again += n - 1
		}
		if isDurable {
			// The workflow notes 5 steps, two attempts at a step fail, the gather is of 3.
			assert.LessOrEqual(t, again, 4+2+3+1)
		}
	})
}

// An eager workflow makes one commit a step where another one makes two.
func TestEagerSteps(t *testing.T) {
	steps := func(on bool) (n int) {
		dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
			s := newStairs(nil, time.Second, dispatch.WithEager(on))
			r.Use(append(s.options(), dispatch.WithResident(10))...)
			_, err := dispatchtest.Call(r, s.climb, 4)
			require.NoError(t, err)
			n = r.Steps()
		})
		return n
	}
	with, without := steps(true), steps(false)
	if isDurable {
		// The four results; and the last one of the gather, unless all three come at once.
		assert.Contains(t, []int{4, 5}, without-with)
	} else {
		assert.Equal(t, without, with)
	}
}
