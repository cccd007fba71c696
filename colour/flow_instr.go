package colour

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// function adds the body of fn to the graph, once.
func (f *flow) function(fn *ssa.Function) {
	if f.done[fn] {
		return
	}
	f.done[fn] = true
	f.funcs = append(f.funcs, fn)
	defer f.lookAt(fn)()
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			f.instr(fn, instr)
		}
	}
	for _, a := range fn.AnonFuncs {
		f.function(a)
	}
}

// assign makes a value of type t flow from one place to another; what is
// behind a pointer flows both ways.
func (f *flow) assign(from, to *place, t types.Type) {
	if isPointer(t) {
		f.both(from, to)
	} else {
		f.edge(from, to)
	}
}

func (f *flow) copy(from, to ssa.Value) {
	f.assign(f.value(from), f.value(to), to.Type())
}

func (f *flow) instr(fn *ssa.Function, instr ssa.Instruction) {
	// Functions that are operands exist, whatever is done with them.
	var ops [10]*ssa.Value
	for _, op := range instr.Operands(ops[:0]) {
		if g, ok := (*op).(*ssa.Function); ok {
			f.value(g)
			if g.Syntax() == nil && hasBody(g) {
				f.wrappers[g] = instr
			}
		}
	}
	switch v := instr.(type) {
	case *ssa.Phi:
		for _, e := range v.Edges {
			f.copy(e, v)
		}
	case *ssa.ChangeType:
		f.changeType(v.X, v)
	case *ssa.Convert:
		f.copy(v.X, v)
	case *ssa.MultiConvert:
		f.copy(v.X, v)
	case *ssa.ChangeInterface:
		f.copy(v.X, v)
	case *ssa.SliceToArrayPointer, *ssa.Slice, *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap, *ssa.MakeChan:
		// containers are places by type
	case *ssa.MakeInterface:
		t := f.intern(v.X.Type())
		f.boxed[t] = true
		if isFunc(t) {
			f.edge(f.value(v.X), f.value(v))
			break
		}
		f.put(f.value(v), item{typ: t})
		f.assign(f.value(v.X), f.elem('*', t), t)
		if types.IsInterface(t) { // a type parameter
			f.edge(f.value(v.X), f.value(v))
			f.put(f.value(v), item{})
		}
	case *ssa.TypeAssert:
		f.typeAssert(v)
	case *ssa.UnOp:
		switch v.Op {
		case token.MUL:
			f.assign(f.value(v.X), f.value(v), v.Type())
		case token.ARROW:
			if !v.CommaOk {
				f.assign(f.element(v.X.Type()), f.value(v), v.Type())
			}
		}
	case *ssa.Store:
		f.assign(f.value(v.Val), f.value(v.Addr), v.Val.Type())
		if fa, ok := v.Addr.(*ssa.FieldAddr); ok && isFunc(v.Val.Type()) {
			if s, ok := deref(fa.X.Type()).Underlying().(*types.Struct); ok {
				if fld := s.Field(fa.Field); fld.Pkg() != nil && !f.compiled(fld.Pkg()) {
					f.stores = append(f.stores, store{v, fld})
				}
			}
		}
	case *ssa.FieldAddr:
		f.both(f.field(deref(v.X.Type()), v.Field), f.value(v))
	case *ssa.Field:
		f.assign(f.field(v.X.Type(), v.Field), f.value(v), v.Type())
	case *ssa.IndexAddr:
		f.both(f.element(v.X.Type()), f.value(v))
	case *ssa.Index:
		f.assign(f.element(v.X.Type()), f.value(v), v.Type())
	case *ssa.Lookup:
		if !v.CommaOk {
			f.assign(f.element(v.X.Type()), f.value(v), v.Type())
		}
	case *ssa.MapUpdate:
		c := f.containers(v.Map.Type())
		if len(c) == 2 {
			f.assign(f.value(v.Value), c[0], v.Value.Type())
			f.assign(f.value(v.Key), c[1], v.Key.Type())
		}
	case *ssa.Send:
		f.assign(f.value(v.X), f.element(v.Chan.Type()), v.X.Type())
	case *ssa.Select:
		for _, s := range v.States {
			if s.Dir == types.SendOnly {
				f.assign(f.value(s.Send), f.element(s.Chan.Type()), s.Send.Type())
			}
		}
	case *ssa.Extract:
		f.extract(v)
	case *ssa.MakeClosure:
		g := v.Fn.(*ssa.Function)
		f.function(g)
		f.put(f.value(v), item{fn: g})
		for i, b := range v.Bindings {
			f.copy(b, g.FreeVars[i])
		}
	case *ssa.Return:
		for i, r := range v.Results {
			f.assign(f.value(r), f.result(fn)[i], r.Type())
		}
	case *ssa.Panic:
		f.edge(f.value(v.X), f.panics)
	case *ssa.Call:
		f.call(fn, &v.Call, v)
	case *ssa.Defer:
		f.call(fn, &v.Call, nil)
	case *ssa.Go:
		f.call(fn, &v.Call, nil)
	}
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// changeType is a conversion between types of one underlying type.
func (f *flow) changeType(x, v ssa.Value) {
	f.copy(x, v)
	from, to := f.containers(x.Type()), f.containers(v.Type())
	for i := range from {
		if i < len(to) {
			f.both(from[i], to[i])
		}
	}
	s, ok := deref(x.Type()).Underlying().(*types.Struct)
	if !ok {
		return
	}
	// Tags may differ.
	if t, ok := deref(v.Type()).Underlying().(*types.Struct); ok && s != t {
		for i := range s.NumFields() {
			if i < t.NumFields() {
				f.both(f.field(s, i), f.field(t, i))
			}
		}
	}
}

func (f *flow) typeAssert(v *ssa.TypeAssert) {
	if v.CommaOk {
		return // see extract
	}
	f.asserted(v, f.value(v))
}

func (f *flow) asserted(v *ssa.TypeAssert, to *place) {
	if to == nil {
		return
	}
	if isPointer(v.AssertedType) {
		f.both(f.elem('*', v.AssertedType), to)
		return
	}
	f.edge(f.value(v.X), to)
}

func (f *flow) extract(v *ssa.Extract) {
	to := f.value(v)
	if to == nil {
		return
	}
	switch t := v.Tuple.(type) {
	case *ssa.Call:
		f.assign(f.tuple(t, v.Index), to, v.Type())
	case *ssa.TypeAssert:
		if v.Index == 0 {
			f.asserted(t, to)
		}
	case *ssa.Lookup:
		if v.Index == 0 {
			f.assign(f.element(t.X.Type()), to, v.Type())
		}
	case *ssa.UnOp:
		if v.Index == 0 {
			f.assign(f.element(t.X.Type()), to, v.Type())
		}
	case *ssa.Next:
		if r, ok := t.Iter.(*ssa.Range); ok {
			c := f.containers(r.X.Type())
			if len(c) == 2 {
				switch v.Index {
				case 1:
					f.assign(c[1], to, v.Type())
				case 2:
					f.assign(c[0], to, v.Type())
				}
			}
		}
	case *ssa.Select:
		i := v.Index - 2
		for _, s := range t.States {
			if s.Dir != types.RecvOnly {
				continue
			}
			if i == 0 {
				f.assign(f.element(s.Chan.Type()), to, v.Type())
				break
			}
			i--
		}
	}
}

type tupleKey struct {
	call  *ssa.Call
	index int
}

// tuple returns the place of one result of a call that has several.
func (f *flow) tuple(c *ssa.Call, i int) *place {
	k := tupleKey{c, i}
	p, ok := f.tuples[k]
	if !ok {
		if t, ok := content(c.Type().(*types.Tuple).At(i).Type()); ok {
			p = f.newPlace(t)
		}
		f.tuples[k] = p
	}
	return p
}

// call adds a call; v is its value, nil for those of defer and go statements.
func (f *flow) call(in *ssa.Function, common *ssa.CallCommon, v *ssa.Call) {
	if b, ok := common.Value.(*ssa.Builtin); ok {
		f.builtin(b, common, v)
		return
	}
	c := &call{common: common, value: v, in: in, callees: map[*ssa.Function]bool{}}
	f.calls = append(f.calls, c)
	if p := common.Pos(); p.IsValid() {
		f.byPos[p] = append(f.byPos[p], c)
	}
	for _, a := range common.Args {
		if rng := rangeBody(a); rng != nil {
			f.ranges[rng.For] = append(f.ranges[rng.For], c)
		}
	}
	if in.Syntax() == nil {
		f.wrapped[in] = append(f.wrapped[in], c)
	}
	var res []*place
	if v != nil {
		res = f.returned(v)
	}
	if common.IsInvoke() {
		m := common.Method
		f.use(f.value(common.Value), func(i item) {
			if i == (item{}) {
				f.unknown(c, res)
				return
			}
			if fn := f.method(i.typ, m); fn != nil {
				f.bind(c, fn, true, res)
			}
		})
		if f.value(common.Value) == nil {
			f.unknown(c, res)
		}
		return
	}
	if fn := common.StaticCallee(); fn != nil {
		if mc, ok := common.Value.(*ssa.MakeClosure); ok {
			f.value(mc)
		}
		f.bind(c, fn, false, res)
		f.linkFrozen(c.in, fn)
		return
	}
	f.use(f.value(common.Value), func(i item) {
		if i.fn == nil {
			f.unknown(c, res)
			return
		}
		f.bind(c, i.fn, false, res)
	})
}

// rangeBody returns the range statement whose body v is, or nil.
func rangeBody(v ssa.Value) *ast.RangeStmt {
	if mc, ok := v.(*ssa.MakeClosure); ok {
		v = mc.Fn
	}
	if fn, ok := v.(*ssa.Function); ok {
		rng, _ := fn.Syntax().(*ast.RangeStmt)
		return rng
	}
	return nil
}

// method returns the function that a call of the interface method m of a
// value of type t runs.
func (f *flow) method(t types.Type, m *types.Func) *ssa.Function {
	if t == nil {
		return nil
	}
	sel := f.prog.MethodSets.MethodSet(t).Lookup(m.Pkg(), m.Name())
	if sel == nil {
		return nil
	}
	fn := f.prog.MethodValue(sel)
	if fn != nil {
		f.function(fn)
	}
	return fn
}

// bind makes fn a callee of c.
func (f *flow) bind(c *call, fn *ssa.Function, invoke bool, res []*place) {
	if c.callees[fn] {
		return
	}
	c.callees[fn] = true
	if !hasBody(fn) {
		if g := f.proper(fn); g != nil {
			f.bind(c, g, invoke, res)
			return
		}
	}
	c.order = append(c.order, fn)
	defer f.lookAt(c.in)()
	f.function(fn)
	if !hasBody(fn) {
		f.opaqueCall(c, fn, invoke, res)
		return
	}
	args := c.common.Args
	if invoke {
		args = append([]ssa.Value{nil}, args...) // methods of what is in an interface: places are by type
	}
	for i, a := range args {
		if i >= len(fn.Params) {
			break
		}
		if a == nil {
			f.receiver(c, fn.Params[0])
			continue
		}
		f.assign(f.value(a), f.value(fn.Params[i]), a.Type())
	}
	for i, r := range f.result(fn) {
		if i < len(res) {
			f.assign(r, res[i], fn.Signature.Results().At(i).Type())
		}
	}
}

// receiver passes the functions in an interface on to the receiver of a method
// of a func type.
func (f *flow) receiver(c *call, recv *ssa.Parameter) {
	if p := f.value(recv); p != nil && isFunc(recv.Type()) {
		f.edge(f.value(c.common.Value), p)
	}
}

// unknown is a call of something that opaque code made.
func (f *flow) unknown(c *call, res []*place) {
	if c.unknown {
		return
	}
	c.unknown = true
	defer f.lookAt(c.in)()
	for _, a := range c.common.Args {
		to := f.outside
		if isFunc(a.Type()) {
			to = f.lent
		}
		f.escape(a, to)
	}
	for _, r := range res {
		f.both(r, f.outside)
	}
}

// opaqueCall is a call of a function that has no source.
func (f *flow) opaqueCall(c *call, fn *ssa.Function, invoke bool, res []*place) {
	obj := calledObject(fn)
	lib := obj != nil && obj.Pkg() != nil && f.library(obj.Pkg())
	for i, a := range c.common.Args {
		to := f.outside
		if isFunc(a.Type()) && isCallback(obj, i, invoke) {
			to = f.lent
			if lib {
				to = f.mine
			}
		}
		f.escape(a, to)
	}
	if invoke && isFunc(fn.Signature.Recv().Type()) {
		f.edge(f.value(c.common.Value), f.outside)
	}
	for i, r := range res {
		t := fn.Signature.Results().At(i).Type()
		f.assign(f.outside, r, t)
		f.escapeType(t)
	}
}

func (f *flow) escape(a ssa.Value, to *place) {
	if p := f.value(a); p != nil {
		f.assign(p, to, a.Type())
		return
	}
	f.escapeType(a.Type())
}

// calledObject returns the declared function that fn is, or an instance of.
func calledObject(fn *ssa.Function) *types.Func {
	if o, ok := fn.Object().(*types.Func); ok {
		return o.Origin()
	}
	return nil
}

// isCallback reports whether argument i of a call of fn (receivers count,
// except in calls through interfaces) is declared as a func, not as a type
// parameter or an interface: the callee can call it.
func isCallback(fn *types.Func, i int, invoke bool) bool {
	sig := fn.Signature()
	if sig.Recv() != nil && !invoke {
		if i == 0 {
			return isFunc(sig.Recv().Type())
		}
		i--
	}
	if i >= sig.Params().Len() {
		return false
	}
	t := sig.Params().At(i).Type()
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return false
	}
	return isFunc(t)
}

func (f *flow) builtin(b *ssa.Builtin, common *ssa.CallCommon, v *ssa.Call) {
	switch b.Name() {
	case "append", "copy":
		if len(common.Args) == 2 {
			f.edge(f.element(common.Args[1].Type()), f.element(common.Args[0].Type()))
		}
	case "recover":
		if v != nil {
			f.edge(f.panics, f.value(v))
		}
	case "ssa:wrapnilchk":
		if v != nil {
			f.copy(common.Args[0], v)
		}
	}
}
