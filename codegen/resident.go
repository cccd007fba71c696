package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// residentSites is the number of sites at which a variable may be live before it is
// resident.
const residentSites = 64

// In a twin with many sites, storing and restoring each live variable at each of them
// would grow with the product of both, and so would what gc does to join the values
// that come to the label of each site by two ways. So variables that are live at many
// sites are resident: fields of a frame that the twin has as a local variable from the
// start, and that a site stores as it is, by one piece of code for all. What is dead at
// a site is left in its field, but is not saved: it is not in the site's list.

// chooseResident chooses the variables that are live at many sites.
func (t *twinGen) chooseResident(body *ast.BlockStmt) {
	if t.sites <= residentSites {
		return
	}
	sites := make([]int, len(t.vars))
	for _, it := range t.items {
		if it.kind == siteItem {
			t.siteLive(it).each(func(i int) { sites[i]++ })
		}
	}
	// The guard reads results behind a panic, and a literal that Go makes would take the
	// address of the whole frame.
	apart := t.nativeCaptures(body)
	for v := range t.result {
		apart[v] = true
	}
	for _, v := range t.boxes {
		apart[v] = true
	}
	for i, v := range t.vars {
		if sites[i] > residentSites && !apart[v] {
			if t.resident == nil {
				t.resident = map[*types.Var]bool{}
				t.suspend = t.local("suspend")
			}
			t.resident[v] = true
		}
	}
}

// nativeCaptures returns the variables that literals use that are no records.
func (t *twinGen) nativeCaptures(body *ast.BlockStmt) map[*types.Var]bool {
	captured := map[*types.Var]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			return true
		}
		if !t.isRecord(lit) {
			for _, v := range t.desugared.Captures[lit] {
				captured[v] = true
			}
		}
		return false
	})
	return captured
}

// residentParams prints how resident parameters get to the frame.
func (t *twinGen) residentParams(b *bodyGen) {
	for _, v := range t.vars {
		if t.param[v] && t.resident[v] {
			b.putf("%s = %s\n", t.varName(v), t.localName(v))
		}
	}
}

// suspendAt prints what a site of a twin with resident variables does if its call has
// suspended: it stores the other variables.
func (t *twinGen) suspendAt(b *bodyGen, it *item) {
	to, from := []string{t.fr + ".Site"}, []string{fmt.Sprint(it.site)}
	fields, vars := t.saved(it)
	for i, field := range fields {
		if field = t.fr + "." + field; field != vars[i] {
			to, from = append(to, field), append(from, vars[i])
		}
	}
	b.putf("%s = %s\ngoto %s\n", strings.Join(to, ", "), strings.Join(from, ", "), t.suspend)
}
