package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// A call is canceled at each moment of its life: from the observer, which what is observed
// waits for, so that no moment is left to luck.
func TestCancelMoments(t *testing.T) {
	type seen struct {
		status store.Status
		out    string
		runs   []string // of f
		leaves int      // that ran
	}
	for name, c := range map[string]struct {
		at   func(engine.Event) bool
		want seen
	}{
		"about to run":            {func(e engine.Event) bool { return e.Kind == engine.AttemptStarted && e.Attempt == 1 }, seen{store.Canceled, "", []string{"1:0"}, 0}},
		"between attempts":        {func(e engine.Event) bool { return e.Kind == engine.AttemptEnded && !e.Final }, seen{store.Canceled, "", []string{"1:0"}, 0}},
		"its calls are stored":    {func(e engine.Event) bool { return e.Kind == engine.AttemptSuspended }, seen{store.OK, "canceled canceled", []string{"1:0", "2:0", "2:1"}, 0}},
		"about to go on":          {func(e engine.Event) bool { return e.Kind == engine.AttemptResumed }, seen{store.OK, "ok ok", []string{"1:0", "2:0", "2:1"}, 2}},
		"its outcome is recorded": {func(e engine.Event) bool { return e.Final }, seen{store.OK, "ok ok", []string{"1:0", "2:0", "2:1"}, 2}},
	} {
		for _, durable := range []bool{true, false} {
			t.Run(fmt.Sprint(name, durable), func(t *testing.T) {
				f := &script{durable: durable, turns: func(x *scripted, results []engine.Result) engine.Turn {
					switch {
					case x.at == 1:
						return engine.Turn{Output: fmt.Appendf(nil, "%v %v", results[0].Status, results[1].Status)}
					case x.Number == 1:
						return engine.Turn{Failure: describe(store.TemporaryError, "not now")}
					}
					return twice(x, nil)
				}}
				leaf := &script{turns: leaf.turns}
				m := memory.New()
				s, err := m.Open(ctx)
				require.NoError(t, err)
				var e *engine.Engine
				canceled := false
				e, err = engine.New(engine.Config{Store: s, Describe: describe, Observer: func(ev engine.Event) {
					if ev.Function == "f" && c.at(ev) {
						canceled = true
						assert.NoError(t, e.Cancel(ctx, ev.Call))
					}
				}, Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
				require.NoError(t, err)
				ended := make(chan error, 1)
				go func() { ended <- e.Run(ctx) }()
				id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				require.NoError(t, err)
				r, err := e.Wait(ctx, id, "f")
				require.NoError(t, err)
				require.NoError(t, e.Close())
				<-ended
				assert.True(t, canceled)
				assert.Equal(t, c.want, seen{r.Status, string(r.Output), f.seen, len(leaf.seen)})
				reader, err := m.OpenReader(ctx)
				require.NoError(t, err)
				all, err := reader.Calls(ctx, 0, 10)
				require.NoError(t, err)
				for _, call := range all {
					assert.Equal(t, store.Done, call.Phase)
				}
			})
		}
	}
}

// What a crash after a cancel leaves in the store, and what becomes of it.
func TestCancelRecover(t *testing.T) {
	m := memory.New()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	call := func(id, parent, root int64, f string) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: root, Function: f, Phase: store.Ready, Input: []byte("7")}
	}
	suspended := func(id, first int64) store.Change {
		return store.Change{ID: id, Phase: store.Suspended, First: first, Width: 1, State: []byte{0}, Awaits: 1, Reached: 1}
	}
	shielded := suspended(6, 7)
	shielded.Waiting = []byte(`{"shielded":true}`)
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{
			call(1, 0, 1, "f"), // had not begun
			call(2, 0, 2, "f"), // awaits what awaits what had not begun
			call(3, 2, 2, "f"),
			call(4, 3, 2, "leaf"),
			call(5, 0, 5, "gone"), // of a function that is not there
			call(6, 0, 6, "f"),    // cleans up
			call(7, 6, 6, "leaf"),
		},
		Change: []store.Change{suspended(2, 3), suspended(3, 4), shielded},
		Mark:   []store.Mark{{ID: 1, Ending: store.Canceled}, {ID: 2, Ending: store.Canceled}, {ID: 5, Ending: store.Canceled}, {ID: 6, Ending: store.Canceled}},
	}}))
	name, err := s.IncarnationName(ctx, s.Incarnation())
	require.NoError(t, err)
	m.Crash()
	s, err = m.Open(ctx)
	require.NoError(t, err)

	f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		select {
		case <-x.canceled:
			return engine.Turn{Output: []byte("canceled, " + results[0].Status.String())}
		default:
			return engine.Turn{Output: []byte("not canceled")}
		}
	}}
	e, err := engine.New(engine.Config{Store: s, Describe: describe, Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for n, want := range map[int64]engine.Result{
		1: {Status: store.Canceled}, 2: {Status: store.OK, Output: []byte("canceled, ok")}, 3: {Status: store.OK, Output: []byte("canceled, canceled")},
		4: {Status: store.Canceled}, 5: {Status: store.Canceled}, 6: {Status: store.OK, Output: []byte("canceled, ok")}, 7: {Status: store.OK, Output: []byte("7")},
	} {
		function := map[int64]string{4: "leaf", 5: "gone", 7: "leaf"}[n]
		if function == "" {
			function = "f"
		}
		r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, n), function)
		require.NoError(t, err)
		assert.Equal(t, []any{want.Status, string(want.Output)}, []any{r.Status, string(r.Output)}, "call %d", n)
	}
	require.NoError(t, e.Close())
	<-ended
}
