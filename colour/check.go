package colour

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ast/astutil"
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
			msg += ", which " + Does(r.Callee)
		}
		out = append(out, typecheck.Related{Pos: r.Pos, Message: msg})
	}
	return out
}

// Does says what the last function of a chain does that makes the others durable.
func Does(point string) string {
	if point == goexit {
		return "ends the coroutine"
	}
	return "suspends"
}

func (a *analysis) check() {
	a.checkGo()
	a.checkCallbacks()
	a.checkRanges()
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

// checkFields reports durable functions that are put into a struct that is
// declared by code that is not compiled: that code calls them.
func (a *analysis) checkFields() {
	for _, st := range a.flow.stores {
		p := a.flow.value(st.instr.Val)
		if p == nil || isLibrary(st.field.Pkg()) || a.mod.PackageOf(st.field.Pkg()) != nil {
			continue
		}
		if why, direct := a.durableOf(a.flow.in(p)); why != nil {
			a.noteOpaque(Opaque{Package: st.field.Pkg(), Diagnostic: callback(typecheck.Diagnostic{
				Pos:     a.storePosition(st.instr.Pos()),
				Message: fmt.Sprintf("%s may suspend, but it is stored in the field %s of a struct of package %s, which is not compiled and calls it", why.Caller, st.field.Name(), st.field.Pkg().Path()),
				Related: why.Chain(),
				Fix:     "run what suspends in a coroutine of its own, started there",
			}, direct)})
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

// storePosition returns where the assignment or the field of a literal begins that a
// store is: SSA has its operator.
func (a *analysis) storePosition(p token.Pos) token.Position {
	for _, pkg := range a.mod.Packages {
		for _, f := range pkg.Files {
			if f.Syntax.FileStart > p || p >= f.Syntax.FileEnd {
				continue
			}
			path, _ := astutil.PathEnclosingInterval(f.Syntax, p, p)
			for _, n := range path {
				switch n.(type) {
				case *ast.KeyValueExpr, *ast.AssignStmt:
					return a.mod.Position(n.Pos())
				}
			}
		}
	}
	return a.mod.Position(p)
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
