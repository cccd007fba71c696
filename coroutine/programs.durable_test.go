//go:build durable

package coroutine_test

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

// The functions of programs_test.go in the form in which coroc compiles them, written
// by hand, so that this package can be tested without the compiler. They show the
// shape of compiled code:
//
//   - A twin takes the coroutine. It restores its variables and jumps to where it was
//     when it is called to resume; after each call that may suspend it looks whether
//     it has to leave, and pushes its frame. The operands of that call are in
//     temporaries, so that they are not evaluated again when it is resumed.
//   - A frame has a field for each variable that is live at one of its sites.
//   - A func value is a record of what the literal captures, with a plain and a
//     durable method.

var errOops = errors.New("oops")

func init() {
	coroc.RegisterVar("coroutine_test.errOops", &errOops, false)
}

// fibonacci

type frame_fibonacci struct {
	Site       int
	n, a, b, i int
}

func init() {
	coroc.RegisterFrame[frame_fibonacci]("coroutine_test.fibonacci", 1,
		coroc.Site{Pos: "programs_test.go:20", Live: []string{"n", "a", "b", "i"}})
}

func durable_fibonacci(c *coroc.Coroutine, n int) (_ int) {
	var a, b, i, s int
	if !c.Running() {
		fr := coroc.Pop[frame_fibonacci](c)
		switch fr.Site {
		case 1:
			n, a, b, i = fr.n, fr.a, fr.b, fr.i
			goto site_1
		}
	}
	a, b = 0, 1
	i = 0
loop:
	if !(i < n) {
		goto end
	}
site_1:
	s = coroutine.Durable_Yield[int, int](c, a)
	if !c.Running() {
		*coroc.Frame[frame_fibonacci](c) = frame_fibonacci{Site: 1, n: n, a: a, b: b, i: i}
		return
	}
	a, b = b, a+b+s
	i++
	goto loop
end:
	return a
}

type rec_entryFibonacci struct {
	Rec coroc.Record
	n   int
}

type frame_entryFibonacci struct {
	Site int
	r    *rec_entryFibonacci
}

var type_entryFibonacci = coroc.RecordType{Proto: (*rec_entryFibonacci)(nil)}

func init() {
	coroc.RegisterFrame[frame_entryFibonacci]("coroutine_test.entryFibonacci.func1", 1,
		coroc.Site{Pos: "programs_test.go:28", Live: []string{"r"}})
	coroc.RegisterRecord(&type_entryFibonacci, "coroutine_test.entryFibonacci.func1", 1,
		func(r *rec_entryFibonacci) func() int { return coroc.NewFunc(r, r.Call) })
}

func entryFibonacci(n int) func() int {
	r := &rec_entryFibonacci{coroc.MakeRecord(&type_entryFibonacci), n}
	return coroc.NewFunc(r, r.Call)
}

func (r *rec_entryFibonacci) Call() int { return r.DurableCall(coroc.Detached) }

func (r *rec_entryFibonacci) DurableCall(c *coroc.Coroutine) (_ int) {
	var t_1, t_2 int
	if !c.Running() {
		fr := coroc.Pop[frame_entryFibonacci](c)
		switch fr.Site {
		case 1:
			r = fr.r
			goto site_1
		}
	}
	t_1 = r.n
site_1:
	t_2 = durable_fibonacci(c, t_1)
	if !c.Running() {
		*coroc.Frame[frame_entryFibonacci](c) = frame_entryFibonacci{Site: 1, r: r}
		return
	}
	return t_2
}

// entryCount

type rec_entryCount struct {
	Rec   coroc.Record
	total *int
}

type frame_entryCount struct {
	Site int
	r    *rec_entryCount
	p    *int
	i    int
}

var type_entryCount = coroc.RecordType{Proto: (*rec_entryCount)(nil)}

func init() {
	coroc.RegisterFrame[frame_entryCount]("coroutine_test.entryCount.func1", 1,
		coroc.Site{Pos: "programs_test.go:36", Live: []string{"r", "p", "i"}})
	coroc.RegisterRecord(&type_entryCount, "coroutine_test.entryCount.func1", 1,
		func(r *rec_entryCount) func() { return coroc.NewFunc(r, r.Call) })
}

func entryCount(total *int) func() {
	r := &rec_entryCount{coroc.MakeRecord(&type_entryCount), total}
	return coroc.NewFunc(r, r.Call)
}

func (r *rec_entryCount) Call() { r.DurableCall(coroc.Detached) }

func (r *rec_entryCount) DurableCall(c *coroc.Coroutine) {
	var p *int
	var i, t_1 int
	if !c.Running() {
		fr := coroc.Pop[frame_entryCount](c)
		switch fr.Site {
		case 1:
			r, p, i = fr.r, fr.p, fr.i
			goto site_1
		}
	}
	p = r.total
	i = 1
loop:
	t_1 = *p
site_1:
	coroutine.Durable_Yield[int, int](c, t_1)
	if !c.Running() {
		*coroc.Frame[frame_entryCount](c) = frame_entryCount{Site: 1, r: r, p: p, i: i}
		return
	}
	*r.total += i
	i++
	goto loop
}

// deep

type frame_deep struct{ Site, i int }

func init() {
	coroc.RegisterFrame[frame_deep]("coroutine_test.deep", 1,
		coroc.Site{Pos: "programs_test.go:44", Live: nil},
		coroc.Site{Pos: "programs_test.go:48", Live: []string{"i"}})
}

func durable_deep(c *coroc.Coroutine, n int) {
	var i, t_1, t_2 int
	if !c.Running() {
		fr := coroc.Pop[frame_deep](c)
		switch fr.Site {
		case 1:
			goto site_1
		case 2:
			i = fr.i
			goto site_2
		}
	}
	if !(n > 1) {
		goto loop
	}
	t_1 = n - 1
site_1:
	durable_deep(c, t_1)
	if !c.Running() {
		*coroc.Frame[frame_deep](c) = frame_deep{Site: 1}
		return
	}
	return
loop:
	i = 0
site_2:
	t_2 = coroutine.Durable_Yield[int, int](c, i)
	if !c.Running() {
		*coroc.Frame[frame_deep](c) = frame_deep{Site: 2, i: i}
		return
	}
	if t_2 == 0 {
		i++
		goto site_2
	}
}

// entryDeep, and other literals that only call one function, share a form of record
// that a compiler would write out for each.
type rec_call struct {
	Rec  coroc.Record
	twin func(c *coroc.Coroutine)
}

var type_call = coroc.RecordType{Proto: (*rec_call)(nil)}

func (r *rec_call) Call()                          { r.twin(coroc.Detached) }
func (r *rec_call) DurableCall(c *coroc.Coroutine) { r.twin(c) }

func entry(twin func(c *coroc.Coroutine)) func() {
	r := &rec_call{coroc.MakeRecord(&type_call), twin}
	return coroc.NewFunc(r, r.Call)
}

func entryDeep(n int) func() {
	return entry(func(c *coroc.Coroutine) { durable_deep(c, n) })
}

// entryCleanup: functions with defers have one real defer, the guard, and their
// pending defers in the frame.

type frame_entryCleanup struct {
	Site   int
	defers *coroc.Defers
}

// A deferred literal, as a record. It can neither suspend nor be saved here.
type rec_log struct {
	Rec coroc.Record
	f   func()
}

var type_log = coroc.RecordType{Proto: (*rec_log)(nil)}

func (r *rec_log) Call() { r.f() }

func deferred(f func()) coroc.Deferred {
	r := &rec_log{coroc.MakeRecord(&type_log), f}
	return &coroc.DeferFunc{F: coroc.NewFunc(r, r.Call)}
}

func entryCleanup(log *[]string) func() {
	return entry(func(c *coroc.Coroutine) {
		defers := &coroc.Defers{}
		defer func() {
			if c.Suspended() {
				return
			}
			if defers.Catches() {
				defers.Caught(recover())
			}
			defers.Exit(c)
		}()
		if !c.Running() {
			defers = coroc.Pop[frame_entryCleanup](c).defers
			goto site_1
		}
		defers.Defer(deferred(func() { *log = append(*log, "outer") }))
	site_1:
		durable_cleanup(c, log)
		if !c.Running() {
			*coroc.Frame[frame_entryCleanup](c) = frame_entryCleanup{Site: 1, defers: defers}
			return
		}
		*log = append(*log, "returned")
	})
}

type frame_cleanup struct {
	Site   int
	defers *coroc.Defers
}

// A deferred literal that recovers: in a coroutine, the panic is in the defers that
// it is called for; outside, it is Go's own.
type rec_recover struct {
	Rec coroc.Record
	log *[]string
}

var type_recover = coroc.RecordType{Proto: (*rec_recover)(nil)}

func (r *rec_recover) Recovers() {}

func (r *rec_recover) Call() { *r.log = append(*r.log, fmt.Sprint("recovered ", recover())) }

func (r *rec_recover) DurableCall(c *coroc.Coroutine) {
	recovers := c.TakeDefers()
	*r.log = append(*r.log, fmt.Sprint("recovered ", recovers.Recover()))
}

func durable_cleanup(c *coroc.Coroutine, log *[]string) {
	defers := &coroc.Defers{}
	defer func() {
		if c.Suspended() {
			return
		}
		if defers.Catches() {
			defers.Caught(recover())
		}
		defers.Exit(c)
	}()
	if !c.Running() {
		fr := coroc.Pop[frame_cleanup](c)
		defers = fr.defers
		switch fr.Site {
		case 1:
			goto site_1
		case 2:
			goto site_2
		}
	}
	{
		r := &rec_recover{coroc.MakeRecord(&type_recover), log}
		defers.Defer(&coroc.DeferFunc{F: coroc.NewFunc(r, r.Call)})
	}
site_1:
	coroutine.Durable_Yield[int, int](c, 1)
	if !c.Running() {
		*coroc.Frame[frame_cleanup](c) = frame_cleanup{Site: 1, defers: defers}
		return
	}
site_2:
	coroutine.Durable_Yield[int, int](c, 2)
	if !c.Running() {
		*coroc.Frame[frame_cleanup](c) = frame_cleanup{Site: 2, defers: defers}
		return
	}
}

// entryYieldInDefer: a frame in its returning phase.

type rec_entryYieldInDefer struct {
	Rec coroc.Record
	log *[]string
}

type frame_entryYieldInDefer struct {
	Site   int
	r      *rec_entryYieldInDefer
	defers *coroc.Defers
}

type rec_yieldInDefer1 struct {
	Rec coroc.Record
	log *[]string
}

type rec_yieldInDefer2 struct {
	Rec coroc.Record
	log *[]string
}

type frame_yieldInDefer2 struct {
	Site int
	r    *rec_yieldInDefer2
}

var (
	type_entryYieldInDefer = coroc.RecordType{Proto: (*rec_entryYieldInDefer)(nil)}
	type_yieldInDefer1     = coroc.RecordType{Proto: (*rec_yieldInDefer1)(nil)}
	type_yieldInDefer2     = coroc.RecordType{Proto: (*rec_yieldInDefer2)(nil)}
)

func init() {
	coroc.RegisterFrame[frame_entryYieldInDefer]("coroutine_test.entryYieldInDefer.func1", 1,
		coroc.Site{Pos: "programs_test.go:83", Live: []string{"r", "defers"}},
		coroc.Site{Pos: "programs_test.go:84", Live: []string{"r", "defers"}})
	coroc.RegisterFrame[frame_yieldInDefer2]("coroutine_test.entryYieldInDefer.func1.2", 1,
		coroc.Site{Pos: "programs_test.go:80", Live: []string{"r"}})
	coroc.RegisterRecord(&type_entryYieldInDefer, "coroutine_test.entryYieldInDefer.func1", 1,
		func(r *rec_entryYieldInDefer) func() { return coroc.NewFunc(r, r.Call) })
	coroc.RegisterRecord(&type_yieldInDefer1, "coroutine_test.entryYieldInDefer.func1.1", 1,
		func(r *rec_yieldInDefer1) func() { return coroc.NewFunc(r, r.Call) })
	coroc.RegisterRecord(&type_yieldInDefer2, "coroutine_test.entryYieldInDefer.func1.2", 1,
		func(r *rec_yieldInDefer2) func() { return coroc.NewFunc(r, r.Call) })
}

func entryYieldInDefer(log *[]string) func() {
	r := &rec_entryYieldInDefer{coroc.MakeRecord(&type_entryYieldInDefer), log}
	return coroc.NewFunc(r, r.Call)
}

func (r *rec_entryYieldInDefer) Call() { r.DurableCall(coroc.Detached) }

func (r *rec_entryYieldInDefer) DurableCall(c *coroc.Coroutine) {
	defers := &coroc.Defers{}
	defer func() {
		if c.Suspended() {
			return
		}
		if defers.Catches() {
			defers.Caught(recover())
		}
		defers.Exit(c)
		if !c.Running() {
			*coroc.Frame[frame_entryYieldInDefer](c) = frame_entryYieldInDefer{Site: 2, r: r, defers: defers}
		}
	}()
	if !c.Running() {
		fr := coroc.Pop[frame_entryYieldInDefer](c)
		r, defers = fr.r, fr.defers
		switch fr.Site {
		case 1:
			goto site_1
		case 2:
			return
		}
	}
	{
		r := &rec_yieldInDefer1{coroc.MakeRecord(&type_yieldInDefer1), r.log}
		defers.Defer(&coroc.DeferFunc{F: coroc.NewFunc(r, r.Call)})
	}
	{
		r := &rec_yieldInDefer2{coroc.MakeRecord(&type_yieldInDefer2), r.log}
		defers.Defer(&coroc.DeferFunc{F: coroc.NewFunc(r, r.Call)})
	}
site_1:
	coroutine.Durable_Yield[int, int](c, 1)
	if !c.Running() {
		*coroc.Frame[frame_entryYieldInDefer](c) = frame_entryYieldInDefer{Site: 1, r: r, defers: defers}
		return
	}
}

func (r *rec_yieldInDefer1) Call() { *r.log = append(*r.log, "last") }

func (r *rec_yieldInDefer2) Call() { r.DurableCall(coroc.Detached) }

func (r *rec_yieldInDefer2) DurableCall(c *coroc.Coroutine) {
	if !c.Running() {
		r = coroc.Pop[frame_yieldInDefer2](c).r
		goto site_1
	}
	*r.log = append(*r.log, "before")
site_1:
	coroutine.Durable_Yield[int, int](c, 2)
	if !c.Running() {
		*coroc.Frame[frame_yieldInDefer2](c) = frame_yieldInDefer2{Site: 1, r: r}
		return
	}
	*r.log = append(*r.log, "after")
}

// entryPanicInDefer

func entryPanicInDefer(log *[]string) func() {
	return entry(func(c *coroc.Coroutine) {
		yieldOnce(c, func() {}, func() { *log = append(*log, "last") }, func() {
			panic(errOops) // crash deferred
		})
	})
}

// frame_site is the frame of the twins below, at whose sites nothing lives but the
// pending defers.
type frame_site struct {
	Site   int
	defers *coroc.Defers
}

// yieldOnce yields 1, calls f and runs the defers.
func yieldOnce(c *coroc.Coroutine, f func(), pending ...func()) {
	defers := &coroc.Defers{}
	defer func() {
		if c.Suspended() {
			return
		}
		if defers.Catches() {
			defers.Caught(recover())
		}
		defers.Exit(c)
	}()
	if !c.Running() {
		defers = coroc.Pop[frame_site](c).defers
		goto site_1
	}
	for _, p := range pending {
		defers.Defer(deferred(p))
	}
site_1:
	coroutine.Durable_Yield[int, int](c, 1)
	if !c.Running() {
		*coroc.Frame[frame_site](c) = frame_site{Site: 1, defers: defers}
		return
	}
	f()
}

// fail

func durable_fail(c *coroc.Coroutine, v any) {
	if !c.Running() {
		coroc.Pop[frame_site](c)
		goto site_1
	}
site_1:
	coroutine.Durable_Yield[int, int](c, 1)
	if !c.Running() {
		*coroc.Frame[frame_site](c) = frame_site{Site: 1}
		return
	}
	panic(v) // crash here
}

func entryFail(v any) func() {
	return entry(func(c *coroc.Coroutine) { durable_fail(c, v) })
}

func entryRunFail(v any) func() {
	return entry(func(c *coroc.Coroutine) {
		if !c.Running() {
			coroc.Pop[frame_site](c)
			goto site_1
		}
	site_1:
		coroutine.Durable_Yield[string, string](c, "")
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 1}
			return
		}
		inner := coroutine.New[int, int](entryFail(v))
		for inner.Next() { // crash inside
			inner.Send(1)
		}
	})
}

func entryExit(log *[]string) func() {
	return entry(func(c *coroc.Coroutine) {
		yieldOnce(c, runtime.Goexit, func() { *log = append(*log, "exit") })
	})
}

// entryStopSelf and entryCall

func entryStopSelf(log *[]string, f func()) func() {
	return entry(func(c *coroc.Coroutine) {
		defers := &coroc.Defers{}
		defer func() {
			if c.Suspended() {
				return
			}
			if defers.Catches() {
				defers.Caught(recover())
			}
			defers.Exit(c)
		}()
		if !c.Running() {
			fr := coroc.Pop[frame_site](c)
			defers = fr.defers
			switch fr.Site {
			case 1:
				goto site_1
			case 2:
				goto site_2
			}
		}
		defers.Defer(deferred(func() { *log = append(*log, "stopped") }))
	site_1:
		coroutine.Durable_Yield[int, int](c, 1)
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 1, defers: defers}
			return
		}
		f()
		*log = append(*log, "goes on")
	site_2:
		coroutine.Durable_Yield[int, int](c, 2)
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 2, defers: defers}
			return
		}
		*log = append(*log, "not reached")
	})
}

func entryCall(f func()) func() {
	return entry(func(c *coroc.Coroutine) {
		if !c.Running() {
			switch coroc.Pop[frame_site](c).Site {
			case 1:
				goto site_1
			case 2:
				goto site_2
			}
		}
	site_1:
		coroutine.Durable_Yield[int, int](c, 1)
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 1}
			return
		}
		f()
	site_2:
		coroutine.Durable_Yield[int, int](c, 2)
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 2}
			return
		}
	})
}

// entryOuter

type frame_entryOuter struct {
	Site  int
	inner coroutine.Coroutine[int, int]
}

func entryOuter(n int) func() {
	return entry(func(c *coroc.Coroutine) {
		var inner coroutine.Coroutine[int, int]
		var s, t_1, t_2 string
		if !c.Running() {
			fr := coroc.Pop[frame_entryOuter](c)
			inner = fr.inner
			switch fr.Site {
			case 1:
				goto site_1
			case 2:
				goto site_2
			}
		}
		inner = coroutine.NewWithReturn[int, int](entryFibonacci(n))
	loop:
		if !inner.Next() {
			goto end
		}
		t_1 = fmt.Sprint("inner ", inner.Recv())
	site_1:
		s = coroutine.Durable_Yield[string, string](c, t_1)
		if !c.Running() {
			*coroc.Frame[frame_entryOuter](c) = frame_entryOuter{Site: 1, inner: inner}
			return
		}
		inner.Send(len(s))
		goto loop
	end:
		t_2 = fmt.Sprint("result ", inner.Result())
	site_2:
		coroutine.Durable_Yield[string, string](c, t_2)
		if !c.Running() {
			*coroc.Frame[frame_entryOuter](c) = frame_entryOuter{Site: 2}
			return
		}
	})
}

// entryContext

type frame_entryContext struct {
	Site int
	ctx  *coroutine.Context[int, int]
	i    int
}

func init() {
	coroc.RegisterFrame[frame_entryContext]("coroutine_test.entryContext.func1", 1,
		coroc.Site{Pos: "programs_test.go:161", Live: []string{"ctx", "i"}})
}

func entryContext(found **coroutine.Context[int, int]) func() {
	return entry(func(c *coroc.Coroutine) {
		var ctx *coroutine.Context[int, int]
		var i, t int
		if !c.Running() {
			fr := coroc.Pop[frame_entryContext](c)
			ctx, i = fr.ctx, fr.i
			goto site_1
		}
		ctx = coroutine.Durable_LoadContext[int, int](c)
		*found = ctx
		i = 1
	loop:
		if !(i < 4) {
			return
		}
	site_1:
		t = ctx.Durable_Yield(c, i)
		if !c.Running() {
			*coroc.Frame[frame_entryContext](c) = frame_entryContext{Site: 1, ctx: ctx, i: i}
			return
		}
		i += t
		i++
		goto loop
	})
}

func entryContextOnce(got *int) func() {
	return entry(func(c *coroc.Coroutine) {
		var ctx *coroutine.Context[int, int]
		var t_1 int
		if !c.Running() {
			coroc.Pop[frame_site](c)
			goto site_1
		}
		ctx = coroutine.Durable_LoadContext[int, int](c)
	site_1:
		t_1 = ctx.Durable_Yield(c, 1)
		if !c.Running() {
			*coroc.Frame[frame_site](c) = frame_site{Site: 1}
			return
		}
		*got = t_1
	})
}

// entryWrongType and entryWrongContext are used as func values by their names.

var (
	entryWrongType = entry(func(c *coroc.Coroutine) {
		coroutine.Durable_Yield[string, int](c, "x")
	})
	entryWrongContext = entry(func(c *coroc.Coroutine) {
		coroutine.Durable_LoadContext[string, int](c)
	})
)

// once is a declared function that is a body itself.
func once() { durable_once(coroc.Detached) }

var entryOnce = once

type frame_once struct{ Site int }

type rec_once struct{ Rec coroc.Record }

var type_once = coroc.RecordType{Proto: (*rec_once)(nil)}

func (*rec_once) DurableCall(c *coroc.Coroutine) { durable_once(c) }

func init() {
	coroc.RegisterFrame[frame_once]("coroutine_test.once", 7, coroc.Site{Pos: "programs_test.go:1"})
	coroc.RegisterFunc(&rec_once{coroc.MakeRecord(&type_once)}, &type_once, "coroutine_test.once", once)
}

func durable_once(c *coroc.Coroutine) {
	if !c.Running() {
		coroc.Pop[frame_once](c)
	}
	coroutine.Durable_Yield[int, int](c, 1)
	if !c.Running() {
		*coroc.Frame[frame_once](c) = frame_once{Site: 1}
	}
}
