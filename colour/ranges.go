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
		call, ok := ast.Unparen(s.rng.X).(*ast.CallExpr)
		if body == nil || !body.hard || !ok {
			continue
		}
		info := body.pkg.Info
		fn, ok := typeutil.Callee(info, call).(*types.Func)
		if !ok || fn.Pkg() == nil || a.mod.PackageOf(fn.Pkg()) != nil || isLibrary(fn.Pkg()) ||
			DirectRange(info, s.rng) != nil || a.twins.of(fn) != nil {
			continue
		}
		fn = fn.Origin()
		for _, c := range a.flow.ranges[s.rng.For] {
			if !c.unknown {
				continue
			}
			// It may give out what the program has handed to it.
			sure := len(c.order) == 0
			a.opaqueAt(fn, call, callback(typecheck.Diagnostic{
				Pos:     a.mod.Position(s.rng.For),
				Message: fmt.Sprintf("the iterator that %s returns is not compiled by coroc and may call %s, which may suspend", describe(fn), body.name),
				Related: body.why.Chain(),
				Fix:     "collect the values first and range over them, or copy the function into the module, so that it is compiled too",
			}, body.direct && sure))
		}
	}
}
