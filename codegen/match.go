package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
)

// A place of an older version of a function is the same in another one if its innermost
// statement is, and so are the heads of the statements around that, as the canonical form has
// them, and there is only one such place in each.

// versionSource is the source of a version of a function, declared or literal.
type versionSource struct {
	mod    *typecheck.Module
	fn     ast.Node // *ast.FuncDecl or *ast.FuncLit
	info   *types.Info
	rename func(*ast.Ident) string
	numbers

	spots  map[string][]*spot
	keyOf  map[ast.Node]string // of calls and literals
	placed map[ast.Node]int
	locals map[types.Object]string // names in saved states
}

// numbers are those of calls and literals.
type numbers interface {
	call(ast.Node) int
	literal(ast.Node) string
}

func (p *places) call(n ast.Node) int       { return p.calls[n] }
func (p *places) literal(n ast.Node) string { return p.names[n] }

// A spot is a call, range or literal with what it stands in.
type spot struct {
	node ast.Node
	path []ast.Node // from the body to the node
	stmt int        // the innermost statement in it
}

func newVersionSource(mod *typecheck.Module, fn ast.Node, pkg *types.Package, info *types.Info, rename func(*ast.Ident) string, n numbers) *versionSource {
	s := &versionSource{
		mod: mod, fn: fn, info: info, rename: rename, numbers: n,
		spots: map[string][]*spot{}, keyOf: map[ast.Node]string{},
		placed: desugar.Places(mod, fn), locals: desugar.LocalNames(fn, pkg, info),
	}
	s.findSpots()
	return s
}

func (s *versionSource) parts() (*ast.FuncType, *ast.BlockStmt) {
	if d, ok := s.fn.(*ast.FuncDecl); ok {
		return d.Type, d.Body
	}
	l := s.fn.(*ast.FuncLit)
	return l.Type, l.Body
}

func (s *versionSource) findSpots() {
	_, body := s.parts()
	var path []ast.Node
	in := map[ast.Node]int{} // spots so far in a statement
	s.mod.InspectSource(body, func(n, now ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return false
		}
		path = append(path, n)
		switch n.(type) {
		case *ast.FuncLit, *ast.CallExpr, *ast.RangeStmt:
			x := &spot{node: n, path: append([]ast.Node(nil), path...)}
			for i, a := range path {
				if _, ok := a.(ast.Stmt); ok {
					x.stmt = i
				}
			}
			in[path[x.stmt]]++
			key := s.key(x, in[path[x.stmt]])
			s.keyOf[n], s.keyOf[now] = key, key
			s.spots[key] = append(s.spots[key], x)
		}
		if _, ok := n.(*ast.FuncLit); ok {
			path = path[:len(path)-1]
			return false
		}
		return true
	})
}

// key writes where a spot, the n-th of its statement, stands.
func (s *versionSource) key(x *spot, n int) string {
	var b strings.Builder
	_, hide := x.node.(*ast.FuncLit) // those in the statement may have changed
	w := &canonicalWriter{h: &b, mod: s.mod, rename: s.rename, hideLits: hide}
	for i, a := range x.path[:x.stmt] {
		if a, ok := a.(ast.Stmt); ok {
			w.head(a)
			if r, ok := a.(*ast.RangeStmt); ok {
				fmt.Fprintf(&b, " over %v", s.info.TypeOf(r.X))
			}
			fmt.Fprintf(&b, " %s\n", roleOf(a, x.path[i+1]))
		}
	}
	stmt := x.path[x.stmt].(ast.Stmt)
	if _, isClause := stmt.(*ast.CaseClause); isClause { // which clause it will be is a number of all
		for _, c := range x.path[x.stmt-1].(*ast.BlockStmt).List {
			w.head(c.(*ast.CaseClause))
		}
	}
	if _, isRange := x.node.(*ast.RangeStmt); isRange {
		w.write(reflect.ValueOf(stmt)) // the iterator may be in the middle of its body
	} else {
		w.head(stmt)
	}
	fmt.Fprintf(&b, "\n%T %d", x.node, n)
	return b.String()
}

// head writes a statement, without the statements in it if it has a body.
func (c *canonicalWriter) head(s ast.Stmt) {
	if parts, ok := headOf(s); ok {
		fmt.Fprintf(c.h, "%T", s)
		switch s := s.(type) {
		case *ast.RangeStmt:
			fmt.Fprint(c.h, s.Tok)
		case *ast.BranchStmt:
			fmt.Fprint(c.h, s.Tok)
		}
		for _, p := range parts {
			fmt.Fprint(c.h, ";")
			if p != nil {
				c.write(reflect.ValueOf(p))
			}
		}
		return
	}
	c.write(reflect.ValueOf(s))
}

// headOf returns the parts of a statement that are not statements of its body; false if it has
// no body.
func headOf(s ast.Stmt) ([]ast.Node, bool) {
	var parts []ast.Node
	add := func(n ast.Node) {
		if v := reflect.ValueOf(n); !v.IsValid() || v.IsNil() {
			n = nil
		}
		parts = append(parts, n)
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
	case *ast.LabeledStmt:
		add(s.Label)
	case *ast.IfStmt:
		add(s.Init)
		add(s.Cond)
	case *ast.ForStmt:
		add(s.Init)
		add(s.Cond)
		add(s.Post)
	case *ast.RangeStmt:
		add(s.Key)
		add(s.Value)
		add(s.X)
	case *ast.SwitchStmt:
		add(s.Init)
		add(s.Tag)
	case *ast.TypeSwitchStmt:
		add(s.Init)
		add(s.Assign)
	case *ast.CaseClause:
		for _, e := range s.List {
			add(e)
		}
	case *ast.CommClause:
		add(s.Comm)
	case *ast.SelectStmt:
		for _, c := range s.Body.List {
			add(c.(*ast.CommClause).Comm)
		}
	default:
		return nil, false
	}
	return parts, true
}

// roleOf says what a node is of a statement, where that makes a difference.
func roleOf(s ast.Stmt, child ast.Node) string {
	same := func(n ast.Node) bool { return n == child }
	switch s := s.(type) {
	case *ast.IfStmt:
		switch {
		case s.Init != nil && same(s.Init):
			return "init"
		case s.Else != nil && same(s.Else):
			return "else"
		}
	case *ast.ForStmt:
		switch {
		case s.Init != nil && same(s.Init):
			return "init"
		case s.Post != nil && same(s.Post):
			return "post"
		}
	case *ast.SwitchStmt:
		if s.Init != nil && same(s.Init) {
			return "init"
		}
	case *ast.TypeSwitchStmt:
		switch {
		case s.Init != nil && same(s.Init):
			return "init"
		case same(s.Assign):
			return "assign"
		}
	case *ast.CommClause:
		if s.Comm != nil && same(s.Comm) {
			return "comm"
		}
	}
	return "body"
}

// counterpart returns the spot of another version that is the same as that of a node, and its own
// spot here, or says why there is none.
func (s *versionSource) counterpart(n ast.Node, other *versionSource) (here, there *spot, why string) {
	key := s.keyOf[n]
	switch a, b := s.spots[key], other.spots[key]; {
	case len(b) == 0:
		return nil, nil, "this statement, or one around it, is not there any more"
	case len(a) > 1 || len(b) > 1:
		return nil, nil, "this statement stands more than once below the same statements"
	default:
		return a[0], b[0], ""
	}
}

// nodes returns the nodes of what a spot stands in, as far as it is the same in the other
// version, in order.
func (x *spot) nodes(mod *typecheck.Module) []ast.Node {
	var list []ast.Node
	all := func(n ast.Node) {
		mod.InspectSource(n, func(n, _ ast.Node) bool {
			switch n.(type) {
			case nil, *ast.CommentGroup, *ast.Comment:
				return false
			}
			list = append(list, n)
			return true
		})
	}
	head := func(s ast.Stmt) bool {
		parts, ok := headOf(s)
		if ok {
			list = append(list, s)
			for _, p := range parts {
				if p != nil {
					all(p)
				}
			}
		}
		return ok
	}
	for _, a := range x.path[:x.stmt] {
		if s, ok := a.(ast.Stmt); ok {
			head(s)
		}
	}
	stmt := x.path[x.stmt].(ast.Stmt)
	if _, isRange := x.node.(*ast.RangeStmt); isRange || !head(stmt) {
		all(stmt)
	}
	return list
}

// visible returns the variables of a name at a spot, the innermost first.
func (s *versionSource) visible(x *spot, name string) []types.Object {
	var list []types.Object
	find := func(n ast.Node) {
		if scope := s.info.Scopes[n]; scope != nil {
			if in, o := scope.LookupParent(name, x.node.Pos()); in == scope {
				list = append(list, o)
			}
		}
	}
	for i := len(x.path) - 1; i >= 0; i-- {
		find(x.path[i])
	}
	typ, _ := s.parts()
	find(typ)
	return list
}

var (
	placedName = regexp.MustCompile(`^#([a-z]*)([0-9]+)(\.[0-9]+)?$`)
	localName  = regexp.MustCompile(`^([^#]+(?:#[0-9]+)?)(#.*)?$`)
	clauseName = regexp.MustCompile(`^#case([0-9]+)$`)
)

// names returns what another version calls live variables at a site, or says of the first for
// which it has nothing why.
func (s *versionSource) names(live []string, here, there *spot, other *versionSource) (names []string, why string) {
	a, b := here.nodes(s.mod), there.nodes(s.mod)
	if len(a) != len(b) {
		return nil, "this statement is compiled in another way now"
	}
	was := map[int]int{}
	for i := range a {
		if s.placed[a[i]] != 0 {
			was[s.placed[a[i]]] = other.placed[b[i]]
		}
	}
	for _, name := range live {
		old, why := s.oldName(name, was, here, there, other)
		if why != "" {
			return nil, why
		}
		names = append(names, old)
	}
	return names, ""
}

func (s *versionSource) oldName(name string, was map[int]int, here, there *spot, other *versionSource) (old, why string) {
	unknown := fmt.Sprintf("%s, which is needed there now, has no counterpart here", VariableText(name))
	if m := placedName.FindStringSubmatch(name); m != nil && m[1] != "result" {
		n, _ := strconv.Atoi(m[2])
		if n == 0 && m[1] == "r" && s.results() == other.results() { // of a result without a name
			return name, ""
		}
		if was[n] == 0 {
			return "", unknown
		}
		return fmt.Sprintf("#%s%d%s", m[1], was[n], m[3]), ""
	}
	if name[0] == '#' {
		return name, ""
	}
	m := localName.FindStringSubmatch(name)
	own, _, _ := strings.Cut(name, "#")
	suffix := m[2]
	mine, its := s.visible(here, own), other.visible(there, own)
	if len(mine) != len(its) { // one may hide another
		return "", unknown
	}
	for i, o := range mine {
		if s.locals[o] != m[1] || other.locals[its[i]] == "" {
			continue
		}
		// What is shared with a literal is in the frame as a pointer: that might look the same.
		if a, b := types.TypeString(its[i].Type(), nil), types.TypeString(o.Type(), nil); a != b {
			return "", fmt.Sprintf("the type of %s is %s here, and %s there now", VariableText(name), a, b)
		}
		if c := clauseName.FindStringSubmatch(suffix); c != nil {
			if suffix = oldClause(c[1], o, s, here, there); suffix == "" {
				return "", unknown
			}
		}
		return other.locals[its[i]] + suffix, ""
	}
	return "", unknown
}

// results writes the results of the function.
func (s *versionSource) results() string {
	typ, _ := s.parts()
	var b strings.Builder
	if typ.Results != nil {
		for _, f := range typ.Results.List {
			for range max(len(f.Names), 1) {
				fmt.Fprintf(&b, "%v %v,", f.Names, s.info.TypeOf(f.Type))
			}
		}
	}
	return b.String()
}

// VariableText calls what has a name in saved states what people call it.
func VariableText(name string) string {
	if name[0] == '#' {
		return "an intermediate value (" + name + ")"
	}
	return "the variable " + name
}

// oldClause returns the suffix of the variable of a clause of a type switch, of which here has
// the number.
func oldClause(number string, obj types.Object, s *versionSource, here, there *spot) string {
	for i, n := range here.path {
		if i == 0 || i >= len(there.path) || s.info.Implicits[n] != obj {
			continue
		}
		if fmt.Sprint(clauseNumber(here.path[i-1], n)) == number {
			return fmt.Sprintf("#case%d", clauseNumber(there.path[i-1], there.path[i]))
		}
	}
	return ""
}

func clauseNumber(body, clause ast.Node) int {
	if b, ok := body.(*ast.BlockStmt); ok {
		for i, s := range b.List {
			if s == clause {
				return i + 1
			}
		}
	}
	return 0
}

// matchLiterals notes which literals of another version are the same as those in s, with
// those in them: they stand at the same place, and may have changed.
func (s *versionSource) matchLiterals(other *versionSource, pkg *types.Package, pairs map[ast.Node][2]*versionSource) {
	pairs[s.fn] = [2]*versionSource{s, other}
	for n := range s.keyOf {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			continue
		}
		if _, there, _ := s.counterpart(n, other); there != nil {
			in := newVersionSource(s.mod, lit, pkg, s.info, s.rename, s.numbers)
			in.matchLiterals(newVersionSource(s.mod, there.node, pkg, other.info, other.rename, other.numbers), pkg, pairs)
		}
	}
}
