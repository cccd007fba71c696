package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// An interceptor sees each run of each function, gives it values, and can make it fail.
func TestInterceptor(t *testing.T) {
	type key struct{}
	for _, resident := range []int{0, 10} {
		var mu sync.Mutex
		var all []dispatch.AttemptInfo
		seen := make(map[dispatch.ID]int)
		record := func(ctx context.Context, a dispatch.AttemptInfo) (context.Context, error) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, a)
			if a.Function == "leaf" && a.Number == 1 {
				return nil, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not yet"))
			}
			seen[a.Call]++
			return context.WithValue(ctx, key{}, seen[a.Call]), nil
		}
		s := newStairs(nil, 0)
		var values []any
		s.interrupt = func(ctx context.Context, _ int) {
			mu.Lock()
			defer mu.Unlock()
			if dispatch.CallID(ctx) == all[0].Call {
				values = append(values, ctx.Value(key{}))
			}
		}
		begin(t, append(s.options(), dispatch.WithResident(resident), dispatch.WithStoreFrom(memory.New()),
			dispatch.WithInterceptor(record), dispatch.WithInterceptor(nil))...)
		out, err := ask(t, s.climb, 2)
		require.NoError(t, err)
		require.Equal(t, answer(2), out)

		mu.Lock()
		assert.Equal(t, []any{1, 2, 3}, values, "the values of each run are its own")
		climb := all[0]
		assert.Equal(t, dispatch.AttemptInfo{Call: climb.Call, Root: climb.Call, Function: "climb", Number: 1, Input: []byte("2")}, climb)
		runs := make(map[string]int)
		for _, a := range all {
			runs[a.Function]++
			assert.Equal(t, climb.Call, a.Root)
			if a.Function != "climb" {
				assert.Equal(t, climb.Call, a.Parent)
				assert.False(t, a.Resumed)
				assert.True(t, json.Valid(a.Input))
			} else {
				assert.Equal(t, runs["climb"] > 1, a.Resumed)
			}
		}
		assert.Equal(t, map[string]int{"climb": 4, "step": 3, "leaf": 6}, runs)
		mu.Unlock()
	}
}

// What an interceptor panics with is the error of the attempt.
func TestInterceptorPanics(t *testing.T) {
	f := dispatch.Func("f", func(context.Context, int) (int, error) { return 1, nil })
	begin(t, f, dispatch.WithInterceptor(func(context.Context, dispatch.AttemptInfo) (context.Context, error) { panic("no") }))
	_, err := ask(t, f, 1)
	require.ErrorContains(t, err, "no")
	require.Equal(t, dispatch.StatusPermanentError, dispatch.StatusOf(err))
}

// A substitute is run in place of its function, also where that is given, with its policy.
func TestSubstitute(t *testing.T) {
	s := newStairs(nil, 0)
	fifth := func(_ context.Context, n int) (int, error) { return 5 * n, nil }
	slippery := func(ctx context.Context, n int) (int, error) {
		if dispatch.Attempt(ctx) < 3 {
			return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("slippery"))
		}
		return fifth(ctx, n)
	}
	never := func(context.Context, int) (int, error) { panic("replaced itself") }
	begin(t, append(s.options(), dispatch.Substitute(s.leaf, fifth),
		dispatch.Substitute(s.step, never), dispatch.Substitute(s.step, slippery))...)
	out, err := ask(t, s.climb, 3)
	require.NoError(t, err)
	require.Equal(t, 15+5*(15+16+17), out)

	_, err = dispatch.New(dispatch.Substitute(s.leaf, nil))
	require.ErrorContains(t, err, `the substitute of function "leaf" is nil`)
}
