package runtime

import "testing"

type benchTree struct {
	left, right *benchTree
	value       int
}

func growTree(n int) *benchTree {
	if n == 0 {
		return nil
	}
	return &benchTree{growTree((n - 1) / 2), growTree(n - 1 - (n-1)/2), n}
}

var benchVars struct {
	tree  *benchTree
	names map[string][]string
}

// BenchmarkHeld saves and loads a few variables beside package-level variables of
// different sizes.
func BenchmarkHeld(b *testing.B) {
	type T struct {
		N    int
		S    []int
		P    *benchTree
		Self *benchTree
	}
	registerFrame1[T]()
	for _, test := range []struct {
		name  string
		nodes int
	}{{"0", 0}, {"1k", 1000}, {"1M", 1000000}} {
		b.Run(test.name, func(b *testing.B) {
			benchVars.tree = growTree(test.nodes)
			defer func() { benchVars.tree = nil }()
			h := new(Held)
			h.Root(&benchVars)
			c := suspendedWith(&frame1[T]{Site: 1, V: T{1, []int{1, 2, 3}, benchVars.tree, &benchTree{value: 3}}})
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if buf, err = h.AppendState(c, buf[:0]); err != nil {
					b.Fatal(err)
				}
				var d Coroutine
				if _, err := h.LoadState(&d, buf); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(h.Stats().Work), "work")
		})
	}
}
