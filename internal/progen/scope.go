package progen

import "strings"

// A variable is something that a name stands for.
type variable struct {
	name     string
	t        *typ
	constant bool
	line     int // of its declaration in its scope, which a use follows
	global   bool
}

// A scope is a block.
type scope struct {
	outer  *scope
	vars   []*variable
	lines  []string
	isBody bool // of a function
	fn     *function
}

// A function is a function or a literal that is being written.
type function struct {
	outer   *function
	sig     *typ
	results []string // if named
	loops   []*loop
	targets []*target
	depth   int // of literals
	blocks  int // nesting of statements
	deferOK bool
}

// A loop is a statement that break or continue can mean.
type loop struct {
	label string
	used  bool // the label is
	kind  loopKind
}

type loopKind int

const (
	isLoop   loopKind = iota
	isSwitch          // cannot be continued
)

func (g *gen) push() { g.scope = &scope{outer: g.scope, fn: g.fn} }

// pop ends a block and returns its text.
func (g *gen) pop() string {
	s := g.scope
	g.scope = s.outer
	uses := map[int][]string{}
	for _, v := range s.vars {
		if !v.constant && v.line >= 0 {
			uses[v.line] = append(uses[v.line], "_ = "+v.name)
		}
	}
	var b strings.Builder
	for i, l := range s.lines {
		b.WriteString(l)
		b.WriteByte('\n')
		for _, u := range uses[i] {
			b.WriteString(u)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (g *gen) emit(line string) { g.scope.lines = append(g.scope.lines, line) }

// declare adds a variable whose declaration was emitted last. A variable that
// needs no use, like a parameter, has no line.
func (g *gen) declare(name string, t *typ) *variable {
	v := &variable{name: name, t: t, line: len(g.scope.lines) - 1}
	g.scope.vars = append(g.scope.vars, v)
	return v
}

func (g *gen) param(name string, t *typ) *variable {
	v := g.declare(name, t)
	v.line = -1
	return v
}

// visible returns the variables that can be named.
func (g *gen) visible() []*variable {
	seen := map[string]bool{}
	var out []*variable
	for s := g.scope; s != nil; s = s.outer {
		for i := len(s.vars) - 1; i >= 0; i-- {
			if v := s.vars[i]; !seen[v.name] {
				seen[v.name] = true
				out = append(out, v)
			}
		}
	}
	return out
}

func (g *gen) lookup(name string) *variable {
	for _, v := range g.visible() {
		if v.name == name {
			return v
		}
	}
	return nil
}

// free reports whether names mean what they mean at package level.
func (g *gen) free(names ...string) bool {
	for s := g.scope; s != nil; s = s.outer {
		for _, v := range s.vars {
			for _, name := range names {
				if v.name == name && !v.global {
					return false
				}
			}
		}
	}
	return true
}

// ownResult reports whether the name means the result and nothing declared in a
// block inside.
func (g *gen) ownResult(name string) bool {
	for s := g.scope; s != nil; s = s.outer {
		for _, v := range s.vars {
			if v.name == name {
				return s.isBody && s.fn == g.fn
			}
		}
	}
	return false
}

// names that local variables take: few, so that they shadow one another, and
// some that stand for something already.
var (
	shortNames = strings.Fields("a b c d e f g h i j k n p q s t v w x z a1 b1 x1")
	oddNames   = strings.Fields("len cap min max new copy append delete clear panic close recover " +
		"fmt coroutine coroc slices maps iter err ok t_1 site_1 frame c_1 r")
)

// fresh returns a name that the block does not have yet.
func (g *gen) fresh(not ...string) string {
	taken := map[string]bool{}
	for _, v := range g.scope.vars {
		taken[v.name] = true
	}
	for _, n := range not {
		taken[n] = true
	}
	names := shortNames
	if g.chance(15) {
		names = oddNames
	}
	var free []string
	for _, n := range names {
		if !taken[n] {
			free = append(free, n)
		}
	}
	if len(free) == 0 || g.chance(10) {
		g.id++
		return "v" + itoa(g.id)
	}
	return free[g.pick(len(free), func(i int) string { return free[i] })]
}
