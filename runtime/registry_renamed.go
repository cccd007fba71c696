package runtime

import (
	"strconv"
	"strings"
)

// RegisterRenamed says that what states call old is what the program now calls name: a function,
// "import/path.f" or "import/path.(*T).M", with the literals in it; a type or variable,
// "import/path.T", with its methods; or a package, "import/path".
func RegisterRenamed(old, name string) {
	pending.add(func(p *registrations) {
		set := func(old, name string) {
			if was, ok := p.renamed[old]; ok && was != name {
				p.conflict("%s is registered as the old name of %s and of %s", old, was, name)
			}
			p.renamed[old] = name
		}
		set(old, name)
		// A method with a pointer as its receiver.
		if i, j := strings.LastIndexByte(old, '.'), strings.LastIndexByte(name, '.'); i > strings.LastIndexByte(old, '/') && j > strings.LastIndexByte(name, '/') && old[i-1] != ')' {
			set(old[:i+1]+"(*"+old[i+1:]+")", name[:j+1]+"(*"+name[j+1:]+")")
		}
	})
}

// Renamed returns what a program calls the function, type, variable or package that a state calls
// by a name; names has new names by old ones, as [RegisterRenamed] is given them. The type
// arguments of an instance may have been renamed too.
func Renamed(names map[string]string, name string) string {
	if i := strings.IndexByte(name, '['); i >= 0 {
		return Renamed(names, name[:i]) + RenamedIn(names, name[i:])
	}
	for i := len(name); i > 0; i-- {
		if i < len(name) && strings.IndexByte(".@#", name[i]) < 0 {
			continue
		}
		if now, ok := names[name[:i]]; ok {
			return now + name[i:]
		}
	}
	return name
}

// RenamedIn is [Renamed] for each type that is mentioned in the text of one.
func RenamedIn(names map[string]string, text string) string {
	return eachName(text, func(name, rest string) string {
		if i := strings.LastIndexByte(name, '.'); i >= 0 && strings.HasPrefix(rest, "(") {
			return Renamed(names, name[:i]) + name[i:] // a method of a package
		}
		return Renamed(names, name)
	})
}

// eachName replaces the names in the text of a type.
func eachName(text string, do func(name, rest string) string) string {
	const delimiters = "[](){},;* "
	var b strings.Builder
	for text != "" {
		n := 1
		switch {
		case text[0] == '"':
			if q, err := strconv.QuotedPrefix(text); err == nil {
				n = len(q) // the tag of a field
			}
			b.WriteString(text[:n])
		case strings.IndexByte(delimiters, text[0]) >= 0:
			b.WriteByte(text[0])
		default:
			if n = strings.IndexAny(text, delimiters+`"`); n < 0 {
				n = len(text)
			}
			name := strings.TrimLeft(text[:n], ".") // of a variadic parameter
			b.WriteString(text[:n-len(name)])
			b.WriteString(do(name, text[n:]))
		}
		text = text[n:]
	}
	return b.String()
}
