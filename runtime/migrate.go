package runtime

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Migrations say how frames of older versions of a function become frames of the current one.
type Migrations struct {
	// Resume goes on from a frame of the current version; see [RegisterFrozenFrame].
	Resume any
	// Hook is asked for each frame of an older version, or nil.
	Hook func(*Migration) error
	// Calls name the sites of the frame for the hook, in their order.
	Calls []string
	// Literal says that it is a func literal, which is called by its value.
	Literal bool
	// From has the versions of which the source is known.
	From []OldVersion
}

// OldVersion is an older version of a function.
type OldVersion struct {
	Name        string // in states, if it is not that of the function
	Fingerprint uint64
	Sites       []OldSite
}

// OldSite is a place where an older version can be suspended.
type OldSite struct {
	Key  int      // see Site
	Call string   // what names it for the hook
	To   int      // the key of the site of the current version that is the same, or 0
	Live []string // what the old version calls the live variables of that, in their order; nil: the same
}

// RegisterMigrations makes known how frames of older versions of a function, of which
// [RegisterFrame] registers the frames F, become frames of the current one.
func RegisterMigrations[F any](name string, m Migrations) {
	typ := reflect.TypeFor[F]()
	pending.add(func(p *registrations) {
		name := p.spelling.instance(name)
		if old, ok := p.migrations[name]; ok {
			if old.typ != typ {
				p.conflict("migrations of %s are registered twice", name)
			}
			return
		}
		x := &migrations{Migrations: m, name: name, typ: typ}
		p.migrations[name] = x
		for i := range m.From {
			v := &m.From[i]
			key := versionKey{name, v.Fingerprint}
			if v.Name != "" {
				key.name = p.spelling.instance(v.Name)
			}
			p.moves[key] = &moves{x, v.Sites}
		}
	})
}

// migrations are those of one function.
type migrations struct {
	Migrations
	name  string
	typ   reflect.Type
	frame *frameType // of the current version, in the compiled registry
}

// moves lead from the sites of a version to those of the current one. Of a version that is not
// known there are none.
type moves struct {
	*migrations
	sites []OldSite
}

func (m *moves) site(key int) *OldSite {
	for i := range m.sites {
		if k := m.sites[i].Key; k == key || k == Exit && key == 0 {
			return &m.sites[i]
		}
	}
	return nil
}

// compileMigrations adds the migrations to the registry, once the frames are there.
func (r *registry) compileMigrations(p *registrations) {
	if len(p.migrations) == 0 {
		return
	}
	r.migrations, r.moves = map[string]*migrations{}, map[versionKey]*moves{}
	for name, m := range p.migrations {
		f := r.frames[wordOf(reflect.PointerTo(m.typ))]
		if f == nil || len(m.Calls) != len(f.sites) && m.Calls != nil {
			p.conflict("the migrations of %s are not those of its frame", name)
			r.err = p.conflicts[len(p.conflicts)-1]
			continue
		}
		x := *m
		x.frame = f
		f.onward, f.literal = m.Resume, m.Literal
		r.migrations[name] = &x
	}
	for key, m := range p.moves {
		if x := r.migrations[m.name]; x != nil {
			r.moves[key] = &moves{x, m.sites}
		}
	}
	for name, frames := range r.frameNames {
		for _, f := range frames {
			f.moves = r.movesOf(name, f.fingerprint)
		}
	}
}

// movesOf returns how frames of a version of a function move, or nil if they do not: it is the
// current one, or the function has not opted in.
func (r *registry) movesOf(name string, fingerprint uint64) *moves {
	for _, f := range r.frameNames[name] {
		if f.fingerprint == fingerprint && f.resume == nil {
			return nil
		}
	}
	if m := r.moves[versionKey{name, fingerprint}]; m != nil {
		return m
	}
	if m := r.migrations[name]; m != nil {
		return &moves{m, nil}
	}
	return nil
}

// A looseShape is the shape of frames that may move to the current version. Where they go is
// decided when everything has been read.
type looseShape struct {
	*moves
	function    string
	fingerprint uint64
	key         int
	pos         string
	old         *siteType // of the frozen version, if the program has one
	names       []string
	plans       []*plan // of the variables; nil is the func's record
}

// A looseFrame is a frame of a loose shape.
type looseFrame struct {
	*looseShape
	values []looseValue
}

type looseValue struct {
	p   *plan
	mem unsafe.Pointer
}

// readLooseShape reads the rest of a shape whose frames may move.
func (d *decoder) readLooseShape(m *moves, name string, fingerprint uint64) {
	l := &looseShape{moves: m, function: name, fingerprint: fingerprint, key: d.int(), pos: d.pos()}
	for _, f := range d.reg.frameNames[name] {
		if f.fingerprint == fingerprint {
			l.old = f.byKey[l.key]
		}
	}
	shape := loadedShape{loose: l, first: len(d.params)}
	n := d.count(2)
	d.charge(n, unsafe.Sizeof("")+unsafe.Sizeof(uintptr(0)))
	for range n {
		name := string(d.str())
		if name == "" {
			d.fail("a variable without a name")
		}
		if slices.Contains(l.names, name) {
			d.fail("the variable %s stands twice", name)
		}
		l.names = append(l.names, name)
		d.params = append(d.params, d.uvarint())
	}
	l.plans = make([]*plan, n)
	d.shapes = append(d.shapes, shape)
	d.loose = true
}

func (d *decoder) checkLooseShape(s *loadedShape) {
	for i := range s.loose.plans {
		if id := d.params[s.first+i]; id != typeSelf {
			s.loose.plans[i] = d.resolve(id)
		}
	}
}

func (d *decoder) looseFrame(l *looseShape) any {
	f := &looseFrame{l, make([]looseValue, len(l.plans))}
	d.charge(1, unsafe.Sizeof(*f))
	d.charge(len(l.plans), unsafe.Sizeof(looseValue{}))
	for i, p := range l.plans {
		if p == nil {
			p = d.selfPlan(l)
		}
		d.charge(1, p.size)
		f.values[i] = looseValue{p, reflect.New(p.typ).UnsafePointer()}
		d.site, d.live = nil, nil
		d.value(p, f.values[i].mem)
	}
	return f
}

// selfPlan returns as what a pointer to the func's record is read: what belongs to the process
// is of the current version.
func (d *decoder) selfPlan(l *looseShape) *plan {
	if d.i < len(d.b) && d.b[d.i] == refNamed {
		if f, ok := l.frame.plan.fieldNamed("#"); ok {
			return f.p
		}
	}
	if l.old != nil {
		if f, ok := l.old.frame.plan.fieldNamed("#"); ok {
			return f.p
		}
	}
	d.incompatible("function %s, suspended at %s (site %d): the function has changed since (fingerprint %016x, here %016x), and its version with what it has captured was not frozen",
		l.function, l.pos, l.key, l.fingerprint, l.frame.fingerprint)
	return nil
}

// settle decides where the loose frames go.
func (d *decoder) settle() {
	if !d.loose {
		return
	}
	d.settleFrames(d.frames)
	for _, c := range d.coroutines {
		d.settleFrames(c.frames)
	}
}

// settleFrames begins with the outermost frame: where one goes depends on its caller. If one
// can only stay in its frozen version, and cannot be called from the current version of its
// caller, that has to stay too.
func (d *decoder) settleFrames(frames []any) {
	loose := make([]*looseFrame, len(frames))
	stays := make([]bool, len(frames))
	for i := len(frames) - 1; i >= 0; i-- {
		if f, ok := frames[i].(*looseFrame); ok {
			loose[i] = f
		}
		if loose[i] == nil {
			continue
		}
		var caller *frameType
		if i+1 < len(frames) {
			caller = d.reg.frames[typeWord(frames[i+1])]
		}
		frame, why := d.place(loose[i], caller, stays[i])
		if f := d.reg.frames[typeWord(frame)]; f.resume != nil && caller != nil && caller.resume == nil && !loose[i].callable() {
			if outer := loose[i+1]; outer == nil || outer.old == nil || stays[i+1] {
				d.incompatible("function %s, suspended at %s (site %d): the function has changed since (fingerprint %016x, here %016x), and it cannot move: %s; what calls it is not of its frozen version, and its signature has changed",
					loose[i].function, loose[i].pos, loose[i].key, loose[i].fingerprint, loose[i].frame.fingerprint, why)
			}
			stays[i+1] = true
			i += 2
			continue
		}
		frames[i] = frame
	}
}

// callable reports whether the current version of a function, and what calls that, can go on
// with the frozen version. A func value leads to the version that it is of.
func (f *looseFrame) callable() bool { return f.Literal || f.sameSignature() }

func (f *looseFrame) sameSignature() bool {
	return f.old == nil || reflect.TypeOf(f.old.frame.resume) == reflect.TypeOf(f.Resume)
}

// place returns the frame that a loose one becomes: the hook's, that of the same place in the
// current version, or that of the frozen version, and then why it is not one of the others.
func (d *decoder) place(f *looseFrame, caller *frameType, stays bool) (frame any, why string) {
	why = "no place in it is the same"
	switch {
	case stays && f.old != nil:
		why = "what it has called has not moved"
	case f.Literal && !f.sameSignature():
		stays = true
		why = "its parameters or results have changed, and a func value of it leads to the old version"
	case caller != nil && caller.resume != nil && !f.sameSignature():
		// A frozen caller calls the frozen version, which cannot hand over to the current one.
		stays = true
		why = "what calls it has not moved, and its signature has changed"
	}
	from := f.site(f.key)
	if f.Hook != nil && !stays {
		frame, err := d.migrate(f, from)
		if err != nil {
			panic(decodeError{fmt.Errorf("%w: function %s, suspended at %s (site %d): migrating it: %w", ErrIncompatibleState, f.function, f.pos, f.key, err)})
		}
		if frame != nil {
			return frame, ""
		}
		why = "its hook has not moved it, and " + why
	}
	if from != nil && from.To != 0 && !stays {
		to := f.target(from)
		frame, reason := d.move(f, to, from.Live, nil)
		if name := f.unfinished(to, from.Live); frame != nil && name != "" {
			frame, reason = nil, fmt.Sprintf("the state has %s, which is not needed at %s", name, to.pos)
		}
		if frame != nil {
			return frame, ""
		}
		why = reason
	}
	if f.old == nil {
		d.incompatible("function %s, suspended at %s (site %d): the function has changed since (fingerprint %016x, here %016x), and it cannot move: %s",
			f.function, f.pos, f.key, f.fingerprint, f.frame.fingerprint, why)
	}
	var surplus []string
	for _, name := range f.names {
		if !slices.ContainsFunc(f.old.live, func(x field) bool { return x.name == name }) {
			surplus = append(surplus, name)
		}
	}
	frame, reason := d.move(f, f.old, nil, nil)
	if len(surplus) > 0 {
		frame, reason = nil, "the state has "+difference(surplus, nil)
	}
	if frame == nil {
		d.incompatible("function %s, suspended at %s (site %d): the live variables differ: %s", f.function, f.pos, f.key, reason)
	}
	return frame, why
}

// unfinished returns what the state has of an unfinished statement, or of deferred calls, that is
// not kept at a site. It may be that something else has its part there: a range counts in a
// variable of its own if its body changes the user's.
func (f *looseFrame) unfinished(to *siteType, names []string) string {
	if to == nil {
		return ""
	}
	for _, name := range f.names {
		if name[0] != '#' || name == "#" || slices.Contains(names, name) {
			continue
		}
		if names != nil || !slices.ContainsFunc(to.live, func(x field) bool { return x.name == name }) {
			return name
		}
	}
	return ""
}

// target returns the site of the current version that is the same as an old one, or nil.
func (m *moves) target(from *OldSite) *siteType {
	if from == nil || from.To == 0 {
		return nil
	}
	if from.To == Exit {
		return m.frame.byKey[0]
	}
	return m.frame.byKey[from.To]
}

// move returns a loose frame as one of a site, or says why it cannot be one. The site's
// variables are called names in the loose frame, or as they are; those that are given have
// other values.
func (d *decoder) move(f *looseFrame, to *siteType, names []string, given map[string]reflect.Value) (frame any, why string) {
	if to == nil {
		return nil, "what it calls there does not suspend any more"
	}
	t := to.frame
	d.charge(1, t.plan.size)
	p := reflect.New(t.typ).UnsafePointer()
	*(*int)(p) = to.index
	for i := range to.live {
		fd := &to.live[i]
		dst := reflect.NewAt(fd.p.typ, unsafe.Add(p, fd.off)).Elem()
		if v, ok := given[fd.name]; ok {
			dst.Set(v)
			continue
		}
		name := fd.name
		if i < len(names) {
			name = names[i]
		}
		j := slices.Index(f.names, name)
		if j < 0 {
			return nil, fmt.Sprintf("the state has no %s, which is needed at %s", name, to.pos)
		}
		v := f.values[j]
		switch {
		case v.p.typ == fd.p.typ:
			dst.Set(reflect.NewAt(v.p.typ, v.mem).Elem())
		case name == "#" && v.p.op == opPointer && v.p.elem.rec != nil && fd.p.op == opPointer && fd.p.elem.rec != nil:
			record, missing := d.recordAs(v.p.elem, *(*unsafe.Pointer)(v.mem), fd.p.elem)
			if missing != nil {
				return nil, fmt.Sprintf("it has captured no %s of type %v", missing.name, missing.p.typ)
			}
			*(*unsafe.Pointer)(unsafe.Add(p, fd.off)) = record
		default:
			return nil, fmt.Sprintf("the type of %s is %v in the state, %v here", name, v.p.typ, fd.p.typ)
		}
	}
	*(*eface)(unsafe.Pointer(&frame)) = eface{t.word, p}
	return frame, ""
}

// sitesNamed lists the names of sites for people.
func sitesNamed(calls []string) string {
	var list []string
	for _, c := range calls {
		if c != "" {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
