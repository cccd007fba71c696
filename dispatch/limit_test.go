package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// service can do so much at a time, and is down for a while.
type service struct {
	mu           sync.Mutex
	serving, can int
	begun        time.Time
	down, up     time.Duration
	asked        []time.Duration
	refused      int
}

func (s *service) do(context.Context, int) (int, error) {
	s.mu.Lock()
	at := time.Since(s.begun)
	s.asked = append(s.asked, at)
	down := at >= s.down && at < s.up
	if down || s.serving >= s.can {
		s.refused++
		s.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		return 0, dispatch.WithStatus(dispatch.StatusThrottled, errors.New("too much"))
	}
	s.serving++
	s.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
	s.mu.Lock()
	s.serving--
	s.mu.Unlock()
	return 1, nil
}

func (s *service) between(from, to time.Duration) int {
	n := 0
	for _, at := range s.asked {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

// all dispatches n calls of f, and returns when they are done.
func all(t *testing.T, f *dispatch.Function[int, int], n int) {
	t.Helper()
	var ids []dispatch.ID
	for i := range n {
		id, err := f.Dispatch(t.Context(), i)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for _, id := range ids {
		out, err := f.Wait(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, 1, out)
	}
}

// Ten thousand calls of a service that can do 20 at a time, 200 a second, and is down for half
// a minute: 50 s of work in 80 s at the least.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{can: 20, begun: time.Now(), down: 10 * time.Second, up: 40 * time.Second}
		f := dispatch.Func("f", s.do, dispatch.WithRetry(dispatch.RetryPolicy{Initial: 100 * time.Millisecond, Cap: time.Second}))
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		run(t, d)
		all(t, f, 10_000)
		took := time.Since(s.begun)
		t.Logf("%v, %d asked, %d refused, %d of them while it was down", took, len(s.asked), s.refused, s.between(s.down, s.up))
		assert.Less(t, took, 115*time.Second)
		assert.Less(t, s.between(15*time.Second, s.up), 40)
		assert.Less(t, s.refused, 2500)
	})
}

// A rate is kept by calls that wait in numbers, and by what retries come on top.
func TestWithRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{can: 1000, begun: time.Now()}
		fails := 0
		f := dispatch.Func("f", func(ctx context.Context, i int) (int, error) {
			out, err := s.do(ctx, i)
			s.mu.Lock()
			defer s.mu.Unlock()
			if fails++; err == nil && fails%7 == 0 {
				return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("one in seven"))
			}
			return out, err
		}, dispatch.WithRate(50, time.Second), fast)
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		run(t, d)
		all(t, f, 2000)
		for i := range s.asked {
			if i+51 < len(s.asked) {
				require.GreaterOrEqual(t, s.asked[i+51]-s.asked[i], time.Second)
			}
		}
		assert.Less(t, time.Since(s.begun), 58*time.Second, "2,333 attempts at 50 a second take 47")
	})
}

type throttled struct{ after time.Duration }

func (throttled) Error() string               { return "throttled" }
func (throttled) Status() dispatch.Status     { return dispatch.StatusThrottled }
func (t throttled) RetryAfter() time.Duration { return t.after }

// What a throttled call is told is obeyed by the other calls of the function.
func TestRetryAfterForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex
		var asked []time.Duration
		f := dispatch.Func("f", func(context.Context, int) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, time.Since(begun))
			if len(asked) == 1 {
				return 0, throttled{30 * time.Second}
			}
			return 1, nil
		}, dispatch.WithConcurrency(1))
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
		require.NoError(t, err)
		run(t, d)
		all(t, f, 10)
		require.Len(t, asked, 11)
		for _, at := range asked[1:] {
			assert.GreaterOrEqual(t, at, 30*time.Second)
		}
	})
}

func TestLimitsThatAreNone(t *testing.T) {
	for name, opt := range map[string]dispatch.FuncOption{
		"is not a rate": dispatch.WithRate(5, 0),
		"lacks":         dispatch.WithBreaker(dispatch.Breaker{Window: time.Second}),
	} {
		f := dispatch.Func("f", func(context.Context, int) (int, error) { return 0, nil }, opt)
		_, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()))
		assert.ErrorContains(t, err, name)
	}
}
