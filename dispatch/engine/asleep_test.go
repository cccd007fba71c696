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

// dieAt runs an engine that keeps nothing in memory that need not be there, and whose process dies
// when something is stored: when that has happened the returned function is called, with the engine of the
// next process and how many calls that has read.
func dieAt(t *testing.T, m *memory.Memory, when func(store.Step) bool, functions ...*script) (*engine.Engine, func() (*engine.Engine, int)) {
	s := openGated(t, m, nil)
	died := make(chan bool)
	var e *engine.Engine
	s.after = func(steps []store.Step) {
		for _, step := range steps {
			if when(step) {
				e.Kill()
				close(died)
				return
			}
		}
	}
	e, stop := beginIdle(t, s, functions...)
	return e, func() (*engine.Engine, int) {
		<-died
		stop()
		s := openGated(t, m, nil)
		next, _ := beginIdle(t, s, functions...)
		return next, s.read
	}
}

// changes says whether a step changes a call of which the outcome is that.
func changes(output string) func(store.Step) bool {
	return func(s store.Step) bool {
		for _, c := range s.Change {
			if c.Phase == store.Done && string(c.Output) == output {
				return true
			}
		}
		return false
	}
}

// awaiting awaits something, and says what that gave.
func awaiting(requests ...engine.Request) *script {
	begun := time.Now()
	return &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 0 {
			t := engine.Turn{Await: append([]engine.Request(nil), requests...)}
			for i := range t.Await {
				if !t.Await[i].Due.IsZero() {
					t.Await[i].Due = begun.Add(t.Await[i].Due.Sub(time.Time{}))
				}
			}
			return t
		}
		return said(x, results)
	}}
}

// in is a time after the begin of the test.
func in(hours int) time.Time { return time.Time{}.Add(time.Duration(hours) * time.Hour) }

// A start reads none of the calls that sleep, but for one that was woken before the process died.
func TestAsleepDied(t *testing.T) {
	later := engine.Request{Function: engine.Sleep, Input: []byte("1"), Due: in(3)}
	for name, test := range map[string]struct {
		requests []engine.Request
		event    bool // is sent, by the process that dies
		cancel   bool // the process dies when it is stored that the call is to end
		waited   bool // somebody waits for it in the process that dies
		want     string
		ends     time.Duration
	}{
		"what it awaits is done":     {[]engine.Request{later}, false, false, false, "ok [ok null]", 3 * time.Hour},
		"… of a function":            {[]engine.Request{{Function: "leaf", Input: []byte("null"), Due: in(3)}}, false, false, false, "ok [ok null]", 3 * time.Hour},
		"… and one waits for it":     {[]engine.Request{later}, false, false, true, "ok [ok null]", 3 * time.Hour},
		"one of two is done":         {[]engine.Request{later, {Function: engine.Sleep, Input: []byte("1"), Due: in(5)}}, false, false, false, "ok [ok null][ok null]", 5 * time.Hour},
		"one, and an event later":    {[]engine.Request{later, receive("e")}, false, false, false, "ok [ok null][ok 7]", 4 * time.Hour},
		"an event is sent":           {[]engine.Request{receive("e")}, true, false, false, "ok [ok 7]", time.Hour},
		"it is canceled":             {[]engine.Request{later, receive("e")}, false, true, false, "ok [canceled ][canceled ] canceled", time.Hour},
		"the event of two, and more": {[]engine.Request{later, receive("e")}, true, false, false, "ok [ok null][ok 7]", 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				begun := time.Now()
				f := awaiting(test.requests...)
				when := changes("null")
				switch {
				case test.event:
					when = func(s store.Step) bool { return len(s.Send) > 0 }
				case test.cancel:
					when = func(s store.Step) bool { return len(s.Mark) > 0 }
				}
				e, next := dieAt(t, m, when, f, leaf)
				var ids []string
				for range 10 {
					id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
					require.NoError(t, err)
					ids = append(ids, id)
				}
				time.Sleep(time.Hour)
				require.Zero(t, e.Load().Unfinished)
				if test.waited {
					for _, id := range ids {
						go e.Wait(ctx, id, "f")
					}
				}
				if test.event {
					_ = e.Send(ctx, ids[0], event("e", "7"))
				}
				if test.cancel {
					_ = e.Cancel(ctx, ids[0])
				}
				again, read := next()
				assert.LessOrEqual(t, read, len(ids))
				if !test.event && !test.cancel {
					assert.Positive(t, read)
				}
				time.Sleep(time.Until(begun.Add(4 * time.Hour)))
				for i, id := range ids {
					if len(test.requests) == 2 && !test.cancel && (!test.event || i > 0) && test.requests[1].Function == engine.Receive {
						require.NoError(t, again.Send(ctx, id, event("e", "7")))
					}
				}
				if test.ends <= 4*time.Hour {
					synctest.Wait()
					time.Sleep(time.Second)
					c, err := again.Lookup(ctx, ids[0])
					require.NoError(t, err)
					assert.Equal(t, store.Done, c.Phase, "without being asked for")
				}
				assert.Equal(t, test.want, ended(t, again, ids[0]))
			})
		})
	}
}

// slow is a store that is slow to read events.
type slow struct {
	*gated
	pause atomic.Int64
}

func (s *slow) Sent(ctx context.Context, call int64, name string, limit int) ([]store.Event, error) {
	time.Sleep(time.Duration(s.pause.Load()))
	return s.gated.Sent(ctx, call, name, limit)
}

// A call does not fall asleep for which an event was sent before that is stored.
func TestAsleepTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		s := &slow{gated: openGated(t, m, func(steps []store.Step) error {
			if len(steps[0].Send) > 0 {
				time.Sleep(10 * time.Second)
			}
			return nil
		})}
		f := awaiting(receive("e"))
		e, stop := beginIdle(t, s, f)
		slept := 0
		s.after = func(steps []store.Step) {
			if slept += len(steps[0].Sleep); slept > 0 {
				e.Kill()
			}
		}
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		synctest.Wait()
		require.Zero(t, e.Load().Unfinished)
		require.Zero(t, slept)
		s.pause.Store(int64(time.Minute))
		_ = e.Send(ctx, id, event("e", "7"))
		stop()
		require.Equal(t, 2, slept)
		e, _ = beginIdle(t, openGated(t, m, nil), f)
		isDone(t, e, id)
	})
}

// noting is a store that keeps notes of attempts.
type noting struct{ *gated }

// Watched implements [store.Watcher].
func (n noting) Watched(ctx context.Context) ([]store.Watch, error) {
	return n.Store.(store.Watcher).Watched(ctx)
}

// A call that slept, and was running when the process died, is a suspect at the next start.
func TestAsleepSuspect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := awaiting(engine.Request{Function: "leaf", Input: []byte("1")})
		leaf := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
			if x.Number == 1 {
				f := describe(store.TemporaryError, "later")
				f.RetryAfter = 3 * time.Hour
				return engine.Turn{Failure: f}
			}
			return engine.Turn{Output: x.Input}
		}}
		var log bytes.Buffer
		var e *engine.Engine
		begin := func(after func([]store.Step)) func() {
			s := noting{openGated(t, m, nil)}
			s.after = after
			var stop func()
			e, stop = runOn(t, engine.Config{Store: s, Resident: -1, Logger: slog.New(slog.NewTextHandler(&log, nil)),
				Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
			return stop
		}
		stop := begin(nil)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		stop()
		stop = begin(func(steps []store.Step) {
			if len(steps[0].Watch) > 0 {
				e.Kill()
			}
		})
		require.Zero(t, e.Load().Unfinished)
		time.Sleep(3 * time.Hour)
		stop()
		log.Reset()
		begin(nil)
		isDone(t, e, id)
		assert.Contains(t, log.String(), "a call was running when the process died")
		assert.Equal(t, "ok [ok 1]", ended(t, e, id))
	})
}

// A call that sleeps and is not needed any more after a start, because who awaits it begins anew, is
// canceled there.
func TestAsleepOrphan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := awaiting(engine.Request{Function: "leaf", Input: []byte("1"), Due: in(3)})
		f.durable = false
		e, stop := beginIdle(t, openGated(t, m, nil), f, leaf)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Equal(t, 1, e.Load().Unfinished)
		stop()
		e, _ = beginIdle(t, openGated(t, m, nil), f, leaf)
		time.Sleep(time.Minute)
		c, err := e.Lookup(ctx, id[:len(id)-1]+"2")
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprint(store.Done, " ", store.Canceled), fmt.Sprint(c.Phase, " ", c.Status))
		assert.Equal(t, "ok [ok 1]", ended(t, e, id))
	})
}
