//go:build go1.21

package goosfile

// version is compiled as Go 1.21, where a loop has one variable.
func version(v int) string {
	s := ""
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { return i })
		yield(v + i)
	}
	for _, f := range fs {
		s += sprint("", f())
	}
	for _, x := range []int{7, 8, 9} {
		fs = append(fs, func() int { return x })
		yield(x)
	}
	for _, f := range fs[3:] {
		s += sprint(" ", f())
	}
	return s
}
