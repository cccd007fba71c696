// Calls with several results: returned, assigned to anything that can stand on a
// left side, passed on as the arguments of another call, also a variadic one.
package multiresults

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func two(a int) (int, string) { return yield(a), fmt.Sprint("s", a) }
func three(a int) (x, y int, err error) {
	x = yield(a)
	y = yield(x)
	if y > 20 {
		err = errors.New("too big")
	}
	return
}
func pass(a int) (int, int, error)             { return three(a + 1) }
func take(a int, s string) string              { return fmt.Sprint(s, "/", yield(a)) }
func rest(a int, v ...any) string              { return fmt.Sprint(a, len(v), v, yield(a)) }
func ints(v ...int) int                        { return len(v) + yield(len(v)) }
func none()                                    { yield(0) }
func pair() (a, b int)                         { return 1, yield(2) }
func conv() (int8, error)                      { yield(8); return 8, nil }
func widen() (any, error)                      { return conv() }
func generic[A, B any](a A, b B) (B, A)        { yield(3); return b, a }
func nested() (string, int)                    { return generic(two(4)) }
func apply(f func(int, int) int, a, b int) int { return f(a, b) }

type S struct{ a, b int }

func (s *S) set(a, b int) *S { s.a, s.b = a, yield(b); return s }

func Main() {
	a, s := two(1)
	fmt.Println(a, s)
	a, t := two(2)
	fmt.Println(a, t)
	x, _, err := pass(1)
	fmt.Println(x, err)
	_, x, err = pass(3)
	fmt.Println(x, err)
	if x, y, err := three(x % 4); err == nil {
		fmt.Println(x, y)
	} else {
		fmt.Println(err)
	}
	fmt.Println(take(two(3)))
	fmt.Println(rest(two(4)))
	fmt.Println(rest(pass(5)))
	fmt.Println(ints(pair()))
	fmt.Println(three(6))
	fmt.Println(generic(generic(two(7))))
	fmt.Println(nested())
	var e error
	var v any
	v, e = conv()
	fmt.Printf("%T %v %v\n", v, v, e)
	fmt.Println(widen())

	m := map[string]int{}
	arr := make([]string, 2)
	st := &S{}
	i := 0
	m["a"], arr[i] = two(8)
	st.a, arr[1] = two(9)
	fmt.Println(m, arr, *st)
	i, st.b = pair()
	*(&m), _ = map[string]int{"b": i}, 0
	fmt.Println(i, *st, m)
	fmt.Println(*st.set(pair()))
	_, _ = two(10)
	two(11)
	none()
	var p, q = two(12)
	var r, u any = two(13)
	fmt.Println(p, q, r, u)
	max := func(a, b int) int {
		if a > b {
			return yield(a)
		}
		return yield(b)
	}
	fmt.Println(max(pair()), apply(max, 4, 5))
	// Shadowing in part: a is new, s is the old one.
	{
		a, n := two(14)
		s, b := "inner", a
		fmt.Println(a, n, s, b)
	}
	fmt.Println(a, s)
}
