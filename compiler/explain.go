package compiler

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// An Explanation says what coroc knows about the functions that may suspend. As JSON
// it is what coroc explain -json prints: docs/explain.md describes the fields.
// Fields are added in later versions, but none goes and none changes its meaning as
// long as Version is the same.
type Explanation struct {
	Version   int                `json:"version"`
	Module    string             `json:"module"`
	Directory string             `json:"directory"` // of the module, absolute; the names of files are relative to it
	GOARCH    string             `json:"goarch"`
	Functions []ExplainedFunc    `json:"functions"`
	Problems  []ExplainedProblem `json:"diagnostics"`
}

// ExplanationVersion is the Version of the explanations made here.
const ExplanationVersion = 1

// A Place is a place in a source.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// An ExplainedFunc is a function that may suspend.
type ExplainedFunc struct {
	Name    string `json:"name"`    // pkg.f, pkg.(*T).M, pkg.f.func1
	Package string `json:"package"` // import path
	Kind    string `json:"kind"`    // "function", "method", "literal", "range body"
	State   string `json:"state"`   // its name in saved states; empty if it was not compiled
	Place
	Coroutine   bool                  `json:"coroutine"` // a coroutine of the module may run it
	Why         []ExplainedCall       `json:"why"`
	Frame       *int64                `json:"frame"` // bytes; null if that depends on type arguments, or it was not compiled
	Suspensions []ExplainedSuspension `json:"suspensions"`
}

// An ExplainedCall is a link of the chain of calls to a suspension point.
type ExplainedCall struct {
	Place
	Caller string `json:"caller"`
	Callee string `json:"callee"`
}

// An ExplainedSuspension is a place where a function may be suspended.
type ExplainedSuspension struct {
	Number int `json:"number"` // in saved states
	Place
	Callee string           `json:"callee"`
	Call   string           `json:"call"`  // "static", "interface", "func value", "deferred"
	Bytes  *int64           `json:"bytes"` // of the variables that are saved; null if that depends on type arguments
	Values []ExplainedValue `json:"values"`

	Awaits bool               `json:"awaits,omitempty"` // the function awaits calls of dispatch, there or elsewhere
	Effect []ExplainedRelated `json:"effect,omitempty"` // the calls to the first effect behind it, up to the function's end
}

// An ExplainedValue is a value that is kept while a function is suspended.
type ExplainedValue struct {
	Name   string `json:"name"` // of the variable, or the expression
	Role   string `json:"role"` // "variable", "temporary", "callee", "result", "deferred", "captured"
	Type   string `json:"type"`
	Saved  string `json:"saved"`            // "yes", "depends", "if idle", "if zero", "if named", "if nil", "by name", "no"
	Path   string `json:"path,omitempty"`   // the part that decides
	Reason string `json:"reason,omitempty"` // why it is not "yes"
	Decl   *Place `json:"declared,omitempty"`
	Use    *Place `json:"used,omitempty"`
}

// An ExplainedProblem is a diagnostic.
type ExplainedProblem struct {
	Place
	Severity string             `json:"severity"` // "error" or "warning"
	Message  string             `json:"message"`
	Related  []ExplainedRelated `json:"related,omitempty"`
	Fix      string             `json:"fix,omitempty"`
}

// An ExplainedRelated is a further place of a diagnostic.
type ExplainedRelated struct {
	Place
	Message string `json:"message"`
}

// Explain describes the functions that may suspend in the packages that were named
// and whose names contain name, sorted by their places.
func (r *Result) Explain(name string) *Explanation {
	x := &explainer{r: r, e: &Explanation{
		Version:   ExplanationVersion,
		Module:    r.Module.Path,
		Directory: r.Module.Dir,
		GOARCH:    r.Module.GOARCH,
		Functions: []ExplainedFunc{},
		Problems:  []ExplainedProblem{},
	}}
	for _, d := range r.Diagnostics {
		x.problem(d)
	}
	if r.Facts == nil {
		return x.e
	}
	x.reasons()
	done := map[token.Pos]bool{}
	for _, f := range r.Functions {
		done[namePos(f.Node)] = true
		if why := x.why[namePos(f.Node)]; why != nil {
			x.names[why] = shortName(f)
		}
	}
	for _, f := range r.Functions {
		x.function(f)
	}
	for pos, why := range x.why {
		if !done[pos] {
			x.refused(pos, why)
		}
	}
	named := x.named()
	x.e.Functions = slices.DeleteFunc(x.e.Functions, func(f ExplainedFunc) bool {
		return !named[f.File] || !strings.Contains(f.Name, name)
	})
	slices.SortFunc(x.e.Functions, func(a, b ExplainedFunc) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Name, b.Name))
	})
	return x.e
}

type explainer struct {
	r    *Result
	e    *Explanation
	why  map[token.Pos]*colour.Reason // by namePos
	node map[token.Pos]ast.Node       // of literals and range bodies

	names map[*colour.Reason]string // of functions, by why they may suspend
}

// shortName returns the name of a function with that of its package.
func shortName(f *codegen.Function) string {
	return f.Pkg.Name() + strings.TrimPrefix(f.Name, f.Pkg.Path())
}

// namePos returns the position by which a function is known.
func namePos(n ast.Node) token.Pos {
	if fd, ok := n.(*ast.FuncDecl); ok {
		return fd.Name.Pos()
	}
	return n.Pos()
}

func (x *explainer) reasons() {
	x.names = map[*colour.Reason]string{}
	x.why, x.node = map[token.Pos]*colour.Reason{}, map[token.Pos]ast.Node{}
	for fn, why := range x.r.Facts.Funcs {
		x.why[fn.Pos()] = why
	}
	for lit, why := range x.r.Facts.Lits {
		x.why[lit.Pos()], x.node[lit.Pos()] = why, lit
	}
	for s, why := range x.r.Facts.Bodies {
		x.why[s.Pos()], x.node[s.Pos()] = why, s
	}
}

// named returns the files of the packages that were named.
func (x *explainer) named() map[string]bool {
	named := map[string]bool{}
	for _, p := range x.r.Module.Packages {
		if p.Named {
			for _, f := range p.Files {
				named[x.file(f.Name)] = true
			}
		}
	}
	return named
}

func (x *explainer) file(name string) string {
	if rel, err := filepath.Rel(x.e.Directory, name); err == nil && filepath.IsLocal(rel) {
		name = rel
	}
	return filepath.ToSlash(name)
}

func (x *explainer) position(p token.Position) Place {
	if p.Filename == "" {
		return Place{}
	}
	return Place{x.file(p.Filename), p.Line, p.Column}
}

func (x *explainer) place(p token.Pos) Place { return x.position(x.r.Module.Position(p)) }

func (x *explainer) optional(p token.Pos) *Place {
	if !p.IsValid() {
		return nil
	}
	at := x.place(p)
	return &at
}

func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Recv != nil {
			return "method"
		}
		return "function"
	case *ast.RangeStmt:
		return "range body"
	}
	return "literal"
}

func (x *explainer) chain(why *colour.Reason) []ExplainedCall {
	calls := []ExplainedCall{}
	for ; why != nil; why = why.Next {
		caller := why.Caller
		if name, ok := x.names[why]; ok {
			caller = name
		}
		calls = append(calls, ExplainedCall{x.position(why.Pos), caller, x.callee(why)})
	}
	return calls
}

func (x *explainer) callee(why *colour.Reason) string {
	if name, ok := x.names[why.Next]; ok && why.Next != nil {
		return name
	}
	return why.Callee
}

func (x *explainer) function(f *codegen.Function) {
	e := ExplainedFunc{
		Name:        shortName(f),
		Package:     f.Pkg.Path(),
		Kind:        kindOf(f.Node),
		State:       f.Name,
		Place:       x.place(f.Node.Pos()),
		Coroutine:   x.r.Facts.Entered[f.Node],
		Why:         x.chain(x.why[namePos(f.Node)]),
		Frame:       known(f.Size),
		Suspensions: []ExplainedSuspension{},
	}
	for _, s := range f.Suspensions {
		e.Suspensions = append(e.Suspensions, x.suspension(f, s))
	}
	x.e.Functions = append(x.e.Functions, e)
}

// known returns a size, or nil if it depends on type arguments.
func known(size int64) *int64 {
	if size < 0 {
		return nil
	}
	return &size
}

// refused describes a function that may suspend and was not compiled.
func (x *explainer) refused(pos token.Pos, why *colour.Reason) {
	e := ExplainedFunc{
		Name:        why.Caller,
		Kind:        kindOf(x.node[pos]),
		Place:       x.place(pos),
		Coroutine:   x.r.Facts.Entered[x.node[pos]],
		Why:         x.chain(why),
		Suspensions: []ExplainedSuspension{},
	}
	for fn, w := range x.r.Facts.Funcs {
		if w == why && fn.Pos() == pos {
			e.Package, e.Kind = fn.Pkg().Path(), "function"
			if fn.Signature().Recv() != nil {
				e.Kind = "method"
			}
			for n := range x.r.Facts.Entered {
				if namePos(n) == pos {
					e.Coroutine = true
				}
			}
		}
	}
	x.e.Functions = append(x.e.Functions, e)
}

func (x *explainer) suspension(f *codegen.Function, s *codegen.Suspension) ExplainedSuspension {
	e := ExplainedSuspension{
		Number: s.Number,
		Place:  x.place(s.Pos),
		Callee: "a deferred call",
		Call:   "deferred",
		Bytes:  known(s.Size),
		Values: []ExplainedValue{},
	}
	if s.Site != nil {
		e.Callee, e.Call = x.callee(s.Site.Why), s.Site.Kind.String()
		e.Awaits = s.Site.Awaits
		e.Effect = x.related(s.Site.Effect.Chain())
	}
	for _, k := range s.Kept {
		e.Values = append(e.Values, x.value(f, k))
	}
	return e
}

func (x *explainer) value(f *codegen.Function, k *codegen.Kept) ExplainedValue {
	facts := x.r.Module.Savability(k.Type)
	v := ExplainedValue{
		Name:   k.Name,
		Role:   k.Role.String(),
		Type:   types.TypeString(k.Type, relativeTo(f.Pkg)),
		Saved:  [...]string{"yes", "depends", "if idle", "if zero", "if named", "if nil"}[facts.Saving],
		Path:   facts.Path,
		Reason: facts.Why,
		Decl:   x.optional(k.Decl),
		Use:    x.optional(k.Use),
	}
	switch {
	case facts.Saving == typecheck.Always:
	case k.Bound:
		v.Saved, v.Path, v.Reason = "by name", "", "what an entry function captures belongs to the process"
	case k.From == codegen.Zero:
		v.Saved, v.Path, v.Reason = "yes", "", ""
	case k.From == codegen.Made && facts.Path == "":
		v.Saved = "no"
		if facts.Saving == typecheck.Depends {
			v.Reason = "it holds what only this process has"
		}
	}
	return v
}

func (x *explainer) problem(d typecheck.Diagnostic) {
	p := ExplainedProblem{Place: x.position(d.Pos), Severity: "error", Message: d.Message, Fix: d.Fix}
	if d.Warning {
		p.Severity = "warning"
	}
	p.Related = x.related(d.Related)
	x.e.Problems = append(x.e.Problems, p)
}

func (x *explainer) related(list []typecheck.Related) (all []ExplainedRelated) {
	for _, r := range list {
		all = append(all, ExplainedRelated{x.position(r.Pos), r.Message})
	}
	return all
}
