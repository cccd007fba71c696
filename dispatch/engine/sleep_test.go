package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Any process of a fleet lets a sleep end, also one that has no function, so that what sleeps
// goes on at once where it can.
func TestFleetSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		due := time.Now().Add(10*lease + time.Microsecond)
		f := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: due}}}
			}
			return engine.Turn{Output: append([]byte("slept "), results[0].Output...)}
		}}
		s, err := m.Shared(lease).Open(ctx)
		require.NoError(t, err)
		a, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{})}, Describe: describe})
		require.NoError(t, err)
		ended := make(chan error, 1)
		run, stop := context.WithCancel(ctx)
		defer stop()
		go func() { ended <- a.Run(run) }()
		synctest.Wait()
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		synctest.Wait()
		a.Kill()
		require.NoError(t, <-ended)

		b, _ := join(t, m, false)
		phase := func() store.Phase {
			c, err := b.Lookup(ctx, id)
			require.NoError(t, err)
			reader, err := m.OpenReader(ctx)
			require.NoError(t, err)
			timer, err := reader.Call(ctx, c.First)
			require.NoError(t, err)
			return timer.Phase
		}
		time.Sleep(time.Until(due))
		synctest.Wait()
		assert.Equal(t, store.Ready, phase(), "it is a microsecond before the next millisecond")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		assert.Equal(t, store.Done, phase())
		c, _ := join(t, m, false, f.function("f", engine.Policy{}))
		assert.Equal(t, "slept null", result(t, c, id))
		assert.Equal(t, []string{"1:0", "1:1"}, f.seen)
		require.NoError(t, a.Close())
	})
}
