// go1.21
package old

import "fmt"

// Before Go 1.22 the iterations of a loop share its variables.

func Run() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i++; return i })
		s_i(i)
	}
	for i, x := range []int{1, 2} {
		fs = append(fs, func() int { i++; x++; return i + x })
		s_i(i)
	}
	for k, v := range map[string]int{"a": 2} {
		fs = append(fs, func() int { v++; return v + len(k) })
		s_i(v)
	}
	for i, c := range "ab" {
		fs = append(fs, func() int { return i + int(c) })
		s_i(i)
	}
	for i := range []int{1, 2} {
		fs = append(fs, func() int { i++; return i })
	}
	for i := range [2]int{} {
		p := &i
		s_i(*p)
		fs = append(fs, func() int { return *p })
	}
	for _, f := range fs {
		fmt.Println(f())
	}
}
