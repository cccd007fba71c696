package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// What is saved is called by where it stands in the source of its function, so that a state
// means the same whatever else of the program may suspend.

// places are the numbers of what stands in a declaration of the source, by the function,
// declared or literal, that it is in.
type places struct {
	mod    *typecheck.Module     // or nil
	names  map[ast.Node]string   // literals and ranges: .func1.func2, .range1
	calls  map[ast.Node]int      // calls and ranges, from 1
	defers map[ast.Node]int      // from 1
	in     map[ast.Node]ast.Node // of ranges: the function
}

// placesIn returns the numbers of a declaration of the source.
func (f *pkgGen) placesIn(decl ast.Node) *places {
	if p := f.placed[decl]; p != nil {
		return p
	}
	p := newPlaces(f.mod)
	f.placed[decl] = p
	p.declaration(decl)
	return p
}

func newPlaces(mod *typecheck.Module) *places {
	return &places{mod: mod, names: map[ast.Node]string{}, calls: map[ast.Node]int{}, defers: map[ast.Node]int{}, in: map[ast.Node]ast.Node{}}
}

// placesOf returns the numbers of a function that has been taken out of its file.
func placesOf(mod *typecheck.Module, decl *ast.FuncDecl) *places {
	p := newPlaces(mod)
	p.walk(decl, "")
	return p
}

// Literals returns the func literals in a function, with what their names in saved states add to
// its own: .func1.func2.
func Literals(fn ast.Node) map[string]*ast.FuncLit {
	p := newPlaces(nil)
	p.walk(fn, "")
	literals := map[string]*ast.FuncLit{}
	for n, name := range p.names {
		if lit, ok := n.(*ast.FuncLit); ok {
			literals[name] = lit
		}
	}
	return literals
}

// CallOf returns the call or range with a number in a function, or in the literal or the body of
// a range in it that has a name, .func1.range2; if there is none, the function.
func CallOf(decl *ast.FuncDecl, name string, number int) ast.Node {
	p := placesOf(nil, decl)
	fn := ast.Node(decl)
	for n, s := range p.names {
		if s == name {
			if fn = n; p.in[n] != nil {
				fn = p.in[n]
			}
		}
	}
	found := fn
	ast.Inspect(fn, func(n ast.Node) bool {
		if p.calls[n] == number && number > 0 {
			found = n
		}
		_, isLit := n.(*ast.FuncLit)
		return !isLit || n == fn
	})
	return found
}

// declaration numbers what stands in a declaration. What stands in the initialiser of a
// package-level variable is called by that variable, which may share its declaration with
// others: = and its name.
func (p *places) declaration(decl ast.Node) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		p.walk(d, "")
	case *ast.GenDecl:
		for _, s := range d.Specs {
			v, ok := s.(*ast.ValueSpec)
			if !ok {
				continue
			}
			name := variableName(v)
			if name != "" {
				name = "=" + name
			}
			p.walk(v, name)
		}
	}
}

func (p *places) walk(fn ast.Node, name string) {
	var literals, ranges, calls, defers int
	p.mod.InspectSource(fn, func(n, now ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			if n == fn {
				break
			}
			literals++
			p.names[n] = fmt.Sprintf("%s.func%d", name, literals)
			p.walk(n, p.names[n])
			return false
		case *ast.RangeStmt:
			ranges++
			calls++
			p.names[n], p.calls[n], p.in[n] = fmt.Sprintf("%s.range%d", name, ranges), calls, fn
		case *ast.CallExpr:
			calls++
			p.calls[n], p.calls[now] = calls, calls
		case *ast.DeferStmt:
			defers++
			p.defers[n] = defers
		}
		return true
	})
}

// begin begins the work on a declaration of the desugared form.
func (f *fileGen) begin(d ast.Decl) {
	f.here = f.placesIn(f.d.Orig[d])
	f.wires = f.d.Wires[d]
	f.frozen = nil
	if fd, ok := d.(*ast.FuncDecl); ok && f.src.Frozen {
		f.frozen = f.p.Frozen[fd.Name.Name]
	}
}

// wire returns the name of a variable in saved states.
func (f *fileGen) wire(name string) string {
	if w := f.wires[name]; w != "" {
		name = w
	}
	if name == "Site" || name == "Rec" { // what frames and records begin with
		name += "#"
	}
	return name
}

// fieldText declares a field that is saved under another name than its own.
func fieldText(name, wire, typ string) string {
	if wire == name {
		return fmt.Sprintf("%s %s\n", name, typ)
	}
	return fmt.Sprintf("%s %s `coroc:%q`\n", name, typ, wire)
}

// literalState returns the name in saved states of a literal, or of the body of a range; made
// is the one of what has no place in the source.
func (f *fileGen) literalState(u *unit, orig ast.Node, made string) string {
	if name := f.here.names[orig]; name != "" {
		return stateOf(f.p.Path, u.state, name)
	}
	return u.state + ".made" + strings.TrimPrefix(made, u.state)
}

// stateOf returns the name in saved states of what has a name in a declaration of a package.
func stateOf(path, unit, name string) string {
	if own, ok := strings.CutPrefix(name, "="); ok {
		return path + "." + own
	}
	return unit + name
}

// deferredState returns the name in saved states of the calls of a defer statement.
func (t *twinGen) deferredState(s *ast.DeferStmt) string {
	return fmt.Sprintf("%s.defer%d@%x", t.state, t.here.defers[t.desugared.Orig[s]], t.version(t.orig))
}

// siteKeys numbers the sites of a twin by the places of their calls.
func (t *twinGen) siteKeys() {
	used := map[int]bool{}
	for _, it := range t.items {
		if it.kind != siteItem {
			continue
		}
		key := t.here.calls[t.desugared.Orig[it.call]]
		for key == 0 || used[key] {
			key += 1 << 20
		}
		used[key] = true
		it.key = key
	}
}

// version returns the fingerprint of the function that a twin is made of. The body of a
// range is a part of the function around it.
func (f *fileGen) version(orig ast.Node) uint64 {
	if fn := f.here.in[orig]; fn != nil {
		orig = fn
	}
	switch _, isDecl := orig.(*ast.FuncDecl); {
	case f.frozen == nil:
		return f.renames.Fingerprint(f.p, orig)
	case isDecl:
		return f.frozen.Fingerprint
	}
	if v, ok := f.frozen.Literals[f.frozen.State+f.here.names[orig]]; ok {
		return v
	}
	return frozenFingerprint(f.mod, orig)
}

// ownerOf returns the name in states of the function or variable that is declared at package
// level around a position of the source; "" if there is none. What has no name of its own is
// numbered among those of its file.
func (f *pkgGen) ownerOf(pos token.Pos) string {
	for _, file := range f.p.Files {
		if pos < file.Syntax.FileStart || pos >= file.Syntax.FileEnd {
			continue
		}
		count := map[string]int{}
		numbered := func(name string) string {
			count[name]++
			return fmt.Sprintf("%s.%s.%s.%d", f.p.Path, name, strings.TrimSuffix(filepath.Base(file.Name), ".go"), count[name])
		}
		for _, d := range file.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				var state string
				if d.Recv == nil && (d.Name.Name == "init" || d.Name.Name == "_") {
					state = numbered(d.Name.Name)
				} else if fn, ok := f.p.Info.Defs[d.Name].(*types.Func); ok {
					_, state = unitNames(fn, f.p.Path)
				}
				if d.Pos() <= pos && pos < d.End() {
					return state
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					v, ok := s.(*ast.ValueSpec)
					if !ok {
						continue
					}
					state := f.p.Path + "." + variableName(v)
					if variableName(v) == "" {
						state = numbered("var")
					}
					if v.Pos() <= pos && pos < v.End() {
						return state
					}
				}
			}
		}
	}
	return ""
}
