package runtime

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

type loadedShape struct {
	site  *siteType
	live  []field
	first int  // types of the live fields, in d.params
	same  bool // byte for byte the description of the site
	loose *looseShape
}

func (d *decoder) readShapes() {
	for range d.count(12) {
		name := d.name()
		if s := sameSite(d.reg, name, d.b[d.i:]); s != nil {
			d.i += len(s.desc)
			d.shapes = append(d.shapes, loadedShape{site: s, live: s.live, same: true})
			continue
		}
		fingerprint := d.fixed64()
		if len(d.reg.migrations) > 0 {
			if m := d.reg.movesOf(string(name), fingerprint); m != nil {
				d.readLooseShape(m, string(name), fingerprint)
				continue
			}
		}
		key := d.int()
		pos := d.pos()
		s := d.findSite(name, fingerprint, key, pos)
		shape := loadedShape{site: s, live: s.live, first: len(d.params)}
		n := d.count(2)
		same := n == len(s.live)
		var names []string
		for i := range n {
			field := d.str()
			if same && string(field) != s.live[i].name {
				same = false
				names = make([]string, i, n)
				for j := range i {
					names[j] = s.live[j].name
				}
			}
			if !same {
				names = append(names, string(field))
			}
			d.params = append(d.params, d.uvarint())
		}
		if !same {
			shape.live = d.liveByName(s, names, n)
		}
		d.shapes = append(d.shapes, shape)
	}
}

// sameSite returns the site of the function of a name whose description b begins with, if
// that is one whose types all have fixed numbers and there is no difference at all.
func sameSite(r *registry, name, b []byte) *siteType {
	for _, f := range r.frameNames[string(name)] {
		if len(b) < 10 || f.fingerprint != binary.LittleEndian.Uint64(b) || f.moves != nil {
			continue
		}
		key, _ := binary.Uvarint(b[8:])
		if s := f.byKey[int(min(key, math.MaxInt32))]; s != nil && s.basic && len(b) >= len(s.desc) && string(b[:len(s.desc)]) == string(s.desc) {
			return s
		}
	}
	return nil
}

// pos reads a position in the source.
func (d *decoder) pos() string {
	file, line, column := string(d.str()), d.uvarint(), uint64(0)
	if line > 0 {
		column = d.uvarint()
	}
	return joinPos(file, line, column)
}

func (d *decoder) findSite(name []byte, fingerprint uint64, key int, pos string) *siteType {
	var found *frameType
	versions := d.reg.frameNames[string(name)]
	for _, f := range versions {
		if f.fingerprint == fingerprint {
			found = f
		}
	}
	switch {
	case len(versions) == 0:
		d.incompatible("function %s, suspended at %s: this program has no such function that may be suspended, and the version was not frozen", name, pos)
	case found == nil:
		d.incompatible("function %s, suspended at %s (site %d): the function has changed since (fingerprint %016x, here %016x), and the version was not frozen", name, pos, key, fingerprint, versions[0].fingerprint)
	case found.byKey[key] == nil:
		d.incompatible("function %s, suspended at %s: what it called there, call %d of its source, does not suspend any more", name, pos, key)
	}
	return found.byKey[key]
}

// liveByName returns the fields in the order in which they were saved.
func (d *decoder) liveByName(s *siteType, names []string, n int) []field {
	if len(names) < n { // the names are a beginning of the registered ones
		names = nil
		for i := range n {
			names = append(names, s.live[i].name)
		}
	}
	var live []field
	var surplus, missing []string
	for _, name := range names {
		i := slices.IndexFunc(s.live, func(f field) bool { return f.name == name })
		if i < 0 || slices.ContainsFunc(live, func(f field) bool { return f.name == name }) {
			surplus = append(surplus, name)
			continue
		}
		live = append(live, s.live[i])
	}
	for _, f := range s.live {
		if !slices.Contains(names, f.name) {
			missing = append(missing, f.name)
		}
	}
	if len(surplus) > 0 || len(missing) > 0 {
		d.incompatible("function %s, suspended at %s (site %d): the live variables differ: the state has %s", s.frame.name, s.pos, s.key, difference(surplus, missing))
	}
	return live
}

func difference(surplus, missing []string) string {
	var parts []string
	if len(surplus) > 0 {
		parts = append(parts, strings.Join(surplus, ", ")+" too many")
	}
	if len(missing) > 0 {
		parts = append(parts, "no "+strings.Join(missing, ", "))
	}
	return strings.Join(parts, " and ")
}

// checkShapes compares the types of the live variables, once all types are known.
func (d *decoder) checkShapes() {
	for i := range d.shapes {
		s := &d.shapes[i]
		if s.same {
			continue
		}
		if s.loose != nil {
			d.checkLooseShape(s)
			continue
		}
		for j, f := range s.live {
			if d.params[s.first+j] == typeSelf && isSelf(s.site.frame, f.p) {
				continue
			}
			if why := d.match(d.params[s.first+j], f.p); why != "" {
				d.incompatible("function %s, suspended at %s (site %d): the type of %s differs: %s", s.site.frame.name, s.site.pos, s.site.key, f.name, why)
			}
		}
	}
}

func (d *decoder) frame() any {
	frame := d.oneFrame()
	d.drain()
	d.site, d.live = nil, nil
	return frame
}

func (d *decoder) oneFrame() any {
	k := d.uvarint()
	if k >= uint64(len(d.shapes)) {
		d.fail("no shape %d", k)
	}
	s := &d.shapes[k]
	if s.loose != nil {
		return d.looseFrame(s.loose)
	}
	t := s.site.frame
	d.charge(1, t.plan.size)
	p := reflect.New(t.typ).UnsafePointer()
	*(*int)(p) = s.site.index
	for i := range s.live {
		f := &s.live[i]
		d.site, d.live = s.site, f
		d.value(f.p, unsafe.Add(p, f.off))
	}
	var frame any
	*(*eface)(unsafe.Pointer(&frame)) = eface{t.word, p}
	return frame
}
