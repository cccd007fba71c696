// If statements whose condition, init statement and branches suspend, in
// chains, with variables that shadow one another along the chain.
//
// Every init statement opens a scope that reaches to the end of the chain; when
// the chain is nested in else blocks, the names must stay apart and only the
// conditions up to the taken one may be evaluated.
package ifelse

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func check(v int) (int, error) {
	r := yield(v)
	if r > 10 {
		return 0, errors.New(fmt.Sprint("too big: ", r))
	}
	return r, nil
}

func chain(n int) (s string, err error) {
	if v, err := check(n); err != nil {
		return "", fmt.Errorf("first: %w", err)
	} else if v, err := check(v); err != nil {
		return fmt.Sprint(v), fmt.Errorf("second: %w", err)
	} else if w, err := check(v - n); v > 5 && err == nil {
		return fmt.Sprint(v, w), err
	} else if err != nil {
		return fmt.Sprint(v, w, yield(1)), err
	} else if yield(v) < 0 {
		panic("not reached")
	} else {
		s = fmt.Sprint("else ", v, w)
	}
	return s, err
}

func positive(name string, v int) bool {
	fmt.Println("positive", name)
	return yield(v) > 0
}

func Main() {
	for i := range 7 {
		s, err := chain(i)
		fmt.Printf("%d %q %v\n", i, s, err)
	}
	x := 1
	if x := yield(x); x == 3 {
		x := yield(x)
		fmt.Println(x)
	} else {
		fmt.Println("no", x)
	}
	fmt.Println(x)
	if positive("a", -5) {
		fmt.Println("a")
	} else if positive("b", -4) {
		fmt.Println("b")
	} else if positive("c", 1) {
		fmt.Println("c")
	} else if positive("d", 1) {
		fmt.Println("d")
	}
	if !positive("e", 1) {
	} else {
		x = 2
	}
	if y := x; yield(y) == 5 {
		y++
		x += y
		yield(x)
		x += y
	}
	fmt.Println(x)
}
