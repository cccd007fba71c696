// Channels that only the coroutine uses, live across suspensions: as a queue, as a
// semaphore, closed and ranged over, in a select, as other types, in values; and channels
// that package-level variables hold.
package channels

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type job struct {
	name string
	next *job
}

// jobs is known by its name.
var jobs = make(chan *job, 4)

type worker struct {
	in  coroutine.Chan[*job]
	out chan<- string // the end of a Chan
}

func (w *worker) step() bool {
	select {
	case j, ok := <-w.in:
		if !ok {
			return false
		}
		yield(len(j.name))
		w.out <- j.name
	default:
		w.out <- "idle"
		close(w.in)
	}
	return true
}

func fill[T any](c coroutine.Chan[T], list ...T) coroutine.Chan[T] {
	for _, x := range list {
		c <- x
		yield(len(c))
	}
	return c
}

func total(c coroutine.Chan[int]) (n int) {
	for x := range c {
		n += yield(x)
	}
	return n
}

func Main() {
	a := &job{name: "first"}
	b := &job{name: "second", next: a}
	w := &worker{in: make(coroutine.Chan[*job], 3)}
	results := make(coroutine.Chan[string], 10)
	w.out = results
	fill(w.in, a, b)
	for w.step() {
		yield(len(results))
	}
	close(results)
	for s := range results {
		fmt.Println(s, len(results), cap(results))
		yield(1)
	}

	numbers := fill(make(coroutine.Chan[int], 3), 1, 2, 3)
	close(numbers)
	fmt.Println(total(numbers))

	limit := make(coroutine.Chan[struct{}], 2)
	limit <- struct{}{}
	var held any = limit
	yield(2)
	fmt.Println(len(limit), held == limit, held.(coroutine.Chan[struct{}]) == limit)

	pair := make(coroutine.Chan[[2]any], 1)
	pair <- [2]any{a, b}
	names := jobs
	yield(3)
	p := <-pair
	fmt.Println(p[0] == a, p[1] == b, b.next == a, names == jobs)
	names <- a
	fmt.Println((<-jobs).name)

	unbuffered := make(coroutine.Chan[int])
	yield(4)
	go func() { unbuffered <- 5 }()
	fmt.Println(<-unbuffered)
}
