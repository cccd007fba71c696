package desugar_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
)

const runtimePath = "github.com/coroc-dev/coroc/runtime"

var (
	stdOnce sync.Once
	stdImp  types.Importer
	stdLock sync.Mutex
)

// std imports packages of the standard library.
type std struct{}

func (std) Import(path string) (*types.Package, error) {
	stdLock.Lock()
	defer stdLock.Unlock()
	stdOnce.Do(func() { stdImp = importer.Default() })
	return stdImp.Import(path)
}

// helperFiles are the files of the runtime that desugared code calls.
var helperFiles = []string{"predeclared.go", "ranges.go", "rangefunc.go"}

// helpers checks the part of the runtime that desugared code calls.
var helpers = sync.OnceValues(func() (*types.Package, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range helperFiles {
		f, err := parser.ParseFile(fset, filepath.Join("..", "runtime", name), nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return (&types.Config{Importer: std{}}).Check(runtimePath, fset, files, nil)
})

// load type-checks sources, given by file name, as one package.
func load(t testing.TB, path, goVersion string, sources map[string]string) (*typecheck.Module, *typecheck.Package) {
	t.Helper()
	rt, err := helpers()
	if err != nil {
		t.Fatal(err)
	}
	mod := &typecheck.Module{Fset: token.NewFileSet(), GoVersion: goVersion, Importer: std{}, Runtime: rt}
	p := &typecheck.Package{
		Path: path, GoVersion: goVersion, Importer: std{},
		Info: newInfo(),
	}
	var files []*ast.File
	for _, name := range sortedKeys(sources) {
		f, err := parser.ParseFile(mod.Fset, name, sources[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		p.Files = append(p.Files, &typecheck.File{Name: name, Syntax: f, Source: []byte(sources[name])})
	}
	p.Name = files[0].Name.Name
	p.Types, err = (&types.Config{Importer: std{}, GoVersion: goVersion}).Check(path, mod.Fset, files, p.Info)
	if err != nil {
		t.Fatal(err)
	}
	mod.Packages = []*typecheck.Package{p}
	return mod, p
}

func newInfo() *types.Info {
	return &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Instances:    make(map[*ast.Ident]types.Instance),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		FileVersions: make(map[*ast.File]string),
	}
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	for i := range keys {
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

// A marker makes up the facts of a package.
type marker struct {
	info  *types.Info
	facts *colour.Facts
	// all: every function is durable and every call of one may suspend. Else
	// those do whose callee has a name that begins with s_, and their callers.
	all bool
	// pick chooses among the calls of such a package, so that calls that may
	// suspend stand beside some that don't.
	pick func(token.Pos) bool
}

// mark colours a package without looking at what functions do.
func mark(p *typecheck.Package, all bool) *colour.Facts {
	return markSome(p, all, func(token.Pos) bool { return true })
}

// markSome marks some calls of a package.
func markSome(p *typecheck.Package, all bool, pick func(token.Pos) bool) *colour.Facts {
	m := &marker{info: p.Info, all: all, pick: pick, facts: &colour.Facts{
		Funcs:   make(map[*types.Func]*colour.Reason),
		Lits:    make(map[*ast.FuncLit]*colour.Reason),
		Sites:   make(map[*ast.CallExpr]*colour.Site),
		Gos:     make(map[*ast.GoStmt]*colour.Site),
		Ranges:  make(map[*ast.RangeStmt]*colour.Site),
		Bodies:  make(map[*ast.RangeStmt]*colour.Reason),
		Records: make(map[ast.Expr]bool),
	}}
	for n := -1; n != len(m.facts.Sites); {
		n = len(m.facts.Sites)
		for _, f := range p.Files {
			for _, d := range f.Syntax.Decls {
				m.decl(d)
			}
		}
	}
	for _, f := range p.Files {
		m.records(f.Syntax)
	}
	return m.facts
}

func (m *marker) decl(d ast.Decl) {
	fd, ok := d.(*ast.FuncDecl)
	if !ok {
		ast.Inspect(d, m.lits)
		return
	}
	if fd.Body == nil {
		return
	}
	if (m.body(fd.Body) || m.all) && !m.deferredResults(fd) {
		m.facts.Funcs[m.info.Defs[fd.Name].(*types.Func)] = &colour.Reason{}
	}
}

// deferredResults reports whether a function has named results and defers, in a
// package where everything else is durable: that deferred calls change results is
// up to the next pass, so such programs would not run.
func (m *marker) deferredResults(fd *ast.FuncDecl) bool {
	return m.all && defersResults(fd.Type, fd.Body)
}

func defersResults(typ *ast.FuncType, body *ast.BlockStmt) bool {
	if typ.Results == nil || len(typ.Results.List[0].Names) == 0 {
		return false
	}
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		_, ok := n.(*ast.DeferStmt)
		found = found || ok
		return !found
	})
	return found
}

func (m *marker) lits(n ast.Node) bool {
	if lit, ok := n.(*ast.FuncLit); ok {
		if (m.body(lit.Body) || m.all && m.pick(lit.Pos())) && !(m.all && defersResults(lit.Type, lit.Body)) {
			m.facts.Lits[lit] = &colour.Reason{}
		}
		return false
	}
	return true
}

// body marks the calls in a body, and reports whether one may suspend.
func (m *marker) body(b *ast.BlockStmt) bool {
	found := false
	goes := make(map[*ast.CallExpr]bool)
	ast.Inspect(b, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			goes[g.Call] = true
			if m.suspends(g.Call) {
				m.facts.Gos[g] = m.site(g.Call)
			}
		}
		if !m.lits(n) {
			return false
		}
		if r, ok := n.(*ast.RangeStmt); ok && m.rangeFunc(r) {
			found = true
		}
		if c, ok := n.(*ast.CallExpr); ok && m.suspends(c) {
			if s := m.site(c); !goes[c] {
				m.facts.Sites[c] = s
				found = true
			}
		}
		return true
	})
	return found
}

// rangeFunc marks a range over a function, and reports whether it may suspend. That
// calls deferred in a body run at the end of the function is up to the next pass.
func (m *marker) rangeFunc(r *ast.RangeStmt) bool {
	seqType := m.info.Types[r.X].Type.Underlying()
	if i, ok := seqType.(*types.Interface); ok { // the constraint of a type parameter
		seqType = i.EmbeddedType(0).(*types.Union).Term(0).Type().Underlying()
	}
	if _, ok := seqType.(*types.Signature); !ok {
		return false
	}
	defers := false
	ast.Inspect(r.Body, func(n ast.Node) bool {
		_, ok := n.(*ast.DeferStmt)
		defers = defers || ok
		return !defers
	})
	if defers {
		return false
	}
	list := r.Body.List
	for _, e := range []ast.Expr{r.Key, r.Value} {
		if e != nil {
			list = append(list[:len(list):len(list)], &ast.ExprStmt{X: e})
		}
	}
	body := m.body(&ast.BlockStmt{List: list})
	if body {
		m.facts.Bodies[r] = &colour.Reason{}
	}
	seq, _ := ast.Unparen(r.X).(*ast.Ident)
	if body || m.all || seq != nil && strings.HasPrefix(seq.Name, "s_") {
		m.facts.Ranges[r] = &colour.Site{Kind: colour.FuncValue}
	}
	return m.facts.Ranges[r] != nil
}

func (m *marker) site(c *ast.CallExpr) *colour.Site {
	switch fun := ast.Unparen(c.Fun).(type) {
	case *ast.Ident:
		if fn, ok := m.info.Uses[fun].(*types.Func); ok {
			return &colour.Site{Kind: colour.Static, Callee: fn.Origin()}
		}
	case *ast.SelectorExpr:
		if fn, ok := m.info.Uses[fun.Sel].(*types.Func); ok {
			kind := colour.Static
			if r := fn.Signature().Recv(); r != nil && types.IsInterface(r.Type()) {
				kind = colour.Interface
			}
			return &colour.Site{Kind: kind, Callee: fn.Origin()}
		}
	}
	return &colour.Site{Kind: colour.FuncValue}
}

func (m *marker) suspends(c *ast.CallExpr) bool {
	tv := m.info.Types[c.Fun]
	if tv.IsType() || tv.IsBuiltin() {
		return false
	}
	if m.all {
		return m.pick(c.Lparen)
	}
	fun := ast.Unparen(c.Fun)
	for {
		switch x := fun.(type) {
		case *ast.IndexExpr:
			fun = x.X
			continue
		case *ast.IndexListExpr:
			fun = x.X
			continue
		}
		break
	}
	switch fun := fun.(type) {
	case *ast.FuncLit:
		return m.facts.Lits[fun] != nil
	case *ast.Ident:
		fn, ok := m.info.Uses[fun].(*types.Func)
		return strings.HasPrefix(fun.Name, "s_") || ok && m.facts.Funcs[fn.Origin()] != nil
	case *ast.SelectorExpr:
		fn, ok := m.info.Uses[fun.Sel].(*types.Func)
		return strings.HasPrefix(fun.Sel.Name, "s_") || ok && m.facts.Funcs[fn.Origin()] != nil
	}
	return false
}

// records marks the literals that are not called at once, and the functions and
// methods that are used as values.
func (m *marker) records(root ast.Node) {
	called := make(map[ast.Expr]bool)
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			called[ast.Unparen(n.Fun)] = true
		case *ast.FuncLit:
			if !called[n] && m.pick(n.Pos()) || m.facts.Lits[n] != nil {
				m.facts.Records[n] = true
			}
		case *ast.Ident:
			if _, ok := m.info.Uses[n].(*types.Func); ok && !called[n] && m.info.Types[n].IsValue() {
				m.facts.Records[n] = true
			}
		case *ast.SelectorExpr:
			if _, ok := m.info.Uses[n.Sel].(*types.Func); ok && !called[n] && m.info.Types[n].IsValue() {
				m.facts.Records[n] = true
			}
		}
		return true
	})
}

// rewrite desugars a package and checks the result.
func rewrite(t testing.TB, mod *typecheck.Module, p *typecheck.Package, facts *colour.Facts) *desugar.Package {
	t.Helper()
	out, diags := desugar.Rewrite(mod, p, facts)
	for _, d := range diags {
		if !d.Warning {
			t.Fatal(d.Error())
		}
	}
	if err := desugar.Verify(out, facts); err != nil {
		t.Errorf("not in the smaller Go:\n%v", err)
	}
	return out
}

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
