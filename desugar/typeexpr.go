package desugar

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
	"unicode"

	"github.com/coroc-dev/coroc/typecheck"
)

// typeExpr returns syntax for a type, or reports that it has no name here.
func (f *fn) typeExpr(t types.Type, at ast.Node) ast.Expr {
	e := f.tryType(t)
	if e == nil {
		f.r.refuse(at.Pos(), "declare a variable of a type that can be named", "cannot name the type %s here", t)
		return f.universe("any")
	}
	return e
}

func (f *fn) tryType(t types.Type) ast.Expr {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return f.qualified(types.Unsafe, "Pointer")
		}
		if t.Info()&types.IsUntyped != 0 {
			return f.tryType(types.Default(t))
		}
		return f.universe(t.Name())
	case *types.Alias:
		if f.expanded[t.Obj()] {
			return f.tryType(types.Unalias(t))
		}
		return f.typeName(t.Obj(), t.TypeArgs())
	case *types.Named:
		return f.typeName(t.Obj(), t.TypeArgs())
	case *types.TypeParam:
		return ident(f.nameOf(t.Obj(), t.Obj().Name()))
	case *types.Pointer:
		if e := f.tryType(t.Elem()); e != nil {
			return &ast.StarExpr{X: e}
		}
	case *types.Slice:
		if e := f.tryType(t.Elem()); e != nil {
			return &ast.ArrayType{Elt: e}
		}
	case *types.Array:
		if e := f.tryType(t.Elem()); e != nil {
			return &ast.ArrayType{Len: intLit(t.Len()), Elt: e}
		}
	case *types.Map:
		k, v := f.tryType(t.Key()), f.tryType(t.Elem())
		if k != nil && v != nil {
			return &ast.MapType{Key: k, Value: v}
		}
	case *types.Chan:
		if e := f.tryType(t.Elem()); e != nil {
			dir := ast.SEND | ast.RECV
			switch t.Dir() {
			case types.SendOnly:
				dir = ast.SEND
			case types.RecvOnly:
				dir = ast.RECV
			}
			return &ast.ChanType{Dir: dir, Value: e}
		}
	case *types.Signature:
		return f.signature(t)
	case *types.Struct:
		return f.structType(t)
	case *types.Interface:
		return f.interfaceType(t)
	case *types.Union:
		return f.union(t)
	}
	return nil
}

func (f *fn) typeName(obj *types.TypeName, args *types.TypeList) ast.Expr {
	var e ast.Expr
	switch {
	case obj.Pkg() == nil:
		e = f.universe(obj.Name())
	case obj.Pkg() == f.r.src.Types:
		if name, ok := f.r.global[obj]; ok {
			e = ident(name)
		} else {
			e = ident(f.nameOf(obj, obj.Name()))
		}
	case typecheck.AliasOf(obj) != nil:
		alias := typecheck.AliasOf(obj)
		e = f.qualified(alias.Pkg(), alias.Name())
	case !obj.Exported() || obj.Parent() != obj.Pkg().Scope():
		return nil
	default:
		e = f.qualified(obj.Pkg(), obj.Name())
	}
	var list []ast.Expr
	if f.generic[obj] {
		list = f.liftedArgs()
	}
	if e == nil || args.Len()+len(list) == 0 {
		return e
	}
	for i := range args.Len() {
		a := f.tryType(args.At(i))
		if a == nil {
			return nil
		}
		list = append(list, a)
	}
	return index(e, list)
}

// qualified returns pkg.name, and imports pkg if the file does not.
func (f *fn) qualified(pkg *types.Package, name string) ast.Expr {
	for _, spec := range f.file.src.Syntax.Imports {
		var obj types.Object
		if spec.Name != nil {
			obj = f.r.info.Defs[spec.Name]
		} else {
			obj = f.r.info.Implicits[spec]
		}
		if p, ok := obj.(*types.PkgName); ok && p.Imported() == pkg && p.Name() != "_" && p.Name() != "." {
			return &ast.SelectorExpr{X: ident(p.Name()), Sel: ident(name)}
		}
	}
	alias, ok := f.file.imports[pkg.Path()]
	if !ok {
		alias = f.r.packageName(pkg.Name())
		f.file.imports[pkg.Path()] = alias
	}
	return &ast.SelectorExpr{X: ident(alias), Sel: ident(name)}
}

func (f *fn) signature(t *types.Signature) ast.Expr {
	ft := &ast.FuncType{Params: &ast.FieldList{}}
	for i := range t.Params().Len() {
		pt := t.Params().At(i).Type()
		var e ast.Expr
		if t.Variadic() && i == t.Params().Len()-1 {
			s, ok := pt.(*types.Slice)
			if !ok {
				return nil
			}
			if e = f.tryType(s.Elem()); e != nil {
				e = &ast.Ellipsis{Elt: e}
			}
		} else {
			e = f.tryType(pt)
		}
		if e == nil {
			return nil
		}
		ft.Params.List = append(ft.Params.List, &ast.Field{Type: e})
	}
	if n := t.Results().Len(); n > 0 {
		ft.Results = &ast.FieldList{}
		for i := range n {
			e := f.tryType(t.Results().At(i).Type())
			if e == nil {
				return nil
			}
			ft.Results.List = append(ft.Results.List, &ast.Field{Type: e})
		}
	}
	return ft
}

func (f *fn) structType(t *types.Struct) ast.Expr {
	st := &ast.StructType{Fields: &ast.FieldList{}}
	for i := range t.NumFields() {
		v := t.Field(i)
		if !v.Exported() && v.Pkg() != f.r.src.Types {
			return nil
		}
		e := f.tryType(v.Type())
		if e == nil {
			return nil
		}
		field := &ast.Field{Type: e}
		if !v.Embedded() {
			field.Names = []*ast.Ident{ident(v.Name())}
		}
		if tag := t.Tag(i); tag != "" {
			field.Tag = &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(tag)}
		}
		st.Fields.List = append(st.Fields.List, field)
	}
	return st
}

func (f *fn) interfaceType(t *types.Interface) ast.Expr {
	it := &ast.InterfaceType{Methods: &ast.FieldList{}}
	for i := range t.NumExplicitMethods() {
		m := t.ExplicitMethod(i)
		if !m.Exported() && m.Pkg() != f.r.src.Types {
			return nil
		}
		e := f.signature(m.Signature())
		if e == nil {
			return nil
		}
		it.Methods.List = append(it.Methods.List, &ast.Field{Names: []*ast.Ident{ident(m.Name())}, Type: e})
	}
	for i := range t.NumEmbeddeds() {
		e := f.tryType(t.EmbeddedType(i))
		if e == nil {
			return nil
		}
		it.Methods.List = append(it.Methods.List, &ast.Field{Type: e})
	}
	return it
}

func (f *fn) union(t *types.Union) ast.Expr {
	var u ast.Expr
	for i := range t.Len() {
		e := f.tryType(t.Term(i).Type())
		if e == nil {
			return nil
		}
		if t.Term(i).Tilde() {
			e = &ast.UnaryExpr{Op: token.TILDE, X: e}
		}
		if u == nil {
			u = e
		} else {
			u = &ast.BinaryExpr{X: u, Op: token.OR, Y: e}
		}
	}
	return u
}

// constExpr returns an expression for the value of a constant, of its type.
func (f *fn) constExpr(t types.Type, v constant.Value, at ast.Node) ast.Expr {
	lit := func(k token.Token, s string) ast.Expr { return &ast.BasicLit{Kind: k, Value: s} }
	var e ast.Expr
	switch v.Kind() {
	case constant.Bool:
		op := token.EQL
		if !constant.BoolVal(v) {
			op = token.NEQ
		}
		e = &ast.ParenExpr{X: &ast.BinaryExpr{X: intLit(1), Op: op, Y: intLit(1)}}
		if !f.shadowed(v.String()) {
			e = ident(v.String())
		}
	case constant.String:
		e = lit(token.STRING, strconv.Quote(constant.StringVal(v)))
	default:
		e = f.numberExpr(t, v)
	}
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return e
	}
	return callOf(f.typeExpr(t, at), e)
}

// numberExpr returns an expression for a number. That of an untyped constant has its
// kind.
func (f *fn) numberExpr(t types.Type, v constant.Value) ast.Expr {
	b, _ := t.(*types.Basic)
	if v.Kind() == constant.Complex || b != nil && b.Kind() == types.UntypedComplex {
		im := f.numberExpr(nil, constant.Imag(v))
		im = &ast.BinaryExpr{X: im, Op: token.MUL, Y: &ast.BasicLit{Kind: token.IMAG, Value: "1i"}}
		return &ast.ParenExpr{X: &ast.BinaryExpr{X: f.numberExpr(nil, constant.Real(v)), Op: token.ADD, Y: im}}
	}
	i := constant.ToInt(v)
	if i.Kind() != constant.Int {
		float := func(v constant.Value) ast.Expr {
			return &ast.BasicLit{Kind: token.FLOAT, Value: v.ExactString() + ".0"}
		}
		return &ast.ParenExpr{X: &ast.BinaryExpr{X: float(constant.Num(v)), Op: token.QUO, Y: float(constant.Denom(v))}}
	}
	lit := &ast.BasicLit{Kind: token.INT, Value: i.ExactString()}
	switch {
	case b == nil:
	case b.Kind() == types.UntypedRune:
		if n, ok := constant.Int64Val(i); ok && n >= 0 && n <= unicode.MaxRune {
			lit.Kind, lit.Value = token.CHAR, strconv.QuoteRune(rune(n))
		}
	case b.Kind() == types.UntypedFloat:
		lit.Kind, lit.Value = token.FLOAT, lit.Value+".0"
	}
	return lit
}
