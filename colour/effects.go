package colour

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// This file proves of a call that may suspend that what runs behind it, up to the end of the
// function, has no effect: that nothing but memory of the coroutine itself is changed, and that it
// comes to the next suspension or to its end soon. What is awaited there need not be durable
// before the function goes on: if it is lost, nobody has seen what followed from it.
//
// What may run is what the control flow graph of SSA leads to, with the deferred calls of the
// function and everything that is called. A call that is not understood is an effect, so is a loop
// that need not end: see [effects.endless].

// An Effect is the first thing behind a call that others could see, or why there might be one.
type Effect struct {
	Pos  token.Position
	What string  // calls (*billing).say, sends to a channel, ...
	Next *Effect // what the function does that is called there
}

// Last returns what is the effect itself, behind all calls that lead to it.
func (e *Effect) Last() *Effect {
	for e.Next != nil {
		e = e.Next
	}
	return e
}

// Chain returns what leads to the effect.
func (e *Effect) Chain() []typecheck.Related {
	var out []typecheck.Related
	for ; e != nil; e = e.Next {
		out = append(out, typecheck.Related{Pos: e.Pos, Message: e.What})
	}
	return out
}

type effects struct {
	a      *analysis
	calls  map[*ssa.CallCommon]*call
	bodies map[*ssa.Function]*verdict
	fresh  map[ssa.Value]bool
	leaks  map[leak]bool

	assumed []func() // see assume
}

// A verdict is what is known of a whole function.
type verdict struct {
	effect *Effect
	known  bool // else it is being looked at
}

// prove finds the calls that may suspend and behind which there are no effects.
func (a *analysis) prove() {
	x := &effects{
		a:      a,
		calls:  map[*ssa.CallCommon]*call{},
		bodies: map[*ssa.Function]*verdict{},
		fresh:  map[ssa.Value]bool{},
		leaks:  map[leak]bool{},
	}
	for _, c := range a.flow.calls {
		x.calls[c.common] = c
	}
	awaiting := a.awaiting()
	for _, s := range a.list {
		if s.owner == nil || !awaiting[s.owner] {
			continue
		}
		var f *Site
		var calls []*call
		switch {
		case s.rng != nil:
			f, calls = a.facts.Ranges[s.rng], a.flow.ranges[s.rng.For]
		case s.gostmt == nil:
			f, calls = a.facts.Sites[s.call], a.flow.byPos[s.call.Lparen]
		}
		if f == nil {
			continue
		}
		f.Awaits = true
		if len(calls) == 0 {
			f.Effect = &Effect{Pos: a.mod.Position(s.pos()), What: "is not analysed"}
		}
		for _, c := range calls { // of each instance of a generic function
			if f.Effect == nil {
				f.Effect = x.behind(c)
			}
		}
	}
}

// awaiting returns what may await a call of dispatch: of other coroutines nobody asks for effects.
func (a *analysis) awaiting() map[*node]bool {
	callers := map[*node][]*node{}
	found := map[*node]bool{}
	var queue []*node
	for _, s := range a.list {
		if s.owner == nil || s.gostmt != nil {
			continue
		}
		for _, n := range s.to {
			callers[n] = append(callers[n], s.owner)
		}
		if s.twin != nil && inDispatch(s.twin.Pkg()) {
			queue = append(queue, s.owner)
		}
	}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !found[n] {
			found[n] = true
			queue = append(queue, callers[n]...)
		}
	}
	return found
}

func inDispatch(p *types.Package) bool {
	return p != nil && (p.Path() == typecheck.DispatchPath || strings.HasPrefix(p.Path(), typecheck.DispatchPath+"/"))
}

// behind returns the first effect behind a call.
func (x *effects) behind(c *call) *Effect {
	if c.value == nil {
		return &Effect{Pos: x.a.position(c), What: "is a deferred call"}
	}
	from := c.value.Block()
	at := slices.Index(from.Instrs, ssa.Instruction(c.value))
	return x.reached(c.in, from.Instrs[at+1:], from.Succs)
}

// whole returns the first effect of a function.
func (x *effects) whole(fn *ssa.Function) *Effect {
	v := x.bodies[fn]
	if v == nil {
		v = new(verdict)
		x.bodies[fn] = v
		if len(x.assumed) > 0 {
			x.assume(func() { delete(x.bodies, fn) })
		}
		v.effect = x.reached(fn, nil, fn.Blocks[:1])
		v.known = true
	}
	if !v.known {
		return &Effect{Pos: x.a.mod.Position(fn.Pos()), What: "calls itself, and need not come to an end soon"}
	}
	return v.effect
}

// reached returns the first effect of some instructions of a function and of what follows the
// blocks behind them.
func (x *effects) reached(fn *ssa.Function, rest []ssa.Instruction, next []*ssa.BasicBlock) *Effect {
	if e := x.instructions(rest); e != nil {
		return e
	}
	seen := map[*ssa.BasicBlock]bool{}
	var walk func(b *ssa.BasicBlock)
	walk = func(b *ssa.BasicBlock) {
		if b == nil || seen[b] {
			return
		}
		seen[b] = true
		for _, s := range b.Succs {
			walk(s)
		}
	}
	for _, b := range next {
		walk(b)
	}
	walk(fn.Recover)
	for _, b := range fn.Blocks {
		for _, i := range b.Instrs {
			if d, ok := i.(*ssa.Defer); ok { // wherever it stands, it may be due when the function ends
				if e := x.called(d.Common(), d.Pos()); e != nil {
					return e
				}
			}
		}
	}
	for _, b := range fn.Blocks {
		if seen[b] {
			if e := x.instructions(b.Instrs); e != nil {
				return e
			}
		}
	}
	return x.endless(fn, seen)
}

func (x *effects) instructions(list []ssa.Instruction) *Effect {
	for _, i := range list {
		if e := x.instruction(i); e != nil {
			return e
		}
	}
	return nil
}

func (x *effects) instruction(i ssa.Instruction) *Effect {
	what := ""
	switch i := i.(type) {
	case *ssa.Store:
		if g, ok := i.Addr.(*ssa.Global); ok {
			what = "changes the package-level variable " + g.Name()
		} else if a, ok := rootOf(i.Addr).(*ssa.Alloc); ok && a.Comment == "varargs" {
			// The call is what counts.
		} else if !x.own(i.Addr) {
			what = "changes memory that others may see"
		}
	case *ssa.MapUpdate:
		if !x.own(i.Map) {
			what = "changes a map that others may see"
		}
	case *ssa.Send:
		what = "sends to a channel"
	case *ssa.Select:
		what = "sends to or receives from channels"
	case *ssa.UnOp:
		if i.Op == token.ARROW {
			what = "receives from a channel"
		}
	case *ssa.Go:
		what = "starts a goroutine"
	case *ssa.Call:
		return x.called(i.Common(), i.Pos())
	}
	if what == "" {
		return nil
	}
	return &Effect{Pos: x.a.mod.Position(i.Pos()), What: what}
}

// called returns the first effect of a call.
func (x *effects) called(common *ssa.CallCommon, pos token.Pos) *Effect {
	effect := func(what string, next *Effect) *Effect {
		at := x.a.mod.Position(pos)
		if s := x.a.sites[pos]; s != nil && s.call != nil {
			at = x.a.mod.Position(s.call.Pos())
		}
		return &Effect{Pos: at, What: what, Next: next}
	}
	if b, ok := common.Value.(*ssa.Builtin); ok {
		switch b.Name() {
		case "append", "copy", "delete", "clear":
			if !x.own(common.Args[0]) {
				return effect("changes by "+b.Name()+" what others may see", nil)
			}
		case "close":
			return effect("closes a channel", nil)
		case "print", "println":
			return effect("prints", nil)
		}
		return nil
	}
	if common.IsInvoke() && withoutEffect(common.Method) {
		return nil
	}
	callees := []*ssa.Function{common.StaticCallee()}
	if callees[0] == nil {
		c := x.calls[common]
		if c == nil || c.unknown {
			return effect("calls what is not known here", nil)
		}
		callees = c.order
	}
	for _, fn := range callees {
		if !hasBody(fn) {
			if p := x.a.flow.proper(fn); p != nil {
				fn = p
			}
		}
		if hasBody(fn) {
			if e := x.whole(fn); e != nil {
				if fn.Syntax() == nil && e.Next != nil {
					return effect(e.What, e.Next) // a wrapper
				}
				return effect("calls "+nameOf(fn), e)
			}
			continue
		}
		obj := calledObject(fn)
		switch {
		case obj == nil:
			return effect("calls "+fn.Name()+", of which nothing is known", nil)
		case x.awaits(obj):
		case withoutEffect(obj) && !slices.ContainsFunc(common.Args, func(v ssa.Value) bool { return isFunc(v.Type()) && !x.harmless(v) }):
		case changesLast(obj) && x.harmless(common.Args[len(common.Args)-1]):
		case changesArguments(obj) && !slices.ContainsFunc(common.Args, func(v ssa.Value) bool { return !x.harmless(v) }):
		default:
			return effect("calls "+describe(obj)+", which is not known to be without effects", nil)
		}
	}
	return nil
}

// harmless reports whether code that changes what it is given, and calls it, has no effect.
func (x *effects) harmless(v ssa.Value) bool {
	switch f := v.(type) {
	case *ssa.Function:
		return hasBody(f) && x.whole(f) == nil
	case *ssa.MakeClosure:
		return x.whole(f.Fn.(*ssa.Function)) == nil
	case *ssa.ChangeType:
		return x.harmless(f.X)
	}
	return !isFunc(v.Type()) && (!pointers(v.Type()) || x.own(v))
}

// awaits reports whether a function is a suspension point of a workflow. That ends a stretch of
// code, or returns an error at once.
func (x *effects) awaits(obj *types.Func) bool {
	return inDispatch(obj.Pkg()) && x.a.twins.of(obj) != nil
}

// endless returns what of the blocks of a function may go round for long: a loop other than one
// over the elements of something that is there, and in which the coroutine is not suspended in
// each turn.
func (x *effects) endless(fn *ssa.Function, blocks map[*ssa.BasicBlock]bool) *Effect {
	const (
		entered = iota + 1
		left
	)
	state := map[*ssa.BasicBlock]int{}
	var walk func(b *ssa.BasicBlock) *Effect
	walk = func(b *ssa.BasicBlock) *Effect {
		state[b] = entered
		defer func() { state[b] = left }()
		if x.suspends(b) {
			return nil
		}
		for _, s := range b.Succs {
			if !blocks[s] || bounded(s) && s.Dominates(b) {
				continue
			}
			switch state[s] {
			case entered:
				return &Effect{Pos: x.a.mod.Position(positionOf(s, fn)), What: "has a loop that need not end soon"}
			case 0:
				if e := walk(s); e != nil {
					return e
				}
			}
		}
		return nil
	}
	for _, b := range fn.Blocks {
		if blocks[b] && state[b] == 0 {
			if e := walk(b); e != nil {
				return e
			}
		}
	}
	return nil
}

// bounded reports whether a block is the head of a loop over the elements of a slice, an array, a
// map or a string, which SSA names so. If it did not, no loop would be bounded.
func bounded(b *ssa.BasicBlock) bool {
	return b.Comment == "rangeindex.loop" || b.Comment == "rangeiter.loop"
}

// suspends reports whether a block has a call that always suspends.
func (x *effects) suspends(b *ssa.BasicBlock) bool {
	return slices.ContainsFunc(b.Instrs, func(i ssa.Instruction) bool {
		c, ok := i.(*ssa.Call)
		if !ok || c.Call.StaticCallee() == nil {
			return false
		}
		fn := c.Call.StaticCallee()
		if obj := calledObject(fn); obj != nil && !hasBody(fn) && x.awaits(obj) {
			return true
		}
		t := x.a.resolve(fn)
		return len(t.nodes) == 1 && x.a.saved(x.a.certainSite(t.nodes[0]))
	})
}

// positionOf returns where the code of a block is, or that of what it leads to.
func positionOf(b *ssa.BasicBlock, fn *ssa.Function) token.Pos {
	for seen := map[*ssa.BasicBlock]bool{}; b != nil && !seen[b]; {
		seen[b] = true
		for _, i := range b.Instrs {
			if _, ok := i.(*ssa.Phi); !ok && i.Pos().IsValid() {
				return i.Pos()
			}
		}
		if len(b.Succs) == 0 {
			break
		}
		b = b.Succs[0]
	}
	return fn.Pos()
}

func nameOf(fn *ssa.Function) string {
	if obj := calledObject(fn); obj != nil {
		return describe(obj)
	}
	return "a function literal"
}
