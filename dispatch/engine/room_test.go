package engine_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// TestAlone is about a process that has all calls of a workflow, because there is no other one, and leaves most
// of them to one that comes.
func TestAlone(t *testing.T) {
	const width, each = 2000, 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		var byA, byB atomic.Int64
		functions := func(by *atomic.Int64) []engine.Function {
			slow := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
				by.Add(1)
				time.Sleep(each)
				return engine.Turn{Output: s.Input}
			}}
			big := &script{durable: true, turns: func(s *scripted, _ []engine.Result) engine.Turn {
				if s.at > 0 {
					return engine.Turn{Output: []byte("done")}
				}
				all := make([]engine.Request, width)
				for i := range all {
					all[i] = engine.Request{Function: "slow"}
				}
				return engine.Turn{Await: all}
			}}
			return []engine.Function{slow.function("slow", engine.Policy{Concurrency: 4}), big.function("f", engine.Policy{})}
		}
		a, own := join(t, m, false, functions(&byA)...)
		time.Sleep(time.Second)
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		synctest.Wait()
		slow := a.Load().Functions["slow"]
		require.Equal(t, width, slow.Queued+int(byA.Load()), "it has all of them")
		all, err := own.Calls(ctx, 0, 2*width)
		require.NoError(t, err)
		last := all[len(all)-1]
		child, err := a.Names().Format(ctx, last.Incarnation, last.ID)
		require.NoError(t, err)
		waited := make(chan error, 1)
		go func() {
			_, err := a.Wait(ctx, child, "slow")
			waited <- err
		}()

		joined := time.Now()
		_, _ = join(t, m, false, functions(&byB)...)
		require.Equal(t, "done", result(t, a, id))
		require.EqualValues(t, width, byA.Load()+byB.Load(), "each has run once")
		require.Less(t, time.Since(joined), width*each/4*6/10+lease, "both have worked at them")
		require.Greater(t, byB.Load(), int64(width/3))
		require.NoError(t, <-waited)
	})
}
