// Iterators and callbacks of slices, maps, strings and bytes around code that suspends.
package libiter

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

func count(n int) iter.Seq[int] {
	return func(next func(int) bool) {
		for i := range n {
			if !next(yield(i)) {
				return
			}
		}
	}
}

func double(seq iter.Seq[int]) iter.Seq2[int, int] {
	return func(next func(int, int) bool) {
		for v := range seq {
			if !next(v, 2*v) {
				return
			}
		}
	}
}

func Main() {
	for i, v := range slices.Backward([]string{"a", "b", "c"}) {
		fmt.Println(i, v, yield(i))
	}
	for c := range slices.Chunk([]int{1, 2, 3, 4, 5}, 2) {
		if yield(len(c)) == 1 {
			break
		}
		fmt.Println(c)
	}
	fmt.Println(slices.Collect(count(3)), slices.Sorted(count(4)))
	fmt.Println(slices.SortedFunc(count(5), func(a, b int) int { return yield(b) - yield(a) }))
	fmt.Println(slices.AppendSeq([]int{100}, count(2)))
	m := maps.Collect(double(count(3)))
	fmt.Println(len(m), m)
	maps.DeleteFunc(m, func(k, v int) bool { return yield(9) < 0 })
	maps.Insert(m, double(count(2)))
	fmt.Println(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Println(k, m[k], yield(k))
	}
	for part := range strings.SplitSeq("x,y,z", ",") {
		if part == "z" {
			break
		}
		fmt.Println(part, yield(len(part)))
	}
	for line := range strings.Lines("one\ntwo\n") {
		fmt.Printf("%q %d\n", line, yield(1))
	}
	for f := range strings.FieldsFuncSeq("a1b22c", unicode.IsDigit) {
		fmt.Println(f, yield(2))
	}
	fmt.Println(strings.Map(func(r rune) rune {
		if yield(int(r)) == 'l' {
			return -1
		}
		return unicode.ToUpper(r)
	}, "hello"))
	fmt.Println(strings.FieldsFunc("a b c", func(r rune) bool { return r == ' ' && yield(3) != 0 }))
	fmt.Println(strings.IndexFunc("abc", func(r rune) bool { return yield(int(r)) > 'b' }))
	fmt.Println(strings.TrimFunc("--a--", func(r rune) bool { return yield(4) != 0 && r == '-' }))
	fmt.Println(string(bytes.Map(func(r rune) rune { return rune(yield(int(r))) }, []byte("xyz"))))
	fmt.Println(bytes.ContainsFunc([]byte("abc"), func(r rune) bool { return yield(int(r)) == 'c' }))
}
