package progen_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/internal/progen"
)

var (
	seedFlag = flag.Uint64("progen.seed", 1, "the first `seed`")
	nFlag    = flag.Int("progen.n", 4, "how many programs")
	dirFlag  = flag.String("progen.dir", "", "work in this `directory` and leave it")
	fileFlag = flag.String("progen.shrink", "", "make the program in this `file` smaller for as long as it fails")
)

const (
	module        = "github.com/coroc-dev/coroc"
	coroutinePath = module + "/coroutine"
	supportPath   = module + "/programs/support"
)

// TestRandomPrograms compares what made-up programs print in the volatile build,
// in the durable one, and in the durable one with the coroutine saved and
// restored at every suspension.
func TestRandomPrograms(t *testing.T) {
	if *fileFlag != "" {
		t.Skip("shrinking")
	}
	ps := map[string]string{}
	for i := range *nFlag {
		seed := *seedFlag + uint64(i)
		name := fmt.Sprintf("p%d", seed)
		text, err := progen.Program(name, seed, coroutinePath, supportPath)
		if err != nil {
			t.Fatal(err)
		}
		ps[name] = string(text)
	}
	b := newBench(t)
	for name, f := range b.failures(t, ps) {
		t.Errorf("%s: %s", name, f)
	}
}

// A bench is a copy of what programs need, to build them in.
type bench struct {
	dir         string
	compileOnly bool // only what the compiler says
}

func newBench(t *testing.T) *bench {
	t.Helper()
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{dir: t.TempDir()}
	if *dirFlag != "" {
		if b.dir, err = filepath.Abs(*dirFlag); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(b.dir, "programs")); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "runtime", "coroutine"} {
		if err := os.RemoveAll(filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := copyTree(filepath.Join(b.dir, name), filepath.Join(repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "programs/support/support.go", progen.Support)
	return b
}

// copyTree copies a file, or a directory without its tests and their data.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
			return err
		}
		return os.WriteFile(dst, text, 0o644)
	})
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// failures builds and runs programs and returns what is wrong with some of them.
func (b *bench) failures(t *testing.T, ps map[string]string) map[string]string {
	t.Helper()
	bad := map[string]string{}
	left := map[string]string{}
	if err := os.RemoveAll(filepath.Join(b.dir, "programs", "p")); err != nil {
		t.Fatal(err)
	}
	for name, text := range ps {
		left[name] = text
		b.write(t, "programs/p/"+name+"/"+name+".go", text)
	}
	drop := func(why map[string]string) {
		for name, w := range why {
			bad[name] = w
			delete(left, name)
			if err := os.RemoveAll(filepath.Join(b.dir, "programs", "p", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.table(t, left)
	if !b.compileOnly {
		if out, why := b.build(t, left, "volatile"); why != nil {
			t.Fatalf("made-up programs do not build:\n%s", out)
		}
	}
	overlay := ""
	for len(left) > 0 {
		var why map[string]string
		b.table(t, left)
		overlay, why = b.compile(t, left)
		if why == nil && b.compileOnly {
			return bad
		}
		if why == nil {
			_, why = b.build(t, left, "durable", "-tags", "durable", "-overlay", overlay)
		}
		if why == nil {
			break
		}
		drop(why)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	limit := make(chan bool, 2)
	for name := range left {
		wg.Add(1)
		limit <- true
		go func() {
			defer func() { <-limit; wg.Done() }()
			want := b.run(t, "volatile", name)
			why := ""
			if strings.Contains(want, "DIED") && strings.Contains(want, "stack overflow") {
				t.Logf("%s: left out, since it calls itself for ever", name) // an embedded interface that holds its own struct
			} else if strings.HasPrefix(want, "DIED") {
				why = "volatile: " + want
			} else if got := b.run(t, "durable", name); got != want {
				why = "durable build differs:\n" + difference(want, got)
			} else if got := b.run(t, "durable", "-save", name); got != want {
				why = "durable build differs when saved:\n" + difference(want, got)
			}
			if why != "" {
				mu.Lock()
				bad[name] = why
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	return bad
}

// difference shows where two outputs part.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < len(w) && i < len(g) && w[i] == g[i] {
		i++
	}
	show := func(lines []string) string {
		from, to := max(0, i-4), min(len(lines), i+4)
		return "\t" + strings.Join(lines[min(from, to):to], "\n\t")
	}
	return fmt.Sprintf("line %d, want:\n%s\ngot:\n%s", i+1, show(w), show(g))
}

var inProgram = regexp.MustCompile(`(?:^|/)programs/p/(\w+)/`)

// compile compiles the programs and returns an overlay, or those with errors.
func (b *bench) compile(t *testing.T, left map[string]string) (overlay string, bad map[string]string) {
	t.Helper()
	r, err := compiler.Compile(t.Context(), compiler.Options{Dir: b.dir, Patterns: []string{"./programs/..."}, NoTests: true})
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, d := range r.Diagnostics {
		text := strings.ReplaceAll(d.Error(), b.dir+string(filepath.Separator), "")
		if d.Warning {
			continue
		}
		m := inProgram.FindStringSubmatch(filepath.ToSlash(d.Pos.Filename + " " + text))
		if m == nil {
			m = regexp.MustCompile(`programs/p/(\w+)`).FindStringSubmatch(text)
		}
		if m == nil || left[m[1]] == "" {
			lost = append(lost, text)
			continue
		}
		if bad == nil {
			bad = map[string]string{}
		}
		bad[m[1]] += "not compiled: " + text + "\n"
	}
	if bad == nil && lost != nil {
		t.Fatalf("errors outside of the programs:\n%s", strings.Join(lost, "\n"))
	}
	if bad != nil {
		return "", bad
	}
	m, err := r.Overlay()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(b.dir, "_overlay")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	overlay, err = compiler.WriteOverlay(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	return overlay, nil
}

var buildError = regexp.MustCompile(`(?m)^\S*programs/p/(\w+)/\S*?:\d+.*$`)

// table writes the driver with the programs that are left.
func (b *bench) table(t *testing.T, left map[string]string) {
	t.Helper()
	names := []string{}
	for n := range left {
		names = append(names, n)
	}
	slices.Sort(names)
	var imports, table strings.Builder
	for _, n := range names {
		fmt.Fprintf(&imports, "\t%q\n", module+"/programs/p/"+n)
		fmt.Fprintf(&table, "\t%q: %s.Main,\n", n, n)
	}
	b.write(t, "programs/main.go", fmt.Sprintf(driver, imports.String(), table.String()))
}

// build builds the programs that are left, or returns those that do not build.
func (b *bench) build(t *testing.T, left map[string]string, name string, args ...string) (string, map[string]string) {
	t.Helper()
	args = append([]string{"build", "-o", filepath.Join(b.dir, name)}, args...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./programs")...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", nil
	}
	bad := map[string]string{}
	for _, m := range buildError.FindAllStringSubmatch(string(out), -1) {
		if left[m[1]] != "" {
			bad[m[1]] += "generated code does not build: " + m[0] + "\n"
		}
	}
	if len(bad) == 0 {
		t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	return string(out), bad
}

// run returns what a program prints.
func (b *bench) run(t *testing.T, driver string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, driver), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		s := out.String()
		if i := strings.Index(s, "goroutine 1 "); i >= 0 {
			s = s[:min(len(s), i+2000)]
		}
		if strings.Contains(out.String(), "stack exceeds") {
			return "DIED of stack overflow"
		}
		return fmt.Sprintf("DIED %v\n%s", err, s[max(0, len(s)-1500):])
	}
	return twinName.ReplaceAllString(out.String(), "$1 called using nil")
}

// twinName is the name of a twin in the one message of Go's runtime that names the
// method that was called; it is a known difference.
var twinName = regexp.MustCompile(`Durable_(\w+?)(?:_p\d+_\w+)? called using nil`)

// driver runs one program.
const driver = `package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/programs/support"
%s)

var programs = map[string]func(){
%s}

func main() {
	save := flag.Bool("save", false, "save and restore at every suspension")
	flag.Parse()
	main := programs[flag.Arg(0)]
	c := coroutine.New[int, int](main)
	for n := 0; next(c); n++ {
		v := c.Recv()
		fmt.Println("yield", v)
		if n > 20000 {
			fmt.Println("too many yields")
			os.Exit(1)
		}
		if *save {
			b, err := c.Context().Marshal()
			if err != nil {
				fmt.Println("saving:", err)
				os.Exit(1)
			}
			c = coroutine.New[int, int](main)
			if _, err := c.Context().Unmarshal(b); err != nil {
				fmt.Println("restoring:", err)
				os.Exit(1)
			}
		}
		c.Send((2*v + 1) %% 23)
	}
	fmt.Println("done")
}

func next(c coroutine.Coroutine[int, int]) (suspended bool) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Println("panic:", support.Desc(v))
			suspended = false
		}
	}()
	return c.Next()
}
`

// TestShrink makes a failing program smaller; it is run by hand.
func TestShrink(t *testing.T) {
	if *fileFlag == "" {
		t.Skip("needs -progen.shrink")
	}
	text, err := os.ReadFile(*fileFlag)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	best := string(text)
	first := b.failures(t, map[string]string{packageName(best): best})
	if len(first) == 0 {
		t.Fatal("the program does not fail")
	}
	kind := ""
	for _, f := range first {
		kind = failureKind(f)
		t.Log(f)
		b.compileOnly = strings.HasPrefix(f, "not compiled")
	}
	for size := 64; ; {
		candidates := map[string]string{}
		for i, c := range smaller(best, size) {
			name := fmt.Sprintf("c%d", i)
			c = strings.Replace(c, "package "+packageName(best), "package "+name, 1)
			candidates[name] = c
		}
		found := ""
		if len(candidates) > 0 {
			for name, f := range b.failures(t, candidates) {
				if failureKind(f) == kind && (found == "" || len(candidates[name]) < len(found)) {
					found = candidates[name]
				}
			}
		}
		if found == "" {
			if size == 1 {
				break
			}
			size /= 4
			continue
		}
		best = found
		if err := os.WriteFile(*fileFlag+".small", []byte(best), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes", len(best))
	}
	t.Log(best)
}

var details = regexp.MustCompile(`p/\w+/\w+\.go:\d+:\d+|[0-9]+`)

// failureKind is the first line of a failure without what changes as the program
// gets smaller.
func failureKind(f string) string {
	line, _, _ := strings.Cut(f, "\n")
	line = details.ReplaceAllString(line, "")
	return line[:min(len(line), 60)]
}

func packageName(text string) string {
	_, rest, _ := strings.Cut(text, "package ")
	name, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(name)
}

// smaller returns programs that lack some statements or declarations and still
// type-check.
func smaller(text string, size int) []string {
	var out []string
	for i := 0; len(out) < 40; i++ {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
		if err != nil {
			return out
		}
		spans := statements(fset, f)
		if i*size >= len(spans) {
			break
		}
		cut := spans[i*size : min(len(spans), (i+1)*size)]
		if c := without(text, cut); typeChecks(c) {
			out = append(out, c)
		}
	}
	return out
}

type span struct {
	from, to int
	with     string
}

func statements(fset *token.FileSet, f *ast.File) []span {
	var out []span
	add := func(n ast.Node, with string) {
		out = append(out, span{fset.Position(n.Pos()).Offset, fset.Position(n.End()).Offset, with})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n, "")
		case *ast.GenDecl:
			if n.Tok != token.IMPORT {
				add(n, "")
			}
		case *ast.BlockStmt:
			for _, s := range n.List {
				add(s, "")
				if b, ok := s.(*ast.IfStmt); ok && b.Else == nil {
					add(&ast.BasicLit{ValuePos: b.Pos(), Value: strings.Repeat(" ", int(b.Body.Pos()-b.Pos()))}, "")
				}
			}
		case *ast.CaseClause:
			add(n, "")
			for _, s := range n.Body {
				add(s, "")
			}
		case *ast.CallExpr:
			// The call's first argument in its place.
			if len(n.Args) > 0 {
				a := n.Args[0]
				out = append(out, span{fset.Position(n.Pos()).Offset, fset.Position(a.Pos()).Offset, "("})
			}
		case *ast.BinaryExpr, *ast.FuncLit, *ast.CompositeLit:
			add(n, "1")
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b span) int { return (b.to - b.from) - (a.to - a.from) })
	return out
}

// without cuts spans out, but not those inside of others that are cut.
func without(text string, cut []span) string {
	slices.SortFunc(cut, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, s := range cut {
		if s.from < at {
			continue
		}
		b.WriteString(text[at:s.from])
		b.WriteString(s.with)
		at = s.to
	}
	b.WriteString(text[at:])
	return b.String()
}

func typeChecks(text string) bool {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	ok := true
	conf := types.Config{Importer: fakeImporter{}, FakeImportC: true, Error: func(err error) { ok = false }}
	_, _ = conf.Check("p", fset, []*ast.File{f}, nil)
	return ok
}

// fakeImporter knows just what programs use.
type fakeImporter struct{}

func (fakeImporter) Import(path string) (*types.Package, error) {
	name := path[strings.LastIndex(path, "/")+1:]
	src := map[string]string{
		"maps":      "package maps; func All[M ~map[K]V, K comparable, V any](M) (f func(func(K, V) bool)) { return }",
		"slices":    "package slices; func All[S ~[]E, E any](S) (f func(func(int, E) bool)) { return }; func Values[S ~[]E, E any](S) (f func(func(E) bool)) { return }",
		"fmt":       "package fmt; func Println(...any); func Sprint(...any) string; func Errorf(string, ...any) error",
		"support":   "package support; func Desc(...any) string",
		"coroutine": "package coroutine; func Yield[R, S any](R) (s S) { return }",
	}[name]
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name+".go", src, 0)
	if err != nil {
		return nil, err
	}
	return (&types.Config{IgnoreFuncBodies: true}).Check(path, fset, []*ast.File{f}, nil)
}

// TestTypeChecks is quick: the programs of many seeds are valid.
func TestTypeChecks(t *testing.T) {
	for seed := range uint64(300) {
		text, err := progen.Program("p", seed, coroutinePath, supportPath)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		conf := types.Config{Importer: fakeImporter{}, Error: func(err error) { t.Errorf("seed %d: %v", seed, err) }}
		_, _ = conf.Check("p", fset, []*ast.File{f}, nil)
	}
}
