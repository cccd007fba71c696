package runtime

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// render returns the way to a place, from the frame or root that holds it.
func (e *encoder) render(at place) string {
	var chain []place
	for {
		chain = append(chain, at)
		if at.obj == nil {
			break
		}
		at = at.obj.from
	}
	var b strings.Builder
	for i := len(chain) - 1; i >= 0; i-- {
		at := chain[i]
		switch {
		case at.frame != nil:
			if b.Len() > 0 {
				b.WriteString(", in ") // a coroutine's own coroutine
			}
			b.WriteString(at.frame.frame.name)
			b.WriteString(": ")
			if at.base != nil {
				for _, f := range at.frame.live {
					if f.off <= at.off && at.off-f.off < max(f.p.size, 1) {
						b.WriteString(f.name)
						within(&b, f.p, at.off-f.off)
						break
					}
				}
			}
		case at.root != 0:
			if e.own != nil && at.whole {
				b.WriteString(e.own.names[at.root-1])
			} else if e.own != nil {
				e.own.path(&b, at.root-1, at.off)
			} else {
				fmt.Fprintf(&b, "root %d", at.root-1)
			}
		case at.obj == nil:
		case at.obj.form == formMap:
			if at.entry > 0 {
				b.WriteString(keyText(at.obj, at.entry-1))
			}
		case at.base == nil:
		default:
			p, off := at.obj.p, at.off
			if at.obj.form == formChan {
				p = p.elem
			}
			if (at.obj.n != 1 || at.obj.form == formChan) && p.size > 0 {
				fmt.Fprintf(&b, "[%d]", off/p.size)
				off %= p.size
			}
			within(&b, p, off)
		}
	}
	return b.String()
}

// within appends the fields and indexes that lead to an offset in a value of p.
func within(b *strings.Builder, p *plan, off uintptr) {
	for {
		switch p.op {
		case opStruct:
			found := false
			for i := range p.fields {
				f := &p.fields[i]
				if f.off <= off && off-f.off < f.p.size {
					b.WriteByte('.')
					b.WriteString(f.name)
					p, off = f.p, off-f.off
					found = true
					break
				}
			}
			if !found {
				return
			}
		case opArray:
			if p.elem.size == 0 {
				return
			}
			fmt.Fprintf(b, "[%d]", off/p.elem.size)
			p, off = p.elem, off%p.elem.size
		default:
			return
		}
	}
}

func keyText(o *object, entry int) string {
	if entry >= len(o.m.order) {
		return "[?]"
	}
	p := o.p.key
	v := reflect.NewAt(p.typ, unsafe.Add(o.m.keys, uintptr(o.m.order[entry])*p.size)).Elem()
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		if len(s) > 32 {
			s = s[:32]
		}
		return "[" + strconv.Quote(s) + "]"
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		// The kinds that print without running methods.
		return fmt.Sprintf("[%v]", v.Convert(basicTypes[basicOfKind[v.Kind()]]).Interface())
	}
	return "[" + p.typ.String() + "]"
}
