package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/types/typeutil"
)

// unnameable is the panic value with which typeText gives up; fileGen.try turns it
// into a diagnostic.
type unnameable struct {
	typ types.Type
	why string
}

// typeText returns t as source text of the file, adding imports as needed. It
// panics with unnameable if the file has no way to write the type.
func (f *fileGen) typeText(t types.Type) string {
	var b strings.Builder
	f.writeType(&b, t)
	return b.String()
}

func (f *fileGen) writeType(b *strings.Builder, t types.Type) {
	switch t := t.(type) {
	case *types.Basic:
		b.WriteString(f.basicText(t))
	case *types.Alias:
		if t.Obj().Pkg() != nil && !f.canName(t.Obj()) || t.Obj().Pkg() == nil && f.shadowed(t.Obj().Name()) {
			f.writeType(b, types.Unalias(t))
			return
		}
		f.writeNamed(b, t.Obj(), t.TypeArgs())
	case *types.Named:
		f.writeNamed(b, t.Obj(), t.TypeArgs())
	case *types.TypeParam:
		b.WriteString(typeParamName(t))
	case *types.Pointer:
		b.WriteByte('*')
		f.writeType(b, t.Elem())
	case *types.Slice:
		b.WriteString("[]")
		f.writeType(b, t.Elem())
	case *types.Array:
		fmt.Fprintf(b, "[%d]", t.Len())
		f.writeType(b, t.Elem())
	case *types.Map:
		b.WriteString("map[")
		f.writeType(b, t.Key())
		b.WriteByte(']')
		f.writeType(b, t.Elem())
	case *types.Chan:
		switch t.Dir() {
		case types.SendOnly:
			b.WriteString("chan<- ")
		case types.RecvOnly:
			b.WriteString("<-chan ")
		default:
			b.WriteString("chan ")
		}
		if c, ok := t.Elem().(*types.Chan); ok && c.Dir() == types.RecvOnly {
			b.WriteByte('(')
			f.writeType(b, c)
			b.WriteByte(')')
			return
		}
		f.writeType(b, t.Elem())
	case *types.Signature:
		b.WriteString("func")
		f.writeSignature(b, t)
	case *types.Struct:
		b.WriteString("struct {")
		for i := range t.NumFields() {
			if i > 0 {
				b.WriteByte(';')
			}
			v := t.Field(i)
			if !v.Exported() && v.Pkg() != f.p.Types && v.Pkg().Path() != f.p.Path {
				panic(unnameable{t, "it has unexported fields of package " + v.Pkg().Path()})
			}
			b.WriteByte(' ')
			if !v.Embedded() {
				b.WriteString(v.Name() + " ")
			}
			f.writeType(b, v.Type())
			if tag := t.Tag(i); tag != "" {
				b.WriteString(" " + strconv.Quote(tag))
			}
		}
		b.WriteString(" }")
	case *types.Interface:
		f.writeInterface(b, t)
	case *types.Union:
		for i := range t.Len() {
			if i > 0 {
				b.WriteString(" | ")
			}
			if t.Term(i).Tilde() {
				b.WriteByte('~')
			}
			f.writeType(b, t.Term(i).Type())
		}
	default:
		panic(unnameable{t, "it is " + t.String()})
	}
}

func (f *fileGen) writeInterface(b *strings.Builder, t *types.Interface) {
	if t.IsImplicit() && t.NumEmbeddeds() == 1 && t.NumExplicitMethods() == 0 {
		f.writeType(b, t.EmbeddedType(0))
		return
	}
	if t.Empty() && t.NumEmbeddeds() == 0 && !f.shadowed("any") {
		b.WriteString("any")
		return
	}
	b.WriteString("interface {")
	sep := " "
	for i := range t.NumExplicitMethods() {
		m := t.ExplicitMethod(i)
		if !m.Exported() && m.Pkg() != f.p.Types && m.Pkg().Path() != f.p.Path {
			panic(unnameable{t, "it has unexported methods of package " + m.Pkg().Path()})
		}
		b.WriteString(sep + m.Name())
		f.writeSignature(b, m.Type().(*types.Signature))
		sep = "; "
	}
	for i := range t.NumEmbeddeds() {
		b.WriteString(sep)
		f.writeType(b, t.EmbeddedType(i))
		sep = "; "
	}
	b.WriteString(" }")
}

func (f *fileGen) writeNamed(b *strings.Builder, obj *types.TypeName, args *types.TypeList) {
	if obj.Pkg() == nil {
		if f.shadowed(obj.Name()) {
			b.WriteString(f.coroc + ".Go_" + obj.Name())
			return
		}
		b.WriteString(obj.Name())
		return
	}
	if alias := typecheck.AliasOf(obj); alias != nil && !f.samePackage(obj.Pkg()) {
		obj = alias
	}
	if !f.canName(obj) {
		why := "it is not exported by package " + obj.Pkg().Path()
		switch {
		case f.samePackage(obj.Pkg()):
			why = "it is declared inside a function"
		case !importable(obj.Pkg().Path(), f.p.Path):
			why = "package " + obj.Pkg().Path() + " is internal to another one"
		}
		panic(unnameable{obj.Type(), why})
	}
	b.WriteString(f.qualified(obj))
	if args.Len() > 0 {
		b.WriteByte('[')
		for i := range args.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			f.writeType(b, args.At(i))
		}
		b.WriteByte(']')
	}
}

func (f *fileGen) samePackage(p *types.Package) bool {
	return p == f.d.Types || p == f.p.Types
}

// canName reports whether the package-level name obj can be written in the file.
func (f *fileGen) canName(obj types.Object) bool {
	if obj.Pkg() == nil {
		return true
	}
	if f.samePackage(obj.Pkg()) {
		return obj.Parent() == obj.Pkg().Scope()
	}
	return obj.Exported() && (obj.Parent() == nil || obj.Parent() == obj.Pkg().Scope()) && importable(obj.Pkg().Path(), f.p.Path)
}

// importable applies the rule for internal packages of the go command.
func importable(path, from string) bool {
	i := strings.LastIndex("/"+path+"/", "/internal/")
	if i < 0 {
		return true
	}
	parent := strings.TrimSuffix(path[:max(i-1, 0)], "/")
	return parent != "" && (from == parent || strings.HasPrefix(from, parent+"/"))
}

// qualified returns the name of a package-level object as the file writes it.
func (f *fileGen) qualified(obj types.Object) string {
	if obj.Pkg() == nil || f.samePackage(obj.Pkg()) {
		return obj.Name()
	}
	return f.importName(obj.Pkg()) + "." + obj.Name()
}

func (f *fileGen) basicText(t *types.Basic) string {
	if t.Kind() == types.UnsafePointer {
		return f.importName(types.Unsafe) + ".Pointer"
	}
	t = types.Default(t).(*types.Basic)
	if f.shadowed(t.Name()) {
		return f.coroc + ".Go_" + t.Name()
	}
	return t.Name()
}

// shadowed reports whether a predeclared name means something else in the file.
func (f *fileGen) shadowed(name string) bool {
	return f.d.Types.Scope().Lookup(name) != nil || f.fileNames[name]
}

func (f *fileGen) writeSignature(b *strings.Builder, s *types.Signature) {
	b.WriteByte('(')
	f.writeTuple(b, s.Params(), s.Variadic())
	b.WriteByte(')')
	switch s.Results().Len() {
	case 0:
	case 1:
		b.WriteByte(' ')
		f.writeType(b, s.Results().At(0).Type())
	default:
		b.WriteString(" (")
		f.writeTuple(b, s.Results(), false)
		b.WriteByte(')')
	}
}

func (f *fileGen) writeTuple(b *strings.Builder, t *types.Tuple, variadic bool) {
	for i := range t.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		f.writeParam(b, t, i, variadic)
	}
}

func (f *fileGen) writeParam(b *strings.Builder, t *types.Tuple, i int, variadic bool) {
	typ := t.At(i).Type()
	if variadic && i == t.Len()-1 {
		b.WriteString("...")
		if s, ok := typ.(*types.Slice); ok {
			typ = s.Elem()
		}
	}
	f.writeType(b, typ)
}

// zeroText returns an expression for the zero value of t.
func (f *fileGen) zeroText(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return f.predeclared("false")
		case u.Info()&types.IsString != 0:
			return `""`
		case u.Info()&types.IsNumeric != 0:
			return "0"
		}
		return f.nilText(t)
	case *types.Struct, *types.Array:
		return f.typeText(t) + "{}"
	case *types.Interface:
		if _, ok := types.Unalias(t).(*types.TypeParam); ok {
			return f.coroc + ".Zero[" + f.typeText(t) + "]()"
		}
	}
	return f.nilText(t)
}

func (f *fileGen) nilText(t types.Type) string {
	if f.shadowed("nil") {
		return f.coroc + ".Zero[" + f.typeText(t) + "]()"
	}
	return "nil"
}

// predeclared returns a predeclared name, or what stands for it in a package that
// uses the name for something else.
func (f *fileGen) predeclared(name string) string {
	if !f.shadowed(name) {
		return name
	}
	switch name {
	case "true":
		return "(1 == 1)"
	case "false":
		return "(1 != 1)"
	case "panic":
		return f.coroc + ".Panic"
	}
	return f.coroc + ".Go_" + name
}

// boolText returns b as an expression.
func (f *fileGen) boolText(b bool) string { return f.predeclared(strconv.FormatBool(b)) }

// typeParams returns the declaration and the use of the type parameters in scope
// of a function: "[K comparable, V any]" and "[K, V]", both empty if there are none.
func (f *fileGen) typeParams(s *types.Signature) (decl, use string) {
	list := s.TypeParams()
	if list.Len() == 0 {
		list = s.RecvTypeParams()
	}
	return f.typeParamList(list)
}

func (f *fileGen) typeParamList(list *types.TypeParamList) (decl, use string) {
	if list.Len() == 0 {
		return "", ""
	}
	var d, u []string
	for i := range list.Len() {
		p := list.At(i)
		constraint := f.typeText(p.Constraint())
		if strings.HasPrefix(constraint, "*") {
			constraint = "interface{ " + constraint + " }" // [P *T] begins an array type
		}
		d = append(d, typeParamName(p)+" "+constraint)
		u = append(u, typeParamName(p))
	}
	return "[" + strings.Join(d, ", ") + "]", "[" + strings.Join(u, ", ") + "]"
}

// typeParamName returns the name of a type parameter; a blank one needs one, to be
// passed on to the types that are generated for the function.
func typeParamName(p *types.TypeParam) string {
	if p.Obj().Name() == "_" {
		return fmt.Sprintf("T_%d", p.Index()+1)
	}
	return p.Obj().Name()
}

// importName returns the name under which the file refers to package p, and
// imports it if the source did not.
func (f *fileGen) importName(p *types.Package) string {
	path := mapImport(p.Path())
	if n, ok := f.imports[path]; ok {
		return n
	}
	n := f.freeName(p.Name())
	f.imports[path] = n
	f.added = append(f.added, fmt.Sprintf("%s %q", n, path))
	return n
}

// freeName returns name, or name with a number, such that nothing in the file or
// in the package's scope is called so.
func (f *fileGen) freeName(name string) string {
	n := name
	for i := 2; f.idents[n] || f.d.Types.Scope().Lookup(n) != nil || types.Universe.Lookup(n) != nil; i++ {
		n = fmt.Sprintf("%s_%d", name, i)
	}
	f.idents[n] = true
	return n
}

// mapImport maps the import path of the project that had the idea to ours.
func mapImport(path string) string {
	if path == "github.com/dispatchrun/coroutine" {
		return "github.com/coroc-dev/coroc/coroutine"
	}
	return path
}

// mentionsTypeParam reports whether t has a type parameter in it.
func mentionsTypeParam(t types.Type) bool {
	var seen typeutil.Map
	var walk func(types.Type) bool
	list := func(n int, at func(int) types.Type) bool {
		for i := range n {
			if walk(at(i)) {
				return true
			}
		}
		return false
	}
	tuple := func(t *types.Tuple) bool {
		return list(t.Len(), func(i int) types.Type { return t.At(i).Type() })
	}
	walk = func(t types.Type) bool {
		t = types.Unalias(t) // which seen takes for the same
		if seen.At(t) != nil {
			return false
		}
		seen.Set(t, true)
		switch t := t.(type) {
		case *types.TypeParam:
			return true
		case *types.Named:
			if list(t.TypeArgs().Len(), t.TypeArgs().At) {
				return true
			}
			// A local type of a generic function depends on its type parameters.
			obj := t.Obj()
			return obj.Pkg() != nil && obj.Parent() != obj.Pkg().Scope() && walk(t.Underlying())
		case *types.Pointer:
			return walk(t.Elem())
		case *types.Slice:
			return walk(t.Elem())
		case *types.Array:
			return walk(t.Elem())
		case *types.Chan:
			return walk(t.Elem())
		case *types.Map:
			return walk(t.Key()) || walk(t.Elem())
		case *types.Signature:
			return tuple(t.Params()) || tuple(t.Results())
		case *types.Struct:
			return list(t.NumFields(), func(i int) types.Type { return t.Field(i).Type() })
		case *types.Interface:
			return list(t.NumExplicitMethods(), func(i int) types.Type { return t.ExplicitMethod(i).Type() }) ||
				list(t.NumEmbeddeds(), t.EmbeddedType)
		}
		return false
	}
	return walk(t)
}

// identNames collects all identifiers below n.
func identNames(n ast.Node, into map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			into[id.Name] = true
		}
		return true
	})
}
