// Functions and methods with the names of tests, benchmarks, examples, init, main
// and blank functions, and packages' worth of exported names: their twins must
// not be taken for tests, and several init functions cannot share one twin.
package testnames

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var inits []string

func init() {
	if len(inits) > 100 {
		yield(1)
	}
	inits = append(inits, "first")
}

func init() {
	defer func() {
		if len(inits) > 100 {
			yield(2)
		}
		inits = append(inits, "deferred")
	}()
	inits = append(inits, "second")
}

func _() { yield(3) }
func _() { yield(4) }

func TestMain(v int) int     { return yield(v) }
func TestFoo() string        { return fmt.Sprint("TestFoo ", yield(5)) }
func BenchmarkFoo(n int) int { return TestMain(n) }
func ExampleFoo() int        { return yield(6) }
func FuzzFoo() int           { return yield(7) }
func main() int              { return yield(8) }

type Suite struct{ n int }

func (s *Suite) TestOne() int  { s.n += yield(s.n); return s.n }
func (s *Suite) SetupTest()    { s.n = yield(9) }
func (s *Suite) init() int     { return yield(10) }
func (s *Suite) _() int        { return yield(11) }
func (*Suite) main() int       { return yield(12) }
func (s Suite) String() string { return fmt.Sprint("suite ", s.n) }

type tester interface {
	SetupTest()
	TestOne() int
	init() int
}

type Foo struct{}

func (Foo) Foo() Foo    { yield(13); return Foo{} }
func (Foo) foo() int    { return yield(14) }
func (Foo) FOO() int    { return yield(15) }
func foo() int          { return yield(16) }
func FOO() int          { return yield(17) }
func New() (f Foo)      { return f.Foo().Foo() }
func durable(v int) int { return yield(v) }

func Main() {
	fmt.Println(inits, TestMain(1), TestFoo(), BenchmarkFoo(2), ExampleFoo(), FuzzFoo(), main())
	var t tester = &Suite{}
	t.SetupTest()
	fmt.Println(t.TestOne(), t.init(), t.(*Suite).main(), t)
	f := New()
	fmt.Println(f.foo(), f.FOO(), foo(), FOO(), durable(18))
}
