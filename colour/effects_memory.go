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
	x.fresh[v] = true // as long as nothing else says otherwise
	ok := x.holds(func() { delete(x.fresh, v) }, func() bool { return x.isOwn(v) })
	if !ok {
		x.fresh[v] = false
	}
	return ok
}

// holds reports whether something is so that is taken to be so while it is asked, as in a loop it has to be. If it
// is not, what has been found on the way is forgotten, since it may rest on that.
func (x *effects) holds(forget func(), is func() bool) bool {
	mark := len(x.assumed)
	x.assumed = append(x.assumed, forget)
	ok := is()
	if !ok {
		for _, f := range x.assumed[mark:] {
			f()
		}
	}
	if !ok || mark == 0 {
		x.assumed = x.assumed[:mark]
	}
	return ok
}

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
		b, ok := v.X.Type().Underlying().(*types.Basic)
		return ok && b.Info()&types.IsString != 0 && !x.leaves(v, false)
	case *ssa.Phi:
		return !slices.ContainsFunc(v.Edges, func(e ssa.Value) bool { return !x.own(e) })
	case *ssa.FreeVar:
		b := x.binding(v)
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
	root := x.rootOf(addr)
	a, ok := root.(*ssa.Alloc)
	if !ok || !x.own(a) || !x.onlyAddressed(a, func(ssa.Instruction) bool { return false }) {
		return false
	}
	return !slices.ContainsFunc(x.storesTo(a), func(s *ssa.Store) bool { return !x.deep(s.Val) })
}

// settled reports whether v, of which all is changed that it leads to, leads to memory that is the function's
// own if v is.
func (x *effects) settled(v ssa.Value) bool {
	if m, ok := v.(*ssa.MakeInterface); ok {
		v = m.X
	}
	if flat(v.Type()) || types.TypeString(v.Type(), nil) == "*strings.Builder" { // which cannot be copied
		return true
	}
	a, ok := x.rootOf(v).(*ssa.Alloc)
	return ok && x.refilled(a) && !slices.ContainsFunc(x.storesTo(a), func(s *ssa.Store) bool { return !x.deep(s.Val) })
}

// refilled reports whether the memory at an address is changed by stores, and by functions that put
// there what they have made.
func (x *effects) refilled(v ssa.Value) bool {
	return x.onlyAddressed(v, func(i ssa.Instruction) bool {
		if m, ok := i.(*ssa.MakeInterface); ok {
			return !slices.ContainsFunc(*m.Referrers(), func(i ssa.Instruction) bool { return !x.refills(i) })
		}
		return x.refills(i)
	})
}

// refills reports whether an instruction is a call of a function that puts only what it has made into what it is given.
func (x *effects) refills(i ssa.Instruction) bool {
	c, ok := i.(*ssa.Call)
	if !ok || c.Call.StaticCallee() == nil || hasBody(c.Call.StaticCallee()) {
		return false
	}
	obj := calledObject(c.Call.StaticCallee())
	if obj == nil {
		return false
	}
	_, ok = changingMethods[receiverOf(obj)]
	return ok || isIn(filling, obj) || isIn(printing, obj)
}

// storesTo returns what is stored in a variable, by the closures of its function too.
func (x *effects) storesTo(a *ssa.Alloc) []*ssa.Store {
	top := a.Parent()
	for top.Parent() != nil {
		top = top.Parent()
	}
	if x.stores[top] == nil {
		roots := map[ssa.Value][]*ssa.Store{}
		eachStore(top, func(s *ssa.Store) {
			root := x.rootOf(s.Addr)
			roots[root] = append(roots[root], s)
		})
		x.stores[top] = roots
	}
	return x.stores[top][a]
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
	case *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap, *ssa.Convert, *ssa.Phi:
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
func (x *effects) rootOf(addr ssa.Value) ssa.Value {
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
			b := x.binding(a)
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
func (x *effects) binding(v *ssa.FreeVar) ssa.Value {
	fn := v.Parent()
	in := fn.Parent()
	if in == nil {
		return nil
	}
	if x.made[in] == nil {
		made := map[ssa.Value][]*ssa.MakeClosure{}
		for _, b := range in.Blocks {
			for _, i := range b.Instrs {
				if m, ok := i.(*ssa.MakeClosure); ok {
					made[m.Fn] = append(made[m.Fn], m)
				}
			}
		}
		x.made[in] = made
	}
	i := slices.Index(fn.FreeVars, v)
	var found ssa.Value
	for _, m := range x.made[in][fn] {
		if found != nil && found != m.Bindings[i] {
			return nil
		}
		found = m.Bindings[i]
	}
	return found
}

// onlyAddressed reports whether an address is used for stores and loads only, so that the stores say what
// is there, and for what may be done besides.
func (x *effects) onlyAddressed(v ssa.Value, besides func(ssa.Instruction) bool) bool {
	return !slices.ContainsFunc(*v.Referrers(), func(i ssa.Instruction) bool {
		switch i := i.(type) {
		case *ssa.Store:
			return i.Val == v
		case *ssa.UnOp, *ssa.DebugRef:
			return false
		case *ssa.FieldAddr:
			return !x.onlyAddressed(i, besides)
		case *ssa.IndexAddr:
			return !x.onlyAddressed(i, besides)
		case *ssa.MakeClosure:
			for n, b := range i.Bindings {
				if b == v && !x.onlyAddressed(i.Fn.(*ssa.Function).FreeVars[n], besides) {
					return true
				}
			}
			return false
		}
		return !besides(i)
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
