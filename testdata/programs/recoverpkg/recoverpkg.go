// Panics and deferred calls between packages that suspend and one that does not:
// its functions are not compiled, defer what they are given, recover, and panic
// with values that must arrive unchanged.
package recoverpkg

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/recoverpkg/quiet"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func work(v int) (err error) {
	defer quiet.Catch(&err)
	defer fmt.Println("work's deferred", yield(v))
	if yield(v) > 3 {
		quiet.Fail(v)
	}
	return nil
}

func viaMethod(v int) (err error) {
	g := quiet.Guard{Name: "guard"}
	defer g.Done(&err)
	defer func() { fmt.Println("suspended while panicking", yield(v)) }()
	panic(fmt.Errorf("viaMethod %d: %w", yield(v), quiet.ErrFail))
}

func viaFunc(v int) (err error) {
	f := quiet.Catch
	defer f(&err)
	yield(v)
	return quiet.Nested(v)
}

func Main() {
	for v := range 3 {
		err := work(v)
		yield(100)
		var f *quiet.Failure
		fmt.Println(err, errors.Is(err, quiet.ErrFail), errors.As(err, &f) && f.Code == v)
	}
	err := viaMethod(4)
	fmt.Println(err, errors.Is(err, quiet.ErrFail))
	fmt.Println(viaFunc(5), quiet.Nested(0))
	func() {
		defer func() {
			r := recover()
			fmt.Println(r == any(quiet.Shared), yield(6))
		}()
		quiet.PanicShared(func() { fmt.Println("deferred by quiet") })
	}()
}
