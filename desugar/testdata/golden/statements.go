package p

// Statements other than loops.

type I interface{ s_M(...int) }

type S struct {
	I
	f func(int)
	m map[string]int
}

func s_f(x int) int          { return x }
func s_two() (int, error)    { return 0, nil }
func s_gen[T any](f func(T)) {}
func gen[T any](x T)         {}
func use(...any)             {}

func switches(n int, v any) string {
	switch x := n; s_f(x) {
	case 1, 2:
		s_f(1)
	default:
		return "d"
	}
	switch {
	case n == 1, s_f(2) == n:
		return "1"
	case s_f(3) == n:
		s_f(4)
		fallthrough
	default:
		return "2"
	}
}

func defers(s *S, xs []int) (n int, err error) {
	defer s.f(xs[0])
	defer s.s_M(xs...)
	defer close(make(chan int, s_f(1)))
	defer func() {}()
	defer func(a, b int) {}(n, s_f(2))
	defer use(s.m["a"], 1, nil)
	if n > 0 {
		return s_two()
	}
	return n + s_f(3), err
}

func declarations() {
	const (
		a = iota
		b
	)
	type pair struct{ k, v int }
	type T struct{ next *T }
	var x, y int = s_two2()
	var z any = s_f(1)
	var _, w = s_two()
	p := map[string][]pair{"x": {{a, s_f(b)}}, "y": nil, "z": {}}
	use(x, y, z, w, p, T{}, func() int { return b })
	s_gen(gen[int])
	s_gen[int](gen)
	use(append([]int{}, s_f(1)), *&x, <-make(chan int, s_f(2)))
	go use(s_f(1))
	select {
	case v, ok := <-make(chan int):
		use(v, ok)
		s_f(v)
	default:
	}
}

func s_two2() (int, int) { return 1, 2 }
