// Compiler directives in files with code that suspends: go:noinline, go:embed,
// go:generate, a //line directive of the user's own, and comments of all kinds
// where generated text could swallow them.
package directives

import (
	_ "embed"
	"fmt"
	"runtime"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

//go:generate echo nothing

//go:embed embedded.txt
var embedded string

//go:noinline
func yield(v int) int { return coroutine.Yield[int, int](v) }

// sum has a doc comment.
//
//go:noinline
func sum(a /* first */, b int /* second */) (n int /* result */) { // open
	// before
	n = yield(a) + /* inside */ yield(b) // after
	/* a comment
	of two lines */
	return // n
} // close

type T struct {
	n int // field
	/* between */
}

//go:nosplit
func (t T) get() int { return t.n }

//go:noinline
func (t *T) add(v int) *T {
	t.n += yield(v)
	return t
}

func line() int {
	yield(3)
	_, file, line, ok := runtime.Caller(0)
	if !ok || !strings.HasSuffix(file, "directives.go") {
		return -1
	}
	yield(4)
	return line
}

func Main() {
	fmt.Print(embedded)
	fmt.Println(sum(1, 2), (&T{1}).add(2).add(3).get(), line())
	f := func( /* nothing */ ) /* a result */ int { return yield(5) /* value */ }
	fmt.Println(f( /* nothing */ ))

	{ /* empty */
	}
	fmt.Println(`raw // string`, "/* not a comment */", '/', yield(6))
}
