package clone

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ast/astutil"
)

// A func value of a function that is cloned becomes one of the clone. The clone of a
// method is a function, whose receiver is its first parameter: it is what a method
// expression becomes. For method values there is a binder, which is a unit beside the
// clone:
//
//	func sync_Once_Do_value(recv *sync.Once) func(v1 func()) {
//		return func(v1 func()) { sync_Once_Do(recv, v1) }
//	}

// redirectValue makes a func value in a source of the user one of the clone that u is, or
// what the binder u returns.
func redirectValue(mod *typecheck.Module, info *types.Info, file *typecheck.File, e ast.Expr, u *unit) {
	value := renamed(e, u.name)
	if sel, ok := e.(*ast.SelectorExpr); ok && u.binds != nil {
		op, path, _ := receiverOperand(info.Selections[sel])
		value = &ast.CallExpr{
			Fun:    &ast.Ident{NamePos: sel.X.Pos(), Name: u.name},
			Lparen: sel.Sel.Pos(), // sites are told apart by it
			Args:   []ast.Expr{operand(mod, sel.X, op, path)},
			Rparen: sel.End(),
		}
	}
	astutil.Apply(file.Syntax, func(c *astutil.Cursor) bool {
		if c.Node() == e {
			c.Replace(value)
			mod.Replaced(value, e)
			return false
		}
		return true
	}, nil)
}

// addValue clones a function that a func value is made of. For a method value it returns
// the binder.
func (c *Cloner) addValue(t *target, callee *types.Func, e ast.Expr, file *typecheck.File) (*unit, *refusal) {
	inner := file.Library != ""
	if callee.Signature().Recv() == nil {
		return c.add(t, callee, inner)
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || inner {
		return nil, refuse(e.Pos(), "%s is used as a value in a way that is not understood", label(callee))
	}
	s := t.packages[0].Info.Selections[sel]
	if s != nil && s.Kind() == types.MethodExpr && len(s.Index()) == 1 && types.Identical(s.Recv(), callee.Signature().Recv().Type()) {
		return c.add(t, callee, false)
	}
	if _, _, ok := receiverOperand(s); !ok {
		return nil, refuse(e.Pos(), "%s is used as a value in a way that is not understood", label(callee))
	}
	lib, err := c.library(callee.Pkg().Path())
	if err != nil {
		return nil, err
	}
	method, ok := lib.find(callee).(*types.Func)
	if !ok {
		return nil, refuse(token.NoPos, "%s is not in the source of its package", callee.FullName())
	}
	return c.addObject(t, lib.binder(method), false)
}

// binder returns what stands for the binder of a method.
func (l *library) binder(method *types.Func) types.Object {
	if o := l.binders[method]; o != nil {
		return o
	}
	o := types.NewFunc(method.Pos(), method.Pkg(), method.Name(), method.Signature())
	l.binders[method] = o
	l.decls[o] = &decl{file: l.decls[method].file, node: l.decls[method].node, binds: method}
	return o
}

// binder finds what is needed for the binder u.
func (s *search) binder(u *unit) *refusal {
	fd := u.decl.node.(*ast.FuncDecl)
	if mentionsRecover(u.lib.Info, fd.Body) {
		return refuse(u.obj.Pos(), "%s mentions recover, which a defer of its func value would not find", u.label())
	}
	if err := s.walk(u, []ast.Node{fd.Type}); err != nil {
		return err
	}
	var err *refusal
	u.binds, err = s.need(u.decl.binds)
	return err
}

// binder returns the text of the binder u.
func (w *writer) binder(u *unit, fd *ast.FuncDecl) string {
	local := func(name string) string {
		name = free(name, func(n string) bool { return u.idents[n] || w.taken(n) || types.Universe.Lookup(n) != nil })
		u.idents[name] = true
		return name
	}
	recv := local("recv")
	var params []string
	args := []string{recv}
	for _, field := range fd.Type.Params.List {
		typ := w.text(u, field.Type.Pos(), field.Type.End(), nil)
		_, variadic := field.Type.(*ast.Ellipsis)
		for range max(1, len(field.Names)) {
			v := local(fmt.Sprintf("v%d", len(params)+1))
			params = append(params, v+" "+typ)
			if variadic {
				v += "..."
			}
			args = append(args, v)
		}
	}
	sig, back := "("+strings.Join(params, ", ")+")", ""
	if r := fd.Type.Results; r != nil {
		sig += " " + w.text(u, r.Pos(), r.End(), nil)
		back = "return "
	}
	tparams, typ := w.receiver(u)
	return fmt.Sprintf("func %s%s(%s %s) func%s { return func%s { %s%s(%s) } }", u.name, tparams, recv, typ, sig, sig, back, u.binds.name, strings.Join(args, ", "))
}

// mentionsRecover reports whether a function calls recover itself.
func mentionsRecover(info *types.Info, body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if id, ok := n.(*ast.Ident); ok && info.Uses[id] == types.Universe.Lookup("recover") {
			found = true
		}
		return !found
	})
	return found
}
