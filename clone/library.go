package clone

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A library is the source of a package that functions are cloned from.
type library struct {
	*typecheck.Library
	decls   map[types.Object]*decl      // at package level, and of methods
	binders map[*types.Func]*types.Func // by method
	uses    map[*types.Var]*refusal
}

// A decl is where an object is declared.
type decl struct {
	file  *typecheck.LibraryFile
	gen   *ast.GenDecl // nil for functions
	node  ast.Node     // *ast.FuncDecl, *ast.TypeSpec or *ast.ValueSpec
	binds *types.Func  // the method that a binder is for
}

// library reads a package.
func (c *Cloner) library(path string) (*library, *refusal) {
	if lib, ok := c.libs[path]; ok {
		if lib == nil {
			return nil, refuse(token.NoPos, "the source of package %s cannot be read", path)
		}
		return lib, nil
	}
	src, err := c.mod.ReadLibrary(path, replacement(path))
	if err != nil {
		c.libs[path] = nil
		return nil, refuse(token.NoPos, "the source of package %s cannot be read: %v", path, err)
	}
	lib := &library{Library: src, decls: map[types.Object]*decl{}, binders: map[*types.Func]*types.Func{}}
	for _, f := range src.Files {
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if o := src.Info.Defs[d.Name]; o != nil {
					lib.decls[o] = &decl{file: f, node: d}
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						lib.decls[src.Info.Defs[s.Name]] = &decl{file: f, gen: d, node: s}
					case *ast.ValueSpec:
						for _, id := range s.Names {
							lib.decls[src.Info.Defs[id]] = &decl{file: f, gen: d, node: s}
						}
					}
				}
			}
		}
	}
	c.libs[path] = lib
	return lib, nil
}

// find returns the object in the source of one that is known by export data.
func (l *library) find(o types.Object) types.Object {
	fn, ok := o.(*types.Func)
	if !ok || fn.Signature().Recv() == nil {
		return l.Types.Scope().Lookup(o.Name())
	}
	named := receiver(fn)
	if named == nil || types.IsInterface(named) {
		return nil
	}
	tn, ok := l.Types.Scope().Lookup(named.Obj().Name()).(*types.TypeName)
	if !ok {
		return nil
	}
	t, ok := types.Unalias(tn.Type()).(*types.Named)
	if !ok {
		return nil
	}
	for m := range t.Methods() {
		if m.Name() == fn.Name() {
			return m
		}
	}
	return nil
}

// receiver returns the type that a method is declared for.
func receiver(fn *types.Func) *types.Named {
	recv := fn.Signature().Recv()
	if recv == nil {
		return nil
	}
	t := types.Unalias(recv.Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

// state returns why a package-level variable cannot be copied: it changes, or is
// compared, or may do so where that cannot be seen.
func (l *library) state(v *types.Var) *refusal {
	if l.uses == nil {
		l.uses = map[*types.Var]*refusal{}
		for _, f := range l.Files {
			l.noteUses(f)
			l.noteLinks(f)
		}
	}
	return l.uses[v]
}

// noteLinks finds the variables that other packages have another name for.
func (l *library) noteLinks(f *typecheck.LibraryFile) {
	for _, g := range f.Syntax.Comments {
		for _, c := range g.List {
			words := strings.Fields(c.Text)
			if len(words) < 2 || words[0] != "//go:linkname" {
				continue
			}
			if v, ok := l.Types.Scope().Lookup(words[1]).(*types.Var); ok && l.uses[v] == nil {
				l.uses[v] = refuse(c.Pos(), "%s.%s is state of its package, which cannot be copied", l.Types.Name(), v.Name())
			}
		}
	}
}

// noteUses finds the uses of package-level variables that are more than reading
// them.
func (l *library) noteUses(f *typecheck.LibraryFile) {
	var stack []ast.Node
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if id, ok := n.(*ast.Ident); ok {
			if v, ok := l.Info.Uses[id].(*types.Var); ok && v.Parent() == l.Types.Scope() && l.uses[v] == nil && !l.reads(v, id, stack) {
				l.uses[v] = refuse(id.Pos(), "%s.%s is state of its package, which cannot be copied", l.Types.Name(), v.Name())
			}
		}
		stack = append(stack, n)
		return true
	})
}

// reads reports whether a use of a variable leaves it, and what it refers to, as
// it is: nobody could tell it from a copy.
func (l *library) reads(v *types.Var, id *ast.Ident, stack []ast.Node) bool {
	var e ast.Expr = id
	for i := len(stack) - 1; i >= 0; i-- {
		switch p := stack[i].(type) {
		case *ast.ParenExpr:
		case *ast.IndexExpr:
			if p.X != e {
				return copyable(l.Info.TypeOf(e))
			}
		case *ast.SelectorExpr:
			s := l.Info.Selections[p]
			if s == nil || s.Kind() != types.FieldVal {
				return s != nil && copyable(l.Info.TypeOf(e)) && !pointerMethod(s)
			}
		case *ast.RangeStmt:
			return p.X == e && l.rangesCopies(p)
		case *ast.CallExpr:
			if p.Fun == e {
				return true
			}
			if b, ok := ast.Unparen(p.Fun).(*ast.Ident); ok {
				if _, ok := l.Info.Uses[b].(*types.Builtin); ok {
					return b.Name == "len" || b.Name == "cap" || b.Name == "copy" && p.Args[1] == e && copyableElem(l.Info.TypeOf(e)) || copyable(l.Info.TypeOf(e))
				}
			}
			return copyable(l.Info.TypeOf(e)) || opaqueError(l.Info.TypeOf(e)) && !comparesErrors(l.Info, p)
		case *ast.UnaryExpr:
			return p.Op != token.AND && copyable(l.Info.TypeOf(e))
		case *ast.BinaryExpr:
			// A copy of an error is another error; nil is nil.
			other := p.X
			if other == e {
				other = p.Y
			}
			return copyable(l.Info.TypeOf(e)) || l.Info.Types[other].IsNil()
		case *ast.AssignStmt:
			for _, lhs := range p.Lhs {
				if lhs == e {
					return false
				}
			}
			return copyable(l.Info.TypeOf(e)) || opaqueError(l.Info.TypeOf(e))
		case *ast.IncDecStmt:
			return false
		case *ast.SliceExpr:
			return p.X != e || isString(l.Info.TypeOf(e))
		case *ast.CaseClause, *ast.SwitchStmt:
			return copyable(l.Info.TypeOf(e))
		case *ast.ReturnStmt, *ast.ValueSpec, *ast.KeyValueExpr, *ast.CompositeLit, *ast.SendStmt:
			return copyable(l.Info.TypeOf(e)) || opaqueError(l.Info.TypeOf(e))
		default:
			return copyable(l.Info.TypeOf(e))
		}
		e = stack[i].(ast.Expr)
	}
	return false
}

// rangesCopies reports whether a range gives its variables nothing by which what is
// ranged over could be changed.
func (l *library) rangesCopies(r *ast.RangeStmt) bool {
	for _, v := range []ast.Expr{r.Key, r.Value} {
		if id, ok := v.(*ast.Ident); v == nil || ok && id.Name == "_" {
			continue
		}
		if !copyable(l.Info.TypeOf(v)) {
			return false
		}
	}
	// A range over an array copies it; one over a func value calls that.
	return true
}

// copyableElem is copyable of the elements of a slice or string.
func copyableElem(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return copyable(u.Elem())
	case *types.Basic:
		return true
	}
	return false
}

// copyable reports whether a copy of a value of that type is as good as the
// value, whatever is done with it.
func copyable(t types.Type) bool {
	if t == nil {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return true
	case *types.Signature:
		return true
	case *types.Array:
		return copyable(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if !copyable(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// opaqueError reports whether a variable of that type is only handed on, as
// errors are.
func opaqueError(t types.Type) bool {
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

// comparesErrors reports whether a call compares its arguments.
func comparesErrors(info *types.Info, call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && (sel.Sel.Name == "Is" || sel.Sel.Name == "Equal")
}

func pointerMethod(s *types.Selection) bool {
	fn, ok := s.Obj().(*types.Func)
	if !ok || fn.Signature().Recv() == nil {
		return true
	}
	_, ptr := types.Unalias(fn.Signature().Recv().Type()).(*types.Pointer)
	return ptr
}
