package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// lapping is a function that hands over to itself. A lap takes an hour: it awaits a leaf and a sleep, twice. The
// results of the leaves are its own in the end.
func lapping(n int) *script { return lappingIn(n, time.Hour) }

func lappingIn(n int, lap time.Duration) *script {
	return &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		switch {
		case x.at < 2:
			in := fmt.Append(nil, x.Hop)
			if x.at == 1 {
				in = slices.Concat(x.Input, results[0].Output, []byte(","))
			}
			return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: in}, {Function: engine.Sleep, Due: time.Now().Add(lap / 2)}}}
		case x.Hop == n-1:
			return engine.Turn{Output: results[0].Output}
		}
		return engine.Turn{Next: &engine.Request{Function: "f", Input: results[0].Output}}
	}}
}

func lapped(s store.Store, f *script, rules ...engine.Retention) engine.Config {
	return engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}, Retention: rules}
}

// comesTo waits for a call, but not for ever.
func comesTo(t *testing.T, e *engine.Engine, id string) string {
	t.Helper()
	within, cancel := context.WithTimeout(ctx, 300*time.Hour)
	defer cancel()
	r, err := e.Wait(within, id, "f")
	require.NoError(t, err)
	return fmt.Sprint(r.Status, " ", string(r.Output))
}

// ids returns the ids of the calls that are stored.
func ids(t *testing.T, m *memory.Memory) (all []int64) {
	t.Helper()
	r, err := m.OpenReader(ctx)
	require.NoError(t, err)
	calls, err := r.Calls(ctx, 0, 10_000)
	require.NoError(t, err)
	for _, c := range calls {
		all = append(all, c.ID)
	}
	return all
}

func handsOver(steps []store.Step) bool {
	return slices.ContainsFunc(steps, func(s store.Step) bool {
		return slices.ContainsFunc(s.Change, func(c store.Change) bool { return c.Function != "" })
	})
}

func removes(steps []store.Step) bool {
	return slices.ContainsFunc(steps, func(s store.Step) bool { return len(s.Delete) > 0 })
}

// What an earlier lap has made goes by the rule for what has ended well, when it is old, or when there
// are more laps than are to stay.
func TestLapRules(t *testing.T) {
	const hours = 40
	ok, bad := []store.Status{store.OK}, []store.Status{store.Canceled, store.InvalidArgument}
	for name, c := range map[string]struct {
		rules []engine.Retention
		least int // laps of which calls are there in the end; one more between two sweeps
	}{
		"age":        {[]engine.Retention{{Age: 10 * time.Hour}}, 9},
		"ok":         {[]engine.Retention{{Statuses: bad, Age: time.Hour}, {Statuses: ok, Age: 10 * time.Hour}, {Age: time.Hour}}, 9},
		"first rule": {[]engine.Retention{{Age: 20 * time.Hour}, {Statuses: ok, Age: time.Hour}}, 19},
		"count":      {[]engine.Retention{{Count: 5}}, 5},
		"both":       {[]engine.Retention{{Age: 5 * time.Hour, Count: 20}}, 4},
		"others":     {[]engine.Retention{{Statuses: bad, Age: time.Hour}}, hours},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				e, _ := runOn(t, lapped(openGated(t, m, nil), lapping(hours+1), c.rules...))
				id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "k")
				require.NoError(t, err)
				time.Sleep(hours*time.Hour + 15*time.Minute)
				n := (len(ids(t, m)) - 3) / 4 // there are the workflow, and the first calls of the lap that goes on
				assert.Contains(t, []int{c.least, c.least + 1}, n)
				f, err := e.LookupKey(ctx, "k")
				require.NoError(t, err)
				assert.Equal(t, hours, f.Hops)
				time.Sleep(time.Hour)
				want := "ok "
				for i := range hours + 1 {
					want += fmt.Sprint(i, ",")
				}
				assert.Equal(t, want, comesTo(t, e, id))
			})
		})
	}
}

// As long as it is not durable that a call was handed over, all that it has made stays.
func TestLapHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		may := make(chan bool)
		s := openGated(t, m, func(steps []store.Step) error {
			if handsOver(steps) {
				<-may
			}
			return nil
		})
		e, _ := runOn(t, lapped(s, lapping(3), engine.Retention{Age: time.Minute}))
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		for lap := range int64(2) {
			time.Sleep(5 * time.Hour)
			assert.Equal(t, []int64{1, 4*lap + 2, 4*lap + 3, 4*lap + 4, 4*lap + 5}, ids(t, m))
			may <- true
			time.Sleep(15 * time.Minute)
			assert.Equal(t, []int64{1, 4*lap + 6, 4*lap + 7}, ids(t, m))
		}
		assert.Equal(t, "ok 0,1,2,", comesTo(t, e, id))
	})
}

// stale is a store that returns what a call awaits as if the call had been handed over: as a database would
// have that lost the hand-over in a failover, after the page was read.
type stale struct {
	*gated
	lied atomic.Int64
}

func (s *stale) Finished(ctx context.Context, after int64, limit int) ([]store.Finished, error) {
	all, err := s.gated.Finished(ctx, after, limit)
	if err != nil || len(all) > 0 {
		return all, err
	}
	calls, err := s.gated.Calls(ctx, after, limit)
	for _, c := range calls {
		if c.Phase == store.Done && c.Parent != 0 {
			s.lied.Add(1)
			all = append(all, store.Finished{ID: c.ID, Root: c.Root, Function: c.Function, Created: c.Created, Ended: c.Updated, Laps: 1})
		}
	}
	return all, err
}

// What the lap that goes on has made stays for processes that go on with it, and so it does if the calls to be
// removed were chosen when it could be.
func TestLapRestarted(t *testing.T) {
	for _, lies := range []bool{false, true} {
		t.Run(fmt.Sprint(lies), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				id, lied := "", int64(0)
				for range 9 {
					s := &stale{gated: openGated(t, m, nil)}
					cfg := lapped(s, lapping(4), engine.Retention{Age: time.Minute})
					if !lies {
						cfg.Store = s.gated
					}
					e, stop := runOn(t, cfg)
					if id == "" {
						var err error
						id, err = e.Dispatch(ctx, engine.Request{Function: "f"}, "")
						require.NoError(t, err)
					}
					time.Sleep(25 * time.Minute)
					lied += s.lied.Load()
					stop()
				}
				e, _ := runOn(t, lapped(openGated(t, m, nil), lapping(4)))
				assert.Equal(t, "ok 0,1,2,3,", comesTo(t, e, id))
				assert.Equal(t, lies, lied > 0)
			})
		})
	}
}

// Over the death of the process when a call is handed over, and when what it has made is removed, before that is
// durable and after it, the call goes on, and all of that is removed.
func TestLapDied(t *testing.T) {
	for name, when := range map[string]func([]store.Step) bool{"handed over": handsOver, "removed": removes} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", ", after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const n = 8
					m := memory.New()
					var id string
					for range 3 { // processes
						times := 0
						died := make(chan bool)
						die := func(steps []store.Step) bool {
							if !when(steps) {
								return false
							}
							if times++; times == 2 {
								m.Crash()
								close(died)
							}
							return times >= 2
						}
						s := openGated(t, m, nil)
						if after {
							s.after = func(steps []store.Step) { die(steps) }
						} else {
							s.gate = func(steps []store.Step) error {
								if die(steps) {
									return store.ErrFenced
								}
								return nil
							}
						}
						e, stop := runOn(t, lapped(s, lapping(n), engine.Retention{Age: 10 * time.Minute}))
						if id == "" {
							var err error
							id, err = e.Dispatch(ctx, engine.Request{Function: "f"}, "")
							require.NoError(t, err)
						}
						select {
						case <-died:
							e.Kill()
						case <-time.After(10 * time.Hour):
						}
						stop()
					}
					e, _ := runOn(t, lapped(openGated(t, m, nil), lapping(n), engine.Retention{Age: 20 * time.Hour}))
					assert.Equal(t, "ok 0,1,2,3,4,5,6,7,", comesTo(t, e, id))
					time.Sleep(30 * time.Hour)
					assert.Empty(t, ids(t, m))
				})
			})
		}
	}
}

// What a lap has begun is told to end when the call is handed over, and stays, with what it has made itself, until it
// has ended.
func TestLapBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		slow := &script{durable: true, turns: func(x *scripted, _ []engine.Result) engine.Turn {
			if x.at == 0 {
				time.Sleep(time.Minute) // so that the leaf is made behind the first sleep
				return engine.Turn{Await: []engine.Request{{Function: "leaf"}}}
			}
			<-x.canceled
			time.Sleep(10 * time.Hour)
			return engine.Turn{Failure: describe(store.Canceled, "canceled")}
		}}
		f := &script{durable: true, turns: func(x *scripted, _ []engine.Result) engine.Turn {
			switch {
			case x.Hop == 0 && x.at == 0:
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "slow"}}}
			case x.Hop == 0 && x.at == 1:
				return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(time.Hour)}}}
			case x.Hop == 0:
				return engine.Turn{Next: &engine.Request{Function: "f"}}
			case x.at == 0:
				return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(100 * time.Hour)}}}
			}
			return engine.Turn{Output: []byte("end")}
		}}
		cfg := lapped(openGated(t, m, nil), f, engine.Retention{Age: time.Hour})
		cfg.Functions = append(cfg.Functions, slow.function("slow", engine.Policy{}))
		e, _ := runOn(t, cfg)
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(10 * time.Hour)
		// The workflow, what it has begun, the leaf of that, and the sleep that goes on. The first sleep is gone.
		assert.Equal(t, []int64{1, 2, 4, 5}, slices.DeleteFunc(ids(t, m), func(id int64) bool { return id > 5 }))
		time.Sleep(4 * time.Hour)
		assert.Equal(t, []int64{1, 5}, slices.DeleteFunc(ids(t, m), func(id int64) bool { return id > 5 }))
		assert.Equal(t, "ok end", comesTo(t, e, id))
	})
}

// A call that an earlier lap has begun is not one that this one can wait for: it may be gone.
func TestLapFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			switch {
			case x.Hop == 0 && x.at == 0:
				return engine.Turn{Begin: true, Await: []engine.Request{{Function: "leaf", Input: []byte("x")}}}
			case x.Hop == 0 && x.at == 1:
				return engine.Turn{Await: []engine.Request{{Call: results[0].ID}, {Function: "leaf", Input: []byte(results[0].ID)}}}
			case x.Hop == 0:
				return engine.Turn{Next: &engine.Request{Function: "f", Input: results[1].Output}}
			}
			if x.at > 0 {
				return engine.Turn{Output: results[0].Output}
			}
			return engine.Turn{Await: []engine.Request{{Call: string(x.Input)}}}
		}}
		e, _ := runOn(t, lapped(openGated(t, memory.New(), nil), f))
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		r, err := e.Wait(ctx, id, "f")
		require.NoError(t, err)
		assert.Equal(t, store.InvalidArgument, r.Status)
		assert.Contains(t, string(r.Error), "not a call that this one has begun")
	})
}

// An event that was received in an earlier lap goes with the call that has received it, and its key with it. One
// that came early stays.
func TestLapEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			if x.at == 0 {
				return engine.Turn{Await: []engine.Request{{Function: engine.Receive, Input: fmt.Appendf(nil, `"e%d"`, x.Hop)}}}
			}
			out := append(slices.Clone(x.Input), results[0].Output...)
			if x.Hop == 2 {
				return engine.Turn{Output: out}
			}
			return engine.Turn{Next: &engine.Request{Function: "f", Input: out}}
		}}
		e, _ := runOn(t, lapped(openGated(t, memory.New(), nil), f, engine.Retention{Age: time.Hour}))
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		send := func(name, payload string) error {
			return e.Send(ctx, id, store.Event{Name: name, Key: "k" + name, Payload: []byte(payload)})
		}
		require.NoError(t, send("e2", "c"))
		require.NoError(t, send("e0", "a"))
		time.Sleep(50 * time.Minute)
		require.NoError(t, send("e0", "a"))
		require.ErrorIs(t, send("e0", "another"), engine.ErrEventConflict)
		time.Sleep(time.Hour)
		require.NoError(t, send("e0", "another"), "it is forgotten")
		require.NoError(t, send("e2", "c"))
		require.ErrorIs(t, send("e2", "another"), engine.ErrEventConflict)
		require.NoError(t, send("e1", "b"))
		assert.Equal(t, "ok abc", comesTo(t, e, id))
	})
}

// A call that is handed over again and again leaves nothing in memory.
func TestLapMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forgets := func(s *script) engine.Function {
			turns := s.turns
			f := &script{durable: s.durable}
			f.turns = func(x *scripted, results []engine.Result) engine.Turn {
				x.mu.Lock()
				x.seen = nil
				x.mu.Unlock()
				return turns(x, results)
			}
			return f.function(map[bool]string{true: "f", false: "leaf"}[f.durable], engine.Policy{})
		}
		e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Retention: []engine.Retention{{Age: time.Minute}},
			Functions: []engine.Function{forgets(lapping(100_000)), forgets(leaf)}})
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		objects := func() uint64 {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapObjects
		}
		time.Sleep(500*time.Hour + 30*time.Minute)
		before := objects()
		time.Sleep(2000 * time.Hour)
		grown := int(objects()) - int(before)
		t.Log(grown, "objects after 2000 laps more")
		assert.Less(t, grown, 1000)
		require.NoError(t, e.Cancel(ctx, id))
		r, err := e.Wait(ctx, id, "f")
		require.NoError(t, err)
		assert.Equal(t, store.Canceled, r.Status)
	})
}

// belated is a store in which the outcome of a call is read late, once.
type belated struct {
	*gated
	of          int64
	was         atomic.Bool
	held, until chan struct{}
}

func (s *belated) Outcomes(ctx context.Context, first int64, n int) ([]store.Outcome, error) {
	all, err := s.gated.Outcomes(ctx, first, n)
	if first == s.of && s.was.CompareAndSwap(false, true) {
		close(s.held)
		<-s.until
	}
	return all, err
}

// The outcome of a call for which an earlier lap has waited, among others, is not taken for one of this lap if it is
// read late.
func TestLapBelated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(hours int) engine.Request {
			return engine.Request{Function: engine.Sleep, Due: time.Now().Add(time.Duration(hours) * time.Hour)}
		}
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			first, second := in(0), in(1)
			if x.Hop == 1 {
				first, second = in(20), in(10)
			}
			switch {
			case x.at == 0:
				return engine.Turn{Begin: true, Await: []engine.Request{first}}
			case x.at == 1:
				time.Sleep(time.Minute) // the first one of lap 0 is over
				return engine.Turn{Need: 1, Await: []engine.Request{{Call: results[0].ID}, second}}
			case x.Hop == 0:
				return engine.Turn{Next: &engine.Request{Function: "f"}}
			}
			return engine.Turn{Output: fmt.Append(nil, results[0].Status, " ", results[1].Status)}
		}}
		s := &belated{gated: openGated(t, memory.New(), nil), of: 2, held: make(chan struct{}), until: make(chan struct{})}
		e, _ := runOn(t, lapped(s, f))
		id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		<-s.held
		time.Sleep(2 * time.Hour)
		c, err := e.Lookup(ctx, id)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2}, []int{c.Hops, c.Awaits}, "it waits in the next lap")
		close(s.until)
		assert.Equal(t, "ok none ok", comesTo(t, e, id))
	})
}

// On each store, and with processes that come and go, a call that is handed over again and again leaves what its last
// laps have made.
func TestLapStores(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const n, lap = 14, 2 * time.Minute // a server takes its time for each second that passes here
	b := newBeyond(t)
	for name, where := range map[string]func() place{
		"memory":   func() place { return inMemory{memory.New(), true} },
		"sqlite":   func() place { return newFile(t, b) },
		"postgres": func() place { url, schema := pgtest.Schema(t); return newDatabase(t, b, url, schema) },
	} {
		t.Run(name, func(t *testing.T) {
			at := where()
			synctest.Test(t, func(t *testing.T) {
				if c, ok := at.(interface{ close() }); ok {
					defer c.close()
				}
				processes := 2
				if name == "sqlite" {
					processes = 1
				}
				var es []*engine.Engine
				var stops []func()
				begin := func() {
					s, _, err := at.open()
					require.NoError(t, err)
					e, stop := runOn(t, lapped(s, lappingIn(n, lap), engine.Retention{Count: 1}))
					es, stops = append(es, e), append(stops, stop)
				}
				for range processes {
					begin()
				}
				id, err := es[0].Dispatch(ctx, engine.Request{Function: "f"}, "k")
				require.NoError(t, err)
				for i := range n - 1 {
					time.Sleep(lap)
					if i%4 == 1 {
						stops[0]()
						es, stops = es[1:], stops[1:]
						begin()
					}
					counts, err := es[0].Counts(ctx)
					require.NoError(t, err)
					calls := int64(0)
					for _, c := range counts {
						calls += c.Calls
					}
					// Those of two laps, and of what is made in the 10 minutes to the next sweep, or in the 11 to the first one
					// of a process.
					assert.LessOrEqual(t, calls, int64(1+4*(2+6)), "lap %d", i)
				}
				want := "ok "
				for i := range n {
					want += fmt.Sprint(i, ",")
				}
				assert.Equal(t, want, comesTo(t, es[0], id))
				for _, stop := range stops {
					stop()
				}
			})
		})
	}
}
