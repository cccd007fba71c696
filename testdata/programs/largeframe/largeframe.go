// Functions with many live variables of many types, with large arrays and with
// many suspension points.
package largeframe

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type big struct {
	data [64][8]uint16
	name string
	tail [3]*int
}

func variables(seed int) string {
	a, b, c := int8(seed), uint8(seed*2), int16(seed*3)
	d, e, f := uint16(seed*4), int32(seed*5), uint32(seed*6)
	g, h, i := int64(seed*7), uint64(seed*8), uint(seed*9)
	j, k, l := float32(seed)/2, float64(seed)/3, complex(float64(seed), 1)
	m, n, o := complex64(complex(1, float32(seed))), seed%2 == 0, fmt.Sprint("s", seed)
	p, q, r := []byte(o), map[int]string{seed: o}, [3]int{seed, seed + 1, seed + 2}
	s, t, u := &r, &a, any(b)
	v, w, x := func() int { return int(g) + yield(2) }, 'x', uintptr(seed)
	y, z := struct{ a, b any }{u, w}, [2]struct{}{}
	seed = yield(seed)
	*t++
	s[0] = seed
	b += uint8(yield(1))
	return fmt.Sprint(a, b, c, d, e, f, g, h, i, " ", j, " ", k, l, m, n, o, p, q, r, *s, *t, u, v(), w, x, y, z, seed)
}

func arrays() (sum int) {
	var b big
	var hist [256]int
	for i := range b.data {
		for j := range b.data[i] {
			b.data[i][j] = uint16(i * j)
		}
		if i%16 == 0 {
			b.name += fmt.Sprint(yield(i), " ")
			b.tail[i%3] = &hist[i]
		}
		hist[i]++
	}
	*b.tail[0] += 10
	c := b
	yield(1)
	for _, row := range c.data {
		for _, v := range row {
			sum += int(v)
		}
	}
	fmt.Println(b.name, hist[0], hist[16], hist[48], c == b)
	return sum
}

func many(x int) int {
	a := yield(x)
	b := yield(a) + a
	c := yield(b%10) + b
	d := yield(c%10) + c - a
	e := yield(d%10) + d - b
	f := yield(e%10) + e - c
	g := yield(f%10) + f - d
	h := yield(g%10) + g - e
	i := yield(h%10) + h - f
	j := yield(i%10) + i - g
	k := yield(j%10) + j - h + a
	l := yield(k%10) + k - i + b
	m := yield(l%10) + l - j + c
	n := yield(m%10) + m - k + d
	fmt.Println(a, b, c, d, e, f, g, h, i, j, k, l, m, n)
	return n
}

func parameters(a, b, c, d, e, f int, s ...string) (int, string, int, []string, error) {
	return a + yield(b), fmt.Sprint(c, d), e - yield(f), s, nil
}

func Main() {
	fmt.Println(variables(5))
	fmt.Println(arrays())
	fmt.Println(many(1))
	fmt.Println(parameters(1, 2, 3, 4, 5, 6, "a", "b"))
}
