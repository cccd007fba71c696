package typecheck

import (
	"fmt"
	"go/types"
	"strings"
)

// Unsavable looks for what has no meaning outside of its process in a value of
// type t: a channel, an unsafe pointer, a lock. It returns the way there
// ("conn.done", "[].mu") and why it cannot be saved, or an empty why. Only what
// is part of the value itself counts: what a pointer, a map or an interface
// leads to may be bound by the program, or be nil. The fields of types of the
// standard library are not looked at: the runtime has codecs for their meaning.
func (m *Module) Unsavable(t types.Type) (path, why string) {
	return m.unsavable(t, map[types.Type]bool{})
}

// locks are types of the standard library whose values are useless after they
// have been restored, and dangerous if they were in use.
var locks = map[string]string{
	"sync.Mutex":     "a mutex",
	"sync.RWMutex":   "a mutex",
	"sync.WaitGroup": "a wait group",
	"sync.Cond":      "a condition variable",
	"sync.Pool":      "a pool",
}

func (m *Module) unsavable(t types.Type, seen map[types.Type]bool) (path, why string) {
	if seen[t] {
		return "", ""
	}
	seen[t] = true
	defer delete(seen, t)
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if pkg := n.Obj().Pkg(); pkg != nil {
			if what := locks[pkg.Path()+"."+n.Obj().Name()]; what != "" {
				return "", what + " belongs to its process"
			}
			if m.isStandard(pkg.Path()) {
				return "", ""
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Chan:
		return "", "a channel belongs to its process"
	case *types.Basic:
		if u.Kind() == types.UnsafePointer {
			return "", "an unsafe pointer is an address"
		}
	case *types.Array:
		if u.Len() == 0 {
			return "", ""
		}
		if path, why = m.unsavable(u.Elem(), seen); why != "" {
			return "[]" + path, why
		}
	case *types.Struct:
		for f := range u.Fields() {
			if path, why = m.unsavable(f.Type(), seen); why != "" {
				return fmt.Sprintf(".%s%s", f.Name(), path), why
			}
		}
	}
	return "", ""
}

// isStandard reports whether path is in the standard library: its first element
// has no dot, and it is not of a main module whose path has none either.
func (m *Module) isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && path != m.Path && !strings.HasPrefix(path, m.Path+"/")
}
