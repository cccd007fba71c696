// Functions that suspend and are called once, and for each entry of a sync.Map.
package libsync

import (
	"fmt"
	"sync"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type lazy struct {
	once  sync.Once
	value int
}

func (l *lazy) get() int {
	l.once.Do(func() {
		fmt.Println("made")
		l.value = yield(1) + yield(2)
	})
	return l.value
}

func Main() {
	l := &lazy{}
	fmt.Println(l.get(), l.get())

	calls := 0
	f := sync.OnceFunc(func() { calls += yield(3) })
	f()
	f()
	fmt.Println(calls)
	v := sync.OnceValue(func() string { return fmt.Sprint("v", yield(4)) })
	fmt.Println(v(), v())
	two := sync.OnceValues(func() (int, error) { return yield(5), fmt.Errorf("e%d", yield(6)) })
	fmt.Println(two())
	fmt.Println(two())

	p := sync.OnceFunc(func() { yield(7); panic("always") })
	for range 2 {
		func() {
			defer func() { fmt.Println(recover()) }()
			p()
		}()
	}

	func() {
		var o sync.Once
		defer func() {
			fmt.Println(recover())
			o.Do(func() { fmt.Println("not again") })
		}()
		o.Do(func() { yield(8); panic("once") })
	}()
}
