package runtime

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"reflect"

	"pgregory.net/rapid"
)

func (g *grammar) value(t reflect.Type) {
	if t.Size() == 0 {
		return
	}
	g.left--
	switch t {
	case timeType:
		b := binary.AppendVarint(nil, int64(g.pick(1e9)))
		b = binary.AppendUvarint(b, uint64(g.pick(1e9)))
		if b = append(b, byte(g.pick(3))); b[len(b)-1] == 2 {
			b = append(b, "\x03UTC\x01X\x02"...)
		}
		g.text(string(b))
		return
	case mutexType, syncMapType, recordHeader:
		g.byte(0)
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		g.byte(byte(g.pick(2)))
	case reflect.Int8, reflect.Uint8:
		g.byte(byte(g.pick(256)))
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		g.varint(int64(g.pick(1<<15)) - 1<<14)
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		g.uvarint(uint64(g.pick(1 << 16)))
	case reflect.Float32:
		g.uvarint(uint64(bits.ReverseBytes32(math.Float32bits(float32(g.pick(99))))))
	case reflect.Float64:
		g.float(float64(g.pick(99)))
	case reflect.Complex64:
		g.uvarint(uint64(bits.ReverseBytes32(math.Float32bits(1.5))))
		g.uvarint(uint64(g.pick(9)))
	case reflect.Complex128:
		g.float(1.5)
		g.float(float64(g.pick(9)))
	case reflect.String:
		if g.strs > 0 && g.pick(2) == 0 {
			g.uvarint(g.back(g.pick(g.strs), &g.stringMentions)<<1 | 1)
			return
		}
		g.string(rapid.StringN(0, 30, -1).Draw(g.T, "text"))
	case reflect.Struct:
		for i := range t.NumField() {
			g.value(t.Field(i).Type)
		}
	case reflect.Array:
		for range t.Len() {
			g.value(t.Elem())
		}
	case reflect.Pointer:
		g.pointer(t.Elem())
	case reflect.Slice:
		g.slice(t.Elem())
	case reflect.Map:
		g.mapping(t)
	case reflect.Func:
		g.function()
	case reflect.Interface:
		g.iface(t)
	case reflect.Chan:
		g.uvarint(0)
	default:
		panic(t.String())
	}
}

func (g *grammar) float(f float64) { g.uvarint(bits.ReverseBytes64(math.Float64bits(f))) }

func (g *grammar) string(s string) {
	g.uvarint(uint64(2 * len(s)))
	g.bytes(s)
	if len(s) >= 16 {
		g.stringMentions = append(g.stringMentions, g.strs)
		g.strs++
	}
}

// back tells which one is mentioned again, in one of the two ways.
func (g *grammar) back(num int, mentions *[]int) uint64 {
	b := uint64(2*num + 1)
	for k := range min(len(*mentions), 64) {
		if (*mentions)[len(*mentions)-1-k] == num && g.pick(2) == 0 {
			b = uint64(2 * k)
			break
		}
	}
	*mentions = append(*mentions, num)
	return b
}

// object adds an object and writes its contents, or puts them off.
func (g *grammar) object(o grammarObject, contents func()) {
	g.mentions = append(g.mentions, len(g.objs))
	g.objs = append(g.objs, o)
	write := func() {
		inKey, inBox := g.inKey, g.inBox
		g.inKey, g.inBox = false, o.form == formBoxed
		g.depth++
		contents()
		g.depth--
		g.inKey, g.inBox = inKey, inBox
	}
	if g.depth == 64 {
		g.later = append(g.later, write)
		return
	}
	write()
}

func (g *grammar) drain() {
	for len(g.later) > 0 {
		f := g.later[0]
		g.later = g.later[1:]
		f()
	}
}

// memory adds an object of n values of t, the last of which are left out if it is trimmed.
func (g *grammar) memory(t reflect.Type, n int, trim bool) {
	g.object(grammarObject{t, n, formSingle}, func() {
		z := 0
		if trim {
			z = g.pick(n/2 + 1)
			g.uvarint(uint64(z))
		}
		for range n - z {
			g.value(t)
		}
	})
}

// known picks an object that satisfies ok, or returns -1.
func (g *grammar) known(ok func(o grammarObject) bool) int {
	if len(g.objs) == 0 {
		return -1
	}
	from := g.pick(len(g.objs))
	for i := range min(len(g.objs), 20) {
		if num := (from + i) % len(g.objs); ok(g.objs[num]) {
			return num
		}
	}
	return -1
}

// path returns a way from n values of typ to some of t, and how many there are from there on.
func (g *grammar) path(typ reflect.Type, n int, t reflect.Type) (steps []uint64, room int) {
	i := 0
	if n != 1 {
		i = g.pick(n)
		steps = append(steps, uint64(i))
	}
	if typ == t {
		return steps, n - i
	}
	if typ.Kind() != reflect.Struct || typ == timeType || typ == mutexType || typ == syncMapType || typ == recordHeader {
		return nil, 0
	}
	from := g.pick(typ.NumField())
	for j := range typ.NumField() {
		k := (from + j) % typ.NumField()
		if f, m := flatOf(typ.Field(k).Type); m > 0 && f.Size() > 0 {
			if more, room := g.path(f, m, t); room > 0 {
				return append(append(steps, uint64(k)), more...), room
			}
		}
	}
	return nil, 0
}

func (g *grammar) steps(steps []uint64) {
	for _, s := range steps {
		g.uvarint(s)
	}
}

// into writes a reference to n of the values of t in a larger object: 4 or one above it,
// and the steps. It returns the room that there is, and what comes after all else.
func (g *grammar) into(t reflect.Type, n int, number func(uint64) uint64) (room int, rest func()) {
	if g.pick(2) == 0 {
		typ, m := t, n+1+g.pick(3)
		if g.pick(2) == 0 {
			typ, m = grammarStructs[g.pick(len(grammarStructs))], 1+g.pick(2)
		}
		if steps, room := g.path(typ, m, t); room >= n {
			g.uvarint(4)
			if id := g.id(typ); m == 1 {
				g.uvarint(2 * id)
			} else {
				g.uvarint(2*id + 1)
				g.uvarint(uint64(m))
			}
			g.steps(steps)
			return room, func() { g.memory(typ, m, m != 1) }
		}
	}
	var steps []uint64
	num := g.known(func(o grammarObject) bool {
		if o.form != formSingle || o.typ == t && o.n == n || o.typ == countType {
			return false
		}
		steps, room = g.path(o.typ, o.n, t)
		return room >= n
	})
	if num < 0 {
		return 0, nil
	}
	g.uvarint(number(g.back(num, &g.mentions)))
	g.steps(steps)
	return room, func() {}
}

func (g *grammar) pointer(t reflect.Type) {
	flat, n := flatOf(t)
	switch {
	case t.Size() == 0:
		g.uvarint(uint64(2 * g.pick(2)))
		return
	case g.left <= 0:
		g.uvarint(0)
		return
	}
	switch g.pick(4) {
	case 0:
		if _, rest := g.into(flat, n, func(b uint64) uint64 { return 5 + b }); rest != nil {
			rest()
			return
		}
	case 1:
		if num := g.known(func(o grammarObject) bool { return o == grammarObject{flat, n, formSingle} }); num >= 0 {
			g.uvarint(5 + g.back(num, &g.mentions))
			return
		}
	case 2:
		g.uvarint(3)
		g.memory(flat, n, false)
		return
	}
	g.uvarint(0)
}

func (g *grammar) slice(t reflect.Type) {
	flat, n := flatOf(t)
	l := g.pick(4)
	c := l + g.pick(3)
	switch {
	case t.Size() == 0:
		if g.pick(2) == 0 {
			g.uvarint(0)
			return
		}
		g.uvarint(2)
		g.uvarint(uint64(l))
		g.uvarint(uint64(c))
		return
	case g.left <= 0:
		g.uvarint(0)
		return
	}
	switch g.pick(6) {
	case 0:
		g.uvarint(2)
		g.uvarint(0)
		g.uvarint(0)
		return
	case 1:
		if l > 0 {
			g.uvarint(3)
			g.uvarint(uint64(l))
			g.memory(flat, l*n, false)
			return
		}
	case 2:
		if c > 0 {
			g.uvarint(5)
			g.uvarint(uint64(l))
			g.uvarint(uint64(c))
			g.memory(flat, c*n, true)
			return
		}
	case 3:
		if room, rest := g.into(flat, n, func(b uint64) uint64 { return 6 + 2*b }); rest != nil {
			c := 1 + g.pick(room/n)
			g.uvarint(uint64(g.pick(c + 1)))
			g.uvarint(uint64(c))
			rest()
			return
		}
	case 4:
		if num := g.known(func(o grammarObject) bool { return o.typ == flat && o.n%n == 0 && o.form == formSingle }); num >= 0 {
			g.uvarint(6 + 2*g.back(num, &g.mentions) + 1)
			return
		}
	}
	g.uvarint(0)
}

func (g *grammar) mapping(t reflect.Type) {
	if g.left > 0 && g.pick(3) == 0 {
		if num := g.known(func(o grammarObject) bool { return o.typ == t && o.form == formMap }); num >= 0 {
			g.uvarint(5 + g.back(num, &g.mentions))
			return
		}
	}
	if g.left <= 0 || g.pick(3) == 0 {
		g.uvarint(0)
		return
	}
	n := g.pick(4)
	g.uvarint(3)
	g.uvarint(uint64(n))
	g.object(grammarObject{t, n, formMap}, func() {
		for range n {
			g.inKey = true
			g.key(t.Key(), 0)
			g.inKey = false
			g.value(t.Elem())
		}
	})
}

// key writes a key that is equal to no other one, in that many interface values of a key.
func (g *grammar) key(t reflect.Type, nested int) {
	g.keys++
	switch {
	case t.Kind() == reflect.Int:
		g.varint(int64(g.keys))
	case t.Kind() == reflect.String:
		g.string(fmt.Sprint(g.keys))
	case t.Kind() == reflect.Array:
		g.key(t.Elem(), nested)
	case t == reflect.TypeFor[square]():
		g.float(float64(g.keys))
	default:
		switch n := g.pick(5); {
		case n == 0:
			g.uvarint(g.id(reflect.TypeFor[*int]()))
			g.uvarint(3)
			g.memory(reflect.TypeFor[int](), 1, false)
		case n == 1 && nested < maxKeyDepth-1:
			g.uvarint(g.id(reflect.TypeFor[fuzzLink]()))
			g.key(t, nested+1)
		case n == 2:
			g.uvarint(g.id(reflect.TypeFor[square]()))
			g.key(reflect.TypeFor[square](), nested+1)
		case n == 3:
			g.uvarint(g.id(reflect.TypeFor[string]()))
			g.key(reflect.TypeFor[string](), nested+1)
		default:
			g.uvarint(g.id(reflect.TypeFor[int]()))
			g.key(reflect.TypeFor[int](), nested+1)
		}
	}
}

func (g *grammar) function() {
	if g.left <= 0 || g.pick(3) == 0 {
		g.uvarint(0)
		return
	}
	if num := g.known(func(o grammarObject) bool { return o.typ == countType }); num >= 0 && g.pick(2) == 0 {
		g.uvarint(5 + g.back(num, &g.mentions))
		return
	}
	g.uvarint(4)
	g.uvarint(2 * g.id(countType))
	g.memory(countType, 1, false)
}

func (g *grammar) iface(t reflect.Type) {
	if g.left <= 0 || g.pick(6) == 0 {
		g.uvarint(0)
		return
	}
	if (t.NumMethod() == 0 || t == reflect.TypeFor[error]()) && g.pick(8) == 0 {
		g.uvarint(1)
		g.uvarint(0) // io.EOF
		return
	}
	var d reflect.Type
	if impl := grammarImpl[t]; impl != nil {
		d = impl[g.pick(len(impl))]
	} else if d = g.typ(0); d.Kind() == reflect.Interface {
		d = reflect.PointerTo(d)
	}
	g.uvarint(g.id(d))
	if d.Kind() != reflect.Struct && d.Kind() != reflect.Array || !refers(d) || g.inKey {
		g.value(d)
		return
	}
	if num := g.known(func(o grammarObject) bool { return o.typ == d && o.form == formBoxed }); num >= 0 && !g.inBox && g.pick(2) == 0 {
		g.uvarint(5 + g.back(num, &g.mentions))
		return
	}
	g.uvarint(3)
	g.object(grammarObject{d, 1, formBoxed}, func() { g.value(d) })
}
