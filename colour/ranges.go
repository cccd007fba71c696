package colour

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/types/typeutil"
)

// RangesOverFunc reports whether a statement ranges over a function: its body is a
// function of its own then.
func RangesOverFunc(info *types.Info, r *ast.RangeStmt) bool {
	_, ok := typecheck.CoreType(info.TypeOf(r.X)).(*types.Signature)
	return ok
}

// DirectRange returns the function of the packages slices and maps of which a
// statement ranges over the result, if that amounts to a range over its argument: All,
// Values and maps.Keys. Else it is nil.
func DirectRange(info *types.Info, r *ast.RangeStmt) *types.Func {
	call, ok := ast.Unparen(r.X).(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil
	}
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || fn.Pkg() == nil {
		return nil
	}
	switch fn.Pkg().Path() + "." + fn.Name() {
	case "slices.All", "slices.Values", "maps.All", "maps.Keys", "maps.Values":
		return fn
	}
	return nil
}

// checkRanges finds ranges whose bodies may suspend over what a function returns that
// is not compiled: the iterator is in between.
func (a *analysis) checkRanges() {
	for _, s := range a.list {
		if s.rng == nil {
			continue
		}
		body := a.nodes[s.rng.For]
		if body == nil || !body.hard || DirectRange(body.pkg.Info, s.rng) != nil {
			continue
		}
		report := func(c *call, fn *types.Func) typecheck.Diagnostic {
			// It may give out what the program has handed to it.
			sure := len(c.order) == 0
			return callback(typecheck.Diagnostic{
				Pos:     a.mod.Position(s.rng.For),
				Message: fmt.Sprintf("the iterator that %s returns is not compiled by coroc and may call %s, which may suspend", describe(fn), body.name),
				Related: body.why.Chain(),
				Fix:     "collect the values first and range over them, or copy the function into the module, so that it is compiled too",
			}, body.direct && sure)
		}
		call, _ := ast.Unparen(s.rng.X).(*ast.CallExpr)
		fn := a.calledDirectly(body.pkg.Info, call)
		for _, c := range a.flow.ranges[s.rng.For] {
			switch {
			case !c.unknown:
			case fn == nil || a.mod.PackageOf(fn.Pkg()) != nil:
				for _, e := range a.sources(c) {
					a.opaque(e, report(c, e.callee))
				}
			case fn.Pkg() != nil && !isLibrary(fn.Pkg()) && a.twins.of(fn) == nil:
				a.opaqueAt(fn, call, report(c, fn))
			}
		}
	}
}

// calledDirectly returns the function that a call names, or nil; call may be nil.
func (a *analysis) calledDirectly(info *types.Info, call *ast.CallExpr) *types.Func {
	if call == nil {
		return nil
	}
	fn, _ := typeutil.Callee(info, call).(*types.Func)
	if fn == nil {
		return nil
	}
	return fn.Origin()
}

// checkReturned finds calls, with what may suspend, of func values that functions return
// which are not compiled.
func (a *analysis) checkReturned(c *call) {
	var found []end
	for _, arg := range c.common.Args {
		p := a.flow.value(arg)
		if p == nil || !isFunc(arg.Type()) || rangeBody(arg) != nil {
			continue
		}
		why, direct := a.durableOf(a.flow.in(p))
		if why == nil {
			continue
		}
		if found == nil {
			found = a.sources(c)
		}
		for _, e := range found {
			a.opaque(e, callback(typecheck.Diagnostic{
				Pos:     a.position(c),
				Message: fmt.Sprintf("what %s returns is not compiled by coroc and may call %s, which may suspend", describe(e.callee), why.Caller),
				Related: why.Chain(),
				Fix:     "write the loop out, or copy the function into the module, so that it is compiled too",
			}, direct && len(c.order) == 0))
		}
	}
}
