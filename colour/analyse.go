package colour

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// Analyse finds out what of the module may suspend. The diagnostics that are
// not warnings refuse the program.
func Analyse(mod *typecheck.Module) (*Facts, []typecheck.Diagnostic) {
	a := &analysis{
		mod:     mod,
		nodes:   map[token.Pos]*node{},
		sites:   map[token.Pos]*site{},
		targets: map[*ssa.Function]*target{},
		twins:   &twins{mod: mod, known: map[*types.Func]*types.Func{}},
		facts: &Facts{
			Funcs:   map[*types.Func]*Reason{},
			Lits:    map[*ast.FuncLit]*Reason{},
			Sites:   map[*ast.CallExpr]*Site{},
			Gos:     map[*ast.GoStmt]*Site{},
			Ranges:  map[*ast.RangeStmt]*Site{},
			Bodies:  map[*ast.RangeStmt]*Reason{},
			Records: map[ast.Expr]bool{},
			Masks:   map[*types.Package][]*Mask{},
			Unnamed: map[*ast.StructType][]*Mask{},
			Renamed: map[string]bool{},
			Entries: map[*ast.FuncLit]bool{},
			Entered: map[ast.Node]bool{},
			Boxed:   map[string]bool{},
		},
	}
	if err := a.buildFlow(); err != nil {
		return a.facts, []typecheck.Diagnostic{{Message: err.Error()}}
	}
	for _, p := range mod.Packages {
		if !p.Library && !p.NoBody {
			a.collect(p)
		}
	}
	for _, p := range mod.Packages {
		if p.NoBody {
			a.declared(p)
		}
	}
	a.resolveSites()
	a.paint()
	a.record()
	a.mask()
	a.enter()
	a.box()
	a.check()
	a.keep()
	a.prove()
	return a.facts, typecheck.SortDiagnostics(a.diags)
}

type analysis struct {
	mod     *typecheck.Module
	flow    *flow
	nodes   map[token.Pos]*node
	order   []*node
	sites   map[token.Pos]*site
	list    []*site
	targets map[*ssa.Function]*target
	twins   *twins
	facts   *Facts
	diags   []typecheck.Diagnostic

	certainly map[*node]*site // the call by which a function always suspends
}

// A node is something with a body: a function, a literal, or the body of a
// range over a function. Test variants and instances share one.
type node struct {
	syntax ast.Node // *ast.FuncDecl, *ast.FuncLit or *ast.RangeStmt
	pkg    *typecheck.Package
	owner  *node // of literals and range bodies; nil at package level
	index  int   // in the order of the source
	name   string
	objs   []*types.Func // of all variants
	sites  []*site
	why    *Reason
	hard   bool // it leads to a point that must suspend, where soft ones may not
	direct bool // it is static calls that lead to the suspension point
	enters bool // it may run in a coroutine
}

// A site is a call, or the call that a range over a function is.
type site struct {
	call   *ast.CallExpr
	rng    *ast.RangeStmt
	gostmt *ast.GoStmt
	owner  *node // nil in an initialiser of a package-level variable
	kind   Kind
	callee *types.Func
	twin   *types.Func
	point  string // name of the suspension point, if it calls one
	soft   bool   // that one does nothing where it cannot suspend
	exits  bool   // that one is runtime.Goexit
	to     []*node
}

// goexit is what a twin does itself, by [runtime.Goexit] of our own runtime.
const goexit = "runtime.Goexit"

func (s *site) pos() token.Pos {
	if s.rng != nil {
		return s.rng.For
	}
	return s.call.Pos()
}

// collect makes the nodes and the sites of a package.
func (a *analysis) collect(p *typecheck.Package) {
	for _, file := range p.Files {
		for _, d := range file.Syntax.Decls {
			c := &collector{a: a, p: p}
			if fd, ok := d.(*ast.FuncDecl); ok {
				if fd.Body == nil {
					continue
				}
				n := a.node(fd.Name.Pos(), fd, p, nil)
				if obj, ok := p.Info.Defs[fd.Name].(*types.Func); ok && !slices.Contains(n.objs, obj) {
					n.objs = append(n.objs, obj)
				}
				c.walk(fd.Body, n, nil)
				continue
			}
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					c.variable = p.Types.Name() + "." + v.Names[0].Name
				}
				c.walk(s, nil, nil)
			}
		}
	}
}

// declared adds the functions of a variant without bodies to the nodes that
// the package proper has made of the same files.
func (a *analysis) declared(p *typecheck.Package) {
	for _, file := range p.Files {
		for _, d := range file.Syntax.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok {
				n := a.nodes[fd.Name.Pos()]
				obj, ok := p.Info.Defs[fd.Name].(*types.Func)
				if ok && n != nil {
					n.objs = append(n.objs, obj)
				}
			}
		}
	}
}

func (a *analysis) node(key token.Pos, syntax ast.Node, p *typecheck.Package, owner *node) *node {
	if n := a.nodes[key]; n != nil {
		return n
	}
	n := &node{syntax: syntax, pkg: p, owner: owner, index: len(a.order)}
	switch s := syntax.(type) {
	case *ast.FuncDecl:
		n.name = p.Types.Name() + "." + declName(s)
	case *ast.FuncLit:
		n.name = "a function literal"
		if owner != nil {
			n.name += " in " + strings.TrimPrefix(owner.name, "a function literal in ")
		}
	case *ast.RangeStmt:
		n.name = "the body of a range over a function"
	}
	a.nodes[key] = n
	a.order = append(a.order, n)
	return n
}

func declName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := ast.Unparen(d.Recv.List[0].Type)
	star := ""
	if s, ok := t.(*ast.StarExpr); ok {
		star, t = "*", ast.Unparen(s.X)
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	id, ok := t.(*ast.Ident)
	if !ok {
		return d.Name.Name
	}
	if star != "" {
		return "(*" + id.Name + ")." + d.Name.Name
	}
	return id.Name + "." + d.Name.Name
}

type collector struct {
	a *analysis
	p *typecheck.Package

	variable string // whose initialiser it is
}

// walk visits n, which is in the body of owner.
func (c *collector) walk(n ast.Node, owner *node, gostmt *ast.GoStmt) {
	info := c.p.Info
	ast.Inspect(n, func(m ast.Node) bool {
		if e, ok := m.(ast.Expr); ok {
			if tv, ok := info.Types[e]; ok && (tv.Value != nil || tv.IsType()) {
				return false // constants are not evaluated
			}
		}
		switch m := m.(type) {
		case *ast.FuncLit:
			lit := c.a.node(m.Pos(), m, c.p, owner)
			if owner == nil {
				lit.name = "a function literal in " + c.variable
			}
			c.walk(m.Body, lit, nil)
			return false
		case *ast.RangeStmt:
			if !RangesOverFunc(info, m) {
				return true
			}
			body := c.a.node(m.For, m, c.p, owner)
			s := c.a.site(m.For, owner)
			s.rng, s.kind = m, FuncValue
			if !slices.Contains(s.to, body) {
				s.to = append(s.to, body)
			}
			c.walk(m.X, owner, nil)
			if m.Key != nil {
				c.walk(m.Key, body, nil)
			}
			if m.Value != nil {
				c.walk(m.Value, body, nil)
			}
			c.walk(m.Body, body, nil)
			return false
		case *ast.GoStmt:
			c.call(m.Call, owner, m)
			c.walk(m.Call.Fun, owner, nil)
			for _, arg := range m.Call.Args {
				c.walk(arg, owner, nil)
			}
			return false
		case *ast.CallExpr:
			c.call(m, owner, nil)
		}
		return true
	})
}

func (a *analysis) site(key token.Pos, owner *node) *site {
	s := a.sites[key]
	if s == nil {
		s = &site{owner: owner}
		a.sites[key] = s
		a.list = append(a.list, s)
		if owner != nil {
			owner.sites = append(owner.sites, s)
		}
	}
	return s
}

func (c *collector) call(call *ast.CallExpr, owner *node, gostmt *ast.GoStmt) {
	info := c.p.Info
	fun := ast.Unparen(call.Fun)
	if tv, ok := info.Types[fun]; ok && (tv.IsType() || tv.IsBuiltin()) {
		return
	}
	s := c.a.site(call.Lparen, owner)
	s.call, s.gostmt, s.kind = call, gostmt, FuncValue
	if lit, ok := fun.(*ast.FuncLit); ok {
		s.reach(c.a.node(lit.Pos(), lit, c.p, owner))
		return
	}
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok {
		return
	}
	fn = fn.Origin()
	s.callee = fn
	if recv := fn.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		s.kind = Interface
		if twin := c.a.twins.of(fn); twin != nil {
			s.point = describe(fn)
		}
		return
	}
	s.kind = Static
	if n := c.a.nodes[fn.Pos()]; n != nil {
		s.reach(n)
	} else if twin := c.a.externalTwin(fn); twin != nil {
		s.twin, s.point, s.soft = twin, describe(fn), fn.Pkg().Path() == typecheck.StressPath
	} else if fn.FullName() == goexit {
		s.point, s.soft, s.exits = describe(fn), true, true
	}
}

// externalTwin returns the twin of a function that is not compiled here.
func (a *analysis) externalTwin(fn *types.Func) *types.Func {
	if p := a.mod.PackageOf(fn.Pkg()); p != nil && !p.Library {
		return nil
	}
	return a.twins.of(fn)
}

func (s *site) reach(n *node) {
	if !slices.Contains(s.to, n) {
		s.to = append(s.to, n)
	}
}

// describe names a function in a message: coroutine.Yield, (*T).M.
func describe(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv == nil {
		return fn.Pkg().Name() + "." + fn.Name()
	}
	t, star := recv.Type(), ""
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t, star = p.Elem(), "*"
	}
	name := types.TypeString(t, func(p *types.Package) string { return p.Name() })
	if n, ok := types.Unalias(t).(*types.Named); ok {
		name = n.Obj().Name()
		if n.Obj().Pkg() != nil {
			name = n.Obj().Pkg().Name() + "." + name
		}
	}
	if star != "" {
		name = "(*" + name + ")"
	}
	return name + "." + fn.Name()
}
