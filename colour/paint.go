package colour

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
)

// paint gives every node from which a suspension point can be reached its
// reason: the shortest chain of calls, the first in the source of several. One
// that leads to a point that must suspend comes before those that lead to soft
// ones.
func (a *analysis) paint() {
	callers := map[*node][]*site{}
	for _, n := range a.order {
		for _, s := range n.sites {
			if s.gostmt != nil {
				continue
			}
			for _, t := range s.to {
				callers[t] = append(callers[t], s)
			}
		}
	}
	a.paintFrom(callers, func(s *site) bool { return !s.soft })
	for _, n := range a.order {
		n.hard = n.why != nil
	}
	a.paintFrom(callers, func(s *site) bool { return s.soft && !s.exits })
	a.paintOlder(callers)
	a.paintExits(callers)
	a.paintDirect(callers)
	for _, n := range a.order {
		if n.why == nil {
			continue
		}
		for _, o := range n.objs {
			a.facts.Funcs[o] = n.why
		}
		switch s := n.syntax.(type) {
		case *ast.FuncLit:
			a.facts.Lits[s] = n.why
		case *ast.RangeStmt:
			a.facts.Bodies[s] = n.why
		}
	}
	for _, s := range a.list {
		why := a.reason(s)
		if why == nil || s.owner == nil || s.owner.why == nil || s.exits {
			continue
		}
		f := &Site{Kind: s.kind, Callee: s.callee, Twin: s.twin, Why: why, Saved: a.saved(s)}
		switch {
		case s.rng != nil:
			a.facts.Ranges[s.rng] = f
		case s.gostmt != nil:
			a.facts.Gos[s.gostmt] = f
		default:
			a.facts.Sites[s.call] = f
		}
	}
}

// paintFrom gives the nodes that have no reason yet one, if they reach a point
// that is asked for.
func (a *analysis) paintFrom(callers map[*node][]*site, asked func(*site) bool) {
	a.paintWithin(callers, asked, func(*node) bool { return true })
}

// paintExits does so for runtime.Goexit: a twin leaves the stack in a way that lets the
// deferred calls of its callers suspend. Where no coroutine leads to it, Goexit is what
// it is anyway.
func (a *analysis) paintExits(callers map[*node][]*site) {
	var durable []*node
	for _, n := range a.order {
		if n.why != nil {
			durable = append(durable, n)
		}
	}
	reached := reachable(durable)
	a.paintWithin(callers, func(s *site) bool { return s.exits }, func(n *node) bool { return reached[n] })
}

// paintOlder gives a reason to the functions and literals that do not suspend any more, but have
// frozen versions that do: their callers may go on with a frame of such a version below them.
func (a *analysis) paintOlder(callers map[*node][]*site) {
	var queue []*node
	for _, p := range a.mod.Packages {
		for _, name := range slices.Sorted(maps.Keys(p.Frozen)) {
			for _, state := range slices.Sorted(maps.Keys(p.Frozen[name].Literals)) {
				pos := keyOf(p.Current[state])
				if n := a.nodes[pos]; n != nil && n.why == nil {
					n.why = &Reason{Caller: n.name, Callee: "its frozen version", Pos: a.mod.Position(pos)}
					queue = append(queue, n)
				}
			}
		}
	}
	a.spread(callers, queue, func(*node) bool { return true })
}

// keyOf returns the position by which the node of a function or literal is found.
func keyOf(n ast.Node) token.Pos {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Name.Pos()
	case *ast.FuncLit:
		return n.Pos()
	}
	return token.NoPos
}

func (a *analysis) paintWithin(callers map[*node][]*site, asked func(*site) bool, within func(*node) bool) {
	var queue []*node
	for _, n := range a.order {
		for _, s := range n.sites {
			if s.gostmt == nil && s.point != "" && n.why == nil && asked(s) && within(n) {
				n.why = &Reason{Caller: n.name, Callee: s.point, Pos: a.mod.Position(s.pos())}
				queue = append(queue, n)
			}
		}
	}
	a.spread(callers, queue, within)
}

// spread gives the callers of nodes that have a reason one.
func (a *analysis) spread(callers map[*node][]*site, queue []*node, within func(*node) bool) {
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, s := range callers[n] {
			if m := s.owner; m.why == nil && within(m) {
				m.why = &Reason{Caller: m.name, Callee: n.name, Pos: a.mod.Position(s.pos()), Next: n.why}
				queue = append(queue, m)
			}
		}
	}
}

// paintDirect marks the nodes that reach a suspension point by static calls:
// these can suspend, as far as can be seen, where the others may only do so for
// values that are never there.
func (a *analysis) paintDirect(callers map[*node][]*site) {
	static := func(s *site) bool {
		return s.kind == Static || s.call != nil && s.callee == nil && isLiteral(s.call.Fun)
	}
	var queue []*node
	mark := func(n *node) {
		if !n.direct {
			n.direct = true
			queue = append(queue, n)
		}
	}
	for _, n := range a.order {
		for _, s := range n.sites {
			if s.gostmt == nil && s.point != "" && !s.soft && static(s) {
				mark(n)
			}
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, s := range callers[n] {
			if static(s) || s.rng != nil {
				mark(s.owner)
			}
		}
	}
}

// hard reports whether the call may reach a point that must suspend.
func (s *site) hard() bool {
	return s.point != "" && !s.soft || slices.ContainsFunc(s.to, func(n *node) bool { return n.hard })
}

func isLiteral(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.FuncLit)
	return ok
}

// reason returns why the call may suspend, or nil.
func (a *analysis) reason(s *site) *Reason {
	caller := ""
	if s.owner != nil {
		caller = s.owner.name
	}
	if s.point != "" {
		return &Reason{Caller: caller, Callee: s.point, Pos: a.mod.Position(s.pos())}
	}
	for _, n := range s.to {
		if n.why != nil && (n.hard || !s.hard()) {
			return &Reason{Caller: caller, Callee: n.name, Pos: a.mod.Position(s.pos()), Next: n.why}
		}
	}
	return nil
}
