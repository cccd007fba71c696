package runtime

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// nestedWith returns a suspended coroutine of the func with the record r.
func nestedWith(r any, frames ...any) *Coroutine {
	c := suspendedWith(frames...)
	c.SetEntry(r, true)
	return c
}

// nestedSeed has coroutines in one another, and what they share.
func nestedSeed() fuzzValue {
	loadRegistry()
	n, m := 1, 2
	r := RecordOf(makeCaptured(&n)).(*captured)
	fresh := New(func(*Coroutine) {})
	fresh.SetEntry(r, true)
	done := New(func(*Coroutine) {})
	done.Next()
	inner := nestedWith(RecordOf(makeCaptured(&m)), &counterFrame{1, nil, &m, fresh})
	outer := nestedWith(r, &ints{1, 1, 2, 3}, &counterFrame{1, r, &n, inner})
	return fuzzValue{co: outer, any: []any{inner, done, &m, r}, pi: &n}
}

// nestedValue has another frame than what is fuzzed.
type nestedValue struct{ fuzzValue }

func TestNested(t *testing.T) {
	registerFuzz()
	v := nestedValue{nestedSeed()}
	b := save(t, v)
	require.NotContains(t, readState(b), "bytes left")
	w := load[nestedValue](t, b)
	list := w.any.([]any)
	inner, done, r := list[0].(*Coroutine), list[1].(*Coroutine), list[3].(*captured)
	require.Len(t, w.co.frames, 2)
	require.Equal(t, &ints{1, 1, 2, 3}, w.co.frames[0])
	f := w.co.frames[1].(*counterFrame)
	require.Same(t, r, f.r)
	require.Same(t, w.pi, f.n)
	require.Same(t, w.pi, r.n)
	require.Same(t, inner, f.any)
	body, suspends := w.co.Body()
	require.Same(t, r, body)
	require.True(t, suspends)
	g := inner.frames[0].(*counterFrame)
	require.Same(t, list[2], g.n)
	fresh := g.any.(*Coroutine)
	require.False(t, fresh.Started())
	require.True(t, done.Done())
	require.True(t, w.co.Started() && !w.co.Done() && !w.co.Entered())

	// It runs when it has an entry.
	runs := 0
	fresh.Enter(func(c *Coroutine) { runs++ })
	require.False(t, fresh.Next())
	require.Equal(t, 1, runs)

	// What has been loaded can be saved again; also by a coroutine without frames.
	require.Equal(t, b, save(t, load[nestedValue](t, b)))
	co := v.co
	b, err := New(nil).AppendState(nil, &co)
	require.NoError(t, err)
	require.NotContains(t, readState(b), "bytes left")
	var back *Coroutine
	_, err = New(nil).LoadState(b, &back)
	require.NoError(t, err)
	require.Len(t, back.frames, 2)
}

func TestUnsavableNested(t *testing.T) {
	registerFuzz()
	save := func(c *Coroutine) error {
		registerFrame1[*Coroutine]()
		_, err := suspendedWith(&frame1[*Coroutine]{1, c}).AppendState(nil)
		return err
	}
	active := New(nil)
	active.active = true
	require.ErrorContains(t, save(active), "V (runtime.Coroutine): a coroutine that is running cannot be saved")
	require.ErrorContains(t, save(Detached), "a coroutine that is running cannot be saved")
	require.ErrorContains(t, save(New(func(*Coroutine) {})), "the function that this coroutine runs was not compiled by coroc")
	r := RecordOf(makeCaptured(new(int)))
	name := frame1Names[reflect.TypeFor[*Coroutine]()]
	require.ErrorContains(t, save(nestedWith(r, &counterFrame{1, nil, nil, make(chan int)})),
		name+".one: V, in test.counter.func1: any (chan int): a channel belongs to its process")

	// Frames of another function than the one that the coroutine runs.
	registerFrame1[*Coroutine]()
	b, err := suspendedWith(&frame1[*Coroutine]{1, nestedWith(r, &ints{Site: 1})}).AppendState(nil)
	require.NoError(t, err)
	_, err = New(nil).LoadState(b)
	require.ErrorIs(t, err, ErrInvalidState)
	require.ErrorContains(t, err, "it is one of example.com/app.work, and this coroutine runs test.counter.func1")
}

// A state that does not leave its process has coroutines, codecs of the program and
// channels by handle.
func TestHeldNested(t *testing.T) {
	type T struct {
		Co  *Coroutine
		A   *amount
		V   amount
		Q   Chan[int]
		Any any
	}
	loadRegistry()
	n := 1
	co := nestedWith(RecordOf(makeCaptured(&n)), &counterFrame{1, nil, &n, nil})
	v := T{Co: co, A: &amount{cents: 13}, V: amount{cents: 13}, Q: make(Chan[int], 1), Any: amount{cents: 13}}
	registerFrame1[T]()
	h := new(Held)
	b, err := h.AppendState(suspendedWith(&frame1[T]{1, v}), nil)
	require.NoError(t, err)
	c := New(nil)
	_, err = h.LoadState(c, b)
	require.NoError(t, err)
	require.Equal(t, "", h.Stats().Whole)
	w := c.frames[0].(*frame1[T]).V
	require.Same(t, co, w.Co)
	require.Same(t, v.A, w.A)
	require.True(t, v.Q == w.Q)
	require.Equal(t, v.V, w.V)
	require.Equal(t, v.Any, w.Any)
}
