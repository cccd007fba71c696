// Slices that share an array across a save: overlapping, with spare capacity,
// with limited capacity, of arrays that are variables, empty ones and nil.
package sliceshare

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type grid struct {
	rows [][]int
	data []int
}

func newGrid(w, h int) *grid {
	g := &grid{data: make([]int, w*h)}
	for i := range h {
		g.rows = append(g.rows, g.data[i*w:(i+1)*w])
	}
	return g
}

func Main() {
	s := make([]int, 3, 10)
	t := s[1:3]
	u := s[:5]
	v := s[1:2:2]
	yield(0)
	t[0] = 1
	u[4] = 5
	v = append(v, 99)
	fmt.Println(s, t, u, v, s[:5], cap(s), cap(t), cap(v) >= 2)
	s = append(s, yield(1))
	t = append(t, yield(2))
	fmt.Println(s, t, u, len(s), cap(t))

	arr := [4]int{1, 2, 3, 4}
	a, b := arr[:2], arr[1:]
	pa := &arr
	yield(3)
	a[1] = 20
	b[2] = 40
	pa[0] = 10
	fmt.Println(arr, a, b, cap(a), cap(b))
	c := arr
	yield(4)
	c[0] = 0
	fmt.Println(arr[0], len(c))

	g := newGrid(3, 2)
	yield(5)
	g.rows[1][0] = 7
	g.data[2] = 8
	fmt.Println(g.rows, g.data)
	g.rows[0], g.rows[1] = g.rows[1], g.rows[0]
	yield(6)
	g.rows[0][0]++
	fmt.Println(g.data)

	var null []int
	empty := []int{}
	tail := arr[4:]
	zero := s[:0]
	yield(7)
	fmt.Println(null == nil, empty == nil, tail == nil, len(tail), cap(tail), len(zero), cap(zero))
	zero = append(zero, -1)
	fmt.Println(s[0])

	strs := []string{"a", "b", "c"}
	p := &strs[1]
	view := strs[1:]
	yield(8)
	*p += "!"
	view[1] += "?"
	fmt.Println(strs, view)
	bytes := []byte("hello")
	str := string(bytes)
	h := bytes[:1]
	yield(9)
	h[0] = 'j'
	fmt.Println(string(bytes), str)
	arrp := (*[2]byte)(bytes[1:])
	arrp[0] = 'u'
	yield(10)
	fmt.Println(string(bytes), string(arrp[:]))
	any := []any{bytes, arrp, &bytes[4]}
	bytes = nil
	yield(11)
	*(any[2].(*byte)) = '!'
	arrp[1] = 'm'
	fmt.Println(string(any[0].([]byte)))
	structs := make([]struct{ n, m int }, 2)
	pm := &structs[1].m
	yield(12)
	*pm = 3
	structs = append(structs, struct{ n, m int }{1, 2})
	*pm = 4
	fmt.Println(structs)
}
