package typecheck

import "go/ast"

// Replaced notes that a node stands now where another one stood in the source: it leads to a clone
// of library code. What states are about is the source.
func (m *Module) Replaced(now, source ast.Node) {
	if m.sources == nil {
		m.sources = map[ast.Node]ast.Node{}
	}
	m.sources[now] = source
}

// Source returns what stood in the source in place of a node.
func (m *Module) Source(n ast.Node) ast.Node {
	if m != nil {
		if s := m.sources[n]; s != nil {
			return s
		}
	}
	return n
}

// InspectSource is ast.Inspect for the source. It calls f also with the node that stands now in place of
// one.
func (m *Module) InspectSource(n ast.Node, f func(source, now ast.Node) bool) {
	ast.Inspect(n, func(now ast.Node) bool {
		if now == nil {
			return f(nil, nil)
		}
		source := m.Source(now)
		if source == now {
			return f(now, now)
		}
		first := true
		m.InspectSource(source, func(x, was ast.Node) bool {
			if first {
				first = false
				was = now
			}
			return f(x, was)
		})
		return false
	})
}
