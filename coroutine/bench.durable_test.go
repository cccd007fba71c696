//go:build durable

package coroutine_test

import (
	"encoding/json"
	"testing"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

type frame_three struct{ Site, a, b, i int }

func init() {
	coroc.RegisterFrame[frame_three]("coroutine_test.three", 1,
		coroc.Site{Pos: "bench.durable_test.go:1", Live: []string{"a", "b", "i"}})
}

// durable_three has three ints that are live across its yield, and no caller.
func durable_three(c *coroc.Coroutine) {
	var a, b, i int
	if !c.Running() {
		fr := coroc.Pop[frame_three](c)
		a, b, i = fr.a, fr.b, fr.i
		goto site_1
	}
	a, b = 123456789, 987654321
	i = 0
site_1:
	coroutine.Durable_Yield[int, int](c, i)
	if !c.Running() {
		*coroc.Frame[frame_three](c) = frame_three{Site: 1, a: a, b: b, i: i}
		return
	}
	a, b = b, a+b
	i++
	goto site_1
}

// BenchmarkState saves and loads a coroutine with three ints in its frame.
func BenchmarkState(b *testing.B) {
	type three struct{ A, B, I int }
	value := three{123456789, 987654321, 1}
	text, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	c := coroutine.New[int, int](entry(durable_three))
	c.Next()
	state, err := c.Context().Marshal()
	if err != nil {
		b.Fatal(err)
	}

	b.Run("save", func(b *testing.B) {
		compare(b, "json", func(n int) {
			for range n {
				if _, err := json.Marshal(value); err != nil {
					b.Fatal(err)
				}
			}
		}, func(n int) {
			for range n {
				if _, err := c.Context().Marshal(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.ReportMetric(float64(len(state)), "bytes")
	})
	b.Run("load", func(b *testing.B) {
		f := entry(durable_three)
		compare(b, "json", func(n int) {
			for range n {
				var v three
				if err := json.Unmarshal(text, &v); err != nil {
					b.Fatal(err)
				}
			}
		}, func(n int) {
			// A coroutine is made for each load, since only a fresh one can be loaded.
			for range n {
				c := coroutine.New[int, int](f)
				if _, err := c.Context().Unmarshal(state); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("save frame", func(b *testing.B) {
		rt := coroc.New(durable_leaf)
		rt.Next()
		var buf []byte
		compare(b, "json", func(n int) {
			for range n {
				if _, err := json.Marshal(value); err != nil {
					b.Fatal(err)
				}
			}
		}, func(n int) {
			for range n {
				var err error
				if buf, err = rt.AppendState(buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.ReportMetric(float64(len(buf)), "bytes")
	})
	b.Run("load frame", func(b *testing.B) {
		rt := coroc.New(durable_leaf)
		rt.Next()
		state, err := rt.AppendState(nil)
		if err != nil {
			b.Fatal(err)
		}
		compare(b, "json", func(n int) {
			for range n {
				var v three
				if err := json.Unmarshal(text, &v); err != nil {
					b.Fatal(err)
				}
			}
		}, func(n int) {
			for range n {
				if _, err := coroc.New(durable_leaf).LoadState(state); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// durable_leaf suspends with a frame of three ints, without the values that
// [coroutine.Context] adds.
func durable_leaf(c *coroc.Coroutine) {
	if c.Running() {
		c.Suspend()
		*coroc.Frame[frame_three](c) = frame_three{Site: 1, a: 123456789, b: 987654321, i: 1}
	}
}
