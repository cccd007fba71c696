package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// sleeps awaits sleeps of so many hours, all at once, and says how many hours that took.
func sleeps(hours ...int) *script {
	begun := time.Now()
	return &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 0 {
			var t engine.Turn
			for _, h := range hours {
				t.Await = append(t.Await, engine.Request{Function: engine.Sleep, Input: []byte("1"), Due: begun.Add(time.Duration(h) * time.Hour)})
			}
			return t
		}
		t := said(x, results)
		t.Output = fmt.Appendf(t.Output, " %v", time.Since(begun).Round(time.Hour))
		return t
	}}
}

// ended waits for a call for as long as it takes.
func ended(t *testing.T, e *engine.Engine, id string) string {
	t.Helper()
	r, err := e.Wait(ctx, id, "f")
	require.NoError(t, err)
	return fmt.Sprint(r.Status, " ", string(r.Output))
}

// isDone waits a little and looks whether a call is done, without asking for it.
func isDone(t *testing.T, e *engine.Engine, id string) {
	t.Helper()
	time.Sleep(10 * time.Minute)
	c, err := e.Lookup(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, store.Done, c.Phase)
}

// beginIdle runs an engine that keeps nothing in memory that need not be there.
func beginIdle(t *testing.T, s store.Store, functions ...*script) (*engine.Engine, func()) {
	t.Helper()
	cfg := engine.Config{Store: s, Resident: -1}
	for i, f := range functions {
		cfg.Functions = append(cfg.Functions, f.function([]string{"f", "leaf"}[i], engine.Policy{}))
	}
	return runOn(t, cfg)
}

// What sleeps is not in memory, also after a start, and goes on in time.
func TestIdleSleeps(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint(restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				f := sleeps(3, 5, 3)
				e, stop := beginIdle(t, openGated(t, m, nil), f)
				ids := make([]string, 20)
				for i := range ids {
					var err error
					ids[i], err = e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
					require.NoError(t, err)
				}
				time.Sleep(time.Hour)
				assert.Zero(t, e.Load().Unfinished)
				if restart {
					stop()
					e, _ = beginIdle(t, openGated(t, m, nil), f)
					assert.Zero(t, e.Load().Unfinished)
				}
				time.Sleep(3 * time.Hour)
				assert.Zero(t, e.Load().Unfinished)
				for _, id := range ids {
					assert.Equal(t, "ok [ok null][ok null][ok null] 5h0m0s", ended(t, e, id))
				}
				assert.Len(t, f.runs(), 2*len(ids))
			})
		})
	}
}

// One that has slept through its time while no program ran goes on at the start.
func TestIdleOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := sleeps(3)
		e, stop := beginIdle(t, openGated(t, m, nil), f)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		stop()
		time.Sleep(9 * time.Hour)
		e, _ = beginIdle(t, openGated(t, m, nil), f)
		isDone(t, e, id)
		assert.Equal(t, "ok [ok null] 10h0m0s", ended(t, e, id))
	})
}

// A call goes on at the start if the program died when all that it awaits was done.
func TestIdleDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := sleeps(3, 2)
		s := openGated(t, m, nil)
		died := make(chan bool)
		s.after = func(steps []store.Step) {
			if time.Now().Hour() == 3 {
				died <- true
				<-died
			}
		}
		e, err := engine.New(engine.Config{Store: s, Describe: describe, Functions: []engine.Function{f.function("f", engine.Policy{})}})
		require.NoError(t, err)
		go e.Run(ctx)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		<-died
		e.Kill()
		close(died)
		m.Crash()
		require.NoError(t, e.Close())
		again, _ := beginIdle(t, openGated(t, m, nil), f)
		isDone(t, again, id)
		assert.Equal(t, "ok [ok null][ok null] 3h0m0s", ended(t, again, id))
	})
}

// A call that is not in memory, and all that it awaits, can be canceled.
func TestIdleCanceled(t *testing.T) {
	for _, child := range []bool{false, true} {
		t.Run(fmt.Sprint(child), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _ := beginIdle(t, openGated(t, memory.New(), nil), sleeps(3, 5))
				id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				require.NoError(t, err)
				time.Sleep(time.Hour)
				require.Zero(t, e.Load().Unfinished)
				if child {
					require.NoError(t, e.Cancel(ctx, id[:len(id)-1]+"3"))
					assert.Equal(t, "ok [ok null][canceled ] 3h0m0s", ended(t, e, id))
				} else {
					require.NoError(t, e.Cancel(ctx, id))
					assert.Equal(t, "ok [canceled ][canceled ] canceled 1h0m0s", ended(t, e, id))
				}
			})
		})
	}
}

// A call whose attempt fails for long is not in memory, nor is who awaits it; nor what has awaited
// something that is done beside it.
func TestIdleRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("1")}, {Function: "leaf", Input: []byte("2")}}}
			}
			return said(x, results)
		}}
		leaf := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
			if x.Number == 1 && x.Input[0] == '2' {
				f := describe(store.TemporaryError, "later")
				f.RetryAfter = time.Hour
				return engine.Turn{Failure: f}
			}
			return engine.Turn{Output: x.Input}
		}}
		e, _ := beginIdle(t, openGated(t, memory.New(), nil), f, leaf)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(30 * time.Minute)
		assert.Zero(t, e.Load().Unfinished)
		assert.Equal(t, "ok [ok 1][ok 2]", ended(t, e, id))
		assert.Len(t, leaf.runs(), 3)
	})
}

// A call that waits for an event is not in memory, and gets it, also if it was sent while no program
// dealt with it.
func TestIdleEvent(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint(restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 {
						return engine.Turn{Await: []engine.Request{{Function: engine.Receive, Input: []byte(`"paid"`)}}}
					}
					return said(x, results)
				}}
				s := openGated(t, m, nil)
				e, stop := beginIdle(t, s, f)
				id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				require.NoError(t, err)
				time.Sleep(10 * time.Minute)
				assert.Zero(t, e.Load().Unfinished)
				if restart {
					stop()
					own, err := m.Open(ctx)
					require.NoError(t, err)
					require.NoError(t, own.Commit(ctx, []store.Step{{Send: []store.Event{{Call: 1, Name: "paid", Payload: []byte("7")}}}}))
					require.NoError(t, own.Close())
					e, _ = beginIdle(t, openGated(t, m, nil), f)
				} else {
					require.NoError(t, e.Send(ctx, id, store.Event{Name: "paid", Payload: []byte("7")}))
				}
				isDone(t, e, id)
				assert.Equal(t, "ok [ok 7]", ended(t, e, id))
			})
		})
	}
}

// A call that is stored and not yet in memory is not read there by who looks for what is due.
func TestIdlePlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openGated(t, memory.New(), nil)
		s.after = func(steps []store.Step) {
			for _, step := range steps {
				for _, c := range step.Create {
					if c.Function == engine.Sleep && c.Input[0] == '2' {
						time.Sleep(10 * time.Minute) // it is due
					}
				}
			}
		}
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Input: x.Input, Due: time.Now().Add(2 * time.Minute)}}}
			}
			return said(x, results)
		}}
		e, _ := beginIdle(t, s, f)
		for _, in := range []string{"1", "2"} {
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte(in)}, "")
			require.NoError(t, err)
			assert.Equal(t, "ok [ok null]", ended(t, e, id))
		}
		assert.Equal(t, []string{"1:0", "1:1", "1:0", "1:1"}, f.runs())
		assert.Empty(t, s.failed)
	})
}

// A call of which some calls are in memory and some are not counts each of them once, also if it is
// stored that one is done before that is dealt with.
func TestIdleCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("1")},
					{Function: engine.Sleep, Input: []byte("1"), Due: begun.Add(3 * time.Hour)}, {Function: "leaf", Input: []byte("5")}}}
			}
			return said(x, results)
		}}
		leaf := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
			time.Sleep(time.Duration(x.Input[0]-'0') * time.Hour)
			return engine.Turn{Output: x.Input}
		}}
		var log bytes.Buffer
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Resident: -1, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
			Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})},
			Observer: func(ev engine.Event) {
				if ev.Function == "leaf" && ev.Final && time.Since(begun) < 2*time.Hour {
					time.Sleep(3 * time.Hour) // it is stored
				}
			}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.Equal(t, 3, e.Load().Unfinished) // all but the sleep
		time.Sleep(4*time.Hour + 30*time.Minute)
		assert.Len(t, f.runs(), 1)
		assert.Equal(t, "ok [ok 1][ok null][ok 5]", ended(t, e, id))
		assert.Empty(t, log.String())
	})
}

// Calls of a partition of which one is under way at a time have their turns one after the other, also if
// they sleep for long meanwhile, and the program is started anew.
func TestIdleInLine(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint(restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 {
						return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Input: []byte("1"), Due: time.Now().Add(3 * time.Hour)}}}
					}
					return said(x, results)
				}}
				begin := func() (*engine.Engine, func()) {
					return runOn(t, engine.Config{Store: openGated(t, m, nil), Resident: -1,
						Functions: []engine.Function{f.function("f", engine.Policy{Partition: engine.Partition{Concurrency: 1}})}})
				}
				e, stop := begin()
				begun := time.Now()
				var ids []string
				for _, in := range []string{"a", "b"} {
					id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte(in), Partition: "p"}, "")
					require.NoError(t, err)
					ids = append(ids, id)
				}
				time.Sleep(time.Hour)
				if restart {
					stop()
					e, _ = begin()
					time.Sleep(time.Hour)
				}
				assert.Len(t, f.runs(), 1)
				assert.Equal(t, "ok [ok null]", ended(t, e, ids[0]))
				assert.Equal(t, 3*time.Hour, time.Since(begun))
				assert.Equal(t, "ok [ok null]", ended(t, e, ids[1]))
				assert.Equal(t, 6*time.Hour, time.Since(begun))
			})
		})
	}
}
