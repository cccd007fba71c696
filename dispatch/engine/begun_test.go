package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// In a fleet what was begun is run by whoever can, also when it is free while its parent does not
// await it, or its parent is in another process or in none; and it is awaited, alone and with others,
// from wherever its parent is by then.
func TestFleetBegun(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprint(restarted, together), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					var id string
					f := &script{durable: true}
					f.turns = func(s *scripted, results []engine.Result) engine.Turn {
						switch s.at {
						case 0:
							return engine.Turn{Begin: true, Await: []engine.Request{{Function: "slow"}}}
						case 1:
							id = results[0].ID
							return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(10 * lease)}}}
						case 2:
							t := engine.Turn{Await: []engine.Request{{Call: id}}}
							if together {
								t.Await = append(t.Await, engine.Request{Function: "slow"})
							}
							return t
						}
						var out []byte
						for _, r := range results {
							out = append(out, r.Output...)
						}
						return engine.Turn{Output: out}
					}
					slow := &script{turns: func(*scripted, []engine.Result) engine.Turn {
						time.Sleep(20 * lease)
						return engine.Turn{Output: []byte("slept")}
					}}
					s, err := m.Shared(lease).Open(ctx)
					require.NoError(t, err)
					a, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{})}, Describe: describe})
					require.NoError(t, err)
					run, stop := context.WithCancel(ctx)
					defer stop()
					go func() { _ = a.Run(run) }()
					synctest.Wait()
					call, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
					require.NoError(t, err)
					synctest.Wait()
					b, _ := join(t, m, false, slow.function("slow", engine.Policy{}))
					time.Sleep(lease)
					if restarted {
						a.Kill()
						join(t, m, false, f.function("f", engine.Policy{}))
					}
					got := result(t, b, call)
					want := "slept"
					if together {
						want += want
					}
					assert.Equal(t, want, got)
					wantRuns := []string{"1:0"}
					if together {
						wantRuns = append(wantRuns, "1:0")
					}
					assert.Equal(t, wantRuns, slow.seen)
					assert.Equal(t, []string{"1:0", "1:1", "1:2", "1:3"}, f.seen)
					synctest.Wait()
					reader, err := m.OpenReader(ctx)
					require.NoError(t, err)
					all, err := reader.Calls(ctx, 0, 10)
					require.NoError(t, err)
					for _, c := range all {
						assert.Equal(t, store.Done, c.Phase, "%v", c)
					}
					require.NoError(t, a.Close())
				})
			})
		}
	}
}

// What was begun by a call that has ended since ends when it is claimed.
func TestFleetBegunOrphan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		f := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
			if s.at == 0 {
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "slow"}}}
			}
			return engine.Turn{Output: []byte(results[0].ID)}
		}}
		a, _ := join(t, m, false, f.function("f", engine.Policy{}))
		call, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		id := result(t, a, call)
		slow := &script{}
		b, _ := join(t, m, false, slow.function("slow", engine.Policy{}))
		r, err := b.Wait(ctx, id, "slow")
		require.NoError(t, err)
		assert.Equal(t, store.Canceled, r.Status)
		assert.Empty(t, slow.seen)
	})
}

// A call that goes on from its state has what it has begun before, and that goes on too; when it is
// done they all are.
func TestBegunRestart(t *testing.T) {
	for _, after := range []time.Duration{time.Minute, 3 * time.Hour, 5 * time.Hour} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				ids := make(map[int]string)
				f := &script{durable: true, turns: func(s *scripted, results []engine.Result) engine.Turn {
					switch s.at {
					case 0:
						return engine.Turn{Begin: true, Await: []engine.Request{{Function: "slow"}, {Function: "slow"}, {Function: "slow"}}}
					case 1:
						for i, r := range results {
							ids[i] = r.ID
						}
						return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(2 * time.Hour)}}}
					case 2:
						return engine.Turn{Await: []engine.Request{{Call: ids[1]}}}
					}
					return engine.Turn{Output: results[0].Output}
				}}
				slow := &script{turns: func(s *scripted, _ []engine.Result) engine.Turn {
					select {
					case <-time.After(4 * time.Hour):
						return engine.Turn{Output: []byte("slept")}
					case <-s.canceled:
						return engine.Turn{Failure: describe(store.Canceled, "canceled")}
					}
				}}
				var id string
				start := func() (*engine.Engine, chan error) {
					s, err := m.Open(ctx)
					require.NoError(t, err)
					e, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{}), slow.function("slow", engine.Policy{})}, Describe: describe})
					require.NoError(t, err)
					ended := make(chan error, 1)
					go func() { ended <- e.Run(ctx) }()
					synctest.Wait()
					return e, ended
				}
				a, endA := start()
				id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
				require.NoError(t, err)
				time.Sleep(after)
				a.Kill()
				m.Crash()
				require.NoError(t, <-endA)
				b, endB := start()
				r, err := b.Wait(ctx, id, "f")
				require.NoError(t, err)
				assert.Equal(t, "slept", string(r.Output))
				time.Sleep(time.Second)
				require.NoError(t, b.Close())
				require.NoError(t, <-endB)
				require.NoError(t, a.Close())
				assert.Equal(t, []string{"1:0", "1:1", "1:2", "1:3"}, slices.Compact(f.seen))
				reader, err := m.OpenReader(ctx)
				require.NoError(t, err)
				all, err := reader.Calls(ctx, 0, 10)
				require.NoError(t, err)
				assert.Len(t, all, 5)
				for _, c := range all {
					assert.Equal(t, store.Done, c.Phase, "%v", c)
				}
			})
		})
	}
}
