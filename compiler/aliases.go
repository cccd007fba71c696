package compiler

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/types"
	"go/version"
	"maps"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A package can have values of a type that another one does not export: what a function
// or a variable of that one hands out. Where such a value is kept, in a frame, generated
// code has to name its type. So a package that lets unexported types out declares exported
// aliases of them, in a file that exists in the compiler only, as clones do.

// declareAliases adds the files with aliases to the packages that need them, and reports
// whether there are any; the module has to be coloured again then.
func (r *Result) declareAliases() bool {
	changed := map[*typecheck.Package]bool{}
	needed := r.importedByDurable()
	for _, p := range r.Module.Packages {
		if p.Library || p.Test || !needed[p.Path] {
			continue
		}
		f := r.aliasFile(p)
		if f == nil {
			continue
		}
		for _, q := range r.Module.Packages {
			if q.Path == p.Path {
				q.Files = append(slices.Clone(q.Files), f)
				changed[q] = true
			}
		}
	}
	if len(changed) == 0 {
		return false
	}
	r.add(r.Module.Recheck(func(p *typecheck.Package) bool { return changed[p] }))
	return true
}

// importedByDurable returns the import paths of what packages with durable code import,
// directly or not.
func (r *Result) importedByDurable() map[string]bool {
	touched := r.touched()
	found := map[string]bool{}
	seen := map[*typecheck.Package]bool{}
	var visit func(p *typecheck.Package)
	visit = func(p *typecheck.Package) {
		for path, q := range p.Imports {
			found[path] = true
			if !seen[q] {
				seen[q] = true
				visit(q)
			}
		}
	}
	for _, p := range r.Module.Packages {
		if !p.Library && slices.ContainsFunc(p.Files, func(f *typecheck.File) bool { return touched[f.Name] }) {
			visit(p)
		}
	}
	return found
}

// aliasFile returns the file with the aliases of a package, nil if it lets no type out.
func (r *Result) aliasFile(p *typecheck.Package) *typecheck.File {
	imports := map[string]string{} // names, by path
	var decls bytes.Buffer
	for _, obj := range leaked(p) {
		name := typecheck.AliasName(obj.Name())
		if p.Types.Scope().Lookup(name) != nil {
			continue
		}
		decl, use, ok := aliasParams(p, obj, imports)
		if !ok {
			continue
		}
		fmt.Fprintf(&decls, "\n// %s is %s.\ntype %s%s = %s%s\n", name, obj.Name(), name, decl, obj.Name(), use)
	}
	if decls.Len() == 0 {
		return nil
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "package %s\n", p.Name)
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&text, "\nimport %s %q\n", imports[path], path)
	}
	text.Write(decls.Bytes())
	name := typecheck.LibraryFileName(p.Dir, "unexported", false)
	syntax, err := parser.ParseFile(r.Module.Fset, name, text.Bytes(), parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		r.add([]typecheck.Diagnostic{{Message: "internal error: the aliases of unexported types do not parse: " + err.Error()}})
		return nil
	}
	return &typecheck.File{Name: name, Syntax: syntax, Source: text.Bytes(), Library: p.Path, Origins: []string{name}}
}

// aliasParams returns the type parameters that the alias of a type declares and what it
// gives to the type; ok is false if it cannot declare them.
func aliasParams(p *typecheck.Package, obj *types.TypeName, imports map[string]string) (decl, use string, ok bool) {
	named, isNamed := obj.Type().(*types.Named)
	if !isNamed || named.TypeParams().Len() == 0 {
		return "", "", true
	}
	scope := p.Types.Scope()
	free := func(name string) bool { return scope.Lookup(name) == nil }
	if version.Compare(p.GoVersion, "go1.24") < 0 {
		return "", "", false
	}
	for _, name := range types.Universe.Names() {
		if !free(name) {
			return "", "", false // a constraint could mean what the package calls so
		}
	}
	qualify := func(q *types.Package) string {
		if q == p.Types {
			return ""
		}
		if imports[q.Path()] == "" {
			name := q.Name()
			for n := 2; !free(name) || slices.Contains(slices.Collect(maps.Values(imports)), name); n++ {
				name = fmt.Sprintf("%s_%d", q.Name(), n)
			}
			imports[q.Path()] = name
		}
		return imports[q.Path()]
	}
	var decls, uses []string
	for t := range named.TypeParams().TypeParams() {
		name := t.Obj().Name()
		if name == "_" {
			name = fmt.Sprintf("T_%d", t.Index()+1)
		}
		decls = append(decls, name+" "+types.TypeString(t.Constraint(), qualify))
		uses = append(uses, name)
	}
	return "[" + strings.Join(decls, ", ") + "]", "[" + strings.Join(uses, ", ") + "]", true
}

// leaked returns the unexported types whose values other packages can come by, in the
// order of their names.
func leaked(p *typecheck.Package) []*types.TypeName {
	if p.Name == "main" {
		return nil
	}
	l := leaks{p: p.Types, found: map[*types.TypeName]bool{}, seen: map[types.Type]bool{}}
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		if obj := scope.Lookup(name); obj.Exported() {
			l.walk(obj.Type())
		}
	}
	return slices.SortedFunc(maps.Keys(l.found), func(a, b *types.TypeName) int { return strings.Compare(a.Name(), b.Name()) })
}

type leaks struct {
	p     *types.Package
	found map[*types.TypeName]bool
	seen  map[types.Type]bool
}

// walk looks at what others can do with a value of a type.
func (l *leaks) walk(t types.Type) {
	t = types.Unalias(t)
	if t == nil || l.seen[t] {
		return
	}
	l.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			l.walk(a)
		}
		t = t.Origin()
		obj := t.Obj()
		if obj.Pkg() != l.p || obj.Parent() != l.p.Scope() {
			return
		}
		if !obj.Exported() {
			l.found[obj] = true
		}
		for m := range t.Methods() {
			if m.Exported() {
				l.walk(m.Type())
			}
		}
		l.walk(t.Underlying())
	case *types.Pointer:
		l.walk(t.Elem())
	case *types.Slice:
		l.walk(t.Elem())
	case *types.Array:
		l.walk(t.Elem())
	case *types.Chan:
		l.walk(t.Elem())
	case *types.Map:
		l.walk(t.Key())
		l.walk(t.Elem())
	case *types.Signature:
		for v := range t.Params().Variables() {
			l.walk(v.Type())
		}
		for v := range t.Results().Variables() {
			l.walk(v.Type())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				l.walk(f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				l.walk(m.Type())
			}
		}
	}
}
