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
	if known, ok := x.found.fresh[v]; ok {
		return known
	}
	x.found.fresh[v] = true // as long as nothing else says otherwise
	ok := x.holds(func() { delete(x.found.fresh, v) }, func() bool { return x.isOwn(v) })
	if !ok {
		x.found.fresh[v] = false
	}
	return ok
}

// holds reports whether something is so that is taken to be so while it is asked, as in a loop it has to be. If it
// is not, what has been found on the way is forgotten, since it may rest on that.
func (x *effects) holds(forget func(), is func() bool) bool {
	mark := len(x.found.assumed)
	x.found.assumed = append(x.found.assumed, forget)
	ok := is()
	if !ok {
		for _, f := range x.found.assumed[mark:] {
			f()
		}
	}
	if !ok || mark == 0 {
		x.found.assumed = x.found.assumed[:mark]
	}
	return ok
}

func (x *effects) isOwn(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.Const:
		return true
	case *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap:
		return !x.leaves(v, way{})
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
		return ok && b.Info()&types.IsString != 0 && !x.leaves(v, way{})
	case *ssa.Phi:
		return !slices.ContainsFunc(v.Edges, func(e ssa.Value) bool { return !x.own(e) })
	case *ssa.FreeVar:
		b := x.binding(v)
		return b != nil && x.own(b)
	case *ssa.Call:
		return x.given(v, v)
	case *ssa.Extract:
		switch t := v.Tuple.(type) {
		case *ssa.Call:
			return x.given(t, v)
		case *ssa.Lookup:
			return v.Index == 0 && x.grouped(t.X)
		}
	case *ssa.Lookup:
		return !v.CommaOk && x.grouped(v.X)
	case *ssa.UnOp:
		return v.Op == token.MUL && x.filled(v.X)
	}
	return false
}

// given reports whether v, which is what a call returns or part of it, is made for the caller.
func (x *effects) given(c *ssa.Call, v ssa.Value) bool {
	if b, ok := c.Call.Value.(*ssa.Builtin); ok {
		return b.Name() == "append" && x.own(c.Call.Args[0]) && !x.leaves(v, way{})
	}
	fn := c.Call.StaticCallee()
	if fn == nil || types.IsInterface(v.Type()) { // an error may be that of the call's attempt itself
		return false
	}
	if hasBody(fn) {
		return x.returned(c, fn, v)
	}
	obj := calledObject(fn)
	if obj == nil || x.leaves(v, way{}) {
		return false
	}
	return x.awaits(obj) || makesResults(obj) || isExtending(obj) && x.own(c.Call.Args[0])
}

// returned reports whether v, which is what a call of fn returns or part of it, is what fn has made, or was given
// as what is the caller's own.
func (x *effects) returned(c *ssa.Call, fn *ssa.Function, v ssa.Value) bool {
	at := 0
	if e, ok := v.(*ssa.Extract); ok {
		at = e.Index
	}
	if x.leaves(c, way{}) { // or another part, which may be of one piece with it
		return false
	}
	for _, b := range fn.Blocks {
		r, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok || x.own(r.Results[at]) {
			continue
		}
		from := r.Results[at]
		if a, ok := from.(*ssa.Call); ok && isAppend(a) {
			from = a.Call.Args[0]
		}
		i := slices.Index(fn.Params, paramOf(from))
		if i < 0 || i >= len(c.Call.Args) || !x.own(c.Call.Args[i]) {
			return false
		}
	}
	return true
}

func isAppend(c *ssa.Call) bool {
	b, ok := c.Call.Value.(*ssa.Builtin)
	return ok && b.Name() == "append"
}

// paramOf returns the parameter that points to the memory that v points into, or nil.
func paramOf(v ssa.Value) *ssa.Parameter {
	for {
		switch a := v.(type) {
		case *ssa.FieldAddr:
			v = a.X
		case *ssa.IndexAddr:
			v = a.X
		case *ssa.Slice:
			v = a.X
		case *ssa.ChangeType:
			v = a.X
		case *ssa.Parameter:
			return a
		default:
			return nil
		}
	}
}

// filled reports whether what is loaded from an address is the function's own, because all that is put there is.
func (x *effects) filled(addr ssa.Value) bool {
	root := x.rootOf(addr)
	if p, ok := root.(*ssa.Parameter); ok {
		return p == x.trusted
	}
	if _, ok := root.(*ssa.Alloc); !ok && !x.awaited(root) {
		return false
	}
	return x.own(root) && x.stored(root) && x.onlyAddressed(root, func(i ssa.Instruction, v ssa.Value) bool {
		if _, ok := i.(*ssa.Return); ok {
			return i.Parent() == root.Parent() // nothing of the function comes after that but what is deferred
		}
		return x.fills(i, v)
	})
}

// stored reports whether all that is stored into a variable is the function's own.
func (x *effects) stored(root ssa.Value) bool {
	return !slices.ContainsFunc(x.storesTo(root), func(s *ssa.Store) bool { return pointers(s.Val.Type()) && !x.own(s.Val) })
}

// fills reports whether an instruction that has the address v passes it to functions that put there only what
// they have made.
func (x *effects) fills(i ssa.Instruction, v ssa.Value) bool {
	if m, ok := i.(*ssa.MakeInterface); ok {
		return !slices.ContainsFunc(*m.Referrers(), func(i ssa.Instruction) bool {
			c, ok := i.(*ssa.Call)
			return !ok || !x.leavesAlone(c)
		})
	}
	c, ok := i.(ssa.CallInstruction)
	if _, goes := i.(*ssa.Go); !ok || goes || c.Common().IsInvoke() {
		return false
	}
	fn := c.Common().StaticCallee()
	if fn == nil || !hasBody(fn) {
		call, ok := i.(*ssa.Call)
		return ok && x.leavesAlone(call)
	}
	for n, a := range c.Common().Args {
		if a == v && (n >= len(fn.Params) || !x.fillsBy(fn.Params[n])) {
			return false
		}
	}
	return true
}

// leavesAlone reports whether a function that is not compiled here puts nothing into what it is given but what it has
// made, and does not return it.
func (x *effects) leavesAlone(c *ssa.Call) bool {
	fn := c.Call.StaticCallee()
	if fn == nil || hasBody(fn) || calledObject(fn) == nil {
		return false
	}
	if obj := calledObject(fn); isIn(filling, obj) || isIn(printing, obj) {
		return true
	}
	if refills(c) {
		return !pointers(c.Type())
	}
	changed, ok := x.changes(calledObject(fn), c.Call.Args)
	return ok && len(changed) == 0 && (!pointers(c.Type()) || x.awaited(c) || makesResults(calledObject(fn)))
}

// fillsBy reports whether a function stores through a parameter only what it has made, or what was there.
func (x *effects) fillsBy(p *ssa.Parameter) bool {
	if known, ok := x.fillers[p]; ok {
		return known
	}
	x.fillers[p] = true // as long as nothing else says otherwise
	mark := len(x.filling)
	x.filling = append(x.filling, p)
	trusted, found := x.trusted, x.found
	x.trusted, x.found = p, newFindings() // what is found now holds only for who trusts p
	ok := x.onlyAddressed(p, x.fills) && x.stored(p)
	x.trusted, x.found = trusted, found
	if !ok {
		for _, q := range x.filling[mark:] { // they may rest on this one
			delete(x.fillers, q)
		}
		x.fillers[p] = false
	}
	if !ok || mark == 0 {
		x.filling = x.filling[:mark]
	}
	return ok
}

// awaited reports whether a value is what an await returns: made of bytes, down to the last pointer.
func (x *effects) awaited(v ssa.Value) bool {
	if e, ok := v.(*ssa.Extract); ok {
		v = e.Tuple
	}
	c, ok := v.(*ssa.Call)
	if !ok || c.Call.StaticCallee() == nil {
		return false
	}
	obj := calledObject(c.Call.StaticCallee())
	return obj != nil && x.awaits(obj)
}

// grouped reports whether what is found in a map is the function's own, because all that is put there is.
func (x *effects) grouped(m ssa.Value) bool {
	return isMake(m) && x.own(m) && !slices.ContainsFunc(*m.Referrers(), func(i ssa.Instruction) bool {
		switch i := i.(type) {
		case *ssa.MapUpdate:
			return i.Map != m || pointers(i.Value.Type()) && !x.own(i.Value)
		case *ssa.Lookup, *ssa.Range, *ssa.Return, *ssa.DebugRef:
			return false
		case *ssa.Call:
			b, ok := i.Call.Value.(*ssa.Builtin)
			return !ok || b.Name() != "len" && b.Name() != "delete" && b.Name() != "clear"
		}
		return true
	})
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
	return ok && x.refilled(a) && !slices.ContainsFunc(x.storesTo(a), func(s *ssa.Store) bool {
		_, zero := s.Val.(*ssa.Const)
		return !zero && pointers(s.Val.Type()) && (!flat(s.Val.Type()) || !x.own(s.Val))
	})
}

// refilled reports whether the memory at an address, and what leads on from there, is changed by stores to that
// address, and by functions that put there what they have made.
func (x *effects) refilled(v ssa.Value) bool {
	return x.onlyAddressed(v, func(i ssa.Instruction, _ ssa.Value) bool {
		if m, ok := i.(*ssa.MakeInterface); ok {
			return !slices.ContainsFunc(*m.Referrers(), func(i ssa.Instruction) bool { return !refills(i) })
		}
		return refills(i)
	}) && x.onlyRead(v, true)
}

// refills reports whether an instruction is a call of a function that puts only what it has made into what it is given.
func refills(i ssa.Instruction) bool {
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

// onlyRead reports whether no pointer is stored in the memory that v leads to; at says that v is an address of it,
// and that stores to that are looked at elsewhere.
func (x *effects) onlyRead(v ssa.Value, at bool) bool {
	if !pointers(v.Type()) || !at && flat(v.Type()) {
		return true
	}
	return !slices.ContainsFunc(*v.Referrers(), func(i ssa.Instruction) bool {
		switch i := i.(type) {
		case *ssa.Store:
			if i.Val != v {
				return !at && pointers(i.Val.Type())
			}
			args, ok := x.rootOf(i.Addr).(*ssa.Alloc)
			return !ok || args.Comment != "varargs" || slices.ContainsFunc(*args.Referrers(), func(i ssa.Instruction) bool {
				s, ok := i.(*ssa.Slice)
				return ok && !x.onlyRead(s, false)
			})
		case *ssa.FieldAddr:
			return !x.onlyRead(i, at)
		case *ssa.IndexAddr:
			_, array := i.X.Type().Underlying().(*types.Pointer)
			return !x.onlyRead(i, at && array)
		case *ssa.UnOp, *ssa.Field, *ssa.Index, *ssa.Slice:
			return !x.onlyRead(i.(ssa.Value), false)
		case *ssa.MakeInterface:
			return !at && !x.onlyRead(i, false)
		case *ssa.MakeClosure:
			for n, b := range i.Bindings {
				if b == v && !x.onlyRead(i.Fn.(*ssa.Function).FreeVars[n], at) {
					return true
				}
			}
			return false
		case *ssa.Call:
			if b, ok := i.Call.Value.(*ssa.Builtin); ok {
				return b.Name() != "len" && b.Name() != "cap"
			}
			return !refills(i) && !x.leavesAlone(i)
		case *ssa.Return, *ssa.BinOp, *ssa.DebugRef:
			return false
		}
		return true
	})
}

// storesTo returns what is stored in what v points to, by the closures of its function too.
func (x *effects) storesTo(v ssa.Value) []*ssa.Store {
	top := v.Parent()
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
	return x.stores[top][v]
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
func (x *effects) onlyAddressed(v ssa.Value, besides func(ssa.Instruction, ssa.Value) bool) bool {
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
				if b == v {
					in := i.Fn.(*ssa.Function).FreeVars[n]
					if x.binding(in) != v || !x.onlyAddressed(in, besides) {
						return true
					}
				}
			}
			return false
		}
		return !besides(i, v)
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
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Name() == "Time" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time" {
		return false // its time zone is never changed
	}
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
