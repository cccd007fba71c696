package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

var ctx = context.Background()

// script is what a function does, as a table: what it comes to after each await. Its state
// is how many awaits are behind it.
type script struct {
	durable bool
	unfit   bool // the state cannot be loaded
	turns   func(s *scripted, results []engine.Result) engine.Turn

	mu   sync.Mutex
	seen []string // what was run, in order

	unsavable bool // its states cannot be saved
}

type scripted struct {
	*script
	engine.Attempt
	at       int
	canceled chan struct{}
	once     sync.Once
}

func (s *script) function(name string, p engine.Policy) engine.Function {
	p.Initial, p.Cap, p.Factor = time.Millisecond, time.Millisecond, 1
	return engine.Function{Name: name, Policy: p, Start: func(a engine.Attempt) (engine.Execution, error) {
		if a.State != nil && s.unfit {
			return nil, errors.New("the state does not fit")
		}
		x := &scripted{script: s, Attempt: a, canceled: make(chan struct{})}
		if a.State != nil {
			x.at = int(a.State[0]) + 1
		}
		return x, nil
	}}
}

func (x *scripted) Run(results []engine.Result) engine.Turn {
	x.mu.Lock()
	x.seen = append(x.seen, fmt.Sprintf("%d:%d", x.Number, x.at))
	x.mu.Unlock()
	t := x.turns(x, results)
	if t.Failure == nil && len(t.Await) > 0 {
		x.at++
	}
	return t
}

func (x *scripted) AppendState(b []byte, _ int) ([]byte, error) {
	if x.unsavable {
		return b, errors.New("conn.mu is locked")
	}
	return append(b, byte(x.at-1)), nil
}
func (x *scripted) Durable() bool { return x.durable }
func (x *scripted) Cancel(error)  { x.once.Do(func() { close(x.canceled) }) }
func (x *scripted) Discard(bool)  {}

func describe(s store.Status, message string) *engine.Failure {
	return &engine.Failure{Status: s, Message: message, Encoded: []byte(message)}
}

// leaf returns its input.
var leaf = &script{turns: func(s *scripted, _ []engine.Result) engine.Turn { return engine.Turn{Output: s.Input} }}

func openAny(path string) (store.Store, error) { return sqlite.Open(ctx, path) }

func openStore(t *testing.T, path string) store.Store {
	t.Helper()
	s, err := openAny(path)
	require.NoError(t, err)
	return s
}

// begin runs an engine until the returned function is called.
func begin(t *testing.T, path string, functions ...engine.Function) (*engine.Engine, func()) {
	t.Helper()
	e, err := engine.New(engine.Config{Store: openStore(t, path), Functions: functions, Describe: describe})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			assert.NoError(t, e.Close())
			// A test may be done before Run has begun.
			if err := <-ended; err != nil {
				assert.ErrorIs(t, err, engine.ErrClosed)
			}
		})
	}
	t.Cleanup(stop)
	return e, stop
}

// twice awaits two rounds of two leaves each.
func twice(s *scripted, results []engine.Result) engine.Turn {
	switch s.at {
	case 0:
		return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: []byte("1")}, {Function: "leaf", Input: []byte("2")}}}
	case 1:
		return engine.Turn{Await: []engine.Request{{Function: "leaf", Input: results[1].Output}, {Function: "leaf", Input: results[0].Output}}}
	}
	return engine.Turn{Output: append(results[0].Output, results[1].Output...)}
}

// An attempt that takes too long after an await is tried again from the state that was
// stored last, not from the input.
func TestTimeoutResumes(t *testing.T) {
	s := &script{durable: true}
	s.turns = func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 1 && x.Number < 3 {
			<-x.canceled
			return engine.Turn{Failure: describe(store.Timeout, "too late")}
		}
		return twice(x, results)
	}
	e, _ := begin(t, filepath.Join(t.TempDir(), "s.db"), s.function("f", engine.Policy{Timeout: 20 * time.Millisecond}), leaf.function("leaf", engine.Policy{}))
	id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
	require.NoError(t, err)
	r, err := e.Wait(ctx, id, "f")
	require.NoError(t, err)
	assert.Equal(t, "21", string(r.Output))
	assert.Equal(t, []string{"1:0", "1:1", "2:1", "3:1", "3:2"}, s.seen)
	c, err := e.Lookup(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, 3, c.Attempts)
	assert.Zero(t, c.Failures, "it has made progress")
}

// The count of failures starts anew with progress, but not with progress that was made
// before: so a function that begins anew comes to its last attempt.
func TestProgress(t *testing.T) {
	s := &script{durable: true}
	s.turns = func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 2 || x.at == 0 && x.Number == 1 {
			return engine.Turn{Failure: describe(store.TemporaryError, "not now")}
		}
		return twice(x, results)
	}
	e, _ := begin(t, filepath.Join(t.TempDir(), "s.db"), s.function("f", engine.Policy{Retry: engine.Retry{MaxAttempts: 3, Restart: true}}), leaf.function("leaf", engine.Policy{}))
	id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
	require.NoError(t, err)
	r, err := e.Wait(ctx, id, "f")
	require.NoError(t, err)
	assert.Equal(t, store.TemporaryError, r.Status)
	assert.Equal(t, []string{"1:0", "2:0", "2:1", "2:2", "3:0", "3:1", "3:2", "4:0", "4:1", "4:2"}, s.seen)
	c, err := e.Lookup(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, []int{4, 3, 2, 2}, []int{c.Attempts, c.Failures, c.Awaits, c.Reached})
}

// What a crash can leave in the store, and what becomes of it.
func TestRecover(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := openStore(t, path)
	call := func(id, parent, root int64, f string) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: root, Function: f, Phase: store.Ready, Input: []byte("7")}
	}
	done := func(id int64, out string) store.Change {
		return store.Change{ID: id, Phase: store.Done, Status: store.OK, Output: []byte(out), Attempts: 1}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{
			call(1, 0, 1, "f"), // killed while it made calls
			call(2, 1, 1, "leaf"),
			call(3, 1, 1, "leaf"),
			call(4, 0, 4, "f"), // all that it awaits is done
			call(5, 4, 4, "leaf"),
			call(6, 4, 4, "leaf"),
			call(7, 0, 7, "f"), // one of two is done
			call(8, 7, 7, "leaf"),
			call(9, 7, 7, "leaf"),
			call(10, 0, 10, "v"), // was suspended in memory, as was what it awaits
			call(11, 10, 10, "v"),
			call(12, 11, 10, "leaf"),
			call(13, 11, 10, "leaf"),
			call(14, 0, 14, "gone"), // of a function that is not there
			call(15, 0, 15, "f"),    // parked
			call(16, 15, 15, "leaf"),
			call(17, 15, 15, "leaf"),
		},
		Change: []store.Change{
			done(3, "3"), done(5, "5"), done(6, "6"), done(8, "8"), done(13, "13"), done(16, "a"), done(17, "b"),
			{ID: 4, Phase: store.Suspended, First: 5, Width: 2, State: []byte{0}, Awaits: 1, Reached: 1},
			{ID: 7, Phase: store.Suspended, First: 8, Width: 2, State: []byte{0}, Awaits: 1, Reached: 1},
			{ID: 10, Phase: store.Suspended, First: 11, Width: 1, Awaits: 1, Reached: 1},
			{ID: 11, Phase: store.Suspended, First: 12, Width: 2, Awaits: 1, Reached: 1},
			{ID: 15, Phase: store.Parked, Status: store.IncompatibleState, First: 16, Width: 2, State: []byte{1}, Awaits: 2, Reached: 2},
		},
	}}))
	name, err := s.IncarnationName(ctx, s.Incarnation())
	require.NoError(t, err)
	require.NoError(t, s.Close())

	f, v := &script{durable: true, turns: twice}, &script{turns: twice}
	e, stop := begin(t, path, f.function("f", engine.Policy{}), v.function("v", engine.Policy{}), leaf.function("leaf", engine.Policy{}))
	for n, want := range map[int64]string{1: "21", 4: "65", 7: "78", 10: "21", 15: "ab"} {
		fn := "f"
		if n == 10 {
			fn = "v"
		}
		r, err := e.Wait(ctx, fmt.Sprintf("%s-%d", name, n), fn)
		require.NoError(t, err)
		assert.Equal(t, want, string(r.Output), "call %d", n)
	}
	stop()
	assert.ElementsMatch(t, []string{"1:0", "1:1", "1:2", "1:1", "1:2", "1:1", "1:2", "1:2"}, f.seen)
	assert.ElementsMatch(t, []string{"1:0", "1:1", "1:2"}, v.seen)

	s = openStore(t, path)
	defer s.Close()
	for n, want := range map[int64]store.Status{2: store.Canceled, 3: store.OK, 9: store.OK, 11: store.Canceled, 12: store.Canceled, 13: store.OK, 14: store.None} {
		c, err := s.Call(ctx, n)
		require.NoError(t, err)
		assert.Equal(t, want, c.Status, "call %d", n)
		assert.Equal(t, n != 14, c.Phase == store.Done, "call %d", n)
	}
}

// A state that does not fit parks the call and stays.
func TestPark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := openStore(t, path)
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{
			{ID: 1, Incarnation: s.Incarnation(), Root: 1, Function: "f", Phase: store.Ready, Input: []byte("7")},
			{ID: 2, Incarnation: s.Incarnation(), Parent: 1, Root: 1, Function: "leaf", Phase: store.Ready, Input: []byte("7")},
		},
		Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 2, Width: 1, State: []byte{1}, Awaits: 2, Reached: 2}},
	}}))
	name, err := s.IncarnationName(ctx, s.Incarnation())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	id := name + "-1"

	last := func(x *scripted, results []engine.Result) engine.Turn { return engine.Turn{Output: results[0].Output} }
	// First the state cannot be loaded; then it turns out when it runs that it does not fit.
	for _, f := range []*script{
		{durable: true, unfit: true},
		{durable: true, turns: func(*scripted, []engine.Result) engine.Turn {
			f := describe(store.PermanentError, "the frame does not fit")
			f.Park = true
			return engine.Turn{Failure: f}
		}},
	} {
		e, stop := begin(t, path, f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{}))
		require.Eventually(t, func() bool {
			c, err := e.Lookup(ctx, id)
			return err == nil && c.Phase == store.Parked
		}, 10*time.Second, time.Millisecond)
		c, err := e.Lookup(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, store.IncompatibleState, c.Status)
		assert.Contains(t, string(c.Error), "does not fit")
		assert.Equal(t, []byte{1}, c.State)
		assert.Equal(t, []int64{2, 1}, []int64{c.First, int64(c.Width)})
		stop()
	}
	f := &script{durable: true, turns: last}
	e, _ := begin(t, path, f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{}))
	r, err := e.Wait(ctx, id, "f")
	require.NoError(t, err)
	assert.Equal(t, "7", string(r.Output))
}

// A call whose state cannot be saved gets the error where it awaits, before anything
// that it asked for has begun, so that it can clean up.
func TestUnsavable(t *testing.T) {
	f := &script{durable: true, unsavable: true, turns: func(x *scripted, results []engine.Result) engine.Turn {
		if x.at == 0 {
			return engine.Turn{Await: []engine.Request{{Function: "never", Input: []byte("1")}, {Function: "never", Input: []byte("2")}}}
		}
		var got []byte
		for _, r := range results {
			got = append(append(got, r.Status.String()...), r.Error...)
		}
		return engine.Turn{Output: got}
	}}
	never := &script{turns: func(*scripted, []engine.Result) engine.Turn {
		t.Error("a call was made that its caller's state does not know of")
		return engine.Turn{Output: []byte("1")}
	}}
	e, _ := begin(t, filepath.Join(t.TempDir(), "s.db"), f.function("f", engine.Policy{}), never.function("never", engine.Policy{}))
	id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("0")}, "")
	require.NoError(t, err)
	r, err := e.Wait(ctx, id, "f")
	require.NoError(t, err)
	assert.Equal(t, store.OK, r.Status)
	want := store.PermanentError.String() + "the state cannot be saved: conn.mu is locked"
	assert.Equal(t, want+want, string(r.Output))
}
