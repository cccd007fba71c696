package typecheck

import (
	"go/types"
	"strings"
)

// A Saving says which values of a type can be saved.
type Saving int

// The kinds, each of which is harder to save than those before it.
const (
	Always  Saving = iota // every value
	Depends               // it depends on what a value refers to at run time
	IdleIf                // only one that is not in use: a lock
	ZeroIf                // only one that is zero
	NamedIf               // only nil, a pointer to something that is zero, and what the program has bound or holds in a package-level variable
	NilIf                 // only nil
)

// A Savability is what a type tells about saving its values.
type Savability struct {
	Saving Saving
	Path   string // the way to the part that decides: ".done", "[].mu"; empty if that is the value itself
	Why    string // not for Always
}

// Reasons, in the words of the errors that the runtime returns.
const (
	whyChan      = "a channel belongs to its process"
	whyUnsafe    = "nothing tells what an unsafe pointer points to"
	whyInUse     = "it can be saved only while it is not in use"
	whyOpaque    = "this type of the standard library has no portable meaning"
	whyDynamic   = "it depends on the value that it holds"
	whyFunc      = "it depends on what the function has captured"
	whyCoroutine = "it depends on what its function keeps"
	whyTypeArg   = "it depends on the type argument"
)

// Savability returns what is known about saving values of type t. Of the parts
// of a value the one that is hardest to save decides. What is behind a pointer, in
// a slice or in a map is not part of the value: there may be nothing, so that a
// channel in there makes it depend.
func (m *Module) Savability(t types.Type) Savability {
	m.savings.mu.Lock()
	defer m.savings.mu.Unlock()
	if r, ok := m.savings.known[t]; ok {
		return r
	}
	if m.savings.known == nil {
		m.savings.known = map[types.Type]Savability{}
		m.savings.codec = m.findCodecs()
	}
	r := (&savings{m: m, met: map[types.Type]Savability{}}).of(t)
	m.savings.known[t] = r
	return r
}

// savings looks at one type and what it leads to. Each type is looked at once: where
// it is met again, also inside of itself, what is known by then is enough, since
// what it contains has its effect where it was met first.
type savings struct {
	m   *Module
	met map[types.Type]Savability
}

func (s *savings) of(t types.Type) Savability {
	t = types.Unalias(t)
	if r, ok := s.met[t]; ok {
		return r
	}
	s.met[t] = Savability{}
	r := s.look(t)
	s.met[t] = r
	return r
}

func (s *savings) look(t types.Type) Savability {
	switch t := t.(type) {
	case *types.Named:
		if len(s.m.savings.codec) > 0 && s.m.savings.codec[types.TypeString(t, nil)] {
			return Savability{}
		}
		pkg := t.Obj().Pkg()
		if pkg != nil && s.m.isStandard(pkg.Path()) {
			if r, ok := s.standard(t); ok {
				return r
			}
		}
		if pkg != nil && pkg.Path() == RuntimePath && t.Obj().Name() == "Chan" && t.TypeArgs().Len() == 1 {
			return s.of(t.TypeArgs().At(0)).behind("[]") // the coroutine's own
		}
		if pkg != nil && pkg.Path() == CoroutinePath && (t.Obj().Name() == "Coroutine" || t.Obj().Name() == "Context") {
			return Savability{Saving: Depends, Why: whyCoroutine}
		}
	case *types.TypeParam:
		return Savability{Saving: Depends, Why: whyTypeArg}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.UnsafePointer {
			return Savability{Saving: NilIf, Why: whyUnsafe}
		}
	case *types.Chan:
		return Savability{Saving: NamedIf, Why: whyChan}
	case *types.Interface:
		return Savability{Saving: Depends, Why: whyDynamic}
	case *types.Signature:
		return Savability{Saving: Depends, Why: whyFunc}
	case *types.Pointer:
		r := s.of(u.Elem())
		if r.Saving == ZeroIf && r.Path == "" {
			r.Saving = NamedIf
			return r
		}
		return r.behind("")
	case *types.Slice:
		return s.of(u.Elem()).behind("[]")
	case *types.Map:
		if r := s.of(u.Key()).behind("[]"); r.Saving != Always {
			return r
		}
		return s.of(u.Elem()).behind("[]")
	case *types.Array:
		if u.Len() > 0 {
			return s.of(u.Elem()).at("[]")
		}
	case *types.Struct:
		var worst Savability
		for f := range u.Fields() {
			if r := s.of(f.Type()); r.Saving > worst.Saving {
				worst = r.at("." + f.Name())
			}
		}
		return worst
	}
	return Savability{}
}

// Part names the part of a value that decides.
func (r Savability) Part() string {
	switch rest, elements := strings.CutPrefix(r.Path, "[]"); {
	case elements && rest == "":
		return "elements"
	case elements:
		return "elements' " + strings.TrimPrefix(rest, ".")
	}
	return strings.TrimPrefix(r.Path, ".")
}

// at returns r for the value that has the one of r as the given part.
func (r Savability) at(part string) Savability {
	if r.Saving != Always {
		r.Path = part + r.Path
	}
	return r
}

// behind returns r for a value that refers to the one of r.
func (r Savability) behind(part string) Savability {
	r.Saving = min(r.Saving, Depends)
	return r.at(part)
}

// standard returns what the runtime does with a type of the standard library: it
// has codecs for the meaning of some that hide their fields, and refuses the
// others. Types that hide nothing are like those of the program.
func (s *savings) standard(t *types.Named) (Savability, bool) {
	u, ok := t.Underlying().(*types.Struct)
	if !ok || !hides(u) {
		return Savability{}, false
	}
	name := t.Obj().Pkg().Path() + "." + t.Obj().Name()
	switch {
	case name == "sync/atomic.Pointer" && t.TypeArgs().Len() == 1:
		return s.of(types.NewPointer(t.TypeArgs().At(0))), true
	case savedWithParts[name]:
		return Savability{Saving: Depends, Why: whyDynamic}, true
	case savedByMeaning[name], textError(t, u), marshals(t):
		return Savability{}, true
	case t.Obj().Pkg().Path() == "sync":
		return Savability{Saving: IdleIf, Why: whyInUse}, true
	}
	return Savability{Saving: ZeroIf, Why: whyOpaque}, true
}

// savedWithParts are those of which the runtime saves what they lead to.
var savedWithParts = map[string]bool{
	"bufio.Reader":           true,
	"bufio.Scanner":          true,
	"bufio.Writer":           true,
	"container/list.Element": true,
	"container/list.List":    true,
	"container/ring.Ring":    true,
	"encoding/csv.Reader":    true,
	"encoding/csv.Writer":    true,
	"io.OffsetWriter":        true,
	"io.SectionReader":       true,
	"math/rand.Rand":         true,
	"math/rand/v2.Rand":      true,
	"sync.Cond":              true,
	"sync.Map":               true,
	"sync.Pool":              true,
	"sync/atomic.Value":      true,
}

// savedByMeaning are the types for which the runtime has codecs of its own; its
// tests compare the two lists.
var savedByMeaning = map[string]bool{
	"sync/atomic.Int32":          true,
	"sync/atomic.Int64":          true,
	"sync/atomic.Uint32":         true,
	"sync/atomic.Uint64":         true,
	"sync/atomic.Uintptr":        true,
	"sync/atomic.Bool":           true,
	"runtime.TypeAssertionError": true,
	"net/url.Userinfo":           true,
	"time.Time":                  true,
	"time.Location":              true,
	"strings.Builder":            true,
	"strings.Reader":             true,
	"bytes.Buffer":               true,
	"bytes.Reader":               true,
	"sync.Once":                  true,
	"regexp.Regexp":              true,
	"os.ProcessState":            true,
}

// hides reports whether a struct has unexported fields, other than blank ones
// without a size.
func hides(u *types.Struct) bool {
	for f := range u.Fields() {
		if f.Exported() {
			continue
		}
		if f.Name() == "_" {
			switch b := f.Type().Underlying().(type) {
			case *types.Struct:
				if b.NumFields() == 0 {
					continue
				}
			case *types.Array:
				if b.Len() == 0 {
					continue
				}
			}
		}
		return true
	}
	return false
}

// textError reports whether t is an error that hides nothing but its text.
func textError(t *types.Named, u *types.Struct) bool {
	if !types.Implements(types.NewPointer(t), types.Universe.Lookup("error").Type().Underlying().(*types.Interface)) {
		return false
	}
	text := false
	for f := range u.Fields() {
		if f.Exported() {
			continue
		}
		if b, ok := f.Type().Underlying().(*types.Basic); !ok || b.Kind() != types.String || text {
			return false
		}
		text = true
	}
	return true
}

// marshals reports whether t writes and reads itself as bytes.
func marshals(t types.Type) bool {
	ms := types.NewMethodSet(types.NewPointer(t))
	has := func(name string, params, results []types.Type) bool {
		sel := ms.Lookup(nil, name)
		return sel != nil && types.Identical(withoutRecv(sel.Obj().(*types.Func)), signature(params, results))
	}
	bytes, err := types.NewSlice(types.Typ[types.Byte]), types.Universe.Lookup("error").Type()
	pair := func(out, in string) bool {
		return has(out, nil, []types.Type{bytes, err}) && has(in, []types.Type{bytes}, []types.Type{err})
	}
	return pair("GobEncode", "GobDecode") || pair("MarshalBinary", "UnmarshalBinary")
}

func signature(params, results []types.Type) *types.Signature {
	tuple := func(list []types.Type) *types.Tuple {
		var vars []*types.Var
		for _, t := range list {
			vars = append(vars, types.NewParam(0, nil, "", t))
		}
		return types.NewTuple(vars...)
	}
	return types.NewSignatureType(nil, nil, nil, tuple(params), tuple(results), false)
}

func withoutRecv(f *types.Func) *types.Signature {
	s := f.Signature()
	return types.NewSignatureType(nil, nil, nil, s.Params(), s.Results(), s.Variadic())
}

// isStandard reports whether path is in the standard library: its first element
// has no dot, and it is of no module, whose path may have none either.
func (m *Module) isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") || m.foreign[path] {
		return false
	}
	for main := range m.mains {
		if path == main || strings.HasPrefix(path, main+"/") {
			return false
		}
	}
	return true
}
