package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// A deadline passes at each moment of a call's life: while what happens then is observed, so that
// no moment is left to luck.
func TestDeadlineMoments(t *testing.T) {
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
		"about to run":            {func(e engine.Event) bool { return e.Kind == engine.AttemptStarted && e.Attempt == 1 }, seen{store.Timeout, "", []string{"1:0"}, 0}},
		"between attempts":        {func(e engine.Event) bool { return e.Kind == engine.AttemptEnded && !e.Final }, seen{store.Timeout, "", []string{"1:0"}, 0}},
		"its calls are stored":    {func(e engine.Event) bool { return e.Kind == engine.AttemptSuspended }, seen{store.OK, "timeout timeout", []string{"1:0", "2:0", "2:1"}, 0}},
		"about to go on":          {func(e engine.Event) bool { return e.Kind == engine.AttemptResumed }, seen{store.OK, "ok ok", []string{"1:0", "2:0", "2:1"}, 2}},
		"its outcome is recorded": {func(e engine.Event) bool { return e.Final }, seen{store.OK, "ok ok", []string{"1:0", "2:0", "2:1"}, 2}},
	} {
		for _, durable := range []bool{true, false} {
			t.Run(fmt.Sprint(name, durable), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
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
					passed := false
					e, err := engine.New(engine.Config{Store: s, Describe: describe, Observer: func(ev engine.Event) {
						if ev.Function == "f" && c.at(ev) {
							passed = true
							time.Sleep(time.Hour)
						}
					}, Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
					require.NoError(t, err)
					ended := make(chan error, 1)
					go func() { ended <- e.Run(ctx) }()
					id, err := e.Dispatch(ctx, engine.Request{Function: "f", Deadline: time.Now().Add(time.Hour / 2)}, "")
					require.NoError(t, err)
					r, err := e.Wait(ctx, id, "f")
					require.NoError(t, err)
					require.NoError(t, e.Close())
					<-ended
					assert.True(t, passed)
					assert.Equal(t, c.want, seen{r.Status, string(r.Output), f.seen, len(leaf.seen)})
					reader, err := m.OpenReader(ctx)
					require.NoError(t, err)
					all, err := reader.Calls(ctx, 0, 10)
					require.NoError(t, err)
					for _, call := range all {
						assert.Equal(t, store.Done, call.Phase)
					}
				})
			})
		}
	}
}

// In a fleet a deadline also passes for a call that no process can run, or of which the process
// dies; who awaits it goes on.
func TestDeadlineInFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		begun := time.Now()
		f := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Await: []engine.Request{
					{Function: "nowhere", Deadline: begun.Add(time.Hour)},
					{Function: "nowhere", Deadline: begun.Add(time.Hour), Due: begun.Add(2 * time.Hour)},
				}}
			}
			return engine.Turn{Output: fmt.Appendf(nil, "%v %v", results[0].Status, results[1].Status)}
		}}
		a, _ := join(t, m, false, f.function("f", engine.Policy{}))
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		r, err := a.Wait(ctx, id, "f")
		require.NoError(t, err)
		assert.Equal(t, "timeout timeout", string(r.Output))
		assert.Less(t, time.Since(begun), time.Hour+2*time.Second)

		// The process that runs it dies.
		slow := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
			<-s.canceled
			return engine.Turn{Failure: describe(store.Canceled, "canceled")}
		}}
		s, err := m.Shared(lease).Open(ctx)
		require.NoError(t, err)
		b, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{slow.function("slow", engine.Policy{})}, Describe: describe})
		require.NoError(t, err)
		go func() { _ = b.Run(ctx) }()
		synctest.Wait()
		id, err = b.Dispatch(ctx, engine.Request{Function: "slow", Deadline: time.Now().Add(time.Hour)}, "")
		require.NoError(t, err)
		synctest.Wait()
		b.Kill()
		begun = time.Now()
		r, err = a.Wait(ctx, id, "slow")
		require.NoError(t, err)
		assert.Equal(t, store.Timeout, r.Status)
		assert.Len(t, slow.seen, 1)
		assert.Less(t, time.Since(begun), time.Hour+2*time.Second)
		require.NoError(t, b.Close())
	})
}
