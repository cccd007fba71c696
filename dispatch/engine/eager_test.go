package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// gated is a store that a test lets commit, or not.
type gated struct {
	store.Store
	mu      sync.Mutex
	gate    func(steps []store.Step) error // may block
	commits int
	read    int                      // calls, at a start
	after   func(steps []store.Step) // they are stored
	failed  []error                  // of the store
}

// Due implements [store.Timed].
func (g *gated) Due(ctx context.Context, until time.Time, after int64, limit int) ([]int64, error) {
	return g.Store.(store.Timed).Due(ctx, until, after, limit)
}

// Awake implements [store.Timed].
func (g *gated) Awake(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	all, err := g.Store.(store.Timed).Awake(ctx, after, limit)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read += len(all)
	return all, err
}

// Asleep implements [store.Timed].
func (g *gated) Asleep(ctx context.Context) (bool, error) { return g.Store.(store.Timed).Asleep(ctx) }

func (g *gated) Commit(ctx context.Context, steps []store.Step) error {
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		if err := gate(steps); err != nil {
			return err
		}
	}
	err := g.Store.Commit(ctx, steps)
	if g.after != nil {
		g.after(steps)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commits++
	if err != nil {
		g.failed = append(g.failed, err)
	}
	return err
}

// joint says whether one of the steps is a result together with what followed from it.
func joint(steps []store.Step) bool {
	for _, s := range steps {
		if len(s.Change) > 1 {
			return true
		}
	}
	return false
}

func openGated(t *testing.T, m *memory.Memory, gate func([]store.Step) error) *gated {
	t.Helper()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	return &gated{Store: s, gate: gate}
}

// runOn runs an engine until the returned function is called.
func runOn(t *testing.T, cfg engine.Config) (*engine.Engine, func()) {
	t.Helper()
	cfg.Describe = describe
	switch cfg.Resident {
	case 0:
		cfg.Resident = 100
	case -1:
		cfg.Resident = 0
	}
	e, err := engine.New(cfg)
	require.NoError(t, err)
	run, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(run) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			<-ended
			assert.NoError(t, e.Close())
		})
	}
	t.Cleanup(stop)
	return e, stop
}

var eager = engine.Policy{Eager: engine.Always}

// pair is a workflow of two rounds of one leaf each, and the leaf. Each result has the number
// of the attempt in it.
func pair() (f, leaf *script) {
	f = &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		switch x.at {
		case 0:
			return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("a")}}}
		case 1:
			return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: results[0].Output}}}
		}
		return engine.Turn{Output: results[0].Output}
	}}
	leaf = &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
		return engine.Turn{Output: append(append([]byte(nil), x.Input...), 'b')}
	}}
	return f, leaf
}

func (s *script) runs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// A step of an eager function is one commit: the result, the next state and the next call.
func TestEagerCommits(t *testing.T) {
	for _, c := range []struct {
		policy        engine.Policy
		durable, free bool
		commits       int
	}{
		{eager, true, false, 4},
		{engine.Policy{}, true, false, 6},
		{eager, false, false, 6},
		{engine.Policy{}, true, true, 4},
		{engine.Policy{}, false, true, 6},
		{engine.Policy{Eager: engine.Never}, true, true, 6},
	} {
		t.Run(fmt.Sprint(c.policy.Eager, c.durable, c.free), func(t *testing.T) {
			f, leaf := pair()
			f.durable = c.durable
			turns := f.turns
			f.turns = func(x *scripted, results []engine.Result) engine.Turn {
				turn := turns(x, results)
				turn.EffectFree = c.free
				return turn
			}
			s := openGated(t, memory.New(), nil)
			e, stop := runOn(t, engine.Config{Store: s, Functions: []engine.Function{f.function("f", c.policy), leaf.function("leaf", engine.Policy{})}})
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			assert.Equal(t, "abb", result(t, e, id))
			stop()
			assert.Equal(t, c.commits, s.commits)
			assert.Equal(t, []string{"1:0", "1:1", "1:2"}, f.runs())
		})
	}
}

// What the store does not take is taken apart: the result is stored alone, and the function goes on
// from its last state.
func TestEagerRefused(t *testing.T) {
	for name, fails := range map[string]error{
		"by the step": &store.StepError{Err: errors.New("no")},
		"by nobody":   errors.New("no"),
	} {
		t.Run(name, func(t *testing.T) {
			f, leaf := pair()
			s := openGated(t, memory.New(), func(steps []store.Step) error {
				if joint(steps) {
					return fails
				}
				return nil
			})
			e, stop := runOn(t, engine.Config{Store: s, Functions: []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}})
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			assert.Equal(t, "abb", result(t, e, id))
			stop()
			assert.Equal(t, []string{"1:0", "1:1", "1:1", "1:2", "1:2"}, f.runs())
			assert.Equal(t, []string{"1:0", "1:0"}, leaf.runs())
		})
	}
}

// A store that is away for a while gets the step when it is back, and nothing is done twice.
func TestEagerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		away := 3
		s := openGated(t, memory.New(), func(steps []store.Step) error {
			if joint(steps) && away > 0 {
				away--
				return store.ErrUnavailable
			}
			return nil
		})
		e, stop := runOn(t, engine.Config{Store: s, Functions: []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		assert.Equal(t, "abb", result(t, e, id))
		stop()
		assert.Equal(t, []string{"1:0", "1:1", "1:2"}, f.runs())
	})
}

// A crash before the commit loses the result and what followed from it; one behind it loses nothing.
func TestEagerCrash(t *testing.T) {
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprint(before), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				f, leaf := pair()
				functions := []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}
				var s *gated
				crashed, over := make(chan struct{}), make(chan struct{})
				s = openGated(t, m, func(steps []store.Step) error {
					if !joint(steps) {
						return nil
					}
					if !before {
						assert.NoError(t, s.Store.Commit(ctx, steps))
					}
					close(crashed)
					<-over
					return store.ErrFenced
				})
				e, err := engine.New(engine.Config{Store: s, Functions: functions, Describe: describe, Resident: 100})
				require.NoError(t, err)
				go e.Run(ctx)
				id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				require.NoError(t, err)
				<-crashed
				assert.Equal(t, []string{"1:0", "1:1"}, f.runs())
				c, err := e.Lookup(ctx, id)
				require.NoError(t, err)
				assert.Equal(t, map[bool]int{true: 1, false: 2}[before], c.Awaits)
				e.Kill()
				m.Crash()
				again, _ := runOn(t, engine.Config{Store: openGated(t, m, nil), Functions: functions})
				assert.Equal(t, "abb", result(t, again, id))
				if before {
					assert.Equal(t, []string{"1:0", "1:1", "1:1", "1:2"}, f.runs())
					assert.Len(t, leaf.runs(), 3)
				} else {
					assert.Equal(t, []string{"1:0", "1:1", "1:2"}, f.runs())
					assert.Len(t, leaf.runs(), 2)
				}
				close(over)
				assert.NoError(t, e.Close())
			})
		})
	}
}

// A function that is told to end while it runs on a result that is not stored learns of it, and the
// result stays.
func TestEagerCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		turns, running := f.turns, make(chan struct{})
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 1 {
				close(running)
				<-x.canceled
				return engine.Turn{Output: []byte("cleaned up")}
			}
			return turns(x, results)
		}
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil),
			Functions: []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		<-running
		require.NoError(t, e.Cancel(ctx, id))
		assert.Equal(t, "cleaned up", result(t, e, id))
		counts, err := e.Counts(ctx)
		require.NoError(t, err)
		for _, c := range counts {
			assert.Equal(t, store.OK, c.Status, c.Function)
		}
	})
}

// A program that is told to stop while a function runs on a result that is not stored stores the
// result alone, and the function goes on from its last state.
func TestEagerStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f, leaf := pair()
		turns, running, first := f.turns, make(chan struct{}), true
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 1 && first {
				first = false
				close(running)
				<-x.canceled
				return engine.Turn{Failure: describe(store.Canceled, "stopped")}
			}
			return turns(x, results)
		}
		functions := []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}
		e, stop := runOn(t, engine.Config{Store: openGated(t, m, nil), Functions: functions, Grace: time.Second})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		<-running
		stop()
		assert.Len(t, leaf.runs(), 1)
		e, _ = runOn(t, engine.Config{Store: openGated(t, m, nil), Functions: functions})
		assert.Equal(t, "abb", result(t, e, id))
		assert.Equal(t, []string{"1:0", "1:1", "1:1", "1:2"}, f.runs())
		assert.Len(t, leaf.runs(), 2)
	})
}

// A function that takes too long on a result that is not stored, and does not listen, is tried again
// from its last state, which the result is stored with.
func TestEagerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		turns, late := f.turns, make(chan struct{})
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 1 && x.Number == 1 {
				<-late
				return engine.Turn{Output: []byte("too late")}
			}
			return turns(x, results)
		}
		e, stop := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
			f.function("f", engine.Policy{Eager: engine.Always, Timeout: time.Minute}), leaf.function("leaf", engine.Policy{})}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		assert.Equal(t, "abb", result(t, e, id))
		assert.Equal(t, []string{"1:0", "1:1", "2:1", "2:2"}, f.runs())
		assert.Len(t, leaf.runs(), 2)
		stop() // although one does not return
		close(late)
	})
}

// A process that is fenced before the commit stores nothing of it, and another one does all of it.
func TestEagerFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f, leaf := pair()
		turns, running, may := f.turns, make(chan struct{}, 2), make(chan struct{})
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 1 {
				running <- struct{}{}
				<-may
			}
			return turns(x, results)
		}
		functions := []engine.Function{f.function("f", eager), leaf.function("leaf", engine.Policy{})}
		begin := func() (*engine.Engine, *member) {
			s, err := m.Shared(lease).Open(ctx)
			require.NoError(t, err)
			own := &member{Shared: s.(store.Shared)}
			e, _ := runOn(t, engine.Config{Store: own, Functions: functions})
			return e, own
		}
		a, own := begin()
		id, err := a.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		<-running
		own.paused.Store(true)
		b, _ := begin()
		<-running // in the other process
		close(may)
		assert.Equal(t, "abb", result(t, b, id))
		assert.Len(t, leaf.runs(), 3)
		own.paused.Store(false)
		assert.Equal(t, "abb", result(t, a, id))
	})
}

// The end of a function is a result too, for the eager one that awaits it: one commit for all of
// them. If it is not taken, each is stored alone.
func TestEagerUp(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprint(refused), func(t *testing.T) {
			step := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
				n := x.Input[0]
				switch {
				case x.at > 0:
					return engine.Turn{Output: append(append([]byte(nil), results[0].Output...), n)}
				case n == '1':
					return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("0")}}}
				}
				return engine.Turn{Await: []engine.Request{{Function: "f", Input: []byte{n - 1}}}}
			}}
			leaf := &script{turns: leaf.turns}
			s := openGated(t, memory.New(), func(steps []store.Step) error {
				if refused && joint(steps) {
					return errors.New("no")
				}
				return nil
			})
			e, stop := runOn(t, engine.Config{Store: s, Functions: []engine.Function{step.function("f", eager), leaf.function("leaf", engine.Policy{})}})
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("5")}, "")
			require.NoError(t, err)
			assert.Equal(t, "012345", result(t, e, id))
			stop()
			assert.Len(t, leaf.runs(), 1)
			if refused {
				assert.Equal(t, 12, s.commits)
			} else {
				assert.Equal(t, 7, s.commits)
			}
		})
	}
}
