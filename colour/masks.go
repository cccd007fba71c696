package colour

import (
	"go/ast"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// A masker finds the types on which a method and its twin would resolve to
// different declarations. A twin is a second method, beside the first; but a
// method that does not suspend has none, and one that is promoted from an
// interface has none in that interface's method set. So on a struct that
// embeds others the two names may lead to different places.
type masker struct {
	a    *analysis
	memo map[maskKey]*Mask
	busy map[maskKey]bool
}

type maskKey struct {
	typ *types.Named
	id  string
}

func (a *analysis) mask() {
	m := &masker{a: a, memo: map[maskKey]*Mask{}, busy: map[maskKey]bool{}}
	for _, p := range a.mod.Packages {
		if p.Library {
			continue
		}
		for _, f := range p.Files {
			ast.Inspect(f.Syntax, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					tn, ok := p.Info.Defs[n.Name].(*types.TypeName)
					if !ok || tn.IsAlias() {
						break
					}
					named, ok := tn.Type().(*types.Named)
					if !ok {
						break
					}
					m.named(p, named)
					if _, ok := n.Type.(*ast.StructType); ok {
						for _, fl := range n.Type.(*ast.StructType).Fields.List {
							ast.Inspect(fl.Type, m.anonymous(p))
						}
						return false
					}
				case *ast.StructType:
					return m.anonymous(p)(n)
				}
				return true
			})
		}
	}
}

// named finds the masks of a declared type. A local one is declared at package level in
// the durable build, where it can have methods.
func (m *masker) named(p *typecheck.Package, named *types.Named) {
	if _, ok := named.Underlying().(*types.Struct); !ok {
		return
	}
	for _, fn := range m.methods(named) {
		mask := m.of(named, fn)
		if mask == nil {
			continue
		}
		m.a.facts.Masks[p.Types] = append(m.a.facts.Masks[p.Types], mask)
	}
}

// anonymous finds the masks of the struct types without a name. No method can be
// declared on these: another type has them, which interface calls look at instead.
func (m *masker) anonymous(p *typecheck.Package) func(ast.Node) bool {
	return func(n ast.Node) bool {
		st, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		t := p.Info.TypeOf(st)
		if t == nil || !m.dynamic(t) {
			return true
		}
		for _, fn := range m.methods(t) {
			if mask := m.find(t, fn); mask != nil {
				m.a.facts.Unnamed[st] = append(m.a.facts.Unnamed[st], mask)
				m.a.facts.Renamed[mask.Method.Id()] = true
			}
		}
		return true
	}
}

// dynamic reports whether a value of type t, or its address, becomes part of an
// interface: else its methods are only called by selectors that say the way.
func (m *masker) dynamic(t types.Type) bool {
	if n, ok := t.(*types.Named); ok && n.TypeParams().Len() > 0 {
		return true
	}
	f := m.a.flow
	return f.boxed[f.intern(t)] || f.boxed[f.intern(types.NewPointer(t))]
}

// methods returns the methods of t and of what points to it.
func (m *masker) methods(t types.Type) []*types.Func {
	ms := types.NewMethodSet(types.NewPointer(t))
	var r []*types.Func
	for i := range ms.Len() {
		if fn, ok := ms.At(i).Obj().(*types.Func); ok {
			r = append(r, fn)
		}
	}
	return r
}

// of returns the mask of the method on a declared type, or nil.
func (m *masker) of(named *types.Named, fn *types.Func) *Mask {
	named = named.Origin()
	if p := m.a.mod.PackageOf(named.Obj().Pkg()); p == nil || p.Library {
		return nil
	}
	k := maskKey{named, fn.Id()}
	if r, ok := m.memo[k]; ok {
		return r
	}
	if m.busy[k] {
		return nil
	}
	m.busy[k] = true
	r := m.find(named, fn)
	delete(m.busy, k)
	if r != nil {
		r.Type = named
	}
	m.memo[k] = r
	return r
}

// find compares what the method and its twin resolve to on t.
func (m *masker) find(t types.Type, method *types.Func) *Mask {
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(t), false, method.Pkg(), method.Name())
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	path := fieldPath(t, index)
	twinAt, twinPath := m.twin(t, fn)
	mask := &Mask{Method: fn, Path: path}
	recv := fn.Signature().Recv().Type()
	if types.IsInterface(recv) {
		if m.a.twins.of(fn) != nil && samePath(path, twinPath) {
			return nil // the interface has the twin itself
		}
		if twinAt != nil && isPrefix(twinPath, path) {
			return nil // a struct on the way forwards
		}
		if !m.mayForward(recv, fn) {
			if twinAt == nil {
				return nil
			}
			mask.Kind = Plain
			return mask
		}
		mask.Kind = Forward
		return mask
	}
	if !m.hasTwin(fn) {
		// The twin that a struct on the way forwards to, or masks, is right.
		if twinAt == nil || isPrefix(twinPath, path) {
			return nil
		}
		mask.Kind = Plain
		return mask
	}
	if twinAt != nil && samePath(path, twinPath) {
		return nil
	}
	mask.Kind = Promote
	return mask
}

func (m *masker) hasTwin(fn *types.Func) bool {
	return m.a.facts.Durable(fn) || m.a.externalTwin(fn) != nil
}

// mayForward reports whether a call of a method of an interface may suspend:
// one that implements it may.
func (m *masker) mayForward(iface types.Type, fn *types.Func) bool {
	if m.a.twins.of(fn) != nil {
		return true
	}
	i, ok := iface.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for _, n := range m.a.order {
		if n.why == nil {
			continue
		}
		for _, o := range n.objs {
			r := o.Signature().Recv()
			if r == nil || o.Id() != fn.Id() {
				continue
			}
			if named, ok := types.Unalias(derefType(r.Type())).(*types.Named); !ok || named.TypeParams().Len() > 0 || types.Implements(types.NewPointer(named), i) || m.embedded(named) {
				return true
			}
		}
	}
	for _, n := range m.a.libraryTypes() {
		p := types.NewPointer(n)
		if types.Implements(p, i) {
			obj, _, _ := types.LookupFieldOrMethod(p, false, fn.Pkg(), fn.Name())
			if g, ok := obj.(*types.Func); ok && m.a.externalTwin(g) != nil {
				return true
			}
		}
	}
	return false
}

// embedded reports whether a type is embedded in another of the module, which
// may implement more than it does itself.
func (m *masker) embedded(named *types.Named) bool {
	for _, p := range m.a.mod.Packages {
		for _, name := range p.Types.Scope().Names() {
			tn, ok := p.Types.Scope().Lookup(name).(*types.TypeName)
			if !ok {
				continue
			}
			s, ok := tn.Type().Underlying().(*types.Struct)
			if !ok {
				continue
			}
			for f := range s.Fields() {
				if n, ok := types.Unalias(derefType(f.Type())).(*types.Named); ok && f.Embedded() && n.Origin() == named.Origin() {
					return true
				}
			}
		}
	}
	return false
}

func derefType(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// fieldPath returns the embedded fields that an index goes through.
func fieldPath(t types.Type, index []int) []*types.Var {
	var path []*types.Var
	for _, i := range index[:max(len(index)-1, 0)] {
		s, ok := derefType(t).Underlying().(*types.Struct)
		if !ok {
			return path
		}
		path = append(path, s.Field(i))
		t = s.Field(i).Type()
	}
	return path
}

func samePath(a, b []*types.Var) bool { return len(a) == len(b) && isPrefix(a, b) }

func isPrefix(a, b []*types.Var) bool {
	if len(a) > len(b) {
		return false
	}
	for i := range a {
		if a[i].Origin() != b[i].Origin() {
			return false
		}
	}
	return true
}

// twin resolves the name of the twin of a method on t, as Go resolves a
// selector, and returns the type that it is declared on, and the way there.
func (m *masker) twin(t types.Type, fn *types.Func) (types.Type, []*types.Var) {
	type entry struct {
		typ  types.Type
		path []*types.Var
	}
	level := []entry{{t, nil}}
	seen := map[*types.Named]bool{}
	for depth := 0; len(level) > 0; depth++ {
		var found, next []entry
		here := map[*types.Named]bool{}
		for _, e := range level {
			named, _ := types.Unalias(derefType(e.typ)).(*types.Named)
			if named != nil {
				named = named.Origin()
				if seen[named] {
					continue
				}
				here[named] = true
				if m.declares(named, fn, depth == 0) {
					found = append(found, e)
					continue
				}
			}
			s, ok := derefType(e.typ).Underlying().(*types.Struct)
			if !ok {
				continue
			}
			for f := range s.Fields() {
				if f.Embedded() {
					path := append(e.path[:len(e.path):len(e.path)], f)
					next = append(next, entry{f.Type(), path})
				}
			}
		}
		if len(found) == 1 {
			return found[0].typ, found[0].path
		}
		if len(found) > 1 {
			return nil, nil
		}
		for n := range here {
			seen[n] = true
		}
		level = next
	}
	return nil, nil
}

// declares reports whether the twin of a method of that name is declared on a
// type itself: with the method, or as a mask.
func (m *masker) declares(named *types.Named, fn *types.Func, self bool) bool {
	if i, ok := named.Underlying().(*types.Interface); ok {
		for g := range i.Methods() {
			if g.Id() == fn.Id() && m.a.twins.of(g) != nil {
				return true
			}
		}
		return false
	}
	for g := range named.Methods() {
		if g.Id() == fn.Id() {
			if m.hasTwin(g) {
				return true
			}
			// The method hides those below, but its twin does not.
		}
	}
	if self || named.Obj().Pkg() == nil {
		return false
	}
	return m.of(named, fn) != nil
}
