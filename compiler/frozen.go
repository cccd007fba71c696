package compiler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/typecheck"
)

// frozenDir is the directory beside the sources of a package that has the versions of its
// functions which saved states may need. The go command does not look into it.
const frozenDir = "_frozen"

// A frozenVersion is a function as it was, in a file of its own: a Go file with the imports
// that the function needs and its declaration. A func literal is declared as a function.
type frozenVersion struct {
	typecheck.Frozen
	Source   string // file:line where it stood
	Versions []frozenSites
	Calls    []frozenCall
	Text     uint64 // its fingerprint as it is written, without regard to renames

	path string // of the package, when it was frozen
	text []byte
	decl *ast.FuncDecl
	file *ast.File
	fset *token.FileSet
}

// frozenSites are the sites of the function, or of a literal in it.
type frozenSites struct {
	State       string
	Fingerprint uint64
	Keys        []int
}

// A frozenCall is the mention of another function of the module that may suspend.
type frozenCall struct {
	Offset      int // in the declaration
	State       string
	Fingerprint uint64
}

const frozenHeader = "// Frozen by coroc: a version of a function that saved states may need. DO NOT EDIT."

// Directives of a frozen file.
const (
	directiveFunction = "//coroc:function "
	directiveLiteral  = "//coroc:literal "
	directiveVersion  = "//coroc:version "
	directiveCall     = "//coroc:call "
	directiveSource   = "//coroc:source "
	directiveText     = "//coroc:text "
)

// format returns the version as a file.
func (v *frozenVersion) format(pkg string, imports []string, decl []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n//\n", frozenHeader)
	kind := directiveFunction
	if v.Literal {
		kind = directiveLiteral
	}
	fmt.Fprintf(&b, "%s%s %016x\n%s%s\n%s%016x\n", kind, v.State, v.Fingerprint, directiveSource, v.Source, directiveText, v.Text)
	for _, s := range v.Versions {
		fmt.Fprintf(&b, "%s%s %016x", directiveVersion, s.State, s.Fingerprint)
		for _, k := range s.Keys {
			fmt.Fprintf(&b, " %d", k)
		}
		b.WriteString("\n")
	}
	for _, c := range v.Calls {
		fmt.Fprintf(&b, "%s%d %s %016x\n", directiveCall, c.Offset, c.State, c.Fingerprint)
	}
	fmt.Fprintf(&b, "\npackage %s\n\n", pkg)
	if len(imports) > 0 {
		fmt.Fprintf(&b, "import (\n\t%s\n)\n\n", strings.Join(imports, "\n\t"))
	}
	b.Write(decl)
	b.WriteString("\n")
	return b.Bytes()
}

// readFrozen reads the frozen versions beside a package, sorted by the names of their files.
func readFrozen(dir string) ([]*frozenVersion, []typecheck.Diagnostic) {
	entries, err := os.ReadDir(filepath.Join(dir, frozenDir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, []typecheck.Diagnostic{{Pos: token.Position{Filename: filepath.Join(dir, frozenDir)}, Message: err.Error(), Fix: "make it readable"}}
	}
	var list []*frozenVersion
	var diags []typecheck.Diagnostic
	for _, e := range entries {
		name := filepath.Join(dir, frozenDir, e.Name())
		if filepath.Ext(name) != ".go" || e.IsDir() {
			continue
		}
		v, err := parseFrozen(name)
		if err != nil {
			diags = append(diags, typecheck.Diagnostic{
				Pos:     token.Position{Filename: name},
				Message: "this frozen version cannot be read: " + err.Error(),
				Fix:     "take it from version control again, or remove it if no saved state needs it",
			})
			continue
		}
		list = append(list, v)
	}
	return list, diags
}

func parseFrozen(name string) (*frozenVersion, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text, []byte(frozenHeader)) {
		return nil, errors.New("coroc freeze has not written it")
	}
	v := &frozenVersion{text: text, fset: token.NewFileSet()}
	v.File = name
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() && !strings.HasPrefix(sc.Text(), "package ") {
		if err := v.directive(sc.Text()); err != nil {
			return nil, fmt.Errorf("%q: %w", sc.Text(), err)
		}
	}
	if v.State == "" {
		return nil, errors.New("it does not say of what function it is")
	}
	if v.file, err = parser.ParseFile(v.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	if v.decl = declaredIn(v.file); v.decl == nil {
		return nil, errors.New("there is no function in it")
	}
	var node ast.Node = v.decl
	if v.Literal {
		node = &ast.FuncLit{Type: v.decl.Type, Body: v.decl.Body}
	}
	if codegen.Fingerprint(node) != v.Text {
		return nil, errors.New("the function in it has been changed")
	}
	return v, nil
}

// declaredIn returns the function of the file of a version, or nil.
func declaredIn(f *ast.File) *ast.FuncDecl {
	for _, d := range f.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
			return fd
		}
	}
	return nil
}

func (v *frozenVersion) directive(line string) error {
	var err error
	number := func(s string, base int) uint64 {
		n, e := strconv.ParseUint(s, base, 64)
		err = errors.Join(err, e)
		return n
	}
	split := func(prefix string, least int) []string {
		rest, ok := strings.CutPrefix(line, prefix)
		if !ok {
			return nil
		}
		f := strings.Fields(rest)
		if len(f) < least {
			err = errors.New("incomplete")
			return nil
		}
		return f
	}
	if f := split(directiveFunction, 2); f != nil {
		v.State, v.Fingerprint = f[0], number(f[1], 16)
	}
	if f := split(directiveLiteral, 2); f != nil {
		v.State, v.Fingerprint, v.Literal = f[0], number(f[1], 16), true
	}
	if f := split(directiveVersion, 2); f != nil {
		s := frozenSites{State: f[0], Fingerprint: number(f[1], 16)}
		for _, k := range f[2:] {
			s.Keys = append(s.Keys, int(number(k, 10)))
		}
		v.Versions = append(v.Versions, s)
	}
	if f := split(directiveText, 1); f != nil {
		v.Text = number(f[0], 16)
	}
	if f := split(directiveCall, 3); f != nil {
		v.Calls = append(v.Calls, frozenCall{int(number(f[0], 10)), f[1], number(f[2], 16)})
	}
	if s, ok := strings.CutPrefix(line, directiveSource); ok {
		v.Source = s
	}
	return err
}

// name returns what the version is declared as in the durable build.
func (v *frozenVersion) name() string {
	return codegen.FrozenName(v.decl.Name.Name, v.Fingerprint)
}

// rename makes the version one of functions by the names that they have now.
func (v *frozenVersion) rename(r *codegen.Renames) {
	v.path = packageOf(v.State)
	v.State = r.Now(v.State)
	v.Literals, v.Sites = map[string]uint64{}, map[string][]int{}
	for i := range v.Versions {
		s := &v.Versions[i]
		s.State = r.Now(s.State)
		v.Literals[s.State], v.Sites[s.State] = s.Fingerprint, s.Keys
	}
	for i := range v.Calls {
		v.Calls[i].State = r.Now(v.Calls[i].State)
	}
	if !v.Literal {
		v.Original = lastElement(v.State)
	}
}
