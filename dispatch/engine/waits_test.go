package engine_test

import (
	"fmt"
	"strings"
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

// said puts into the output what a function got, and whether it was told to end.
func said(x *scripted, results []engine.Result) engine.Turn {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "[%v %s]", r.Status, r.Output)
	}
	select {
	case <-x.canceled:
		b.WriteString(" canceled")
	default:
	}
	return engine.Turn{Output: []byte(b.String())}
}

// What a crash leaves in the store of a race, and what becomes of it.
func TestWaitsRecover(t *testing.T) {
	m := memory.New()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	call := func(id, parent int64, f string) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: id, Function: f, Phase: store.Ready, Input: []byte(fmt.Sprint(id))}
	}
	suspended := func(id, first int64, width int, waiting string) store.Change {
		return store.Change{ID: id, Phase: store.Suspended, First: first, Width: width, State: []byte{0}, Awaits: 1, Reached: 1, Waiting: []byte(waiting)}
	}
	done := func(id int64) store.Change {
		return store.Change{ID: id, Phase: store.Done, Status: store.OK, Output: []byte(fmt.Sprint(id))}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{
			call(1, 0, "f"), call(2, 1, "leaf"), call(3, 1, "leaf"), // decided; the other one was done afterwards
			call(4, 0, "f"), call(5, 4, "leaf"), call(6, 4, "never"), // one is done, and it was not decided
			call(7, 0, "f"), call(8, 7, "f"), call(9, 8, "never"), call(10, 7, "leaf"), // has gone on, and what it does not need cleans up
			call(11, 0, "f"), call(12, 11, "never"), call(13, 11, "never"), // nothing is done: it is canceled below
		},
		Change: []store.Change{
			suspended(1, 2, 2, `{"need":1,"came":[1]}`), done(2), done(3),
			suspended(4, 5, 2, `{"need":1}`), done(5),
			suspended(7, 10, 1, ""), suspended(8, 9, 1, ""),
			suspended(11, 12, 2, `{"need":1}`),
		},
		Mark: []store.Mark{{ID: 8, Ending: store.Canceled}, {ID: 11, Ending: store.Canceled}},
	}}))
	name, err := s.IncarnationName(ctx, s.Incarnation())
	require.NoError(t, err)
	m.Crash()
	s, err = m.Open(ctx)
	require.NoError(t, err)
	f := &script{durable: true, turns: said}
	never := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
		<-x.canceled
		return engine.Turn{Failure: describe(store.Canceled, "canceled")}
	}}
	e, err := engine.New(engine.Config{Store: s, Describe: describe, Functions: []engine.Function{
		f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{}), never.function("never", engine.Policy{})}})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for id, want := range map[int64]string{
		1: "[none ][ok 3]", 4: "[ok 5][none ]", 7: "[ok 10]", 8: "[canceled ] canceled",
	} {
		r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, id), "f")
		require.NoError(t, err)
		assert.Equal(t, want, string(r.Output), "call %d", id)
	}
	r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, 11), "f")
	require.NoError(t, err)
	assert.Contains(t, []string{"[canceled ][none ] canceled", "[none ][canceled ] canceled"}, string(r.Output))
	for _, id := range []int64{6, 9, 12, 13} {
		r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, id), "never")
		require.NoError(t, err)
		assert.Equal(t, store.Canceled, r.Status)
	}
	require.NoError(t, e.Close())
	<-ended
}

// In a fleet a race is won also by a call of another process, and a process that takes over
// what waits for it goes on with what was decided.
func TestFleetRace(t *testing.T) {
	for _, first := range []string{"leaf", "sleep"} {
		t.Run(first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				after := map[string]time.Duration{"leaf": time.Hour, "sleep": time.Minute}[first]
				var canceled atomic.Bool
				slow := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
					select {
					case <-time.After(10 * time.Minute):
					case <-x.canceled:
						canceled.Store(true)
					}
					return engine.Turn{Output: []byte("x")}
				}}
				f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 {
						return engine.Turn{Need: 1, Await: []engine.Request{{Function: "leaf"}, {Function: engine.Sleep, Due: time.Now().Add(after)}}}
					}
					return said(x, results)
				}}
				a, _ := join(t, m, false, f.function("f", engine.Policy{}))
				join(t, m, false, slow.function("leaf", engine.Policy{}))
				begun := time.Now()
				id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
				require.NoError(t, err)
				want := map[string]string{"leaf": "[ok x][none ]", "sleep": "[none ][ok null]"}[first]
				assert.Equal(t, want, result(t, a, id))
				assert.Less(t, time.Since(begun), min(after, 10*time.Minute)+5*time.Second)
				time.Sleep(100 * time.Millisecond)
				assert.Equal(t, first == "sleep", canceled.Load(), "what is not needed is canceled in the other process")
			})
		})
	}
}
