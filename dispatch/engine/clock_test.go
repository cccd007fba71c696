package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// What waits by the clock goes on at once when that is put forth. When it is put back, it waits no
// longer for that, unless it is to wait for a time of day. Nothing ends twice.
func TestClockIsSet(t *testing.T) {
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	atOne := func() time.Time { return time.Now().Add(time.Hour) }
	for _, test := range []struct {
		name     string
		request  func() engine.Request
		resident int
		status   store.Status
		forth    time.Duration // when it is done if the clock is put an hour forth after half an hour
		back     time.Duration // or back
	}{
		{"a sleep for so long", func() engine.Request { return engine.Request{Function: "sleeps", Delay: time.Hour} }, 9, store.OK, minutes(30), minutes(60)},
		{"a sleep until then", func() engine.Request { return engine.Request{Function: "sleeps", Due: atOne()} }, 9, store.OK, minutes(30), minutes(120)},
		{"a delay", func() engine.Request { return engine.Request{Function: "leaf", Delay: time.Hour} }, 9, store.OK, minutes(30), minutes(60)},
		{"a start then", func() engine.Request { return engine.Request{Function: "leaf", Due: atOne()} }, 9, store.OK, minutes(30), minutes(120)},
		{"a retry", func() engine.Request { return engine.Request{Function: "fails"} }, 9, store.OK, minutes(30), minutes(60)},
		{"a start then, of a call that is not in memory", func() engine.Request { return engine.Request{Function: "leaf", Due: atOne()} }, 0, store.OK, minutes(30), minutes(120)},
		{"a deadline", func() engine.Request {
			return engine.Request{Function: "leaf", Due: time.Now().Add(1000 * time.Hour), Deadline: atOne()}
		}, 9, store.Timeout, minutes(30), minutes(120)},
	} {
		for by, want := range map[time.Duration]time.Duration{time.Hour: test.forth, -time.Hour: test.back, 0: time.Hour} {
			t.Run(test.name+" "+by.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					s, err := m.Open(ctx)
					require.NoError(t, err)
					due, delay := time.Time{}, time.Duration(0)
					sleeps := &script{durable: true, turns: func(x *scripted, _ []engine.Result) engine.Turn {
						if x.at == 0 {
							return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: due, Delay: delay}}}
						}
						return engine.Turn{Output: []byte("1")}
					}}
					fails := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
						if x.Number == 1 {
							f := describe(store.TemporaryError, "in an hour")
							f.RetryAfter = time.Hour
							return engine.Turn{Failure: f}
						}
						return engine.Turn{Output: []byte("1")}
					}}
					ends := atomic.Int32{}
					e, err := engine.New(engine.Config{Store: s, Describe: describe, Resident: test.resident, Functions: []engine.Function{
						sleeps.function("sleeps", engine.Policy{}), fails.function("fails", engine.Policy{}), leaf.function("leaf", engine.Policy{}),
					}, Observer: func(ev engine.Event) {
						if ev.Final {
							ends.Add(1)
						}
					}})
					require.NoError(t, err)
					e.WatchClock()()
					run, stop := context.WithCancel(ctx)
					ended := make(chan error, 1)
					go func() { ended <- e.Run(run) }()
					r := test.request()
					if r.Function == "sleeps" {
						due, delay, r.Due, r.Delay = r.Due, r.Delay, time.Time{}, 0
					}
					begun := time.Now()
					id, err := e.Dispatch(ctx, r, "")
					require.NoError(t, err)
					time.Sleep(30 * time.Minute)
					if by != 0 {
						e.SetClock(by)
					}
					time.Sleep(want - 30*time.Minute - time.Millisecond)
					c, err := e.Lookup(ctx, id)
					require.NoError(t, err)
					if want > 30*time.Minute {
						assert.NotEqual(t, store.Done, c.Phase, "too early")
					}
					for c.Phase != store.Done && time.Since(begun) < 3*time.Hour {
						time.Sleep(time.Millisecond)
						c, err = e.Lookup(ctx, id)
						require.NoError(t, err)
					}
					assert.InDelta(t, want.Seconds(), time.Since(begun).Seconds(), 1.1)
					assert.Equal(t, test.status, c.Status)
					time.Sleep(3 * time.Hour)
					assert.LessOrEqual(t, ends.Load(), int32(1))
					stop()
					require.NoError(t, <-ended)
					require.NoError(t, e.Close())
				})
			})
		}
	}
}

// What begins to wait when the clock was set waits as long as if it had not been: it need not be known yet.
func TestDelayWhenClockWasSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s, err := memory.New().Open(ctx)
			require.NoError(t, err)
			e, err := engine.New(engine.Config{Store: s, Describe: describe, Resident: 9, Functions: []engine.Function{leaf.function("leaf", engine.Policy{})}})
			require.NoError(t, err)
			e.WatchClock()()
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			synctest.Wait()
			e.SetClock(by)
			begun := time.Now()
			id, err := e.Dispatch(ctx, engine.Request{Function: "leaf", Delay: 10 * time.Minute}, "")
			require.NoError(t, err)
			_, err = e.Wait(ctx, id, "leaf")
			require.NoError(t, err)
			assert.InDelta(t, 600, time.Since(begun).Seconds(), 0.01)
			require.NoError(t, e.Close())
			<-ended
		})
	}
}

// A clock that is set while an engine reads what there is, and has not begun to look, is noticed too.
func TestClockIsSetAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		s, err := m.Open(ctx)
		require.NoError(t, err)
		e, err := engine.New(engine.Config{Store: s, Describe: describe, Resident: 9, Functions: []engine.Function{leaf.function("leaf", engine.Policy{})}})
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		begun := time.Now()
		watch := e.WatchClock()
		id, err := e.Dispatch(ctx, engine.Request{Function: "leaf", Due: begun.Add(time.Hour)}, "")
		require.NoError(t, err)
		e.SetClock(time.Hour)
		watch()
		_, err = e.Wait(ctx, id, "leaf")
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(begun), 2*time.Second)
		require.NoError(t, e.Close())
		<-ended
	})
}

// early is a store that others share, with a clock that is ahead of the machine's: but for what sleeps in it.
type early struct{ store.Shared }

const ahead = 3 * time.Hour

func (early) Time(context.Context) (time.Time, error) { return time.Now().Round(0).Add(ahead), nil }

// In a fleet what is stored is by the clock of the store, so that who takes a call over goes on from there
// in time, whatever the machines show.
func TestFleetClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		open := func(functions ...engine.Function) (*engine.Engine, chan error) {
			s, err := m.Shared(lease).Open(ctx)
			require.NoError(t, err)
			e, err := engine.New(engine.Config{Store: early{s.(store.Shared)}, Resident: 9, Functions: functions, Describe: describe})
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			synctest.Wait()
			return e, ended
		}
		f := leaf.function("leaf", engine.Policy{})
		a, ended := open(f)
		begun := time.Now()
		id, err := a.Dispatch(ctx, engine.Request{Function: "leaf", Delay: 10 * time.Second, Lifetime: time.Minute}, "")
		require.NoError(t, err)
		c, err := a.Lookup(ctx, id)
		require.NoError(t, err)
		assert.WithinDuration(t, begun.Add(ahead), c.Created, time.Millisecond)
		assert.WithinDuration(t, begun.Add(ahead+10*time.Second), c.Due, time.Millisecond)
		assert.WithinDuration(t, begun.Add(ahead+time.Minute), c.Deadline, time.Millisecond)
		then := begun.Add(ahead + time.Hour).Round(0)
		id, err = a.Dispatch(ctx, engine.Request{Function: "leaf", Due: then}, "")
		require.NoError(t, err)
		c, err = a.Lookup(ctx, id)
		require.NoError(t, err)
		assert.WithinDuration(t, then, c.Due, 0)
		time.Sleep(time.Hour - time.Second)
		c, err = a.Lookup(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, store.Ready, c.Phase)
		_, err = a.Wait(ctx, id, "leaf")
		require.NoError(t, err)
		assert.InDelta(t, time.Hour.Seconds(), time.Since(begun).Seconds(), 0.1)
		require.NoError(t, a.Close())
		assert.NoError(t, <-ended)
	})
}

// timeless is a store that others share, which does not answer what time it is, but once.
type timeless struct {
	store.Shared
	asked, renewed *atomic.Int32
}

func (s timeless) Time(ctx context.Context) (time.Time, error) {
	if s.asked.Add(1) == 1 {
		return time.Now(), nil
	}
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

func (s timeless) Renew(ctx context.Context) error {
	s.renewed.Add(1)
	return s.Shared.Renew(ctx)
}

// A lease is renewed in time although the store does not tell the time.
func TestLeaseWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := memory.New().Shared(lease).Open(ctx)
		require.NoError(t, err)
		asked, renewed := new(atomic.Int32), new(atomic.Int32)
		e, err := engine.New(engine.Config{Store: timeless{s.(store.Shared), asked, renewed}, Describe: describe})
		require.NoError(t, err)
		time.Sleep(10 * lease)
		assert.GreaterOrEqual(t, renewed.Load(), int32(10))
		assert.Greater(t, asked.Load(), int32(2))
		require.NoError(t, e.Close())
	})
}
