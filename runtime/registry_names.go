package runtime

import (
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
)

// nameTable knows the named types that a state may mention: the registered ones,
// and those that values of registered frames, records, types and variables can
// contain, which go by "import/path.Name".
type nameTable struct {
	reg        *registry
	registered map[string]reflect.Type
	names      map[reflect.Type]string
	spelling   spelling

	learned atomic.Uint64 // how often something has been learned

	mu         sync.RWMutex
	known      map[reflect.Type]bool
	found      map[string][]reflect.Type // by the name that they go by
	interfaces map[string]reflect.Type   // unnamed interface types, which reflect cannot compose
	structs    map[string][]reflect.Type // unnamed struct types with embedded fields: nor these, by their fields' names
}

func (t *nameTable) init(r *registry, p *registrations) {
	t.reg = r
	t.registered, t.names = map[string]reflect.Type{}, map[reflect.Type]string{}
	t.spelling = p.spelling
	t.spelling.types = maps.Clone(p.spelling.types)
	for n, typ := range p.types {
		if typ.Name() != "" {
			t.registered[n], t.names[typ] = typ, n
		}
	}
	t.known = map[reflect.Type]bool{}
	t.found = map[string][]reflect.Type{}
	t.interfaces = map[string]reflect.Type{}
	t.structs = map[string][]reflect.Type{}
}

// learn adds the types that values of typ can contain.
func (t *nameTable) learn(typ reflect.Type) {
	t.mu.RLock()
	known := t.known[typ]
	t.mu.RUnlock()
	if known {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.learned.Add(1) // before anybody can see what
	queue := []reflect.Type{typ}
	for len(queue) > 0 {
		typ := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if t.known[typ] {
			continue
		}
		t.known[typ] = true
		if typ.PkgPath() != "" {
			name := t.spelling.name(typ)
			t.found[name] = append(t.found[name], typ)
		} else if typ.Kind() == reflect.Interface && typ.Name() == "" {
			t.interfaces[t.spelling.text(typ)] = typ
		} else if typ.Kind() == reflect.Struct && embeds(typ) {
			key := fieldNames(t.structFields(typ))
			t.structs[key] = append(t.structs[key], typ)
		}
		if t.reg.codecs[typ] != nil || typ == coroutineType {
			continue
		}
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
			queue = append(queue, typ.Elem())
		case reflect.Map:
			queue = append(queue, typ.Key(), typ.Elem())
		case reflect.Func:
			for i := range typ.NumIn() {
				queue = append(queue, typ.In(i))
			}
			for i := range typ.NumOut() {
				queue = append(queue, typ.Out(i))
			}
		case reflect.Struct:
			if c := codecOf(typ); c != nil {
				for _, f := range c.fields {
					queue = append(queue, f.typ)
				}
			} else if opaque(typ) == "" {
				for i := range typ.NumField() {
					queue = append(queue, typ.Field(i).Type)
				}
			}
		}
	}
}

// nameOf returns the name under which a state mentions a named type, or says why
// it cannot.
func (t *nameTable) nameOf(typ reflect.Type) (name, why string) {
	if n, ok := t.names[typ]; ok {
		return n, ""
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !t.known[typ] {
		if why := opaque(typ); why != "" {
			return "", t.spelling.name(typ) + ": " + why
		}
		if !exported(typ.Name()) && standard(typ.PkgPath()) {
			return "", t.spelling.name(typ) + ": " + whyOpaque
		}
		return "", "type " + t.spelling.name(typ) + " is not registered: mention it in code that coroc compiles"
	}
	name = t.spelling.name(typ)
	if _, ok := t.registered[name]; ok || len(t.found[name]) > 1 {
		return "", "several types are called " + name
	}
	return name, ""
}

// description is how states describe a type: that is kept, since it takes long to find out.
type description struct {
	learned uint64 // what was known by then
	name    string // of a named type
	text    string // of an unnamed interface type
	why     string // why it cannot be described, but for its parts
	parts   string // why it cannot be described with its parts
}

// describing returns how states describe the type of p.
func (t *nameTable) describing(p *plan) *description {
	learned := t.learned.Load()
	if d := p.description.Load(); d != nil && d.learned == learned {
		return d
	}
	d := &description{learned: learned, parts: t.savable(p.typ)}
	switch {
	case p.typ.PkgPath() != "":
		d.name, d.why = t.nameOf(p.typ)
	case p.op == opInterface:
		d.text = t.spelling.text(p.typ)
		if t.unnamedInterface(d.text) != p.typ {
			d.why = "this interface type is not registered"
		}
	}
	p.description.Store(d)
	return d
}

// named returns the type of a name.
func (t *nameTable) named(name []byte) reflect.Type {
	if typ, ok := t.registered[string(name)]; ok {
		return typ
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if l := t.found[string(name)]; len(l) == 1 {
		return l[0]
	}
	return nil
}

// unnamedInterface returns the unnamed interface type that is written as s.
func (t *nameTable) unnamedInterface(s string) reflect.Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.interfaces[s]
}

// embeds reports whether a struct type has embedded fields, which reflect cannot
// make, or not with their methods.
func embeds(typ reflect.Type) bool {
	for i := range typ.NumField() {
		if typ.Field(i).Anonymous {
			return true
		}
	}
	return false
}

// structFields returns the fields of a struct type, as states call them.
func (t *nameTable) structFields(typ reflect.Type) []reflect.StructField {
	fields := make([]reflect.StructField, typ.NumField())
	for i := range fields {
		fields[i] = typ.Field(i)
		fields[i].Name = t.spelling.field(fields[i])
	}
	return fields
}

func fieldNames(fields []reflect.StructField) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Name)
		b.WriteByte(' ')
	}
	return b.String()
}

// unnamedStruct returns the unnamed struct type with embedded fields that consists
// of these.
func (t *nameTable) unnamedStruct(fields []reflect.StructField) reflect.Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, typ := range t.structs[fieldNames(fields)] {
		same := true
		for i := range fields {
			f, g := &fields[i], typ.Field(i)
			same = same && f.Type == g.Type && f.Anonymous == g.Anonymous && f.PkgPath == g.PkgPath && f.Tag == g.Tag
		}
		if same {
			return typ
		}
	}
	return nil
}

// savable says why a type cannot be described in a state, or returns "".
func (t *nameTable) savable(typ reflect.Type) string {
	for {
		if basicNumbers[typ] != 0 {
			return ""
		}
		if typ.PkgPath() != "" {
			_, why := t.nameOf(typ)
			return why
		}
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
			typ = typ.Elem()
		case reflect.Map:
			if why := t.savable(typ.Key()); why != "" {
				return why
			}
			typ = typ.Elem()
		case reflect.Func:
			for i := range typ.NumIn() {
				if why := t.savable(typ.In(i)); why != "" {
					return why
				}
			}
			for i := range typ.NumOut() {
				if why := t.savable(typ.Out(i)); why != "" {
					return why
				}
			}
			return ""
		case reflect.Struct:
			if embeds(typ) && t.unnamedStruct(t.structFields(typ)) == nil {
				return "struct type " + typ.String() + " is not registered"
			}
			for i := range typ.NumField() {
				if why := t.savable(typ.Field(i).Type); why != "" {
					return why
				}
			}
			return ""
		case reflect.Interface:
			if typ.NumMethod() > 0 && typ.Name() == "" && t.unnamedInterface(t.spelling.text(typ)) != typ {
				return "interface type " + typ.String() + " is not registered"
			}
			return ""
		default:
			return ""
		}
	}
}
