// Variadic calls: spread slices share their array with the callee, a call
// without arguments gets nil, and elements become interfaces one by one.
package variadics

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func sum(v ...int) (n int) {
	for i := range v {
		n += yield(v[i])
		v[i] = 0
	}
	return n
}

func isNil(v ...int) bool { yield(1); return v == nil }

func join(sep string, parts ...any) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString(sep)
		}
		fmt.Fprint(&b, p)
		yield(b.Len())
	}
	return b.String()
}

func forward(sep string, parts ...any) string { return join(sep, parts...) }
func wrap(sep string, parts ...any) string    { return join(sep, parts) }

func last[T any](v ...T) (zero T) {
	yield(len(v))
	if len(v) == 0 {
		return zero
	}
	return v[len(v)-1]
}

func funcs(fs ...func(int) int) (out []int) {
	for i, f := range fs {
		out = append(out, f(i))
	}
	return out
}

type logger struct{ lines []string }

func (l *logger) log(format string, args ...any) *logger {
	yield(len(args))
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
	return l
}

func Main() {
	fmt.Println(sum(), sum(1), sum(1, 2, yield(0)))
	s := []int{1, 2, 3}
	fmt.Println(sum(s[:2]...), s)
	fmt.Println(isNil(), isNil(nil...), isNil([]int{}...), isNil(0))
	fmt.Println(join(","), join(",", nil), join(",", 1, "a", 2.5, yield(3)))
	fmt.Println(forward("-", 1, 2), wrap("-", 1, 2), join("-", []any{1, yield(1)}...))
	fmt.Println(last("a", "b"), last[int](), last([]rune("xyz")...))
	fmt.Println(funcs(yield, func(i int) int { return i }, func(i int) int { return yield(i) + i }))
	var l logger
	l.log("plain").log("%d %s", 1, "x").log("%v", []any{yield(5)}...)
	fmt.Println(strings.Join(l.lines, "|"))
	f := sum
	fmt.Println(f(4, 5))
	g := l.log
	g("%d%%", yield(6))
	fmt.Println(l.lines[3])
	h := (*logger).log
	fmt.Println(len(h(&l, "end").lines))
}
