package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

// A call goes on when the store can be read again, if it cannot be at the moment at which its next step has to know something:
// the name of the process that begins calls, a call that is awaited, the input of one that hands over.
func TestStepCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		var begun string
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			switch x.at {
			case 0:
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "leaf", Input: []byte("1")}}}
			case 1:
				begun = results[0].ID
				return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(time.Hour)}}}
			case 2:
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "leaf", Input: []byte("2")}}}
			case 3:
				return engine.Turn{Await: []engine.Request{{Call: begun}, {Call: results[0].ID}}}
			}
			return engine.Turn{Next: &engine.Request{Function: "leaf", Input: append(results[0].Output, results[1].Output...)}}
		}}
		leaf := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn { return engine.Turn{Output: x.Input} }}
		e, stop := beginIdle(t, openGated(t, m, nil), f, leaf)
		_, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		stop()

		s := openGated(t, m, nil)
		beginIdle(t, &unread{gated: s, failed: make(map[string]int)}, f, leaf)
		time.Sleep(2 * time.Hour)
		c, err := s.Call(ctx, 1)
		require.NoError(t, err)
		assert.Equal(t, "done ok 12", fmt.Sprint(c.Phase, " ", c.Status, " ", string(c.Output)))
	})
}

// unread is a store of which each read fails twice before it does not.
type unread struct {
	*gated
	mu     sync.Mutex
	failed map[string]int
}

func (s *unread) failure(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed[what]++; s.failed[what] <= 2 {
		return errors.New("connection refused")
	}
	delete(s.failed, what)
	return nil
}

func (s *unread) IncarnationName(ctx context.Context, incarnation int64) (string, error) {
	if err := s.failure(fmt.Sprint("name ", incarnation)); err != nil {
		return "", err
	}
	return s.gated.IncarnationName(ctx, incarnation)
}

func (s *unread) Call(ctx context.Context, id int64) (*store.Call, error) {
	if err := s.failure(fmt.Sprint("call ", id)); err != nil {
		return nil, err
	}
	return s.gated.Call(ctx, id)
}
