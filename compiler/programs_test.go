package compiler_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/desugar"
)

var (
	updatePrograms = flag.Bool("update-programs", false, "accept the output of the volatile build and the golden files of testdata/programs")
	onlyPrograms   = flag.String("programs", "", "compile only the programs of testdata/programs whose names match this regular `expression`")
	keepPrograms   = flag.String("keep-programs", "", "leave the durable build of testdata/programs in this `directory`")
)

// inProcess has the programs whose package-level variables change. These
// belong to the process and not to the state, so that they cannot go on in
// another one.
var inProcess = map[string]bool{
	"assign": true, "closurestate": true, "globals": true, "initorder": true, "multipkg": true,
	"nilresume": true, "orderlate": true, "orderreceive": true, "pkgclosures": true, "sentinel": true, "shadowtrue": true,
}

const (
	programsPath = "github.com/coroc-dev/coroc/testdata/programs"
	runTimeout   = 20 * time.Second
)

// TestPrograms compiles all programs below testdata/programs and compares what
// they print with output.txt in four ways: as the volatile build, as the
// durable build, as the durable build with the coroutine saved and restored
// at every suspension, and going on in one process after another.
//
// A program that the compiler refuses, or whose generated code does not build,
// fails alone: it is taken out and the rest is compiled again.
func TestPrograms(t *testing.T) {
	c := newCorpus(t)
	volatile := c.build(t, "volatile")
	c.compile(t)
	durable := ""
	if len(c.names) > 0 {
		durable = c.build(t, "durable", "-tags", "durable", "-overlay", c.overlay)
	}
	for _, name := range c.all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join(c.repo, "testdata", "programs", name, "output.txt")
			got := runProgram(t, volatile, name)
			if *updatePrograms {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !sameOutput(t, "volatile", string(want), got) {
				return
			}
			if c.checkRefused(t, name) {
				return
			}
			if slices.Contains(goldenPrograms, name) {
				c.golden(t, name)
			}
			want = c.durableOutput(t, name, want)
			if sameOutput(t, "durable", string(want), runProgram(t, durable, name)) {
				if sameOutput(t, "durable, saved at every suspension", string(want), runProgram(t, durable, name, "-save")) && !inProcess[name] {
					sameOutput(t, "durable, in many processes", string(want), runProcesses(t, durable, name))
				}
			}
		})
	}
}

// checkRefused reports whether the program was not compiled. That is an error
// unless the program has a file refused.txt with the diagnostics: it is then one
// of those that coroc must refuse, since it cannot compile them to what they mean.
func (c *corpus) checkRefused(t *testing.T, name string) bool {
	t.Helper()
	golden := filepath.Join(c.repo, "testdata", "programs", name, "refused.txt")
	why := c.refused[name]
	want, err := os.ReadFile(golden)
	switch {
	case err != nil && why != "":
		t.Errorf("not compiled:\n%s", why)
	case err != nil:
	case why == "":
		t.Errorf("compiled, which %s says is refused", filepath.Base(golden))
	case *updatePrograms:
		if err := os.WriteFile(golden, []byte(why), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		sameOutput(t, "diagnostics", string(want), why)
	}
	return why != ""
}

// durableOutput returns what the durable build is to print: want, unless the program
// has a file durable.txt, which holds one of the known differences that
// docs/language-support.md lists.
func (c *corpus) durableOutput(t *testing.T, name string, want []byte) []byte {
	t.Helper()
	known, err := os.ReadFile(filepath.Join(c.repo, "testdata", "programs", name, "durable.txt"))
	if err != nil {
		return want
	}
	if bytes.Equal(known, want) {
		t.Error("durable.txt is the same as output.txt: the difference is gone")
	}
	return known
}

// sameOutput reports the first differences.
func sameOutput(t *testing.T, mode, want, got string) bool {
	t.Helper()
	d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
	if d == "" {
		return true
	}
	const most = 30
	if lines := strings.SplitAfterN(d, "\n", most+1); len(lines) > most {
		d = strings.Join(lines[:most], "") + "\t...\n"
	}
	t.Errorf("%s: output differs (-want +got):\n%s", mode, d)
	return false
}

// runProgram returns all that a program prints, and how it ended if not well.
func runProgram(t *testing.T, driver, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, driver, append(args, name)...)
	out := &limitedBuffer{left: 1 << 20}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("no end after %v", runTimeout)
	}
	s := out.String()
	if err != nil {
		s += fmt.Sprintf("(%v)\n", err)
	}
	return s
}

// runProcesses runs a program in a new process after every few suspensions.
func runProcesses(t *testing.T, driver, name string) string {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state")
	var out strings.Builder
	for {
		s := runProgram(t, driver, name, "-state", state, "-steps", "5")
		out.WriteString(s)
		if _, err := os.Stat(state); err != nil || out.Len() > 1<<20 || strings.Contains(s, "\nerror: ") {
			return out.String()
		}
	}
}

// goldenPrograms are those of which the smaller Go and the durable Go are kept
// in testdata/golden, to be read and to show what a change of a pass does.
var goldenPrograms = []string{
	"arith", "assign", "boxing", "closures", "deferargs", "deferloop", "deferonly", "deferresults", "deferyield",
	"embediface", "forloops", "funcvalues", "genericbox", "generics", "ifaces", "ifelse", "labels", "localtypes",
	"loopvars", "methods", "methodvalues", "multiresults", "nilresume", "order", "orderlate", "panicdeep",
	"rangearray", "rangefuncgoto", "rangeint", "rangemap", "rangeslice", "rangestring", "recclosures", "recovers", "recursion",
	"shadowing", "shortcircuit", "switches", "typeswitches", "variadics",
}

// format prints a file of the smaller Go. A panic of the printer fails one
// program and not all.
func format(d *desugar.Package, i int) (text []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("printing the smaller Go: panic: %v", v)
		}
	}()
	return desugar.Format(d, d.Files[i])
}

// golden compares the two forms of a program's first file with the golden files.
func (c *corpus) golden(t *testing.T, name string) {
	t.Helper()
	source := filepath.Join(c.dir, "testdata", "programs", name, name+".go")
	compareGolden := func(form string, text []byte) {
		t.Helper()
		golden := filepath.Join(c.repo, "testdata", "golden", name+"."+form+".go.golden")
		if *updatePrograms {
			if err := os.WriteFile(golden, text, 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Error(err)
			return
		}
		sameOutput(t, form+" form", string(want), string(text))
	}
	for p, d := range c.result.Desugared {
		for i, f := range p.Files {
			if f.Name != source {
				continue
			}
			text, err := format(d, i)
			if err != nil {
				t.Error(err)
				continue
			}
			compareGolden("desugar", text)
		}
	}
	for _, f := range c.result.Files {
		if f.Source == source {
			compareGolden("durable", f.Text)
		}
	}
}

// A limitedBuffer keeps the first bytes that are written to it.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	b.Buffer.Write(p[:n])
	return len(p), nil
}

// A corpus is a copy of the module with nothing in it but the programs and what
// they need, so that single programs can be taken out.
type corpus struct {
	repo, dir string
	overlay   string            // description for go build -overlay
	all       []string          // names of all programs
	names     []string          // of those that are left
	refused   map[string]string // why the others are not
	result    *compiler.Result
}

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	c := &corpus{repo: repo, dir: t.TempDir(), refused: map[string]string{}}
	if *keepPrograms != "" {
		if c.dir, err = filepath.Abs(*keepPrograms); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "runtime", "coroutine", "testdata/programs"} {
		if err := copyTree(filepath.Join(c.dir, name), filepath.Join(repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(c.dir, "testdata", "programs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			c.names = append(c.names, e.Name())
		}
	}
	if *onlyPrograms != "" {
		re, err := regexp.Compile(*onlyPrograms)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Clone(c.names) {
			if !re.MatchString(name) {
				c.drop(t, name, "not selected")
			}
		}
	}
	c.all = slices.Clone(c.names)
	c.checkTable(t)
	return c
}

// copyTree copies a file, or a directory without its tests and their data.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
			return err
		}
		return os.WriteFile(dst, b, 0o644)
	})
}

func (c *corpus) driver() string { return filepath.Join(c.dir, "testdata", "programs", "main.go") }

// tableLine reports whether a line of the driver mentions the program.
func tableLine(line, name string) bool {
	f := strings.Fields(line)
	return len(f) == 1 && f[0] == `"`+programsPath+"/"+name+`"` ||
		len(f) == 2 && f[0] == `{"`+name+`",` && f[1] == name+".Main},"
}

// checkTable fails if the driver's table does not have every program.
func (c *corpus) checkTable(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(c.driver())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for _, name := range c.names {
		n := 0
		for _, l := range lines {
			if tableLine(l, name) {
				n++
			}
		}
		if n != 2 {
			t.Errorf("testdata/programs/main.go has not both an import of %s and an entry in its table", name)
		}
	}
}

// drop takes a program out of the corpus.
func (c *corpus) drop(t *testing.T, name, why string) {
	t.Helper()
	c.refused[name] = why
	c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
	b, err := os.ReadFile(c.driver())
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return tableLine(l, name) })
	if err := os.WriteFile(c.driver(), []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(c.dir, "testdata", "programs", name)); err != nil {
		t.Fatal(err)
	}
}

var inProgram = regexp.MustCompile(`(?:^|/)testdata/programs/(\w+)/`)

// programOf returns the program that a file belongs to.
func (c *corpus) programOf(file string) string {
	m := inProgram.FindStringSubmatch(filepath.ToSlash(file))
	if m == nil || !slices.Contains(c.names, m[1]) {
		return ""
	}
	return m[1]
}

// compile compiles what can be compiled, and leaves an overlay with which the
// durable driver builds.
func (c *corpus) compile(t *testing.T) {
	t.Helper()
	for len(c.names) > 0 {
		bad := c.tryCompile(t)
		if len(bad) == 0 {
			bad = c.tryBuild(t)
		}
		if len(bad) == 0 {
			return
		}
		for name, why := range bad {
			c.drop(t, name, why)
		}
	}
}

// tryCompile compiles the programs that are left and returns those with errors.
func (c *corpus) tryCompile(t *testing.T) map[string]string {
	t.Helper()
	r, err := compiler.Compile(t.Context(), compiler.Options{Dir: c.dir, Patterns: []string{"./testdata/programs/..."}, NoTests: true, KeepSources: true})
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{}
	var lost []string
	for _, d := range r.Diagnostics {
		text := strings.ReplaceAll(d.Error(), c.dir+string(filepath.Separator), "")
		name := c.programOf(d.Pos.Filename)
		switch {
		case d.Warning:
			t.Log(text)
		case name == "":
			lost = append(lost, text)
		default:
			bad[name] += text + "\n"
		}
	}
	if len(bad) == 0 && len(lost) > 0 {
		t.Fatalf("errors outside of the programs:\n%s", strings.Join(lost, "\n"))
	}
	if len(bad) > 0 {
		return bad
	}
	c.result = r
	overlay, err := r.Overlay()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.dir, "_overlay") // no package of the module
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if c.overlay, err = compiler.WriteOverlay(dir, overlay); err != nil {
		t.Fatal(err)
	}
	return nil
}

var buildError = regexp.MustCompile(`(?m)^\S*testdata/programs/(\w+)/\S*?:\d+.*$`)

// tryBuild builds the programs that are left with the durable tag and returns
// those that do not build.
func (c *corpus) tryBuild(t *testing.T) map[string]string {
	t.Helper()
	out, err := c.goBuild(t, "durable", "-tags", "durable", "-overlay", c.overlay)
	if err == nil {
		return nil
	}
	bad := map[string]string{}
	for _, m := range buildError.FindAllStringSubmatch(out, -1) {
		if slices.Contains(c.names, m[1]) {
			bad[m[1]] += "generated code does not build: " + m[0] + "\n"
		}
	}
	if len(bad) == 0 {
		t.Fatalf("building the durable driver: %v\n%s", err, out)
	}
	return bad
}

func (c *corpus) goBuild(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"build", "-o", filepath.Join(c.dir, name)}, args...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./testdata/programs")...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), c.dir+string(filepath.Separator), ""), err
}

// build builds the driver and returns its path.
func (c *corpus) build(t *testing.T, name string, args ...string) string {
	t.Helper()
	if out, err := c.goBuild(t, name, args...); err != nil {
		t.Fatal(errors.Join(err, errors.New(out)))
	}
	return filepath.Join(c.dir, name)
}
