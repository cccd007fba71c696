package desugar

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/colour"
)

// Verify checks that a package is in the smaller Go: that suspending calls stand
// only where they may, with operands that they may have, inside of statements
// that may contain them, and that names are unique. It returns an error for each
// violation, joined.
func Verify(p *Package, facts *colour.Facts) error {
	v := &verifier{pkg: p, facts: facts}
	for _, f := range p.Files {
		for _, d := range f.Decls {
			if !p.Changed[d] {
				continue
			}
			v.where = declName(d)
			v.uniqueNames(d)
			v.twice(d)
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
				v.function(fd.Body, v.durable(fd))
				continue
			}
			ast.Inspect(d, v.literals)
		}
	}
	return errors.Join(v.errs...)
}

type verifier struct {
	pkg   *Package
	facts *colour.Facts
	where string
	errs  []error
}

func declName(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Name.Name
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if s, ok := s.(*ast.ValueSpec); ok && len(s.Names) > 0 {
				return s.Names[0].Name
			}
		}
	}
	return "?"
}

func (v *verifier) errorf(format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("%s: %s", v.where, fmt.Sprintf(format, args...)))
}

func (v *verifier) durable(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		old, _ := v.pkg.Orig[n].(*ast.FuncDecl)
		if old == nil {
			return false
		}
		for fn := range v.facts.Funcs {
			if fn.Pos() == old.Name.Pos() && fn.Name() == old.Name.Name {
				return true
			}
		}
	case *ast.FuncLit:
		if body, ok := v.pkg.Orig[n].(*ast.RangeStmt); ok {
			return v.facts.Bodies[body] != nil
		}
		old, _ := v.pkg.Orig[n].(*ast.FuncLit)
		_, ok := v.facts.Lits[old]
		return ok
	}
	return false
}

func (v *verifier) site(e ast.Node) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch old := v.pkg.Orig[c].(type) {
	case *ast.CallExpr:
		return v.facts.Sites[old] != nil
	case *ast.RangeStmt:
		return v.facts.Ranges[old] != nil
	}
	return false
}

// literals checks the functions in n.
func (v *verifier) literals(n ast.Node) bool {
	if lit, ok := n.(*ast.FuncLit); ok {
		v.function(lit.Body, v.durable(lit))
		return false
	}
	return true
}

func (v *verifier) function(body *ast.BlockStmt, durable bool) {
	if durable {
		v.list(body.List)
	}
	ast.Inspect(body, v.literals)
}

// sites reports whether a node contains a suspending call of this function.
func (v *verifier) sites(n ast.Node) bool {
	found := false
	skip := make(map[ast.Node]bool)
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.GoStmt:
			skip[n.Call] = true
		case *ast.DeferStmt:
			skip[n.Call] = true
		}
		if e, ok := n.(ast.Expr); ok && v.pkg.Info.Types[e].Value != nil {
			return false
		}
		if n != nil && !skip[n] && v.site(n) {
			found = true
		}
		return !found
	})
	return found
}

func (v *verifier) list(list []ast.Stmt) {
	for _, s := range list {
		v.stmt(s)
	}
}

// none demands that nothing in a part of a statement suspends.
func (v *verifier) none(n ast.Node, what string) {
	if n != nil && v.sites(n) {
		v.errorf("a suspending call in %s", what)
	}
}

func (v *verifier) stmt(s ast.Stmt) {
	if d, ok := s.(*ast.DeferStmt); ok {
		v.simpleCall(d.Call)
		return
	}
	if !v.sites(s) {
		return
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
		v.list(s.List)
	case *ast.LabeledStmt:
		switch s.Stmt.(type) {
		case *ast.ForStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt:
		default:
			v.errorf("a label on %T", s.Stmt)
		}
		v.stmt(s.Stmt)
	case *ast.ExprStmt:
		if v.site(s.X) {
			v.simpleCall(s.X.(*ast.CallExpr))
		} else {
			v.errorf("a suspending call inside of an expression statement")
		}
	case *ast.AssignStmt:
		v.assign(s)
	case *ast.IfStmt:
		if s.Init != nil {
			v.errorf("if with an init statement on the spine")
		}
		v.none(s.Cond, "the condition of an if")
		v.list(s.Body.List)
		if s.Else != nil {
			v.stmt(s.Else)
		}
	case *ast.ForStmt:
		if s.Init != nil {
			v.errorf("for with an init statement on the spine")
		}
		if s.Cond != nil {
			v.none(s.Cond, "the condition of a loop")
		}
		if s.Post != nil {
			v.none(s.Post, "the post statement of a loop")
		}
		v.list(s.Body.List)
	case *ast.SwitchStmt:
		if s.Init != nil {
			v.errorf("switch with an init statement on the spine")
		}
		if s.Tag != nil {
			v.none(s.Tag, "the tag of a switch")
		}
		v.clauses(s.Body)
	case *ast.TypeSwitchStmt:
		if s.Init != nil {
			v.errorf("switch with an init statement on the spine")
		}
		v.none(s.Assign, "the operand of a type switch")
		v.clauses(s.Body)
	default:
		v.errorf("%T on the spine", s)
	}
}

func (v *verifier) clauses(b *ast.BlockStmt) {
	for _, c := range b.List {
		c := c.(*ast.CaseClause)
		for _, e := range c.List {
			v.none(e, "a case expression")
		}
		v.list(c.Body)
		if n := len(c.Body); n > 0 {
			if b, ok := c.Body[n-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
				v.errorf("fallthrough on the spine")
			}
		}
	}
}

func (v *verifier) assign(s *ast.AssignStmt) {
	if len(s.Rhs) != 1 || !v.site(s.Rhs[0]) || s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		v.errorf("a suspending call inside of an assignment")
		return
	}
	for _, e := range s.Lhs {
		if !isBlank(e) && !v.local(e) {
			v.errorf("a suspending call is assigned to something other than a local variable")
		}
	}
	v.simpleCall(s.Rhs[0].(*ast.CallExpr))
}

// local reports whether e is a local variable.
func (v *verifier) local(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	if !ok {
		return false
	}
	obj, ok := v.pkg.Info.ObjectOf(id).(*types.Var)
	return ok && !obj.IsField() && obj.Pkg() == v.pkg.Types && obj.Parent() != v.pkg.Types.Scope()
}

// simpleCall checks the operands of a suspending or deferred call.
func (v *verifier) simpleCall(c *ast.CallExpr) {
	if lit, ok := c.Fun.(*ast.FuncLit); ok {
		if len(c.Args) > 0 {
			v.errorf("a literal that is called with arguments")
		}
		_ = lit
		return
	}
	for _, a := range c.Args {
		if !v.simple(a) && !v.pkg.Info.Types[a].IsType() {
			v.errorf("an operand of a suspending call is %T", a)
		}
	}
	fun := ast.Unparen(c.Fun)
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if s := v.pkg.Info.Selections[sel]; s != nil {
			if s.Kind() != types.MethodVal || !v.local(sel.X) {
				v.errorf("the receiver of a suspending call is not a local variable")
			} else {
				v.receiver(s)
			}
			return
		}
	}
	if !v.simple(fun) && !v.pkg.Info.Types[fun].IsBuiltin() {
		v.errorf("the callee of a suspending call is %T", fun)
	}
}

// receiver demands that a variable is the receiver itself.
func (v *verifier) receiver(s *types.Selection) {
	p := receiverPath(s)
	for _, field := range p.fields {
		if !field.Exported() && field.Pkg() != v.pkg.Types {
			return // can't be written out
		}
	}
	if len(p.fields) > 0 || p.address || p.deref {
		v.errorf("the receiver of %s is reached implicitly", s.Obj().Name())
	}
}

func (v *verifier) simple(e ast.Expr) bool {
	tv := v.pkg.Info.Types[e]
	if tv.Value != nil || tv.IsNil() {
		return true
	}
	switch e := e.(type) {
	case *ast.Ident:
		_, isFunc := v.pkg.Info.Uses[e].(*types.Func)
		return v.local(e) || isFunc
	case *ast.SelectorExpr:
		_, isFunc := v.pkg.Info.Uses[e.Sel].(*types.Func)
		return isFunc && v.pkg.Info.Selections[e] == nil
	case *ast.IndexExpr:
		return v.pkg.Info.Types[e.Index].IsType() && v.simple(e.X)
	case *ast.IndexListExpr:
		return v.simple(e.X)
	}
	return false
}

// uniqueNames checks that no two local objects of a declaration have the same
// name, or one of the package.
func (v *verifier) uniqueNames(d ast.Decl) {
	seen := make(map[string]types.Object)
	foreign := make(map[*ast.Ident]bool)
	own := make(map[*ast.FuncType]bool)
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			own[n.Type] = true
		case *ast.FuncLit:
			own[n.Type] = true
		case *ast.FuncType:
			if !own[n] {
				ast.Inspect(n, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						foreign[id] = true
					}
					return true
				})
			}
		case *ast.Ident:
			obj := v.pkg.Info.Defs[n]
			if obj == nil || n.Name == "_" || foreign[n] || obj.Parent() == v.pkg.Types.Scope() {
				break
			}
			switch o := obj.(type) {
			case *types.Var:
				if o.IsField() {
					return true
				}
			case *types.Func:
				return true
			case *types.TypeName:
				if _, ok := d.(*ast.GenDecl); ok && isTypeParam(o.Type()) {
					return true // of a type that was lifted
				}
			}
			if seen[n.Name] != nil {
				v.errorf("two objects are called %s", n.Name)
			}
			seen[n.Name] = obj
			if v.pkg.Types.Scope().Lookup(n.Name) != nil || types.Universe.Lookup(n.Name) != nil {
				v.errorf("%s has the name of something outside", n.Name)
			}
		}
		return true
	})
}

// twice checks that the tree is a tree.
func (v *verifier) twice(d ast.Decl) {
	seen := make(map[ast.Node]bool)
	ast.Inspect(d, func(n ast.Node) bool {
		if n == nil {
			return true
		}
		if seen[n] {
			v.errorf("a %T stands in the tree twice", n)
			return false
		}
		seen[n] = true
		return true
	})
}
