package coroutine_test

import (
	"fmt"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

// The benchmarks report ratios, because those mean the same on another machine.
// docs/benchmarks.md has the commands and the results.

// compare measures f against base; each is given a number of operations to do. They
// take turns, in rounds of about a millisecond, and the best round of each counts: on
// a machine that does other things, the best are the least disturbed.
func compare(b *testing.B, name string, base, f func(n int)) {
	n := 1
	for start := time.Now(); time.Since(start) < time.Millisecond; n *= 2 {
		start = time.Now()
		base(n)
	}
	bestBase, best := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		base(n)
		middle := time.Now()
		f(n)
		bestBase, best = min(bestBase, middle.Sub(start)), min(best, time.Since(middle))
	}
	b.ReportMetric(0, "ns/op") // of rounds: of no interest
	b.ReportMetric(float64(bestBase)/float64(n), "ns/"+name)
	b.ReportMetric(float64(best)/float64(n), "ns")
	b.ReportMetric(float64(best)/float64(bestBase), "x/"+name)
	b.ReportMetric(testing.AllocsPerRun(1, func() { f(1000) })/1000, "allocs")
}

// BenchmarkSwitch is one suspend-and-resume, from a call stack of a given depth.
func BenchmarkSwitch(b *testing.B) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	})
	defer stop()
	for _, depth := range []int{1, 10, 100} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			c := coroutine.New[int, int](entryDeep(depth))
			c.Next()
			defer c.Stop()
			compare(b, "iter.Pull", func(n int) {
				for range n {
					next()
				}
			}, func(n int) {
				for range n {
					c.Next()
				}
			})
		})
	}
}

// BenchmarkNew makes a coroutine, runs it to its first yield and then to its end.
func BenchmarkNew(b *testing.B) {
	compare(b, "iter.Pull", func(n int) {
		for range n {
			next, _ := iter.Pull(func(yield func(int) bool) { yield(1) })
			next()
			next()
		}
	}, func(n int) {
		for range n {
			c := coroutine.New[int, int](entryDeep(1))
			c.Next()
			c.Send(1)
			c.Next()
		}
	})
}

//go:noinline
func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

type frame_fib struct{ Site, n, t_2 int }

// durable_fib is fib as if it could suspend.
func durable_fib(c *coroc.Coroutine, n int) (_ int) {
	var t_1, t_2, t_3, t_4 int
	if !c.Running() {
		fr := coroc.Pop[frame_fib](c)
		switch fr.Site {
		case 1:
			n = fr.n
			goto site_1
		case 2:
			t_2 = fr.t_2
			goto site_2
		}
	}
	if n < 2 {
		return n
	}
	t_1 = n - 1
site_1:
	t_2 = durable_fib(c, t_1)
	if !c.Running() {
		*coroc.Frame[frame_fib](c) = frame_fib{Site: 1, n: n}
		return
	}
	t_3 = n - 2
site_2:
	t_4 = durable_fib(c, t_3)
	if !c.Running() {
		*coroc.Frame[frame_fib](c) = frame_fib{Site: 2, t_2: t_2}
		return
	}
	return t_2 + t_4
}

var sink int // so that no result goes unused

// inside runs f in a coroutine that does not suspend.
func inside(f func(c *coroc.Coroutine)) { coroc.New(f).Next() }

// BenchmarkCall is a tree of calls that could suspend and does not.
func BenchmarkCall(b *testing.B) {
	inside(func(c *coroc.Coroutine) {
		compare(b, "native", func(n int) {
			for range n {
				sink = fib(20)
			}
		}, func(n int) {
			for range n {
				sink = durable_fib(c, 20)
			}
		})
	})
}

//go:noinline
func rare(i int) int { return i & 1 }

//go:noinline
func durable_rare(c *coroc.Coroutine, i int) int { return i & 1 }

//go:noinline
func loop(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		if i%1024 == 1023 {
			sum += rare(i)
		}
		sum += i ^ sum>>3
	}
	return sum
}

type frame_loop struct{ Site, n, sum, i int }

// durable_loop is loop with a call that might suspend: the loop is flattened, because
// Go cannot jump into one.
func durable_loop(c *coroc.Coroutine, n int) (_ int) {
	var sum, i, t_1 int
	if !c.Running() {
		fr := coroc.Pop[frame_loop](c)
		switch fr.Site {
		case 1:
			n, sum, i = fr.n, fr.sum, fr.i
			goto site_1
		}
	}
	sum = 0
	i = 0
loop_1:
	if !(i < n) {
		goto end_1
	}
	if !(i%1024 == 1023) {
		goto end_2
	}
site_1:
	t_1 = durable_rare(c, i)
	if !c.Running() {
		*coroc.Frame[frame_loop](c) = frame_loop{Site: 1, n: n, sum: sum, i: i}
		return
	}
	sum += t_1
end_2:
	sum += i ^ sum>>3
	i++
	goto loop_1
end_1:
	return sum
}

// BenchmarkLoop is a hot loop around a call that is rarely made and that could
// suspend.
func BenchmarkLoop(b *testing.B) {
	inside(func(c *coroc.Coroutine) {
		compare(b, "native", func(n int) {
			for range n {
				sink = loop(10_000)
			}
		}, func(n int) {
			for range n {
				sink = durable_loop(c, 10_000)
			}
		})
	})
}
