package runtime

import "strings"

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

// nowCalled returns the name that the program has for what a state calls by another one.
func (r *registry) nowCalled(name []byte) []byte {
	if now, ok := r.renamed[string(name)]; ok {
		return []byte(now)
	}
	for i := len(name) - 1; i > 0; i-- {
		if c := name[i]; c == '.' || c == '[' || c == '@' || c == '#' {
			if now, ok := r.renamed[string(name[:i])]; ok {
				return append([]byte(now), name[i:]...)
			}
		}
	}
	return name
}
