package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

// goroutineHere returns what a stack trace calls the goroutine.
func goroutineHere() string {
	b := make([]byte, 64)
	b = b[:runtime.Stack(b, false)]
	name, _, _ := bytes.Cut(b, []byte("["))
	return string(name)
}

// The steps of a workflow that runs alone are made by one goroutine. If a function ends that,
// another one goes on.
func TestWorker(t *testing.T) {
	for _, exits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f, leaf := pair()
			seen := make(map[string]bool)
			ends := leaf.turns
			leaf.turns = func(x *scripted, results []engine.Result) engine.Turn {
				seen[goroutineHere()] = true
				if exits {
					runtime.Goexit()
				}
				return ends(x, results)
			}
			after := f.turns
			f.turns = func(x *scripted, results []engine.Result) engine.Turn {
				seen[goroutineHere()] = true
				if results != nil && exits {
					assert.Equal(t, store.PermanentError, results[0].Status)
					results[0].Output = []byte("x")
				}
				return after(x, results)
			}
			e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
				f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			_, err = e.Wait(ctx, id, "f")
			require.NoError(t, err)
			assert.Len(t, seen, map[bool]int{false: 1, true: 3}[exits])
		})
	}
}

// No goroutine waits for the store on behalf of a run: however many runs there are, few are needed while a commit is going on.
func TestNobodyWaitsForCommits(t *testing.T) {
	const calls = 200
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		commits := make(chan struct{})
		s := openGated(t, memory.New(), func([]store.Step) error {
			<-commits
			return nil
		})
		e, _ := runOn(t, engine.Config{Store: s, Functions: []engine.Function{
			f.function("f", eager), leaf.function("leaf", engine.Policy{})}})
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range calls {
			go func() {
				id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				if err == nil {
					_, err = e.Wait(ctx, id, "f")
				}
				assert.NoError(t, err)
			}()
		}
		synctest.Wait()
		for range 2 { // the first call, and the others
			commits <- struct{}{}
			synctest.Wait()
		}
		assert.GreaterOrEqual(t, len(f.runs()), calls, "all have come to their first await")
		assert.Less(t, runtime.NumGoroutine()-before-calls, calls*3/4)
		close(commits)
		synctest.Wait()
	})
}

// Functions that do not return do not keep others from running, however many there are.
func TestWorkersBesideThose(t *testing.T) {
	const calls = 100
	synctest.Test(t, func(t *testing.T) {
		running, end := 0, make(chan struct{})
		var mu sync.Mutex
		f := &script{turns: func(*scripted, []engine.Result) engine.Turn {
			mu.Lock()
			running++
			mu.Unlock()
			<-end
			return engine.Turn{Output: []byte("x")}
		}}
		all := &script{durable: true, turns: func(_ *scripted, results []engine.Result) engine.Turn {
			if results != nil {
				return engine.Turn{Output: []byte("x")}
			}
			return engine.Turn{Await: slices.Repeat([]engine.Request{{Function: "f", Input: []byte("x")}}, calls)}
		}}
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
			f.function("f", engine.Policy{}), all.function("all", engine.Policy{})}})
		for _, n := range []int{calls, 2 * calls} { // at first of new workers, and then of spare ones
			id, err := e.Dispatch(ctx, engine.Request{Function: "all", Input: []byte("x")}, "")
			require.NoError(t, err)
			synctest.Wait()
			mu.Lock()
			assert.Equal(t, n, running)
			mu.Unlock()
			close(end)
			_, err = e.Wait(ctx, id, "all")
			require.NoError(t, err)
			end = make(chan struct{})
		}
		close(end)
	})
}

// A call that is about to run when the engine is told to stop does not begin, and does when it runs again; one that
// goes on behind an await keeps what it has in memory.
func TestNotBegun(t *testing.T) {
	for _, kind := range []engine.EventKind{engine.AttemptStarted, engine.AttemptResumed} {
		synctest.Test(t, func(t *testing.T) {
			f, leaf := pair()
			var stop context.CancelFunc
			var cut int
			s := openGated(t, memory.New(), nil)
			e, err := engine.New(engine.Config{Store: s, Describe: describe, Resident: 100, Grace: time.Hour, Functions: []engine.Function{
				f.function("f", engine.Policy{Eager: engine.Never}), leaf.function("leaf", engine.Policy{})},
				Observer: func(ev engine.Event) {
					if ev.Function == "f" && ev.Kind == kind && stop != nil {
						stop()
						stop = nil
						time.Sleep(time.Second) // it is told meanwhile
					}
					if ev.Kind == engine.AttemptCut {
						cut++
					}
				}})
			require.NoError(t, err)
			run, cancel := context.WithCancel(ctx)
			stop = cancel
			ended := make(chan error)
			go func() { ended <- e.Run(run) }()
			synctest.Wait()
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			require.NoError(t, <-ended)
			assert.Equal(t, 1, cut)
			want := map[engine.EventKind][]string{engine.AttemptResumed: {"1:0"}}[kind]
			assert.Equal(t, want, f.runs())

			run, cancel = context.WithCancel(ctx)
			go func() { ended <- e.Run(run) }()
			_, err = e.Wait(ctx, id, "f")
			require.NoError(t, err)
			assert.Equal(t, []string{"1:0", "1:1", "1:2"}, f.runs())
			cancel()
			require.NoError(t, <-ended)
			require.NoError(t, e.Close())
		})
	}
}

// It does not count as one that was running when the process died, if that dies then.
func TestNotBegunIsNoCrash(t *testing.T) {
	m := memory.New()
	synctest.Test(t, func(t *testing.T) {
		f := &script{turns: func(*scripted, []engine.Result) engine.Turn { return engine.Turn{Output: []byte("x")} }}
		function := f.function("f", engine.Policy{})
		open := func() store.Store {
			s, err := m.Open(ctx)
			require.NoError(t, err)
			return s
		}
		first, err := engine.New(engine.Config{Store: open(), Describe: describe, Resident: 100, Functions: []engine.Function{function}})
		require.NoError(t, err)
		id, err := first.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		require.NoError(t, first.Close())
		for range 3 {
			run, stop := context.WithCancel(ctx)
			e, err := engine.New(engine.Config{Store: open(), Describe: describe, Resident: 100, Crashes: 2, Functions: []engine.Function{function},
				Observer: func(ev engine.Event) {
					if ev.Kind == engine.AttemptStarted {
						stop()
						time.Sleep(time.Second)
					}
				}})
			require.NoError(t, err)
			require.NoError(t, e.Run(run))
			e.Kill()
			require.NoError(t, e.Close())
		}
		assert.Empty(t, f.runs())
		e, _ := runOn(t, engine.Config{Store: open(), Crashes: 2, Functions: []engine.Function{function}})
		_, err = e.Wait(ctx, id, "f")
		require.NoError(t, err)
	})
}

// What a refused outcome comes to is done by the worker that goes on with it, and not by the one that ran the function.
func TestRefusedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		ends, other := make(chan struct{}), make(chan struct{})
		leaf.turns = func(*scripted, []engine.Result) engine.Turn {
			<-ends
			return engine.Turn{Output: []byte("bad")}
		}
		f.turns = func(_ *scripted, results []engine.Result) engine.Turn {
			if results == nil {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("a")}}}
			}
			assert.Equal(t, store.PermanentError, results[0].Status)
			return engine.Turn{Output: []byte("x")}
		}
		g := &script{turns: func(*scripted, []engine.Result) engine.Turn {
			<-other
			return engine.Turn{Output: []byte("x")}
		}}
		held := make(chan struct{})
		s := openGated(t, memory.New(), func(steps []store.Step) error {
			for i := range steps {
				switch {
				case len(steps[i].Create) > 0 && string(steps[i].Create[0].Input) == "held":
					<-held
				case len(steps[i].Change) > 0 && string(steps[i].Change[0].Output) == "bad":
					return &store.StepError{Index: i, Err: errors.New("refused")}
				}
			}
			return nil
		})
		e, err := engine.New(engine.Config{Store: s, Resident: 100, Functions: []engine.Function{
			f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{}), g.function("g", engine.Policy{})},
			Describe: func(status store.Status, message string) *engine.Failure {
				time.Sleep(time.Second) // until nobody writes
				return describe(status, message)
			}})
		require.NoError(t, err)
		run, cancel := context.WithCancel(ctx)
		ended := make(chan error)
		go func() { ended <- e.Run(run) }()
		_, err = e.Dispatch(ctx, engine.Request{Function: "g", Input: []byte("x")}, "")
		require.NoError(t, err)
		synctest.Wait() // a worker is at it
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		synctest.Wait() // and another one at leaf
		go func() {
			_, err := e.Dispatch(ctx, engine.Request{Function: "g", Input: []byte("held")}, "")
			assert.NoError(t, err)
		}()
		synctest.Wait() // which is being written
		close(ends)
		synctest.Wait() // who ran leaf has nothing to do
		close(other)
		synctest.Wait() // and who ran g is the first one to be woken
		close(held)
		out, err := e.Wait(ctx, id, "f")
		require.NoError(t, err)
		assert.Equal(t, "x", string(out.Output))
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, e.Close())
	})
}

// A store may keep the steps of a commit that it could not carry through, to find out what has become
// of them when it is given the next ones.
func TestFailedStepsStay(t *testing.T) {
	for _, policy := range []engine.Policy{{}, eager} {
		synctest.Test(t, func(t *testing.T) {
			f, leaf := pair()
			var kept [][]store.Step
			var was []string
			s := openGated(t, memory.New(), nil)
			failed := 0
			s.gate = func(steps []store.Step) error {
				for i := range kept {
					assert.Equal(t, was[i], fmt.Sprintf("%+v", kept[i]))
				}
				if failed++; failed%4 == 0 {
					kept, was = nil, nil
					return nil
				}
				kept, was = append(kept, steps), append(was, fmt.Sprintf("%+v", steps))
				if failed > 30 {
					return errors.New("for good")
				}
				return store.ErrUnavailable
			}
			e, _ := runOn(t, engine.Config{Store: s, Functions: []engine.Function{
				f.function("f", policy), leaf.function("leaf", engine.Policy{})}})
			for range 4 {
				if id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, ""); err == nil {
					_, _ = e.Wait(ctx, id, "f")
				}
			}
			assert.Greater(t, failed, 30)
		})
	}
}
