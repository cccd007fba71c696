package colour

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// An Opaque is a call of a function that is known by its export data only and
// that a suspension would have to pass through: it is handed something that may
// suspend and calls it, or returns an iterator that is given such a body. Such a function
// has to be compiled with the package that calls it, or makes the func value that is
// called. If it cannot be, the diagnostic is what is wrong. It may also be a field of a
// struct that such code declares, and calls by itself.
type Opaque struct {
	Package    *types.Package // that is not compiled
	Callee     *types.Func    // what is called, or what the callee is an instance of; nil for a field
	Call       *ast.CallExpr  // nil if the callee is not named there
	Values     []ast.Expr     // what makes the func value that is called, if that is known and Call is nil
	Diagnostic typecheck.Diagnostic
}

// Name is what messages call the function.
func (o Opaque) Name() string { return describe(o.Callee) }

// opaque notes a call of a function that is not compiled.
func (a *analysis) opaque(e end, d typecheck.Diagnostic) {
	o := Opaque{Package: e.callee.Pkg(), Callee: e.callee, Diagnostic: d}
	a.locate(&o, e)
	a.noteOpaque(o)
}

// locate finds what names the function that is called, or makes a func value of it.
func (a *analysis) locate(o *Opaque, e end) {
	if s := a.sites[e.call.common.Pos()]; s != nil && s.callee == e.callee {
		o.Call = s.call
	} else if !e.call.common.IsInvoke() {
		o.Values = a.values(e.call, e.fn, e.callee)
	}
}

// opaqueAt notes a call in the source of a function that is not compiled.
func (a *analysis) opaqueAt(callee *types.Func, call *ast.CallExpr, d typecheck.Diagnostic) {
	a.noteOpaque(Opaque{Package: callee.Pkg(), Callee: callee, Call: call, Diagnostic: d})
}

func (a *analysis) noteOpaque(o Opaque) {
	d := o.Diagnostic
	for i, p := range a.facts.Opaque {
		if p.Callee == o.Callee && p.Diagnostic.Pos == d.Pos && p.Diagnostic.Message == d.Message {
			// Another instance of the function around it, or another func value.
			for _, v := range o.Values {
				if !slices.Contains(p.Values, v) {
					a.facts.Opaque[i].Values = append(a.facts.Opaque[i].Values, v)
				}
			}
			return
		}
	}
	a.facts.Opaque = append(a.facts.Opaque, o)
}

// An end is a function that is not compiled and that a call leads to, itself or through a
// wrapper.
type end struct {
	call   *call
	fn     *ssa.Function // what is called
	callee *types.Func   // what that leads to
	args   []ssa.Value   // of callee
	invoke bool          // a receiver is not one of them
}

// ends returns those that fn, which c calls, leads to.
func (a *analysis) ends(c *call, fn *ssa.Function) []end {
	if !isWrapper(fn) {
		if obj := a.notCompiled(fn); obj != nil {
			return []end{{c, fn, obj, c.common.Args, c.common.IsInvoke()}}
		}
		return nil
	}
	var found []end
	for _, w := range a.flow.wrapped[fn] {
		for _, g := range w.order {
			obj := a.notCompiled(g)
			if obj == nil {
				continue
			}
			e := end{c, fn, obj, nil, w.common.IsInvoke()}
			if !e.invoke {
				e.args = append(e.args, w.common.Args[0])
			}
			n := obj.Signature().Params().Len()
			e.args = append(e.args, c.common.Args[len(c.common.Args)-n:]...)
			found = append(found, e)
		}
	}
	return found
}

// notCompiled returns the function that fn is if it is one of others without a twin.
func (a *analysis) notCompiled(fn *ssa.Function) *types.Func {
	if !isOpaque(fn) {
		return nil
	}
	obj := calledObject(fn)
	if obj == nil || obj.Pkg() == nil || isLibrary(obj.Pkg()) || a.twins.of(obj) != nil {
		return nil
	}
	if p := a.mod.PackageOf(obj.Pkg()); p != nil { // a test variant without bodies
		return nil
	}
	return obj
}

// checkCallbacks finds durable functions that are handed to code that is not
// compiled and that calls them.
func (a *analysis) checkCallbacks() {
	for _, c := range a.flow.calls {
		if !c.common.Pos().IsValid() {
			continue
		}
		for _, fn := range c.order {
			for _, e := range a.ends(c, fn) {
				for i, arg := range e.args {
					if isCallback(e.callee, i, e.invoke) {
						a.checkFuncArg(e, arg, true)
					} else if !(i == 0 && e.callee.Signature().Recv() != nil && !e.invoke) {
						a.checkInterfaceArg(e, i, arg)
					}
				}
			}
		}
		if c.unknown && !c.common.IsInvoke() {
			a.checkReturned(c)
		}
		if c.unknown && len(c.order) == 0 && c.common.IsInvoke() {
			// An interface of the module is hardly there for others to implement.
			m := c.common.Method
			theirs := m.Pkg() == nil || a.mod.PackageOf(m.Pkg()) == nil
			for i, arg := range c.common.Args {
				if isCallback(m, i, true) && !isLibrary(m.Pkg()) {
					a.checkFuncArg(end{call: c, callee: m}, arg, theirs)
				}
			}
		}
	}
}

// checkFuncArg reports a func argument that may suspend; sure says that the callee
// is known not to be compiled.
func (a *analysis) checkFuncArg(e end, arg ssa.Value, sure bool) {
	if p := a.flow.value(arg); p != nil {
		a.checkFuncItems(e, a.flow.in(p), sure)
	}
}

func (a *analysis) checkFuncItems(e end, items []item, sure bool) {
	c, callee := e.call, e.callee
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
		a.opaque(e, callback(typecheck.Diagnostic{
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
func (a *analysis) checkInterfaceArg(e end, i int, arg ssa.Value) {
	c, callee := e.call, e.callee
	j := i
	if callee.Signature().Recv() != nil && !e.invoke {
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
			a.checkFuncItems(e, []item{it}, true)
			continue
		}
		for m := range iface.Methods() {
			n := a.methodNode(it.typ, m)
			if n == nil || !n.hard {
				continue
			}
			a.opaque(e, callback(typecheck.Diagnostic{
				Pos:     a.position(c),
				Message: fmt.Sprintf("%s is not compiled by coroc and may call %s, which may suspend", describe(callee), n.name),
				Related: n.why.Chain(),
				Fix:     "make the method one that does not suspend, or copy the function into the module, so that it is compiled too",
			}, n.direct))
		}
	}
}
