package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// needsUnit reports whether a generic function has something to register for each
// of its instances.
func (f *fileGen) needsUnit(fn *types.Func) bool {
	return f.makers[f.source(fn)]
}

// collectInstances finds the instances of generic functions and types that a file
// uses: those without type parameters are registered by init, the others by the
// generic function that uses them.
func (f *fileGen) collectInstances(file *ast.File) {
	for _, d := range file.Decls {
		declared := map[ast.Expr]bool{} // types that a declaration names
		ast.Inspect(d, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok {
				declared[s.Type] = true
			}
			if a, ok := n.(*ast.TypeAssertExpr); ok && a.Type != nil {
				f.assertion(a)
			}
			if id, ok := n.(*ast.Ident); ok {
				f.madeBy(id)
				if inst, ok := f.info.Instances[id]; ok {
					if fn, ok := f.info.Uses[id].(*types.Func); ok && f.needsUnit(fn) {
						f.instance(d, fn, inst.TypeArgs)
					}
				}
			}
			if e, ok := n.(ast.Expr); ok {
				if tv, ok := f.info.Types[e]; ok && tv.Type != nil && !declared[e] && !isGenericAlias(tv.Type) {
					f.typeUse(d, tv.Type)
				}
			}
			return true
		})
	}
}

// madeBy registers what a function of the standard library makes that the program does not mention.
func (f *fileGen) madeBy(id *ast.Ident) {
	fn, ok := f.info.Uses[id].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Signature().Recv() != nil {
		return
	}
	switch name := fn.Pkg().Path() + "." + fn.Name(); {
	case name == "bufio.NewScanner":
		if split, ok := fn.Pkg().Scope().Lookup("ScanLines").(*types.Func); ok {
			f.staticFunc(f.stateName(split), f.declaredFunc(split))
		}
	case typecheck.MakesHidden[name] != "":
		if args := typecheck.MakesHidden[name]; args == "()" || !f.shadowed("nil") {
			f.initOnce(fmt.Sprintf("%s.RegisterMade(%s%s)", f.coroc, f.qualified(fn), args))
		}
	}
}

// isGenericAlias reports whether t is an alias with type parameters and without
// arguments: what it stands for mentions its own parameters.
func isGenericAlias(t types.Type) bool {
	a, ok := t.(*types.Alias)
	return ok && a.TypeParams().Len() > 0 && a.TypeArgs().Len() == 0
}

// assertion registers the interfaces of a type assertion: the error of one that fails, which
// a deferred call may hold while it suspends, is about them.
func (f *fileGen) assertion(a *ast.TypeAssertExpr) {
	for _, e := range []ast.Expr{a.X, a.Type} {
		n, ok := types.Unalias(f.info.TypeOf(e)).(*types.Named)
		if ok && types.IsInterface(n) && !mentionsTypeParam(n) && n.Obj().Pkg() != nil && n.Obj().Parent() == n.Obj().Pkg().Scope() {
			f.registerType(n)
		}
	}
}

func (f *fileGen) instance(d ast.Decl, fn *types.Func, targs *types.TypeList) {
	open := false
	for i := range targs.Len() {
		open = open || mentionsTypeParam(targs.At(i))
	}
	name, _ := unitNames(fn.Origin(), "")
	var text string
	if !f.nameable(func() {
		var list []string
		for i := range targs.Len() {
			list = append(list, f.typeText(targs.At(i)))
		}
		text = registerName(name) + "[" + strings.Join(list, ", ") + "]()"
		if !f.samePackage(fn.Pkg()) {
			text = f.importName(fn.Pkg()) + "." + text
		}
	}) {
		return
	}
	if !open {
		f.initOnce(text)
		return
	}
	f.inInstances(d, text)
}

// nameable runs work and reports whether all types in it could be written.
func (f *fileGen) nameable(work func()) (ok bool) {
	defer func() {
		if _, no := recover().(unnameable); no {
			ok = false
		}
	}()
	work()
	return true
}

func (f *fileGen) initOnce(text string) {
	if !f.initDone[text] {
		f.initDone[text] = true
		f.inits = append(f.inits, text)
	}
}

// typeUse registers the named types of an expression: their values may stand in
// interface variables of a frame, and their methods may suspend.
func (f *fileGen) typeUse(d ast.Decl, t types.Type) {
	for {
		switch u := types.Unalias(t).(type) {
		case *types.Pointer:
			t = u.Elem()
			continue
		case *types.Slice:
			t = u.Elem()
			continue
		case *types.Array:
			t = u.Elem()
			continue
		case *types.Map:
			f.typeUse(d, u.Key())
			t = u.Elem()
			continue
		case *types.Struct:
			// Reflection cannot make every struct type.
			if u.NumFields() > 0 && !mentionsTypeParam(u) {
				f.registerType(u)
			}
		case *types.Named:
			f.namedUse(d, u)
		}
		return
	}
}

// Generic types can embed larger and larger instances of each other through
// pointers; their methods are followed so far.
const maxEmbedded = 16

func (f *fileGen) namedUse(d ast.Decl, n *types.Named) {
	if n.Obj().Pkg() == nil {
		return
	}
	if n.TypeArgs().Len() > 0 {
		for i := range n.Origin().NumMethods() {
			if m := n.Origin().Method(i); f.needsUnit(m) {
				f.instance(d, m, n.TypeArgs())
			}
		}
		// Promoted methods are called without an expression of the embedded type.
		if s, ok := n.Underlying().(*types.Struct); ok && f.embedded < maxEmbedded {
			f.embedded++
			for v := range s.Fields() {
				if v.Embedded() {
					f.typeUse(d, v.Type())
				}
			}
			f.embedded--
		}
	}
	if types.IsInterface(n) || n.TypeParams().Len() > 0 && n.TypeArgs().Len() == 0 || isOurs(n.Obj().Pkg().Path()) && n.TypeArgs().Len() == 0 {
		return
	}
	if mentionsTypeParam(n) {
		f.openType(d, n)
		return
	}
	if n.TypeArgs().Len() == 0 && f.samePackage(n.Obj().Pkg()) {
		return // registered where it is declared
	}
	f.registerType(n)
}

func (f *fileGen) registerType(t types.Type) {
	f.nameable(func() {
		if n, ok := t.(*types.Named); ok {
			if pkg := n.Obj().Pkg(); pkg == nil || !typecheck.RegisteredByRuntime[pkg.Path()+"."+n.Obj().Name()] {
				f.initOnce(f.registration(n))
			}
			return
		}
		name := types.TypeString(t, func(p *types.Package) string { return mapImport(p.Path()) })
		if u, ok := t.(*types.Struct); ok {
			for i := range u.NumFields() {
				if !u.Field(i).Exported() {
					name = f.p.Path + "." + name // it is another type in each package
					break
				}
			}
		}
		f.initOnce(fmt.Sprintf("%s.RegisterType[%s](%q)", f.coroc, f.typeText(t), name))
	})
}

// isOurs reports whether a package is one of the library's, whose types need no
// registration by others.
func isOurs(path string) bool {
	return path == runtimePath || mapImport(path) == "github.com/coroc-dev/coroc/coroutine"
}

// registerPackage registers the package-level variables and types that the file
// declares, the first file also those of files that are not replaced, and the
// errors and well-known values of the packages that the file imports.
func (f *fileGen) registerPackage(first bool, changed []int) {
	if first && f.p.Types.Name() == "main" {
		f.initOnce(fmt.Sprintf("{\ntype main struct{}\n%s.RegisterMain[main](%q)\n}", f.coroc, f.p.Path))
	}
	isChanged := map[int]bool{}
	for _, i := range changed {
		isChanged[i] = true
	}
	for i, file := range f.d.Files {
		own := file == f.file
		if !own && !(first && !isChanged[i] && (!f.p.Files[i].Test || f.src.Test)) {
			continue
		}
		f.collectTypes(file)
		f.registerVars(f.p.Files[i].Syntax)
		if !own {
			f.collectInstances(file)
		}
		f.makerUnits(file)
	}
	if first {
		f.registerNetwork()
	}
	if first {
		f.registerRenamed()
	}
	for _, s := range f.file.Imports {
		if p := f.importedBy(s); p != nil && (s.Name == nil || s.Name.Name != "_" && s.Name.Name != ".") {
			f.registerImport(p)
		}
	}
}

// registerNetwork registers the errors of package net, and the addresses in them, in a
// package that does not import net itself but, in whatever way, code that does: its errors
// are those of most clients. Package dispatch does the same.
func (f *fileGen) registerNetwork() {
	seen := map[*types.Package]bool{}
	uses, done := false, false
	var visit func(p *types.Package)
	visit = func(p *types.Package) {
		if seen[p] {
			return
		}
		seen[p] = true
		uses = uses || p.Path() == "net"
		done = done || p.Path() == typecheck.DispatchPath
		for _, q := range p.Imports() {
			visit(q)
		}
	}
	visit(f.d.Types)
	if !uses || done {
		return
	}
	net, err := f.mod.Importer.Import("net")
	if err != nil {
		return // the program is not linked with it, after all
	}
	f.registerErrors(net)
	for _, name := range []string{"TCPAddr", "UDPAddr", "IPAddr", "UnixAddr"} {
		if o := net.Scope().Lookup(name); o != nil {
			f.registerType(o.Type().(*types.Named))
		}
	}
}

// registerErrors registers the error types of a package that is not of the module.
func (f *fileGen) registerErrors(p *types.Package) {
	for _, name := range p.Scope().Names() {
		o, ok := p.Scope().Lookup(name).(*types.TypeName)
		if !ok || !o.Exported() {
			continue
		}
		if n, ok := o.Type().(*types.Named); ok && !o.IsAlias() && n.TypeParams().Len() == 0 && !types.IsInterface(n) && isError(n) {
			f.registerType(n)
		}
	}
}

func isError(n *types.Named) bool {
	errorType := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	return types.Implements(n, errorType) || types.Implements(types.NewPointer(n), errorType)
}

func (f *fileGen) importedBy(s *ast.ImportSpec) *types.Package {
	o := f.info.Implicits[s]
	if s.Name != nil {
		o = f.info.Defs[s.Name]
	}
	if p, ok := o.(*types.PkgName); ok && !strings.HasPrefix(p.Imported().Path(), "github.com/coroc-dev/coroc/runtime") {
		return p.Imported()
	}
	return nil
}

// collectTypes registers the types that a file declares at package level.
func (f *fileGen) collectTypes(file *ast.File) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			o, ok := f.info.Defs[s.(*ast.TypeSpec).Name].(*types.TypeName)
			if !ok || o.IsAlias() || o.Name() == "_" || types.IsInterface(o.Type()) {
				continue
			}
			if n, ok := o.Type().(*types.Named); ok && n.TypeParams().Len() == 0 {
				f.registerType(n)
			}
		}
	}
}

func (f *fileGen) registerVars(file *ast.File) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			for _, id := range s.(*ast.ValueSpec).Names {
				if v, ok := f.p.Info.Defs[id].(*types.Var); ok && id.Name != "_" {
					f.initOnce(fmt.Sprintf("%s.RegisterVar(%q, &%s, %s)", f.coroc, f.p.Path+"."+id.Name, id.Name, f.boolText(f.assigned[v])))
				}
			}
		}
	}
}

func (f *fileGen) registerImport(p *types.Package) {
	if p == types.Unsafe || p.Path() == "C" {
		return
	}
	module := f.inModule(p)
	for _, name := range p.Scope().Names() {
		if !token.IsExported(name) {
			continue
		}
		switch o := p.Scope().Lookup(name).(type) {
		case *types.Var:
			if typecheck.RegisteredByRuntime[p.Path()+"."+name] && !f.assigned[o] {
				continue
			}
			switch o.Type().Underlying().(type) {
			case *types.Pointer, *types.Interface:
				f.initOnce(fmt.Sprintf("%s.RegisterVar(%q, &%s, %s)", f.coroc, mapImport(p.Path())+"."+name, f.qualified(o), f.boolText(f.assigned[o])))
			}
		case *types.TypeName:
			n, ok := o.Type().(*types.Named)
			if !ok || o.IsAlias() || n.TypeParams().Len() > 0 || types.IsInterface(n) {
				continue
			}
			if module && f.facts.MayBeBoxed(n) || isError(n) {
				f.registerType(n)
			}
		}
	}
}

func (f *fileGen) inModule(p *types.Package) bool {
	for _, q := range f.mod.Packages {
		if q.Types == p || q.Path == p.Path() {
			return !q.Library
		}
	}
	return false
}
