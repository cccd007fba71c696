package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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

// What sleeps is in the memory of no process, and goes on in any of them: in time, when an event is sent, and
// when it is canceled.
func TestFleetAsleep(t *testing.T) {
	later := engine.Request{Function: engine.Sleep, Input: []byte("1"), Due: in(3)}
	for name, test := range map[string]struct {
		requests []engine.Request
		happens  func(e *engine.Engine, id string) error
		want     string
		ends     time.Duration
	}{
		"in time":      {[]engine.Request{later, later}, nil, "ok [ok null][ok null]", 3 * time.Hour},
		"with a leaf":  {[]engine.Request{{Function: "leaf", Input: []byte("1")}, later}, nil, "ok [ok 1][ok null]", 3 * time.Hour},
		"by an event":  {[]engine.Request{receive("e")}, func(e *engine.Engine, id string) error { return e.Send(ctx, id, event("e", "7")) }, "ok [ok 7]", 2 * time.Hour},
		"with another": {[]engine.Request{receive("e"), later}, func(e *engine.Engine, id string) error { return e.Send(ctx, id, event("e", "7")) }, "ok [ok 7][ok null]", 3 * time.Hour},
		"canceled":     {[]engine.Request{receive("e"), later}, func(e *engine.Engine, id string) error { return e.Cancel(ctx, id) }, "ok [canceled ][canceled ] canceled", 2 * time.Hour},
	} {
		for _, gone := range []bool{false, true} {
			t.Run(fmt.Sprint(name, gone), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					begun := time.Now()
					f := awaiting(test.requests...)
					begin := func() (*engine.Engine, func()) {
						s, err := m.Shared(lease).Open(ctx)
						require.NoError(t, err)
						return runOn(t, engine.Config{Store: s, Resident: -1,
							Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
					}
					a, stop := begin()
					b, _ := begin()
					var ids []string
					for range 10 {
						id, err := a.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
						require.NoError(t, err)
						ids = append(ids, id)
					}
					time.Sleep(time.Hour)
					assert.Zero(t, a.Load().Unfinished)
					if gone {
						stop()
					}
					time.Sleep(time.Hour)
					assert.Zero(t, b.Load().Unfinished)
					for _, id := range ids {
						if test.happens != nil {
							require.NoError(t, test.happens(b, id))
						}
					}
					for _, id := range ids {
						assert.Equal(t, test.want, ended(t, b, id))
					}
					assert.InDelta(t, test.ends, time.Since(begun), float64(2*time.Second))
					assert.Len(t, f.runs(), 2*len(ids))
				})
			})
		}
	}
}

// A call that has a reason not to sleep is not set free again and again.
func TestFleetRestless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := awaiting(receive("e"))
		s, err := m.Shared(lease).Open(ctx)
		require.NoError(t, err)
		own := &member{Shared: s.(store.Shared)}
		var slept atomic.Int32
		hold := func(steps []store.Step) {
			for _, step := range steps {
				slept.Add(int32(len(step.Sleep)))
			}
		}
		own.hold.Store(&hold)
		e, _ := runOn(t, engine.Config{Store: own, Resident: -1, Functions: []engine.Function{f.function("f", engine.Policy{})}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		require.NoError(t, e.Send(ctx, id, event("another", "1")))
		time.Sleep(time.Hour)
		assert.LessOrEqual(t, slept.Load(), int32(2), "and the call for the event")
		require.NoError(t, e.Send(ctx, id, event("e", "7")))
		assert.Equal(t, "ok [ok 7]", ended(t, e, id))
	})
}

// drawn is a store of which it takes some time until it is known that calls fell asleep.
type drawn struct{ store.Shared }

func (l drawn) Commit(ctx context.Context, steps []store.Step) error {
	err := l.Shared.Commit(ctx, steps)
	for _, step := range steps {
		if len(step.Sleep) > 0 {
			time.Sleep(time.Minute)
		}
	}
	return err
}

// A call that fell asleep, was woken and claimed again before that is known is not set free then.
func TestFleetWokenMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		var log bytes.Buffer
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{receive("e")}}
			}
			time.Sleep(10 * time.Minute)
			return said(x, results)
		}}
		begin := func(resident int) *engine.Engine {
			s, err := m.Shared(10 * time.Hour).Open(ctx)
			require.NoError(t, err)
			e, _ := runOn(t, engine.Config{Store: drawn{s.(store.Shared)}, Resident: resident, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
				Functions: []engine.Function{f.function("f", engine.Policy{})}})
			return e
		}
		a := begin(-1)
		time.Sleep(2 * time.Second) // it knows that calls can sleep
		id, err := a.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(10 * time.Second) // it sleeps, and that is not known here
		s, err := m.Shared(10 * time.Hour).Open(ctx)
		require.NoError(t, err)
		ev := event("e", "7")
		ev.Call = 1
		require.NoError(t, s.Commit(ctx, []store.Step{{Send: []store.Event{ev}}}))
		require.NoError(t, s.Close())
		time.Sleep(5 * time.Second)
		require.Equal(t, 2, a.Load().Unfinished, "it is here again")
		b := begin(100)
		assert.Equal(t, "ok [ok 7]", ended(t, b, id))
		assert.Len(t, f.runs(), 2)
		assert.Empty(t, log.String())
	})
}

// beside is a store that others share of which one may be of a version that does not wake calls.
type beside struct {
	store.Shared
	able *atomic.Bool
}

func (s beside) Rouse(ctx context.Context) (bool, error) {
	able, err := s.Shared.Rouse(ctx)
	return able && s.able.Load(), err
}

// What cannot fall asleep stays in memory, and leaves it when it can.
func TestFleetBesideOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := awaiting(receive("e"))
		s, err := m.Shared(lease).Open(ctx)
		require.NoError(t, err)
		able := new(atomic.Bool)
		e, _ := runOn(t, engine.Config{Store: beside{s.(store.Shared), able}, Resident: 4, Functions: []engine.Function{f.function("f", engine.Policy{})}})
		var ids []string
		for range 10 {
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			ids = append(ids, id)
		}
		time.Sleep(time.Hour)
		assert.Equal(t, 20, e.Load().Unfinished)
		able.Store(true)
		time.Sleep(5 * time.Minute)
		assert.LessOrEqual(t, e.Load().Unfinished, 4)
		for _, id := range ids {
			require.NoError(t, e.Send(ctx, id, event("e", "7")))
			assert.Equal(t, "ok [ok 7]", ended(t, e, id))
		}
	})
}
