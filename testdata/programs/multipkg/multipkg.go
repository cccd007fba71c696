// Several packages of one module that suspend: functions, methods, generics,
// closures and interfaces across package borders, packages imported under other
// names and with a dot, packages of one name.
package multipkg

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	. "github.com/coroc-dev/coroc/testdata/programs/multipkg/dot"
	"github.com/coroc-dev/coroc/testdata/programs/multipkg/one/util"
	other "github.com/coroc-dev/coroc/testdata/programs/multipkg/two/util"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type local struct{ util.Base }

func (l *local) Step(v int) int { return l.Base.Step(v) + 1000 }

func Main() {
	fmt.Println(util.Work(1), other.Work(2), Dotted(3))
	var s other.Stepper = &util.Base{N: 1}
	fmt.Println(other.Run(s, 2), other.Run(&local{util.Base{N: 2}}, 1))
	fmt.Println(other.Map([]int{1, 2}, func(v int) string { return fmt.Sprint(yield(v)) }))
	fmt.Println(other.Map([]string{"a"}, util.Upper), other.Map([]util.Base{{N: 3}}, util.Base.Value))
	st := &other.Stack[util.Base]{}
	st.Push(util.Base{N: 4}).Push(util.Base{N: 5})
	p := st.Pop()
	yield(6)
	fmt.Println(p.N, st.Len(), p.Step(1), Twice(yield)(2))
	f := util.Counter(10)
	fmt.Println(f(), f(), other.Compose(f, util.Counter(1))())
	d := D{Inner: &util.Base{N: 6}}
	fmt.Println(d.Step(1), other.Run(d, 1), util.Default.Step(2))
	util.Hook = func(v int) int { return yield(v) * 10 }
	fmt.Println(util.Hooked(3))
	err := util.Check(50)
	yield(7)
	fmt.Println(err == util.ErrRange, other.Is(err, util.ErrRange))
	util.Hook = nil
}
