package compiler

import (
	"go/ast"
	"path"
	"strconv"
)

// keptArguments are the arguments that functions of the standard library keep where no
// variable leads to, by the function of package stress that notes them. The memory that
// they lead to must not be copied.
var keptArguments = map[string][]string{
	"time.AfterFunc":       {1: "Callback"},
	"context.AfterFunc":    {1: "Callback"},
	"runtime.SetFinalizer": {"Keep", "Keep"},
	"runtime.AddCleanup":   {"Keep", "Keep"},
	"log/slog.SetDefault":  {"Keep"},
	"expvar.Publish":       {1: "Keep"},
}

// keeps calls wrap for the arguments of a call that are to be noted. Names are those of
// imports: who declares a variable of that name, with a method of such a name, has its
// argument noted in vain.
func keeps(f *ast.File, call *ast.CallExpr, wrap func(arg ast.Expr, by string)) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || call.Ellipsis.IsValid() {
		return
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return
	}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil || i.Name == nil && path.Base(p) != x.Name || i.Name != nil && i.Name.Name != x.Name {
			continue
		}
		for k, by := range keptArguments[p+"."+sel.Sel.Name] {
			if by == "" || k >= len(call.Args) {
				continue
			}
			if id, ok := call.Args[k].(*ast.Ident); !ok || id.Name != "nil" {
				wrap(call.Args[k], by)
			}
		}
	}
}
