package rangefunc

import "fmt"

func s_count(yield func(int) bool) {
	for i := 0; i < 5; i++ {
		if !yield(i) {
			fmt.Println("stopped at", i)
			return
		}
	}
}

func count(yield func(int) bool) { s_count(yield) }

func pairs(yield func(int, string) bool) {
	_ = yield(1, "one") && yield(2, "two") && yield(3, "three")
}

func results(want int) (int, string) {
	for i := range count {
		if s_i(i) == want {
			return s_2(i)
		}
	}
	return -1, "none"
}

func blank(want int) (_ int, s string) {
	for i := range count {
		s += fmt.Sprint(s_i(i))
		if i == want {
			return i, s + "!"
		}
		if i == 3 {
			return
		}
	}
	return 0, "none"
}

// Without a suspension in the body: that is not a durable literal, the loop is one.
func plain(want int) int {
	for i := range s_count {
		if i == want {
			return i * 100
		}
	}
	s_i(0)
	return -1
}

func nested() (s string) {
outer:
	for i := range count {
	inner:
		for j, name := range pairs {
			for k := 0; k < 3; k++ {
				switch s_i(i*100 + j*10 + k) {
				case 10, 20:
					continue
				case 11:
					continue inner
				case 31:
					continue outer
				case 112:
					break inner
				case 221:
					break outer
				}
				s += name
			}
		}
		s += ";"
	}
	return s + "."
}

func gotos() {
	n := 0
again:
	for i := range count {
		for j := range count {
			n++
			switch {
			case s_i(n) == 4:
				goto again
			case i == 2:
				goto done
			case j == 1:
				goto next
			}
		}
	next:
		fmt.Println("next", i, n)
	}
done:
	fmt.Println("done", n)
}

func targets() {
	var a [4]int
	i := 0
	for i, a[s_i(i)] = range numbers {
		fmt.Println(i, a)
	}
	var p *int
	try("nil target", func() {
		for *p = range count {
			s_i(1)
		}
	})
	var x any
	for x = range count {
		s_i(x.(int))
	}
	show("any", x)
}

func numbers(yield func(int, int) bool) {
	_ = yield(3, 30) && yield(2, 20) && yield(1, 10)
}

func captures() {
	var fs []func() int
	for i := range count {
		fs = append(fs, func() int { i += s_i(1); return i })
		i += 10
	}
	for _, f := range fs {
		fmt.Print(f(), " ", f(), "\n")
	}
	sum := 0
	add := func(n int) { sum += n }
	for i := range count {
		add(s_i(i))
		sum *= 2
	}
	show("sum", sum)
}

func misuse() {
	var keep func(int) bool
	try("late", func() {
		for i := range func(yield func(int) bool) { keep = yield; yield(1) } {
			s_i(i)
		}
		keep(2)
	})
	try("after false", func() {
		for i := range func(yield func(int) bool) { yield(1); yield(2) } {
			s_i(i)
			break
		}
	})
	try("swallowed", func() {
		for i := range func(yield func(int) bool) {
			defer func() { fmt.Println("swallows", recover()) }()
			yield(1)
		} {
			panic(s_i(i))
		}
	})
	try("panic of the body", func() {
		for i := range count {
			panic(s_i(i))
		}
	})
}

type seq func(func(int) bool)

func sum[S ~func(func(V) bool), V int | float64](s S) (n V) {
	for v := range s {
		n += s_v(v)
	}
	return n
}

type tree struct {
	left, right *tree
	v           int
}

func (t *tree) walk(yield func(int) bool) bool {
	return t == nil || t.left.walk(yield) && yield(t.v) && t.right.walk(yield)
}

func (t *tree) All(yield func(int) bool) { t.walk(yield) }

func Run() {
	show("results")
	fmt.Println(results(2))
	fmt.Println(results(9))
	fmt.Println(blank(1))
	fmt.Println(blank(9))
	fmt.Println(plain(2), plain(9))
	fmt.Println(nested())
	gotos()
	targets()
	captures()
	misuse()
	show("generic", sum(seq(count)), sum(func(yield func(float64) bool) { yield(1.5) }))
	t := &tree{&tree{nil, nil, 1}, &tree{nil, nil, 3}, 2}
	for v := range t.All {
		if s_i(v) == 3 {
			break
		}
	}
	const limit = 2
	for i := range count {
		if i > limit {
			break
		}
		s_i(limit)
	}
	var none seq
	try("nil", func() {
		for i := range none {
			s_i(i)
		}
	})
}
