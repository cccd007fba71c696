// run

// Switches in every form: lists, no tag, default in the middle, fallthrough, dynamic
// cases.
package main

import (
	"fmt"
)

func yield(v int) int { fmt.Println("yield", v); return 2*v + 1 }

type E string

func f(s string) E { yield(len(s)); return E(s) }

func b(v bool) bool { return yield(1) == 3 && v }

func classify(x int) string {
	switch {
	case x < 0:
		return fmt.Sprint("neg", yield(x))
	case x == 0, x == 100:
		yield(0)
		return "zero"
	default:
		return "pos"
	}
}

func tail(x int) string {
	switch x {
	case 1:
		yield(1)
		fallthrough
	case 2:
		if x == 1 {
			return "one"
		} else {
			return fmt.Sprint(yield(2))
		}
	case 3:
		for {
			if x += yield(x); x > 50 {
				return "loop"
			}
		}
	case 4:
		{
			yield(4)
			panic("four")
		}
	case 5:
		goto end
	default:
		switch {
		case yield(x) > 3:
			return "big"
		default:
			return "small"
		}
	}
end:
	return "end"
}

func tail2(x int) string {
	switch x {
	case 1:
		yield(1)
		fallthrough
	case 2:
		if x == 1 {
			return "one"
		} else {
			return fmt.Sprint(yield(2))
		}
	case 3:
	L:
		for {
			if x += yield(x); x > 50 {
				return "loop"
			}
			continue L
		}
	case 4:
		{
			yield(4)
			panic("four")
		}
	case 5:
		select {}
	default:
		switch {
		case yield(x) > 3:
			return "big"
		default:
			return "small"
		}
	}
}

func middle(x int) (s string) {
	switch yield(x); x {
	case 0:
		s += "0"
	default:
		s += "d"
		yield(1)
		fallthrough
	case 1:
		s += "1"
		if yield(2) > 100 {
			break
		}
		fallthrough
	case 2, 3:
		s += "2"
	case 4:
		s += "4"
		yield(4)
	}
	return s
}

func rec(p string) {
	fmt.Println(p, recover())
}

func main() {
	switch {
	}
	switch yield(1) {
	}
	switch x := yield(2); x {
	}
	switch x := yield(2); {
	case x > 100:
	default:
		fmt.Println(x)
	}
	switch f("ab") {
	case f("x"), f("ab"), f("never"):
		fmt.Println("list")
	case f("nor this"):
	}
	switch x := f("q"); x {
	default:
		yield(int(x[0]))
	case "a" + f("b"), E(fmt.Sprint(yield(3))):
	}
	switch yield(1); {
	case b(false), b(true):
		fmt.Println("b")
	case b(true):
	}
	switch true {
	case b(false):
	case b(true):
		fmt.Println("t")
	}
	switch false {
	case b(false):
		fmt.Println("f")
	}
	var i any = yield(4)
	switch i {
	case "x", 1.5, nil:
	case yield(4):
		fmt.Println("dyn eq")
	}
	switch 9 {
	case i:
		fmt.Println("i")
	case yield(4):
		fmt.Println("9")
	}
	func() {
		defer rec("uncomparable")
		switch i = any([]int{}); i {
		case yield(5):
			fmt.Println("no")
		case any([]int{}):
			yield(5)
		}
	}()
	switch x := 5; x := any(x).(type) {
	case int:
		yield(x)
	}
	for _, x := range []int{-1, 0, 5, 100} {
		fmt.Println(classify(x))
	}
	for x := range 7 {
		func() {
			defer rec("tail")
			fmt.Println(tail(x))
		}()
		if x != 5 {
			func() {
				defer rec("tail2")
				fmt.Println(tail2(x))
			}()
		}
	}
	for x := range 6 {
		fmt.Println(middle(x))
	}
	switch x := yield(3); {
	case x == 7:
		x := "shadow"
		yield(len(x))
		fmt.Println(x)
	}
	switch a, b := yield(1), yield(2); a + b {
	case 8:
		a, b := b, a
		yield(a)
		fmt.Println(a, b)
		fallthrough
	case 9:
		yield(b)
	}
	n := 0
	for n < 5 {
		switch n++; {
		case n == 2:
			yield(n)
			continue
		case n == 4:
			yield(n)
			break
		case n == 3:
			n := n
			func() { n++; yield(n) }()
			fmt.Println(n)
		}
		fmt.Println("n", n)
	}
	var fs []func() int
	for i := range 3 {
		switch v := yield(i); {
		case v > 3:
			fs = append(fs, func() int { v++; return yield(v + i) })
		case v > 0:
			fs = append(fs, func() int { v--; return yield(v) })
			v += 100
		}
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
	// evaluated once, compared one by one, stops at the first
	cnt := 0
	next := func() int { cnt++; return yield(cnt) }
	switch next() {
	case next(), next() - 2, 3:
		fmt.Println("cnt", cnt)
	default:
		fmt.Println("def", cnt)
	}
	var p *int
	func() {
		defer rec("nil tag")
		switch yield(1); *p {
		case yield(2):
		}
	}()
	func() {
		defer rec("nil case")
		switch yield(1) {
		case 1, *p, yield(2):
		}
	}()
	var e error
	switch e {
	case nil:
		yield(6)
	}
	switch ff := func() int { return yield(8) }; ff() {
	case 17:
		fmt.Println("17")
	}
}
