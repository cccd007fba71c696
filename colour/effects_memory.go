package colour

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// This file tells memory that only a function has from what others may see. A function has what it
// has made, or has been given by an await, as long as no pointer to it has got out of its hands.
// What is not sure is not its own.

// own reports whether what v points to is the function's own.
func (x *effects) own(v ssa.Value) bool {
	if known, ok := x.fresh[v]; ok {
		return known
	}
	first := len(x.assumed) == 0
	x.fresh[v] = true // as long as nothing else says otherwise
	x.assume(func() { delete(x.fresh, v) })
	ok := x.isOwn(v)
	if first {
		// What has been found on the way holds if this does.
		if !ok {
			for _, forget := range x.assumed {
				forget()
			}
		}
		x.assumed = x.assumed[:0]
	}
	if !ok {
		x.fresh[v] = false
	}
	return ok
}

// assume notes how to forget what is only known if the question that is being asked gets a yes.
func (x *effects) assume(forget func()) { x.assumed = append(x.assumed, forget) }

func (x *effects) isOwn(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.Const:
		return true
	case *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap:
		return !x.leaves(v, false)
	case *ssa.FieldAddr:
		return x.own(v.X)
	case *ssa.IndexAddr:
		return x.own(v.X)
	case *ssa.Slice:
		return x.own(v.X)
	case *ssa.ChangeType:
		return x.own(v.X)
	case *ssa.MakeInterface:
		return !pointers(v.X.Type()) || x.own(v.X)
	case *ssa.Convert: // of a string
		_, ok := v.X.Type().Underlying().(*types.Basic)
		return ok && v.X.Type().Underlying() != types.Typ[types.UnsafePointer] && !x.leaves(v, false)
	case *ssa.Phi:
		return !slices.ContainsFunc(v.Edges, func(e ssa.Value) bool { return !x.own(e) })
	case *ssa.FreeVar:
		b := binding(v)
		return b != nil && x.own(b)
	case *ssa.Call:
		return x.given(v, v)
	case *ssa.Extract:
		c, ok := v.Tuple.(*ssa.Call)
		return ok && x.given(c, v)
	case *ssa.UnOp:
		return v.Op == token.MUL && x.filled(v.X)
	}
	return false
}

// given reports whether v, which is what a call returns or part of it, is made for the caller.
func (x *effects) given(c *ssa.Call, v ssa.Value) bool {
	if b, ok := c.Call.Value.(*ssa.Builtin); ok {
		return b.Name() == "append" && x.own(c.Call.Args[0]) && !x.leaves(v, false)
	}
	if types.IsInterface(v.Type()) {
		return false // an error may be that of the call's attempt itself
	}
	fn := c.Call.StaticCallee()
	if fn == nil || hasBody(fn) {
		return false
	}
	obj := calledObject(fn)
	return obj != nil && (x.awaits(obj) || makesResults(obj)) && !x.leaves(v, false)
}

// filled reports whether what is loaded from an address was put there by the function and is its own,
// and everything that leads on from there too.
func (x *effects) filled(addr ssa.Value) bool {
	root := rootOf(addr)
	a, ok := root.(*ssa.Alloc)
	if !ok || !x.own(a) || !onlyAddressed(a) {
		return false
	}
	top := a.Parent()
	for top.Parent() != nil {
		top = top.Parent()
	}
	good := true
	eachStore(top, func(s *ssa.Store) {
		if good && rootOf(s.Addr) == root && pointers(s.Val.Type()) {
			good = x.deep(s.Val)
		}
	})
	return good
}

// deep reports whether all memory that can be reached from v is the function's own. It is only
// asked of what is stored.
func (x *effects) deep(v ssa.Value) bool {
	if !pointers(v.Type()) {
		return true
	}
	switch v := v.(type) {
	case *ssa.Const:
		return true
	case *ssa.Call:
		return x.own(v) && (x.awaited(v) || flat(v.Type()))
	case *ssa.Extract:
		return x.own(v) && (x.awaited(v.Tuple) || flat(v.Type()))
	case *ssa.UnOp:
		return v.Op == token.MUL && x.filled(v.X)
	case *ssa.Slice:
		return x.deep(v.X)
	case *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap, *ssa.Phi:
		return x.own(v) && flat(v.Type())
	}
	return false
}

// awaited reports whether a value is what an await returns: made of bytes, down to the last pointer.
func (x *effects) awaited(v ssa.Value) bool {
	c, ok := v.(*ssa.Call)
	if !ok || c.Call.StaticCallee() == nil {
		return false
	}
	obj := calledObject(c.Call.StaticCallee())
	return obj != nil && x.awaits(obj)
}

// flat reports whether no pointers are in what a value of the type points to.
func flat(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return !pointers(u.Elem())
	case *types.Slice:
		return !pointers(u.Elem())
	case *types.Map:
		return !pointers(u.Key()) && !pointers(u.Elem())
	}
	return !pointers(t)
}

// rootOf returns what the memory at an address is part of.
func rootOf(addr ssa.Value) ssa.Value {
	for {
		switch a := addr.(type) {
		case *ssa.FieldAddr:
			addr = a.X
		case *ssa.IndexAddr:
			if _, ok := a.X.Type().Underlying().(*types.Pointer); !ok {
				return addr // an element of a slice
			}
			addr = a.X
		case *ssa.FreeVar:
			b := binding(a)
			if b == nil {
				return addr
			}
			addr = b
		default:
			return addr
		}
	}
}

// binding returns what a free variable is bound to, or nil.
func binding(v *ssa.FreeVar) ssa.Value {
	fn := v.Parent()
	i := slices.Index(fn.FreeVars, v)
	if fn.Parent() == nil || i < 0 {
		return nil
	}
	var found ssa.Value
	for _, b := range fn.Parent().Blocks {
		for _, instr := range b.Instrs {
			if m, ok := instr.(*ssa.MakeClosure); ok && m.Fn == fn {
				if found != nil && found != m.Bindings[i] {
					return nil
				}
				found = m.Bindings[i]
			}
		}
	}
	return found
}

// onlyAddressed reports whether an address is used for stores and loads only, so that the stores say what
// is there.
func onlyAddressed(v ssa.Value) bool {
	return !slices.ContainsFunc(*v.Referrers(), func(i ssa.Instruction) bool {
		switch i := i.(type) {
		case *ssa.Store:
			return i.Val == v
		case *ssa.UnOp, *ssa.DebugRef:
			return false
		case *ssa.FieldAddr:
			return !onlyAddressed(i)
		case *ssa.IndexAddr:
			return !onlyAddressed(i)
		case *ssa.MakeClosure:
			for n, b := range i.Bindings {
				if b == v && !onlyAddressed(i.Fn.(*ssa.Function).FreeVars[n]) {
					return true
				}
			}
			return false
		}
		return true
	})
}

func eachStore(fn *ssa.Function, do func(*ssa.Store)) {
	for _, b := range fn.Blocks {
		for _, i := range b.Instrs {
			if s, ok := i.(*ssa.Store); ok {
				do(s)
			}
		}
	}
	for _, f := range fn.AnonFuncs {
		eachStore(f, do)
	}
}

// leaves reports whether v, or what it leads to, may get into the hands of others: anywhere in the
// function, since what others have got once they keep. What is returned is in other hands when the
// function is over, unless it is code: kept says that v is a closure, or in one, that runs later.
func (x *effects) leaves(v ssa.Value, kept bool) bool {
	if !pointers(v.Type()) {
		return false
	}
	k := leak{v, kept}
	if known, ok := x.leaks[k]; ok {
		return known
	}
	x.leaks[k] = false
	x.assume(func() { delete(x.leaks, k) })
	refs := v.Referrers()
	out := refs == nil || slices.ContainsFunc(*refs, func(i ssa.Instruction) bool { return x.takes(i, v, kept) })
	if out {
		x.leaks[k] = true
	}
	return out
}

type leak struct {
	v    ssa.Value
	kept bool
}

// takes reports whether an instruction that has v hands it to others.
func (x *effects) takes(i ssa.Instruction, v ssa.Value, kept bool) bool {
	switch i := i.(type) {
	case *ssa.Store:
		if i.Val != v {
			return false
		}
		a, ok := rootOf(i.Addr).(*ssa.Alloc)
		return !ok || x.leaves(a, kept)
	case *ssa.MapUpdate:
		return (i.Key == v || i.Value == v) && (!isMake(i.Map) || x.leaves(i.Map, kept))
	case *ssa.UnOp, *ssa.FieldAddr, *ssa.IndexAddr, *ssa.Field, *ssa.Index, *ssa.Lookup, *ssa.Slice, *ssa.Phi, *ssa.Extract,
		*ssa.ChangeType, *ssa.ChangeInterface, *ssa.MakeInterface, *ssa.TypeAssert, *ssa.Convert, *ssa.SliceToArrayPointer,
		*ssa.Range, *ssa.Next, *ssa.MultiConvert:
		return x.leaves(i.(ssa.Value), kept)
	case *ssa.MakeClosure:
		fn := i.Fn.(*ssa.Function)
		for n, b := range i.Bindings {
			if b == v && x.leaves(fn.FreeVars[n], true) {
				return true
			}
		}
		return x.leaves(i, true)
	case *ssa.Call:
		return x.hands(i.Common(), v) || x.leaves(i, kept)
	case *ssa.Defer:
		return x.hands(i.Common(), v)
	case *ssa.Return:
		return kept
	case *ssa.BinOp, *ssa.If, *ssa.DebugRef:
		return false
	}
	return true
}

func isMake(v ssa.Value) bool {
	_, ok := v.(*ssa.MakeMap)
	return ok
}

// hands reports whether a call hands v to others. A call without effects does not.
func (x *effects) hands(common *ssa.CallCommon, v ssa.Value) bool {
	if _, ok := common.Value.(*ssa.Builtin); ok {
		return false // append and copy: into what is the function's own, or an effect
	}
	if common.Value == v && !common.IsInvoke() {
		return false // a closure is called
	}
	return x.called(common, token.NoPos) != nil
}

// pointers reports whether a value of the type may lead to memory that can be changed.
func pointers(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Array:
		return pointers(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if pointers(f.Type()) {
				return true
			}
		}
		return false
	case *types.Tuple:
		for f := range u.Variables() {
			if pointers(f.Type()) {
				return true
			}
		}
		return false
	}
	return true
}
