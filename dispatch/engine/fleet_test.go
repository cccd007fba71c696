package engine_test

import (
	"context"
	"errors"
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

// member is the store of one process of a fleet.
type member struct {
	store.Shared
	paused atomic.Bool // it renews nothing, and does not hear of anything
	away   atomic.Bool // it cannot begin anew
	cut    atomic.Bool // it cannot reach the store
	deaf   chan store.Wake
	hold   atomic.Pointer[func([]store.Step)] // called before each commit, if it is not nil
}

func (m *member) Commit(ctx context.Context, steps []store.Step) error {
	if hold := m.hold.Load(); hold != nil {
		(*hold)(steps)
	}
	if m.cut.Load() {
		return store.ErrUnavailable
	}
	return m.Shared.Commit(ctx, steps)
}

func (m *member) Rejoin(ctx context.Context) error {
	if m.away.Load() {
		return store.ErrUnavailable
	}
	return m.Shared.Rejoin(ctx)
}

func (m *member) Renew(ctx context.Context) error {
	if m.cut.Load() {
		return store.ErrUnavailable
	}
	if m.paused.Load() {
		return nil
	}
	return m.Shared.Renew(ctx)
}

func (m *member) TakeOver(ctx context.Context) (int, error) {
	if m.paused.Load() {
		return 0, nil
	}
	return m.Shared.TakeOver(ctx)
}

func (m *member) Wakes() <-chan store.Wake {
	if m.deaf != nil {
		return m.deaf
	}
	return m.Shared.Wakes()
}

const lease = 10 * time.Second

// join runs an engine on a memory together with others, until the test ends.
func join(t *testing.T, m *memory.Memory, deaf bool, functions ...engine.Function) (*engine.Engine, *member) {
	t.Helper()
	s, err := m.Shared(lease).Open(ctx)
	require.NoError(t, err)
	own := &member{Shared: s.(store.Shared)}
	if deaf {
		own.deaf = make(chan store.Wake)
	}
	e, err := engine.New(engine.Config{Store: own, Functions: functions, Describe: describe})
	require.NoError(t, err)
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(run) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
		assert.NoError(t, e.Close())
	})
	return e, own
}

// result waits for a call of f.
func result(t *testing.T, e *engine.Engine, id string) string {
	t.Helper()
	within, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	r, err := e.Wait(within, id, "f")
	require.NoError(t, err)
	return string(r.Output)
}

// begins returns a function that says when it begins, and returns a text when it may.
func begins(text string, begun chan string, may chan struct{}) engine.Function {
	s := &script{turns: func(*scripted, []engine.Result) engine.Turn {
		begun <- text
		<-may
		return engine.Turn{Output: []byte(text)}
	}}
	return s.function("f", engine.Policy{})
}

// A process that is paused for longer than its lease, and comes back while another one has
// not yet finished what it had, records nothing: not as what it was, and not as what it is
// now.
func TestFleetPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		begun, mayA, mayB := make(chan string), make(chan struct{}), make(chan struct{})
		a, own := join(t, m, false, begins("a", begun, mayA))
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		require.Equal(t, "a", <-begun)
		before := own.Incarnation()
		own.paused.Store(true)
		b, _ := join(t, m, false, begins("b", begun, mayB))
		require.Equal(t, "b", <-begun)
		own.paused.Store(false)
		time.Sleep(lease)
		synctest.Wait()
		require.Greater(t, own.Incarnation(), before, "it has begun anew")
		close(mayA)
		synctest.Wait()
		close(mayB)
		require.Equal(t, "b", result(t, b, id))
		require.Equal(t, "b", result(t, a, id))

		go func() { <-begun }()
		id, err = a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		require.Equal(t, "a", result(t, a, id), "it goes on with something new")
	})
}

// A process that knows that it was fenced, and cannot begin anew yet, makes what it runs end and
// begins nothing of what it had.
func TestFleetFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		var begun atomic.Int32
		may := make(chan struct{})
		s := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
			begun.Add(1)
			<-may
			return engine.Turn{Output: []byte("x")}
		}}
		a, own := join(t, m, false, s.function("f", engine.Policy{Concurrency: 1}))
		var ids []string
		for range 3 {
			id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
			require.NoError(t, err)
			ids = append(ids, id)
		}
		synctest.Wait()
		require.EqualValues(t, 1, begun.Load())
		own.paused.Store(true)
		own.away.Store(true)
		join(t, m, false, leaf.function("leaf", engine.Policy{}))
		time.Sleep(2 * lease) // the other one takes over what it cannot run
		own.paused.Store(false)
		time.Sleep(lease)
		close(may)
		time.Sleep(lease)
		require.EqualValues(t, 1, begun.Load(), "it begins what it has lost")
		own.away.Store(false)
		for _, id := range ids {
			require.Equal(t, "x", result(t, a, id))
		}
		require.EqualValues(t, 4, begun.Load())
	})
}

// A process that cannot reach the store begins nothing when its lease has passed: others may have
// what it had. When it can again, and nobody has taken that over, it goes on with it.
func TestFleetLapsed(t *testing.T) {
	for _, taken := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New()
			var begun atomic.Int32
			may := make(chan struct{})
			s := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
				if s.Input[0] == 'x' {
					<-may
				} else {
					begun.Add(1)
				}
				return engine.Turn{Output: s.Input}
			}}
			a, own := join(t, m, false, s.function("f", engine.Policy{Concurrency: 1}))
			_, err := a.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			synctest.Wait()
			id, err := a.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("y")}, "")
			require.NoError(t, err)
			own.cut.Store(true)
			time.Sleep(lease / 2)
			synctest.Wait()
			if taken {
				join(t, m, false, leaf.function("leaf", engine.Policy{}))
			} else {
				own.paused.Store(true) // as if the server had been away, too
			}
			time.Sleep(2 * lease)
			close(may)
			time.Sleep(lease)
			synctest.Wait()
			require.Zero(t, begun.Load(), "it begins what others may have")
			own.paused.Store(false)
			own.cut.Store(false)
			require.Equal(t, "y", result(t, a, id))
			require.EqualValues(t, 1, begun.Load())
		})
	}
}

// A process that never hears of anything finds by itself what there is to be done, and what
// was done for it.
func TestFleetDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		parent := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("x")}}}
			}
			return engine.Turn{Output: results[0].Output}
		}}
		a, _ := join(t, m, true, parent.function("f", engine.Policy{}))
		join(t, m, true, leaf.function("leaf", engine.Policy{}))
		begun := time.Now()
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		require.Equal(t, "x", result(t, a, id))
		require.Less(t, time.Since(begun), 5*time.Second)
		assert.Equal(t, []string{"1:0", "1:1"}, parent.seen)
	})
}

// A state that one process cannot load goes on in another one, and the first does not try
// it again.
func TestFleetUnfit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		turns := func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("x")}}}
			}
			return engine.Turn{Output: results[0].Output}
		}
		var tried atomic.Int64
		unfit := &script{durable: true, unfit: true, turns: turns}
		f := unfit.function("f", engine.Policy{})
		start := f.Start
		f.Start = func(a engine.Attempt) (engine.Execution, error) {
			if a.State != nil {
				tried.Add(1)
			}
			return start(a)
		}
		a, _ := join(t, m, false, f, leaf.function("leaf", engine.Policy{}))
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(10 * lease)
		require.EqualValues(t, 1, tried.Load())
		fit := &script{durable: true, turns: turns}
		b, _ := join(t, m, false, fit.function("f", engine.Policy{}))
		require.Equal(t, "x", result(t, b, id))
		require.Equal(t, "x", result(t, a, id))
		assert.Equal(t, []string{"1:1"}, fit.seen)
		assert.EqualValues(t, 1, tried.Load())
	})
}

// Who awaits a call that its process has given away goes on when another one has run that.
func TestFleetGivenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		parent := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("x")}}}
			}
			return engine.Turn{Output: results[0].Output}
		}}
		unfit := leaf.function("leaf", engine.Policy{})
		unfit.Start = func(engine.Attempt) (engine.Execution, error) { return nil, errors.New("it does not fit") }
		a, _ := join(t, m, false, parent.function("f", engine.Policy{}), unfit)
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(lease)
		join(t, m, false, leaf.function("leaf", engine.Policy{}))
		require.Equal(t, "x", result(t, a, id))
		assert.Equal(t, []string{"1:0", "1:1"}, parent.seen)
	})
}

// What a process had goes on in the others from where it was, after a death as after an end.
func TestFleetGoesOn(t *testing.T) {
	for name, end := range map[string]func(*engine.Engine){
		"killed": func(e *engine.Engine) { e.Kill() },
		"closed": func(e *engine.Engine) { _ = e.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				may := make(chan struct{})
				parent := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
					switch s.at {
					case 0:
						return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("x")}}}
					case 1:
						select {
						case <-may:
						case <-s.canceled:
							return engine.Turn{Failure: describe(store.Canceled, "canceled")}
						}
						return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("y")}}}
					}
					return engine.Turn{Output: results[0].Output}
				}}
				functions := []engine.Function{parent.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}
				s, err := m.Shared(lease).Open(ctx)
				require.NoError(t, err)
				a, err := engine.New(engine.Config{Store: s, Functions: functions, Describe: describe})
				require.NoError(t, err)
				ended := make(chan error, 1)
				go func() { ended <- a.Run(ctx) }()
				synctest.Wait()
				id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
				require.NoError(t, err)
				synctest.Wait()
				end(a)
				require.NoError(t, <-ended)
				close(may)
				b, _ := join(t, m, false, functions...)
				begun := time.Now()
				require.Equal(t, "y", result(t, b, id))
				if name == "closed" {
					require.Less(t, time.Since(begun), 2*time.Second)
				}
				require.Less(t, time.Since(begun), 2*lease)
				assert.Equal(t, []string{"1:0", "1:1", "1:1", "1:2"}, parent.seen)
			})
		})
	}
}

// What a call had begun and awaited that begins anew, because its process died with all that there was of it, ends
// also if other processes run it.
func TestFleetBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		ends := make(chan string, 10)
		f := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
			switch {
			case len(x.seen) > 2:
				return engine.Turn{Output: []byte("anew")}
			case x.at == 0:
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "begun"}}}
			}
			return engine.Turn{Await: []engine.Request{{Function: "awaited"}}}
		}}
		join(t, m, false, stuck("begun", ends), stuck("awaited", ends))
		s, err := m.Shared(lease).Open(ctx)
		require.NoError(t, err)
		a, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{})}, Describe: describe})
		require.NoError(t, err)
		over := make(chan error, 1)
		go func() { over <- a.Run(ctx) }()
		synctest.Wait()
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		a.Kill()
		require.NoError(t, <-over)
		b, _ := join(t, m, false, f.function("f", engine.Policy{}))
		require.Equal(t, "anew", result(t, b, id))
		for range 2 {
			select {
			case how := <-ends:
				assert.Equal(t, "canceled", how)
			case <-time.After(time.Minute):
				assert.Fail(t, "it is not told to end")
			}
		}
	})
}
