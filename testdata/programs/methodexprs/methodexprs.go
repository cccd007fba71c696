// Method expressions: T.M, (*T).M, interface method expressions and those of
// promoted methods, as func values that suspend.
package methodexprs

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x int }

func (p point) get(v int) int          { return p.x + yield(v) }
func (p *point) add(v int) int         { p.x += yield(v); return p.x }
func (p point) many(v ...int) int      { return len(v) + yield(p.x) }
func (point) pair(a, b int) (int, int) { return yield(b), yield(a) }

type getter interface{ get(int) int }
type embed struct{ point }
type embedPointer struct{ *point }
type embedIface struct{ getter }
type kind int

func (k kind) get(v int) int { return int(k) * yield(v) }

type box[T any] struct{ v T }

func (b *box[T]) swap(v T) T { yield(1); v, b.v = b.v, v; return v }

func Main() {
	p := point{1}
	fmt.Println(point.get(p, 1), (*point).get(&p, 2), (*point).add(&p, 3), point.many(p, 1, 2, 3))
	f, g, h := point.get, (*point).add, getter.get
	yield(0)
	fmt.Println(f(p, 1), g(&p, 1), h(p, 1), h(&p, 1), h(kind(3), 1))
	i, j, k := embed.get, (*embed).add, embedIface.get
	e := embed{point{5}}
	yield(0)
	fmt.Println(i(e, 1), j(&e, 1), e, k(embedIface{kind(2)}, 1))
	l := embedPointer.add
	fmt.Println(l(embedPointer{&p}, 2), p)
	m := (*embedPointer).get
	fmt.Println(m(&embedPointer{&p}, 2))
	n := point.many
	fmt.Println(n(p), n(p, []int{1, 2}...))
	fmt.Println(point.pair(p, 1, 2))
	s := (*box[string]).swap
	b := &box[string]{"old"}
	yield(9)
	fmt.Println(s(b, "new"), b.v)
	table := []struct {
		name string
		op   func(*point, int) int
	}{{"get", (*point).get}, {"add", (*point).add}}
	for _, t := range table {
		fmt.Println(t.name, t.op(&p, yield(0)))
	}
	fn := func(g getter, f func(getter, int) int) int { return f(g, 4) }
	fmt.Println(fn(e, getter.get), fn(kind(1), func(g getter, v int) int { return g.get(v) + 1 }))
	anon := interface{ add(int) int }.add
	fmt.Println(anon(&p, 1))
}
