package desugar

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"go/version"
	"strings"
)

// reserveNames collects the names that a local variable of a rewritten function
// must not have, and chooses the one of the runtime.
func (r *rewriter) reserveNames() {
	for _, name := range types.Universe.Names() {
		r.reserved[name] = true
	}
	for _, name := range r.src.Types.Scope().Names() {
		r.reserved[name] = true
	}
	for _, f := range r.src.Files {
		for _, spec := range f.Syntax.Imports {
			if spec.Name != nil {
				r.reserved[spec.Name.Name] = true
				if spec.Name.Name == "." {
					r.reserveDotImport(spec)
				}
			} else if obj, ok := r.info.Implicits[spec].(*types.PkgName); ok {
				r.reserved[obj.Name()] = true
			}
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				r.mentions[id.Name] = true
			}
			return true
		})
	}
	r.out.Runtime = r.packageName("coroc")
}

func (r *rewriter) reserveDotImport(spec *ast.ImportSpec) {
	obj, _ := r.info.Implicits[spec].(*types.PkgName)
	if obj == nil {
		return
	}
	for _, name := range obj.Imported().Scope().Names() {
		if token.IsExported(name) {
			r.reserved[name] = true
		}
	}
}

// packageName makes up a name at package or file level: base, if nothing in the
// package is called that, else base with a number.
func (r *rewriter) packageName(base string) string {
	name := base
	for i := 2; r.reserved[name] || r.mentions[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	r.reserved[name] = true
	r.mentions[name] = true
	return name
}

// nameLocals gives each local object of the declaration a name that is unique in
// it and that nothing around it has: its own, if that is free.
func (f *fn) nameLocals() {
	locals := f.locals()
	// A number that the source uses itself is not given again.
	own := make(map[string]bool)
	for _, obj := range locals {
		own[obj.Name()] = true
	}
	for _, obj := range locals {
		if _, ok := f.names[obj]; ok {
			continue // shares the name of another, or is lifted
		}
		name := obj.Name()
		if name == "_" {
			continue
		}
		if isGenerated(name) {
			name = "local_" + name
		}
		if f.r.reserved[name] || f.taken[name] {
			base := name
			for i := 2; f.r.reserved[name] || f.taken[name] || own[name]; i++ {
				name = fmt.Sprintf("%s_%d", base, i)
			}
		}
		f.names[obj] = name
		f.taken[name] = true
		f.r.mentions[name] = true
		for _, twin := range f.clauseVars[obj] {
			f.names[twin] = name
		}
	}
	for name := range own {
		f.taken[name] = true
	}
	f.wireLocals()
}

// isGenerated reports whether a name is one of those that generated code declares at
// package level.
func isGenerated(name string) bool {
	return strings.HasPrefix(name, "durable_") || strings.HasPrefix(name, "Durable_")
}

// locals returns the objects that the declaration declares inside of functions,
// in the order of the source: variables, constants, types, labels. Of a type
// switch's variables only the first is listed; clauseVars has the rest.
func (f *fn) locals() []types.Object {
	var objs []types.Object
	foreign := make(map[*ast.FuncType]bool) // function types that are no function's own
	own := make(map[*ast.FuncType]bool)
	f.clauseVars = make(map[types.Object][]types.Object)
	ast.Inspect(f.src, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			own[n.Type] = true
		case *ast.FuncLit:
			own[n.Type] = true
		case *ast.FuncType:
			if !own[n] {
				foreign[n] = true
				// Names of parameters of types bind nothing, but types in them may.
				return false
			}
		case *ast.TypeSwitchStmt:
			if a, ok := n.Assign.(*ast.AssignStmt); ok {
				_ = a
				var first types.Object
				for _, c := range n.Body.List {
					obj := f.r.info.Implicits[c]
					if obj == nil {
						continue
					}
					if first == nil {
						first = obj
						objs = append(objs, obj)
					} else {
						f.clauseVars[first] = append(f.clauseVars[first], obj)
					}
				}
			}
		case *ast.Ident:
			switch obj := f.r.info.Defs[n].(type) {
			case *types.Var:
				if !obj.IsField() && !f.isGlobal(obj) {
					objs = append(objs, obj)
				}
			case *types.Const, *types.TypeName:
				if !f.isGlobal(obj) {
					objs = append(objs, obj)
				}
			case *types.Label:
				objs = append(objs, obj)
			}
		}
		return true
	})
	return objs
}

func (f *fn) isGlobal(obj types.Object) bool {
	return obj.Parent() == f.r.src.Types.Scope()
}

// isLocal reports whether obj is a variable that a function declares.
func (f *fn) isLocal(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	return ok && !v.IsField() && v.Pkg() == f.r.src.Types && !f.isGlobal(v)
}

// fresh makes up a name for a temporary or a label that belongs to the statement that is
// rewritten: base_1, base_2 and so on.
func (f *fn) fresh(base string) string { return f.freshAt(base, f.at) }

// freshAt is fresh for what a node of the source is the reason of.
func (f *fn) freshAt(base string, at ast.Node) string {
	if f.placesOf()[at] == 0 {
		at = f.at
	}
	for {
		f.count[base]++
		name := fmt.Sprintf("%s_%d", base, f.count[base])
		if !f.taken[name] && !f.r.reserved[name] {
			f.taken[name] = true
			f.r.mentions[name] = true
			f.placed(name, base, at)
			return name
		}
	}
}

// derived makes up a name for a variable that belongs to one of the user's: x_in
// for the parameter whose box is x.
func (f *fn) derived(own, suffix string) string {
	base := own + suffix
	name := base
	for i := 2; f.taken[name] || f.r.reserved[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	f.taken[name] = true
	f.r.mentions[name] = true
	f.wires[name] = f.uniqueWire(f.wires[own] + "#" + suffix)
	return name
}

// nameOf returns the name that an identifier of the source has in the result.
func (f *fn) nameOf(obj types.Object, name string) string {
	if obj == nil {
		return name
	}
	if n, ok := f.names[obj]; ok {
		return n
	}
	if v, ok := obj.(*types.Var); ok && v.IsField() && v.Embedded() {
		// An embedded field is called like its type, which may have been renamed.
		t := v.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		switch t := t.(type) {
		case *types.Named:
			if n, ok := f.names[t.Obj()]; ok {
				return n
			}
		case *types.Alias:
			if n, ok := f.names[t.Obj()]; ok {
				return n
			}
		}
	}
	return name
}

// objectOf returns what an identifier of the source defines or denotes.
func (f *fn) objectOf(id *ast.Ident) types.Object {
	if obj := f.r.info.Defs[id]; obj != nil {
		return obj
	}
	return f.r.info.Uses[id]
}

// shadowed reports whether a predeclared name means something else in the
// package.
func (f *fn) shadowed(name string) bool {
	if f.r.src.Types.Scope().Lookup(name) != nil {
		return true
	}
	for _, spec := range f.file.src.Syntax.Imports {
		var obj types.Object
		if spec.Name != nil {
			obj = f.r.info.Defs[spec.Name]
		} else {
			obj = f.r.info.Implicits[spec]
		}
		if obj != nil && obj.Name() == name {
			return true
		}
	}
	return false
}

// imported returns path.name, of a package that the file need not import.
func (f *fn) imported(path, name string) ast.Expr {
	alias, ok := f.file.imports[path]
	if !ok {
		alias = f.r.packageName(path)
		f.file.imports[path] = alias
	}
	return &ast.SelectorExpr{X: ident(alias), Sel: ident(name)}
}

// length returns len(x), also where len is something else.
func (f *fn) length(x ast.Expr) ast.Expr {
	if f.shadowed("len") {
		return callOf(selector(callOf(f.imported("reflect", "ValueOf"), x), "Len"))
	}
	return callOf(ident("len"), x)
}

// text converts x, of a string type, to string.
func (f *fn) text(x ast.Expr) ast.Expr {
	if f.shadowed("string") {
		return callOf(selector(callOf(f.imported("reflect", "ValueOf"), x), "String"))
	}
	return callOf(ident("string"), x)
}

// newBox returns a new box with a zero value. It may emit a statement.
func (f *fn) newBox(typ ast.Expr) ast.Expr {
	if f.shadowed("new") {
		name := f.fresh("t")
		f.emit(varDecl([]*ast.Ident{ident(name)}, typ), nil)
		return f.box(nil, ident(name))
	}
	return callOf(ident("new"), typ)
}

// universe returns an expression for a predeclared type.
func (f *fn) universe(name string) ast.Expr {
	if f.shadowed(name) {
		if name == "any" {
			return &ast.InterfaceType{Methods: &ast.FieldList{}}
		}
		return f.runtimeName("Go_" + name)
	}
	return ident(name)
}

// runtimeName returns an expression for a function of the runtime.
func (f *fn) runtimeName(name string) ast.Expr {
	f.file.runtime = true
	return &ast.SelectorExpr{X: ident(f.r.out.Runtime), Sel: ident(name)}
}

func atLeast(v, min string) bool {
	return !version.IsValid(v) || version.Compare(version.Lang(v), min) >= 0
}
