//go:build !durable

package benchmarks_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/benchmarks"
	"github.com/coroc-dev/coroc/coroutine"
)

// compare measures f against base in turns of about a millisecond, and reports the
// ratio of the best turn of each: those that the machine disturbed least.
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
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(bestBase)/float64(n), "ns/"+name)
	b.ReportMetric(float64(best)/float64(n), "ns")
	b.ReportMetric(float64(best)/float64(bestBase), "x/"+name)
}

//go:noinline
func fib(n int) int {
	if n < 2 {
		if n < 0 {
			panic(n)
		}
		return n
	}
	return fib(n-1) + fib(n-2)
}

func TestFib(t *testing.T) {
	var result int
	c := coroutine.New[int, int](benchmarks.RunFib(20, &result))
	if c.Next() || result != fib(20) {
		t.Errorf("Fib(20) = %d, want %d", result, fib(20))
	}
}

// BenchmarkFib is a chain of calls that could suspend and does not.
func BenchmarkFib(b *testing.B) {
	var plain, result int
	compare(b, "native", func(n int) {
		for range n {
			plain = fib(30)
		}
	}, func(n int) {
		for range n {
			c := coroutine.New[int, int](benchmarks.RunFib(30, &result))
			c.Next()
		}
	})
	if plain != result {
		b.Errorf("%d, want %d", result, plain)
	}
}

// BenchmarkSwitch is one suspend-and-resume with a stack of 1, 10, 100 calls below
// the coroutine's body.
func BenchmarkSwitch(b *testing.B) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	})
	defer stop()
	for _, depth := range []int{1, 10, 100} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			c := coroutine.New[int, int](benchmarks.Deep(depth))
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

// BenchmarkNew makes a coroutine, runs it to its first yield and to its end.
func BenchmarkNew(b *testing.B) {
	compare(b, "iter.Pull", func(n int) {
		for range n {
			next, _ := iter.Pull(func(yield func(int) bool) { yield(1) })
			next()
			next()
		}
	}, func(n int) {
		for range n {
			c := coroutine.NewWithReturn[int, int](benchmarks.Three(1, 2, 3))
			c.Next()
			c.Next()
		}
	})
}

// numbers is what benchmarks.Sum ranges over. gc does not see through it, as it does not
// see through iterators that are more than a loop.
//
//go:noinline
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// BenchmarkRange is a turn of a range over a function whose body could suspend and does
// not, and a whole range of a single turn.
func BenchmarkRange(b *testing.B) {
	for _, turns := range []int{10_000, 1} {
		b.Run(fmt.Sprint("turns=", turns), func(b *testing.B) {
			times := 10_000 / turns
			var sink int
			compare(b, "native", func(n int) {
				for range n {
					sum := 0
					for range times {
						for v := range numbers(turns) {
							sum += v ^ sum
							if sum == -1 {
								panic(v)
							}
						}
					}
					sink = sum
				}
			}, func(n int) {
				for range n {
					c := coroutine.NewWithReturn[int, int](benchmarks.Sum(times, turns))
					c.Next()
					sink = c.Result()
				}
			})
			_ = sink
		})
	}
}

// BenchmarkLoop is a hot loop around a call that could suspend and is not made.
func BenchmarkLoop(b *testing.B) {
	const turns = 10_000
	var sink int
	compare(b, "native", func(n int) {
		for range n {
			sum := 0
			for i := 0; i < turns; i++ {
				sum += i ^ sum
				if sum == -1 {
					panic(i)
				}
			}
			sink = sum
		}
	}, func(n int) {
		for range n {
			c := coroutine.NewWithReturn[int, int](benchmarks.Rare(turns))
			c.Next()
			sink = c.Result()
		}
	})
	_ = sink
}

// BenchmarkState saves and loads a coroutine with three ints live, by the public
// API, against encoding/json on a struct of three ints.
func BenchmarkState(b *testing.B) {
	if !coroutine.Durable {
		b.Skip("a volatile build has no state")
	}
	type three struct{ X, Y, Z int }
	c := coroutine.NewWithReturn[int, int](benchmarks.Three(1, 2, 3))
	c.Next()
	state, err := c.Context().Marshal()
	if err != nil {
		b.Fatal(err)
	}
	value := three{2, 3, 4}
	text, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("save", func(b *testing.B) {
		compare(b, "json", func(n int) {
			for range n {
				json.Marshal(value)
			}
		}, func(n int) {
			for range n {
				c.Context().Marshal()
			}
		})
		b.ReportMetric(float64(len(state)), "bytes")
	})
	b.Run("load", func(b *testing.B) {
		body := benchmarks.Three(1, 2, 3)
		compare(b, "json", func(n int) {
			for range n {
				var v three
				json.Unmarshal(text, &v)
			}
		}, func(n int) {
			for range n {
				c := coroutine.NewWithReturn[int, int](body)
				c.Context().Unmarshal(state)
			}
		})
	})
}
