// Named func types: conversions between them, methods on them, interfaces that
// they satisfy, options, middleware and state functions that return their
// successor.
package namedfuncs

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type handler interface{ serve(string) string }
type handlerFunc func(string) string

func (f handlerFunc) serve(s string) string { return f(s) }

type middleware func(handler) handler

func logging(prefix string, log *[]string) middleware {
	return func(h handler) handler {
		return handlerFunc(func(s string) string {
			*log = append(*log, prefix+s)
			defer func() { *log = append(*log, prefix+"end", fmt.Sprint(yield(len(*log)))) }()
			return h.serve(s + prefix)
		})
	}
}

func echo(s string) string { return strings.Repeat(s, (yield(1)-1)/2+1) }

type option func(*config)
type config struct {
	n    int
	name string
}

func withN(n int) option          { return func(c *config) { c.n = yield(n) } }
func withName(name string) option { return func(c *config) { c.name = name } }
func build(opts ...option) (c config) {
	for _, o := range opts {
		o(&c)
	}
	return c
}

type machine struct {
	input string
	out   []string
}
type stateFn func(*machine) stateFn

func start(m *machine) stateFn {
	if m.input == "" {
		return nil
	}
	if yield(len(m.input)); m.input[0] >= '0' && m.input[0] <= '9' {
		return number
	}
	return (*machine).word
}

func number(m *machine) stateFn {
	m.out = append(m.out, "n"+m.input[:1])
	m.input = m.input[1:]
	return start
}

func (m *machine) word() stateFn {
	m.out = append(m.out, "w"+m.input[:1])
	m.input = m.input[1:]
	return func(m *machine) stateFn { yield(100); return start }
}

type reducer[A any] func(A, int) A

func (r reducer[A]) over(a A, v ...int) A {
	for _, v := range v {
		a = r(a, v)
	}
	return a
}

type binary func(a, b int) int

func (f binary) flip() binary             { return func(a, b int) int { return f(b, a) } }
func (f binary) bind(a int) func(int) int { return func(b int) int { return f(a, b) } }

func Main() {
	var log []string
	var h handler = handlerFunc(echo)
	for _, m := range []middleware{logging("a", &log), logging("b", &log)} {
		h = m(h)
	}
	fmt.Println(h.serve("x"), log)
	fmt.Println(build(), build(withN(1), withName("n")), build(withName("m"), withN(2), func(c *config) { c.n += yield(3) }))
	m := &machine{input: "a1b"}
	for state := stateFn(start); state != nil; {
		state = state(m)
	}
	fmt.Println(m.out)
	sub := binary(func(a, b int) int { return a - yield(b) })
	fmt.Println(sub(1, 2), sub.flip()(1, 2), sub.flip().flip().bind(10)(3))
	fmt.Println(reducer[string](func(s string, v int) string { return s + fmt.Sprint(yield(v)) }).over("", 1, 2, 3))
	var f func(a, b int) int = sub
	g := binary(f)
	flip := g.flip
	yield(4)
	fmt.Println(flip()(5, 6), handlerFunc.serve(echo, "e"))
	var null handlerFunc
	h = null
	fmt.Println(h == nil, null == nil, h.(handlerFunc) == nil, yield(5))
}
