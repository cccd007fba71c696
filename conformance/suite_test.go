package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == compileCommand {
		if err := compileBatch(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	os.Exit(m.Run())
}

// newSuite returns a suite over the distribution's tests that reports to the test.
func newSuite(t *testing.T, known map[string]string) *suite {
	t.Helper()
	s := &suite{jobs: 2, batch: 60, limit: time.Minute}
	var err error
	if s.tools, err = findToolchain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.sources, err = s.tools.sources(); err != nil {
		t.Fatal(err)
	}
	if err := (&options{cache: t.TempDir()}).openStores(s); err != nil {
		t.Fatal(err)
	}
	s.report = newReport(t.Output(), true, known)
	return s
}

// TestSampleConforms runs the sample that CI runs.
func TestSampleConforms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	known, err := parseKnown(knownFailures)
	if err != nil {
		t.Fatal(err)
	}
	s := newSuite(t, known)
	if s.tests, err = s.tools.tests(); err != nil {
		t.Skip(err)
	}
	all, err := scan(s.tests)
	if err != nil {
		t.Fatal(err)
	}
	ps, err := (&options{sample: 60}).selected(s, all, known)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context(), ps); err != nil {
		t.Fatal(err)
	}
	if !s.report.summary() {
		t.Error("not as known-failures.txt says")
	}
}

// TestFilterTakesEnough proves that the filter does not become what makes the suite pass.
func TestFilterTakesEnough(t *testing.T) {
	tools, err := findToolchain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := tools.tests()
	if err != nil {
		t.Skip(err)
	}
	ps, err := scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range ps {
		if p.Left == "" {
			n++
		}
	}
	if n < 700 {
		t.Errorf("%d programs taken of %d, want 700", n, len(ps))
	}
}

// TestSuite runs programs that show what the suite says of programs. The filter
// would not take those that know how they were built.
func TestSuite(t *testing.T) {
	s := newSuite(t, map[string]string{"known.go": "it differs", "better.go": "it would differ"})
	s.tests, s.limit, s.batch = t.TempDir(), 2*time.Second, 4
	if err := os.WriteFile(filepath.Join(s.tests, "data.txt"), []byte("data"), 0o666); err != nil {
		t.Fatal(err)
	}
	var ps []*Program
	for path, body := range map[string]string{
		"good.go":      "for i := 0; i < 3; i++ { println(i) }",
		"fixed/b_1.go": "b, err := os.ReadFile(`data.txt`); fmt.Println(string(b), err)",
		"b_test.go":    "println(`not a test`)",
		"fails.go":     "os.Exit(3)",
		"random.go":    "println(os.Getpid())",
		"broken.go":    "x := 1",
		"hangs.go":     "for { os.Getpid() }",
		"better.go":    "println(1)",
		"known.go":     stressed + "println(stressed)",
		"differs.go":   stressed + "fmt.Println(stressed)",
		"exits.go":     stressed + "if stressed { os.Exit(4) }",
		"panics.go":    stressed + "if stressed { panic(5) }",
		"late.go":      stressed + "for stressed { os.Getpid() }",
		"partly.go":    "show[int]()",
	} {
		src := "// run\n\npackage main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"strings\"\n)\n\nvar _ = fmt.Sprint(os.Args, strings.Clone)\n\nfunc main() {\n" + body + "\n}\n"
		if path == "partly.go" {
			src += types
		}
		ps = append(ps, &Program{Path: path, Source: []byte(src)})
	}
	slices.SortFunc(ps, func(a, b *Program) int { return strings.Compare(a.Path, b.Path) })
	if err := s.run(t.Context(), ps); err != nil {
		t.Fatal(err)
	}
	if s.report.summary() {
		t.Error("all is as it should be, says the summary")
	}
	want := map[string]string{
		"good.go": "passed", "fixed/b_1.go": "passed", "b_test.go": "passed", "partly.go": "passed", "better.go": "passed",
		"known.go":   "output differs: line 1 of standard error is \"true\", want \"false\"",
		"differs.go": "output differs: line 1 of standard output is \"true\", want \"false\"",
		"exits.go":   "exit code differs: exit code 4, want 0",
		"panics.go":  "crash: panic: 5",
		"late.go":    "no end",
		"fails.go":   "left: fails by itself", "random.go": "left: not the same in each run",
		"broken.go": "left: does not build by itself", "hangs.go": "left: does not end by itself",
	}
	checkOutcomes(t, s, want)
	for _, r := range s.report.results {
		if partly := r.Path == "partly.go"; partly != (len(r.Unsuspended) > 0) {
			t.Errorf("%s: functions without suspension points: %q", r.Path, r.Unsuspended)
		}
	}

	// The second time, what has run does not run again; what was left is left.
	again := *s
	again.resume, again.report = true, newReport(t.Output(), false, nil)
	again.tools = &toolchain{goroot: "/none", version: s.tools.version, coroc: "/none"}
	if err := again.run(t.Context(), ps); err != nil {
		t.Fatal(err)
	}
	checkOutcomes(t, &again, want)

	// Interrupted, it says so.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.report = newReport(t.Output(), false, nil)
	if err := s.run(ctx, ps); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// types has a method that coroc refuses to compile: a struct without a name hides it, and
// the struct's type depends on a type parameter.
const types = `
type inner[T any] struct{}

func (inner[T]) String() string { return "inner" }

type deep[T any] struct{ inner[T] }

func show[T any]() {
	var i fmt.Stringer = struct { deep[T]; *strings.Builder }{}
	_, ok := i.(deep[T])
	fmt.Println(ok)
}
`

// stressed lets a program find out how it was built.
const stressed = `exe, _ := os.Executable()
stressed := !strings.Contains(exe, "bin-plain")
`

func checkOutcomes(t *testing.T, s *suite, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, r := range s.report.results {
		got[r.Path] = string(r.Kind)
		if r.Kind != Passed && r.Kind != Late { // how long that took depends on the machine
			got[r.Path] += ": " + firstLine(r.Why)
		}
	}
	for why, paths := range s.report.leftOut {
		for _, p := range paths {
			got[p] = "left: " + why
		}
	}
	for path := range want {
		if got[path] != want[path] {
			t.Errorf("%s: %q, want %q", path, got[path], want[path])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d programs, want %d", len(got), len(want))
	}
}
