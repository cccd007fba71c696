// Composite literals whose elements suspend: structs, arrays and slices with
// indices, maps, nested ones with elided types, pointers, literals as receivers,
// operands and arguments.
package complits

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x, y int }
type line struct {
	from, to *point
	tags     []string
	meta     map[string]any
}

func (p point) sum() int      { return p.x + yield(p.y) }
func (p *point) move() *point { p.x += yield(p.x); return p }
func s(v int) string          { return fmt.Sprint(yield(v)) }

type matrix [2][2]int
type generic[T any] struct {
	v    T
	next *generic[T]
}

func Main() {
	fmt.Println(point{yield(1), yield(2)}, point{y: yield(3)}, &point{x: yield(4)}, point{})
	fmt.Println([]int{yield(1), 5: yield(2), 2: yield(3), yield(4)}, [...]int{3: yield(5), 1: yield(6)})
	fmt.Println(map[string]int{s(1): yield(2), "k": yield(3), s(4): 5}, map[point][]int{{yield(1), 2}: {yield(3)}})
	l := line{&point{yield(1), 2}, &point{3, yield(4)}, []string{s(5), "t"}, map[string]any{"a": point{yield(6), 0}, "b": nil}}
	fmt.Println(*l.from, *l.to, l.tags, l.meta)
	ps := []*point{{1, yield(1)}, nil, {yield(2), 2}}
	yield(0)
	fmt.Println(*ps[0], ps[1] == nil, *ps[2], matrix{{yield(1)}, {1: yield(2)}}, [][]point{{{yield(3), 4}}, nil, {}})
	fmt.Println(point{yield(1), 2}.sum(), (&point{yield(3), 4}).move().x, []int{1, 2, yield(5)}[yield(0)], len([]int{yield(6)}))
	fmt.Println(struct {
		a int
		b []string
	}{yield(7), []string{s(8)}}, []struct{ n int }{{yield(9)}, {}})
	fmt.Println([]func(int) int{yield, func(v int) int { return yield(v) + 1 }}[1](2), map[string]func() string{"f": func() string { return s(3) }}["f"]())
	g := &generic[string]{s(1), &generic[string]{v: s(2)}}
	yield(0)
	fmt.Println(g.v, g.next.v, generic[[]int]{v: []int{yield(3)}}.v)
	if (point{yield(1), 0}) == (point{3, 0}) {
		fmt.Println("equal")
	}
	for i, p := range []point{{yield(1), 1}, {2, yield(2)}} {
		fmt.Println(i, p, p.sum())
	}
	switch (point{1, yield(3)}) {
	case point{1, 7}:
		fmt.Println("case")
	}
	var i any = [2]any{yield(4), []any{s(5), nil}}
	fmt.Println(i, [...]string{2: s(6), 0: "a"}, len([...]int{9: yield(7)}))
	x := 1
	inc := func() int { x++; return yield(x) }
	p := point{x, inc()}
	fmt.Println(p, []int{x, inc(), x}, map[int]int{x: inc(), inc(): x})
}
