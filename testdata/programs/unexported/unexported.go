// Unexported methods of another package: two methods of one spelling that are
// different methods, because each belongs to its package.
//
// The interface's hidden method can only be had by embedding a type of its
// package; a method of the same name declared here must not be called for it.
package unexported

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/unexported/sealed"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// mine embeds the sealed implementation and has a hidden of its own.
type mine struct {
	sealed.Impl
	n int
}

func (m mine) hidden(v int) string { return fmt.Sprint("mine ", m.n, " ", yield(v)) }

// viaInterface embeds the sealed interface and declares the same name.
type viaInterface struct{ sealed.Interface }

func (v *viaInterface) hidden(n int) string { return fmt.Sprint("viaInterface ", yield(n)) }

type local interface{ hidden(int) string }

func Main() {
	impl := sealed.Impl{Name: "impl"}
	m := mine{impl, 1}
	fmt.Println(sealed.Call(impl, 1), sealed.Call(m, 2), sealed.Call(&m, 3))
	fmt.Println(m.hidden(4), local(m).hidden(5), m.Both(6))
	v := &viaInterface{m}
	fmt.Println(sealed.Call(v, 7), v.hidden(8), local(v).hidden(9), v.Open(10))
	if _, ok := any(impl).(local); !ok {
		fmt.Println("impl has no local hidden", yield(11))
	}
	fmt.Println(sealed.Call(sealed.Quiet{}, 12), sealed.Call(struct{ sealed.Quiet }{}, 13))
}
