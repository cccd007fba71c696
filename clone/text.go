package clone

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coroc-dev/coroc/typecheck"
)

// write makes the files of a search: one for each package that is cloned from.
func (s *search) write() *refusal {
	byPath := map[string][]*unit{}
	for _, u := range s.units {
		byPath[u.lib.Path] = append(byPath[u.lib.Path], u)
	}
	s.files = nil
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		units := byPath[path]
		slices.SortFunc(units, func(a, b *unit) int {
			return cmp.Or(strings.Compare(a.decl.file.Name, b.decl.file.Name), cmp.Compare(a.obj.Pos(), b.obj.Pos()), cmp.Compare(a.name, b.name))
		})
		w := &writer{search: s, lib: units[0].lib, imports: map[string]string{}, idents: map[string]bool{}}
		f, err := w.file(units)
		if err != nil {
			return err
		}
		s.files = append(s.files, f)
	}
	return nil
}

// A writer writes one file.
type writer struct {
	*search
	lib     *library
	imports map[string]string // path → name
	idents  map[string]bool   // of all declarations in the file
}

func (w *writer) file(units []*unit) (*typecheck.File, *refusal) {
	for _, u := range units {
		maps.Copy(w.idents, u.idents)
	}
	var body bytes.Buffer
	var origins []string
	for _, u := range units {
		if !slices.Contains(origins, u.decl.file.Name) {
			origins = append(origins, u.decl.file.Name)
		}
		pos := w.c.mod.Fset.PositionFor(w.start(u), false)
		// The line is that of the empty line behind the directive, so that this
		// does not become a comment of the declaration.
		fmt.Fprintf(&body, "//line %s:%d:1\n\n%s\n\n", pos.Filename, pos.Line-1, w.decl(u))
	}
	var text bytes.Buffer
	if v := w.lib.GoVersion; v != "" && before(v, "go1.22") {
		// Loop variables are those of the whole loop.
		text.WriteString("//go:build go1.21\n\n")
	}
	fmt.Fprintf(&text, "package %s\n\n", w.t.name)
	for _, path := range slices.Sorted(maps.Keys(w.imports)) {
		fmt.Fprintf(&text, "import %s %q\n", w.imports[path], path)
	}
	fmt.Fprintf(&text, "\n%s", body.Bytes())
	name := w.t.fileName(w.lib.Path)
	syntax, err := parser.ParseFile(w.c.mod.Fset, name, text.Bytes(), parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, refuse(token.NoPos, "the clone does not parse: %v", err)
	}
	return &typecheck.File{
		Name: name, Syntax: syntax, Source: text.Bytes(), Test: w.t.test,
		Library: w.lib.Path, Origins: origins,
	}, nil
}

// before compares two language versions.
func before(a, b string) bool {
	var x, y int
	fmt.Sscanf(a, "go1.%d", &x)
	fmt.Sscanf(b, "go1.%d", &y)
	return x < y
}

func (w *writer) start(u *unit) token.Pos {
	if fd, ok := u.decl.node.(*ast.FuncDecl); ok {
		return fd.Type.Func
	}
	return u.decl.node.Pos()
}

// importName returns the name by which the file imports a package.
func (w *writer) importName(path string) string {
	if name := w.imports[path]; name != "" {
		return name
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	if p, err := w.t.packages[0].Importer.Import(path); err == nil {
		name = p.Name()
	}
	name = free(name, func(n string) bool {
		for _, used := range w.imports {
			if used == n {
				return true
			}
		}
		return w.idents[n] || w.taken(n) || types.Universe.Lookup(n) != nil
	})
	w.imports[path] = name
	return name
}

// decl returns the text of a declaration.
func (w *writer) decl(u *unit) string {
	switch n := u.decl.node.(type) {
	case *ast.FuncDecl:
		switch {
		case u.binds != nil:
			return w.binder(u, n)
		case u.isMethod:
			return w.text(u, n.Type.Func, n.End(), nil)
		case n.Recv != nil:
			return w.text(u, n.Type.Func, n.End(), []edit{{n.Recv.Opening, n.Type.Params.Opening + 1, w.head(u, n)}})
		}
		return w.text(u, n.Type.Func, n.End(), []edit{{n.Name.Pos(), n.Name.End(), u.name}})
	case *ast.TypeSpec:
		return "type " + w.text(u, n.Pos(), n.End(), []edit{{n.Name.Pos(), n.Name.End(), u.name}})
	case *ast.ValueSpec:
		typ := ""
		if n.Type != nil {
			typ = " " + w.text(u, n.Type.Pos(), n.Type.End(), nil)
		}
		if c, ok := u.obj.(*types.Const); ok && !constText(n, c) {
			if named := u.constType(); typ == "" && named != nil && w.has(named.Obj()) != nil {
				typ = " " + w.has(named.Obj()).name
			} else if typ == "" && !isUntyped(c.Type()) {
				typ = " " + types.TypeString(c.Type(), func(p *types.Package) string { return w.importName(p.Path()) })
			}
			return "const " + u.name + typ + " = " + constantText(c)
		}
		v := valueOf(n, u.obj.Name())
		return u.decl.gen.Tok.String() + " " + u.name + typ + " = " + w.text(u, v.Pos(), v.End(), nil)
	}
	return ""
}

// head returns the name and the receiver of a method as a function has them: the
// receiver is its first parameter.
func (w *writer) head(u *unit, fd *ast.FuncDecl) string {
	name := "_"
	if names := fd.Recv.List[0].Names; len(names) > 0 {
		name = names[0].Name
	}
	tparams, typ := w.receiver(u)
	head := fmt.Sprintf("%s%s(%s %s", u.name, tparams, name, typ)
	if u.obj.(*types.Func).Signature().Params().Len() > 0 {
		head += ", "
	}
	return head
}

// receiver returns the type parameters of the receiver of a method as a list, and its type.
func (w *writer) receiver(u *unit) (tparams, typ string) {
	sig := u.obj.(*types.Func).Signature()
	qualify := func(p *types.Package) string { return w.importName(p.Path()) }
	var list []string
	for tp := range sig.RecvTypeParams().TypeParams() {
		list = append(list, tp.Obj().Name()+" "+types.TypeString(tp.Constraint(), qualify))
	}
	if len(list) > 0 {
		tparams = "[" + strings.Join(list, ", ") + "]"
	}
	return tparams, types.TypeString(sig.Recv().Type(), qualify)
}

func isUntyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

// constantText returns a constant as an expression of the same kind: an untyped one stays
// a rune, a floating-point number or a complex one, whatever its value.
func constantText(c *types.Const) string {
	v := c.Val()
	b, _ := c.Type().Underlying().(*types.Basic)
	switch {
	case b == nil:
	case b.Info()&types.IsComplex != 0:
		return "(" + floatText(constant.Real(v)) + " + " + floatText(constant.Imag(v)) + " * 1i)"
	case b.Info()&types.IsFloat != 0:
		return floatText(v)
	case b.Kind() == types.UntypedRune:
		if r, ok := constant.Int64Val(v); ok && r == int64(rune(r)) && utf8.ValidRune(rune(r)) {
			return strconv.QuoteRuneToASCII(rune(r))
		}
		return `'\x00' + ` + v.ExactString()
	}
	return v.ExactString()
}

// floatText returns a number as a constant expression that is not one of an integer.
func floatText(v constant.Value) string {
	s := constant.ToFloat(v).ExactString()
	if n, d, ok := strings.Cut(s, "/"); ok {
		return "(" + n + ".0 / " + d + ".0)"
	}
	if strings.ContainsAny(s, ".p") { // a hexadecimal mantissa, of what is very large or small
		return s
	}
	return s + ".0"
}

// An edit replaces a piece of a text.
type edit struct {
	from, to token.Pos
	text     string
}

// text returns a piece of a library's file with the names that the clone has.
func (w *writer) text(u *unit, from, to token.Pos, edits []edit) string {
	for _, r := range u.refs {
		if r.from < from || r.to > to {
			continue
		}
		var text string
		switch {
		case r.unit != nil:
			text = r.unit.name
		case r.path == "":
			text = r.name
		case r.name == "":
			text = w.importName(r.path)
		default:
			text = w.importName(r.path) + "." + r.name
		}
		edits = append(edits, edit{r.from, r.to, text + r.suffix})
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	offset := func(p token.Pos) int { return w.c.mod.Fset.PositionFor(p, false).Offset }
	src := u.decl.file.Source
	var b strings.Builder
	at := offset(from)
	for _, e := range edits {
		b.Write(src[at:offset(e.from)])
		b.WriteString(e.text)
		at = offset(e.to)
	}
	b.Write(src[at:offset(to)])
	return b.String()
}
