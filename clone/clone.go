package clone

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// A Cloner clones library code into the packages of a module.
type Cloner struct {
	mod     *typecheck.Module
	libs    map[string]*library
	targets map[targetKey]*target
	refused map[refusedKey]*refusal
	seen    map[ast.Expr]bool // calls that lead to clones, func values that are those of clones
}

type refusedKey struct {
	target *target
	callee string
	value  ast.Expr // what makes a func value of it, else nil
}

// New returns a cloner for a module.
func New(mod *typecheck.Module) *Cloner {
	return &Cloner{
		mod:     mod,
		libs:    map[string]*library{},
		targets: map[targetKey]*target{},
		refused: map[refusedKey]*refusal{},
		seen:    map[ast.Expr]bool{},
	}
}

// A targetKey names what clones are made for: a package, or the tests of one.
type targetKey struct {
	path string
	test bool
}

// A target has the clones of one package, or of its tests.
type target struct {
	targetKey
	dir, name string
	base      *target                // of tests in a package: the package
	packages  []*typecheck.Package   // its variants
	roots     []root                 // what was asked for
	wanted    map[types.Object]bool  // exported functions that calls in clones lead to the clones of
	units     map[types.Object]*unit // what is cloned
	taken     map[string]bool        // identifiers of the package
	shadowed  map[string]bool        // names of the universe that it declares
	files     []*typecheck.File
	dirty     bool
}

// A root is a function that is cloned because a suspension passes through it.
type root struct {
	obj   types.Object
	eager bool
}

// Clone clones what it can of the functions that are in the way, and reports
// whether there is anything new: the module has then been checked again and has
// to be coloured again.
func (c *Cloner) Clone(opaque []colour.Opaque) (bool, []typecheck.Diagnostic) {
	var redirect []func()
	changed := false
	for _, o := range opaque {
		if o.Call != nil {
			if t, file, u := c.cloned(o, o.Call); u != nil {
				changed = true
				if !isClone(file) {
					redirect = append(redirect, func() { redirectCall(c.mod, t.packages[0].Info, o.Call, u) })
				}
			}
		}
		for _, e := range o.Values {
			if t, file, u := c.cloned(o, e); u != nil {
				changed = true
				if !isClone(file) {
					redirect = append(redirect, func() { redirectValue(c.mod, t.packages[0].Info, file, e, u) })
				}
			}
		}
	}
	if !changed {
		return false, nil
	}
	for _, r := range redirect {
		r()
	}
	return true, c.apply()
}

// cloned returns the clone of a function for a call of it, or a func value, with what is
// there; none if it is there already, or cannot be.
func (c *Cloner) cloned(o colour.Opaque, e ast.Expr) (*target, *typecheck.File, *unit) {
	if c.seen[e] {
		return nil, nil, nil
	}
	t, file := c.targetOf(e.Pos())
	if t == nil {
		return nil, nil, nil
	}
	key := refusedKey{target: t, callee: o.Callee.FullName()}
	var u *unit
	var err *refusal
	if o.Call == nil {
		key.value = e
	}
	if c.refused[key] != nil {
		return nil, nil, nil
	}
	if o.Call == nil {
		u, err = c.addValue(t, o.Callee, e, file)
	} else {
		u, err = c.add(t, o.Callee, isClone(file))
	}
	if err != nil {
		c.refused[key] = err
		return nil, nil, nil
	}
	c.seen[e] = true
	return t, file, u
}

// Refused returns the diagnostic for a function that is still in the way, with
// the reason why it was not cloned.
func (c *Cloner) Refused(o colour.Opaque) typecheck.Diagnostic {
	d := o.Diagnostic
	var r *refusal
	if o.Call != nil {
		t, _ := c.targetOf(o.Call.Pos())
		r = c.refused[refusedKey{target: t, callee: o.Callee.FullName()}]
	}
	for _, e := range o.Values {
		t, _ := c.targetOf(e.Pos())
		if r == nil {
			r = c.refused[refusedKey{target: t, callee: o.Callee.FullName(), value: e}]
		}
	}
	if r == nil {
		return d
	}
	pos := c.mod.Position(r.pos)
	for path, lib := range c.libs {
		if lib != nil && lib.Standard && slices.ContainsFunc(lib.Files, func(f *typecheck.LibraryFile) bool { return f.Name == pos.Filename }) {
			pos = token.Position{Filename: path + "/" + filepath.Base(pos.Filename)} // the line is another in each release
		}
	}
	d.Related = append(slices.Clone(d.Related), typecheck.Related{Pos: pos, Message: r.reason})
	return d
}

// isClone reports whether a file has clones.
func isClone(f *typecheck.File) bool { return f.Library != "" && !f.Frozen }

// A refusal says why something cannot be cloned.
type refusal struct {
	pos    token.Pos
	reason string
}

func refuse(pos token.Pos, format string, args ...any) *refusal {
	return &refusal{pos, fmt.Sprintf(format, args...)}
}

// targetOf returns the target that the code at a position belongs to, and its
// file.
func (c *Cloner) targetOf(pos token.Pos) (*target, *typecheck.File) {
	tf := c.mod.Fset.File(pos)
	if tf == nil {
		return nil, nil
	}
	for _, p := range c.mod.Packages {
		if p.Library || p.NoBody {
			continue
		}
		for _, f := range p.Files {
			if f.Name == tf.Name() {
				return c.target(p, f.Test), f
			}
		}
	}
	return nil, nil
}

func (c *Cloner) target(p *typecheck.Package, test bool) *target {
	key := targetKey{p.Path, test}
	if t := c.targets[key]; t != nil {
		return t
	}
	t := &target{
		targetKey: key, dir: p.Dir, name: p.Name,
		units:  map[types.Object]*unit{},
		wanted: map[types.Object]bool{},
		taken:  map[string]bool{}, shadowed: map[string]bool{},
	}
	c.targets[key] = t
	if test && p.Path == p.ForTest {
		t.base = c.target(p, false)
	}
	for _, q := range c.mod.Packages {
		if q.Path != p.Path || t.base != nil && q.ForTest != q.Path {
			continue
		}
		t.packages = append(t.packages, q)
		for _, name := range q.Types.Scope().Names() {
			t.shadowed[name] = types.Universe.Lookup(name) != nil
		}
		for _, f := range q.Files {
			ast.Inspect(f.Syntax, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					t.taken[id.Name] = true
				}
				return true
			})
		}
	}
	slices.SortStableFunc(t.packages, func(a, b *typecheck.Package) int {
		return cmp.Compare(btoi(a.NoBody), btoi(b.NoBody)) // the first one has types for all of its syntax
	})
	return t
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// has returns the clone of an object, of the target or of what it is added to.
func (t *target) has(o types.Object) *unit {
	if u := t.units[o]; u != nil {
		return u
	}
	if t.base != nil {
		return t.base.has(o)
	}
	return nil
}

func (t *target) wants(o types.Object) bool {
	return t.wanted[o] || t.base != nil && t.base.wants(o)
}

// add clones a function, with all that it needs, into a target; inner says that
// it is a clone that calls it.
func (c *Cloner) add(t *target, callee *types.Func, inner bool) (*unit, *refusal) {
	lib, err := c.library(callee.Pkg().Path())
	if err != nil {
		return nil, err
	}
	obj := lib.find(callee)
	if obj == nil {
		return nil, refuse(token.NoPos, "%s is not in the source of its package", callee.FullName())
	}
	return c.addObject(t, obj, inner)
}

// addObject is add for what the source of a library declares, or a binder.
func (c *Cloner) addObject(t *target, obj types.Object, inner bool) (_ *unit, err *refusal) {
	if u := t.has(obj); u != nil && (!inner || t.wants(obj)) {
		return u, nil
	}
	if inner {
		t.wanted[obj] = true
	}
	// Functions that are called with what may suspend are probably needed as
	// well; if that is not so, or does not work, colour says what is.
	for _, eager := range []bool{true, false} {
		var s *search
		if s, err = c.search(t, append(slices.Clone(t.roots), root{obj, eager})); err == nil {
			t.units, t.roots, t.dirty = s.units, append(t.roots, root{obj, eager}), true
			for _, tests := range c.targets {
				tests.dirty = tests.dirty || tests.base == t
			}
			return t.has(obj), nil
		}
	}
	delete(t.wanted, obj)
	return nil, err
}

// apply makes the files of the targets that have changed part of their packages.
func (c *Cloner) apply() []typecheck.Diagnostic {
	changed := map[*typecheck.Package]bool{}
	for _, t := range c.sorted() {
		if !t.dirty {
			continue
		}
		s, err := c.search(t, t.roots) // the package may have by now what its tests had
		if err != nil {
			return []typecheck.Diagnostic{{Message: "internal error: " + err.reason}}
		}
		t.units, t.files, t.dirty = s.units, s.files, false
	}
	for _, p := range c.mod.Packages {
		var libs []*typecheck.File
		p.Clones = map[string]string{}
		for _, t := range c.sorted() {
			if slices.Contains(t.packages, p) {
				libs = append(libs, t.files...)
				for _, u := range t.units {
					if !u.isMethod {
						p.Clones[u.name] = u.label()
					}
				}
			}
		}
		if len(libs) == 0 {
			continue
		}
		changed[p] = true
		p.Files = append(slices.DeleteFunc(slices.Clone(p.Files), func(f *typecheck.File) bool { return isClone(f) && f.Library != p.Path }), libs...)
	}
	return c.mod.Recheck(func(p *typecheck.Package) bool { return changed[p] })
}

// sorted returns the targets in a fixed order, what others are based on first.
func (c *Cloner) sorted() []*target {
	return slices.SortedFunc(maps.Values(c.targets), func(a, b *target) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(btoi(a.test), btoi(b.test)))
	})
}

// fileName returns the name of the file with what is cloned of a package.
func (t *target) fileName(path string) string {
	if t.test && t.base == nil { // of package p_test, in the directory of p
		path += ".x"
	}
	return typecheck.LibraryFileName(t.dir, path, t.test)
}

// identifier returns the import path and the name of an object as one name.
func identifier(path string, names ...string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.Join(append([]string{path}, names...), "_"))
	switch first := name[0]; {
	case first >= '0' && first <= '9':
		name = "_" + name
	case first >= 'A' && first <= 'Z':
		name = strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

// free returns the name, or the first of it with a number that is free.
func free(name string, taken func(string) bool) string {
	n := name
	for i := 2; taken(n); i++ {
		n = fmt.Sprintf("%s_%d", name, i)
	}
	return n
}

// importable reports whether a package may import another one.
func importable(from, path string) bool {
	if path == "C" {
		return false
	}
	if path == "internal" || strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "vendor/") {
		return false
	}
	if i := strings.LastIndex(path, "/internal"); i >= 0 && (i+len("/internal") == len(path) || path[i+len("/internal")] == '/') {
		root := path[:i]
		return from == root || strings.HasPrefix(from, root+"/")
	}
	return true
}
