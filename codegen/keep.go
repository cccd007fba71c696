package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// Detail says how much of what twins keep is described.
type Detail int

// The details.
const (
	NoDetail   Detail = iota
	Unsavables        // values that it may be impossible to save
	Everything
)

// A Function describes what a twin keeps while it is suspended.
type Function struct {
	Name        string         // in saved states: import/path.foo.func1
	Pkg         *types.Package // of the source
	Node        ast.Node       // of the source: *ast.FuncDecl, *ast.FuncLit or *ast.RangeStmt
	Size        int64          // bytes of its frame, or -1 if that depends on type arguments
	Suspensions []*Suspension
}

// A Suspension is a place where a function may be suspended.
type Suspension struct {
	Number int          // in saved states; 0 is the return
	Site   *colour.Site // nil: the return of the function, while its deferred calls run
	Pos    token.Pos    // of the call, or of the function
	Kept   []*Kept
	Size   int64 // bytes of the variables that are saved, or -1
}

// A Role says why a value is kept.
type Role int

// The roles.
const (
	Variable  Role = iota // a variable of the source that is used later
	Temporary             // the value of an expression that is not finished
	Callee                // what the call is found by when it is resumed
	Result                // a result that deferred calls may see
	Deferred              // an operand of a deferred call
	Captured              // a variable that the function literal has captured
)

func (r Role) String() string {
	return [...]string{"variable", "temporary", "callee", "result", "deferred", "captured"}[r]
}

// Kept is a value that is kept at a suspension.
type Kept struct {
	Name  string // of the variable, or the expression
	Role  Role
	Type  types.Type
	Var   *types.Var    // of the source; nil for an expression
	Decl  token.Pos     // where the variable is declared or the expression stands
	Use   token.Pos     // where it is used next, or deferred
	From  Origin        // where the value comes from, if that is certain
	Maker *ast.CallExpr // what in the source has made it, if From is Made and that is known
	Bound bool          // it is captured by an entry function: the state has its name only
}

// Functions describes the twins that were generated.
func (g *Generator) Functions() []*Function { return g.functions }

// describe notes what the twin keeps, once its items are settled.
func (t *twinGen) describe(ft *ast.FuncType) {
	if t.Detail == NoDetail {
		return
	}
	k := &keeper{
		twinGen: t, notable: map[*types.Var]bool{}, described: map[*types.Var]*Kept{},
		origins: map[*types.Var][]Origin{}, nextUses: map[int][]int{},
	}
	fn := &Function{Name: t.state, Pkg: t.p.Types, Node: t.orig, Size: k.frameSize(ft)}
	for i, it := range t.items {
		if it.kind == siteItem {
			fn.Suspensions = append(fn.Suspensions, k.suspension(i))
		}
	}
	if s := k.atExit(); s != nil {
		fn.Suspensions = append(fn.Suspensions, s)
	}
	t.Generator.functions = append(t.Generator.functions, fn)
}

// A keeper finds out about what one twin keeps.
type keeper struct {
	*twinGen
	defers []pendingDefer

	// What has been found out about variables.
	notable   map[*types.Var]bool
	described map[*types.Var]*Kept
	origins   map[*types.Var][]Origin // before each item
	nextUses  map[int][]int           // of a variable: for each item, that by which it is used next
	preds     [][]int
}

// omits reports whether a variable need not be described.
func (k *keeper) omits(v *types.Var) bool {
	if k.Detail == Everything {
		return false
	}
	notable, ok := k.notable[v]
	if !ok {
		k.notable[v] = false // while v is found to be set from itself
		switch k.mod.Savability(k.valueType(v)).Saving {
		case typecheck.Always, typecheck.IdleIf:
		case typecheck.Depends:
			notable = k.mayMake(v)
		default:
			notable = true
		}
		k.notable[v] = notable
	}
	return !notable
}

// A pendingDefer is a defer statement and the items that may follow it.
type pendingDefer struct {
	item  int
	stmt  *ast.DeferStmt
	after []bool
}

func (k *keeper) suspension(i int) *Suspension {
	it := k.items[i]
	s := &Suspension{Number: it.key, Site: k.siteOf(it.call), Pos: k.sourcePos(it.call)}
	if !s.Pos.IsValid() {
		s.Pos = k.sourcePos(it.stmt)
	}
	after := k.newSet() // what is used later, apart from what resuming takes
	for w := range after {
		after[w] = it.live[w] &^ it.defs[w]
	}
	k.siteLive(it).each(func(v int) {
		if k.omits(k.vars[v]) {
			return
		}
		x := k.variable(k.vars[v], i)
		switch {
		case after.has(v):
			x.Use = k.nextUse(v, i)
		case k.isResult(k.vars[v]):
			x.Role = Result
		default:
			x.Role, x.Use = Callee, s.Pos
		}
		if k.isResult(k.vars[v]) && !x.Use.IsValid() {
			x.Role = Result
		}
		s.Kept = append(s.Kept, x)
		s.Size = addSize(s.Size, k.sizeOf(k.vars[v].Type()))
	})
	k.keepCaptures(s)
	k.keepDeferred(s, i)
	return s
}

// atExit describes the suspension of the deferred calls at the return, if one of them
// may suspend: those that were deferred before it are pending then.
func (k *keeper) atExit() *Suspension {
	var s *Suspension
	for _, d := range k.pending() {
		if k.siteOf(d.stmt.Call) == nil {
			continue
		}
		if s == nil {
			s = &Suspension{Number: 0, Pos: k.sourcePos(d.stmt)}
			k.keepCaptures(s)
			for _, v := range k.vars {
				if k.isResult(v) && !k.omits(v) {
					x := k.variable(v, -1)
					x.Role = Result
					s.Kept = append(s.Kept, x)
					s.Size = addSize(s.Size, k.sizeOf(v.Type()))
				}
			}
		}
		k.keepDeferred(s, d.item)
	}
	return s
}

func (k *keeper) isResult(v *types.Var) bool {
	if k.result[v] {
		return true
	}
	for _, b := range k.boxes {
		if b == v {
			return true
		}
	}
	return false
}

// keepCaptures adds what the record of a literal holds: it is saved as a whole.
func (k *keeper) keepCaptures(s *Suspension) {
	lit, _ := k.orig.(*ast.FuncLit)
	for _, v := range k.captures {
		if k.omits(v) {
			continue
		}
		x := k.variable(v, -1)
		x.Role, x.Bound = Captured, k.facts.Entries[lit]
		s.Kept = append(s.Kept, x)
	}
}

// keepDeferred adds the operands of the deferred calls that may be pending at an
// item.
func (k *keeper) keepDeferred(s *Suspension, i int) {
	for _, d := range k.pending() {
		if !d.after[i] {
			continue
		}
		for _, x := range k.operands(d) {
			x.Role, x.Use = Deferred, k.sourcePos(d.stmt)
			if !slices.ContainsFunc(s.Kept, func(y *Kept) bool { return y.Use == x.Use && y.Name == x.Name && y.Role == Deferred }) {
				s.Kept = append(s.Kept, x)
			}
		}
	}
}

// pending returns the defer statements of the function.
func (k *keeper) pending() []pendingDefer {
	if k.d == "" || k.defers != nil {
		return k.defers
	}
	for i, it := range k.items {
		if it.kind != rawItem {
			continue
		}
		ast.Inspect(it.stmt, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.DeferStmt:
				k.defers = append(k.defers, pendingDefer{i, n, k.reachableFrom(i)})
			}
			return true
		})
	}
	return k.defers
}

func (k *keeper) reachableFrom(i int) []bool {
	reached := make([]bool, len(k.items)+1)
	work := k.successors(i)
	for len(work) > 0 {
		j := work[len(work)-1]
		work = work[:len(work)-1]
		if reached[j] {
			continue
		}
		reached[j] = true
		if j < len(k.items) {
			work = append(work, k.successors(j)...)
		}
	}
	return reached
}

// operands returns what a deferred call takes with it.
func (k *keeper) operands(d pendingDefer) []*Kept {
	var list []*Kept
	add := func(e ast.Expr) {
		if x := k.expr(e, d.item); x != nil {
			list = append(list, x)
		}
	}
	switch fun := ast.Unparen(d.stmt.Call.Fun).(type) {
	case *ast.FuncLit:
		for _, v := range k.desugared.Captures[fun] {
			if !k.omits(v) {
				list = append(list, k.variable(v, d.item))
			}
		}
	case *ast.SelectorExpr:
		if m := k.info.Selections[fun]; m != nil && m.Kind() != types.MethodExpr {
			add(fun.X)
		}
	case *ast.Ident:
		if _, ok := k.info.Uses[fun].(*types.Var); ok {
			add(fun)
		}
	}
	for _, e := range d.stmt.Call.Args {
		add(e)
	}
	return list
}

// frameSize returns the size of the frame's struct.
func (k *keeper) frameSize(ft *ast.FuncType) int64 {
	pointer := types.NewPointer(types.Typ[types.Int])
	fields := []types.Type{types.Typ[types.Int]}
	if len(k.captures) > 0 {
		fields = append(fields, pointer)
	}
	for _, v := range k.framedVars() {
		fields = append(fields, v.Type())
	}
	if k.d != "" {
		fields = append(fields, pointer)
		if ft.Results != nil {
			for _, f := range ft.Results.List {
				for i := range max(len(f.Names), 1) {
					if len(f.Names) == 0 || f.Names[i].Name == "_" {
						fields = append(fields, k.info.TypeOf(f.Type))
					}
				}
			}
		}
	}
	if k.recoverVar != "" {
		fields = append(fields, pointer)
	}
	var vars []*types.Var
	for i, t := range fields {
		if mentionsTypeParam(t) {
			return -1
		}
		vars = append(vars, types.NewField(token.NoPos, nil, fmt.Sprint("f", i), t, false))
	}
	return k.sizeOf(types.NewStruct(vars, nil))
}

func (k *keeper) sizeOf(t types.Type) int64 {
	if mentionsTypeParam(t) {
		return -1
	}
	return k.mod.Sizes.Sizeof(t)
}

// addSize adds sizes of which one may be unknown.
func addSize(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}
