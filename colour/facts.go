package colour

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A Kind says how a call finds its callee.
type Kind int

// The kinds of calls that may suspend.
const (
	Static    Kind = iota // a declared function, or a method of a concrete type
	Interface             // a method of an interface, or of a type parameter's constraint
	FuncValue             // a value of function type; also a literal called at once
)

func (k Kind) String() string {
	return [...]string{"static", "interface", "func value"}[k]
}

// A Site is a call that may suspend.
type Site struct {
	Kind   Kind
	Callee *types.Func // the static callee (origin of a generic one) or the interface's method; nil for a func value
	Twin   *types.Func // the hand-written or committed twin of a static callee that is not compiled here; else nil
	Why    *Reason
	Saved  bool // the call always suspends, and the coroutine is saved then

	// Awaits says that the function may await a call of dispatch, there or elsewhere. Only then it is
	// found out whether there are effects.
	Awaits bool
	// Effect is the first effect of what runs behind the call, up to the end of the function; nil if
	// it has none.
	Effect *Effect
}

// A Reason is one link of the chain of calls from a durable function down to a
// suspension point.
type Reason struct {
	Caller string         // the function that is durable because of this call
	Callee string         // what it calls
	Pos    token.Position // where
	Next   *Reason        // why the callee may suspend; nil if it is a suspension point
}

// A MaskKind says what the body of a masking twin does.
type MaskKind int

// The kinds of masks.
const (
	Plain   MaskKind = iota // call the plain method: it can't suspend
	Forward                 // the method comes from an embedded interface: call it as an interface call that may suspend
	Promote                 // the method comes from an embedded concrete type, but its twin would resolve elsewhere: call the twin through the path
)

func (k MaskKind) String() string {
	return [...]string{"plain", "forward", "promote"}[k]
}

// A Mask is a twin that has to be generated on a type because without it the
// method's name and the twin's name would resolve to different declarations.
type Mask struct {
	Type   *types.Named // the type that gets the twin (origin of a generic one); nil for one without a name
	Method *types.Func  // the method that its plain name resolves to, for a value of that type or its address
	Kind   MaskKind
	Path   []*types.Var // the embedded fields from Type to the value whose method set has Method; empty if Type declares it
}

// Facts says what of a module may suspend.
type Facts struct {
	Funcs   map[*types.Func]*Reason     // durable declared functions and methods (origin of generics), of all test variants
	Lits    map[*ast.FuncLit]*Reason    // durable func literals
	Sites   map[*ast.CallExpr]*Site     // calls that may suspend, also those of defer statements; not those of go statements
	Gos     map[*ast.GoStmt]*Site       // go statements whose call may suspend
	Ranges  map[*ast.RangeStmt]*Site    // ranges over functions that may suspend, in the iterator or in the body
	Bodies  map[*ast.RangeStmt]*Reason  // bodies of ranges over functions that may suspend
	Entries map[*ast.FuncLit]bool       // literals that our own library is given: what they capture belongs to the process
	Entered map[ast.Node]bool           // functions, literals and range bodies that may suspend and may run in a coroutine
	Boxed   map[string]bool             // named types of which a value may be in an interface, see MayBeBoxed
	Records map[ast.Expr]bool           // func-valued expressions that must become records
	Masks   map[*types.Package][]*Mask  // twins that only keep names together, by the package that declares the type
	Unnamed map[*ast.StructType][]*Mask // types without a name that would need masks
	Renamed map[string]bool             // the methods of these masks, by their Id: interface calls of them ask runtime.Named first
	Opaque  []Opaque                    // calls of code that is not compiled and that a suspension would have to pass through
	Kept    []Opaque                    // calls of such code that make func values which a coroutine may have when it is saved; they have no diagnostic
}

// Durable reports whether fn, or what it is an instance of, may suspend.
func (f *Facts) Durable(fn *types.Func) bool {
	return fn != nil && f.Funcs[fn.Origin()] != nil
}
