package colour

import (
	"go/ast"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// This file finds the func values that code which is known by its export data only makes
// (iterators, what sync.OnceFunc returns) and that a coroutine may have when it is saved: in a
// variable that is live across a suspension, or in what such a variable leads to. They are
// closures of that code, and can be saved only if it is compiled too.

// keep notes the calls that make such values.
func (a *analysis) keep() {
	f := a.flow
	var kept *kept
	for _, c := range f.calls {
		if c.value == nil || !c.common.Pos().IsValid() {
			continue
		}
		for i, from := range f.returned(c.value) {
			if from == nil || !isFunc(from.typ) {
				continue
			}
			for _, fn := range c.order {
				for _, e := range a.ends(c, fn) {
					if !isFunc(e.callee.Signature().Results().At(i).Type()) || typecheck.IsCancel(e.callee) {
						continue
					}
					if kept == nil {
						kept = a.findKept()
					}
					if kept.reachedFrom(from, a.mod.MakesFunc(e.callee, i)) {
						o := Opaque{Package: e.callee.Pkg(), Callee: e.callee}
						a.locate(&o, e)
						a.facts.Kept = append(a.facts.Kept, o)
					}
				}
			}
		}
	}
}

// kept has the places whose contents are part of states.
type kept struct {
	f      *flow
	places map[*place]bool
	types  typeutil.Map
}

// findKept finds them for all functions that may suspend.
func (a *analysis) findKept() *kept {
	k := &kept{f: a.flow, places: map[*place]bool{}}
	for _, fn := range a.flow.funcs {
		n := a.nodes[syntaxKey(fn.Syntax())]
		if n == nil || n.why == nil || !n.enters {
			continue
		}
		if lit, ok := n.syntax.(*ast.FuncLit); !ok || !a.facts.Entries[lit] {
			for _, v := range fn.FreeVars { // the record is saved as a whole
				k.value(v)
			}
		}
		a.keptBy(fn, k.value)
	}
	return k
}

// reachedFrom reports whether what opaque code makes and puts into a place gets to one of
// those that are kept, or to opaque code that may give it out again, if that counts: there
// is no end to what other modules make for each other.
func (k *kept) reachedFrom(from *place, outside bool) bool {
	made := k.f.itemsOf(func(i item) bool { return i == item{} })
	seen := map[*place]bool{from: true, k.f.lent: true, k.f.outside: !outside}
	todo := []*place{from}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if k.places[p] || p == k.f.outside && outside {
			return true
		}
		for _, q := range p.nexts {
			if !seen[q] && q.has.meets(made) {
				seen[q] = true
				todo = append(todo, q)
			}
		}
	}
	return false
}

// value adds what is saved with a value.
func (k *kept) value(v ssa.Value) {
	switch v.(type) {
	case nil, *ssa.Const, *ssa.Function, *ssa.Builtin, *ssa.Global:
		return
	}
	k.place(k.f.values[v])
	k.typ(v.Type())
}

func (k *kept) place(p *place) {
	if p == nil || k.places[p] {
		return
	}
	k.places[p] = true
	for _, i := range k.f.in(p) {
		if i.fn != nil {
			for _, v := range i.fn.FreeVars {
				k.value(v)
			}
		}
		if i.typ != nil {
			k.element('*', i.typ)
			k.typ(i.typ)
		}
	}
}

func (k *kept) element(kind byte, t types.Type) {
	k.place(k.f.elems[elemKey{kind, k.f.intern(t)}])
}

// typ adds what values of a type may have or lead to: places in memory go by type.
func (k *kept) typ(t types.Type) {
	if k.types.At(t) != nil {
		return
	}
	k.types.Set(t, true)
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		k.typ(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			k.place(k.f.fields[fieldKey{k.f.intern(u), i}])
			k.typ(u.Field(i).Type())
		}
	case *types.Slice:
		k.element('s', u.Elem())
		k.typ(u.Elem())
	case *types.Array:
		k.element('s', u.Elem())
		k.typ(u.Elem())
	case *types.Chan:
		k.element('c', u.Elem())
		k.typ(u.Elem())
	case *types.Map:
		k.element('k', u.Key())
		k.element('m', u.Elem())
		k.typ(u.Key())
		k.typ(u.Elem())
	case *types.Tuple:
		for v := range u.Variables() {
			k.typ(v.Type())
		}
	}
}

// keptBy calls keep with the values that the frames of a function have.
func (a *analysis) keptBy(fn *ssa.Function, keep func(ssa.Value)) {
	suspends := false
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			if s, ok := instr.(ssa.CallInstruction); ok && a.suspends(s) {
				suspends = true
				// What is called is found by its value again.
				if _, ok := instr.(*ssa.Call); ok && !isRange(s) {
					keep(s.Common().Value)
				}
			}
		}
	}
	if !suspends {
		return
	}
	live := liveness(fn)
	for i, b := range fn.Blocks {
		after := live[i]
		for j := len(b.Instrs) - 1; j >= 0; j-- {
			instr := b.Instrs[j]
			s, isCall := instr.(ssa.CallInstruction)
			_, exits := instr.(*ssa.RunDefers)
			if exits || isCall && a.suspends(s) {
				for v := range after {
					keep(v)
				}
			}
			if d, ok := instr.(*ssa.Defer); ok {
				for _, op := range d.Operands(nil) {
					keep(*op)
				}
			}
			step(after, instr)
		}
	}
	if fn.Recover != nil { // named results, which deferred calls may see
		for _, instr := range fn.Recover.Instrs {
			for _, op := range instr.Operands(nil) {
				keep(*op)
			}
		}
	}
}

// suspends reports whether a call may suspend.
func (a *analysis) suspends(s ssa.CallInstruction) bool {
	if _, ok := s.(*ssa.Go); ok {
		return false
	}
	for _, arg := range s.Common().Args {
		if rng := rangeBody(arg); rng != nil {
			return a.facts.Ranges[rng] != nil
		}
	}
	site := a.sites[s.Common().Pos()]
	return site != nil && site.call != nil && a.facts.Sites[site.call] != nil
}

func isRange(s ssa.CallInstruction) bool {
	for _, arg := range s.Common().Args {
		if rangeBody(arg) != nil {
			return true
		}
	}
	return false
}

// liveness returns the values that are live at the end of each block.
func liveness(fn *ssa.Function) []map[ssa.Value]bool {
	out := make([]map[ssa.Value]bool, len(fn.Blocks))
	for i := range out {
		out[i] = map[ssa.Value]bool{}
	}
	todo := append([]*ssa.BasicBlock(nil), fn.Blocks...)
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		in := make(map[ssa.Value]bool, len(out[b.Index]))
		for v := range out[b.Index] {
			in[v] = true
		}
		for i := len(b.Instrs) - 1; i >= 0; i-- {
			step(in, b.Instrs[i])
		}
		for i, p := range b.Preds {
			before := len(out[p.Index])
			for v := range in {
				out[p.Index][v] = true
			}
			for _, instr := range b.Instrs {
				phi, ok := instr.(*ssa.Phi)
				if !ok {
					break
				}
				out[p.Index][phi.Edges[i]] = true
			}
			if len(out[p.Index]) > before {
				todo = append(todo, p)
			}
		}
	}
	return out
}

// step goes back over an instruction. What a phi takes is live at the ends of the blocks
// before it only.
func step(live map[ssa.Value]bool, instr ssa.Instruction) {
	if v, ok := instr.(ssa.Value); ok {
		delete(live, v)
	}
	if _, ok := instr.(*ssa.Phi); ok {
		return
	}
	for _, op := range instr.Operands(nil) {
		if *op != nil {
			live[*op] = true
		}
	}
}
