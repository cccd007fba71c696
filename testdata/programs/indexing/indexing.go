// Index and slice expressions, selectors and dereferences around suspending
// calls, on the right and on the left.
package indexing

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type node struct {
	vals []int
	next *node
	grid [2][3]int
	m    map[string]*node
}

func list(v int) []int        { return []int{yield(v), v, v + 1, v + 2} }
func arr(v int) [3]int        { return [3]int{yield(v), v, v + 1} }
func get(n *node) *node       { yield(len(n.vals)); return n }
func str(v int) string        { return fmt.Sprint("str", yield(v)) }
func m(v int) map[int]string  { return map[int]string{yield(v): str(v)} }
func i(v int) int             { return (yield(v) - 1) / 2 }
func (n *node) at(v int) *int { return &n.vals[i(v)] }

func Main() {
	fmt.Println(list(1)[i(0)], list(2)[i(1)+i(2)], arr(3)[i(1)], str(4)[i(2)], m(5)[11], m(6)[i(0)])
	fmt.Println(list(1)[i(1):], list(1)[:i(2)], list(1)[i(1):i(3)], list(1)[i(0):i(1):i(2)], str(12)[i(1):i(3)])
	n := &node{vals: []int{1, 2, 3}, m: map[string]*node{}}
	n.next = n
	n.m["self"] = n
	fmt.Println(get(n).vals[i(1)], get(n).next.next.vals, get(get(n).next).grid[i(1)][i(2)], n.m["se"+"lf"].vals[i(2)], len(get(n).m))
	get(n).vals[i(0)] = yield(10)
	get(n).next.vals[i(1)] += yield(20)
	n.grid[i(1)][i(2)] = i(5)
	get(n).grid[i(0)][1]++
	*n.at(2) = yield(30)
	*n.at(2) -= 1
	*get(n).at(i(0))++
	fmt.Println(n.vals, n.grid)
	p := &n.grid
	q := &p[i(1)][i(1)]
	*q = 77
	fmt.Println((*p)[i(1)], p[i(0)][:i(2)], len(p[i(1)][i(2):]))
	(*get(n)).next = nil
	s := []*node{n, {vals: list(7)}}
	s[i(0)], s[i(1)] = s[i(1)], s[i(0)]
	fmt.Println(s[0].vals, s[1].vals, *s[i(0)].at(0))
	bytes := []byte(str(8))
	bytes[i(0)], bytes[len(bytes)-i(1)] = bytes[len(bytes)-i(1)], bytes[i(0)]
	fmt.Println(string(bytes), string(bytes[i(1):][i(1):]))
	funcs := []func(int) []func(int) int{func(v int) []func(int) int { yield(v); return []func(int) int{i, yield} }}
	fmt.Println(funcs[i(0)](1)[i(1)](i(2)))
	mm := map[[2]int]map[string][]int{{i(1), 2}: {str(1): list(1)}}
	fmt.Println(mm[arr2(1)][str(1)][i(0)], mm[[2]int{9}]["x"] == nil, mm)
	mm[arr2(1)][str(1)][i(0)] += 100
	fmt.Println(mm)
}

func arr2(v int) [2]int { return [2]int{i(v), i(v + 1)} }
