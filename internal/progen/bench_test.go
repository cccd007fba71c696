package progen_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
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

const (
	module        = "github.com/coroc-dev/coroc"
	coroutinePath = module + "/coroutine"
	supportPath   = module + "/programs/support"
)

// A failure is what is wrong with a program.
type failure struct {
	stage stage
	text  string
}

type stage int

const (
	compiling stage = iota
	building
	volatileRun
	durableRun
	savedRun
)

func (f failure) String() string {
	return [...]string{
		"is not compiled",
		"generates code that does not build",
		"dies in the volatile build",
		"differs in the durable build",
		"differs in the durable build when it is saved",
	}[f.stage] + ":\n" + f.text
}

// A bench is a module with what programs need, to build them in.
type bench struct {
	t           *testing.T
	dir         string
	compileOnly bool // only what the compiler says
}

func newBench(t *testing.T) *bench {
	t.Helper()
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: t.TempDir()}
	if *dirFlag != "" {
		if b.dir, err = filepath.Abs(*dirFlag); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "runtime", "coroutine", "programs"} {
		if err := os.RemoveAll(filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
		if name == "programs" {
			continue
		}
		if err := copyTree(filepath.Join(b.dir, name), filepath.Join(repo, name)); err != nil {
			t.Fatal(err)
		}
	}
	b.write("programs/support/support.go", progen.Support)
	return b
}

func formatted(t *testing.T, p progen.Source) string {
	t.Helper()
	text, err := p.Format()
	if err != nil {
		t.Fatalf("%v\n%s", err, p)
	}
	return string(text)
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

func (b *bench) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// failures builds and runs programs, all of them in one binary, and returns what
// is wrong with some of them.
func (b *bench) failures(programs map[string]progen.Source) map[string]failure {
	b.t.Helper()
	bad := map[string]failure{}
	left := maps.Clone(programs)
	if err := os.RemoveAll(filepath.Join(b.dir, "programs", "p")); err != nil {
		b.t.Fatal(err)
	}
	for name, text := range programs {
		b.write("programs/p/"+name+"/p.go", formatted(b.t, text))
	}
	b.table(left)
	if !b.compileOnly {
		b.reference(left, "volatile")
	}
	for len(left) > 0 {
		b.table(left)
		overlay, why := b.compile(left)
		at := compiling
		if why == nil && b.compileOnly {
			return bad
		}
		if why == nil {
			at = building
			_, why = b.build(left, "durable", "-tags", "durable", "-overlay", overlay)
		}
		if why == nil {
			break
		}
		for name, text := range why {
			bad[name] = failure{at, text}
			delete(left, name)
			if err := os.RemoveAll(filepath.Join(b.dir, "programs", "p", name)); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	limit := make(chan bool, 2)
	for name := range left {
		limit <- true
		wg.Go(func() {
			defer func() { <-limit }()
			if f, ok := b.compare(name); !ok {
				mu.Lock()
				bad[name] = f
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	b.inlining(left, bad)
	return bad
}

// reference builds the programs as they are.
func (b *bench) reference(left map[string]progen.Source, name string, args ...string) {
	b.t.Helper()
	if out, why := b.build(left, name, args...); why != nil {
		b.t.Fatalf("made-up programs do not build:\n%s", out)
	}
}

// inlining takes away the failures that are none: whether a nil receiver or an index out of
// range panics before a call beside it or behind is open, and gc lets it depend on whether the
// call is inlined. Both are right.
func (b *bench) inlining(left map[string]progen.Source, bad map[string]failure) {
	b.t.Helper()
	built := false
	for name, f := range bad {
		if f.stage != durableRun {
			continue
		}
		if !built {
			b.reference(left, "uninlined", "-gcflags="+module+"/programs/p/...=-l")
			built = true
		}
		if b.run("uninlined", name) == b.run("durable", name) {
			delete(bad, name)
		}
	}
}

// compare runs a program in three ways.
func (b *bench) compare(name string) (failure, bool) {
	want := b.run("volatile", name)
	switch {
	case strings.HasPrefix(want, stackOverflow):
		// An embedded interface holds its own struct, say.
		return failure{}, true
	case strings.HasPrefix(want, died):
		return failure{volatileRun, want}, false
	}
	durable := b.run("durable", name)
	if saved := b.run("durable", "-save", name); saved != durable {
		return failure{savedRun, difference(durable, saved)}, false
	}
	if durable != want {
		return failure{durableRun, difference(want, durable)}, false
	}
	return failure{}, true
}

// difference shows where two outputs part.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	if strings.HasPrefix(got, died) {
		return strings.Join(slices.Concat(g[:1], g[max(1, len(g)-12):]), "\n")
	}
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

var (
	inProgram = regexp.MustCompile(`programs/p/(\w+)\b`)
	// buildError is a line of the go command about a program.
	buildError = regexp.MustCompile(`(?m)^\S*programs/p/(\w+)/\S*?:\d+.*$`)
	// valueMethod is what Go's runtime says about a nil pointer in an interface, with
	// the name of the twin that was called: a known difference. And where gc knows what
	// is in the interface, it does not call the wrapper that says so.
	valueMethod = regexp.MustCompile(`value method \S+ called using nil \S+ pointer`)
	// outOfRange is what it says about an index. Which of two in one expression is the first
	// one is open, if a call stands between them.
	outOfRange = regexp.MustCompile(`index out of range \[-?\d+\]( with length \d+)?`)
)

// compile compiles the programs and returns an overlay, or those with errors.
func (b *bench) compile(left map[string]progen.Source) (overlay string, bad map[string]string) {
	b.t.Helper()
	r, err := compiler.Compile(b.t.Context(), compiler.Options{Dir: b.dir, Patterns: []string{"./programs/..."}, NoTests: true})
	if err != nil {
		b.t.Fatal(err)
	}
	var lost []string
	for _, d := range r.Diagnostics {
		text := strings.ReplaceAll(d.Error(), b.dir+string(filepath.Separator), "")
		if d.Warning {
			continue
		}
		m := inProgram.FindStringSubmatch(filepath.ToSlash(d.Pos.Filename + " " + text))
		if m == nil || left[m[1]] == "" {
			lost = append(lost, text)
			continue
		}
		if bad == nil {
			bad = map[string]string{}
		}
		bad[m[1]] += strings.ReplaceAll(text, "programs/p/"+m[1]+"/", "") + "\n"
	}
	if bad == nil && lost != nil {
		b.t.Fatalf("errors outside of the programs:\n%s", strings.Join(lost, "\n"))
	}
	if bad != nil {
		return "", bad
	}
	m, err := r.Overlay()
	if err != nil {
		b.t.Fatal(err)
	}
	dir := filepath.Join(b.dir, "_overlay")
	if err := os.RemoveAll(dir); err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	overlay, err = compiler.WriteOverlay(dir, m)
	if err != nil {
		b.t.Fatal(err)
	}
	return overlay, nil
}

// table writes the driver with the programs that are left.
func (b *bench) table(left map[string]progen.Source) {
	b.t.Helper()
	var imports, table strings.Builder
	for _, n := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintf(&imports, "\t%s %q\n", n, module+"/programs/p/"+n)
		fmt.Fprintf(&table, "\t%q: %s.Main,\n", n, n)
	}
	b.write("programs/main.go", fmt.Sprintf(driver, imports.String(), table.String()))
}

// build builds the programs that are left, or returns those that do not build.
func (b *bench) build(left map[string]progen.Source, name string, args ...string) (string, map[string]string) {
	b.t.Helper()
	args = append([]string{"build", "-o", filepath.Join(b.dir, name)}, args...)
	cmd := exec.CommandContext(b.t.Context(), "go", append(args, "./programs")...)
	cmd.Dir = b.dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", nil
	}
	bad := map[string]string{}
	for _, m := range buildError.FindAllStringSubmatch(string(out), -1) {
		if left[m[1]] != "" {
			bad[m[1]] += strings.ReplaceAll(m[0], "programs/p/"+m[1]+"/", "") + "\n"
		}
	}
	if len(bad) == 0 {
		b.t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	return string(out), bad
}

const (
	died          = "DIED"
	stackOverflow = died + " of stack overflow"
	runTime       = 60 * time.Second
)

// run returns what a program prints.
func (b *bench) run(driver string, args ...string) string {
	ctx, cancel := context.WithTimeout(b.t.Context(), runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, driver), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		s := out.String()
		if strings.Contains(s, "stack exceeds") {
			return stackOverflow
		}
		if i := strings.Index(s, "goroutine 1 "); i >= 0 {
			s = s[:min(len(s), i+2000)]
		}
		return fmt.Sprintf("%s %v\n%s", died, err, s[max(0, len(s)-2500):])
	}
	text := outOfRange.ReplaceAllString(out.String(), "index out of range")
	return valueMethod.ReplaceAllString(text, "runtime error: invalid memory address or nil pointer dereference")
}

// driver runs one program.
const driver = `package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

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
			if err != nil && strings.Contains(err.Error(), "a channel belongs to its process") {
				c.Send(reply(v))
				continue
			}
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
		c.Send(reply(v))
	}
	fmt.Println("done")
}

func reply(v int) int { return (2*v + 1) %% 23 }

// next is c.Next, with a panic printed, and that it has ended the goroutine.
func next(c coroutine.Coroutine[int, int]) (suspended bool) {
	ended := make(chan bool)
	go func() {
		returned := false
		defer func() {
			if v := recover(); v != nil {
				fmt.Println("panic:", support.Desc(v))
			} else if !returned {
				fmt.Println("exit")
			}
			close(ended)
		}()
		suspended = c.Next()
		returned = true
	}()
	<-ended
	return suspended
}
`
