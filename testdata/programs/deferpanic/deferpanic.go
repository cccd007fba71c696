// Deferred calls that suspend while a panic is under way: the panic waits in the
// saved state and goes on afterwards, until it is recovered further out, and
// deferred calls that were still pending run after it.
package deferpanic

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var errLost = errors.New("lost")

type state struct{ log []string }

func (s *state) add(format string, v ...any) { s.log = append(s.log, fmt.Sprintf(format, v...)) }

func work(s *state, n int) {
	defer s.add("first %d", yield(1))
	defer func() { s.add("second %d", yield(2)) }()
	defer func() {
		for i := range n {
			s.add("loop %d", yield(i))
		}
		defer func() { s.add("nested %d", yield(3)) }()
	}()
	s.add("body %d", yield(4))
	if n > 0 {
		panic(fmt.Errorf("work %d: %w", n, errLost))
	}
}

func middle(s *state, n int) (err error) {
	defer func() {
		s.add("before recover %d", yield(5))
		if r := recover(); r != nil {
			err = r.(error)
			s.add("after recover %d", yield(6))
		}
	}()
	defer s.add("middle")
	work(s, n)
	return nil
}

func cleanup(s *state) {
	defer func() {
		// A function called by a deferred one that panics and recovers by
		// itself leaves the outer panic alone.
		err := middle(s, 1)
		s.add("inner %v", err)
	}()
	panic("outer")
}

func Main() {
	for n := range 3 {
		s := &state{}
		err := middle(s, n)
		fmt.Println(err, errors.Is(err, errLost))
		for _, l := range s.log {
			fmt.Println("\t", l)
		}
	}
	s := &state{}
	func() {
		defer func() { fmt.Println(recover(), len(s.log)) }()
		cleanup(s)
	}()
	fmt.Println(s.log[len(s.log)-1])
}
