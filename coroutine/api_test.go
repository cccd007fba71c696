package coroutine_test

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/coroutine"
)

// collect runs c to its end and returns what it yields.
func collect[S, R any](c coroutine.Coroutine[R, S]) (all []R) {
	for c.Next() {
		all = append(all, c.Recv())
	}
	return all
}

// panicOf returns what f panics with.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestNextRecvSendResult(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(5))
	require.False(t, c.Done())
	c.Send(100) // nothing waits for it
	for i, want := range []int{0, 1, 1, 12, 13} {
		require.True(t, c.Next())
		require.Equal(t, want, c.Recv())
		require.False(t, c.Done())
		require.Zero(t, c.Result())
		if i == 1 {
			c.Send(1)
			c.Send(10) // the last one counts
		}
	}
	require.False(t, c.Next())
	require.True(t, c.Done())
	require.Equal(t, 25, c.Result())
	require.False(t, c.Next())
	require.Equal(t, 25, c.Result())
}

func TestCopiesAreOneCoroutine(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	d := c
	require.True(t, c.Next())
	require.True(t, d.Next())
	require.Equal(t, 1, c.Recv())
	require.Same(t, c.Context(), d.Context())
}

func TestRun(t *testing.T) {
	var got []int
	c := coroutine.NewWithReturn[int, int](entryFibonacci(4))
	coroutine.Run(c, func(v int) int {
		got = append(got, v)
		return v
	})
	require.Equal(t, []int{0, 1, 1, 3}, got)
	require.Equal(t, 5, c.Result())
}

func TestRunStopsWhenCallbackPanics(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryCleanup(&log))
	require.Equal(t, "no", panicOf(func() {
		coroutine.Run(c, func(int) int { panic("no") })
	}))
	require.True(t, c.Done())
	require.Equal(t, []string{"recovered <nil>", "outer"}, log)
}

func TestDefersRunAtTheEnd(t *testing.T) {
	var log []string
	require.Equal(t, []int{1, 2}, collect[int](coroutine.New[int, int](entryCleanup(&log))))
	require.Equal(t, []string{"recovered <nil>", "returned", "outer"}, log)
}

func TestYieldInDefer(t *testing.T) {
	var log []string
	require.Equal(t, []int{1, 2}, collect[int](coroutine.New[int, int](entryYieldInDefer(&log))))
	require.Equal(t, []string{"before", "after", "last"}, log)
}

func TestStop(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryCleanup(&log))
	require.True(t, c.Next())
	require.Empty(t, log)
	c.Stop()
	require.True(t, c.Done())
	require.Equal(t, []string{"recovered <nil>", "outer"}, log, "no code after the yield, and no recover that helps")
	require.False(t, c.Next())
	c.Stop()
	require.Len(t, log, 2)
}

func TestStopNotStarted(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryCleanup(&log))
	c.Stop()
	require.True(t, c.Done())
	require.False(t, c.Next())
	require.Empty(t, log)
}

func TestStopFinished(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(1))
	require.True(t, c.Next())
	require.False(t, c.Next())
	c.Stop()
	require.Equal(t, 1, c.Result())
}

func TestStopYieldsInDefer(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryYieldInDefer(&log))
	require.True(t, c.Next())
	c.Stop()
	require.True(t, c.Done())
	require.Equal(t, []string{"before", "last"}, log)
	require.False(t, c.Next())
}

func TestStopWhileYieldedInDefer(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryYieldInDefer(&log))
	require.True(t, c.Next())
	require.True(t, c.Next())
	c.Stop()
	require.Equal(t, []string{"before", "last"}, log)
}

func TestStopPanicInDefer(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryPanicInDefer(&log))
	require.True(t, c.Next())
	require.Same(t, errOops, panicOf(c.Stop))
	require.True(t, c.Done())
	require.Equal(t, []string{"last"}, log)
	require.False(t, c.Next())
}

func TestPanicInDefer(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryPanicInDefer(&log))
	require.True(t, c.Next())
	require.Same(t, errOops, panicOf(func() { c.Next() }))
	require.True(t, c.Done())
	require.Equal(t, []string{"last"}, log)
}

func TestStopFromInside(t *testing.T) {
	var log []string
	var c coroutine.Coroutine[int, int]
	c = coroutine.New[int, int](entryStopSelf(&log, func() { c.Stop() }))
	require.True(t, c.Next())
	require.False(t, c.Next())
	require.True(t, c.Done())
	require.Equal(t, []string{"goes on", "stopped"}, log)
}

func TestNextFromInside(t *testing.T) {
	var log []string
	var c coroutine.Coroutine[int, int]
	c = coroutine.New[int, int](entryStopSelf(&log, func() {
		log = append(log, fmt.Sprint(panicOf(func() { c.Next() })))
	}))
	require.Equal(t, []int{1, 2}, collect[int](c))
	require.Equal(t, "coroutine: Next called by code that runs inside the coroutine", log[0])
}

func TestPanicLeavesNext(t *testing.T) {
	for _, v := range []any{"text", 7, errOops, &struct{ X int }{1}} {
		c := coroutine.New[int, int](entryFail(v))
		require.True(t, c.Next())
		require.True(t, v == panicOf(func() { c.Next() }), "the identical value")
		require.True(t, c.Done())
		require.False(t, c.Next())
		c.Stop()
	}
}

func TestPanicNilLeavesNext(t *testing.T) {
	c := coroutine.New[int, int](entryFail(nil))
	require.True(t, c.Next())
	require.IsType(t, (*runtime.PanicNilError)(nil), panicOf(func() { c.Next() }))
}

func TestRuntimeErrorLeavesNext(t *testing.T) {
	var m map[string]int
	c := coroutine.New[int, int](entryCall(func() { m["x"] = 1 }))
	require.True(t, c.Next())
	err, ok := panicOf(func() { c.Next() }).(runtime.Error)
	require.True(t, ok)
	require.EqualError(t, err, "assignment to entry in nil map")
}

func TestNestedPanicLeavesBoth(t *testing.T) {
	c := coroutine.New[string, string](entryRunFail(errOops))
	require.True(t, c.Next())
	require.Same(t, errOops, panicOf(func() { c.Next() }))
	require.True(t, c.Done())
}

func TestGoexitInBody(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryExit(&log))
	require.True(t, c.Next())
	var wg sync.WaitGroup
	returned := false
	wg.Go(func() {
		defer func() { log = append(log, "caller") }()
		c.Next()
		returned = true
	})
	wg.Wait()
	require.False(t, returned, "Goexit ends the goroutine that called Next")
	require.Equal(t, []string{"exit", "caller"}, log)
	require.True(t, c.Done())
	require.False(t, c.Next())
}

func TestStopDoesNotEndTheCaller(t *testing.T) {
	var log []string
	c := coroutine.New[int, int](entryExit(&log))
	c.Next()
	returned := make(chan bool, 1)
	go func() {
		defer close(returned)
		c.Stop()
		returned <- true
	}()
	require.True(t, <-returned)
	require.Equal(t, []string{"exit"}, log)
}

func TestNested(t *testing.T) {
	c := coroutine.New[string, string](entryOuter(3))
	require.True(t, c.Next())
	require.Equal(t, "inner 0", c.Recv())
	c.Send("four")
	require.True(t, c.Next())
	require.Equal(t, "inner 1", c.Recv())
	require.Equal(t, []string{"inner 5", "result 6"}, collect[string](c))
}

func TestNestedStop(t *testing.T) {
	c := coroutine.New[string, string](entryOuter(3))
	require.True(t, c.Next())
	c.Stop()
	require.True(t, c.Done())
}

func TestDeep(t *testing.T) {
	c := coroutine.New[int, int](entryDeep(100))
	for i := range 10 {
		require.True(t, c.Next())
		require.Equal(t, i, c.Recv())
	}
	c.Send(1)
	require.False(t, c.Next())
}

func TestCaptureByReference(t *testing.T) {
	total := 10
	c := coroutine.New[int, int](entryCount(&total))
	for _, want := range []int{10, 11, 13} {
		require.True(t, c.Next())
		require.Equal(t, want, c.Recv())
		require.Equal(t, want, total)
	}
	c.Stop()
}

func TestContext(t *testing.T) {
	var ctx *coroutine.Context[int, int]
	c := coroutine.New[int, int](entryContext(&ctx))
	require.True(t, c.Next())
	require.Same(t, c.Context(), ctx)
	require.Equal(t, 1, c.Recv())
	c.Send(1)
	require.True(t, c.Next())
	require.Equal(t, 3, c.Recv())
	require.False(t, c.Next())
}

func TestContextNotUsedAgain(t *testing.T) {
	var got int
	c := coroutine.New[int, int](entryContextOnce(&got))
	require.True(t, c.Next())
	c.Send(7)
	require.False(t, c.Next())
	require.Equal(t, 7, got)
}

func TestForeignContext(t *testing.T) {
	var ctx *coroutine.Context[int, int]
	c := coroutine.New[int, int](entryContext(&ctx))
	require.True(t, c.Next())
	v := panicOf(func() { ctx.Yield(7) })
	require.NotNil(t, v, "outside of a coroutine")
	require.Equal(t, 1, c.Recv())
	require.Equal(t, []int{2, 3}, collect[int](c))
}

func TestOutside(t *testing.T) {
	require.Contains(t, fmt.Sprint(panicOf(func() { coroutine.Yield[int, int](1) })), "coroutine: ")
	require.Contains(t, fmt.Sprint(panicOf(func() { coroutine.LoadContext[int, int]() })), "coroutine: ")

	// A goroutine that the body starts is outside.
	var v any
	c := coroutine.New[int, int](entryCall(func() {
		var wg sync.WaitGroup
		wg.Go(func() { v = panicOf(func() { coroutine.Yield[int, int](3) }) })
		wg.Wait()
	}))
	require.Equal(t, []int{1, 2}, collect[int](c))
	require.Contains(t, fmt.Sprint(v), "coroutine: ")
}

func TestOutsideSaysSo(t *testing.T) {
	require.Equal(t, "coroutine: Yield called outside of a coroutine", fmt.Sprint(panicOf(func() { coroutine.Yield[int, int](1) })))
	require.Equal(t, "coroutine: LoadContext called outside of a coroutine", fmt.Sprint(panicOf(func() { coroutine.LoadContext[int, int]() })))
}

func TestZeroCoroutine(t *testing.T) {
	var c coroutine.Coroutine[int, int]
	for name, f := range map[string]func(){
		"Next":    func() { c.Next() },
		"Recv":    func() { c.Recv() },
		"Send":    func() { c.Send(1) },
		"Result":  func() { c.Result() },
		"Stop":    func() { c.Stop() },
		"Done":    func() { c.Done() },
		"Context": func() { c.Context() },
		"Run":     func() { coroutine.Run(c, func(int) int { return 0 }) },
	} {
		require.Equal(t, "coroutine: "+name+" of a zero Coroutine, which New has not made", panicOf(f))
	}
}

func TestNilFunction(t *testing.T) {
	require.Equal(t, "coroutine: New of a nil function", panicOf(func() { coroutine.New[int, int](nil) }))
	require.Equal(t, "coroutine: NewWithReturn of a nil function", panicOf(func() { coroutine.NewWithReturn[int, int](nil) }))
	require.Equal(t, "coroutine: NewTwin of a nil function", panicOf(func() { coroutine.NewTwin[int, int](nil, nil) }))
}

func TestWrongType(t *testing.T) {
	c := coroutine.New[int, int](entryWrongType)
	require.Contains(t, fmt.Sprint(panicOf(func() { c.Next() })), "coroutine: Yield called for a *coroutine.Context[string,int] in a coroutine that has a *coroutine.Context[int,int]")
	c = coroutine.New[int, int](entryWrongContext)
	require.Contains(t, fmt.Sprint(panicOf(func() { c.Next() })), "coroutine: LoadContext called for a *coroutine.Context[string,int]")
}

// TestGoroutines runs many coroutines on many goroutines, each coroutine by several
// of them in turn.
func TestGoroutines(t *testing.T) {
	const n = 50
	coroutines := make([]coroutine.Coroutine[int, int], n)
	for i := range coroutines {
		coroutines[i] = coroutine.NewWithReturn[int, int](entryFibonacci(i))
	}
	for step := range n {
		var wg sync.WaitGroup
		for i, c := range coroutines {
			wg.Go(func() {
				if c.Next() != (step < i) {
					t.Errorf("coroutine %d: step %d", i, step)
				}
			})
		}
		wg.Wait()
	}
	a, b := 0, 1
	for _, c := range coroutines {
		require.True(t, c.Done())
		require.Equal(t, a, c.Result())
		a, b = b, a+b
	}
}

// TestDurableBuildHasNoGoroutineLocal checks what the two builds link.
func TestDurableBuildHasNoGoroutineLocal(t *testing.T) {
	for tag, want := range map[string]bool{"durable": false, "": true} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tag, ".").Output()
		require.NoError(t, err)
		require.Equal(t, want, slices.Contains(strings.Fields(string(out)), "github.com/petermattis/goid"))
	}
}
