// Loop variables belong to an iteration since Go 1.22, also when closures
// capture them, pointers are taken and the loop suspends.
package loopvars

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return yield(i) })
		yield(i)
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}

	// The copy for the next iteration is made before the post statement.
	fs = nil
	for i := 0; i < 6; i++ {
		fs = append(fs, func() int { i++; return i })
		if i%2 == 0 {
			fs[len(fs)-1]()
			yield(i)
			continue
		}
		yield(i)
	}
	for _, f := range fs {
		fmt.Println("post", f())
	}

	var ps []*int
	for i, n := 0, 100; i < 3; i, n = i+1, n-1 {
		ps = append(ps, &i, &n)
		yield(n)
		n++
	}
	for _, p := range ps {
		*p += yield(0)
	}
	for i := range ps {
		fmt.Print(*ps[i], " ")
	}
	fmt.Println()

	// The condition and the post statement capture too.
	fs = nil
	for i := 0; func() bool { return yield(i) < 7 }(); func() { i += yield(0) }() {
		fs = append(fs, func() int { return i })
	}
	for _, f := range fs {
		fmt.Println("cond", f())
	}

	fs = nil
	for i, v := range []int{5, 6, 7} {
		fs = append(fs, func() int { v += i; return v })
		yield(fs[0]())
	}
	for _, f := range fs {
		fmt.Println("range", f())
	}
	keys := map[int]*int{}
	for k := range map[int]bool{1: true, 2: true} {
		keys[k] = &k
		yield(0)
	}
	*keys[1] += 10
	fmt.Println("map", *keys[1], *keys[2])
	for i := range 2 {
		defer func() { fmt.Println("deferred", i, yield(i)) }()
		i += 5
	}

	// A variable from outside is one variable.
	fs = nil
	var i int
	for i = 0; i < 3; i++ {
		fs = append(fs, func() int { return i })
		yield(i)
	}
	for _, f := range fs {
		fmt.Println("outer", f())
	}
	// Break and labelled continue keep the iteration's variable.
	fs = nil
outer:
	for i := 0; ; i++ {
		fs = append(fs, func() int { return i })
		for j := range 3 {
			if j == 1 {
				continue outer
			}
			if yield(i) > 4 {
				break outer
			}
			i++
		}
	}
	for _, f := range fs {
		fmt.Println("labels", f())
	}
}
