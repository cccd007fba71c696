package colour

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

func (a *analysis) report(d typecheck.Diagnostic) { a.diags = append(a.diags, d) }

// Chain returns the calls that lead from a reason down to a suspension point,
// as related positions.
func (r *Reason) Chain() []typecheck.Related {
	var out []typecheck.Related
	for ; r != nil; r = r.Next {
		msg := r.Caller + " calls " + r.Callee
		if r.Caller == "" {
			msg = "calls " + r.Callee
		}
		if r.Next == nil {
			msg += ", which suspends"
		}
		out = append(out, typecheck.Related{Pos: r.Pos, Message: msg})
	}
	return out
}

func (a *analysis) check() {
	a.checkGo()
	a.checkCallbacks()
	a.checkFields()
	a.checkMethods()
}

// checkGo reports go statements that start something that may suspend: a
// goroutine is outside of the coroutine.
func (a *analysis) checkGo() {
	for _, s := range a.list {
		if s.gostmt == nil {
			continue
		}
		why := a.reason(s)
		if why == nil || !s.hard() {
			continue
		}
		d := typecheck.Diagnostic{
			Pos:     a.mod.Position(s.gostmt.Pos()),
			Message: fmt.Sprintf("the goroutine may suspend (%s), but it is not part of the coroutine", why.Callee),
			Related: why.Chain()[1:],
			Fix:     "what may suspend has to run on the coroutine's own goroutine",
			Warning: true,
		}
		if s.twin != nil || len(s.to) == 1 && a.certain(s.to[0]) {
			d.Warning = false
			d.Message = fmt.Sprintf("a goroutine cannot suspend the coroutine (it runs %s)", why.Callee)
		}
		a.report(d)
	}
}

// certain reports whether n always calls a suspension point: one is called by
// a statement at the top of its body that nothing before it can keep from
// being reached, as far as that can be seen without an analysis.
func (a *analysis) certain(n *node) bool {
	var body *ast.BlockStmt
	switch s := n.syntax.(type) {
	case *ast.FuncDecl:
		body = s.Body
	case *ast.FuncLit:
		body = s.Body
	default:
		return false
	}
	for _, stmt := range body.List {
		var exprs []ast.Expr
		switch s := stmt.(type) {
		case *ast.ExprStmt:
			exprs = []ast.Expr{s.X}
		case *ast.AssignStmt:
			exprs = s.Rhs
		case *ast.ReturnStmt:
			exprs = s.Results
		case *ast.DeclStmt, *ast.DeferStmt, *ast.IncDecStmt:
			continue
		default:
			return false
		}
		for _, e := range exprs {
			if c, ok := ast.Unparen(e).(*ast.CallExpr); ok {
				if s := a.sites[c.Lparen]; s != nil && s.twin != nil {
					return true
				}
			}
		}
		if _, ok := stmt.(*ast.ReturnStmt); ok {
			return false
		}
	}
	return false
}

// checkCallbacks reports durable functions that are handed to code that is not
// compiled and that calls them.
func (a *analysis) checkCallbacks() {
	for _, c := range a.flow.calls {
		if !c.common.Pos().IsValid() {
			continue
		}
		invoke := c.common.IsInvoke()
		for _, fn := range c.order {
			if hasBody(fn) || fn.Syntax() != nil {
				continue
			}
			obj := calledObject(fn)
			if obj == nil || obj.Pkg() == nil || isLibrary(obj.Pkg()) || a.twins.of(obj) != nil {
				continue
			}
			if p := a.mod.PackageOf(obj.Pkg()); p != nil { // a test variant without bodies
				continue
			}
			for i, arg := range c.common.Args {
				if isCallback(obj, i, invoke) {
					a.checkFuncArg(c, obj, arg, true)
				} else if !(i == 0 && obj.Signature().Recv() != nil && !invoke) {
					a.checkInterfaceArg(c, obj, i, invoke, arg)
				}
			}
		}
		if c.unknown && len(c.order) == 0 && invoke {
			// An interface of the module is hardly there for others to implement.
			theirs := c.common.Method.Pkg() == nil || a.mod.PackageOf(c.common.Method.Pkg()) == nil
			for i, arg := range c.common.Args {
				if isCallback(c.common.Method, i, true) && !isLibrary(c.common.Method.Pkg()) {
					a.checkFuncArg(c, c.common.Method, arg, theirs)
				}
			}
		}
	}
}

// checkFuncArg reports a func argument that may suspend; sure says that the callee
// is known not to be compiled.
func (a *analysis) checkFuncArg(c *call, callee *types.Func, arg ssa.Value, sure bool) {
	if p := a.flow.value(arg); p != nil {
		a.checkFuncItems(c, callee, a.flow.in(p), sure)
	}
}

func (a *analysis) checkFuncItems(c *call, callee *types.Func, items []item, sure bool) {
	if why, direct := a.durableOf(items); why != nil {
		a.report(callback(typecheck.Diagnostic{
			Pos:     a.mod.Position(c.common.Pos()),
			Message: fmt.Sprintf("%s is not compiled by coroc and may call %s, which may suspend", describe(callee), why.Caller),
			Related: why.Chain(),
			Fix:     "write the loop out, or copy the function into the module, so that it is compiled too",
		}, direct && sure))
	}
}

// callback makes the diagnostic a warning if it takes a dynamic call to suspend:
// which functions that can reach is known only from above.
func callback(d typecheck.Diagnostic, direct bool) typecheck.Diagnostic {
	if !direct {
		d.Warning = true
		d.Message += ": that would panic"
	}
	return d
}

// durableOf returns the reason of the first durable function among the items,
// in the order of the source, and whether static calls lead to its suspension.
// One for which they do comes before all others.
func (a *analysis) durableOf(items []item) (why *Reason, direct bool) {
	var best *node
	var point string
	for _, i := range items {
		if i.fn == nil {
			continue
		}
		t := a.resolve(i.fn)
		for _, n := range t.nodes {
			if n.hard && (best == nil || n.direct && !best.direct || n.direct == best.direct && n.index < best.index) {
				best = n
			}
		}
		if t.point != "" && (point == "" || t.point < point) {
			point = t.point
		}
	}
	if best != nil {
		return best.why, best.direct
	}
	if point != "" {
		return &Reason{Caller: point, Callee: point}, true
	}
	return nil, false
}

// checkInterfaceArg reports a value whose methods the callee may call, because
// its parameter is an interface that has them, and one of them may suspend.
func (a *analysis) checkInterfaceArg(c *call, callee *types.Func, i int, invoke bool, arg ssa.Value) {
	j := i
	if callee.Signature().Recv() != nil && !invoke {
		j--
	}
	params := callee.Signature().Params()
	if j < 0 || j >= params.Len() {
		return
	}
	iface, ok := params.At(j).Type().Underlying().(*types.Interface)
	if !ok || iface.NumMethods() == 0 {
		return
	}
	p := a.flow.value(arg)
	if p == nil {
		return
	}
	for _, it := range a.flow.in(p) {
		if it.typ == nil {
			continue
		}
		if it.fn != nil && !a.flow.isCompiledType(it.typ) {
			// http.HandlerFunc(f): the method calls the function.
			a.checkFuncItems(c, callee, []item{it}, true)
			continue
		}
		for m := range iface.Methods() {
			n := a.methodNode(it.typ, m)
			if n == nil || !n.hard {
				continue
			}
			a.report(callback(typecheck.Diagnostic{
				Pos:     a.mod.Position(c.common.Pos()),
				Message: fmt.Sprintf("%s is not compiled by coroc and may call %s, which may suspend", describe(callee), n.name),
				Related: n.why.Chain(),
				Fix:     "make the method one that does not suspend, or copy the function into the module, so that it is compiled too",
			}, n.direct))
		}
	}
}

// checkFields reports durable functions that are put into a struct that is
// declared by code that is not compiled: that code calls them.
func (a *analysis) checkFields() {
	for _, st := range a.flow.stores {
		p := a.flow.value(st.instr.Val)
		if p == nil || isLibrary(st.field.Pkg()) || a.mod.PackageOf(st.field.Pkg()) != nil {
			continue
		}
		if why, direct := a.durableOf(a.flow.in(p)); why != nil {
			a.report(callback(typecheck.Diagnostic{
				Pos:     a.mod.Position(st.instr.Pos()),
				Message: fmt.Sprintf("%s may suspend, but it is stored in the field %s of a struct of package %s, which is not compiled and calls it", why.Caller, st.field.Name(), st.field.Pkg().Path()),
				Related: why.Chain(),
				Fix:     "run what suspends in a coroutine of its own, started there",
			}, direct))
		}
	}
}

func (a *analysis) methodNode(t types.Type, m *types.Func) *node {
	obj, _, _ := types.LookupFieldOrMethod(t, false, m.Pkg(), m.Name())
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	return a.nodes[fn.Origin().Pos()]
}

// calledByOthers are methods that the standard library calls on values that
// are handed to it as an empty interface.
var calledByOthers = map[string]string{
	"String":        "fmt",
	"Error":         "fmt",
	"GoString":      "fmt",
	"Format":        "fmt",
	"MarshalJSON":   "encoding/json",
	"MarshalText":   "encoding packages",
	"MarshalBinary": "encoding packages",
	"MarshalXML":    "encoding/xml",
	"MarshalYAML":   "encoders",
	"GobEncode":     "encoding/gob",
	"LogValue":      "log/slog",
	"Value":         "database/sql",
	"ServeHTTP":     "net/http",
}

// checkMethods reports durable methods of the kind that other code calls by
// itself, if a value that has them gets there: fmt swallows the panic of a
// suspension that cannot be.
func (a *analysis) checkMethods() {
	var found []*node
	for _, i := range a.flow.in(a.flow.outside) {
		if i.typ == nil {
			continue
		}
		ms := a.flow.prog.MethodSets.MethodSet(i.typ)
		for j := range ms.Len() {
			m, ok := ms.At(j).Obj().(*types.Func)
			if !ok || calledByOthers[m.Name()] == "" && !strings.HasPrefix(m.Name(), "Unmarshal") {
				continue
			}
			n := a.nodes[m.Origin().Pos()]
			if n != nil && n.hard && !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
	}
	for _, n := range found {
		fd, ok := n.syntax.(*ast.FuncDecl)
		if !ok {
			continue
		}
		by := calledByOthers[fd.Name.Name]
		if by == "" {
			by = "encoding packages"
		}
		a.report(callback(typecheck.Diagnostic{
			Pos:     a.mod.Position(fd.Name.Pos()),
			Message: fmt.Sprintf("%s may suspend, but values of its type are handed to code that is not compiled and calls it (%s)", n.name, by),
			Related: n.why.Chain(),
			Fix:     "call what suspends before, and let the method return what is there",
		}, n.direct))
	}
}
