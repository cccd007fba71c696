// Short declarations of a blank and of a variable that a literal changes, whose
// value is a constant: once the constant has gone into the variable's box, there
// is nothing new left to declare.
package blankdefine

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func blanks(n int) int {
	_, x := n, 2
	w, _ := 3, yield(2)
	_, k := yield(4), 3
	l, _, _ := 1, n, n
	f := func() int {
		x, w, k, l = x+1, w+1, k+1, l+1
		return yield(x)
	}
	if _, o := 1, 2; f() > 0 {
		f = func() int { o++; return yield(o) }
	}
	sum := f()
	for _, i := n, 1; i < 3; i++ {
		f = func() int { i++; return yield(i) }
		sum += f()
	}
	switch _, q := yield(1), 2; {
	case f() > 1:
		f = func() int { q++; return yield(q) }
	}
	return f() + sum*1000 + x + w*10 + k*100 + l
}

func Main() { fmt.Println(blanks(1)) }
