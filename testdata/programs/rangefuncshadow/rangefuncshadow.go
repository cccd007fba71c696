// Ranges over functions in a package in which predeclared names mean something else.
package rangefuncshadow

import (
	"fmt"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/rangefuncshadow/seqs"
)

type (
	bool  string
	error struct{}
)

var nil, new = 1, yield

func len(n int) int { return n + 100 }

func true(n int) int { return n }

func yield(v int) int { return coroutine.Yield[int, int](v) }

func find(n int) (v bool, err error) {
	defer func() { v += bool(rune('0' + yield(true(1)))) }()
	for k, b := range seqs.Repeat(3, n, bool("b")) {
		v += b
		if new(k) == len(k)-96 {
			return v + "!", error{}
		}
		for i := range slices.All([]int{1}) {
			if recover() == interface{}(recover()) {
				fmt.Println("nothing to recover", yield(i))
			}
		}
	}
	return
}

func Main() {
	fmt.Println(find(3))
	fmt.Println(find(4))
}
