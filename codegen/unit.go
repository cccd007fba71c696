package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"hash/fnv"
	"strings"
	"unicode"

	"github.com/coroc-dev/coroc/colour"
)

// unit is what is generated for one package-level declaration: it owns the names
// derived from its own, its type parameters, and its registrations.
type unit struct {
	name  string // base of generated names: foo, T_M
	state string // base of the names in saved states: import/path.foo, import/path.(*T).M

	tdecl, tuse string // type parameters, declared and used
	generic     bool

	literals map[string]int // literals so far, by the path of what contains them
	values   map[string]int
	defers   map[string]int
	regs     []string

	recordVar string // name of the record in the twin that is being printed
}

func newUnit(name, state string) *unit {
	return &unit{name: name, state: state, literals: map[string]int{}, values: map[string]int{}, defers: map[string]int{}}
}

// literal returns the names for the next literal directly inside of path; kind is
// "func", or "range" for the body of a range over a function, as gc has it.
func (u *unit) literal(path, kind string) (string, string) {
	key := path
	if kind != "func" {
		key += "_" + kind
	}
	u.literals[key]++
	n := fmt.Sprintf("_%s%d", kind, u.literals[key])
	return path + n, u.statePath(path + n)
}

// value returns the names for the next record of a function or method value.
func (u *unit) value(path string, fn *types.Func) (string, string) {
	u.values[path]++
	n := fmt.Sprintf("_%s_value%d", fn.Name(), u.values[path])
	return path + n, u.statePath(path) + fmt.Sprintf(".%s.value%d", unfrozen(fn.Name()), u.values[path])
}

// deferred returns the name for the next deferred call.
func (u *unit) deferred(path string) string {
	u.defers[path]++
	return path + fmt.Sprintf("_%d", u.defers[path])
}

// statePath turns a path of generated names into the name in saved states.
func (u *unit) statePath(path string) string {
	path = strings.ReplaceAll(strings.TrimPrefix(path, u.name), "_func", ".func")
	return u.state + strings.ReplaceAll(path, "_range", ".range")
}

func (u *unit) register(statement string) { u.regs = append(u.regs, statement) }

// stateText returns a name for saved states as an expression: that of a generic
// function carries its type arguments.
func (u *unit) stateText(f *fileGen, state string) string {
	if !u.generic {
		return fmt.Sprintf("%q", state)
	}
	return fmt.Sprintf("%s.InstanceName[durable_unit_%s%s](%q)", f.coroc, u.name, u.tuse, state)
}

// twinName returns the name of the twin of a function or method. The twin of an
// unexported method is exported, so that any package can declare and look for it,
// and says which package's method it is.
func twinName(fn *types.Func) string {
	name := fn.Name()
	switch {
	case fn.Type().(*types.Signature).Recv() == nil:
		if fn.Exported() {
			return "Durable_" + name
		}
		return "durable_" + name
	case fn.Exported():
		return "Durable_" + name
	}
	return "Durable_" + name + "_" + mangle(mapImport(fn.Pkg().Path()))
}

// mangle returns an identifier for an import path.
func mangle(path string) string {
	h := fnv.New32a()
	h.Write([]byte(path))
	last := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, path[strings.LastIndexByte(path, '/')+1:])
	return fmt.Sprintf("%s_%08x", last, h.Sum32())
}

// unitNames returns the base of the names for a function and its name in states.
func unitNames(fn *types.Func, path string) (name, state string) {
	recv := fn.Type().(*types.Signature).Recv()
	if recv == nil {
		return fn.Name(), path + "." + fn.Name()
	}
	t := types.Unalias(recv.Type())
	format := "%s.%s.%s"
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
		format = "%s.(*%s).%s"
	}
	typ := t.(*types.Named).Obj().Name()
	return typ + "_" + fn.Name(), fmt.Sprintf(format, path, typ, fn.Name())
}

func (f *fileGen) stateName(fn *types.Func) string {
	_, s := unitNames(fn, mapImport(fn.Pkg().Path()))
	return s
}

// containsDefer reports whether the body defers calls to its own end: in a defer
// statement outside of literals, or in the body of a range over a function.
func (f *fileGen) containsDefer(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			found = true
		case *ast.CallExpr:
			found = found || f.isOwnDefers(n)
		}
		return !found
	})
	return found
}

// isOwnDefers reports whether a call stands for the defers of the function that it is
// in.
func (f *fileGen) isOwnDefers(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "OwnDefers" {
		return false
	}
	fn, ok := f.info.Uses[sel.Sel].(*types.Func)
	return ok && fn.Pkg().Path() == runtimePath
}

// mentionsRecover reports whether the body calls recover, outside of literals and of
// ranges over functions: in the body of one, which is a function of its own, recover
// does nothing, unless the iterator defers it.
func (f *fileGen) mentionsRecover(body *ast.BlockStmt) bool {
	return mentionsRecover(f.info, body)
}

func mentionsRecover(info *types.Info, body ast.Node) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.RangeStmt:
			if colour.RangesOverFunc(info, n) {
				found = found || mentionsRecover(info, n.X)
				return false
			}
		case *ast.Ident:
			if b, ok := info.Uses[n].(*types.Builtin); ok && b.Name() == "recover" {
				found = true
			}
		}
		return !found
	})
	return found
}
