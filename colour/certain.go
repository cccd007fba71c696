package colour

import (
	"go/ast"
	"strings"
)

// certain reports whether n always suspends: a suspension point, or a function
// that always comes to one, is called by a statement at the top of its body that
// nothing before it can keep from being reached, as far as that can be seen without
// an analysis.
func (a *analysis) certain(n *node) bool {
	return a.certainSite(n) != nil
}

// certainSite returns the call by which n always suspends, or nil.
func (a *analysis) certainSite(n *node) *site {
	if s, ok := a.certainly[n]; ok {
		return s
	}
	if a.certainly == nil {
		a.certainly = map[*node]*site{}
	}
	a.certainly[n] = nil // a recursive function suspends by another call, if at all
	s := a.findCertain(n)
	a.certainly[n] = s
	return s
}

func (a *analysis) findCertain(n *node) *site {
	var body *ast.BlockStmt
	switch s := n.syntax.(type) {
	case *ast.FuncDecl:
		body = s.Body
	case *ast.FuncLit:
		body = s.Body
	default:
		return nil
	}
	for _, stmt := range body.List {
		var exprs []ast.Expr
		switch s := stmt.(type) {
		case *ast.ExprStmt:
			exprs = []ast.Expr{s.X}
		case *ast.AssignStmt:
			exprs = s.Rhs
		case *ast.ReturnStmt:
			exprs = s.Results
		case *ast.DeclStmt, *ast.DeferStmt, *ast.IncDecStmt:
			continue
		default:
			return nil
		}
		for _, e := range exprs {
			c, ok := ast.Unparen(e).(*ast.CallExpr)
			if !ok {
				continue
			}
			if s := a.sites[c.Lparen]; s != nil && a.certainCall(s) {
				return s
			}
		}
		if _, ok := stmt.(*ast.ReturnStmt); ok {
			return nil
		}
	}
	return nil
}

// certainCall reports whether a call that returns has suspended.
func (a *analysis) certainCall(s *site) bool {
	if s.twin != nil {
		return !s.soft
	}
	return len(s.to) == 1 && (s.kind == Static || s.call != nil && isLiteral(s.call.Fun)) && a.certain(s.to[0])
}

// saved reports whether the coroutine is saved whenever the call is made: it always
// awaits something, and a dispatcher stores what awaits. Whether a coroutine that
// yields is ever saved is up to whoever runs it.
func (a *analysis) saved(s *site) bool {
	for s != nil && s.twin == nil {
		if !a.certainCall(s) {
			return false
		}
		s = a.certainSite(s.to[0])
	}
	if s == nil || s.soft {
		return false
	}
	return inDispatch(s.twin.Pkg())
}

// reachable returns roots and what they call, except in goroutines of its own.
func reachable(roots []*node) map[*node]bool {
	reached := map[*node]bool{}
	for queue := roots; len(queue) > 0; {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if reached[n] {
			continue
		}
		reached[n] = true
		for _, s := range n.sites {
			if s.gostmt == nil {
				queue = append(queue, s.to...)
			}
		}
	}
	return reached
}

// enter finds what may run in a coroutine: the functions that our own library is
// given and what they call. In a module that starts no coroutine, a library, that
// is everything that other modules can call.
func (a *analysis) enter() {
	var roots []*node
	for _, i := range a.flow.in(a.flow.mine) {
		if i.fn != nil {
			for _, n := range a.resolve(i.fn).nodes {
				if n.why != nil {
					roots = append(roots, n)
				}
				if lit, ok := n.syntax.(*ast.FuncLit); ok {
					a.facts.Entries[lit] = true
				}
			}
		}
	}
	if len(roots) == 0 {
		for _, n := range a.order {
			fd, ok := n.syntax.(*ast.FuncDecl)
			if ok && fd.Name.IsExported() && n.pkg.Name != "main" && !strings.HasSuffix(a.mod.Position(fd.Pos()).Filename, "_test.go") {
				roots = append(roots, n)
			}
		}
	}
	for n := range reachable(roots) {
		n.enters = true
	}
	for _, n := range a.order {
		if !n.enters || n.why == nil {
			continue
		}
		a.facts.Entered[n.syntax] = true
	}
}
