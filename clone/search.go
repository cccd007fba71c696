package clone

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A unit is one declaration that is cloned.
type unit struct {
	obj      types.Object
	lib      *library
	decl     *decl
	name     string // of the clone
	isMethod bool   // of a type that is cloned
	binds    *unit  // the clone of the method that it makes method values of
	refs     []ref
	// Names of the universe that the declaration uses, and all identifiers in it.
	universe, idents map[string]bool
}

func newUnit(o types.Object, lib *library) (*unit, *refusal) {
	u := &unit{obj: o, lib: lib, decl: lib.decls[o], universe: map[string]bool{}, idents: map[string]bool{}}
	if u.decl == nil {
		return nil, refuse(o.Pos(), "%s has no declaration in Go", u.label())
	}
	return u, nil
}

// label is what the function is called at home.
func (u *unit) label() string { return label(u.obj) }

func label(o types.Object) string {
	if fn, ok := o.(*types.Func); ok {
		if t := receiver(fn); t != nil {
			return o.Pkg().Name() + "." + t.Obj().Name() + "." + o.Name()
		}
	}
	return o.Pkg().Name() + "." + o.Name()
}

// A ref is a piece of a declaration that says something else in the clone: the
// name of another clone, or of something in a package that is imported.
type ref struct {
	from, to token.Pos
	unit     *unit  // what is named, or
	path     string // the package that is named
	name     string // in that package, or all of the piece; "" if it is only the package
	suffix   string
}

// A search finds what has to be cloned with a function.
type search struct {
	c     *Cloner
	t     *target
	eager bool // clone exported functions that may be called with what suspends
	units map[types.Object]*unit
	files []*typecheck.File
}

// search finds all that has to be cloned for a target.
func (c *Cloner) search(t *target, roots []root) (*search, *refusal) {
	s := &search{c: c, t: t, units: map[types.Object]*unit{}}
	for _, r := range roots {
		s.eager = r.eager
		if _, err := s.need(r.obj); err != nil {
			return nil, err
		}
	}
	if err := s.write(); err != nil {
		return nil, err
	}
	return s, s.check()
}

// has returns the clone of an object that is there or is being made.
func (s *search) has(o types.Object) *unit {
	if u := s.units[o]; u != nil || s.t.base == nil {
		return u
	}
	return s.t.base.has(o)
}

// need returns the clone of an object, and finds what that needs.
func (s *search) need(o types.Object) (*unit, *refusal) {
	if u := s.has(o); u != nil {
		return u, nil
	}
	lib, err := s.c.library(o.Pkg().Path())
	if err != nil {
		return nil, err
	}
	u, err := newUnit(o, lib)
	if err != nil {
		return nil, err
	}
	names := []string{o.Name()}
	if fn, ok := o.(*types.Func); ok {
		if t := receiver(fn); t != nil {
			names = []string{t.Obj().Name(), o.Name()}
		}
	}
	if u.decl.binds != nil {
		names = append(names, "value")
	}
	u.name = free(identifier(lib.Path, names...), s.taken)
	s.units[o] = u
	if err := s.fits(u); err != nil {
		return nil, err
	}
	if u.decl.binds != nil {
		return u, s.binder(u)
	}
	if err := s.walk(u, s.root(u)); err != nil {
		return nil, err
	}
	if named := u.constType(); named != nil && s.mustClone(named.Obj()) {
		if _, err := s.need(named.Obj()); err != nil {
			return nil, err
		}
	}
	if tn, ok := o.(*types.TypeName); ok {
		return u, s.methods(u, tn)
	}
	return u, nil
}

func (s *search) taken(name string) bool {
	if s.t.taken[name] {
		return true
	}
	for _, units := range []map[types.Object]*unit{s.units, s.t.baseUnits()} {
		for _, u := range units {
			if u.name == name {
				return true
			}
		}
	}
	return false
}

func (t *target) baseUnits() map[types.Object]*unit {
	if t.base == nil {
		return nil
	}
	return t.base.units
}

// fits reports what makes a declaration one that cannot be copied.
func (s *search) fits(u *unit) *refusal {
	switch o := u.obj.(type) {
	case *types.Func:
		fd := u.decl.node.(*ast.FuncDecl)
		if fd.Body == nil {
			return refuse(o.Pos(), "%s has no body in Go", u.label())
		}
		for v := range params(o.Signature()) {
			if t := s.hidden(u, v.Type()); t != nil && o.Exported() {
				return refuse(o.Pos(), "the unexported type %s is part of what %s takes or returns", t.Obj().Name(), u.label())
			}
		}
	case *types.Var:
		if err := u.lib.state(o); err != nil {
			return err
		}
		spec := u.decl.node.(*ast.ValueSpec)
		if o.Exported() { // by an internal package
			return refuse(o.Pos(), "%s can be changed by other packages", u.label())
		}
		if len(spec.Names) != len(spec.Values) {
			return refuse(o.Pos(), "%s is state of its package, which cannot be copied", u.label())
		}
		if !s.static(u, valueOf(spec, o.Name())) {
			return refuse(o.Pos(), "%s is made when the program starts, and cannot be copied", u.label())
		}
	}
	return nil
}

func params(sig *types.Signature) func(func(*types.Var) bool) {
	return func(yield func(*types.Var) bool) {
		for _, t := range []*types.Tuple{sig.Params(), sig.Results()} {
			for v := range t.Variables() {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// hidden returns a type in t that users of the library cannot name: in a clone it
// would be another one.
func (s *search) hidden(u *unit, t types.Type) *types.Named {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if o := t.Obj(); o.Pkg() == u.lib.Types && o.Parent() == u.lib.Types.Scope() && !o.Exported() {
			return t
		}
		for a := range t.TypeArgs().Types() {
			if h := s.hidden(u, a); h != nil {
				return h
			}
		}
	case *types.Pointer:
		return s.hidden(u, t.Elem())
	case *types.Slice:
		return s.hidden(u, t.Elem())
	case *types.Array:
		return s.hidden(u, t.Elem())
	case *types.Chan:
		return s.hidden(u, t.Elem())
	case *types.Map:
		if h := s.hidden(u, t.Key()); h != nil {
			return h
		}
		return s.hidden(u, t.Elem())
	case *types.Signature:
		for v := range params(t) {
			if h := s.hidden(u, v.Type()); h != nil {
				return h
			}
		}
	}
	return nil
}

func valueOf(spec *ast.ValueSpec, name string) ast.Expr {
	for i, id := range spec.Names {
		if id.Name == name && i < len(spec.Values) {
			return spec.Values[i]
		}
	}
	return nil
}

// static reports whether an initialiser has the same value wherever it stands.
func (s *search) static(u *unit, e ast.Expr) bool {
	ok := true
	info := u.lib.Info
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if tv := info.Types[n]; tv.Value != nil || info.Types[n.Fun].IsType() {
				return tv.Value == nil
			}
			fn, _ := calleeOf(info, n).(*types.Func)
			if fn == nil || fn.FullName() != "errors.New" {
				ok = false
			}
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW && n.Op != token.AND
		}
		return ok
	})
	return ok
}

func calleeOf(info *types.Info, call *ast.CallExpr) types.Object {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = ast.Unparen(x.X)
	case *ast.IndexListExpr:
		fun = ast.Unparen(x.X)
	}
	switch x := fun.(type) {
	case *ast.Ident:
		return info.Uses[x]
	case *ast.SelectorExpr:
		return info.Uses[x.Sel]
	}
	return nil
}

// root returns the syntax of a unit that is copied.
func (s *search) root(u *unit) []ast.Node {
	switch n := u.decl.node.(type) {
	case *ast.ValueSpec:
		if c, ok := u.obj.(*types.Const); ok && !constText(n, c) {
			if n.Type != nil {
				return []ast.Node{n.Type}
			}
			return nil // by value
		}
		var parts []ast.Node
		if n.Type != nil {
			parts = append(parts, n.Type)
		}
		return append(parts, valueOf(n, u.obj.Name()))
	default:
		return []ast.Node{n}
	}
}

// constType returns the declared type of a constant that is written by its value, if
// the library declares it.
func (u *unit) constType() *types.Named {
	c, ok := u.obj.(*types.Const)
	if !ok || constText(u.decl.node.(*ast.ValueSpec), c) {
		return nil
	}
	named, ok := types.Unalias(c.Type()).(*types.Named)
	if !ok || named.Obj().Pkg() != u.lib.Types {
		return nil
	}
	return named
}

// constText reports whether the text of a constant means the same outside of its
// group.
func constText(spec *ast.ValueSpec, c *types.Const) bool {
	v := valueOf(spec, c.Name())
	if v == nil {
		return false
	}
	ok := true
	ast.Inspect(v, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is && id.Name == "iota" {
			ok = false
		}
		return ok
	})
	return ok
}

// methods clones the methods of a cloned type.
func (s *search) methods(u *unit, tn *types.TypeName) *refusal {
	named, ok := tn.Type().(*types.Named)
	if !ok || tn.IsAlias() {
		return nil
	}
	for m := range named.Methods() {
		mu, err := newUnit(m, u.lib)
		if err != nil {
			return err
		}
		mu.name, mu.isMethod = m.Name(), true
		s.units[m] = mu
		if mu.decl.node.(*ast.FuncDecl).Body == nil {
			return refuse(m.Pos(), "%s has no body in Go", mu.label())
		}
		if err := s.walk(mu, s.root(mu)); err != nil {
			return err
		}
	}
	return nil
}

// walk finds what is mentioned in a unit.
func (s *search) walk(u *unit, nodes []ast.Node) (err *refusal) {
	info := u.lib.Info
	visit := func(n ast.Node) bool {
		if err != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			err = s.call(u, n)
			return err == nil
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			if _, ok := info.Uses[id].(*types.PkgName); !ok {
				return true
			}
			o := info.Uses[n.Sel]
			if o == nil {
				err = refuse(n.Pos(), "%s uses %s.%s, which cannot be seen", u.label(), id.Name, n.Sel.Name)
				return false
			}
			u.idents[n.Sel.Name] = true
			err = s.mention(u, o, n.Pos(), id.End(), n.End())
			return false
		case *ast.Ident:
			u.idents[n.Name] = true
			o := info.Uses[n]
			if o == nil {
				return true
			}
			switch {
			case o.Parent() == types.Universe:
				u.universe[n.Name] = true
			case o.Pkg() != nil && o.Parent() == o.Pkg().Scope():
				err = s.mention(u, o, n.Pos(), token.NoPos, n.End())
			default:
				if v, ok := o.(*types.Var); ok && v.Embedded() {
					err = s.embedded(u, v, n)
				}
			}
		}
		return true
	}
	for _, n := range nodes {
		if fd, ok := n.(*ast.FuncDecl); ok { // without its comment
			if u.isMethod {
				ast.Inspect(fd.Recv, visit)
			}
			ast.Inspect(fd.Type, visit)
			ast.Inspect(fd.Body, visit)
			continue
		}
		ast.Inspect(n, visit)
	}
	return err
}

// embedded renames the name of an embedded field of a cloned type.
func (s *search) embedded(u *unit, v *types.Var, id *ast.Ident) *refusal {
	t := types.Unalias(v.Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Name() != v.Name() || n.Obj().Pkg() == nil || n.Obj().Parent() != n.Obj().Pkg().Scope() || !s.mustClone(n.Obj()) {
		return nil
	}
	home, err := s.home(u, n.Obj(), true)
	if err != nil {
		return err
	}
	e, err := s.need(home)
	if err == nil {
		u.refs = append(u.refs, ref{from: id.Pos(), to: id.End(), unit: e})
	}
	return err
}

// mustClone reports whether a package-level object cannot be imported.
func (s *search) mustClone(o types.Object) bool {
	return !o.Exported() || !importable(s.t.path, o.Pkg().Path())
}

// home returns the object in the source of its package of one that is mentioned
// in a unit: what an import gave is known by its types. If the package has not
// been read it is, if read is set; else there is none.
func (s *search) home(u *unit, o types.Object, read bool) (types.Object, *refusal) {
	path := o.Pkg().Path()
	if path == u.lib.Path {
		return o, nil
	}
	if s.c.libs[path] == nil && !read || path == "unsafe" {
		return nil, nil
	}
	lib, err := s.c.library(path)
	if err != nil {
		return nil, err
	}
	home := lib.find(o)
	if home == nil {
		err = refuse(o.Pos(), "%s.%s is not in the source of its package", o.Pkg().Name(), o.Name())
	}
	return home, err
}

// mention notes an identifier or selector that names a package-level object;
// pkgEnd is where the name of the package ends in it, or NoPos.
func (s *search) mention(u *unit, o types.Object, from, pkgEnd, to token.Pos) *refusal {
	must := s.mustClone(o)
	home, err := s.home(u, o, must)
	if err != nil && must {
		return err
	}
	if !must && (home == nil || s.units[home] == nil && !s.t.wants(home)) {
		r := ref{from: from, to: to, path: o.Pkg().Path(), name: o.Name()}
		if pkgEnd.IsValid() {
			r.to, r.name = pkgEnd, ""
		}
		u.refs = append(u.refs, r)
		return nil
	}
	e, err := s.need(home)
	if err == nil {
		u.refs = append(u.refs, ref{from: from, to: to, unit: e})
	}
	return err
}

// call looks at a call in a unit: one of a method that is cloned leads to the
// clone, and a function that passes a func value on is cloned as well.
func (s *search) call(u *unit, call *ast.CallExpr) *refusal {
	fn, ok := calleeOf(u.lib.Info, call).(*types.Func)
	if !ok || fn.Pkg() == nil || !fn.Exported() {
		return nil
	}
	fn = fn.Origin()
	if recv := fn.Signature().Recv(); recv != nil {
		home, err := s.home(u, fn, false)
		if err != nil || home == nil || home == u.obj || !s.t.wants(home) {
			return nil // in a replacement, it calls what it replaces
		}
		return s.methodCall(u, call, home)
	}
	if !s.eager || s.mustClone(fn) || !passesOn(u.lib.Info, fn, call) {
		return nil
	}
	home, err := s.home(u, fn, true)
	if err != nil || home == nil {
		return nil
	}
	_, err = s.need(home)
	return err
}

// methodCall turns the call of a method into that of the function that its clone
// is.
func (s *search) methodCall(u *unit, call *ast.CallExpr, home types.Object) *refusal {
	e, err := s.need(home)
	if err != nil {
		return err
	}
	sel := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	op, path, ok := receiverOperand(u.lib.Info.Selections[sel])
	if !ok {
		return refuse(call.Pos(), "%s calls %s in a way that is not understood", u.label(), e.label())
	}
	rest := path
	if len(call.Args) > 0 {
		rest += ", "
	}
	u.refs = append(u.refs,
		ref{from: sel.X.Pos(), to: sel.X.Pos(), unit: e, suffix: "(" + op},
		ref{from: sel.X.End(), to: call.Lparen + 1, name: rest})
	return nil
}

// passesOn reports whether a call hands a func value on that came from outside,
// or closes over one.
func passesOn(info *types.Info, fn *types.Func, call *ast.CallExpr) bool {
	sig := fn.Signature()
	for i, arg := range call.Args {
		if sig.Params().Len() == 0 {
			return false
		}
		p := sig.Params().At(min(i, sig.Params().Len()-1))
		if _, ok := p.Type().Underlying().(*types.Signature); !ok {
			continue
		}
		found := false
		ast.Inspect(arg, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := info.Uses[id].(*types.Var); ok && v.Pkg() != nil && v.Parent() != v.Pkg().Scope() {
					_, isFunc := v.Type().Underlying().(*types.Signature)
					found = found || isFunc
				}
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// check type-checks what has been found, in a package of its own.
func (s *search) check() *refusal {
	for _, u := range s.units {
		for name := range u.universe {
			if s.t.shadowed[name] {
				return refuse(u.obj.Pos(), "%s uses the predeclared name %s, which the package declares anew", u.label(), name)
			}
		}
	}
	var syntax []*ast.File
	for _, files := range [][]*typecheck.File{s.files, s.t.baseFiles()} {
		for _, f := range files {
			syntax = append(syntax, f.Syntax)
		}
	}
	p := s.t.packages[0]
	if _, errs := s.c.mod.Check(p, syntax); len(errs) > 0 {
		return refuse(errs[0].Pos, "%s", strings.TrimSpace(errs[0].Msg))
	}
	return nil
}

func (t *target) baseFiles() []*typecheck.File {
	if t.base == nil {
		return nil
	}
	return t.base.files
}
