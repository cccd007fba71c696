// Iterators that do not keep to the protocol: they panic as Go's do, with the same
// values.
package rangefuncmisuse

import (
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// try makes a call and prints its panic, which lives across a suspension.
func try(name string, f func()) {
	defer func() {
		r := recover()
		yield(0)
		err, ok := r.(runtime.Error)
		fmt.Println(name+":", r, ok)
		if ok {
			yield(1)
			fmt.Println(err == r)
		}
	}()
	f()
	fmt.Println(name, "returned")
}

type body = func(int) bool

// ignores goes on when the body has ended the loop.
func ignores(b body) {
	for i := range 3 {
		yield(i)
		fmt.Println("body says", b(i))
	}
}

// swallows recovers what the body panics with.
func swallows(b body) {
	defer func() { fmt.Println("swallowed", recover(), yield(2)) }()
	b(1)
}

// insists calls the body again after its panic.
func insists(b body) {
	defer func() {
		fmt.Println("insists after", recover(), yield(2))
		b(2)
	}()
	b(1)
}

// persists swallows even the panic of the misuse.
func persists(b body) {
	for i := range 3 {
		func() {
			defer func() { fmt.Println("persists", i, recover(), yield(i)) }()
			fmt.Println("body says", b(i))
		}()
	}
}

// keeper keeps its body.
type keeper struct{ kept []body }

func (k *keeper) iter(b body) {
	k.kept = append(k.kept, b)
	b(len(k.kept))
}

func reentrant(b body) {
	yield(9)
	b(3)
}

func leave(how int, seq func(body)) string {
	for i := range seq {
		yield(i)
		switch how {
		case 0:
			break
		case 1:
			return "returned"
		case 2:
			goto end
		case 3:
			panic("left")
		}
		if i == 2 {
			break
		}
	}
	return "ended"
end:
	return "gone to"
}

func outer(k *keeper) {
loop:
	for i := range k.iter {
		yield(i)
		for j := range ignores {
			fmt.Println("outer", i, j)
			if i == 1 {
				break loop
			}
			return
		}
	}
}

func Main() {
	for how := range 4 {
		try(fmt.Sprint("ignores ", how), func() { fmt.Println(leave(how, ignores)) })
		try(fmt.Sprint("swallows ", how), func() { fmt.Println(leave(how, swallows)) })
		try(fmt.Sprint("insists ", how), func() { fmt.Println(leave(how, insists)) })
		try(fmt.Sprint("persists ", how), func() { fmt.Println(leave(how, persists)) })
	}
	k := &keeper{}
	try("keeps", func() { fmt.Println(leave(0, k.iter)) })
	yield(3)
	try("late", func() { k.kept[0](1) })
	try("later", func() { k.kept[0](1) })
	try("nested", func() { outer(k) })
	// The body is called by itself.
	try("reentrant", func() {
		for i := range k.iter {
			yield(i)
			k.kept[len(k.kept)-1](7)
		}
	})
	// One loop's body is called by another loop's iterator.
	try("another", func() {
		for i := range k.iter {
			mine := k.kept[len(k.kept)-1]
			for j := range func(b body) { mine(j0(b)) } {
				fmt.Println("another", i, j)
			}
		}
	})
	for range 2 {
		try("each loop has its own state", func() {
			for i := range reentrant {
				fmt.Println("reentrant", i, yield(i))
			}
		})
	}
}

func j0(b body) int {
	b(8)
	return 8
}
