package desugar_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
)

var seed = flag.Uint("seed", 0, "with -goroot, let only some calls suspend: which ones depends on this number, unless it is 0")

// pick returns the choice that -seed makes.
func pick(pos token.Pos) bool {
	if *seed == 0 {
		return true
	}
	h := fnv.New32a()
	fmt.Fprint(h, *seed, pos)
	return h.Sum32()%3 == 0
}

var goroot = flag.String("goroot", "", "run the programs of $GOROOT/test whose names match, desugared as if every call could suspend")

// workspace makes a module in which desugared programs can be compiled, without
// the rest of the repository.
func workspace(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module github.com/coroc-dev/coroc\n\ngo 1.26\n")
	for _, name := range helperFiles {
		write(t, filepath.Join(dir, "runtime", name), read(t, filepath.Join("..", "runtime", name)))
	}
	return dir
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// elsewhere has programs that fail for reasons that do not lie here: what they
// check is lost when a file is printed without positions and directives, or they
// need the directory that they stand in.
var elsewhere = map[string]string{
	"devirtualization_nil_panics.go": "line numbers", "inline_literal.go": "line numbers",
	"fixedbugs/issue34123.go": "line numbers", "fixedbugs/issue29504.go": "line numbers",
	"fixedbugs/issue22083.go": "line numbers", "fixedbugs/issue5856.go": "line numbers",
	"fixedbugs/issue18149.go": "line numbers", "fixedbugs/issue27201.go": "line numbers",
	"fixedbugs/issue14646.go": "line numbers", "fixedbugs/bug347.go": "line numbers",
	"fixedbugs/bug348.go": "line numbers", "fixedbugs/issue22662.go": "line numbers",
	"fixedbugs/issue4562.go": "line numbers", "fixedbugs/issue7690.go": "line numbers",
	"fixedbugs/issue17381.go": "line numbers",
	"uintptrescapes3.go":      "directives", "fixedbugs/issue24491a.go": "directives",
	"fixedbugs/issue24491b.go": "directives",
	"linkobj.go":               "files", "fixedbugs/issue10607.go": "files", "fixedbugs/bug369.go": "files",
	"fixedbugs/issue9355.go": "files", "fixedbugs/issue21317.go": "files", "fixedbugs/issue9862_run.go": "files",
	"fixedbugs/issue40954.go": "the address of a local variable kept in a uintptr",
	"typeparam/issue54456.go": "%T of a local type whose name is taken",
	"fixedbugs/issue26094.go": "the name of a local type whose name is taken, in a panic",
}

// TestGoroot runs the Go distribution's own test programs in the smaller Go. They
// check themselves: a program that comes out wrong fails or prints something else.
func TestGoroot(t *testing.T) {
	if *goroot == "" {
		t.Skip("takes minutes: run with -goroot=.")
	}
	match := regexp.MustCompile(*goroot)
	dir := workspace(t)
	env, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(strings.TrimSpace(string(env)), "test")
	var names []string
	for _, pattern := range []string{"*.go", "fixedbugs/*.go", "ken/*.go", "chan/*.go", "interface/*.go", "typeparam/*.go"} {
		list, _ := filepath.Glob(filepath.Join(root, pattern))
		names = append(names, list...)
	}
	programs := make(map[string]string)
	refused := 0
	for _, name := range names {
		rel, _ := filepath.Rel(root, name)
		if !match.MatchString(rel) || elsewhere[rel] != "" {
			continue
		}
		if ok, err := build.Default.MatchFile(filepath.Split(name)); err != nil || !ok {
			continue
		}
		src := read(t, name)
		if !strings.HasPrefix(src, "// run\n") {
			continue
		}
		mod, p, ok := tryLoad(name, src)
		if !ok {
			continue
		}
		facts := markSome(p, true, pick)
		out, diags := desugar.Rewrite(mod, p, facts)
		if out == nil {
			refused++
			for _, d := range diags {
				if strings.Contains(d.Message, "internal") {
					t.Errorf("%s: %s", rel, d.Error())
				} else {
					t.Logf("%s: %s", rel, d.Error())
				}
			}
			continue
		}
		if err := desugar.Verify(out, facts); err != nil {
			t.Errorf("%s: %v", rel, err)
			continue
		}
		text, err := desugar.Format(out, out.Files[0])
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			continue
		}
		id := strings.NewReplacer("/", "_", ".go", "").Replace(rel)
		write(t, filepath.Join(dir, "p", id, "main.go"), string(text))
		programs[id] = name
	}
	bin := filepath.Join(dir, "bin")
	os.Mkdir(bin, 0o777)
	cmd := exec.Command("go", "build", "-o", bin+"/", "./p/...")
	cmd.Dir = dir
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("building: %v\n%s", err, msg)
	}
	wrong := 0
	for id, name := range programs {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		run := exec.CommandContext(ctx, filepath.Join(bin, id))
		run.Dir = filepath.Dir(name)
		got, err := run.CombinedOutput()
		cancel()
		want, _ := os.ReadFile(strings.TrimSuffix(name, ".go") + ".out")
		if err != nil || !bytes.Equal(got, want) {
			wrong++
			if len(got) > 600 {
				got = got[:600]
			}
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	t.Logf("%d programs, %d refused, %d wrong", len(programs), refused, wrong)
}

// tryLoad is load for programs that need not be valid.
func tryLoad(name, src string) (*typecheck.Module, *typecheck.Package, bool) {
	rt, err := helpers()
	if err != nil {
		return nil, nil, false
	}
	mod := &typecheck.Module{Fset: token.NewFileSet(), GoVersion: "go1.26", Importer: std{}, Runtime: rt}
	f, err := parser.ParseFile(mod.Fset, name, src, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, nil, false
	}
	p := &typecheck.Package{Path: "main", GoVersion: "go1.26", Info: newInfo()}
	p.Files = []*typecheck.File{{Name: name, Syntax: f}}
	p.Types, err = (&types.Config{Importer: std{}, GoVersion: "go1.26"}).Check("main", mod.Fset, []*ast.File{f}, p.Info)
	return mod, p, err == nil
}

// TestStd desugars packages of the standard library as if every call could
// suspend, and checks the results without running them.
func TestStd(t *testing.T) {
	if *goroot == "" {
		t.Skip("takes minutes: run with -goroot=.")
	}
	match := regexp.MustCompile(*goroot)
	list, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{.Dir}} {{join .GoFiles \",\"}} {{len .CgoFiles}}", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked, refused := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		f := strings.Fields(line)
		if len(f) != 4 || f[3] != "0" || !match.MatchString(f[0]) {
			continue
		}
		mod, p, ok := tryPackage(f[0], f[1], strings.Split(f[2], ","))
		if !ok {
			continue
		}
		facts := markSome(p, true, pick)
		out, diags := desugar.Rewrite(mod, p, facts)
		for _, d := range diags {
			if strings.Contains(d.Message, "internal") {
				t.Errorf("%s: %s", f[0], d.Error())
			} else {
				t.Logf("%s", d.Error())
			}
		}
		if out == nil {
			refused++
			continue
		}
		checked++
		if err := desugar.Verify(out, facts); err != nil {
			t.Errorf("%s: %v", f[0], err)
		}
	}
	t.Logf("%d packages, %d refused", checked, refused)
}

func tryPackage(path, dir string, names []string) (*typecheck.Module, *typecheck.Package, bool) {
	rt, err := helpers()
	if err != nil {
		return nil, nil, false
	}
	mod := &typecheck.Module{Fset: token.NewFileSet(), GoVersion: "go1.26", Importer: std{}, Runtime: rt}
	p := &typecheck.Package{Path: path, GoVersion: "go1.26", Info: newInfo()}
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(mod.Fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, false
		}
		files = append(files, file)
		p.Files = append(p.Files, &typecheck.File{Name: name, Syntax: file})
	}
	p.Types, err = (&types.Config{Importer: std{}, GoVersion: "go1.26"}).Check(path, mod.Fset, files, p.Info)
	return mod, p, err == nil
}
