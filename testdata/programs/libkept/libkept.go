// Iterators and closures of the standard library that are kept while the coroutine is
// suspended, and do not suspend themselves: in variables, and in what variables lead to.
package libkept

import (
	"bytes"
	"container/list"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/libkept/seqs"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

func show[T any](what string, seq iter.Seq[T]) {
	fmt.Print(what, ":")
	for v := range seq {
		fmt.Print(" ", v)
	}
	fmt.Println()
}

func show2[K, V any](what string, seq iter.Seq2[K, V]) {
	fmt.Print(what, ":")
	for k, v := range seq {
		fmt.Print(" ", k, "=", v)
	}
	fmt.Println()
}

func iterators() {
	s, m := []int{1, 2, 3}, map[string]int{"k": 1}
	values, all, backward, chunk := slices.Values(s), slices.All(s), slices.Backward(s), slices.Chunk(s, 2)
	keys, elems, pairs := maps.Keys(m), maps.Values(m), maps.All(m)
	yield(1)
	s[0], m["k"] = 5, 6 // they share the array and the map
	show("values", values)
	show2("all", all)
	show2("backward", backward)
	show("chunk", chunk)
	show("keys", keys)
	show("elems", elems)
	show2("pairs", pairs)
	for c := range chunk {
		yield(len(c))
	}
}

func texts() {
	split, after := strings.SplitSeq("a,b", ","), strings.SplitAfterSeq("a,b", ",")
	lines, fields := strings.Lines("c\nd\n"), strings.FieldsSeq(" e  f ")
	vowels := strings.FieldsFuncSeq("xayez", func(r rune) bool { return strings.ContainsRune("aeiou", r) })
	spaces := strings.FieldsFuncSeq("g h", unicode.IsSpace)
	pieces := bytes.SplitSeq([]byte("i-j"), []byte("-"))
	yield(2)
	show("split", split)
	show("after", after)
	for l := range lines {
		fmt.Printf("%q\n", l)
	}
	show("fields", fields)
	show("vowels", vowels)
	show("spaces", spaces)
	for p := range pieces {
		fmt.Printf("%s\n", p)
	}
}

func once() {
	calls := 0
	f := sync.OnceFunc(func() { calls++ })
	v := sync.OnceValue(func() *int { calls++; return &calls })
	two := sync.OnceValues(func() (int, error) { calls++; return calls, fmt.Errorf("e%d", calls) })
	bad := sync.OnceFunc(func() { panic(fmt.Sprint("bad ", calls)) })
	recovered := func() {
		defer func() { fmt.Println(recover()) }()
		bad()
	}
	p := v() // before, the others after
	yield(3)
	f()
	yield(4)
	f()
	fmt.Println(calls, v() == p, p == &calls)
	recovered()
	fmt.Println(two())
	yield(5)
	calls = 10
	recovered()
	fmt.Println(two())
	fmt.Println(*v())
}

type holder struct {
	seq  iter.Seq[int]
	any  any
	next *holder
}

func (h *holder) All() iter.Seq[int] { return h.seq }

type ranger interface{ All() iter.Seq[int] }

func held() {
	h := &holder{seq: slices.Values([]int{1})}
	h.next = &holder{any: slices.Values([]int{2}), next: h}
	list1, byName := []iter.Seq[int]{0: h.seq, 2: slices.Values([]int{3})}, map[string]func(){"f": sync.OnceFunc(func() { fmt.Println("f") })}
	pointer := &list1[2]
	var r ranger = &holder{seq: maps.Keys(map[int]bool{4: true})}
	type seq iter.Seq[int]
	named := seq(slices.Values([]int{5}))
	array := [2]iter.Seq[string]{1: strings.Lines("x")}
	yield(6)
	show("field", h.seq)
	show("interface", h.next.any.(iter.Seq[int]))
	show("element", list1[0])
	show("pointer", *pointer)
	byName["f"]()
	byName["f"]()
	show("method", r.All())
	show("named", iter.Seq[int](named))
	show("array", array[1])
	fmt.Println(h.next.next == h, list1[1] == nil)
}

type key struct{}

// opaque has them in what the standard library has.
func opaque() {
	l := list.New()
	l.PushBack(slices.Values([]string{"list"}))
	var m sync.Map
	m.Store("k", slices.Values([]string{"map"}))
	var a atomic.Value
	a.Store(slices.Values([]string{"atomic"}))
	ctx := context.WithValue(context.Background(), key{}, slices.Values([]string{"context"}))
	yield(7)
	show("list", l.Front().Value.(iter.Seq[string]))
	v, _ := m.Load("k")
	show("map", v.(iter.Seq[string]))
	show("atomic", a.Load().(iter.Seq[string]))
	show("context", ctx.Value(key{}).(iter.Seq[string]))
}

func parameter(seq iter.Seq[int]) {
	yield(8)
	show("parameter", seq)
}

func result() (seq iter.Seq[int]) {
	defer func() { yield(10) }()
	seq = slices.Values([]int{2})
	yield(9)
	return seq
}

func deferred() {
	seq := slices.Values([]int{4})
	defer show("argument", seq)
	defer sync.OnceFunc(func() { fmt.Println("deferred") })()
	defer func() {
		s := recover().(iter.Seq[int])
		yield(12)
		show("panic", s)
	}()
	yield(11)
	panic(slices.Values([]int{3}))
}

func others() {
	mapped := seqs.Map(seqs.Values("a", "bb"), func(s string) int { return len(s) })
	set := seqs.Set[string]{"x": true}.All()
	n := 0
	lazy := seqs.NewLazy(func() int { n++; return n })
	table := seqs.Table["a"]
	make2 := slices.Values[[]bool]
	yield(13)
	show("mapped", mapped)
	show("set", set)
	fmt.Println(lazy.Get(), n)
	yield(14)
	fmt.Println(lazy.Get(), n)
	show("table", table)
	seq := make2([]bool{true})
	yield(15)
	show("func value", seq)
}

// finished takes the values of an iterator before it suspends, by hand.
func finished() {
	next, stop := iter.Pull(slices.Values([]int{1, 2}))
	fmt.Println(next())
	stop()
	var last iter.Seq[int]
	for i := range 3 {
		if last != nil {
			show("last", last)
		}
		last = slices.Values([]int{i, yield(i)})
	}
}

func Main() {
	iterators()
	texts()
	once()
	held()
	opaque()
	parameter(slices.Values([]int{1}))
	show("result", result())
	deferred()
	others()
	finished()
}
