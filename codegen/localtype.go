package codegen

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A type that is declared in a function is called by that function, its own name, and a hash of
// what it is: import/path.f.T@1a2b3c4d. So two versions of the function have one type if it is
// the same in both, and else two that states tell apart, also where they are type arguments.

// LocalTypes returns the names in saved states of the types that are declared in functions of a
// package. Those of frozen versions go by the function that they are a version of: types with
// one name are the same, but for type parameters that are called something else.
func LocalTypes(mod *typecheck.Module, p *typecheck.Package, renames *Renames) map[*types.TypeName]string {
	names := map[*types.TypeName]string{}
	for _, file := range p.Files {
		eachUnit(mod, p, file, func(n ast.Node, state string) {
			count := map[string]int{}
			unit := localTypesIn(p, n)
			for _, obj := range unit {
				h := &typeHasher{renames: renames, unit: unit, params: typeParamsOf(p, n), at: map[*types.TypeName]int{}}
				name := fmt.Sprintf("%s.%s@%s", state, obj.Name(), h.hash(obj))
				if count[name]++; count[name] > 1 {
					name = fmt.Sprintf("%s#%d", name, count[name])
				}
				names[obj] = name
			}
		})
	}
	return names
}

// localTypes returns the names in saved states of the types that were declared in functions,
// by the names that they have at package level.
func (f *pkgGen) localTypes() map[string]string {
	if f.locals == nil {
		f.locals = map[string]string{}
		for obj, name := range LocalTypes(f.mod, f.p, f.Generator.renames) {
			if lifted := f.desugared.Lifted[obj]; lifted != "" {
				f.locals[lifted] = name
				f.Generator.lifted[f.p.Path+"."+lifted] = name
			}
		}
	}
	return f.locals
}

var typeToken = regexp.MustCompile(`[^\s\[\](){},;*]+`)

// TypeText writes the type of a variable of a version with the names that saved states have for
// types that are declared in functions.
func (g *Generator) TypeText(t types.Type) string {
	return typeToken.ReplaceAllStringFunc(types.TypeString(t, nil), func(s string) string { return cmp.Or(g.lifted[s], s) })
}

// localTypesIn returns the types that a function or literal declares, but for aliases.
func localTypesIn(p *typecheck.Package, n ast.Node) []*types.TypeName {
	var list []*types.TypeName
	ast.Inspect(n, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok {
			if obj, ok := p.Info.Defs[s.Name].(*types.TypeName); ok && !obj.IsAlias() {
				list = append(list, obj)
			}
		}
		return true
	})
	return list
}

// eachUnit calls do for each function of a file, and for the outermost literals of its
// package-level variables, with their names in saved states. What has no name of its own is
// numbered among those of its file.
func eachUnit(mod *typecheck.Module, p *typecheck.Package, file *typecheck.File, do func(n ast.Node, state string)) {
	count := map[string]int{}
	numbered := func(name string) string {
		count[name]++
		return fmt.Sprintf("%s.%s.%s.%d", p.Path, name, strings.TrimSuffix(filepath.Base(file.Name), ".go"), count[name])
	}
	for _, d := range file.Syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			fn, _ := p.Info.Defs[d.Name].(*types.Func)
			switch {
			case file.Frozen && p.Frozen[d.Name.Name] != nil:
				do(d, p.Frozen[d.Name.Name].State)
			case d.Recv == nil && (d.Name.Name == "init" || d.Name.Name == "_"):
				do(d, numbered(d.Name.Name))
			case fn != nil:
				do(d, StateName(fn, p.Path))
			}
		case *ast.GenDecl:
			places := newPlaces(mod)
			places.declaration(d)
			for _, s := range d.Specs {
				v, ok := s.(*ast.ValueSpec)
				if !ok {
					continue
				}
				state := p.Path + "." + variableName(v)
				if variableName(v) == "" && d.Tok == token.VAR {
					state = numbered("var")
				}
				ast.Inspect(v, func(n ast.Node) bool {
					lit, ok := n.(*ast.FuncLit)
					if ok {
						do(lit, stateOf(p.Path, state, places.names[lit]))
					}
					return !ok
				})
			}
		}
	}
}

// typeParamsOf returns the type parameters of a function, also those of its receiver.
func typeParamsOf(p *typecheck.Package, n ast.Node) *types.TypeParamList {
	fd, ok := n.(*ast.FuncDecl)
	if !ok {
		return nil
	}
	fn, ok := p.Info.Defs[fd.Name].(*types.Func)
	if !ok {
		return nil
	}
	if list := fn.Signature().TypeParams(); list.Len() > 0 {
		return list
	}
	return fn.Signature().RecvTypeParams()
}

// A typeHasher writes what a type is, with the whole names of types of packages and the
// definitions of those of the function.
type typeHasher struct {
	renames *Renames
	unit    []*types.TypeName       // of the function
	params  *types.TypeParamList    // of the function
	at      map[*types.TypeName]int // of the function's types: what has been written
	b       strings.Builder
}

// hash returns the hash of one of the function's types.
func (h *typeHasher) hash(obj *types.TypeName) string {
	h.put("coroc %d\n", canonical)
	h.typeParams(h.params)
	h.write(obj.Type())
	sum := sha256.Sum256([]byte(h.b.String()))
	return fmt.Sprintf("%x", sum[:4])
}

func (h *typeHasher) put(format string, args ...any) { fmt.Fprintf(&h.b, format, args...) }

func (h *typeHasher) typeParams(list *types.TypeParamList) {
	h.put("[%d", list.Len())
	for p := range list.TypeParams() {
		h.write(p.Constraint())
	}
	h.put("]")
}

func (h *typeHasher) write(t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		h.named(t)
	case *types.TypeParam:
		if t.Index() < h.params.Len() && h.params.At(t.Index()) == t {
			h.put("func ")
		}
		h.put("$%d", t.Index())
	case *types.Pointer:
		h.put("*")
		h.write(t.Elem())
	case *types.Slice:
		h.put("[]")
		h.write(t.Elem())
	case *types.Array:
		h.put("[%d]", t.Len())
		h.write(t.Elem())
	case *types.Map:
		h.put("map[")
		h.write(t.Key())
		h.put("]")
		h.write(t.Elem())
	case *types.Chan:
		h.put("chan %d ", t.Dir())
		h.write(t.Elem())
	case *types.Signature:
		h.put("func(")
		h.tuple(t.Params())
		h.put(" %v)(", t.Variadic())
		h.tuple(t.Results())
		h.put(")")
	case *types.Struct:
		h.put("struct{")
		for i := range t.NumFields() {
			f := t.Field(i)
			h.put("%s %v ", f.Name(), f.Embedded())
			h.write(f.Type())
			h.put(" %q;", t.Tag(i))
		}
		h.put("}")
	case *types.Interface:
		h.put("interface{")
		for m := range t.ExplicitMethods() {
			h.put("%s ", m.Name())
			h.write(m.Type())
			h.put(";")
		}
		for e := range t.EmbeddedTypes() {
			h.write(e)
			h.put(";")
		}
		h.put("}")
	case *types.Union:
		for term := range t.Terms() {
			h.put("|%v", term.Tilde())
			h.write(term.Type())
		}
	default:
		h.put("%s", t)
	}
}

func (h *typeHasher) tuple(t *types.Tuple) {
	for v := range t.Variables() {
		h.write(v.Type())
		h.put(",")
	}
}

func (h *typeHasher) named(t *types.Named) {
	obj := t.Obj()
	switch n, written := h.at[obj]; {
	case !slices.Contains(h.unit, obj):
		h.put("%s", h.renames.oldestWhole(obj))
	case written:
		h.put("#%d", n)
	default:
		h.at[obj] = len(h.at)
		h.put("type %s", obj.Name())
		origin := t.Origin()
		h.typeParams(origin.TypeParams())
		h.write(origin.Underlying())
	}
	h.put("[")
	for a := range t.TypeArgs().Types() {
		h.write(a)
		h.put(",")
	}
	h.put("]")
}
