package runtime

import "reflect"

// RegisterResumption says what goes on from the frames F of the current version of a function
// that has older ones: see [RegisterFrozenFrame].
func RegisterResumption[F any](resume any) {
	typ := reflect.TypeFor[F]()
	pending.add(func(p *registrations) { p.onward[typ] = resume })
}

// OtherVersion returns what goes on from the frame that comes next, if that is one of another
// version of the function than the one whose frames are of type F. S is the type of that: a func
// with the parameters of the function behind a coroutine. If the other version has other
// parameters, it is given zero values: it takes everything from its frame. It panics with an error
// that wraps [ErrIncompatibleState] if it has other results.
func OtherVersion[F, S any](c *Coroutine) (resume S, ok bool) {
	n := len(c.frames) - 1
	if n < 0 || c.mode != resuming {
		return resume, false
	}
	word := typeWord(c.frames[n])
	own := typeWord((*F)(nil))
	if word == own {
		return resume, false
	}
	r := loadRegistry()
	f := r.frames[word]
	if f == nil || !f.versionOf(r.frames[own]) {
		return resume, false
	}
	next := f.resume
	if next == nil {
		next = f.onward
	}
	if next == nil {
		return resume, false
	}
	if resume, ok = next.(S); ok {
		return resume, true
	}
	from, to := reflect.ValueOf(next), reflect.TypeFor[S]()
	if !sameResults(from.Type(), to) {
		panic(f.otherResults(from.Type(), to))
	}
	resume, ok = reflect.MakeFunc(to, func(args []reflect.Value) []reflect.Value {
		in := []reflect.Value{args[0]}
		for i := 1; i < from.Type().NumIn(); i++ {
			in = append(in, reflect.Zero(from.Type().In(i)))
		}
		if from.Type().IsVariadic() {
			return from.CallSlice(in)
		}
		return from.Call(in)
	}).Interface().(S)
	return resume, ok
}

// versionOf reports whether two frames are of versions of one function. A version without frames
// is nil.
func (f *frameType) versionOf(own *frameType) bool {
	leadsTo := func(a, b *frameType) bool { return a.moves != nil && a.moves.name == b.name }
	return own == nil || f.name == own.name || leadsTo(f, own) || leadsTo(own, f)
}

func sameResults(a, b reflect.Type) bool {
	if a.NumOut() != b.NumOut() {
		return false
	}
	for i := range a.NumOut() {
		if a.Out(i) != b.Out(i) {
			return false
		}
	}
	return true
}

func (f *frameType) otherResults(was, now reflect.Type) error {
	return incompatiblef("function %s, suspended in its version %016x: that is a %v, and what calls it here calls a %v", f.name, f.fingerprint, signature(was), signature(now))
}

// signature returns the type of a function without its coroutine.
func signature(t reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	return reflect.FuncOf(in, out, t.IsVariadic())
}

// checkCallers holds that functions that go on in an older version are called for the results
// that they had there: what calls them may be the same as ever, and ignore them.
func (d *decoder) checkCallers() {
	if !d.reg.frozen {
		return
	}
	d.checkCallersOf(d.frames)
	for _, c := range d.coroutines {
		d.checkCallersOf(c.frames)
	}
}

func (d *decoder) checkCallersOf(frames []any) {
	for i := 1; i < len(frames); i++ {
		f, caller := d.reg.frames[typeWord(frames[i-1])], d.reg.frames[typeWord(frames[i])]
		if f.resume == nil || caller.resume != nil {
			continue // a frozen version may call one of the same age
		}
		for _, now := range d.reg.frameNames[f.name] {
			if now.onward == nil || now.literal {
				continue
			}
			if was, is := reflect.TypeOf(f.resume), reflect.TypeOf(now.onward); !sameResults(was, is) {
				panic(decodeError{f.otherResults(was, is)})
			}
		}
	}
}

// oldFunc returns the frozen version of a declared function, of a type unless that is nil, that a
// func value is of which the program has no current one: nil if there is none, or several.
func (r *registry) oldFunc(name string, typ reflect.Type) *recordType {
	var found *recordType
	for _, old := range r.oldFuncs[name] {
		if typ != nil && !sameFunc(old.fn, typ) {
			continue
		}
		if found != nil {
			return nil
		}
		found = old
	}
	return found
}
