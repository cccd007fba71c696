package colour

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// This file finds out whether memory that a function has made gets into other hands: by what the
// function does with it, and by what is done with it in what the function calls.

// A leak is the question whether a value gets into other hands.
type leak struct {
	v ssa.Value
	way
}

// A way is where a value comes from.
type way struct {
	kept bool           // it is code, or leads to it, which may run later: what is returned gets into other hands too
	of   *ssa.Parameter // it is what that leads to: stored there, it gets no further
}

// leaves reports whether v, or what it leads to, may get into the hands of others: anywhere in the
// function, since what others have got once they keep. What is returned is in other hands when the
// function is over, unless it is code.
func (x *effects) leaves(v ssa.Value, w way) bool {
	if !pointers(v.Type()) {
		return false
	}
	k := leak{v, w}
	if known, ok := x.found.leaks[k]; ok {
		return known
	}
	x.found.leaks[k] = false
	stays := x.holds(func() { delete(x.found.leaks, k) }, func() bool {
		refs := v.Referrers()
		return refs != nil && !slices.ContainsFunc(*refs, func(i ssa.Instruction) bool { return x.takes(i, v, w) })
	})
	if !stays {
		x.found.leaks[k] = true
	}
	return !stays
}

// takes reports whether an instruction that has v hands it to others.
func (x *effects) takes(i ssa.Instruction, v ssa.Value, w way) bool {
	switch i := i.(type) {
	case *ssa.Store:
		if i.Val != v {
			return false
		}
		root := x.rootOf(i.Addr)
		p, _ := root.(*ssa.Parameter)
		_, ok := root.(*ssa.Alloc)
		if p != nil {
			return p != w.of && p != x.trusted || x.leaves(p, w)
		}
		return !ok && !x.awaited(root) || x.leaves(root, w)
	case *ssa.MapUpdate:
		return (i.Key == v || i.Value == v) && (!isMake(i.Map) || x.leaves(i.Map, w))
	case *ssa.Convert:
		return !pointers(i.Type()) && isUnsafe(v.Type()) || x.leaves(i, w) // a number may be made a pointer again
	case *ssa.UnOp, *ssa.FieldAddr, *ssa.IndexAddr, *ssa.Field, *ssa.Index, *ssa.Lookup, *ssa.Slice, *ssa.Phi, *ssa.Extract,
		*ssa.ChangeType, *ssa.ChangeInterface, *ssa.MakeInterface, *ssa.TypeAssert, *ssa.SliceToArrayPointer,
		*ssa.Range, *ssa.Next:
		return x.leaves(i.(ssa.Value), w)
	case *ssa.MakeClosure:
		fn := i.Fn.(*ssa.Function)
		for n, b := range i.Bindings {
			if b == v && x.leaves(fn.FreeVars[n], w) { // what the code returns is looked at where it is called
				return true
			}
		}
		return x.leaves(i, way{true, w.of})
	case *ssa.Call:
		return x.hands(i.Common(), v) || x.leaves(i, w)
	case *ssa.Defer:
		return i.DeferStack != v && x.hands(i.Common(), v)
	case *ssa.Return:
		return w.kept
	case *ssa.BinOp, *ssa.If, *ssa.DebugRef:
		return false
	}
	return true
}

func isMake(v ssa.Value) bool {
	_, ok := v.(*ssa.MakeMap)
	return ok
}

func isUnsafe(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.UnsafePointer
}

// hands reports whether a call hands v to others, other than by what it returns.
func (x *effects) hands(common *ssa.CallCommon, v ssa.Value) bool {
	if b, ok := common.Value.(*ssa.Builtin); ok {
		switch b.Name() {
		case "append", "copy":
			return len(common.Args) > 1 && common.Args[1] == v && !flat(v.Type()) && !x.own(common.Args[0])
		case "cap", "clear", "close", "delete", "len", "print", "println", "ssa:deferstack", "ssa:wrapnilchk":
			return false
		}
		return true // of package unsafe
	}
	args, first := common.Args, 0
	if common.IsInvoke() {
		args, first = append([]ssa.Value{common.Value}, args...), 1
	}
	if !slices.Contains(args, v) {
		return x.yields(common) // v is called
	}
	if isIterator(common.Value) || first == 1 && withoutEffect(common.Method) {
		return false
	}
	callees, ok := x.callees(common)
	if !ok {
		return true
	}
	for _, fn := range callees {
		if !hasBody(fn) {
			if x.keeps(fn, args, v) {
				return true
			}
			continue
		}
		for i, a := range args {
			if a == v && (i >= len(fn.Params) || x.leaves(fn.Params[i], way{of: fn.Params[i]})) {
				return true
			}
		}
	}
	return false
}

// yields reports whether code that is called may be an iterator that is not compiled here, and so hands what it leads
// to to callbacks that do not keep it for themselves.
func (x *effects) yields(common *ssa.CallCommon) bool {
	callees, ok := x.callees(common)
	if ok && !slices.ContainsFunc(callees, func(fn *ssa.Function) bool { return !hasBody(fn) }) {
		return false
	}
	return slices.ContainsFunc(common.Args, func(a ssa.Value) bool { return pointers(a.Type()) && !(isFunc(a.Type()) && x.passesNothing(a)) })
}

// keeps reports whether a function that is not compiled here hands v, one of its arguments, to others.
func (x *effects) keeps(fn *ssa.Function, args []ssa.Value, v ssa.Value) bool {
	obj := calledObject(fn)
	if obj == nil {
		return true
	}
	changed, known := x.changes(obj, args)
	if !known {
		return true
	}
	for _, c := range changed {
		if c.of != v && (!x.own(c.of) || c.deep && !x.settled(c.of)) { // it may be in there now
			return true
		}
	}
	for _, a := range args {
		if a != v && isFunc(a.Type()) && !x.passesNothing(a) {
			return true
		}
	}
	return false
}

// passesNothing reports whether a callback does not hand what it is given to others.
func (x *effects) passesNothing(v ssa.Value) bool {
	return isCode(v, func(fn *ssa.Function) bool {
		return !slices.ContainsFunc(fn.Params, func(p *ssa.Parameter) bool { return x.leaves(p, way{of: p}) })
	})
}

// isCode reports whether a callback is a function of which something is so, or one that is not compiled here
// and is known to be quiet.
func isCode(v ssa.Value, is func(*ssa.Function) bool) bool {
	if isIterator(v) {
		return true
	}
	switch fn := codeOf(v); {
	case fn == nil:
		return false
	case hasBody(fn):
		return is(fn)
	default:
		return isQuietCallback(fn)
	}
}

// codeOf returns the function that a value of func type is, or nil.
func codeOf(v ssa.Value) *ssa.Function {
	switch f := v.(type) {
	case *ssa.Function:
		return f
	case *ssa.MakeClosure:
		return f.Fn.(*ssa.Function)
	case *ssa.ChangeType:
		return codeOf(f.X)
	}
	return nil
}

// isIterator reports whether a value of func type goes over the elements of a slice or a map.
func isIterator(v ssa.Value) bool {
	c, ok := v.(*ssa.Call)
	if !ok || c.Call.StaticCallee() == nil || hasBody(c.Call.StaticCallee()) {
		return false
	}
	obj := calledObject(c.Call.StaticCallee())
	return obj != nil && obj.Pkg() != nil && isIn(iterating, obj)
}

// isQuietCallback reports whether a function that is not compiled here, and is given to another one,
// has no effect.
func isQuietCallback(fn *ssa.Function) bool {
	obj := calledObject(fn)
	if obj == nil || !withoutEffect(obj) {
		return false
	}
	for p := range fn.Signature.Params().Variables() {
		if isFunc(p.Type()) {
			return false
		}
	}
	return true
}
