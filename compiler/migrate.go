package compiler

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/typecheck"
)

// checkMigrations checks the declarations that older versions may move to, and says which places
// of these do not move.
func (r *Result) checkMigrations() {
	suspends := map[string]bool{}
	for _, v := range r.Versions {
		suspends[v.State] = true
	}
	for _, p := range r.Module.Packages {
		if p.Library || p.Test || p.NoBody || !p.Named || p.Adopted != nil {
			continue
		}
		for _, o := range codegen.OptIns(p) {
			r.checkOptIn(p, o, suspends)
		}
	}
	done := map[frozenSite]bool{}
	for _, p := range r.Module.Packages {
		for _, v := range p.Earlier {
			for _, state := range slices.Sorted(maps.Keys(v.Sites)) {
				for _, key := range v.Sites[state] {
					if k := (frozenSite{state, v.Literals[state], key}); !done[k] {
						done[k] = true
						r.explainMove(p, v, k)
					}
				}
			}
		}
	}
}

type frozenSite struct {
	state       string
	fingerprint uint64
	key         int
}

func (r *Result) checkOptIn(p *typecheck.Package, o *codegen.OptIn, suspends map[string]bool) {
	pos := r.Module.Position(o.Pos)
	found := suspends[o.State]
	for s := range suspends {
		found = found || o.Has(s)
	}
	if !found {
		r.add([]typecheck.Diagnostic{{
			Pos: pos, Warning: true,
			Message: "//coroc:migrate has no effect here: it is not above a function that can be suspended, or a variable with one",
			Fix:     "remove it",
		}})
	}
	if o.Hook == "" {
		return
	}
	fn, _ := p.Types.Scope().Lookup(o.Hook).(*types.Func)
	switch {
	case fn == nil || !isHook(fn.Signature()):
		r.add([]typecheck.Diagnostic{{
			Pos:     pos,
			Message: fmt.Sprintf("//coroc:migrate names %s, which is not a func(*coroutine.Migration) error of this package", o.Hook),
			Fix:     fmt.Sprintf("declare func %s(m *coroutine.Migration) error, or leave the name out", o.Hook),
		}})
	case r.Facts.Funcs[fn] != nil:
		r.add([]typecheck.Diagnostic{{
			Pos:     pos,
			Message: fmt.Sprintf("%s may suspend, but it is called while a state is loaded, in no coroutine", o.Hook),
			Related: []typecheck.Related{{Pos: r.Module.Position(fn.Pos()), Message: "declared here"}},
			Fix:     "let it only compute the new variables from the old ones",
		}})
	}
}

// isHook reports whether a function can be a hook.
func isHook(sig *types.Signature) bool {
	if sig.Recv() != nil || sig.TypeParams().Len() > 0 || sig.Params().Len() != 1 || sig.Results().Len() != 1 {
		return false
	}
	p, ok := types.Unalias(sig.Params().At(0).Type()).(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == typecheck.ModulePath+"/runtime" && n.Obj().Name() == "Migration" &&
		types.Identical(sig.Results().At(0).Type(), types.Universe.Lookup("error").Type())
}

// explainMove says why a site of an older version does not move, if it does not and there is no
// hook.
func (r *Result) explainMove(p *typecheck.Package, old *typecheck.Frozen, site frozenSite) {
	var why string
	m := r.migrationOf(old, site)
	isCurrent := func(v *codegen.Version) bool {
		return v.Frozen == nil && v.State == site.state && v.Fingerprint == site.fingerprint
	}
	switch {
	case r.hasHook(p, old) || slices.ContainsFunc(r.Versions, isCurrent):
		return
	case m != nil:
		why = r.movesNot(m, site.key)
	case strings.HasPrefix(lastElement(site.state), "range"):
		why = "the body of a range over a function stays what it is"
	default:
		why = "this func literal, or a statement around it, is not there any more"
	}
	i := slices.IndexFunc(r.Frozen, func(v *frozenVersion) bool { return &v.Frozen == old })
	if i < 0 || why == "" {
		return
	}
	d := typecheck.Diagnostic{
		Pos: r.Frozen[i].callPosition(site.state, site.key), Warning: true,
		Message: fmt.Sprintf("what is suspended here in the version %016x of %s does not move to the current one: %s", site.fingerprint, site.state, why),
		Fix:     "if it is to move, write a hook: //coroc:migrate hook",
	}
	if p.Frozen[r.Frozen[i].name()] == nil {
		d.Fix = "write a hook, //coroc:migrate hook, or it cannot go on: the version does not fit the package"
	}
	if m != nil {
		d.Related = []typecheck.Related{{Pos: r.Module.Position(m.NowPos), Message: "the function as it is now"}}
	}
	r.add([]typecheck.Diagnostic{d})
}

func (r *Result) hasHook(p *typecheck.Package, old *typecheck.Frozen) bool {
	return slices.ContainsFunc(codegen.OptIns(p), func(o *codegen.OptIn) bool { return o.Hook != "" && o.Freezes(old.State) })
}

func (r *Result) migrationOf(old *typecheck.Frozen, site frozenSite) *codegen.Migration {
	for _, m := range r.Migrations {
		if m.Frozen == old && m.State == site.state && m.Moves[site.key] != nil {
			return m
		}
	}
	return nil
}

func lastElement(state string) string { return state[strings.LastIndexByte(state, '.')+1:] }

// movesNot says why a site of an older version does not move, or returns "".
func (r *Result) movesNot(m *codegen.Migration, key int) string {
	move := m.Moves[key]
	old := r.siteOf(key, func(v *codegen.Version) bool { return v.State == m.State && v.Frozen == m.Frozen })
	now := r.siteOf(move.To, func(v *codegen.Version) bool { return v.State == m.Now && v.Frozen == nil })
	switch {
	case move.Why != "":
		return move.Why
	case old == nil || now == nil: // it is known when a state is there
		return ""
	}
	for i, name := range move.Names {
		j := slices.Index(old.Live, name)
		if j < 0 {
			return fmt.Sprintf("%s, which is needed there now, is not saved here", codegen.VariableText(name))
		}
		if a, b := old.Types[j], now.Types[i]; a != nil && b != nil && r.typeText(a) != r.typeText(b) {
			return fmt.Sprintf("the type of %s is %s here, and %s there now", codegen.VariableText(name), r.typeText(a), r.typeText(b))
		}
	}
	for _, name := range old.Live {
		if dropped(name, move) {
			return fmt.Sprintf("%s, which is saved here, is not needed there now", codegen.VariableText(name))
		}
	}
	return ""
}

// dropped reports whether a move leaves out what belongs to an unfinished statement, or to
// deferred calls.
func dropped(name string, move *codegen.Move) bool {
	return name[0] == '#' && name != "#" && !slices.Contains(move.Names, name)
}

// siteOf returns the site with a key of the first version that is one.
func (r *Result) siteOf(key int, is func(*codegen.Version) bool) *codegen.VersionSite {
	i := slices.IndexFunc(r.Versions, is)
	if i < 0 {
		return nil
	}
	sites := r.Versions[i].Sites
	if j := slices.IndexFunc(sites, func(s codegen.VersionSite) bool { return s.Key == key }); j >= 0 {
		return &sites[j]
	}
	return nil
}

// moves reports whether a saved frame moves to the current version of its function, or may do
// so: only the program can ask a hook. Else it says why not, if the function has opted in.
func (c *StateChecker) moves(name string, f runtime.InspectedFrame, generic bool) (moves bool, why string) {
	fingerprint, _ := strconv.ParseUint(f.Fingerprint, 16, 64)
	if slices.ContainsFunc(c.versions[name], func(v *codegen.Version) bool { return v.Frozen == nil && v.Fingerprint == fingerprint }) {
		return false, ""
	}
	if c.r.Hooks[name] != "" {
		return true, ""
	}
	for _, m := range c.r.Migrations {
		if m.Fingerprint == fingerprint && m.State == name && m.Moves[f.Site] != nil {
			if why = c.movesNot(m, f, generic); why == "" {
				return true, ""
			}
			why = "it does not move: " + why
		}
	}
	return false, why
}

func (c *StateChecker) movesNot(m *codegen.Migration, f runtime.InspectedFrame, generic bool) string {
	if why := c.r.movesNot(m, f.Site); why != "" {
		return why
	}
	move := m.Moves[f.Site]
	now := c.r.siteOf(move.To, func(v *codegen.Version) bool { return v.State == m.Now && v.Frozen == nil })
	if now == nil {
		return "what it called there does not suspend any more"
	}
	for _, x := range f.Variables {
		if dropped(x.Name, move) {
			return fmt.Sprintf("the state has %s, which is not needed there now", x.Name)
		}
	}
	for i, name := range move.Names {
		j := slices.IndexFunc(f.Variables, func(x runtime.InspectedField) bool { return x.Name == name })
		if j < 0 && f.Omitted == 0 {
			return fmt.Sprintf("the state has no %s, which is needed there now", name)
		}
		if t := now.Types[i]; j >= 0 && t != nil && !generic {
			if want := c.typeText(t); want != "" && want != plainText(c.renames.NowIn(f.Variables[j].Type)) {
				return fmt.Sprintf("the type of %s is %s, and %s there now", name, f.Variables[j].Type, want)
			}
		}
	}
	return ""
}
