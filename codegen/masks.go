package codegen

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// fileMasks is what a file declares so that methods and their twins are found in the
// same places.
type fileMasks struct {
	named   []*colour.Mask
	unnamed []unnamedStruct
}

// An unnamedStruct is a type without a name that another type stands for in interface
// calls that look for a twin.
type unnamedStruct struct {
	syntax *ast.StructType // of the desugared form
	typ    *types.Struct
	masks  []*colour.Mask
}

func (m fileMasks) empty() bool { return len(m.named)+len(m.unnamed) == 0 }

// masksByFile returns the masking twins of the package by the file that declares
// their type, or mentions it first if it has no name.
func (pg *pkgGen) masksByFile() map[int]fileMasks {
	masks := map[int]fileMasks{}
	done := map[string]bool{} // types that frozen versions of their function have too
	for _, mask := range pg.facts.Masks[pg.p.Types] {
		if local := pg.p.Locals[mask.Type.Obj()]; local != "" {
			key := local + " " + twinName(mask.Method)
			if done[key] {
				continue
			}
			done[key] = true
		}
		pos := mask.Type.Obj().Pos()
		for i, f := range pg.p.Files {
			if f.Syntax.FileStart <= pos && pos < f.Syntax.FileEnd {
				m := masks[i]
				m.named = append(m.named, mask)
				masks[i] = m
			}
		}
	}
	var seen []types.Type
	for i, f := range pg.d.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			st, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			old, _ := pg.d.Orig[st].(*ast.StructType)
			typ, ok := pg.info.TypeOf(st).(*types.Struct)
			if pg.facts.Unnamed[old] == nil || !ok {
				return true
			}
			for _, t := range seen {
				if types.Identical(t, typ) {
					return true
				}
			}
			seen = append(seen, typ)
			m := masks[i]
			m.unnamed = append(m.unnamed, unnamedStruct{st, typ, pg.facts.Unnamed[old]})
			masks[i] = m
			return true
		})
	}
	return masks
}

// masks generates the masking twins of a file.
func (f *fileGen) masks(m fileMasks) {
	for _, mask := range m.named {
		f.try(nil, func() { f.namedMask(mask) })
	}
	for _, u := range m.unnamed {
		f.try(nil, func() { f.unnamedMask(u) })
	}
}

func (f *fileGen) namedMask(m *colour.Mask) {
	// A local type has another name, and perhaps type parameters, at package level.
	name := m.Type.Obj().Name()
	if lifted := f.d.Lifted[m.Type.Obj()]; lifted != "" {
		name = lifted
	}
	declared, ok := f.d.Types.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return // called _
	}
	named := declared.Type().(*types.Named)
	_, use := f.typeParamList(named.TypeParams())
	f.mask(m, named, name+use)
}

// unnamedMask declares a type with the masking twins of a struct type without a name.
func (f *fileGen) unnamedMask(u unnamedStruct) {
	if mentionsTypeParam(u.typ) {
		method := u.masks[0].Method
		f.diags = append(f.diags, typecheck.Diagnostic{
			Pos:     f.origPos(u.syntax),
			Message: fmt.Sprintf("the struct embeds a %s that may suspend, and needs a method to keep it right, which a type without a name that depends on type parameters cannot have", method.Name()),
			Related: f.suspending(u.typ, method),
			Fix:     "give the type a name",
		})
		panic(refused{})
	}
	name := fmt.Sprintf("durable_struct_%d", f.count("struct"))
	w := &writer{file: f.base()}
	w.own()
	text := f.typeText(u.typ)
	w.putf("// %s stands for the same type without a name.\ntype %s %s\n\n", name, name, text)
	f.decls = append(f.decls, w.String())
	for _, m := range u.masks {
		f.mask(m, u.typ, name)
	}
	anyType := f.predeclared("any")
	f.initOnce(fmt.Sprintf("%s.RegisterUnnamed(func(x %s) %s { return %s(x) }, func(x *%s) %s { return (*%s)(x) })", f.coroc, text, anyType, name, text, anyType, name))
}

// mask declares a twin on a type, called typeText, that keeps the twin's name and the
// method's together.
func (f *fileGen) mask(m *colour.Mask, t types.Type, typeText string) {
	name, pkg := m.Method.Name(), m.Method.Pkg()
	if pkg == f.p.Types {
		pkg = f.d.Types
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, pkg, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return
	}
	sig := fn.Type().(*types.Signature)
	star := "*"
	if types.NewMethodSet(t).Lookup(pkg, name) != nil {
		star = ""
	}
	params, results := f.signatureParams(sig)
	twin := twinName(m.Method)
	path := "x" + fieldPath(t, index[:len(index)-1])
	w := &writer{file: f.base()}
	w.own()
	w.putf("// %s keeps calls of %s from finding the twin of another %s.\n", twin, name, name)
	w.putf("func (x %s%s) %s(%s)%s {\n", star, typeText, twin, joinArgs("c *"+f.coroc+".Coroutine", joinParams(params)), resultText(results))
	plain := fmt.Sprintf("%sx.%s(%s)\n", returnIf(results), name, argsOf(params))
	if f.someMethodRecovers(m.Method) {
		// The plain method recovers only if a defer calls it.
		plain = repanicTo("x."+name+"("+argsOf(params)+")") + plain
	}
	switch m.Kind {
	case colour.Plain:
		w.put(plain)
	case colour.Promote:
		w.putf("%s%s.%s(%s)\n", returnIf(results), path, twin, joinArgs("c", argsOf(params)))
	case colour.Forward:
		w.putf("if twin, ok := %s.(interface{ %s%s }); ok {\n", f.twinOperand(m.Method, path), twin, f.twinSignature(sig))
		w.putf("%stwin.%s(%s)\n", returnIf(results), twin, joinArgs("c", argsOf(params)))
		if len(results) == 0 {
			w.put("return\n")
		}
		w.put("}\n" + plain)
	}
	w.put("}\n\n")
	f.decls = append(f.decls, w.String())
}

// fieldPath returns the selectors of the embedded fields that an index goes through.
func fieldPath(t types.Type, index []int) string {
	path := ""
	for _, i := range index {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		v := t.Underlying().(*types.Struct).Field(i)
		path += "." + v.Name()
		t = v.Type()
	}
	return path
}

// twinOperand returns the interface in which an interface call of a method looks for
// the twin: x, or, if x may hold a value of a type without a name that needs masks,
// what stands for it.
func (f *fileGen) twinOperand(method *types.Func, x string) string {
	if f.facts.Renamed[method.Id()] {
		return f.coroc + ".Named(" + x + ")"
	}
	return x
}

// suspending returns where the methods are declared that make a mask of a type necessary:
// those called method, in what the type embeds, that may suspend.
func (f *fileGen) suspending(t types.Type, method *types.Func) (found []typecheck.Related) {
	embedsInterface := false
	embedded := map[string]bool{}
	name := func(named *types.Named) string { return types.TypeString(named.Origin(), nil) }
	var look func(t types.Type)
	look = func(t types.Type) {
		if p, ok := types.Unalias(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		if types.IsInterface(t) {
			embedsInterface = true
		}
		if named, ok := types.Unalias(t).(*types.Named); ok {
			if embedded[name(named)] {
				return
			}
			embedded[name(named)] = true
		}
		if s, ok := t.Underlying().(*types.Struct); ok {
			for field := range s.Fields() {
				if field.Embedded() {
					look(field.Type())
				}
			}
		}
	}
	look(t)
	for fn := range f.facts.Funcs {
		recv := fn.Signature().Recv()
		if fn.Id() != method.Id() || recv == nil {
			continue
		}
		of := recv.Type()
		if p, ok := of.(*types.Pointer); ok {
			of = p.Elem()
		}
		named, _ := of.(*types.Named)
		if embedsInterface || named != nil && embedded[name(named)] {
			found = append(found, typecheck.Related{Pos: f.mod.Position(fn.Pos()), Message: "declared here"})
		}
	}
	slices.SortFunc(found, func(a, b typecheck.Related) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Offset, b.Pos.Offset))
	})
	return found
}
