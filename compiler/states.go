package compiler

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/typecheck"
)

// A StateChecker finds out whether a build can go on from saved states, from what these say
// about themselves. It does not run the program: that what a coroutine has bound is there is
// taken for granted.
type StateChecker struct {
	r        *Result
	versions map[string][]*codegen.Version
	records  map[string][]uint64
	renames  *codegen.Renames
	named    map[string]types.Type // types of the module, by their names in states
	locals   map[string]bool       // names in states of those that functions declare
}

// StateChecker returns a checker for the functions of the packages that were named.
func (r *Result) StateChecker() *StateChecker {
	c := &StateChecker{r: r, versions: map[string][]*codegen.Version{}, records: r.Records, renames: codegen.FindRenames(r.Module), named: map[string]types.Type{}, locals: map[string]bool{}}
	for _, v := range r.Versions {
		c.versions[v.State] = append(c.versions[v.State], v)
	}
	for _, p := range r.Module.Packages {
		if p.Library || p.Test {
			continue
		}
		for _, name := range codegen.LocalTypes(r.Module, p, c.renames) {
			c.locals[name] = true
		}
		for _, name := range p.Types.Scope().Names() {
			if tn, ok := p.Types.Scope().Lookup(name).(*types.TypeName); ok && !tn.IsAlias() {
				c.named[p.Path+"."+name] = tn.Type()
			}
		}
	}
	return c
}

// Check returns why the build cannot go on from a state, a line each; none if it can.
func (c *StateChecker) Check(s *runtime.Inspection) []string {
	var problems []string
	add := func(format string, args ...any) {
		if p := fmt.Sprintf(format, args...); !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	for i, f := range s.Frames {
		c.frame(f, add)
		if i > 0 {
			c.call(s.Frames[i-1], f, add)
		}
	}
	for _, t := range s.Types {
		c.typ(t, add)
	}
	return problems
}

type addProblem func(format string, args ...any)

// frame checks that there is the version of the function, and the place in it.
func (c *StateChecker) frame(f runtime.InspectedFrame, add addProblem) {
	name := c.renames.Now(f.Function)
	generic := false
	if i := strings.IndexByte(name, '['); i > 0 {
		c.arguments(f.Function, name[i:], add)
		name, generic = name[:i], true
	}
	if isOurs(name) {
		return
	}
	moves, why := c.moves(name, f, generic)
	if moves {
		return
	}
	if why == "" {
		why = "the version was not frozen"
	}
	versions := c.versions[name]
	if len(versions) == 0 {
		add("%s, suspended at %s: there is no such function that may be suspended, and the version was not frozen", f.Function, f.Position)
		return
	}
	fingerprint, _ := strconv.ParseUint(f.Fingerprint, 16, 64)
	i := slices.IndexFunc(versions, func(v *codegen.Version) bool { return v.Fingerprint == fingerprint })
	if i < 0 {
		add("%s, suspended at %s: the function has changed since (fingerprint %s, here %016x), and %s", f.Function, f.Position, f.Fingerprint, versions[0].Fingerprint, why)
		return
	}
	v := versions[i]
	at := slices.IndexFunc(v.Sites, func(s codegen.VersionSite) bool { return s.Key == f.Site })
	if at < 0 {
		add("%s, suspended at %s: what it called there does not suspend any more", f.Function, f.Position)
		return
	}
	site := v.Sites[at]
	for _, x := range f.Variables {
		j := slices.Index(site.Live, x.Name)
		if j < 0 {
			add("%s, suspended at %s: the variable %s is not kept there any more", f.Function, f.Position, x.Name)
			continue
		}
		if t := site.Types[j]; t != nil && !generic {
			if want := c.typeText(t); want != "" && want != plainText(c.renames.NowIn(x.Type)) {
				add("%s, suspended at %s: the type of %s is %s, and %s here", f.Function, f.Position, x.Name, x.Type, want)
			}
		}
	}
	for _, name := range site.Live {
		if f.Omitted == 0 && !slices.ContainsFunc(f.Variables, func(x runtime.InspectedField) bool { return x.Name == name }) {
			add("%s, suspended at %s: the state has no %s, which is kept there now", f.Function, f.Position, name)
		}
	}
}

// arguments checks that there are the types that an instance is one of.
func (c *StateChecker) arguments(instance, text string, add addProblem) {
	for name := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("[](){},;* \"", r) }) {
		name = strings.TrimLeft(name, ".")
		switch m := localName.FindStringSubmatch(name); {
		case !c.inModule(name) || isOurs(name):
		case m != nil && !c.locals[name]:
			add("%s: the function has no type %s like this any more", instance, m[1])
		case m == nil && strings.Count(afterSlash(name), ".") == 1 && c.named[name] == nil:
			add("%s: there is no type %s", instance, name)
		}
	}
}

// call checks that a function that goes on in an older version has the results that its caller
// expects, if that is of the current one.
func (c *StateChecker) call(callee, caller runtime.InspectedFrame, add addProblem) {
	find := func(f runtime.InspectedFrame, is func(*codegen.Version) bool) *codegen.Version {
		name, _, _ := strings.Cut(c.renames.Now(f.Function), "[")
		if i := slices.IndexFunc(c.versions[name], is); i >= 0 {
			return c.versions[name][i]
		}
		return nil
	}
	savedIn := func(f runtime.InspectedFrame) *codegen.Version {
		fingerprint, _ := strconv.ParseUint(f.Fingerprint, 16, 64)
		return find(f, func(v *codegen.Version) bool { return v.Fingerprint == fingerprint })
	}
	was, outer := savedIn(callee), savedIn(caller)
	now := find(callee, func(v *codegen.Version) bool { return v.Frozen == nil })
	if was == nil || was.Frozen == nil || now == nil || outer == nil || outer.Frozen != nil {
		return
	}
	a, b := resultsOf(was), resultsOf(now)
	if a == b {
		return
	}
	if moves, _ := c.moves(now.State, callee, strings.Contains(callee.Function, "[")); !moves {
		add("%s, suspended at %s: its results are %s in the version %s, and what calls it here expects %s", callee.Function, callee.Position, a, callee.Fingerprint, b)
	}
}

// resultsOf returns the types of the results of a declared function as text.
func resultsOf(v *codegen.Version) string {
	fd, ok := v.Node.(*ast.FuncDecl)
	if !ok {
		return ""
	}
	fn, ok := v.Package.Info.Defs[fd.Name].(*types.Func)
	if !ok {
		return ""
	}
	var list []string
	for r := range fn.Signature().Results().Variables() {
		list = append(list, types.TypeString(r.Type(), nil))
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// localName is the name of a type that is declared in a function; longer hashes are those of
// deferred calls.
var localName = regexp.MustCompile(`\.([^.@]+)@[0-9a-f]{8}(#[0-9]+)?$`)

// typ checks that a type that the state describes is there, and the same.
func (c *StateChecker) typ(t runtime.InspectedType, add addProblem) {
	name := c.renames.Now(t.Type)
	if i := strings.IndexByte(name, '['); i > 0 {
		if strings.Contains(name[:i], ".") {
			c.arguments(t.Type, name[i:], add)
		}
		return // what an instance is made of is described too
	}
	if isOurs(name) {
		return
	}
	if t.Kind == "record" {
		fingerprint, _ := strconv.ParseUint(t.Fingerprint, 16, 64)
		have, known := c.records[name]
		if !known && fingerprint == 0 && c.oldFuncs(name) == 1 {
			return
		}
		switch {
		case !known && c.inModule(name):
			add("func %s: there is no such func", t.Type)
		case known && !slices.Contains(have, fingerprint):
			add("func %s has changed since (fingerprint %s, here %016x), and the version was not frozen", t.Type, t.Fingerprint, have[0])
		}
		return
	}
	if m := localName.FindStringSubmatch(name); m != nil && c.inModule(name) {
		if !c.locals[name] {
			add("type %s: the function has no type %s like this any more", t.Type, m[1])
		}
		return
	}
	if t.Definition == "" || !c.inModule(name) || strings.Count(afterSlash(name), ".") != 1 {
		return // of another module, or composed of others
	}
	local, ok := c.named[name]
	if !ok {
		add("type %s: there is no such type", t.Type)
		return
	}
	if want, got := c.definition(local), plainText(c.renames.NowIn(t.Definition)); want != "" && want != got {
		add("type %s is %s, and %s here", t.Type, got, want)
	}
}

// oldFuncs returns how many frozen versions of a declared function there are as func values.
func (c *StateChecker) oldFuncs(name string) int {
	n := 0
	for known := range c.records {
		if strings.HasPrefix(known, name+"@") {
			n++
		}
	}
	return n
}

func afterSlash(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// inModule reports whether a name is of a package that is compiled, or of one that the module has
// no more.
func (c *StateChecker) inModule(name string) bool {
	path, _, _ := strings.Cut(afterSlash(name), ".")
	path = name[:len(name)-len(afterSlash(name))] + path
	if slices.ContainsFunc(c.r.Module.Packages, func(p *typecheck.Package) bool {
		return !p.Library && !p.Test && (p.Path == path || strings.HasPrefix(name, p.Path+"."))
	}) {
		return true
	}
	return c.r.Module.Path != "" && strings.HasPrefix(path, c.r.Module.Path+"/") &&
		!slices.ContainsFunc(c.r.Module.Loaded(), func(p *types.Package) bool { return p.Path() == path && p.Scope().Len() > 0 })
}

func isOurs(name string) bool {
	return strings.HasPrefix(name, typecheck.ModulePath+"/") && isLibraryName(name)
}

// isLibraryName reports whether a name is of a package of our own library.
func isLibraryName(name string) bool {
	slash := strings.LastIndexByte(name, '/')
	pkg, _, _ := strings.Cut(name[slash+1:], ".")
	return typecheck.IsLibrary(name[:slash+1] + pkg)
}

// definition returns what a named type is, as states describe it: "" if they do not.
func (c *StateChecker) definition(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		var fields []string
		for i := range u.NumFields() {
			f := u.Field(i)
			name := f.Name()
			if old, ok := reflect.StructTag(u.Tag(i)).Lookup("coroc"); ok {
				name = old
			}
			text := c.typeText(f.Type())
			if text == "" {
				return ""
			}
			fields = append(fields, name+" "+text)
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case *types.Interface:
		return ""
	default:
		return c.typeText(u)
	}
}

// typeText writes a type as inspections do; "" if it is not certain to be the same text.
func (c *StateChecker) typeText(t types.Type) string {
	uncertain := false
	var visit func(t types.Type, depth int)
	visit = func(t types.Type, depth int) {
		if depth > 20 {
			return
		}
		switch t := types.Unalias(t).(type) {
		case *types.Named:
			uncertain = uncertain || t.TypeArgs().Len() > 0
		case *types.TypeParam, *types.Struct, *types.Interface, *types.Signature:
			if i, ok := t.(*types.Interface); ok && i.Empty() {
				return
			}
			uncertain = true
		case *types.Pointer:
			visit(t.Elem(), depth+1)
		case *types.Slice:
			visit(t.Elem(), depth+1)
		case *types.Array:
			visit(t.Elem(), depth+1)
		case *types.Chan:
			visit(t.Elem(), depth+1)
		case *types.Map:
			visit(t.Key(), depth+1)
			visit(t.Elem(), depth+1)
		}
	}
	visit(t, 0)
	if uncertain {
		return ""
	}
	return plainText(c.r.typeText(t))
}

// plainText writes what may be written in two ways in one.
func plainText(s string) string {
	return strings.NewReplacer("interface {}", "any", "interface{}", "any", "struct {", "struct{", "{ ", "{", " }", "}", "byte", "uint8", "rune", "int32").Replace(s)
}
