// Defers, loops and closures together: closures that defer, deferred closures
// that loop and return, captured loop variables in deferred calls with arguments,
// method values and generic functions deferred.
package defermixes

import (
	"errors"
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stack struct{ log []string }

func (s *stack) push(v ...any) {
	s.log = append(s.log, strings.TrimSpace(fmt.Sprintln(v...)))
	yield(len(s.log))
}
func (s *stack) scope(name string) func() {
	s.push("open", name)
	return func() { s.push("close", name) }
}
func put[T any](s *stack, v T) { s.push("generic", v) }
func (s *stack) catch(out *error) {
	if r := recover(); r != nil {
		s.push("catch", r)
		*out = errors.Join(*out, fmt.Errorf("%v", r))
	}
}

func loop(s *stack, n int) (total int) {
	for i := range n {
		defer func(j int) {
			for k := range j {
				if k == 2 {
					return
				}
				total += yield(k) * i
			}
			s.push("deferred", i, j, total)
		}(n - i)
		if i%2 == 0 {
			defer s.scope(fmt.Sprint("even", i))()
			continue
		}
		defer put(s, i)
		defer put(s, []string{fmt.Sprint(i)})
	}
	return yield(n)
}

func transaction(s *stack, steps ...func() error) (err error) {
	var undo []func()
	defer func() {
		if err == nil {
			return
		}
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}()
	for i, step := range steps {
		if err := func() (err error) {
			defer s.catch(&err)
			return step()
		}(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		undo = append(undo, func() { s.push("undo", i) })
	}
	return nil
}

func retry(s *stack, n int, f func(int) int) (v int, err error) {
	for i := 0; i < n; i++ {
		done := false
		func() {
			defer s.catch(&err)
			v = f(i)
			done = true
		}()
		if done {
			return v, err
		}
	}
	return -1, err
}

func tree(s *stack, depth int) {
	defer s.push("leave", depth)
	if depth > 1 {
		return
	}
	for i := range 2 {
		func() {
			defer func() { tree(s, depth+1) }()
			s.push("node", depth, i)
		}()
	}
}

func Main() {
	s := &stack{}
	show := func(v ...any) {
		fmt.Println(v...)
		for _, l := range s.log {
			fmt.Println("\t" + l)
		}
		s.log = nil
	}
	show(loop(s, 4))
	ok := func() error { yield(1); return nil }
	bad := func() error { yield(2); return errors.New("bad") }
	worse := func() error { panic(fmt.Sprint("worse ", yield(3))) }
	show(transaction(s, ok, ok))
	show(transaction(s, ok, ok, bad, ok))
	show(transaction(s, ok, worse))
	v, err := retry(s, 3, func(i int) int {
		if i < 2 {
			panic(yield(i))
		}
		return yield(i)
	})
	show(v, strings.ReplaceAll(err.Error(), "\n", " "))
	tree(s, 0)
	show("tree")
	f := s.push
	func() {
		defer f("method value", yield(4))
		defer (*stack).push(s, "method expression")
		defer func(f func(...any)) { f("parameter") }(s.push)
		f = nil
	}()
	show("values")
}
