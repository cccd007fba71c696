// Comparison functions that suspend, called by the sorts and searches of the
// standard library.
package libsort

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type byLast []int

func (b byLast) Len() int           { return len(b) }
func (b byLast) Less(i, j int) bool { yield(b[i]); return b[i]%10 < b[j]%10 }
func (b byLast) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

func numbers(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i * 7919 % 101
	}
	return s
}

func Main() {
	s := numbers(20)
	slices.SortFunc(s, func(a, b int) int { yield(a); return cmp.Compare(a, b) })
	fmt.Println(s)

	s = numbers(30)
	calls := 0
	slices.SortStableFunc(s, func(a, b int) int {
		if calls++; calls%7 == 0 {
			yield(calls)
		}
		return cmp.Compare(a%10, b%10)
	})
	fmt.Println(s, calls)

	fmt.Println(slices.IndexFunc(s, func(n int) bool { return yield(n) > 50 }))
	fmt.Println(slices.ContainsFunc(s[:3], func(n int) bool { return yield(n) < 0 }))
	fmt.Println(slices.DeleteFunc(slices.Clone(s[:6]), func(n int) bool { return yield(n)%2 == 0 }))
	fmt.Println(slices.BinarySearchFunc([]int{1, 3, 5, 7}, 5, func(e, t int) int { return cmp.Compare(yield(e), yield(t)) }))

	b := byLast(numbers(15))
	sort.Sort(b)
	fmt.Println(b)
	sort.Stable(sort.Reverse(b))
	fmt.Println(b)
	fmt.Println(sort.Search(10, func(i int) bool { return yield(i) > 6 }))
	fmt.Println(sort.Find(10, func(i int) int { return yield(4) - i }))

	s = numbers(14)
	sort.Slice(s, func(i, j int) bool { yield(s[i]); return s[i] < s[j] })
	fmt.Println(s)
	words := []string{"b2", "a1", "b1", "a2", "c0"}
	sort.SliceStable(words, func(i, j int) bool { return yield(int(words[i][0])) < yield(int(words[j][0])) })
	fmt.Println(words)
}
