package engine_test

import (
	"context"
	"fmt"
	"strings"
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

func receive(name string) engine.Request {
	return engine.Request{Function: engine.Receive, Input: fmt.Appendf(nil, "%q", name)}
}

func event(name, payload string) store.Event {
	return store.Event{Name: name, Payload: []byte(payload)}
}

// everything is done that is in a memory, and each event that was sent is taken.
func over(t *testing.T, m *memory.Memory) {
	t.Helper()
	r, err := m.OpenReader(ctx)
	require.NoError(t, err)
	all, err := r.Calls(ctx, 0, 1000)
	require.NoError(t, err)
	for _, c := range all {
		assert.Equal(t, store.Done, c.Phase, "call %d of %s", c.ID, c.Function)
		left, err := r.Sent(ctx, c.ID, "e", 1)
		require.NoError(t, err)
		assert.Empty(t, left, "call %d", c.ID)
	}
}

// collects receives so many events, one after the other.
func collects(durable bool, n int) *script {
	var mu sync.Mutex
	got := make(map[string][]string) // by what the function cannot know: a state would have it
	return &script{durable: durable, turns: func(x *scripted, results []engine.Result) engine.Turn {
		mu.Lock()
		defer mu.Unlock()
		if x.at == 0 {
			got[x.ID] = nil
		} else if len(got[x.ID]) < x.at {
			got[x.ID] = append(got[x.ID], string(results[0].Output))
		}
		if x.at < n {
			return engine.Turn{Await: []engine.Request{receive("e")}}
		}
		return engine.Turn{Output: []byte(strings.Join(got[x.ID], " "))}
	}}
}

// An event that another process sends reaches the one that has the call, also if that does not
// hear of it, or is another one by then.
func TestFleetEvents(t *testing.T) {
	for _, durable := range []bool{true, false} {
		for _, deaf := range []bool{false, true} {
			t.Run(fmt.Sprint(durable, deaf), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					f := collects(durable, 4).function("f", engine.Policy{})
					s, err := m.Shared(lease).Open(ctx)
					require.NoError(t, err)
					a, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f}, Describe: describe})
					require.NoError(t, err)
					ended := make(chan error, 1)
					go func() { ended <- a.Run(ctx) }()
					sender, _ := join(t, m, deaf)
					id, err := sender.Dispatch(ctx, engine.Request{Function: "f"}, "")
					require.NoError(t, err)
					require.NoError(t, sender.Send(ctx, id, event("e", "1")))
					require.NoError(t, sender.Send(ctx, id, event("other", "x")))
					time.Sleep(10 * time.Second)
					require.NoError(t, a.Send(ctx, id, event("e", "2")))
					time.Sleep(10 * time.Second)
					a.Kill()
					require.NoError(t, <-ended)
					require.NoError(t, sender.Send(ctx, id, event("e", "3")))
					b, _ := join(t, m, deaf, f)
					time.Sleep(2 * lease)
					require.NoError(t, sender.Send(ctx, id, event("e", "4")))
					assert.Equal(t, "1 2 3 4", result(t, b, id))
					require.ErrorIs(t, sender.Send(ctx, id, event("e", "5")), engine.ErrDone)
					time.Sleep(2 * lease)
					over(t, m)
					require.NoError(t, a.Close())
				})
			})
		}
	}
}

// An event that is being taken when the clock has won already is there for the next await: what is
// stored of the former comes before what is decided.
func TestFleetEventTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New()
		var first string
		f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
			switch x.at {
			case 0:
				return engine.Turn{Need: 1, Await: []engine.Request{receive("e"), {Function: engine.Sleep, Due: time.Now().Add(time.Minute)}}}
			case 1:
				first = string(said(x, results).Output)
				return engine.Turn{Await: []engine.Request{receive("e")}}
			}
			return said(x, results)
		}}
		a, own := join(t, m, false, f.function("f", engine.Policy{}))
		sender, _ := join(t, m, false)
		held, may := false, make(chan struct{})
		taken := false
		hold := func(steps []store.Step) {
			for _, s := range steps {
				if len(s.Take) > 0 {
					taken = true
					time.Sleep(time.Second) // until the clock is known to have won
				}
				if len(s.Change) > 0 && string(s.Change[0].Output) == "null" && !held {
					held = true
					<-may
					assert.False(t, taken)
				}
			}
		}
		own.hold.Store(&hold)
		id, err := a.Dispatch(ctx, engine.Request{Function: "f"}, "")
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.True(t, held)
		require.NoError(t, sender.Send(ctx, id, event("e", "x")))
		synctest.Wait()
		close(may)
		assert.Equal(t, "[ok x]", result(t, a, id))
		assert.Equal(t, "[none ][ok null]", first)
		assert.True(t, taken)
		time.Sleep(2 * lease)
		over(t, m)
	})
}

// What a crash between the end of both and the decision leaves, and what becomes of it.
func TestEventRecover(t *testing.T) {
	m := memory.New()
	s, err := m.Open(ctx)
	require.NoError(t, err)
	call := func(id, parent int64, f, in string) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: id, Function: f, Phase: store.Ready, Input: []byte(in)}
	}
	suspended := func(id, first int64, width int, waiting string) store.Change {
		return store.Change{ID: id, Phase: store.Suspended, First: first, Width: width, State: []byte{0}, Awaits: 1, Reached: 1, Waiting: []byte(waiting)}
	}
	done := func(id int64, out string) store.Change {
		return store.Change{ID: id, Phase: store.Done, Status: store.OK, Output: []byte(out)}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{
			call(1, 0, "f", ""), call(2, 1, engine.Sleep, ""), call(3, 1, engine.Receive, `"e"`), // both are done
			call(4, 0, "f", ""), call(5, 4, engine.Receive, `"e"`), call(6, 4, engine.Receive, `"e"`), // one has come, and another one was sent
			call(7, 0, "v", ""), call(8, 7, engine.Receive, `"e"`), // was suspended in memory, and has received
			call(9, 0, "f", ""), call(10, 9, engine.Receive, `"e"`), // one was sent, but the call is canceled
		},
		Change: []store.Change{
			suspended(1, 2, 2, `{"need":1,"events":[{"at":1,"name":"e"}]}`), done(2, "null"), done(3, "one"),
			suspended(4, 5, 2, `{"events":[{"at":0,"name":"e"},{"at":1,"name":"e"}]}`), done(6, "two"),
			{ID: 7, Phase: store.Suspended, First: 8, Width: 1, Waiting: []byte(`{"events":[{"at":0,"name":"e"}]}`)}, done(8, "four"),
			suspended(9, 10, 1, `{"events":[{"at":0,"name":"e"}]}`),
		},
		Send: []store.Event{
			{Call: 1, Name: "e", Payload: []byte("one")}, {Call: 4, Name: "e", Payload: []byte("two")}, {Call: 4, Name: "e", Payload: []byte("three")},
			{Call: 7, Name: "e", Payload: []byte("four")}, {Call: 9, Name: "e", Payload: []byte("five")},
		},
		Mark: []store.Mark{{ID: 9, Ending: store.Canceled}},
	}, {Take: []store.Receipt{{Event: 1, Call: 1, By: 3}, {Event: 2, Call: 4, By: 6}, {Event: 4, Call: 7, By: 8}}}}))
	name, err := s.IncarnationName(ctx, s.Incarnation())
	require.NoError(t, err)
	m.Crash()
	s, err = m.Open(ctx)
	require.NoError(t, err)
	f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 1 && len(results) == 2 && results[1].Status == store.None {
			return engine.Turn{Await: []engine.Request{receive("e")}}
		}
		return said(x, results)
	}}
	v := &script{turns: func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 0 {
			return engine.Turn{Await: []engine.Request{receive("e")}}
		}
		return said(x, results)
	}}
	e, err := engine.New(engine.Config{Store: s, Describe: describe, Functions: []engine.Function{f.function("f", engine.Policy{}), v.function("v", engine.Policy{})}})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for id, want := range map[int64]string{1: "[none ][ok one]", 4: "[ok three][ok two]", 7: "[ok four]", 9: "[canceled ] canceled"} {
		function := "f"
		if id == 7 {
			function = "v"
		}
		r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, id), function)
		require.NoError(t, err)
		assert.Equal(t, want, string(r.Output), "call %d", id)
	}
	require.NoError(t, e.Close())
	<-ended
}

// late is a store that finds out what events there are only when sleeps have ended.
type late struct {
	store.Store
	slept chan struct{}
	once  *sync.Once
}

func (s late) Commit(ctx context.Context, steps []store.Step) error {
	err := s.Store.Commit(ctx, steps)
	for _, step := range steps {
		for _, c := range step.Change {
			if c.Phase == store.Done && string(c.Output) == "null" && err == nil {
				s.once.Do(func() { close(s.slept) })
			}
		}
	}
	return err
}

func (s late) Sent(ctx context.Context, call int64, name string, limit int) ([]store.Event, error) {
	<-s.slept
	return s.Store.Sent(ctx, call, name, limit)
}

// lateFleet is one that is shared.
type lateFleet struct {
	store.Shared
	late
}

func (s lateFleet) Commit(ctx context.Context, steps []store.Step) error {
	return s.late.Commit(ctx, steps)
}
func (s lateFleet) Sent(ctx context.Context, call int64, name string, limit int) ([]store.Event, error) {
	return s.late.Sent(ctx, call, name, limit)
}

// An event that is there when a call begins to wait comes before everything else, also if what is
// awaited beside it is over before the event is found.
func TestEventBeforeTheRest(t *testing.T) {
	sleep := engine.Request{Function: engine.Sleep}
	for name, test := range map[string]struct {
		await []engine.Request
		turn  engine.Turn
		want  string
	}{
		"event, sleep":         {[]engine.Request{receive("e"), sleep}, engine.Turn{Need: 1}, "1 none"},
		"sleep, event":         {[]engine.Request{sleep, receive("e")}, engine.Turn{Need: 1}, "none 1"},
		"two events":           {[]engine.Request{sleep, receive("e"), receive("e")}, engine.Turn{Need: 1}, "none 1 none"},
		"two events of three":  {[]engine.Request{sleep, receive("e"), receive("e")}, engine.Turn{Need: 2}, "none 1 2"},
		"another event":        {[]engine.Request{sleep, receive("other")}, engine.Turn{Need: 1}, "null none"},
		"a success":            {[]engine.Request{sleep, receive("e")}, engine.Turn{Need: 2, Success: true}, "null 1"},
		"one of two successes": {[]engine.Request{receive("e"), sleep}, engine.Turn{Need: 1, Success: true}, "1 "},
	} {
		for _, fleet := range []bool{false, true} {
			t.Run(fmt.Sprint(name, fleet), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := memory.New()
					open := m.Open
					if fleet {
						open = m.Shared(lease).Open
					}
					s, err := open(ctx)
					require.NoError(t, err)
					l := late{s, make(chan struct{}), new(sync.Once)}
					s = l
					if fleet {
						s = lateFleet{l.Store.(store.Shared), l}
					}
					sent := make(chan struct{})
					f := &script{durable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
						if x.at == 0 {
							<-sent
							turn := test.turn
							turn.Await = test.await
							return turn
						}
						var all []string
						for _, r := range results {
							if r.Status == store.None {
								all = append(all, "none")
								continue
							}
							all = append(all, string(r.Output))
						}
						return engine.Turn{Output: []byte(strings.Join(all, " "))}
					}}
					e, err := engine.New(engine.Config{Store: s, Functions: []engine.Function{f.function("f", engine.Policy{})}, Describe: describe})
					require.NoError(t, err)
					ended := make(chan error, 1)
					go func() { ended <- e.Run(ctx) }()
					synctest.Wait()
					id, err := e.Dispatch(ctx, engine.Request{Function: "f"}, "")
					require.NoError(t, err)
					require.NoError(t, e.Send(ctx, id, event("e", "1")))
					require.NoError(t, e.Send(ctx, id, event("e", "2")))
					close(sent)
					r, err := e.Wait(ctx, id, "f")
					require.NoError(t, err)
					if test.want == "1 " { // what came later counts or not
						assert.Contains(t, string(r.Output), test.want)
					} else {
						assert.Equal(t, test.want, string(r.Output))
					}
					require.NoError(t, e.Close())
					<-ended
				})
			})
		}
	}
}
