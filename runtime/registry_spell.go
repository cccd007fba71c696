package runtime

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// spelling knows how states write the names of types, which is not as reflection has
// them in one binary or the other: package main goes by its import path, as it does in
// the binary of its tests, and a type that was declared in a function by that function's
// name and a hash of what it is, since the one that it has at package level depends on what else
// is there.
type spelling struct {
	main, local string            // package main, in states and for reflection
	types       map[string]string // by the name that reflection gives, without type arguments
}

// RegisterMain makes the import path of package main known, which T is declared in.
func RegisterMain[T any](path string) {
	local := reflect.TypeFor[T]().PkgPath()
	pending.addName(func(p *registrations) {
		if p.spelling.main != "" && p.spelling.main != path {
			p.conflict("package main is registered as %s and as %s", p.spelling.main, path)
		}
		p.spelling.main, p.spelling.local = path, local
	})
}

// learn notes the name that states have for a type of which reflection knows another.
func (s *spelling) learn(typ reflect.Type, name string) {
	base, _, _ := strings.Cut(typ.Name(), "[")
	if base = typ.PkgPath() + "." + base; base != name {
		s.types[base] = name
	}
}

// pkg returns what states call a package that reflection calls path.
func (s *spelling) pkg(path string) string {
	if path == s.local && path != "" {
		return s.main
	}
	return path
}

// localPkg is the opposite of pkg.
func (s *spelling) localPkg(path string) string {
	if path == s.main && path != "" {
		return s.local
	}
	return path
}

// name returns the name of a named type, with its type arguments.
func (s *spelling) name(t reflect.Type) string {
	base, args := t.Name(), ""
	if i := strings.IndexByte(base, '['); i >= 0 {
		base, args = base[:i], base[i:]
	}
	if name, ok := s.types[t.PkgPath()+"."+base]; ok {
		return name + s.instance(args)
	}
	return s.pkg(t.PkgPath()) + "." + base + s.instance(args)
}

// field returns the name of a field. That of a frame or record has it in a tag, if it is not
// what its own name is; an embedded one is called like its type.
func (s *spelling) field(f reflect.StructField) string {
	if name, ok := f.Tag.Lookup(nameTag); ok {
		return name
	}
	typ := f.Type
	if typ.Kind() == reflect.Pointer && typ.Name() == "" {
		typ = typ.Elem()
	}
	if base, _, _ := strings.Cut(typ.Name(), "["); f.Anonymous && base == f.Name {
		if name, ok := s.types[typ.PkgPath()+"."+base]; ok {
			name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '.')+1:], "@")
			return name
		}
	}
	return f.Name
}

// instance returns the name of an instance whose type arguments, from the first bracket on,
// are written as reflection has them.
func (s *spelling) instance(name string) string {
	i := strings.IndexByte(name, '[')
	if i < 0 {
		return name
	}
	return name[:i] + eachName(name[i:], func(name, _ string) string { return s.argument(name) })
}

// argument returns what states call a type that reflection mentions in another one's name.
func (s *spelling) argument(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if spelled, ok := s.types[name]; ok {
		return spelled
	}
	if rest, ok := strings.CutPrefix(name, s.local+"."); ok && s.local != "" {
		return s.main + "." + rest
	}
	return name
}

// text returns how a type is written, as Go does it but with import paths.
func (s *spelling) text(t reflect.Type) string {
	switch {
	case t.PkgPath() != "":
		return s.name(t)
	case t.Name() != "":
		return t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + s.text(t.Elem())
	case reflect.Slice:
		return "[]" + s.text(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), s.text(t.Elem()))
	case reflect.Map:
		return "map[" + s.text(t.Key()) + "]" + s.text(t.Elem())
	case reflect.Chan:
		return t.ChanDir().String() + " (" + s.text(t.Elem()) + ")"
	case reflect.Func:
		return "func" + s.signature(t)
	case reflect.Struct:
		var fields []string
		for i := range t.NumField() {
			f := t.Field(i)
			text := s.field(f) + " " + s.text(f.Type)
			if f.Anonymous {
				text = "embedded " + text
			}
			if f.PkgPath != "" {
				text = s.pkg(f.PkgPath) + "." + text
			}
			if f.Tag != "" {
				text += " " + strconv.Quote(string(f.Tag))
			}
			fields = append(fields, text)
		}
		return "struct { " + strings.Join(fields, "; ") + " }"
	case reflect.Interface:
		var methods []string
		for i := range t.NumMethod() {
			m := t.Method(i)
			text := m.Name + s.signature(m.Type)
			if m.PkgPath != "" {
				text = s.pkg(m.PkgPath) + "." + text
			}
			methods = append(methods, text)
		}
		return "interface { " + strings.Join(methods, "; ") + " }"
	}
	return t.String()
}

func (s *spelling) signature(t reflect.Type) string {
	var in, out []string
	for i := range t.NumIn() {
		p := t.In(i)
		if t.IsVariadic() && i == t.NumIn()-1 {
			in = append(in, "..."+s.text(p.Elem()))
		} else {
			in = append(in, s.text(p))
		}
	}
	for i := range t.NumOut() {
		out = append(out, s.text(t.Out(i)))
	}
	text := "(" + strings.Join(in, ", ") + ")"
	switch len(out) {
	case 0:
		return text
	case 1:
		return text + " " + out[0]
	}
	return text + " (" + strings.Join(out, ", ") + ")"
}
