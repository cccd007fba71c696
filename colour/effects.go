package colour

import (
	"go/ast"
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

// Chain returns what leads to the effect.
func (e *Effect) Chain() []typecheck.Related {
	var out []typecheck.Related
	for ; e != nil; e = e.Next {
		out = append(out, typecheck.Related{Pos: e.Pos, Message: e.What})
	}
	return out
}

type effects struct {
	a       *analysis
	calls   map[*ssa.CallCommon]*call
	bodies  map[*ssa.Function]*verdict
	in      *verdict                                           // of the function that is looked at for whoever calls it; else nil
	stores  map[*ssa.Function]map[ssa.Value][]*ssa.Store       // of functions with their literals, by what they store into
	made    map[*ssa.Function]map[ssa.Value][]*ssa.MakeClosure // in functions, by the code
	fillers map[*ssa.Parameter]bool                            // see fillsBy
	filling []*ssa.Parameter                                   // those fillers that are not sure yet
	trusted *ssa.Parameter                                     // what can be loaded from there when it is given is its function's own
	loaded  map[ssa.Value]bool                                 // see meets
	found   findings
}

// findings are what has been found of memory.
type findings struct {
	fresh   map[ssa.Value]bool
	leaks   map[leak]bool
	assumed []func() // how to forget it: see holds
}

func newFindings() findings { return findings{fresh: map[ssa.Value]bool{}, leaks: map[leak]bool{}} }

// A verdict is what is known of a whole function.
type verdict struct {
	effect *Effect
	needs  []need
	known  bool // else it is being looked at
}

// A need is the parameter of a function that has no effect if what that points to is its caller's own; loaded
// says, if what is loaded from there points to such memory.
type need struct {
	param  int
	loaded bool
	effect *Effect // if it is not so
}

// prove finds the calls that may suspend and behind which there are no effects.
func (a *analysis) prove() {
	x := &effects{
		a:       a,
		calls:   map[*ssa.CallCommon]*call{},
		bodies:  map[*ssa.Function]*verdict{},
		stores:  map[*ssa.Function]map[ssa.Value][]*ssa.Store{},
		made:    map[*ssa.Function]map[ssa.Value][]*ssa.MakeClosure{},
		fillers: map[*ssa.Parameter]bool{},
		loaded:  map[ssa.Value]bool{},
		found:   newFindings(),
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

// whole returns what is known of a function.
func (x *effects) whole(fn *ssa.Function) *verdict {
	v := x.bodies[fn]
	if v == nil {
		v = new(verdict)
		x.bodies[fn] = v
		in := x.in
		x.in = v
		v.effect = x.reached(fn, nil, fn.Blocks[:1])
		x.in = in
		v.known = true
	}
	if !v.known {
		return &verdict{effect: &Effect{Pos: x.a.mod.Position(fn.Pos()), What: "calls itself, and need not come to an end soon"}}
	}
	return v
}

// owns reports whether a function may change what v points to: that is its own, or it is up to who calls it, which
// is noted with the effect.
func (x *effects) owns(v ssa.Value, effect *Effect) bool {
	if x.own(v) {
		return true
	}
	p, loaded := paramOf(v), false
	if p == nil {
		if load, ok := v.(*ssa.UnOp); ok && load.Op == token.MUL {
			p, _ = x.rootOf(load.X).(*ssa.Parameter)
			loaded = true
		}
	}
	if p == nil {
		return false
	}
	return x.note(p, loaded, effect)
}

// note notes that a function needs a parameter, if it is the one that is looked at.
func (x *effects) note(p *ssa.Parameter, loaded bool, effect *Effect) bool {
	if x.in == nil || x.bodies[p.Parent()] != x.in {
		return false
	}
	n := need{slices.Index(p.Parent().Params, p), loaded, effect}
	if !slices.ContainsFunc(x.in.needs, func(m need) bool { return m.param == n.param && m.loaded == n.loaded }) {
		x.in.needs = append(x.in.needs, n)
	}
	return true
}

// meets reports whether an argument is what a function that is called needs.
func (x *effects) meets(n need, arg ssa.Value, effect *Effect) bool {
	if !n.loaded {
		return x.owns(arg, effect)
	}
	if p, ok := x.rootOf(arg).(*ssa.Parameter); ok {
		return x.note(p, true, effect)
	}
	ok, known := x.loaded[arg]
	if !known {
		ok = x.filled(arg)
		x.loaded[arg] = ok
	}
	return ok
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
	for _, d := range deferredIn(fn) { // wherever it stands, it may be due when the function ends
		if e := x.called(d.Common(), d.Pos()); e != nil {
			return e
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

// deferredIn returns the defer statements of a function, with those in bodies of ranges over functions.
func deferredIn(fn *ssa.Function) []*ssa.Defer {
	var found []*ssa.Defer
	for _, b := range fn.Blocks {
		for _, i := range b.Instrs {
			if d, ok := i.(*ssa.Defer); ok {
				found = append(found, d)
			}
		}
	}
	for _, f := range fn.AnonFuncs {
		if _, ok := f.Syntax().(*ast.RangeStmt); ok {
			found = append(found, deferredIn(f)...)
		}
	}
	return found
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
	var changed ssa.Value
	switch i := i.(type) {
	case *ssa.Store:
		if g, ok := i.Addr.(*ssa.Global); ok {
			what = "changes the package-level variable " + g.Name()
		} else if a, ok := x.rootOf(i.Addr).(*ssa.Alloc); ok && a.Comment == "varargs" {
			// The call is what counts.
		} else {
			what = "changes memory that others may see"
			changed = i.Addr
		}
	case *ssa.MapUpdate:
		what = "changes a map that others may see"
		changed = i.Map
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
	pos := i.Pos()
	if !pos.IsValid() && changed != nil {
		pos = changed.Pos()
	}
	e := &Effect{Pos: x.a.mod.Position(pos), What: what}
	if changed != nil && x.owns(changed, e) {
		return nil
	}
	return e
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
			if e := effect("changes by "+b.Name()+" what others may see", nil); !x.owns(common.Args[0], e) {
				return e
			}
		case "close":
			return effect("closes a channel", nil)
		case "print", "println":
			return effect("prints", nil)
		}
		return nil
	}
	if common.IsInvoke() && withoutEffect(common.Method) || isIterator(common.Value) && x.harmless(common.Args[0]) {
		return nil
	}
	callees, ok := x.callees(common)
	if !ok {
		return effect("calls what is not known here", nil)
	}
	args := common.Args
	if common.IsInvoke() {
		args = append([]ssa.Value{common.Value}, args...)
	}
	for _, fn := range callees {
		if hasBody(fn) {
			calls := func(e *Effect) *Effect {
				if fn.Syntax() == nil {
					return effect(e.What, e.Next) // a wrapper
				}
				return effect("calls "+nameOf(fn), e)
			}
			v := x.whole(fn)
			if v.effect != nil {
				return calls(v.effect)
			}
			for _, n := range v.needs {
				if e := calls(n.effect); n.param >= len(args) || !x.meets(n, args[n.param], e) {
					return e
				}
			}
			continue
		}
		obj := calledObject(fn)
		if obj == nil {
			return effect("calls "+fn.Name()+", of which nothing is known", nil)
		}
		if e := x.opaque(obj, args, func(what string) *Effect {
			return effect("calls "+describe(obj)+", which "+what, nil)
		}); e != nil {
			return e
		}
	}
	return nil
}

// callees returns what a call may run; not ok is that nobody knows.
func (x *effects) callees(common *ssa.CallCommon) (order []*ssa.Function, ok bool) {
	if fn := common.StaticCallee(); fn != nil {
		order = []*ssa.Function{fn}
	} else {
		c := x.calls[common]
		if c == nil || c.unknown {
			return nil, false
		}
		order = c.order
	}
	order = slices.Clone(order)
	for i, fn := range order {
		if !hasBody(fn) {
			if p := x.a.flow.proper(fn); p != nil {
				order[i] = p
			}
		}
	}
	return order, true
}

// opaque returns the effect of a call of a function that is not compiled here.
func (x *effects) opaque(obj *types.Func, args []ssa.Value, effect func(what string) *Effect) *Effect {
	changed, known := x.changes(obj, args)
	if !known {
		return effect("is not known to be without effects")
	}
	for _, c := range changed {
		if e := effect("changes memory that others may see"); c.deep && !x.settled(c.of) || !x.owns(c.of, e) {
			return e
		}
	}
	for _, v := range args {
		if isFunc(v.Type()) && !x.harmless(v) {
			return effect("calls what is not known to be without effects")
		}
	}
	return nil
}

// harmless reports whether a callback has no effect.
func (x *effects) harmless(v ssa.Value) bool {
	return isCode(v, func(fn *ssa.Function) bool {
		w := x.whole(fn)
		return w.effect == nil && len(w.needs) == 0
	})
}

// awaits reports whether a function is a suspension point of a workflow. That ends a stretch of
// code, or returns an error at once.
func (x *effects) awaits(obj *types.Func) bool {
	return inDispatch(obj.Pkg()) && x.a.twins.of(obj) != nil
}

func nameOf(fn *ssa.Function) string {
	if obj := calledObject(fn); obj != nil {
		return describe(obj)
	}
	return "a function literal"
}
