// Package-level variables whose values depend on one another through functions that
// suspend: literals, methods, method values and interfaces. They are initialized in
// the order of their dependencies, not in that of their declarations, and what
// generated code says about them adds no dependency, which might make a circle, and
// loses none, which would leave a zero for a seven.
package initdeps

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// Each is declared before what it depends on.
var (
	byLiteral = func() int { return seven + 1 }()
	byName    = nameSeven()
	byMethod  = reader{2}.read()
	byValue   = reader{3}.read
	byIface   = askOf(reader{4})
	byTable   = table["seven"](5)
	total     = byLiteral + byName + byMethod + byValue() + byIface + byTable
)

// A circle of functions and variables is none as long as no variable needs itself.
var table = map[string]func(int) int{
	"seven": func(n int) int { return seven*10 + n },
	"later": func(n int) int {
		if n == 0 {
			return yield(seven)
		}
		return again(n - 1)
	},
}

var seven = makeSeven()

type asker interface{ read() int }

type reader struct{ n int }

func (r reader) read() int {
	if r.n > 100 {
		return yield(r.n)
	}
	return seven*10 + r.n
}

func askOf(a asker) int { return a.read() }

func nameSeven() int {
	if seven == 0 {
		return yield(-1)
	}
	return seven + 2
}

func again(n int) int { return later(n) + yield(n) }

var later func(int) int

func init() { later = table["later"] }

func makeSeven() int { return 7 }

func Main() {
	fmt.Println(byLiteral, byName, byMethod, byValue(), byIface, byTable, total)
	fmt.Println(again(2), nameSeven(), reader{101}.read(), askOf(reader{102}))
	read := byValue
	fmt.Println(yield(1), read(), table["seven"](yield(2)))
}
