package runtime

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Migration is a frame that was saved in an older version of a function, on its way to the
// function as it is now. The function's hook, which "//coroc:migrate hook" above it names, is
// called with it while a state is loaded, in no coroutine:
//
//	func hook(m *coroutine.Migration) error
//
// It reads the old variables, gives those of the new version other values, and says where that
// goes on. A hook that returns nil without a call of Resume leaves the frame to what would
// happen to it without the hook. An error makes the state an incompatible one. The
// hook must not have effects: states are also loaded to find out whether they can be.
//
// A variable that func literals share is seen as what it holds. A Migration is valid until the
// hook returns.
type Migration struct {
	f    *looseFrame
	from *OldSite

	given  map[string]any
	to     *siteType
	failed error
}

// Function returns what states call the function: import/path.name, with .func1 for its first
// literal.
func (m *Migration) Function() string { return m.f.function }

// Version returns the fingerprint of the version that the frame is of, as the name of its file
// below _frozen ends with it.
func (m *Migration) Version() string { return fmt.Sprintf("%016x", m.f.fingerprint) }

// Site returns what the old version called there, as its source had it: "charge.Await", and
// "charge.Await#2" for the second of these. It is "" if the version was not frozen, and
// "return" while deferred calls ran.
func (m *Migration) Site() string {
	if m.from == nil {
		return ""
	}
	return m.from.Call
}

// Position returns where the old version was suspended, file:line:column.
func (m *Migration) Position() string { return m.f.pos }

// Names returns the names of the variables in the frame, sorted: the second x of a function is
// x#2, and what begins with # is the value of an unfinished expression or statement.
func (m *Migration) Names() []string { return slices.Sorted(slices.Values(m.f.names)) }

// Get sets *v to the value of a variable. v is a pointer to a variable of the same type.
func (m *Migration) Get(name string, v any) error {
	i := slices.Index(m.f.names, name)
	if i < 0 {
		return fmt.Errorf("there is no variable %s in the frame, which has %s", name, strings.Join(m.Names(), ", "))
	}
	dst := reflect.ValueOf(v)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return fmt.Errorf("the value of %s goes to a pointer, not to a %T", name, v)
	}
	src := reflect.NewAt(m.f.values[i].p.typ, m.f.values[i].mem).Elem()
	switch typ := dst.Type().Elem(); {
	case src.Type() == typ:
		dst.Elem().Set(src)
	case src.Kind() == reflect.Pointer && src.Type().Elem() == typ && !src.IsNil():
		dst.Elem().Set(src.Elem())
	default:
		return fmt.Errorf("the variable %s has type %v, not %v", name, src.Type(), typ)
	}
	return nil
}

// Set gives a variable of the current version, as it is named by [Migration.Names], a value. The
// others keep what they had. A value of another type than the variable's makes the state an
// incompatible one, and so does a variable that the site does not keep.
func (m *Migration) Set(name string, v any) {
	if m.given == nil {
		m.given = map[string]any{}
	}
	m.given[name] = v
}

// Resume says at which site the current version goes on, by what that calls: see
// [Migration.Site]. The call there returns what the old one is going to return.
func (m *Migration) Resume(site string) {
	if i := slices.Index(m.f.Calls, site); i >= 0 && site != "" {
		m.to = m.f.frame.sites[i]
		return
	}
	m.fail(fmt.Errorf("there is no site %q: the sites of %s are %s", site, m.f.name, sitesNamed(m.f.Calls)))
}

func (m *Migration) fail(err error) {
	if m.failed == nil {
		m.failed = err
	}
}

// migrate calls the hook; the frame is nil if it has nothing to say.
func (d *decoder) migrate(f *looseFrame, from *OldSite) (frame any, err error) {
	m := &Migration{f: f, from: from}
	defer func() {
		if v := recover(); v != nil {
			frame, err = nil, fmt.Errorf("its hook panicked: %v", v)
		}
		m.f = &looseFrame{looseShape: &looseShape{moves: &moves{migrations: &migrations{}}}}
	}()
	if err := errors.Join(f.Hook(m), m.failed); err != nil {
		return nil, err
	}
	if m.to == nil {
		return nil, nil
	}
	given := map[string]reflect.Value{}
	for name, v := range m.given {
		i := slices.IndexFunc(m.to.live, func(x field) bool { return x.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no variable %s at %s to be set", name, m.to.pos)
		}
		if given[name], err = variableOf(m.to.live[i].p.typ, v); err != nil {
			return nil, fmt.Errorf("the variable %s %w", name, err)
		}
	}
	if v := f.defers(); v != nil {
		if _, keeps := m.to.liveNamed("#defers"); !keeps && v.isPending() {
			return nil, fmt.Errorf("calls have been deferred in the frame, and %s has no deferred calls", f.name)
		}
	} else if x, keeps := m.to.liveNamed("#defers"); keeps {
		given[x.name] = reflect.ValueOf(&Defers{})
	}
	var names []string
	if m.to == f.target(from) {
		names = from.Live
	}
	frame, why := d.move(f, m.to, names, given)
	if frame == nil {
		return nil, errors.New(why)
	}
	return frame, nil
}

// defers returns the deferred calls of a frame, or nil if it can have none.
func (f *looseFrame) defers() *Defers {
	if i := slices.Index(f.names, "#defers"); i >= 0 {
		if v, ok := reflect.NewAt(f.values[i].p.typ, f.values[i].mem).Elem().Interface().(*Defers); ok {
			return v
		}
	}
	return nil
}

// isPending reports whether calls have yet to run or to end.
func (d *Defers) isPending() bool {
	return len(d.pending) > 0 || d.current != nil || d.panicking || d.exiting
}

func (s *siteType) liveNamed(name string) (field, bool) {
	for _, x := range s.live {
		if x.name == name {
			return x, true
		}
	}
	return field{}, false
}

// variableOf returns a value as that of a variable of a type, or of one that is in a box.
func variableOf(typ reflect.Type, v any) (reflect.Value, error) {
	x := reflect.ValueOf(v)
	switch {
	case v == nil:
		switch typ.Kind() {
		case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map, reflect.Chan, reflect.Func:
			return reflect.Zero(typ), nil
		}
	case x.Type().AssignableTo(typ):
		return x, nil
	case typ.Kind() == reflect.Pointer && x.Type().AssignableTo(typ.Elem()):
		box := reflect.New(typ.Elem())
		box.Elem().Set(x)
		return box, nil
	}
	return reflect.Value{}, fmt.Errorf("has type %v, and is set to a %T", typ, v)
}
