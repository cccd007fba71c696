package runtime

import (
	"encoding/json"
	"fmt"
	"testing"
)

func benchInts(b testing.TB) *Coroutine {
	RegisterFrame[ints]("example.com/app.work", 0x1234567890abcdef, Site{Pos: "work.go:42", Live: []string{"A", "B", "C"}})
	return suspendedWith(&ints{1, 7, 300, -1})
}

// BenchmarkSave and BenchmarkLoad compare a frame of three ints with the same
// struct in JSON, which has no names of functions, no fingerprint and no checksum.
func BenchmarkSave(b *testing.B) {
	b.Run("state", func(b *testing.B) {
		c := benchInts(b)
		buf := make([]byte, 0, 128)
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if buf, err = c.AppendState(buf[:0]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(buf)), "bytes")
	})
	b.Run("json", func(b *testing.B) {
		v := &ints{1, 7, 300, -1}
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			var err error
			if buf, err = json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(buf)), "bytes")
	})
}

func BenchmarkLoad(b *testing.B) {
	b.Run("state", func(b *testing.B) {
		c := benchInts(b)
		buf, err := c.AppendState(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var c Coroutine
			if _, err := c.LoadState(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		buf, err := json.Marshal(&ints{1, 7, 300, -1})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var v ints
			if err := json.Unmarshal(buf, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

type order struct {
	ID    string
	Items []item
	Notes map[string]string
	Next  *order
}

type item struct {
	Name  string
	Count int
	Price float64
}

// BenchmarkGraph saves and loads a thousand orders with ten items each.
func BenchmarkGraph(b *testing.B) {
	var all []*order
	for i := range 1000 {
		o := &order{ID: fmt.Sprint("order-", i), Notes: map[string]string{"a": "b", "c": "d"}}
		for j := range 10 {
			o.Items = append(o.Items, item{fmt.Sprint("item-", j), j, float64(j) / 3})
		}
		if i > 0 {
			o.Next = all[i-1]
		}
		all = append(all, o)
	}
	registerFrame1[[]*order]()
	c := suspendedWith(&frame1[[]*order]{Site: 1, V: all})
	buf, err := c.AppendState(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("save", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			if buf, err = c.AppendState(buf[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			var c Coroutine
			if _, err := c.LoadState(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, o := range all {
		o.Next = nil // JSON has no references
	}
	b.Run("save-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(all); err != nil {
				b.Fatal(err)
			}
		}
	})
	js, _ := json.Marshal(all)
	b.Run("load-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v []*order
			if err := json.Unmarshal(js, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
