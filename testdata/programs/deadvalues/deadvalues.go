// Values that cannot be saved and that are dead at every suspension: channels,
// mutexes that are locked and unlocked, open files, iterators, timers. They must
// not break saving.
package deadvalues

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func channel() int {
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	n := 0
	for v := range ch {
		n += v
	}
	n += yield(n)
	n += yield(n)
	return n
}

func blocks(n int) (out []string) {
	for i := range n {
		if i%2 == 0 {
			sc := bufio.NewScanner(strings.NewReader("a b\nc"))
			for sc.Scan() {
				out = append(out, sc.Text())
			}
		} else {
			f, err := os.Open(os.DevNull)
			if err != nil {
				panic(err)
			}
			out = append(out, f.Name())
			f.Close()
		}
		yield(i)
	}
	return out
}

func locked(m map[string]int) int {
	var mu sync.RWMutex
	mu.Lock()
	m["n"]++
	mu.Unlock()
	if mu.TryRLock() {
		m["n"] += 10
		mu.RUnlock()
	}
	return m["n"] + yield(m["n"])
}

// reused has one variable for a channel that is dead at each suspension.
func reused() (total int) {
	var ch chan int
	for i := range 3 {
		ch = make(chan int, 1)
		ch <- i
		v := <-ch
		total += v * yield(v)
	}
	return total
}

func reflection(v any) string {
	t := reflect.TypeOf(v)
	s := t.String()
	p := unsafe.Pointer(&s)
	s = *(*string)(p) + "!"
	yield(len(s))
	return strings.Repeat("x", len("reflect")) + reflect.TypeOf(v).String()
}

// branch has the channel alive only on the way without a suspension.
func branch(fast bool) int {
	ch := make(chan int, 1)
	if fast {
		ch <- 1
		return <-ch
	}
	return yield(6)
}

func Main() {
	fmt.Println(channel())
	fmt.Println(len(blocks(4)))
	fmt.Println(locked(map[string]int{}))
	fmt.Println(reused())
	fmt.Println(reflection(1), branch(true), branch(false))
}
