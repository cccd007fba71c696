// Names that generated code could want for itself: c, coroc, frames, twins,
// temporaries, sites. They belong to the user, as locals, parameters, fields,
// types, functions, imports and package-level variables.
package hygiene

import (
	"fmt"
	runtime "strconv"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var coroc = "coroc"

type frame struct{ Site, Defers, T1, t_1 int }
type frame_work struct{ c int }
type record_work struct{ Site string }
type frame_Main int

var frame_yield, record_1, Detached = 1, 2, 3

func work(c int, coroc ...int) (Site, r int) {
	t_1, t_2, t1 := c, yield(c), 3
	frame := frame{1, 2, 3, yield(t_2)}
	defer func(c *int) { *c += t_1 + yield(t1) }(&Site)
	Site = frame.Site + frame.t_1
	return Site + yield(len(coroc)), t_2
}

type Coroutine struct{ Resuming, Suspended bool }

func (c *Coroutine) Push(v any) string { return fmt.Sprint(v, yield(1)) }
func (c Coroutine) Suspend() string    { return fmt.Sprint("suspend ", yield(2), c.Suspended) }
func (c Coroutine) Call(v int) int     { return yield(v) }
func Pop[F any](c *F) *F               { yield(3); return c }

func closures(c int) func() int {
	coroc := c
	resume := func() int { c++; return coroc + yield(c) }
resume:
	for site := range 3 {
		switch site {
		case 1:
			yield(site)
			break resume
		}
		c += yield(site)
	}
	return func() int { return resume() + resume() }
}

func label(n int) (L int) {
L:
	for n > 0 {
		for {
			n--
			if yield(n) < 4 {
				break L
			}
			continue L
		}
	}
site_1:
	for i := range 2 {
		if yield(i) > 1 {
			continue site_1
		}
		L += i + 1
	}
	return L
}

func x(x int) int {
	x_2 := x
	{
		x := yield(x_2)
		x_2 += x
		{
			x, x_3 := yield(x_2), x
			x_2 += x * x_3
		}
	}
	return x + x_2
}

func Main() {
	c, d := work(1, 2, 3)
	fmt.Println(c, d, coroc, frame_yield, record_1, Detached, runtime.Itoa(yield(4)))
	var e Coroutine
	fmt.Println(e.Push(frame_work{1}), e.Suspend(), e.Call(5), *Pop(&e), Pop(&record_work{"s"}).Site)
	f := closures(1)
	fmt.Println(f(), f())
	fmt.Println(label(5), x(1), frame_Main(yield(6)))
	call := e.Call
	durable, runtime, twin := call(7), yield(8), "twin"
	fmt.Println(durable, runtime, twin)
}
