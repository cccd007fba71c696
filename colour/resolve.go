package colour

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// buildFlow makes the flow graph of all packages that are compiled.
func (a *analysis) buildFlow() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: building SSA: %v", r)
		}
	}()
	prog := ssa.NewProgram(a.mod.Fset, ssa.InstantiateGenerics)
	compiled := map[*types.Package]bool{}
	for _, p := range a.mod.Packages {
		if !p.Library && !p.NoBody {
			compiled[p.Types] = true
		}
	}
	seen := map[*types.Package]bool{}
	var create func(p *types.Package)
	create = func(p *types.Package) {
		if seen[p] {
			return
		}
		seen[p] = true
		for _, q := range p.Imports() {
			create(q)
		}
		if !compiled[p] {
			prog.CreatePackage(p, nil, nil, true)
		}
	}
	for _, p := range a.mod.Packages {
		create(p.Types)
	}
	for _, p := range a.mod.Packages {
		if compiled[p.Types] {
			prog.CreatePackage(p.Types, a.withFrozenCalls(p), p.Info, true)
		}
	}
	prog.Build()

	f := newFlow(prog)
	f.library = isLibrary
	f.compiled = func(p *types.Package) bool { return compiled[p] }
	a.flow = f
	for _, p := range a.mod.Packages {
		if compiled[p.Types] {
			f.internLocals(p.Locals)
		}
	}
	bodies := map[token.Pos]*ssa.Function{}
	f.proper = func(fn *ssa.Function) *ssa.Function {
		if obj := calledObject(fn); obj != nil && len(fn.TypeArgs()) == 0 {
			if p := a.mod.PackageOf(obj.Pkg()); p != nil && p.NoBody {
				return bodies[obj.Pos()]
			}
		}
		return nil
	}
	used := map[token.Pos]bool{}
	for _, p := range a.mod.Packages {
		if !p.Library {
			for _, obj := range p.Info.Uses {
				if fn, ok := obj.(*types.Func); ok {
					used[fn.Pos()] = true
				}
			}
		}
	}
	// Known before any body is read that may call them.
	eachFunc := func(do func(p *typecheck.Package, fd *ast.FuncDecl, obj *types.Func, fn *ssa.Function)) {
		for _, p := range a.mod.Packages {
			if !compiled[p.Types] {
				continue
			}
			for _, file := range p.Files {
				for _, d := range file.Syntax.Decls {
					fd, ok := d.(*ast.FuncDecl)
					if !ok {
						continue
					}
					obj, _ := p.Info.Defs[fd.Name].(*types.Func)
					if obj == nil {
						continue
					}
					if fn := prog.FuncValue(obj); fn != nil {
						do(p, fd, obj, fn)
					}
				}
			}
		}
	}
	eachFunc(func(_ *typecheck.Package, _ *ast.FuncDecl, obj *types.Func, fn *ssa.Function) {
		bodies[obj.Pos()] = fn
	})
	for _, p := range a.mod.Packages {
		for state, versions := range versionsOf(p) {
			for _, v := range versions {
				f.versions[v] = state
			}
		}
		if sp := prog.Package(p.Types); compiled[p.Types] && sp != nil {
			if init := sp.Func("init"); init != nil {
				f.function(init)
			}
		}
	}
	eachFunc(func(p *typecheck.Package, fd *ast.FuncDecl, obj *types.Func, fn *ssa.Function) {
		f.function(fn)
		if fd.Name.IsExported() && p.Name != "main" && !used[obj.Pos()] {
			f.outsideCalls(fn, 0)
		}
		if p.Frozen[fd.Name.Name] != nil {
			f.outsideCalls(fn, 0)
		}
	})
	for _, p := range a.mod.Packages {
		if compiled[p.Types] {
			f.frozen(p, prog.FuncValue)
		}
	}
	f.solve()
	return nil
}

// resolveSites finds the callees of static calls of functions that were
// collected later, and of dynamic calls.
func (a *analysis) resolveSites() {
	for _, s := range a.list {
		var calls []*call
		switch {
		case s.rng != nil:
			calls = a.flow.ranges[s.rng.For]
		case s.kind == Static:
			if n := a.nodes[s.callee.Pos()]; n != nil {
				s.reach(n)
			}
			continue
		default:
			calls = a.flow.byPos[s.call.Lparen]
		}
		for _, c := range calls {
			for _, fn := range c.order {
				t := a.resolve(fn)
				for _, n := range t.nodes {
					s.reach(n)
				}
				if s.point == "" {
					s.point = t.point
				}
			}
			if c.unknown && s.point == "" {
				s.point = a.unknownPoint(c)
			}
		}
		slices.SortFunc(s.to, func(x, y *node) int {
			return cmp.Compare(x.index, y.index)
		})
	}
}

// A target is what an SSA function stands for: wrappers are looked through.
type target struct {
	nodes []*node
	point string // of a suspension point
}

func (a *analysis) resolve(fn *ssa.Function) *target {
	if t := a.targets[fn]; t != nil {
		return t
	}
	t := &target{}
	a.targets[fn] = t
	if key := syntaxKey(fn.Syntax()); key.IsValid() {
		if n := a.nodes[key]; n != nil {
			t.nodes = []*node{n}
			return t
		}
	}
	if !hasBody(fn) {
		obj := calledObject(fn)
		if obj == nil {
			return t
		}
		// A test variant's function has its body in the package proper.
		if n := a.nodes[obj.Pos()]; n != nil {
			t.nodes = []*node{n}
		} else if a.externalTwin(obj) != nil {
			t.point = describe(obj)
		}
		return t
	}
	if fn.Syntax() == nil {
		for _, c := range a.flow.wrapped[fn] {
			for _, g := range c.order {
				u := a.resolve(g)
				for _, n := range u.nodes {
					if !slices.Contains(t.nodes, n) {
						t.nodes = append(t.nodes, n)
					}
				}
				if t.point == "" {
					t.point = u.point
				}
			}
		}
	}
	return t
}

func syntaxKey(n ast.Node) token.Pos {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Pos()
	case *ast.FuncLit:
		return n.Pos()
	case *ast.RangeStmt:
		return n.For
	}
	return token.NoPos
}

// unknownPoint returns the suspension point that a call may reach whose callee
// comes out of opaque code: a method of our own library that satisfies the
// interface that is called.
func (a *analysis) unknownPoint(c *call) string {
	if !c.common.IsInvoke() {
		return ""
	}
	iface, ok := c.common.Value.Type().Underlying().(*types.Interface)
	if !ok {
		return ""
	}
	for _, n := range a.libraryTypes() {
		for _, t := range []types.Type{n, types.NewPointer(n)} {
			if !types.Implements(t, iface) {
				continue
			}
			obj, _, _ := types.LookupFieldOrMethod(t, false, c.common.Method.Pkg(), c.common.Method.Name())
			if m, ok := obj.(*types.Func); ok && a.externalTwin(m) != nil {
				return describe(m)
			}
		}
	}
	return ""
}

// libraryTypes returns the types of the packages of our own library that are
// imported.
func (a *analysis) libraryTypes() []*types.Named {
	var r []*types.Named
	for _, p := range a.mod.Loaded() {
		if !isLibrary(p) {
			continue
		}
		for _, name := range p.Scope().Names() {
			tn, ok := p.Scope().Lookup(name).(*types.TypeName)
			if !ok || tn.IsAlias() {
				continue
			}
			if n, ok := tn.Type().(*types.Named); ok && n.TypeParams().Len() == 0 && !types.IsInterface(n) {
				r = append(r, n)
			}
		}
	}
	return r
}
