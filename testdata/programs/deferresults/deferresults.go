// Named results and deferred functions: set by the return statement first, then
// changed, read and replaced by the deferred calls; the caller sees the last
// value. Unnamed results cannot be changed.
package deferresults

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func changed() (n int) {
	defer func() { n *= 10 }()
	return yield(1)
}

func bare() (n int, s string) {
	defer func() { s += fmt.Sprint(n) }()
	n, s = yield(2), "s"
	n++
	return
}

func unnamed() int {
	n := yield(3)
	defer func() { n = yield(100) }()
	return n
}

func swapped() (a, b int) {
	defer func() { a, b = b, a }()
	a, b = 1, yield(4)
	return b, a
}

func shadowed() (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("wrapped %d: %w", yield(5), err)
		}
	}()
	if _, err := parse(6); err != nil {
		return err
	}
	return nil
}

func parse(v int) (int, error) {
	if r := yield(v); r > 10 {
		return 0, errors.New("parse error")
	}
	return v, nil
}

func recovered(v int) (n int, err error) {
	n = 1
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v, n was %d", r, n)
			n += yield(7)
		}
	}()
	n = yield(v)
	if n > 5 {
		panic(fmt.Sprint("too big ", n))
	}
	return n + 1000, nil
}

func pointer() (n int) {
	p := &n
	defer func() { *p += yield(8) }()
	defer add(&n, 1)
	n = 5
	return n + yield(9)
}

func add(p *int, v int) { *p += yield(v) }

func blank() (_ int, s string) {
	defer func() { s += "!" }()
	return yield(10), "blank"
}

func multi() (a, b int, err error) {
	defer func() { b += a }()
	return three()
}

func three() (int, int, error) { return yield(11), 2, nil }

func order() (s string) {
	add := func(v string) string { s += v; yield(len(s)); return s }
	defer add("d")
	defer func() { s = add("c") + "|" }()
	return add("a") + add("b")
}

func overwritten() (n int) {
	defer func() { n = 3 }()
	defer func() { n = yield(n) }()
	n = 1
	return 2
}

func inLoop() (n int) {
	for i := range 3 {
		defer func() { n = n*10 + i }()
		if yield(i) == 3 {
			return 7
		}
	}
	return 8
}

type T struct{ a, b int }

func structured() (t T, m map[string]int) {
	defer func() { t.b += t.a; m["d"] = yield(t.b) }()
	t.a = yield(12)
	m = map[string]int{}
	return t, m
}

func nothing() (n int, err error) {
	defer func() { recover() }()
	n = yield(13)
	err = errors.New("set")
	panic("lost")
}

func literal() (f func() int) {
	n := 0
	defer func() { n += yield(1) }()
	return func() int { return n }
}

func Main() {
	fmt.Println(changed())
	fmt.Println(bare())
	fmt.Println(unnamed())
	fmt.Println(swapped())
	fmt.Println(shadowed())
	fmt.Println(recovered(1))
	fmt.Println(recovered(5))
	fmt.Println(pointer())
	fmt.Println(blank())
	fmt.Println(multi())
	fmt.Println(order())
	fmt.Println(overwritten())
	fmt.Println(inLoop())
	fmt.Println(structured())
	fmt.Println(nothing())
	fmt.Println(literal()())
	fmt.Println(func() (n int) {
		defer func() { n++ }()
		return yield(n)
	}())
}
