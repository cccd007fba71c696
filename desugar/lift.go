package desugar

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// planLifts finds the local types of the declaration, which go to package level,
// and decides whether its constants go with them. It is done for the whole
// package before any local variable is named.
func (f *fn) planLifts() {
	var named []types.Object
	var consts []types.Object
	ast.Inspect(f.src, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if obj := f.r.info.Defs[n.Name]; obj != nil && !f.isGlobal(obj) {
				named = append(named, obj)
				f.liftGeneric(n, obj)
			}
		case *ast.Ident:
			if c, ok := f.r.info.Defs[n].(*types.Const); ok && !f.isGlobal(c) && n.Name != "_" {
				consts = append(consts, c)
			}
		}
		return true
	})
	if len(named) > 0 || f.constsCaptured(consts) {
		f.liftAll = true
		for _, c := range consts {
			if !f.ofLifted(c) {
				named = append(named, c)
			}
		}
	}
	for _, obj := range named {
		if obj.Name() == "_" || f.expanded[obj] {
			continue
		}
		name := obj.Name()
		if same, ok := f.r.lifted[f.localName(obj)]; ok {
			// It is the type of another version of the function, too.
			f.same[obj] = true
			name = same
		} else if f.r.reserved[name] {
			name = f.r.packageName(name)
		} else {
			f.r.reserved[name] = true
		}
		f.names[obj] = name
		f.r.global[obj] = name
		if local := f.localName(obj); local != "" {
			f.r.lifted[local] = name
		}
	}
}

// localName returns the name in saved states of a local type, if other versions of the function may
// have the same.
func (f *fn) localName(obj types.Object) string {
	tn, _ := obj.(*types.TypeName)
	return f.r.src.Locals[tn]
}

// liftGeneric prepares a local type of a generic function: at package level it
// has the type parameters of the function.
func (f *fn) liftGeneric(s *ast.TypeSpec, obj types.Object) {
	d, ok := f.src.(*ast.FuncDecl)
	if !ok {
		return
	}
	fn, ok := f.r.info.Defs[d.Name].(*types.Func)
	if !ok {
		return
	}
	sig := fn.Signature()
	params := sig.TypeParams()
	if params.Len() == 0 {
		params = sig.RecvTypeParams()
	}
	if params.Len() == 0 {
		return
	}
	if s.Assign.IsValid() && (isTypeParam(obj.Type()) || !atLeast(f.r.fileVersion(f.file.src), "go1.24")) {
		f.expanded[obj] = true // an alias with type parameters could not mean this
		return
	}
	for i := range params.Len() {
		// Two instances of the function have different local types, also if they
		// differ in a parameter that has no name.
		if p := params.At(i).Obj(); p.Name() == "_" && f.names[p] == "" {
			f.names[p] = f.r.packageName(fmt.Sprintf("T_%d", i+1))
		}
	}
	f.params = params
	f.generic[obj] = true
}

// ofLifted reports whether a constant has a local type of a generic function: it
// stays in the function, since that type needs type arguments.
func (f *fn) ofLifted(c types.Object) bool {
	t, ok := types.Unalias(c.Type()).(*types.Named)
	return ok && f.generic[t.Obj()]
}

// liftedArgs returns the type arguments that a lifted type of a generic function
// takes there.
func (f *fn) liftedArgs() []ast.Expr {
	var list []ast.Expr
	for i := range f.params.Len() {
		obj := f.params.At(i).Obj()
		list = append(list, ident(f.nameOf(obj, obj.Name())))
	}
	return list
}

// liftedName copies the use of such a type, which may have type arguments of its own.
func (f *fn) liftedName(id *ast.Ident, args []ast.Expr) ast.Expr {
	nid := copied(f, ident(f.nameOf(f.r.info.Uses[id], id.Name)), id)
	return index(nid, append(f.liftedArgs(), f.exprs(args)...))
}

// isLifted returns the identifier that e is, if it denotes a local type of a generic
// function.
func (f *fn) isLifted(e ast.Expr) *ast.Ident {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok && f.generic[f.r.info.Uses[id]] {
		return id
	}
	return nil
}

// liftedParams declares the type parameters of such a type, before its own.
func (f *fn) liftedParams(s *ast.TypeSpec, own *ast.FieldList) *ast.FieldList {
	l := f.functionParams(s)
	if own != nil {
		l.List = append(l.List, own.List...)
	}
	return l
}

func (f *fn) functionParams(s *ast.TypeSpec) *ast.FieldList {
	if d := f.src.(*ast.FuncDecl); d.Type.TypeParams != nil {
		return f.fields(d.Type.TypeParams, nil)
	}
	l := &ast.FieldList{}
	for i := range f.params.Len() {
		p := f.params.At(i)
		l.List = append(l.List, &ast.Field{
			Names: []*ast.Ident{ident(f.nameOf(p.Obj(), p.Obj().Name()))},
			Type:  f.typeExpr(p.Constraint(), s),
		})
	}
	return l
}

// constsCaptured reports whether a literal uses a constant of a function around
// it. The body of a record is compiled at package level, where it would not see
// that.
func (f *fn) constsCaptured(consts []types.Object) bool {
	if len(consts) == 0 {
		return false
	}
	declared := make(map[types.Object]bool)
	for _, c := range consts {
		declared[c] = true
	}
	found := false
	ast.Inspect(f.src, func(lit ast.Node) bool {
		switch n := lit.(type) {
		case *ast.FuncLit:
		case *ast.RangeStmt:
			if !f.lowersRange(n) {
				return !found
			}
		default:
			return !found
		}
		ast.Inspect(lit, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if c := f.r.info.Uses[id]; c != nil && declared[c] && !declaredIn(lit, c) {
					found = true
				}
			}
			return !found
		})
		return !found
	})
	return found
}

func (f *fn) typeDecl(d *ast.GenDecl, s *ast.DeclStmt) {
	if f.plain {
		f.emit(&ast.DeclStmt{Decl: copied(f, f.genDecl(d), d)}, s)
		return
	}
	nd := copied(f, &ast.GenDecl{Tok: d.Tok}, d)
	for _, spec := range d.Specs {
		spec := spec.(*ast.TypeSpec)
		obj := f.r.info.Defs[spec.Name]
		if f.expanded[obj] || f.same[obj] {
			continue
		}
		ns := f.spec(spec).(*ast.TypeSpec)
		if f.generic[obj] {
			ns.TypeParams = f.liftedParams(spec, ns.TypeParams)
		}
		nd.Specs = append(nd.Specs, ns)
	}
	if len(nd.Specs) > 0 {
		f.r.out.Changed[nd] = true
		f.lifted = append(f.lifted, nd)
	}
}

// constDecl moves constants to the top of their function, or to package level.
func (f *fn) constDecl(d *ast.GenDecl, s *ast.DeclStmt) {
	if !f.plain && (f.usesVars(d) || repeatsOwn(d)) {
		f.placeConsts(f.evaluated(d), s)
		return
	}
	nd := copied(f, f.genDecl(d), d)
	f.placeConsts(nd, s)
}

func (f *fn) placeConsts(d *ast.GenDecl, s *ast.DeclStmt) {
	switch {
	case f.plain:
		f.emit(&ast.DeclStmt{Decl: d}, s)
	case f.liftAll && !f.anyOfLifted(s):
		f.r.out.Changed[d] = true
		f.lifted = append(f.lifted, d)
	default:
		f.level.consts = append(f.level.consts, copied(f, &ast.DeclStmt{Decl: d}, s))
	}
}

// arrayTypeLen copies the length of an array type, which may be that of a lifted type:
// constants that stay in the function are not seen there.
func (f *fn) arrayTypeLen(e ast.Expr) ast.Expr {
	found := false
	if e != nil && !f.plain {
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				c, ok := f.r.info.Uses[id].(*types.Const)
				found = found || ok && f.ofLifted(c)
			}
			return !found
		})
	}
	if !found {
		return f.typ(e)
	}
	n, _ := constant.Int64Val(constant.ToInt(f.r.info.Types[e].Value))
	return intLit(n)
}

func (f *fn) anyOfLifted(s *ast.DeclStmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if c, ok := f.r.info.Defs[id].(*types.Const); ok && f.ofLifted(c) {
				found = true
			}
		}
		return !found
	})
	return found
}

// usesVars reports whether a constant is computed from a variable, as len of an
// array is.
func (f *fn) usesVars(d ast.Node) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.isLocal(f.r.info.Uses[id]) {
			found = true
		}
		return !found
	})
	return found
}

// repeatsOwn reports whether an expression that is repeated implicitly mentions a
// name that the group itself declares: the repetitions may mean another object
// than the text that they repeat.
func repeatsOwn(d *ast.GenDecl) bool {
	names := make(map[string]bool)
	repeats := false
	for _, s := range d.Specs {
		s := s.(*ast.ValueSpec)
		repeats = repeats || len(s.Values) == 0
		for _, id := range s.Names {
			names[id.Name] = true
		}
	}
	found := false
	for _, s := range d.Specs {
		for _, v := range s.(*ast.ValueSpec).Values {
			ast.Inspect(v, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && names[id.Name] {
					found = true
				}
				return true
			})
		}
	}
	return repeats && found
}

// evaluated declares the constants of d by their values.
func (f *fn) evaluated(d *ast.GenDecl) *ast.GenDecl {
	nd := &ast.GenDecl{Tok: token.CONST}
	for _, s := range d.Specs {
		for _, id := range s.(*ast.ValueSpec).Names {
			c, ok := f.r.info.Defs[id].(*types.Const)
			if !ok {
				continue
			}
			nd.Specs = append(nd.Specs, &ast.ValueSpec{
				Names:  []*ast.Ident{f.defIdent(id)},
				Values: []ast.Expr{f.constExpr(c.Type(), c.Val(), id)},
			})
			// The variable may have no other use.
		}
	}
	for _, s := range d.Specs {
		for _, v := range s.(*ast.ValueSpec).Values {
			if !f.usesVars(v) {
				continue
			}
			f.emit(set1(ident("_"), f.expr(v, false)), s)
		}
	}
	return copied(f, nd, d)
}
