package colour

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// An Opaque is a call of a function that is known by its export data only and
// that a suspension would have to pass through: it is handed something that may
// suspend and calls it, or returns an iterator that is given such a body. Such a function has to be compiled with the package
// that calls it. If it cannot be, the diagnostic is what is wrong. It may also be a field of
// a struct that such code declares, and calls by itself.
type Opaque struct {
	Package    *types.Package // that is not compiled
	Callee     *types.Func    // what is called, or what the callee is an instance of; nil for a field
	Call       *ast.CallExpr  // nil if the callee is not named there
	Diagnostic typecheck.Diagnostic
}

// opaque notes a call of a function that is not compiled.
func (a *analysis) opaque(c *call, callee *types.Func, d typecheck.Diagnostic) {
	o := Opaque{Package: callee.Pkg(), Callee: callee, Diagnostic: d}
	if s := a.sites[c.common.Pos()]; s != nil && s.callee == callee {
		o.Call = s.call
	}
	a.noteOpaque(o)
}

// opaqueAt notes a call in the source of a function that is not compiled.
func (a *analysis) opaqueAt(callee *types.Func, call *ast.CallExpr, d typecheck.Diagnostic) {
	a.noteOpaque(Opaque{Package: callee.Pkg(), Callee: callee, Call: call, Diagnostic: d})
}

func (a *analysis) noteOpaque(o Opaque) {
	d := o.Diagnostic
	for _, p := range a.facts.Opaque {
		if p.Callee == o.Callee && p.Diagnostic.Pos == d.Pos && p.Diagnostic.Message == d.Message {
			return // another instance of the function around it
		}
	}
	a.facts.Opaque = append(a.facts.Opaque, o)
}

// checkCallbacks finds durable functions that are handed to code that is not
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
		if callee.Pkg() != nil && startsGoroutine[callee.Pkg().Path()+" "+describe(callee)] {
			a.report(callback(typecheck.Diagnostic{
				Pos:     a.position(c),
				Message: fmt.Sprintf("%s runs %s in a goroutine of its own, but that may suspend", describe(callee), why.Caller),
				Related: why.Chain(),
				Fix:     "what may suspend has to run on the coroutine's own goroutine; several calls at a time are what Gather of dispatch is for",
			}, direct && sure))
			return
		}
		a.opaque(c, callee, callback(typecheck.Diagnostic{
			Pos:     a.position(c),
			Message: fmt.Sprintf("%s is not compiled by coroc and may call %s, which may suspend", describe(callee), why.Caller),
			Related: why.Chain(),
			Fix:     "write the loop out, or copy the function into the module, so that it is compiled too",
		}, direct && sure))
	}
}

// position returns where a call begins: SSA has its parenthesis.
func (a *analysis) position(c *call) token.Position {
	if s := a.sites[c.common.Pos()]; s != nil && s.call != nil {
		return a.mod.Position(s.call.Pos())
	}
	return a.mod.Position(c.common.Pos())
}

// startsGoroutine has the functions of others that call what they are given on
// another goroutine, by package and name.
var startsGoroutine = map[string]bool{
	"context context.AfterFunc":                                   true,
	"golang.org/x/sync/errgroup (*errgroup.Group).Go":             true,
	"golang.org/x/sync/errgroup (*errgroup.Group).TryGo":          true,
	"golang.org/x/sync/singleflight (*singleflight.Group).DoChan": true,
	"sync (*sync.WaitGroup).Go":                                   true,
	"time time.AfterFunc":                                         true,
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
			a.opaque(c, callee, callback(typecheck.Diagnostic{
				Pos:     a.position(c),
				Message: fmt.Sprintf("%s is not compiled by coroc and may call %s, which may suspend", describe(callee), n.name),
				Related: n.why.Chain(),
				Fix:     "make the method one that does not suspend, or copy the function into the module, so that it is compiled too",
			}, n.direct))
		}
	}
}
