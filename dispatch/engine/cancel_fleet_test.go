package engine_test

import (
	"fmt"
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

// stuck runs until it is told to end, and says how it ended.
func stuck(name string, ended chan string) engine.Function {
	s := &script{turns: func(x *scripted, _ []engine.Result) engine.Turn {
		select {
		case <-x.canceled:
			ended <- "canceled"
			return engine.Turn{Failure: describe(store.Canceled, "canceled")}
		case <-time.After(24 * time.Hour):
			ended <- "done"
			return engine.Turn{Output: []byte("x")}
		}
	}}
	return s.function(name, engine.Policy{Concurrency: 1})
}

// within says that something has not taken as long as if it had come to its own end.
func within(t *testing.T, begun time.Time, d time.Duration) {
	t.Helper()
	assert.Less(t, time.Since(begun), d)
}

// A call is canceled by a process that does not have it, wherever it stands in another one: at once if
// that hears of it, else soon.
func TestFleetCancel(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		for _, name := range []string{"running", "waiting for its turn", "waiting for a retry", "suspended", "suspended with clean-up", "has begun another one", "of a function that is nowhere"} {
			t.Run(fmt.Sprint(name, deaf), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					ends := make(chan string, 10)
					f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
						switch {
						case name == "has begun another one" && x.at == 0:
							return engine.Turn{Begin: true, Await: []engine.Request{{Function: "far"}}}
						case name == "has begun another one" && x.at == 1:
							return engine.Turn{Await: []engine.Request{{Function: engine.Sleep, Due: time.Now().Add(24 * time.Hour)}}}
						case x.at == 0:
							return engine.Turn{Await: []engine.Request{{Function: "far"}, {Function: "near"}, {Function: engine.Sleep, Due: time.Now().Add(24 * time.Hour)}},
								Shielded: name == "suspended with clean-up"}
						}
						return said(x, results)
					}}
					again := &script{turns: func(*scripted, []engine.Result) engine.Turn {
						return engine.Turn{Failure: &engine.Failure{Status: store.TemporaryError, Message: "not now", Encoded: []byte("e"), RetryAfter: time.Hour}}
					}}
					join(t, m, deaf, f.function("f", engine.Policy{}), stuck("near", ends), again.function("again", engine.Policy{}))
					join(t, m, deaf, stuck("far", ends))
					sender, _ := join(t, m, deaf)
					dispatch := func(function string) string {
						id, err := sender.Dispatch(ctx, engine.Request{Function: function}, "")
						require.NoError(t, err)
						time.Sleep(10 * time.Second)
						return id
					}
					outcome := func(id, function string) engine.Result {
						r, err := sender.Wait(ctx, id, function)
						require.NoError(t, err)
						return r
					}
					function := map[string]string{"running": "near", "waiting for its turn": "near", "waiting for a retry": "again", "of a function that is nowhere": "nowhere"}[name]
					switch name {
					case "has begun another one":
						id := dispatch("f")
						begun := time.Now()
						require.NoError(t, sender.Cancel(ctx, id))
						assert.Equal(t, "[canceled ] canceled", string(outcome(id, "f").Output))
						assert.Equal(t, "canceled", <-ends)
						within(t, begun, 5*time.Second)
					case "suspended", "suspended with clean-up":
						id := dispatch("f")
						begun := time.Now()
						require.NoError(t, sender.Cancel(ctx, id))
						if name == "suspended" {
							assert.Equal(t, "[canceled ][canceled ][canceled ] canceled", string(outcome(id, "f").Output))
							within(t, begun, 5*time.Second)
						} else {
							assert.Equal(t, "[ok x][ok x][ok null] canceled", string(outcome(id, "f").Output))
						}
					case "waiting for its turn":
						first, second := dispatch("near"), dispatch("near")
						begun := time.Now()
						require.NoError(t, sender.Cancel(ctx, second))
						assert.Equal(t, store.Canceled, outcome(second, "near").Status)
						within(t, begun, 5*time.Second)
						assert.Empty(t, ends, "another one ended")
						require.NoError(t, sender.Cancel(ctx, first))
						outcome(first, "near")
					default:
						id := dispatch(function)
						begun := time.Now()
						require.NoError(t, sender.Cancel(ctx, id))
						assert.Equal(t, store.Canceled, outcome(id, function).Status)
						within(t, begun, 5*time.Second)
						require.NoError(t, sender.Cancel(ctx, id), "it is done")
					}
					time.Sleep(2 * lease)
					over(t, m)
				})
			})
		}
	}
}

// What is recorded first counts: a result that is on its way when the cancel is stored is the outcome,
// and one that was stored is not changed. A call that awaits meanwhile has what it awaits canceled.
func TestFleetCancelRaces(t *testing.T) {
	for _, name := range []string{"the result is on its way", "the result is stored", "it is about to await", "it was told already"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				ends := make(chan string, 10)
				f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 && name == "it is about to await" {
						return engine.Turn{Await: []engine.Request{{Function: "far"}, {Function: "near"}}}
					}
					return said(x, results)
				}}
				a, own := join(t, m, false, f.function("f", engine.Policy{}), stuck("near", ends))
				join(t, m, false, stuck("far", ends))
				sender, _ := join(t, m, false)
				may, held := make(chan struct{}), false
				hold := func(steps []store.Step) {
					for _, s := range steps {
						if len(s.Change) > 0 && !held && name != "the result is stored" {
							held = true
							<-may
						}
					}
				}
				own.hold.Store(&hold)
				id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
				require.NoError(t, err)
				synctest.Wait()
				require.NoError(t, sender.Cancel(ctx, id))
				if name == "it was told already" {
					require.NoError(t, sender.Cancel(ctx, id))
				}
				c, err := sender.Lookup(ctx, id)
				require.NoError(t, err)
				stored := name == "the result is stored"
				assert.Equal(t, map[bool]store.Status{true: store.None, false: store.Canceled}[stored], c.Ending)
				synctest.Wait()
				close(may)
				want := ""
				if name == "it is about to await" {
					want = "[canceled ][canceled ] canceled"
				}
				assert.Equal(t, want, result(t, sender, id))
				time.Sleep(2 * lease)
				over(t, m)
			})
		})
	}
}

// A cancel is not lost with the process that was to hear of it, nor with the one that was to pass it on.
func TestFleetCancelOrphaned(t *testing.T) {
	for _, dies := range []string{"the owner", "who has what it awaits", "both", "who cancels"} {
		t.Run(dies, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New()
				ends := make(chan string, 10)
				top := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 {
						return engine.Turn{Await: []engine.Request{{Function: "middle"}}}
					}
					return said(x, results)
				}}
				middle := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
					if x.at == 0 {
						return engine.Turn{Await: []engine.Request{{Function: "far"}, {Function: engine.Sleep, Due: time.Now().Add(24 * time.Hour)}, receive("e")}}
					}
					return said(x, results)
				}}
				mortal := func(f engine.Function) func() {
					s, err := m.Shared(lease).Open(ctx)
					require.NoError(t, err)
					e, err := engine.New(engine.Config{Store: &member{Shared: s.(store.Shared), deaf: make(chan store.Wake)}, Functions: []engine.Function{f}, Describe: describe})
					require.NoError(t, err)
					ended := make(chan error, 1)
					go func() { ended <- e.Run(ctx) }()
					t.Cleanup(func() { _ = e.Close() })
					return sync.OnceFunc(func() {
						e.Kill()
						require.NoError(t, <-ended)
					})
				}
				f, g := top.function("f", engine.Policy{}), middle.function("middle", engine.Policy{})
				killTop, killMiddle := mortal(f), mortal(g)
				join(t, m, true, stuck("far", ends))
				s, err := m.Shared(lease).Open(ctx)
				require.NoError(t, err)
				sender, err := engine.New(engine.Config{Store: s, Describe: describe})
				require.NoError(t, err)
				id, err := sender.Dispatch(ctx, engine.Request{Function: "f"}, "")
				require.NoError(t, err)
				time.Sleep(lease)
				require.NoError(t, sender.Cancel(ctx, id))
				if dies == "the owner" || dies == "both" {
					killTop()
				}
				if dies == "who has what it awaits" || dies == "both" {
					killMiddle()
				}
				if dies == "who cancels" {
					sender.Kill()
				}
				require.NoError(t, sender.Close())
				b, _ := join(t, m, true, f, g)
				begun := time.Now()
				assert.Equal(t, "[ok [canceled ][canceled ][canceled ] canceled] canceled", result(t, b, id))
				within(t, begun, 4*lease)
				time.Sleep(2 * lease)
				over(t, m)
				killTop()
				killMiddle()
			})
		})
	}
}
