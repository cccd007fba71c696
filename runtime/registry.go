package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Site is a place in a function where it can be suspended.
type Site struct {
	// Pos is the place in the source, for people.
	Pos string
	// Live names the fields of the frame struct that are saved at this site.
	Live []string
	// Key is the place in the function's source, as states have it: the number of the call
	// or range, from 1; Exit for the deferred calls at the end. 0 stands for the index.
	Key int
	// EffectFree says that what runs behind this site, up to the function's end, has no effect:
	// see [Coroutine.EffectFree].
	EffectFree bool
}

// Exit is the Key of the site at which the deferred calls of a function run.
const Exit = -1

// RegisterFrame makes the frames of a function known. F is a struct whose first
// field is "Site int", the 1-based index into sites. A field with the tag coroc:"name" is
// called that in states. The fingerprint is that of
// the function's source; a function may be registered with several, if older
// versions of it are still in the program.
//
// All Register functions are called when the program is initialized. Doing it
// twice in the same way is fine; a contradiction is reported by every later save
// and load.
func RegisterFrame[F any](name string, fingerprint uint64, sites ...Site) {
	registerFrame[F](name, fingerprint, nil, sites)
}

// RegisterFrozenFrame is RegisterFrame for a version of a function that is not the current
// one any more. What goes on from such a frame is resume, a func that takes a coroutine and
// the parameters of the function. A version that is also registered with RegisterFrame, since
// it is that of a literal which is the same in both, is loaded as that one.
func RegisterFrozenFrame[F any](name string, fingerprint uint64, resume any, sites ...Site) {
	registerFrame[F](name, fingerprint, resume, sites)
}

func registerFrame[F any](name string, fingerprint uint64, resume any, sites []Site) {
	f := &frameType{
		resume:      resume,
		name:        name,
		fingerprint: fingerprint,
		typ:         reflect.TypeFor[F](),
		word:        typeWord((*F)(nil)),
	}
	for i := range sites {
		key := sites[i].Key
		switch key {
		case 0:
			key = i + 1
		case Exit:
			key = 0
		}
		f.sites = append(f.sites, &siteType{frame: f, index: i + 1, key: key, pos: sites[i].Pos, names: sites[i].Live, effectFree: sites[i].EffectFree})
	}
	pending.add(func(p *registrations) {
		name := p.spelling.instance(name)
		f.name = name
		key := versionKey{name, fingerprint}
		primary := true
		if old, ok := p.frames[key]; ok {
			switch {
			case old.typ == f.typ:
				return
			case old.resume == nil && f.resume == nil:
				p.conflict("frames of %s are registered as %v and as %v", name, old.typ, f.typ)
				return
			}
			primary = preferred(f.resume != nil, old.resume != nil, f.typ, old.typ)
		}
		if old, ok := p.frameOf[f.typ]; ok {
			p.conflict("%v is registered as the frame of %s and of %s", f.typ, old.name, name)
			return
		}
		if f.typ.Kind() != reflect.Struct || f.typ.NumField() == 0 || f.typ.Field(0).Name != "Site" || f.typ.Field(0).Type.Kind() != reflect.Int {
			p.conflict("%v, registered as the frame of %s, does not begin with Site int", f.typ, name)
			return
		}
		p.frameOf[f.typ] = f
		if primary {
			p.frames[key] = f
		}
	})
}

// preferred reports whether the first of two types of one version is what states of it are
// loaded as: the current one, or else any, but always the same.
func preferred(frozen, otherFrozen bool, t, other reflect.Type) bool {
	if frozen != otherFrozen {
		return otherFrozen
	}
	return t.String() < other.String()
}

// RegisterRecord makes the records of type R known, which stand for the func
// values of type F that bind makes of them.
func RegisterRecord[R, F any](t *RecordType, name string, fingerprint uint64, bind func(*R) F) {
	registerRecord[R](t, name, fingerprint, bind, false)
}

// RegisterFrozenRecord is RegisterRecord for func values of literals in functions of which
// [RegisterFrozenFrame] registers the frames.
func RegisterFrozenRecord[R, F any](t *RecordType, name string, fingerprint uint64, bind func(*R) F) {
	registerRecord[R](t, name, fingerprint, bind, true)
}

func registerRecord[R, F any](t *RecordType, name string, fingerprint uint64, bind func(*R) F, frozen bool) {
	r := &recordType{
		frozen:      frozen,
		name:        name,
		fingerprint: fingerprint,
		typ:         reflect.TypeFor[R](),
		fn:          reflect.TypeFor[F](),
		t:           t,
		bind: func(record, dst unsafe.Pointer) {
			*(*F)(dst) = bind((*R)(record))
		},
	}
	pending.add(func(p *registrations) {
		name := p.spelling.instance(name)
		r.name = name
		if t.Proto == nil {
			t.Proto = (*R)(nil)
		}
		if old, ok := p.recordOf[r.typ]; ok {
			if old.name != name || old.fingerprint != fingerprint || old.t != t {
				p.conflict("record %v is registered as %s and as %s", r.typ, old.name, name)
			}
			return
		}
		key := versionKey{name, fingerprint}
		primary := true
		if old, ok := p.records[key]; ok {
			if !old.frozen && !frozen {
				p.conflict("records of %s are registered as %v and as %v", name, old.typ, r.typ)
				return
			}
			primary = preferred(frozen, old.frozen, r.typ, old.typ)
		}
		if r.typ.Kind() != reflect.Struct || r.typ.NumField() == 0 || r.typ.Field(0).Type != recordHeader || r.fn.Kind() != reflect.Func {
			p.conflict("%v, registered as the record of %s, does not begin with a Record", r.typ, name)
			return
		}
		p.recordOf[r.typ] = r
		if primary {
			p.records[key] = r
		}
	})
}

// RegisterType makes T known by name, so that a value of it, or of a type made of
// it, can be saved from an interface variable.
func RegisterType[T any](name string) {
	typ := reflect.TypeFor[T]()
	for typ.Name() == "" && typ.Kind() == reflect.Pointer {
		typ = typ.Elem() // the name is that of the named type
	}
	registerType(typ, name, false)
}

// registerType registers a type under a name, to which an instance of a generic type adds
// its arguments.
func registerType(typ reflect.Type, name string, instance bool) {
	if typ.PkgPath() != "" {
		pending.addName(func(p *registrations) { p.spelling.learn(typ, name) })
	}
	pending.add(func(p *registrations) {
		name := name
		if instance {
			name = p.spelling.name(typ)
		}
		if old, ok := p.types[name]; ok && old != typ {
			p.conflict("type %s is registered as %v and as %v", name, old, typ)
			return
		}
		if old, ok := p.typeNames[typ]; ok && old != name {
			p.conflict("type %v is registered as %s and as %s", typ, old, name)
			return
		}
		p.types[name], p.typeNames[typ] = typ, name
	})
}

// RegisterVar makes a package-level variable known by name. A pointer into it is
// saved as that name. If it is never reassigned, a pointer, map, func or interface
// value equal to its value is saved as that name too.
func RegisterVar[T any](name string, p *T, reassigned bool) {
	v := &varType{
		name:       name,
		typ:        reflect.TypeFor[T](),
		addr:       unsafe.Pointer(p),
		reassigned: reassigned,
	}
	pending.add(func(p *registrations) {
		if old, ok := p.vars[name]; ok {
			if old.addr != v.addr || old.typ != v.typ {
				p.conflict("variable %s is registered twice", name)
			}
			return
		}
		p.vars[name] = v
	})
}

type versionKey struct {
	name        string
	fingerprint uint64
}

type frameType struct {
	name        string
	fingerprint uint64
	typ         reflect.Type
	word        unsafe.Pointer // the type word of *F in an interface
	resume      any            // of a frozen version: what goes on from it
	onward      any            // of the current version of a function that has older ones: the same
	literal     bool           // of a func literal that has onward
	moves       *moves         // of an older version of one
	plan        *plan
	sites       []*siteType
	byKey       map[int]*siteType
}

// siteType is a site with the plans of its live fields.
type siteType struct {
	frame *frameType
	index int // in the frame
	key   int // in states
	pos   string
	place []byte // the position, as states have it
	names []string
	live  []field
	wire  []uint64 // the fixed numbers of the types of the live fields, or 0
	leaf  bool     // no live field holds references
	basic bool     // the types of all live fields have fixed numbers
	desc  []byte   // if basic: the description, but for the function's name
	first []byte   // if basic: the description of the first shape of a state
	quick bool     // the live fields are numbers, strings and records of the function
	self  []int    // the live fields that are records of the function
	id    int      // dense number among all sites

	effectFree bool
}

type recordType struct {
	name        string
	fingerprint uint64
	typ, fn     reflect.Type
	t           *RecordType
	bind        func(record, dst unsafe.Pointer)
	frozen      bool
}

type varType struct {
	name       string
	typ        reflect.Type
	addr       unsafe.Pointer
	plan       *plan
	reassigned bool
}

// registrations is what the Register functions have collected. The functions
// only queue, because they run during initialization, when most programs will
// never save anything.
type registrations struct {
	mu        sync.Mutex
	names     []func(*registrations) // before the queue: what types are called
	queue     []func(*registrations)
	spelling  spelling
	frames    map[versionKey]*frameType
	frameOf   map[reflect.Type]*frameType
	records   map[versionKey]*recordType
	recordOf  map[reflect.Type]*recordType
	types     map[string]reflect.Type
	typeNames map[reflect.Type]string
	vars      map[string]*varType
	codecs    map[reflect.Type]*codec
	bindings  []*varType        // of the process, the latest last
	renamed   map[string]string // new names by old ones

	onward     map[reflect.Type]any   // of current versions, by their frames
	migrations map[string]*migrations // by the names of functions
	moves      map[versionKey]*moves

	conflicts []error
}

var pending = newRegistrations()

func newRegistrations() *registrations {
	return &registrations{
		frames:    map[versionKey]*frameType{},
		frameOf:   map[reflect.Type]*frameType{},
		records:   map[versionKey]*recordType{},
		recordOf:  map[reflect.Type]*recordType{},
		types:     map[string]reflect.Type{},
		typeNames: map[reflect.Type]string{},
		vars:      map[string]*varType{},
		codecs:    map[reflect.Type]*codec{},
		spelling:  spelling{types: map[string]string{}},
		renamed:   map[string]string{},

		onward:     map[reflect.Type]any{},
		migrations: map[string]*migrations{},
		moves:      map[versionKey]*moves{},
	}
}

// add queues a registration and retires the compiled registry.
func (p *registrations) add(f func(*registrations)) {
	p.mu.Lock()
	p.queue = append(p.queue, f)
	current.Store(nil)
	p.mu.Unlock()
}

// addName queues what the names of other registrations depend on.
func (p *registrations) addName(f func(*registrations)) {
	p.mu.Lock()
	p.names = append(p.names, f)
	current.Store(nil)
	p.mu.Unlock()
}

func (p *registrations) conflict(format string, args ...any) {
	p.conflicts = append(p.conflicts, fmt.Errorf("conflicting registrations: "+format, args...))
}

// registry is the compiled form of all registrations. It is immutable but for
// the plans of types, which are made when they are first met, and is replaced
// when something more is registered.
type registry struct {
	err        error
	frames     map[unsafe.Pointer]*frameType // by type word
	frameNames map[string][]*frameType
	records    map[versionKey]*recordType
	recordOf   map[reflect.Type]*recordType
	oldFuncs   map[string][]*recordType // frozen versions of declared functions, by their names
	renamed    map[string]string
	vars       varTable
	plans      planTable
	names      nameTable
	codecs     map[reflect.Type]*codec
	bindings   []*varType
	bound      namedValues // bindings, looked up
	migrations map[string]*migrations
	moves      map[versionKey]*moves
	sites      int
	frozen     bool // there are older versions of functions
}

var current atomic.Pointer[registry]

// loadRegistry returns the compiled registry, compiling it if need be.
func loadRegistry() *registry {
	if r := current.Load(); r != nil {
		return r
	}
	pending.mu.Lock()
	defer pending.mu.Unlock()
	if r := current.Load(); r != nil {
		return r
	}
	registerBuiltins()
	for _, f := range pending.names {
		f(pending)
	}
	for _, f := range pending.queue {
		f(pending)
	}
	pending.names, pending.queue = nil, nil
	r := pending.compile()
	current.Store(r)
	return r
}

func (p *registrations) compile() *registry {
	r := &registry{
		err:        errors.Join(p.conflicts...),
		frames:     make(map[unsafe.Pointer]*frameType, len(p.frames)),
		frameNames: make(map[string][]*frameType, len(p.frames)),
		records:    make(map[versionKey]*recordType, len(p.records)),
		recordOf:   make(map[reflect.Type]*recordType, len(p.records)),
		codecs:     maps.Clone(p.codecs),
	}
	r.renamed = maps.Clone(p.renamed)
	for key, rec := range p.records {
		r.records[key] = rec
	}
	for key, rec := range p.records {
		if name, _, ok := strings.Cut(key.name, "@"); ok && key.fingerprint == 0 {
			if r.oldFuncs == nil {
				r.oldFuncs = map[string][]*recordType{}
			}
			r.oldFuncs[name] = append(r.oldFuncs[name], rec)
		}
	}
	for typ, rec := range p.recordOf {
		r.recordOf[typ] = rec
	}
	r.plans.init(r)
	r.names.init(r, p)
	for _, old := range p.frameOf {
		f := *old // plans belong to one registry
		f.onward = p.onward[f.typ]
		if err := r.compileFrame(&f); err != nil {
			r.err = errors.Join(r.err, err)
			continue
		}
		r.frames[f.word] = &f
		r.frozen = r.frozen || f.resume != nil
		if p.frames[versionKey{f.name, f.fingerprint}] == old {
			r.frameNames[f.name] = append(r.frameNames[f.name], &f)
		}
		r.names.learn(f.typ)
	}
	r.compileMigrations(p)
	for typ := range r.recordOf {
		r.names.learn(typ)
	}
	for t := range p.typeNames {
		r.names.learn(t)
	}
	for t := range r.codecs {
		r.names.learn(t)
	}
	r.vars.init(r, p.vars)
	r.bindProcess(slices.Clone(p.bindings))
	return r
}

func (r *registry) compileFrame(f *frameType) error {
	f.plan = r.plans.of(f.typ)
	f.byKey = make(map[int]*siteType, len(f.sites))
	sites := make([]*siteType, len(f.sites))
	for i, old := range f.sites {
		s := *old
		s.frame, s.leaf, s.basic = f, true, true
		s.quick = true
		s.place = appendPos(nil, s.pos)
		s.id = r.sites
		r.sites++
		for _, name := range s.names {
			fd, ok := f.plan.fieldNamed(name)
			if !ok {
				return fmt.Errorf("conflicting registrations: the frame of %s has no field %s, which site %s (%d) names", f.name, name, s.pos, s.key)
			}
			wire := fd.p.basic
			if isSelf(f, fd.p) {
				wire = typeSelf
				s.self = append(s.self, len(s.live))
			} else if wire == 0 || !fd.p.leaf {
				s.quick = false
			}
			s.live, s.wire = append(s.live, fd), append(s.wire, wire)
			s.leaf = s.leaf && fd.p.leaf
			s.basic = s.basic && wire != 0
		}
		if s.desc = s.describe(); s.basic {
			s.first = append(appendName(nil, "", f.name), s.desc...)
		}
		if f.byKey[s.key] != nil {
			return fmt.Errorf("conflicting registrations: two sites of %s have the key %d", f.name, s.key)
		}
		f.byKey[s.key] = &s
		sites[i] = &s
	}
	f.sites = sites
	return nil
}

// isSelf reports whether p is the type of a pointer to the record of the func that f
// is the frame of.
func isSelf(f *frameType, p *plan) bool {
	return p.op == opPointer && p.elem.rec != nil && p.elem.rec.name == f.name && p.elem.rec.fingerprint == f.fingerprint
}

// describe returns the description of a site whose types all have fixed numbers.
func (s *siteType) describe() []byte {
	if !s.basic {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, s.frame.fingerprint)
	b = appendUvarint(b, uint64(s.key))
	b = append(b, s.place...)
	b = appendUvarint(b, uint64(len(s.live)))
	for i := range s.live {
		b = appendUvarint(appendString(b, s.live[i].name), s.wire[i])
	}
	return b
}

var recordHeader = reflect.TypeFor[Record]()

// typeWord returns the word that stands for the dynamic type of v.
func typeWord(v any) unsafe.Pointer {
	return (*eface)(unsafe.Pointer(&v)).typ
}

// eface is an empty interface value as the gc compiler lays it out; reflect
// relies on the same.
type eface struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// wordOf returns the word that stands for t as a dynamic type. A reflect.Type is
// a pointer to that very word's target; a test checks it.
func wordOf(t reflect.Type) unsafe.Pointer {
	v := any(t)
	return (*eface)(unsafe.Pointer(&v)).data
}
