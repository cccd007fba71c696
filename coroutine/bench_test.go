package coroutine_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

// The benchmarks report ratios of what is measured in one run, because those mean the
// same on another machine. docs/benchmarks.md has the commands and the results.

// baseline runs f as the sub-benchmark that the others are compared with. The returned
// function reports the ratio.
func baseline(b *testing.B, name string, f func(b *testing.B)) (against func(b *testing.B)) {
	var base float64
	b.Run(name, func(b *testing.B) {
		f(b)
		base = float64(b.Elapsed()) / float64(b.N)
	})
	return func(b *testing.B) {
		if base > 0 { // else -bench has left it out
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/base, "x/"+name)
		}
	}
}

// BenchmarkSwitch is one suspend-and-resume, from a call stack of a given depth.
func BenchmarkSwitch(b *testing.B) {
	against := baseline(b, "iter.Pull", func(b *testing.B) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		})
		defer stop()
		for b.Loop() {
			next()
		}
	})
	for _, depth := range []int{1, 10, 100} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			b.ReportAllocs()
			c := coroutine.New[int, int](entryDeep(depth))
			c.Next()
			for b.Loop() {
				c.Next()
			}
			against(b)
			c.Stop()
		})
	}
}

// BenchmarkNew makes a coroutine, runs it to its first yield and stops it.
func BenchmarkNew(b *testing.B) {
	against := baseline(b, "iter.Pull", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			next, stop := iter.Pull(func(yield func(int) bool) {
				for i := 0; yield(i); i++ {
				}
			})
			next()
			stop()
		}
	})
	b.Run("New", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := coroutine.New[int, int](entryDeep(1))
			c.Next()
			c.Send(1)
			c.Next()
		}
		against(b)
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

// BenchmarkCall is a tree of calls that could suspend and does not.
func BenchmarkCall(b *testing.B) {
	against := baseline(b, "native", func(b *testing.B) {
		for b.Loop() {
			fib(30)
		}
	})
	b.Run("twin", func(b *testing.B) {
		c := coroc.New(func(c *coroc.Coroutine) {
			for b.Loop() {
				durable_fib(c, 30)
			}
		})
		c.Next()
		against(b)
	})
}
