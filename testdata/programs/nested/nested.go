// Coroutines that a coroutine runs are part of its state: generators in variables, in
// values, in maps, in func values and in one another; variables that they share with the
// coroutine around them; ones that have not started, that are done, that return something,
// that are stopped by a deferred call, that end in a panic.
package nested

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type generator = coroutine.Coroutine[string, bool]

func letters(from, to rune) generator {
	return coroutine.New[string, bool](func() {
		defer fmt.Println("end of", string(from))
		for r := from; r <= to; r++ {
			if coroutine.Yield[string, bool](string(r)) {
				fmt.Println("asked to skip one")
				r++
			}
		}
	})
}

type tree struct {
	left, right *tree
	value       int
}

func (t *tree) walk() coroutine.Coroutine[int, struct{}] {
	return coroutine.New[int, struct{}](func() {
		if t == nil {
			return
		}
		for _, sub := range []*tree{t.left, t.right} {
			for c := sub.walk(); c.Next(); {
				coroutine.Yield[int, struct{}](c.Recv())
			}
			if sub == t.left {
				coroutine.Yield[int, struct{}](t.value)
			}
		}
	})
}

type source interface {
	Next() bool
	Recv() string
}

type scheduler struct {
	tasks map[string]coroutine.Coroutine[int, int]
	log   []string
}

func (s *scheduler) add(name string, n int) {
	s.tasks[name] = coroutine.New[int, int](func() {
		for i := range n {
			s.log = append(s.log, fmt.Sprint(name, " got ", coroutine.Yield[int, int](i)))
		}
	})
}

var errBad = errors.New("bad")

func next(c generator) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = v.(error)
		}
	}()
	c.Next()
	return nil
}

func Main() {
	// One beside another, and a copy that is the same.
	a, b := letters('a', 'd'), letters('x', 'z')
	same := a
	var src source = b
	for same.Next() {
		yield(len(a.Recv()))
		a.Send(a.Recv() == "b")
		if src.Next() {
			fmt.Println(same.Recv(), src.Recv())
		}
	}
	yield(1)
	fmt.Println(a.Done(), b.Done(), a == same)
	b.Stop()

	// In one another, as deep as the tree.
	t := &tree{&tree{nil, nil, 1}, &tree{&tree{nil, nil, 3}, nil, 4}, 2}
	for c := t.walk(); c.Next(); {
		fmt.Println(c.Recv(), yield(c.Recv()))
	}

	// In a map, with a variable that all share.
	s := &scheduler{tasks: map[string]coroutine.Coroutine[int, int]{}}
	s.add("one", 1)
	s.add("two", 2)
	yield(2) // not started
	for round := 0; len(s.tasks) > 0; round++ {
		for _, name := range []string{"one", "two"} {
			c, ok := s.tasks[name]
			if !ok {
				continue
			}
			c.Send(10*round + yield(round))
			if !c.Next() {
				delete(s.tasks, name)
			}
		}
	}
	fmt.Println(s.log)

	// A variable of this function, changed by both; a result.
	count := 0
	counting := coroutine.NewWithReturn[string, string](func() string {
		for count < 5 {
			count++
			count += len(coroutine.Yield[string, string](fmt.Sprint("at ", count)))
		}
		return fmt.Sprint("ended at ", count)
	})
	for counting.Next() {
		count += yield(count) % 2
		counting.Send("x")
		fmt.Println(counting.Recv(), count)
	}
	yield(3)
	fmt.Println(counting.Result(), counting.Done())

	// Reached by a func value only; a panic with a value that has a name.
	bad := coroutine.New[string, bool](func() {
		defer fmt.Println("deferred")
		coroutine.Yield[string, bool]("once")
		panic(errBad)
	})
	step := func() error { yield(4); return next(bad) }
	for range 3 {
		err := step()
		fmt.Println(err, err == errBad, bad.Done())
	}
	stopped()
}

// stopped has a coroutine that a deferred call stops, after another suspension.
func stopped() {
	c := letters('p', 'r')
	defer c.Stop()
	c.Next()
	yield(5)
	fmt.Println(c.Recv())
}
