// Promotion of methods that suspend, where the method and its twin could come
// from different types.
//
// S overrides a method of the Base that it embeds, and base is another package;
// or the override does not suspend while the embedded method does: a twin that
// is promoted from Base would run instead of S's own method, silently.
package promotion

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/promotion/base"
	"github.com/coroc-dev/coroc/testdata/programs/promotion/quiet"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type worker interface{ Work(int) string }
type closer interface{ Close() string }

// overrides has its own Work, which suspends too.
type overrides struct{ base.Base }

func (o overrides) Work(v int) string { return fmt.Sprint("overrides ", yield(v), "/", o.Base.Work(v)) }

// silent's Work does not suspend.
type silent struct{ *base.Base }

func (s silent) Work(v int) string { return fmt.Sprint("silent ", v) }

// inherits has all from Base.
type inherits struct{ base.Base }

// deeper finds Work at depth one in overrides, not at depth two in Base.
type deeper struct {
	overrides
	n int
}

// field has a field of the method's name, which hides it.
type field struct {
	base.Base
	Work string
}

// ambiguous embeds two types with the method, so it has none; inner resolves it.
type left struct{ base.Base }
type right struct{ base.Base }
type ambiguous struct {
	left
	right
}
type resolved struct {
	ambiguous
	inherits
}

// named is a defined type with the same underlying type: it keeps the promoted
// methods and loses overrides' own one.
type named overrides

// pointerTo has an override on the pointer only.
type pointerTo struct{ base.Base }

func (p *pointerTo) Work(v int) string { return fmt.Sprint("pointerTo ", yield(v)) }

// two paths: Work of the shallow path does not suspend, the deep one does.
type shallow struct{}

func (shallow) Work(v int) string { return fmt.Sprint("shallow ", v) }

type twoPaths struct {
	shallow
	inherits
}

func Main() {
	b := base.Base{Name: "b"}
	for i, w := range []worker{
		b, &b, overrides{b}, &overrides{b}, silent{&b}, &silent{&b}, inherits{b}, deeper{overrides{b}, 1},
		&deeper{}, resolved{inherits: inherits{b}}, named{b}, &pointerTo{b}, twoPaths{}, &twoPaths{},
		quiet.Quiet{Base: b}, &quiet.Quiet{}, struct{ overrides }{overrides{b}},
	} {
		fmt.Println(i, w.Work(i))
		if c, ok := w.(closer); ok {
			fmt.Println(i, c.Close())
		}
	}
	fmt.Println(overrides{b}.Work(1), silent{&b}.Work(2), inherits{b}.Work(3), deeper{}.Work(4), named{}.Work(5))
	fmt.Println(field{Work: "field"}.Work, field{b, ""}.Base.Work(6), twoPaths{}.Work(7), twoPaths{}.inherits.Work(8))
	fmt.Println((&pointerTo{b}).Work(9), pointerTo{b}.Base.Work(10), quiet.Quiet{Base: b}.Work(11))
	f, g, h := overrides{b}.Work, twoPaths{}.Work, quiet.Quiet{Base: b}.Work
	fmt.Println(f(1), g(2), h(3))
	if _, ok := any(field{}).(worker); !ok {
		fmt.Println("field is no worker", yield(1))
	}
	if _, ok := any(ambiguous{}).(worker); !ok {
		fmt.Println("ambiguous is no worker", yield(2))
	}
	if _, ok := any(pointerTo{b}).(worker); ok {
		fmt.Println("pointerTo has Base's", any(pointerTo{b}).(worker).Work(3))
	}
}
