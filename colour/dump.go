package colour

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// Dump prints the facts, a line each, in the order of the source.
func (f *Facts) Dump(mod *typecheck.Module) string {
	type line struct {
		pos  token.Position
		text string
	}
	var lines []line
	add := func(p token.Pos, format string, args ...any) {
		lines = append(lines, line{mod.Position(p), fmt.Sprintf(format, args...)})
	}
	for fn, why := range f.Funcs {
		add(fn.Pos(), "func %s calls %s", describe(fn), why.Callee)
	}
	for lit, why := range f.Lits {
		add(lit.Pos(), "literal calls %s", why.Callee)
	}
	site := func(p token.Pos, what string, s *Site) {
		add(p, "%s, %s, of %s", what, s.Kind, s.Why.Callee)
	}
	for c, s := range f.Sites {
		site(c.Pos(), "call", s)
	}
	for g, s := range f.Gos {
		site(g.Pos(), "go", s)
	}
	for r, s := range f.Ranges {
		site(r.Pos(), "range", s)
	}
	for r, why := range f.Bodies {
		add(r.Body.Pos(), "body calls %s", why.Callee)
	}
	for e := range f.Records {
		if _, ok := e.(*ast.FuncLit); ok {
			add(e.Pos(), "record of a literal")
		} else {
			add(e.Pos(), "record of %s", types.ExprString(e))
		}
	}
	mask := func(p token.Pos, name string, m *Mask) {
		path := ""
		for _, v := range m.Path {
			path += "." + v.Name()
		}
		add(p, "mask %s.%s%s, %s", name, TwinPrefix, m.Method.Name(), strings.TrimSpace(m.Kind.String()+" "+path))
	}
	for _, ms := range f.Masks {
		for _, m := range ms {
			mask(m.Type.Obj().Pos(), m.Type.Obj().Name(), m)
		}
	}
	for st, ms := range f.Unnamed {
		for _, m := range ms {
			mask(st.Pos(), "struct", m)
		}
	}
	for _, o := range f.Opaque {
		for _, e := range o.Values {
			add(e.Pos(), "value of %s that is in the way", describe(o.Callee))
		}
	}
	for _, o := range f.Kept {
		if o.Call != nil {
			add(o.Call.Pos(), "may be kept, what %s makes", describe(o.Callee))
		}
		for _, e := range o.Values {
			add(e.Pos(), "value of %s, and what that makes may be kept", describe(o.Callee))
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(
			cmp.Compare(a.pos.Filename, b.pos.Filename),
			cmp.Compare(a.pos.Line, b.pos.Line),
			cmp.Compare(a.pos.Column, b.pos.Column),
			cmp.Compare(a.text, b.text))
	})
	lines = slices.Compact(lines)
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s: %s\n", l.pos, l.text)
	}
	return b.String()
}

// DumpEffects prints the first effect behind each call that may suspend, a line each, in the order of the source.
func (f *Facts) DumpEffects(mod *typecheck.Module) string {
	sites, at := map[token.Pos]*Site{}, map[token.Pos]token.Pos{}
	for c, s := range f.Sites {
		sites[c.Lparen], at[c.Lparen] = s, c.Pos()
	}
	for r, s := range f.Ranges {
		sites[r.For], at[r.For] = s, r.For
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(sites)) {
		line := fmt.Sprintf("%s: no effect", mod.Position(at[key]))
		if e := sites[key].Effect; e != nil {
			line = fmt.Sprintf("%s: effect", mod.Position(at[key]))
			for ; e != nil; e = e.Next {
				line += fmt.Sprintf("; %s at %d:%d", e.What, e.Pos.Line, e.Pos.Column)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}
