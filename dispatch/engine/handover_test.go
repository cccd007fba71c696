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

// In a fleet a call is handed over to a function that another process has; who waits for it, or
// awaits it, gets the result, and what was begun before ends.
func TestFleetHandOver(t *testing.T) {
	for _, awaited := range []bool{false, true} {
		t.Run(fmt.Sprint(awaited), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				hand := &script{durable: true, turns: func(s *scripted, _ []engine.Result) engine.Turn {
					if s.at == 0 {
						return engine.Turn{Begin: true, Await: []engine.Request{{Function: "slow"}}}
					}
					return engine.Turn{Next: &engine.Request{Function: "far", Input: []byte("in")}}
				}}
				parent := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
					if s.at == 0 {
						return engine.Turn{Await: []engine.Request{{Function: "f"}}}
					}
					return engine.Turn{Output: results[0].Output}
				}}
				slow := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
					<-s.canceled
					return engine.Turn{Failure: describe(store.Canceled, "canceled")}
				}}
				var hop int
				far := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
					hop = s.Hop
					time.Sleep(time.Minute)
					return engine.Turn{Output: append([]byte("far "), s.Input...)}
				}}
				a, _ := join(t, m, false, hand.function("f", engine.Policy{}), parent.function("parent", engine.Policy{}), slow.function("slow", engine.Policy{}))
				join(t, m, false, far.function("far", engine.Policy{}))
				function := "f"
				if awaited {
					function = "parent"
				}
				id, err := a.Dispatch(ctx, engine.Request{Function: function}, "")
				require.NoError(t, err)
				r, err := a.Wait(ctx, id, function)
				require.NoError(t, err)
				assert.Equal(t, "far in", string(r.Output))
				assert.Equal(t, 1, hop)
				synctest.Wait()
				reader, err := m.OpenReader(ctx)
				require.NoError(t, err)
				all, err := reader.Calls(ctx, 0, 10)
				require.NoError(t, err)
				for _, c := range all {
					assert.Equal(t, store.Done, c.Phase, "%v", c)
				}
			})
		})
	}
}
