// Method values: the receiver is evaluated and copied when the value is made.
//
// A method value of a value receiver keeps the copy, one of a pointer receiver
// the pointer, one of an interface the dynamic value; all of them live across
// suspensions as func values and are called durably.
package methodvalues

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x, y int }

func (p point) sum(v int) int   { return p.x + p.y + yield(v) }
func (p *point) move(v int) int { p.x += yield(v); return p.x }
func (p point) plain() string   { return fmt.Sprint("plain ", p.x) }

type summer interface{ sum(int) int }
type wrap struct{ *point }
type deep struct {
	wrap
	name string
}

type number int

func (n number) add(v int) int { return int(n) + yield(v) }

func call(f func(int) int, v int) int { return f(v) }

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, r)
		}
	}()
	f()
}

func Main() {
	p := point{1, 2}
	f, g, h := p.sum, p.move, p.plain
	p.x = 10
	fmt.Println(f(1), g(1), f(2), p.x, h())
	q := &p
	f, g = q.sum, q.move
	q.x = 20
	q = nil
	fmt.Println(f(1), g(2), p.x)

	var s summer = p
	f = s.sum
	s = &point{5, 6}
	k := s.sum
	s.(*point).x = 50
	fmt.Println(f(1), k(1))
	s = nil
	yield(0)
	fmt.Println(f(2), k(2))

	d := deep{wrap{&p}, "deep"}
	f, g = d.sum, d.move
	d.point = &point{}
	fmt.Println(f(1), g(1), p.x)

	fs := []func(int) int{number(3).add, p.sum, (&p).move}
	p = point{}
	for i, f := range fs {
		fmt.Println(i, f(i), call(f, i))
	}
	fmt.Println(call(point{7, 8}.sum, 1), call(number(yield(1)).add, 2), call((&point{1, 1}).move, 3))

	m := map[string]func(int) int{"sum": p.sum, "move": p.move}
	fmt.Println(m["move"](1), m["sum"](1), p)

	// The method value of a nil interface and of a nil pointer to a value
	// method panic when they are evaluated, that of a nil pointer does not.
	try("nil interface", func() {
		var s summer
		f := s.sum
		yield(1)
		fmt.Println("not reached", f(1))
	})
	try("nil pointer", func() {
		var p *point
		f := p.sum
		yield(1)
		fmt.Println("not reached", f(1))
	})
	try("nil receiver", func() {
		var p *point
		f := p.move
		yield(1)
		fmt.Println("reached")
		f(1)
	})
	func() {
		p := point{1, 1}
		defer p.move(p.x)
		defer fmt.Println("deferred", p)
		p.x = yield(5)
	}()
}
