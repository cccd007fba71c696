package engine_test

import (
	"context"
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

// While a workflow awaits 20,000 calls, each step of a small one goes on after a few of them.
func TestFairness(t *testing.T) {
	const steps, atATime = 10, 4
	for name, open := range map[string]func() (store.Store, error){
		"one": func() (store.Store, error) { return memory.New().Open(ctx) },
		"fleet": func() (store.Store, error) {
			shared := memory.New().Shared(time.Hour)
			if _, err := shared.Open(ctx); err != nil { // who is alone keeps more
				return nil, err
			}
			return shared.Open(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				width := 20_000
				if name == "fleet" {
					width = 3000 // what becomes of them is asked of the store again and again
				}
				var others atomic.Int64
				slow := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
					if string(s.Input) == "big" {
						others.Add(1)
					}
					time.Sleep(10 * time.Millisecond)
					return engine.Turn{Output: s.Input}
				}}
				big := &script{durable: true, turns: func(s *scripted, _ []engine.Result) engine.Turn {
					if s.at == 0 {
						all := make([]engine.Request, width)
						for i := range all {
							all[i] = engine.Request{Function: "slow", Input: []byte("big")}
						}
						return engine.Turn{Await: all}
					}
					return engine.Turn{Output: []byte("done")}
				}}
				small := &script{durable: true, turns: func(s *scripted, _ []engine.Result) engine.Turn {
					if s.at < steps {
						return engine.Turn{Await: []engine.Request{{Function: "slow", Input: []byte("small")}}}
					}
					return engine.Turn{Output: []byte("done")}
				}}
				s, err := open()
				require.NoError(t, err)
				e, err := engine.New(engine.Config{Store: s, Describe: describe, Functions: []engine.Function{
					slow.function("slow", engine.Policy{Concurrency: atATime}), big.function("big", engine.Policy{}), small.function("f", engine.Policy{}),
				}})
				require.NoError(t, err)
				run, stop := context.WithCancel(ctx)
				ended := make(chan error, 1)
				go func() { ended <- e.Run(run) }()
				id, err := e.Dispatch(ctx, engine.Request{Function: "big", Input: []byte("x")}, "")
				require.NoError(t, err)
				time.Sleep(time.Second)
				before := others.Load()
				require.Positive(t, before)
				require.Less(t, before, int64(width))
				mine, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
				require.NoError(t, err)
				require.Equal(t, "done", result(t, e, mine))
				went := others.Load() - before
				t.Logf("%d others in %d steps", went, steps)
				assert.LessOrEqual(t, went, int64(steps*3*atATime))
				r, err := e.Wait(ctx, id, "big")
				require.NoError(t, err)
				require.Equal(t, "done", string(r.Output))
				require.EqualValues(t, width, others.Load())
				stop()
				require.NoError(t, <-ended)
				require.NoError(t, e.Close())
			})
		})
	}
}
