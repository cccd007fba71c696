package p

// Which variables are boxed, and which are not.

import "io"

type T struct{ n int }

func (t *T) inc()     { t.n++ }
func s_f(x int) int   { return x }
func use(...any)      {}
func sort(func() int) {}

// Captured and never changed: by value.
func captured(a int) func() int {
	b := s_f(a)
	return func() int { return a + b }
}

// Captured and changed: boxed, parameters too.
func changed(a int, e error) func() int {
	var b int64 = 1
	var c, d = 1, io.EOF
	var f func() int
	f = func() int {
		a++
		b++
		c++
		d = e
		use(d)
		return f()
	}
	s_f(a)
	return f
}

// An address that outlives a suspension.
func address() {
	var x T
	before := T{}
	before.inc()
	x.inc()
	arr := [2]int{}
	sl := arr[:]
	use(sl)
	s_f(x.n)
	after := T{}
	after.inc()
	func() { after.n++ }()
	use(after, before, arr)
}

// Results that a deferred function sets.
func results() (n int, _ string, err error) {
	defer func() {
		if err != nil {
			n = s_f(2)
		}
	}()
	if n, err = s_two(); err != nil {
		return
	}
	return s_f(1), "", nil
}

func s_two() (int, error) { return 0, nil }

// In a function that is not durable the result itself is shared.
func plain() (n int) {
	defer func() { n++ }()
	f := func() { n++ }
	f()
	return n
}

func mixed() {
	x, err := s_two()
	use(func() error { err = nil; return err })
	y, err := s_two()
	use(x, y)
	switch v := any(x).(type) {
	case int:
		use(func() { v++ })
		s_f(v)
	case string:
		use(v)
	}
	select {
	case z := <-make(chan int):
		use(&z)
		s_f(z)
	}
}
