package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// counted is an execution of which it is counted how often it is discarded.
type counted struct {
	engine.Execution
	discarded *int
}

func (x counted) Discard(unwind bool) {
	*x.discarded++
	x.Execution.Discard(unwind)
}

// What waits in memory is unwound also if it has come to wait, or was about to go on, while the engine was closed.
func TestUnwoundLate(t *testing.T) {
	for _, kind := range []engine.EventKind{engine.AttemptStarted, engine.AttemptSuspended, engine.AttemptResumed} {
		for _, kill := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, killed: %v", kind, kill), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { unwoundLate(t, kind, kill) })
			})
		}
	}
}

func unwoundLate(t *testing.T, kind engine.EventKind, kill bool) {
	f, leaf := pair()
	f.durable = false
	made, discarded := 0, 0
	function := f.function("f", engine.Policy{})
	start := function.Start
	function.Start = func(a engine.Attempt) (engine.Execution, error) {
		made++
		x, err := start(a)
		return counted{x, &discarded}, err
	}
	reached, closed := make(chan struct{}), make(chan struct{})
	e, err := engine.New(engine.Config{Store: openGated(t, memory.New(), nil), Describe: describe, Resident: 100,
		Functions: []engine.Function{function, leaf.function("leaf", engine.Policy{})},
		Observer: func(ev engine.Event) {
			if ev.Function == "f" && ev.Kind == kind {
				close(reached)
				<-closed
			}
		}})
	require.NoError(t, err)
	run, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- e.Run(run) }()
	_, err = e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
	require.NoError(t, err)
	<-reached
	if kill {
		e.Kill()
	}
	stop()
	<-ended // though it has not come to an end
	require.NoError(t, e.Close())
	close(closed)
	synctest.Wait()
	assert.Equal(t, 1, made)
	assert.Equal(t, 1, discarded)
}

// No attempt starts when the engine was killed, however many are about to.
func TestKillStartsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 500
		all := &script{durable: true, turns: func(*scripted, []engine.Result) engine.Turn {
			return engine.Turn{Await: slices.Repeat([]engine.Request{{Function: "leaf", Input: []byte("x")}}, calls)}
		}}
		var e *engine.Engine
		var begun, killed atomic.Bool
		var late atomic.Int32
		e, err := engine.New(engine.Config{Store: openGated(t, memory.New(), nil), Describe: describe, Resident: 100,
			Functions: []engine.Function{all.function("all", engine.Policy{}), leaf.function("leaf", engine.Policy{})},
			Observer: func(ev engine.Event) {
				switch {
				case ev.Function != "leaf" || ev.Kind != engine.AttemptStarted:
				case killed.Load():
					late.Add(1)
				case begun.CompareAndSwap(false, true):
					e.Kill()
					killed.Store(true)
				}
			}})
		require.NoError(t, err)
		ended := make(chan error)
		go func() { ended <- e.Run(ctx) }()
		_, err = e.Dispatch(ctx, engine.Request{Function: "all", Input: []byte("x")}, "")
		require.NoError(t, err)
		require.NoError(t, <-ended)
		synctest.Wait()
		assert.Less(t, late.Load(), int32(calls/10), "others than those that were at it already")
		require.NoError(t, e.Close())
	})
}
