//go:build durable

package coroutine_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

// move saves c and loads the state into fresh, which it returns.
func move[R, S any](t *testing.T, c, fresh coroutine.Coroutine[R, S]) coroutine.Coroutine[R, S] {
	t.Helper()
	b, err := c.Context().Marshal()
	require.NoError(t, err)
	n, err := fresh.Context().Unmarshal(b)
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	return fresh
}

func TestDurable(t *testing.T) { require.True(t, coroutine.Durable) }

// TestMoveAtEveryYield goes on in a fresh coroutine after each yield.
func TestMoveAtEveryYield(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(10))
	a, b := 0, 1
	for c.Next() {
		require.Equal(t, a, c.Recv())
		a, b = b, a+b
		// The new process calls New with other captures: those in the state count
		// where they are variables of the frame.
		c = move(t, c, coroutine.NewWithReturn[int, int](entryFibonacci(0)))
		require.Equal(t, c.Recv(), b-a, "the value yielded last is part of the state")
		require.False(t, c.Done())
	}
	require.Equal(t, 55, c.Result())
}

// TestSaveDoesNotDisturb saves without loading, and loads one state many times.
func TestSaveDoesNotDisturb(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(6))
	var first []byte
	for i, want := range []int{0, 1, 1, 2, 3, 5} {
		require.True(t, c.Next())
		require.Equal(t, want, c.Recv())
		state, err := c.Context().Marshal()
		require.NoError(t, err)
		again, err := c.Context().Marshal()
		require.NoError(t, err)
		require.Equal(t, state, again)
		if i == 2 {
			first = bytes.Clone(state)
		}
	}
	for range 2 {
		d := coroutine.NewWithReturn[int, int](entryFibonacci(0))
		_, err := d.Context().Unmarshal(first)
		require.NoError(t, err)
		require.Equal(t, []int{2, 3, 5}, collect[int](d))
		require.Equal(t, 8, d.Result())
	}
}

func TestMoveNotStarted(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	d := move(t, c, coroutine.NewWithReturn[int, int](entryFibonacci(3)))
	require.False(t, d.Done())
	require.Equal(t, []int{0, 1, 1}, collect[int](d))
	require.Equal(t, []int{0, 1, 1}, collect[int](c))
}

func TestMoveFinished(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	collect[int](c)
	d := move(t, c, coroutine.NewWithReturn[int, int](entryFibonacci(3)))
	require.True(t, d.Done())
	require.False(t, d.Next())
	require.Equal(t, 2, d.Result())
	require.Equal(t, 1, d.Recv())
}

func TestMoveStopped(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	c.Next()
	c.Stop()
	d := move(t, c, coroutine.NewWithReturn[int, int](entryFibonacci(3)))
	require.True(t, d.Done())
	require.False(t, d.Next())
}

func TestMoveWithSentValue(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(2))
	c.Next()
	c.Send(100)
	d := move(t, c, coroutine.NewWithReturn[int, int](entryFibonacci(2)))
	require.Equal(t, []int{1}, collect[int](d))
	require.Equal(t, 101, d.Result())
}

// TestCapturesBelongToTheProcess moves a coroutine that holds a pointer to a variable
// that its entry function captures: the pointer becomes one to the new variable.
func TestCapturesBelongToTheProcess(t *testing.T) {
	total := 10
	c := coroutine.New[int, int](entryCount(&total))
	c.Next()
	c.Next()
	require.Equal(t, 11, c.Recv())

	other := 1000
	d := move(t, c, coroutine.New[int, int](entryCount(&other)))
	require.Equal(t, 11, d.Recv())
	require.True(t, d.Next())
	require.Equal(t, 1002, d.Recv(), "read through the pointer of the frame, written through the capture")
	require.Equal(t, 1002, other)
	require.Equal(t, 11, total)

	require.True(t, c.Next())
	require.Equal(t, 13, c.Recv(), "the saved coroutine goes on by itself")
}

func TestMoveInDefer(t *testing.T) {
	for steps := 1; steps <= 2; steps++ {
		var log, log2 []string
		c := coroutine.New[int, int](entryYieldInDefer(&log))
		for range steps {
			require.True(t, c.Next())
		}
		d := move(t, c, coroutine.New[int, int](entryYieldInDefer(&log2)))
		for d.Next() {
			d = move(t, d, coroutine.New[int, int](entryYieldInDefer(&log2)))
		}
		require.Equal(t, []string{"before", "after", "last"}, append(log, log2...))
	}
}

func TestStopAfterMove(t *testing.T) {
	var log, log2 []string
	c := coroutine.New[int, int](entryYieldInDefer(&log))
	require.True(t, c.Next())
	d := move(t, c, coroutine.New[int, int](entryYieldInDefer(&log2)))
	d.Stop()
	require.True(t, d.Done())
	require.Empty(t, log)
	require.Equal(t, []string{"before", "last"}, log2)
}

func TestMoveContext(t *testing.T) {
	var ctx, ctx2 *coroutine.Context[int, int]
	c := coroutine.New[int, int](entryContext(&ctx))
	require.True(t, c.Next())
	d := move(t, c, coroutine.New[int, int](entryContext(&ctx2)))
	require.True(t, d.Next())
	require.Equal(t, 2, d.Recv())
	require.Nil(t, ctx2, "the frame has the context of the coroutine that it runs in")
}

func TestMarshalWhileRunning(t *testing.T) {
	var c coroutine.Coroutine[int, int]
	var marshalled, unmarshalled error
	c = coroutine.New[int, int](entryCall(func() {
		_, marshalled = c.Context().Marshal()
		_, unmarshalled = c.Context().Unmarshal(nil)
	}))
	require.Equal(t, []int{1, 2}, collect[int](c))
	require.ErrorIs(t, marshalled, coroutine.ErrInvalidState)
	require.ErrorIs(t, unmarshalled, coroutine.ErrInvalidState)
}

func TestUnmarshalIntoStarted(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	c.Next()
	b, err := c.Context().Marshal()
	require.NoError(t, err)
	_, err = c.Context().Unmarshal(b)
	require.ErrorIs(t, err, coroutine.ErrInvalidState)
	require.Equal(t, []int{1, 1}, collect[int](c), "it is as it was")
	_, err = c.Context().Unmarshal(b)
	require.ErrorIs(t, err, coroutine.ErrInvalidState, "done")

	d := move(t, coroutine.NewWithReturn[int, int](entryFibonacci(3)), coroutine.NewWithReturn[int, int](entryFibonacci(3)))
	d.Stop()
	_, err = d.Context().Unmarshal(b)
	require.ErrorIs(t, err, coroutine.ErrInvalidState, "stopped")
}

func TestUnmarshalGarbage(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	c.Next()
	good, err := c.Context().Marshal()
	require.NoError(t, err)
	fresh := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	try := func(b []byte) {
		t.Helper()
		n, err := fresh.Context().Unmarshal(b)
		require.ErrorIs(t, err, coroutine.ErrInvalidState)
		require.Zero(t, n)
	}
	try(nil)
	try([]byte("not a state at all"))
	for i := range good {
		try(good[:i])
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		try(bad)
	}
	n, err := fresh.Context().Unmarshal(append(good, "more"...))
	require.NoError(t, err)
	require.Equal(t, len(good), n)
	require.Equal(t, []int{1, 1}, collect[int](fresh))
}

// TestUnmarshalOfOtherFunction loads a state into coroutines of other functions: that it is
// not theirs is known before they run.
func TestUnmarshalOfOtherFunction(t *testing.T) {
	c := coroutine.New[int, int](entryOnce)
	c.Next()
	b, err := c.Context().Marshal()
	require.NoError(t, err)
	refuse := func(d coroutine.Coroutine[int, int], why string) {
		t.Helper()
		n, err := d.Context().Unmarshal(b)
		require.ErrorIs(t, err, coroutine.ErrInvalidState)
		require.ErrorContains(t, err, why)
		require.Zero(t, n)
		require.False(t, d.Done())
	}
	total := 0
	refuse(coroutine.New[int, int](entryCount(&total)), "it is one of coroutine_test.once, and this coroutine runs coroutine_test.entryCount.func1")
	refuse(coroutine.NewWithReturn[int, int](entryFibonacci(3)), "coroutine_test.entryFibonacci.func1")
	ran := false
	plain := coroutine.New[int, int](func() { ran = true })
	refuse(plain, "a function that does not suspend")
	refuse(coroutine.NewWithReturn[int, int](func() int { return 0 }), "a function that does not suspend")
	require.False(t, plain.Next())
	require.True(t, ran, "it is as it was")

	require.True(t, move(t, c, coroutine.New[int, int](entryOnce)).Context() != nil)
	d := coroutine.New[int, int](entryCount(&total))
	move(t, coroutine.New[int, int](entryCount(&total)), d)
	require.True(t, d.Next())
}

// TestExitOfUncompiledCode has code that is no twin call Goexit, and a deferred call suspend
// then: it ends there, and the others run.
func TestExitOfUncompiledCode(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entry(func(c *coroc.Coroutine) {
		defers := &coroc.Defers{}
		defer func() {
			if c.Suspended() {
				return
			}
			if defers.Catches() {
				defers.Caught(recover())
			}
			defers.Exit(c)
		}()
		defers.Defer(deferred(func() { log = append(log, "outermost") }))
		for range 2 {
			r := &rec_yieldInDefer2{coroc.MakeRecord(&type_yieldInDefer2), &log}
			defers.Defer(&coroc.DeferFunc{F: coroc.NewFunc(r, r.Call)})
		}
		runtime.Goexit()
	}))
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		c.Next()
		returned = true
	})
	wg.Wait()
	require.False(t, returned)
	require.True(t, c.Done())
	require.Equal(t, []string{"before", "before", "outermost"}, log)
}

func TestZeroContext(t *testing.T) {
	for _, ctx := range []*coroutine.Context[int, int]{nil, {}} {
		_, err := ctx.Marshal()
		require.ErrorIs(t, err, coroutine.ErrInvalidState)
		_, err = ctx.Unmarshal(nil)
		require.ErrorIs(t, err, coroutine.ErrInvalidState)
	}
}

// TestUnmarshalOtherTypes loads a state into a coroutine of other types.
func TestUnmarshalOtherTypes(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	c.Next()
	b, err := c.Context().Marshal()
	require.NoError(t, err)
	d := coroutine.New[string, []byte](entryOuter(3))
	_, err = d.Context().Unmarshal(b)
	require.Error(t, err)
	require.True(t, errors.Is(err, coroutine.ErrInvalidState) || errors.Is(err, coroutine.ErrIncompatibleState), err)
}

func TestUnsavable(t *testing.T) {
	c := coroutine.New[chan int, int](entry(func(c *coroc.Coroutine) {
		coroutine.Durable_Yield[chan int, int](c, make(chan int))
	}))
	require.True(t, c.Next())
	_, err := c.Context().Marshal()
	var unsavable *coroc.UnsavableError
	require.ErrorAs(t, err, &unsavable)
	require.False(t, c.Done())
	c.Stop()
}

// A coroutine that another one holds is part of that one's state.
func TestMarshalOfNested(t *testing.T) {
	type held = coroutine.Coroutine[int, int]
	holder := func(inner held) coroutine.Coroutine[held, int] {
		return coroutine.New[held, int](entry(func(c *coroc.Coroutine) {
			coroutine.Durable_Yield[held, int](c, inner)
		}))
	}
	steps := func(c held) (l []int) {
		for c.Next() {
			l = append(l, c.Recv())
		}
		return append(l, c.Result())
	}
	for n := range 5 {
		inner, want := coroutine.NewWithReturn[int, int](entryFibonacci(6)), coroutine.NewWithReturn[int, int](entryFibonacci(6))
		for range n {
			inner.Next()
			want.Next()
		}
		c := holder(inner)
		require.True(t, c.Next())
		b, err := c.Context().Marshal()
		require.NoError(t, err)
		d := holder(held{})
		_, err = d.Context().Unmarshal(b)
		require.NoError(t, err)
		loaded := d.Recv()
		require.Equal(t, want.Recv(), loaded.Recv())
		// By itself, too, before and after it has run.
		b, err = loaded.Context().Marshal()
		require.NoError(t, err)
		other := coroutine.NewWithReturn[int, int](entryFibonacci(6))
		_, err = other.Context().Unmarshal(b)
		require.NoError(t, err)
		l := steps(want)
		require.Equal(t, l, steps(loaded))
		require.Equal(t, l, steps(other))
		require.Equal(t, l, steps(inner))
	}
	stopped := coroutine.NewWithReturn[int, int](entryFibonacci(6))
	stopped.Next()
	c := holder(stopped)
	require.True(t, c.Next())
	b, err := c.Context().Marshal()
	require.NoError(t, err)
	d := holder(held{})
	_, err = d.Context().Unmarshal(b)
	require.NoError(t, err)
	d.Recv().Stop()
	require.True(t, d.Recv().Done())
	require.False(t, d.Recv().Next())

	var unsavable *coroc.UnsavableError
	c = holder(coroutine.NewTwin[int, int](func() {}, func(*coroc.Coroutine) {}))
	require.True(t, c.Next())
	_, err = c.Context().Marshal()
	require.ErrorAs(t, err, &unsavable)
	require.Equal(t, "the function that this coroutine runs was not compiled by coroc", unsavable.Why)

	// One that runs, in whatever it has made.
	var outer held
	outer = coroutine.New[int, int](entry(func(*coroc.Coroutine) {
		c := holder(outer)
		require.True(t, c.Next())
		_, err := c.Context().Marshal()
		require.ErrorAs(t, err, &unsavable)
		require.Equal(t, "a coroutine that is running cannot be saved", unsavable.Why)
	}))
	outer.Next()
}

func TestNewTwinRunsTwin(t *testing.T) {
	var shared int
	make := func(p *int) coroutine.Coroutine[int, int] {
		return coroutine.NewTwin[int, int](
			func() { t.Error("the plain form ran") },
			func(c *coroc.Coroutine) { durable_deep(c, 3) },
			coroc.Binding{Name: "p", Value: p})
	}
	c := make(&shared)
	require.True(t, c.Next())
	require.True(t, c.Next())
	d := move(t, c, make(new(int)))
	require.True(t, d.Next())
	require.Equal(t, 2, d.Recv())
	d.Stop()
}

// uncompiled is a function that coroc has not compiled, in the way of a suspension.
func uncompiled(f func()) { f() }

// helper is one that suspends itself.
func helper() { coroutine.Yield[int, int](1) }

func detached(t *testing.T, f func()) *coroc.DetachedError {
	t.Helper()
	v := panicOf(f)
	var err *coroc.DetachedError
	require.IsType(t, err, v)
	return v.(*coroc.DetachedError)
}

func TestDetachedNamesTheFunctionInTheWay(t *testing.T) {
	total := 0
	next := func(body func()) func() {
		return func() { coroutine.New[int, int](body).Next() }
	}
	err := detached(t, next(entry(func(*coroc.Coroutine) { uncompiled(entryCount(&total)) })))
	require.Equal(t, "github.com/coroc-dev/coroc/coroutine_test.uncompiled", err.Func)
	require.EqualError(t, err, "coroutine: Yield cannot suspend github.com/coroc-dev/coroc/coroutine_test.uncompiled ("+err.Pos+
		"), which was not compiled by coroc: run coroc on its package; if that belongs to another module, copy it into yours, or pass nothing to it that suspends")
	require.Contains(t, err.Pos, "marshal_test.go:")

	// The function suspends by itself, and is in the body or is the body.
	for _, body := range []func(){entry(func(*coroc.Coroutine) { helper() }), helper, func() { helper() }} {
		err = detached(t, next(body))
		require.Equal(t, "github.com/coroc-dev/coroc/coroutine_test.helper", err.Func)
	}
	err = detached(t, next(entry(func(*coroc.Coroutine) { coroutine.LoadContext[int, int]() })))
	require.Equal(t, "LoadContext", err.Call)
	require.Contains(t, err.Func, "TestDetachedNamesTheFunctionInTheWay")

	// One of the standard library, and one at the bottom of a deep stack.
	err = detached(t, next(entry(func(*coroc.Coroutine) {
		slices.SortFunc([]int{1, 2}, func(int, int) int { entryCount(&total)(); return 0 })
	})))
	require.Contains(t, err.Func, "TestDetachedNamesTheFunctionInTheWay")
	err = detached(t, next(entry(func(*coroc.Coroutine) { new(sync.Once).Do(entryCount(&total)) })))
	require.Equal(t, "sync.(*Once).doSlow", err.Func)
	require.Contains(t, err.Error(), ": what is passed to it must not suspend")
	var down func(n int)
	down = func(n int) {
		if n == 0 {
			helper()
			return
		}
		down(n - 1)
	}
	err = detached(t, next(entry(func(*coroc.Coroutine) { down(5000) })))
	require.Equal(t, "github.com/coroc-dev/coroc/coroutine_test.helper", err.Func)

}

// speaker has a method that package fmt calls, and whose panics it prints.
type speaker struct{ say func() }

func (s speaker) String() string { s.say(); return "said" }

// A suspension that failed does not pass for success because somebody has recovered.
func TestDetachedSwallowed(t *testing.T) {
	var said string
	swallow := func() { said = fmt.Sprint(speaker{helper}) }
	deferred := false
	for name, body := range map[string]func(*coroc.Coroutine){
		"at the end": func(*coroc.Coroutine) { swallow() },
		"before it suspends": func(c *coroc.Coroutine) {
			defer func() { deferred = !c.Suspended() }()
			if c.Running() {
				swallow()
			}
			coroutine.Durable_Yield[int, int](c, 1)
		},
		"in a coroutine inside": func(*coroc.Coroutine) {
			swallow()
			inner := coroutine.New[int, int](func() {})
			require.False(t, inner.Next())
		},
	} {
		said = ""
		c := coroutine.New[int, int](entry(body))
		err := detached(t, func() { c.Next() })
		require.Equal(t, "github.com/coroc-dev/coroc/coroutine_test.helper", err.Func, name)
		require.Contains(t, said, "PANIC=String method: coroutine: Yield cannot suspend", name)
		require.False(t, c.Next(), name)
		require.False(t, coroutine.New[int, int](func() {}).Next(), "the next one of the goroutine is not to blame")
	}
	require.True(t, deferred)
}

func TestDetachedOutside(t *testing.T) {
	total := 0
	for _, f := range []func(){helper, entryCount(&total), func() { uncompiled(entryCount(&total)) }} {
		err := detached(t, f)
		require.EqualError(t, err, "coroutine: Yield called outside of a coroutine")
	}
	err := detached(t, func() { coroutine.LoadContext[int, int]() })
	require.EqualError(t, err, "coroutine: LoadContext called outside of a coroutine")
}
