package colour

import (
	"cmp"
	"go/token"
	"go/types"
	"maps"
	mathbits "math/bits"
	"slices"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// This file finds out which functions a func value may be and which types an
// interface may hold. It is variable type analysis (Sundaresan et al., 2000),
// as callgraph/vta has it: a graph of places that values of func and interface
// types flow through, places in memory being one for each field of a struct
// type and one for the elements of each type of container. Two things are
// different. Calls add edges as their callees become known, so no call graph
// is needed to start with. And code that is known only by its types takes
// part: what is handed to it comes out of it again, wherever a type allows;
// callgraph/vta has no callees at all for such a value.

// An item is something that may be in a place: a function (typ is nil in a
// place of func type, else the type that it had when it became part of an
// interface), a concrete type in an interface, or, if both are nil, an unknown
// value that comes out of opaque code.
type item struct {
	fn  *ssa.Function
	typ types.Type // interned
}

// An itemID is the number of an item: there are millions of pairs of a place and an
// item in a large module.
type itemID int32

// A place is a node of the flow graph.
type place struct {
	typ     types.Type // interned type of what is in it (of what a pointer points to); nil for anything
	has     bits       // the items
	toks    []itemID   // in the order in which they came
	passed  int        // how many of them the places behind this one have
	pending bool       // not all of them
	next    map[*place]bool
	nexts   []*place
	uses    []func(item)
}

// bits has a bit for each item.
type bits []uint64

func (b *bits) set(i itemID) (isNew bool) {
	word, bit := int(i/64), uint64(1)<<(i%64)
	for word >= len(*b) {
		*b = append(*b, 0)
	}
	isNew = (*b)[word]&bit == 0
	(*b)[word] |= bit
	return isNew
}

// A call is a call instruction, and who may be called by it.
type call struct {
	common  *ssa.CallCommon
	value   *ssa.Call // nil for those of defer and go statements
	in      *ssa.Function
	callees map[*ssa.Function]bool
	order   []*ssa.Function
	unknown bool // a callee may be code that is not known at all
}

type elemKey struct {
	kind byte
	typ  types.Type
}

type fieldKey struct {
	typ   types.Type
	index int
}

// implementers are the items that an interface can hold, of the first n.
type implementers struct {
	iface *types.Interface
	has   bits
	n     int
}

type flow struct {
	prog     *ssa.Program
	library  func(*types.Package) bool         // our own: keeps what it is given for itself, calls callbacks as durable functions
	compiled func(*types.Package) bool         // from source
	proper   func(*ssa.Function) *ssa.Function // the function with a body that a test variant without bodies has by name
	canon    typeutil.Map                      // interned types
	items    []item                            // by their numbers
	tokens   map[item]itemID
	values   map[ssa.Value]*place
	at       *ssa.Function                     // whose code is looked at
	made     map[maker]*place                  // functions of opaque code as values
	wrappers map[*ssa.Function]ssa.Instruction // what makes a method value or expression
	elems    map[elemKey]*place
	fields   map[fieldKey]*place
	results  map[*ssa.Function][]*place
	impl     map[types.Type]*implementers // by interned interface type
	escaped  map[types.Type]bool
	tuples   map[tupleKey]*place
	done     map[*ssa.Function]bool
	funcs    []*ssa.Function
	outside  *place // what opaque code has
	lent     *place // what it has to call, and not to give it out again: options and other callbacks
	mine     *place // callbacks that our own library has
	panics   *place
	calls    []*call
	byPos    map[token.Pos][]*call // by CallExpr.Lparen
	ranges   map[token.Pos][]*call // by RangeStmt.For
	wrapped  map[*ssa.Function][]*call
	versions map[*types.Func]string // of functions with frozen versions, and of these: the name in states
	stores   []store
	boxed    map[types.Type]bool // types of values that become part of an interface
	pending  []*place
	delta    bits
}

// A store puts a func value into a field of a struct that opaque code declares.
type store struct {
	instr *ssa.Store
	field *types.Var
}

func newFlow(prog *ssa.Program) *flow {
	f := &flow{
		prog:     prog,
		tokens:   map[item]itemID{},
		values:   map[ssa.Value]*place{},
		made:     map[maker]*place{},
		wrappers: map[*ssa.Function]ssa.Instruction{},
		elems:    map[elemKey]*place{},
		fields:   map[fieldKey]*place{},
		results:  map[*ssa.Function][]*place{},
		impl:     map[types.Type]*implementers{},
		escaped:  map[types.Type]bool{},
		tuples:   map[tupleKey]*place{},
		done:     map[*ssa.Function]bool{},
		byPos:    map[token.Pos][]*call{},
		ranges:   map[token.Pos][]*call{},
		wrapped:  map[*ssa.Function][]*call{},
		versions: map[*types.Func]string{},
		boxed:    map[types.Type]bool{},
	}
	f.outside, f.lent, f.mine, f.panics = f.newPlace(nil), f.newPlace(nil), f.newPlace(nil), f.newPlace(nil)
	f.outside.uses = append(f.outside.uses, f.enter)
	f.mine.uses = append(f.mine.uses, f.enter)
	f.put(f.outside, item{})
	f.edge(f.lent, f.outside)
	f.edge(f.panics, f.outside)
	f.edge(f.outside, f.panics)
	return f
}

// intern returns one representative of all types identical to t.
func (f *flow) intern(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	if c := f.canon.At(t); c != nil {
		return c.(types.Type)
	}
	f.canon.Set(t, t)
	return t
}

// internLocals makes types of the same name, which versions of a function declare, one.
func (f *flow) internLocals(names map[*types.TypeName]string) {
	objs := slices.SortedFunc(maps.Keys(names), func(a, b *types.TypeName) int { return cmp.Compare(a.Pos(), b.Pos()) })
	first := map[string]types.Type{}
	for _, obj := range objs {
		same := first[names[obj]]
		if same == nil {
			first[names[obj]] = obj.Type()
			continue
		}
		f.canon.Set(obj.Type(), f.intern(same))
		f.canon.Set(types.NewPointer(obj.Type()), f.intern(types.NewPointer(same)))
		if f.canon.At(obj.Type().Underlying()) == nil {
			f.canon.Set(obj.Type().Underlying(), f.intern(same.Underlying()))
		}
	}
}

func (f *flow) newPlace(t types.Type) *place {
	return &place{typ: f.intern(t), next: map[*place]bool{}}
}

// content returns the type of what flows through a value of type t, with
// pointers taken off, or nil if no func and no interface does.
func content(t types.Type) (types.Type, bool) {
	for {
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			t = u.Elem()
			if _, ok := types.Unalias(t).(*types.Named); ok && isPointer(t) {
				return nil, false // may be type P *P
			}
		case *types.Signature:
			return t, true
		case *types.Interface:
			return t, true
		default:
			return nil, false
		}
	}
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func isFunc(t types.Type) bool {
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// value returns the place of v, or nil if nothing of interest flows there.
func (f *flow) value(v ssa.Value) *place {
	if p, ok := f.values[v]; ok {
		return p
	}
	var p *place
	switch v := v.(type) {
	case *ssa.Const, *ssa.Builtin:
	case *ssa.Function:
		if isOpaque(v) {
			return f.makes(v)
		}
		p = f.newPlace(v.Type())
		f.values[v] = p
		f.put(p, item{fn: v})
		f.function(v)
		return p
	case *ssa.Global:
		if t, ok := content(v.Type()); ok {
			p = f.newPlace(t)
			if v.Pkg == nil || !f.compiled(v.Pkg.Pkg) {
				f.share(p)
			}
		}
	default:
		if t, ok := content(v.Type()); ok {
			p = f.newPlace(t)
		}
	}
	f.values[v] = p
	return p
}

func (f *flow) elem(kind byte, t types.Type) *place {
	c, ok := content(t)
	if !ok {
		return nil
	}
	k := elemKey{kind, f.intern(t)}
	p := f.elems[k]
	if p == nil {
		p = f.newPlace(c)
		f.elems[k] = p
	}
	return p
}

func (f *flow) field(t types.Type, i int) *place {
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	c, ok := content(s.Field(i).Type())
	if !ok {
		return nil
	}
	k := fieldKey{f.intern(s), i}
	p := f.fields[k]
	if p == nil {
		p = f.newPlace(c)
		f.fields[k] = p
		// The fields of a struct that opaque code declares are open to it.
		if pkg := s.Field(i).Pkg(); pkg != nil && !f.compiled(pkg) {
			f.share(p)
		}
	}
	return p
}

// containers returns the places of the elements of a container.
func (f *flow) containers(t types.Type) []*place {
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return []*place{f.elem('s', u.Elem())}
	case *types.Array:
		return []*place{f.elem('s', u.Elem())}
	case *types.Pointer:
		if a, ok := u.Elem().Underlying().(*types.Array); ok {
			return []*place{f.elem('s', a.Elem())}
		}
	case *types.Chan:
		return []*place{f.elem('c', u.Elem())}
	case *types.Map:
		return []*place{f.elem('m', u.Elem()), f.elem('k', u.Key())}
	case *types.Interface: // a type parameter in the body of a generic function
		return []*place{f.outside}
	}
	return nil
}

func (f *flow) element(t types.Type) *place {
	if c := f.containers(t); len(c) > 0 {
		return c[0]
	}
	return nil
}

func (f *flow) put(p *place, t item) {
	if p == nil {
		return
	}
	f.putToken(p, f.token(t))
}

// token returns the number of an item.
func (f *flow) token(t item) itemID {
	tok, ok := f.tokens[t]
	if !ok {
		tok = itemID(len(f.items))
		f.tokens[t] = tok
		f.items = append(f.items, t)
	}
	return tok
}

func (f *flow) putToken(p *place, tok itemID) {
	if !p.has.set(tok) {
		return
	}
	p.toks = append(p.toks, tok)
	if !p.pending {
		p.pending = true
		f.pending = append(f.pending, p)
	}
}

// in returns the items at a place.
func (f *flow) in(p *place) []item {
	items := make([]item, len(p.toks))
	for i, tok := range p.toks {
		items[i] = f.items[tok]
	}
	return items
}

func (f *flow) edge(from, to *place) {
	if from == nil || to == nil || from == to || from.next[to] {
		return
	}
	from.next[to] = true
	from.nexts = append(from.nexts, to)
	f.passAll(from, to, from.toks[:from.passed])
}

// share makes a place in memory common with opaque code.
func (f *flow) share(p *place) {
	if p == nil || p == f.outside {
		return
	}
	f.edge(f.outside, p)
	if p.typ != nil && isFunc(p.typ) {
		f.edge(p, f.lent)
	} else {
		f.edge(p, f.outside)
	}
}

func (f *flow) both(a, b *place) {
	f.edge(a, b)
	f.edge(b, a)
}

// passAll moves tokens along an edge, as far as the type at its end allows it. There are
// so many pairs of an edge and a token that those between interfaces are dealt with by the
// word.
func (f *flow) passAll(from, to *place, toks []itemID) {
	if len(toks) < 8 || from.typ != nil && isFunc(from.typ) || to.typ != nil && isFunc(to.typ) {
		for _, tok := range toks {
			f.pass(from, to, tok)
		}
		return
	}
	clear(f.delta)
	for _, tok := range toks {
		f.delta.set(tok)
	}
	var can bits
	if to.typ != nil {
		can = f.implementers(to.typ)
	}
	for i, w := range f.delta {
		if i < len(to.has) {
			w &^= to.has[i]
		}
		if to.typ != nil {
			w &= can[i]
		}
		for ; w != 0; w &= w - 1 {
			tok := itemID(i*64 + mathbits.TrailingZeros64(w))
			if t := f.items[tok]; t.fn != nil && t.typ == nil {
				f.pass(from, to, tok) // it becomes part of an interface
			} else {
				f.putToken(to, tok)
			}
		}
	}
}

// implementers returns the items that values of an interface type can hold, and what is
// no item of an interface.
func (f *flow) implementers(iface types.Type) bits {
	x := f.impl[iface]
	if x == nil {
		x = &implementers{}
		x.iface, _ = iface.Underlying().(*types.Interface)
		f.impl[iface] = x
	}
	for ; x.n < len(f.items); x.n++ {
		if t := f.items[x.n]; t.typ == nil || x.iface != nil && !types.IsInterface(t.typ) && (x.iface.NumMethods() == 0 || types.Implements(t.typ, x.iface)) {
			x.has.set(itemID(x.n))
		}
	}
	for len(x.has)*64 < len(f.items) {
		x.has = append(x.has, 0)
	}
	return x.has
}

// pass moves a token along an edge, if the type at its end allows it.
func (f *flow) pass(from, to *place, tok itemID) {
	t := f.items[tok]
	if t == (item{}) {
		f.putToken(to, tok)
		return
	}
	if t.fn != nil && t.typ == nil {
		if to.typ != nil && isFunc(to.typ) {
			if types.Identical(to.typ.Underlying(), from.typ.Underlying()) {
				f.putToken(to, tok)
			}
			return
		}
		t.typ = from.typ
	}
	switch {
	case to.typ == nil:
	case isFunc(to.typ):
		if t.fn == nil || to.typ != t.typ {
			return
		}
		t.typ = nil
	case !f.implements(to.typ, t):
		return
	}
	if t == f.items[tok] {
		f.putToken(to, tok)
	} else {
		f.put(to, t)
	}
}

// implements reports whether an item can be in a place of an interface type.
func (f *flow) implements(iface types.Type, t item) bool {
	tok := f.token(t)
	return f.implementers(iface)[tok/64]&(1<<(tok%64)) != 0
}

// use calls do with every token that is or will be at p.
func (f *flow) use(p *place, do func(item)) {
	if p == nil {
		return
	}
	p.uses = append(p.uses, do)
	for _, t := range f.in(p) {
		do(t)
	}
}

func (f *flow) solve() {
	for len(f.pending) > 0 {
		p := f.pending[len(f.pending)-1]
		f.pending = f.pending[:len(f.pending)-1]
		p.pending = false
		toks := p.toks[p.passed:]
		p.passed = len(p.toks)
		for i := 0; i < len(p.nexts); i++ {
			f.passAll(p, p.nexts[i], toks)
		}
		for _, tok := range toks {
			for i := 0; i < len(p.uses); i++ {
				p.uses[i](f.items[tok])
			}
		}
	}
}

// enter models what opaque code does with a value that it was given: it calls
// the function, or the methods of the type, with whatever it has.
func (f *flow) enter(t item) {
	switch {
	case t.fn != nil:
		f.outsideCalls(t.fn, 0)
	case t.typ != nil:
		f.escapeType(t.typ)
		if !f.isCompiledType(t.typ) {
			return
		}
		ms := f.prog.MethodSets.MethodSet(t.typ)
		for i := range ms.Len() {
			if fn := f.prog.MethodValue(ms.At(i)); fn != nil {
				f.outsideCalls(fn, 1)
			}
		}
	}
}

func (f *flow) outsideCalls(fn *ssa.Function, skip int) {
	if !hasBody(fn) {
		return
	}
	f.function(fn)
	for i, p := range fn.Params {
		if i >= skip {
			f.edge(f.outside, f.value(p))
		}
	}
	for _, r := range f.result(fn) {
		f.edge(r, f.outside)
	}
}

// isCompiledType reports whether t, or what it points to, is declared in a
// package that is compiled from source or has no name.
func (f *flow) isCompiledType(t types.Type) bool {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		return t.Obj().Pkg() != nil && f.compiled(t.Obj().Pkg())
	case *types.Struct:
		return true
	}
	return false
}

// escapeType makes the places that opaque code can reach from a value of type
// t common with it.
func (f *flow) escapeType(t types.Type) {
	t = f.intern(t)
	if f.escaped[t] {
		return
	}
	f.escaped[t] = true
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if pkg := n.Obj().Pkg(); pkg != nil && f.compiled(pkg) {
			return
		}
		for i := range n.TypeArgs().Len() {
			f.escapeType(n.TypeArgs().At(i))
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		f.escapeType(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			f.share(f.field(t, i))
			f.escapeType(u.Field(i).Type())
		}
	case *types.Slice:
		f.escapeType(u.Elem())
	case *types.Array:
		f.escapeType(u.Elem())
	case *types.Chan:
		f.escapeType(u.Elem())
	case *types.Map:
		f.escapeType(u.Elem())
		f.escapeType(u.Key())
	}
	for _, p := range f.containers(t) {
		f.share(p)
	}
}

func hasBody(fn *ssa.Function) bool { return len(fn.Blocks) > 0 }

func (f *flow) result(fn *ssa.Function) []*place {
	if r, ok := f.results[fn]; ok {
		return r
	}
	res := fn.Signature.Results()
	r := make([]*place, res.Len())
	for i := range r {
		if t, ok := content(res.At(i).Type()); ok {
			r[i] = f.newPlace(t)
		}
	}
	f.results[fn] = r
	return r
}
