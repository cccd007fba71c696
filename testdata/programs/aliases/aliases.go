// Type aliases: of structs with methods that suspend, of func types, of
// interfaces, of generic types, embedded under the alias's name, declared
// locally, of types of another package.
package aliases

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/aliases/other"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type base struct{ n int }

func (b *base) add(v int) int { b.n += yield(v); return b.n }

type (
	alias      = base
	pointer    = *base
	fn         = func(int) int
	adder      = interface{ add(int) int }
	list       = []fn
	table      = map[string]pointer
	box[T any] = other.Box[T]
	ints       = box[int]
	foreign    = other.T
	self       = struct{ next *selfNode }
	selfNode   struct{ self }
)

type embeds struct {
	alias
	*foreign
}

func (a *alias) sub(v int) int { a.n -= yield(v); return a.n }

func run(a adder, f fn) int { return a.add(f(1)) }

func generic[T any](b box[T], v T) box[T] {
	old := b.Swap(v)
	yield(9)
	return box[T]{V: old}
}

func Main() {
	a := alias{1}
	var p pointer = &a
	fmt.Println(a.add(1), p.sub(2), run(p, yield), a)
	l := list{yield, func(v int) int { return p.add(v) }}
	for i, f := range l {
		fmt.Println(i, f(i))
	}
	t := table{"a": p}
	yield(3)
	fmt.Println(t["a"].add(4), a.n)
	e := embeds{alias{5}, &foreign{N: 6}}
	fmt.Println(e.add(7), e.alias.n, e.Step(8), e.foreign.N)
	b := ints{V: 1}
	fmt.Println(b.Swap(2), b.V, generic(box[string]{V: "old"}, "new").V)
	type local = embeds
	var i any = local{alias{10}, nil}
	yield(11)
	_, ok := i.(embeds)
	fmt.Printf("%v %T %v\n", ok, i, i.(local).n)
	n := selfNode{self{&selfNode{}}}
	yield(12)
	fmt.Println(n.next.next == nil, n.self.next != nil)
	f := alias.get
	fmt.Println(f(a, 13), pointer.add(p, 14))
}

func (a alias) get(v int) int { return a.n * yield(v) }
