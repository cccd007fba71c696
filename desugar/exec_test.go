package desugar_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/desugar"
)

// TestExec runs the packages of testdata/exec as they are and desugared, and
// compares what they print. Each has a function Run; what is called s_... counts
// as suspending, and traces that it was called. A case belongs here if its meaning
// depends on the order of evaluation, on what is shared, or on the shape of
// control flow: gc is the judge.
func TestExec(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	names, _ := filepath.Glob("testdata/exec/*.go")
	prelude := read(t, "testdata/exec/prelude.txt")
	dir := workspace(t)
	var before, after []string
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".go")
		src := read(t, name)
		sources := map[string]string{
			"case.go":    src,
			"prelude.go": "package " + id + "\n" + prelude,
		}
		if v := version(src); v != "go1.26" {
			// A constraint makes it the version of the file.
			sources["case.go"] = "//go:build " + v + "\n\n" + src
		}
		mod, p := load(t, "github.com/coroc-dev/coroc/after/"+id, "go1.26", sources)
		out := rewrite(t, mod, p, mark(p, false))
		for i, f := range out.Files {
			text, err := desugar.Format(out, f)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Base(p.Files[i].Name)
			if v := version(src); v != "go1.26" && file == "case.go" {
				text = append([]byte("//go:build "+v+"\n\n"), text...)
			}
			write(t, filepath.Join(dir, "after", id, file), string(text))
			write(t, filepath.Join(dir, "before", id, file), sources[p.Files[i].Name])
		}
		before = append(before, id)
		after = append(after, id)
	}
	want := runAll(t, dir, "before", before)
	got := runAll(t, dir, "after", after)
	for _, id := range before {
		if want[id] == "" {
			t.Errorf("%s prints nothing", id)
		}
		if got[id] != want[id] {
			t.Errorf("%s: %s\ndesugared:\n%s", id, difference(got[id], want[id]),
				read(t, filepath.Join(dir, "after", id, "case.go")))
		}
	}
}

// difference describes the first lines that differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d is %q, should be %q\nbefore it:\n%s", i+1, a, b,
				strings.Join(w[max(0, i-8):i], "\n"))
		}
	}
	return "no difference"
}

// runAll compiles packages into one program and returns what each prints.
func runAll(t *testing.T, dir, sub string, ids []string) map[string]string {
	t.Helper()
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n\t\"fmt\"\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "\t%q\n", "github.com/coroc-dev/coroc/"+sub+"/"+id)
	}
	b.WriteString(")\n\nfunc main() {\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "\tfmt.Println(%q)\n\t%s.Run()\n", "=== "+id, id)
	}
	b.WriteString("}\n")
	main := filepath.Join(dir, "main_"+sub)
	write(t, filepath.Join(main, "main.go"), b.String())
	cmd := exec.Command("go", "run", "./main_"+sub)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", sub, err, text)
	}
	outputs := make(map[string]string)
	for _, part := range strings.Split(string(text), "=== ")[1:] {
		id, out, _ := strings.Cut(part, "\n")
		outputs[id] = out
	}
	return outputs
}
