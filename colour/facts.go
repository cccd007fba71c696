package colour

import (
	"go/ast"
	"go/types"
)

// A Kind says how the callee of a call is found.
type Kind int

// The kinds of calls.
const (
	Static    Kind = iota // a declared function or a method of a concrete type
	Interface             // a method of an interface
	FuncValue             // a func value
)

// A Site is a call that may suspend.
type Site struct {
	Kind   Kind
	Callee *types.Func // the function, or the method of the interface; nil for a func value
	Why    *Reason
}

// A Reason says why a function or a call may suspend: the chain of calls
// down to a suspension point.
type Reason struct {
	Call ast.Node // the call, in the function that has this reason
	Next *Reason  // why the callee may suspend; nil at a suspension point
}

// Facts is what is known about the colour of a module: which functions are
// durable, which calls may suspend and which func values have to be saved.
type Facts struct {
	// Funcs holds the durable declared functions and methods; of generic
	// ones, the origin.
	Funcs map[*types.Func]*Reason
	// Lits holds the durable func literals.
	Lits map[*ast.FuncLit]*Reason
	// Sites holds the calls that may suspend, those of defer statements too.
	Sites map[*ast.CallExpr]*Site
	// Records holds the func-valued expressions that become records:
	// literals, and names of functions, method values and method expressions
	// that are used as values.
	Records map[ast.Expr]bool
}
