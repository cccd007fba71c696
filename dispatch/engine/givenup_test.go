package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// A function that returns after its attempt was given up gives back the place that it had itself, though its call is one of
// another function by then.
func TestGivenUpPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, end := make(chan struct{}), make(chan struct{})
		f := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
			switch {
			case string(x.Input) == "other":
				<-end
				return engine.Turn{Output: []byte("x")}
			case x.Number == 1:
				<-late
			}
			return engine.Turn{Next: &engine.Request{Function: "g", Input: []byte("x")}}
		}}
		g := &script{turns: func(*scripted, []engine.Result) engine.Turn {
			<-end
			return engine.Turn{Output: []byte("x")}
		}}
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
			f.function("f", engine.Policy{Concurrency: 2, Timeout: time.Second}), g.function("g", engine.Policy{Concurrency: 1})}})
		dispatch := func(function, input string) {
			_, err := e.Dispatch(ctx, engine.Request{Function: function, Input: []byte(input)}, "")
			require.NoError(t, err)
		}
		dispatch("f", "x")
		time.Sleep(10 * time.Second)
		assert.Equal(t, []string{"1:0", "2:0"}, f.runs())
		assert.Len(t, g.runs(), 1, "what it was handed over to")
		close(late)
		synctest.Wait()
		dispatch("g", "x")
		synctest.Wait()
		assert.Len(t, g.runs(), 1, "there is no place for another one")
		for range 3 {
			dispatch("f", "other")
		}
		synctest.Wait()
		assert.Len(t, f.runs(), 4, "there is place for two again")
		close(end)
	})
}

// The state of an execution whose attempt was given up is no more than thrown away.
func TestGivenUpState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		turns := f.turns
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if x.Number == 1 {
				time.Sleep(2 * time.Second) // as long as it takes to be given up
			}
			return turns(x, results)
		}
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
			f.function("f", engine.Policy{Timeout: time.Second}), leaf.function("leaf", engine.Policy{})}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		r, err := e.Wait(ctx, id, "f")
		require.NoError(t, err)
		assert.Equal(t, "abb", string(r.Output))
	})
}

// That an attempt is cut short is told once, also if the store does not take that the call begins anew.
func TestCutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, leaf := pair()
		f.durable = false
		goes := make(chan struct{})
		f.turns = func(x *scripted, results []engine.Result) engine.Turn {
			if results == nil {
				return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("a")}}}
			}
			close(goes)
			<-x.canceled
			return engine.Turn{Failure: describe(store.Canceled, "canceled")}
		}
		s := openGated(t, memory.New(), nil)
		cut := 0
		e, stop := runOn(t, engine.Config{Store: s, Functions: []engine.Function{
			f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})},
			Observer: func(ev engine.Event) {
				if ev.Kind == engine.AttemptCut {
					cut++
				}
			}})
		_, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		<-goes
		s.mu.Lock()
		s.gate = func([]store.Step) error { return errors.New("refused") }
		s.mu.Unlock()
		stop()
		assert.Equal(t, 1, cut)
	})
}
