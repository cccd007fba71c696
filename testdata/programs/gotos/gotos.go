// Goto: backward and forward, out of blocks, loops, switches and selects, with
// suspensions on both sides of the jump and of the label.
package gotos

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func backward(n int) (sum int) {
	i := 0
again:
	sum += yield(i)
	i++
	if i < n {
		goto again
	}
	return
}

func forward(n int) string {
	s := "a"
	if yield(n) > 5 {
		goto skip
	}
	s += fmt.Sprint("b", yield(n+100))
	s += fmt.Sprint("c", yield(n+200)+yield(n+300))
skip:
	s += "d"
	yield(n + 400)
	return s
}

func both(n int) int {
	i, r := 0, 0
top:
	if i >= n {
		goto end
	}
	r += yield(i) * 2
	if r%3 == 0 {
		i += 2
		goto top
	}
	i++
	goto top
end:
	return r
}

// Out of nested statements of every kind.
func outOf(kind int) (s string) {
	defer func() { s += "!" }()
	{
		{
			if kind == 0 {
				yield(0)
				goto done
			}
		}
		yield(1)
	}
	for i := 0; ; i++ {
		yield(i)
		for range 3 {
			if kind == 1 && i == 2 {
				goto done
			}
			if i == 3 {
				goto afterLoops
			}
		}
		s += "l"
	}
afterLoops:
	s += "A"
	for i, r := range "abc" {
		yield(i)
		if kind == 2 {
			s += string(r)
			goto done
		}
	}
	for _, v := range []int{1, 2, 3} {
		if yield(v) == 5 && kind == 3 {
			goto done
		}
	}
	switch v := yield(9); {
	case v > 3 && kind == 4:
		yield(v)
		goto done
	case v > 3:
		s += "s"
		fallthrough
	default:
		yield(10)
		if kind == 5 {
			goto done
		}
	}
	switch x := any(yield(11)).(type) {
	case int:
		if kind == 6 {
			yield(x)
			goto done
		}
	}
	select {
	case v := <-closed():
		yield(v)
		if kind == 7 {
			goto done
		}
	}
	s += "end"
	return
done:
	s += fmt.Sprint("done", kind)
	yield(13)
	return s
}

// In the middle of clauses and of loop bodies.
func inside(n int) int {
	r := 0
	for i := 0; i < n; i++ {
		switch {
		case i%2 == 0:
			j := 0
		inner:
			if j < 2 {
				r += yield(j)
				j++
				goto inner
			}
			r++
		default:
			goto next
		}
		r += yield(100 + i)
	next:
	}
	return r
}

// A label at the end of a function, of a block, on an empty statement.
func atEnd(n int) {
	{
		if n > 0 {
			goto blockEnd
		}
		yield(n)
	blockEnd:
	}
	if n > 1 {
		goto end
	}
	yield(50 + n)
	fmt.Println("not skipped", n)
end:
}

// A fresh variable for each execution of its declaration.
func fresh(n int) []func() int {
	var fs []func() int
	var ps []*int
	i := 0
again:
	x := i * 10
	fs = append(fs, func() int { x++; return x })
	ps = append(ps, &x)
	y := i
	fs = append(fs, func() int { return y + yield(y) })
	yield(x)
	if x > 15 {
		x += 100
	}
	i++
	if i < n {
		goto again
	}
	for _, p := range ps {
		*p += 1000
	}
	return fs
}

// No suspension follows the declaration in the text.
func freshPointers(n int) (ps []*int) {
	i := 0
again:
	v := yield(i)
	{
		x := v
		if x%2 == 0 {
			goto next
		}
	keep:
		ps = append(ps, &x)
		x++
		if x < 4 {
			goto keep
		}
	}
next:
	i++
	if i < n {
		goto again
	}
	return ps
}

// The label of a loop is used by goto, break and continue.
func loopLabel(n int) (r int) {
	starts := 0
loop:
	for i := yield(0); i < n; i += yield(1) {
		for {
			r += yield(i)
			switch {
			case starts < 2:
				starts++
				goto loop
			case r%2 == 0:
				continue loop
			case r > 40:
				break loop
			}
		}
	}
	return r
}

func closed() chan int {
	ch := make(chan int)
	close(ch)
	return ch
}

// The label of a switch, a select, a range and an if.
func otherLabels() {
	n := 0
sw:
	switch yield(n) {
	case 1:
		n++
		goto sw
	case 3:
		n++
		if n < 3 {
			goto sw
		}
		break sw
	case 5:
		n++
		goto sw
	default:
		fmt.Println("default", n)
	}
sel:
	select {
	case _, ok := <-closed():
		n = yield(n) % 7
		if n > 2 || ok {
			goto sel
		}
		break sel
	}
	n = 0
rng:
	for i := range 3 {
		n += yield(i)
		if n%4 == 0 {
			goto rng
		}
		if n > 20 {
			break rng
		}
		continue rng
	}
	k := 0
cond:
	if yield(k) < 5 {
		k++
		goto cond
	} else {
		fmt.Println("else", k)
	}
	goto blk
blk:
	{
		k++
		yield(k)
		if k < 6 {
			goto blk
		}
	}
	fmt.Println(n, k)
}

// Labels with the names of variables, functions and packages, and the same in literals.
func names(x int) int {
	fmtx := 0
x:
	x += yield(x)
	f := func() int {
		n := 0
	x:
		n += yield(n)
		if n < 5 {
			goto x
		}
	fmt:
		if n < 9 {
			n = yield(n)
			goto fmt
		}
		return n
	}
	fmtx += f()
	if x < 20 {
		goto x
	}
	goto len
len:
	goto yield
yield:
	return x + fmtx
_:
	return -1
}

// All that can follow the jumps is unreachable or reachable by label only.
func spaghetti(n int) (trace string) {
	i := 0
	goto b
a:
	trace += "a"
	yield(i)
	goto c
b:
	trace += "b"
	i++
	if i > n {
		goto e
	}
	goto a
c:
	trace += "c"
	if yield(i)%2 == 1 {
		goto d
	}
	trace += "?"
d:
	trace += "d"
	goto b
	yield(-1)
e:
	return trace
}

// Variables that only one path sets.
func paths(n int) (r int) {
	var a, b int
	if n > 1 {
		goto second
	}
	a = yield(n)
	goto use
second:
	b = yield(n + 10)
use:
	r = a - b
	if r < 0 {
		n--
		r = 0
		a, b = 0, 0
		if n > 1 {
			goto second
		}
	}
	return r + a + b
}

func deferred(n int) (s string) {
	i := 0
again:
	defer func(j int) { s += fmt.Sprint(j, yield(j)) }(i)
	i++
	if i < n {
		goto again
	}
	goto end
end:
	return "r"
}

// Nothing between the label and the jump suspends.
func rawLoop(n int) int {
	yield(n)
	i, s := 0, 0
again:
	s += i
	i++
	if i < n {
		goto again
	}
	yield(s)
	return s
}

// Per-iteration loop variables and goto in the body.
func iterations() {
	var fs []func() int
	for i := 0; i < 6; i++ {
	again:
		fs = append(fs, func() int { i += 10; return i })
		if yield(i)%4 == 3 {
			i++
			goto again
		}
		if i == 4 {
			goto next
		}
		i++
	next:
	}
	for _, f := range fs {
		fmt.Print(f(), " ")
	}
	fmt.Println()
}

func results(n int) (a, b int, err error) {
retry:
	if a, b = pair(n); a < 10 {
		n++
		goto retry
	}
	if v, ok := any(yield(a)).(int); ok && v > 1000 {
		err = fmt.Errorf("v %d", v)
		goto fail
	}
	return a, b, nil
fail:
	return 0, 0, err
}

func pair(n int) (int, int) { return yield(n), yield(n + 1) }

// A terminating statement of a function with results.
func endless(n int) int {
loop:
	n += yield(n)
	if n > 50 {
		return n
	}
	goto loop
}

func nestedClauses(n int) string {
	s := ""
	switch yield(n) {
	case 1:
		goto one
	one:
		s += "1"
		if yield(3) > len(s) {
			goto one2
		}
		s += "x"
	one2:
		fallthrough
	case 3:
		s += "3"
		if len(s) < 4 {
			goto three
		}
		s += "y"
	three:
		;
	default:
		k := 0
	more:
		k++
		s += fmt.Sprint(yield(k))
		if k < 2 {
			goto more
		}
	}
	return s
}

func Main() {
	fmt.Println(backward(3), forward(1), forward(7), both(5))
	for k := range 9 {
		fmt.Println(outOf(k))
	}
	fmt.Println(inside(4))
	for n := range 3 {
		atEnd(n)
	}
	for _, f := range fresh(3) {
		fmt.Println(f(), f())
	}
	for _, p := range freshPointers(4) {
		fmt.Print(*p, " ")
	}
	fmt.Println(loopLabel(6))
	otherLabels()
	fmt.Println(names(1), spaghetti(3), paths(0), paths(3))
	fmt.Println(deferred(3), rawLoop(5))
	iterations()
	fmt.Println(results(2))
	fmt.Println(endless(1))
	for n := range 3 {
		fmt.Println(nestedClauses(n))
	}
}
