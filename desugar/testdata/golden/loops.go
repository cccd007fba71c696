package p

func s_f(x int) int { return x }
func use(...any)    {}

func loops(n int, xs []string, m map[string]int, ch chan int) {
	for i := 0; i < s_f(n); i++ {
		if i == 3 {
			continue
		}
		s_f(i)
	}
outer:
	for i := 0; i < n; i = s_f(i) {
		for range n {
			if i == 1 {
				continue outer
			}
			if i == 2 {
				break outer
			}
		}
	}
	for i := range n {
		s_f(i)
	}
	for i := range 3 {
		i++
		s_f(i)
	}
	for i, x := range xs {
		use(i, x)
		s_f(i)
	}
	for k, v := range m {
		use(k, v)
		s_f(v)
	}
	for v := range ch {
		s_f(v)
	}
	for i, r := range xs[0] {
		use(r)
		s_f(i)
	}
	for i, x := range xs {
		use(i, x)
	}
}

func captured(n int) (fs []func() int) {
	for i := 0; i < n; i++ {
		if i == 1 {
			continue
		}
		fs = append(fs, func() int { i++; return i })
		s_f(i)
	}
	for i := 0; i < n; i++ {
		fs = append(fs, func() int { return i })
	}
	for i, x := range fs {
		fs = append(fs, func() int { return i + x() })
		s_f(i)
	}
	return
}
