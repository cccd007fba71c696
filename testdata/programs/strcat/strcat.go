// Strings built of calls: concatenation in long chains, with +=, in comparisons,
// conversions, slices and formats.
package strcat

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type text string

func s(v int) string            { return fmt.Sprint(yield(v)) }
func (t text) twice() text      { return t + text(s(len(t))) + t }
func (t *text) grow(v int) text { *t += text(s(v)); return *t }

func quote(parts ...string) string { return `"` + strings.Join(parts, s(0)) + `"` }

func Main() {
	x := "x"
	fmt.Println(x + s(1) + "-" + s(2) + x + "\n\t" + s(3) + `raw`)
	x += s(4)
	x += x + s(5) + x
	fmt.Println(x, len(x+s(6)), (x + s(7))[yield(1):], x[yield(0):yield(1)], x[yield(0)], s(10)[0])
	fmt.Println(s(1) < s(2), s(50) < s(5), x == "x"+s(4), s(1)+s(2) != s(2)+s(1))
	t := text("t")
	fmt.Println(t.twice().twice(), t.grow(1)+t.grow(2), t)
	fmt.Println(quote(s(1), x, quote(), quote(s(2))))
	b := []byte("b" + s(8))
	b = append(b, s(9)...)
	b = append(b, x[:yield(0)]...)
	fmt.Println(string(b)+s(1), string([]rune{'é', rune(yield(50))}))
	switch s(3) + s(4) {
	case "7" + s(4):
		fmt.Println("matched")
	}
	m := map[string]int{s(1): 1, "a" + s(2): 2}
	m[s(1)+x]++
	fmt.Println(m["3"], m["a"+s(2)], len(m))
	out := ""
	for i := range 3 {
		out = s(i) + out + fmt.Sprintf("%d%s", i, s(i))
	}
	fmt.Println(out)
	var y string
	add := func(v string) string { y += v; yield(len(y)); return y }
	fmt.Println(y + add("a") + y + add("b") + y)
	fmt.Println("<" + add("c")[1:] + ">" + y)
}
