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
		against := baseline(b, "json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(value); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(text)), "bytes")
		})
		b.Run("state", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Context().Marshal(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(state)), "bytes")
			against(b)
		})
	})
	b.Run("load", func(b *testing.B) {
		against := baseline(b, "json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var v three
				if err := json.Unmarshal(text, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
		// A coroutine is made for each load, since only a fresh one can be loaded.
		b.Run("state", func(b *testing.B) {
			b.ReportAllocs()
			f := entry(durable_three)
			for b.Loop() {
				c := coroutine.New[int, int](f)
				if _, err := c.Context().Unmarshal(state); err != nil {
					b.Fatal(err)
				}
			}
			against(b)
		})
	})
}
