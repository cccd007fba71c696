// Embedded pointers that are nil, promoted fields and methods through several
// levels, and method sets that differ between value and pointer.
package embednil

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type base struct {
	n    int
	name string
}

func (b *base) nilSafe(v int) string {
	if b == nil {
		return fmt.Sprint("nil ", yield(v))
	}
	return fmt.Sprint(b.name, yield(v))
}
func (b base) value(v int) int { return b.n + yield(v) }

type middle struct{ *base }
type top struct {
	middle
	extra int
}
type deep struct{ *top }
type both struct {
	*base
	*other
}
type other struct{ m int }

func (o *other) only(v int) int { o.m += yield(v); return o.m }

type iface interface{ nilSafe(int) string }

func try(name string, f func()) {
	defer func() { fmt.Println(name, recover(), yield(0)) }()
	f()
}

func Main() {
	var m middle
	var t top
	fmt.Println(m.nilSafe(1), t.nilSafe(2), t.middle.base.nilSafe(3), iface(t).nilSafe(4), iface(&t).nilSafe(5))
	f := t.nilSafe
	t.base = &base{7, "seven"}
	fmt.Println(f(6), t.nilSafe(7), t.value(8), t.n, m.base == nil)
	d := deep{&t}
	d.n += yield(9)
	d.name = fmt.Sprint("deep", d.value(10))
	fmt.Println(t.n, t.name, d.nilSafe(11), iface(d).nilSafe(12))
	b := both{t.base, &other{1}}
	fmt.Println(b.only(13), b.m, b.n, b.nilSafe(14))
	c := b
	c.base = nil
	fmt.Println(c.nilSafe(15), b.nilSafe(16), c.only(17), b.m)
	try("nil value method", func() { fmt.Println(m.value(yield(18))) })
	try("nil field", func() { fmt.Println(m.n + yield(19)) })
	try("nil path", func() { fmt.Println(deep{}.nilSafe(yield(20))) })
	try("nil method value", func() { f := m.value; fmt.Println(f(yield(21))) })
	try("nil interface method", func() { fmt.Println(iface(deep{}).nilSafe(yield(22))) })
	try("assign", func() { m.name = fmt.Sprint(yield(23)) })
}
