package typecheck

import (
	"go/types"
	"slices"
	"strings"
)

// Makes reports whether a call of fn gives, as its n-th result from 0, a value that was
// made by this call and that only the process can hold: an open file, a connection, a
// closure. No binding and no package-level variable can be that value.
func (m *Module) Makes(fn *types.Func, n int) bool {
	if m.MakesFunc(fn, n) {
		return true
	}
	if n != 0 || fn.Pkg() == nil || !m.isStandard(fn.Pkg().Path()) || fn.Signature().Results().Len() == 0 {
		return false
	}
	prefixes := constructors
	if fn.Signature().Recv() != nil {
		prefixes = methodConstructors
	}
	if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(fn.Name(), p) }) {
		return false
	}
	t := fn.Signature().Results().At(0).Type()
	return m.Savability(t).Saving == NamedIf || isConnection(t)
}

// MakesFunc reports whether the n-th result of fn is a closure of the standard library: all
// functions of it that return func values make them. A context's cancel function is saved
// with its context.
func (m *Module) MakesFunc(fn *types.Func, n int) bool {
	if fn.Pkg() == nil || !m.isStandard(fn.Pkg().Path()) || fn.Signature().Results().Len() <= n || IsCancel(fn) {
		return false
	}
	_, ok := fn.Signature().Results().At(n).Type().Underlying().(*types.Signature)
	return ok
}

// IsCancel reports whether fn makes a context and the function that cancels it.
func IsCancel(fn *types.Func) bool {
	return fn.Pkg() != nil && fn.Pkg().Path() == "context" && strings.HasPrefix(fn.Name(), "With")
}

// How the standard library calls what makes something. Names such as Default, With
// and Lookup are not among these: what they give may have been there before.
var (
	constructors       = []string{"Command", "Compile", "Create", "Dial", "File", "Listen", "MustCompile", "New", "Open", "Pipe", "Start"}
	methodConstructors = []string{"Accept", "Begin", "Conn", "Create", "Dial", "File", "Listen", "NextPart", "NextRawPart", "Open", "Prepare", "Query", "Stmt"}
)

// isConnection reports whether t is an interface of package net whose values, as
// that package makes them, are connections or listeners of the operating system.
func isConnection(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "net" && slices.Contains([]string{"Conn", "PacketConn", "Listener"}, n.Obj().Name())
}
