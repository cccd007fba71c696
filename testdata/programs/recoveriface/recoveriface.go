// Deferred calls of interface methods that recover and suspend, with a dynamic
// value that does, one that only recovers and one that does neither.
package recoveriface

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type finisher interface{ finish(string) }

type slow struct{ out *string }

func (s *slow) finish(name string) {
	n := yield(1)
	if r := recover(); r != nil {
		*s.out += fmt.Sprint(name, ":", r, n, yield(2))
	}
}

type quick struct{ out *string }

func (q quick) finish(name string) {
	if r := recover(); r != nil {
		*q.out += fmt.Sprint(name, ":", r)
	}
}

type neither int

func (n neither) finish(string) { yield(int(n)) }

type embeds struct{ finisher }

func run(f finisher, name string, v int) (r any) {
	defer func() { r = recover() }()
	defer f.finish(name)
	if yield(v) > 6 {
		panic(fmt.Sprint("panic ", v))
	}
	return nil
}

func Main() {
	out := ""
	for i, f := range []finisher{&slow{&out}, quick{&out}, neither(10), embeds{&slow{&out}}, &embeds{quick{&out}}} {
		for v := 2; v < 5; v += 2 {
			fmt.Println(i, v, run(f, fmt.Sprintf("%T", f), v), out)
			out = ""
		}
	}
}
