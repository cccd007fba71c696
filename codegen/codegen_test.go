package codegen_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
)

var update = flag.Bool("update", false, "accept the golden parts of testdata")

// TestGolden generates the module of each archive in testdata. The archive begins
// with prose, then has the module's files and what is expected: the generated
// files, under their names, or "diagnostics".
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			require.NoError(t, err)
			var input txtar.Archive
			want := map[string]string{}
			for _, f := range a.Files {
				if expected(f.Name) {
					want[f.Name] = string(f.Data)
				} else {
					input.Files = append(input.Files, f)
				}
			}
			got := generate(t, &input)
			if *update {
				write(t, name, a.Comment, input.Files, got)
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func expected(name string) bool {
	return name == "diagnostics" || strings.Contains(name, ".durable")
}

func write(t *testing.T, name string, comment []byte, input []txtar.File, got map[string]string) {
	t.Helper()
	out := &txtar.Archive{Comment: comment, Files: input}
	for _, f := range input {
		if text, ok := got[strings.TrimSuffix(f.Name, ".go")+".durable.go"]; ok {
			out.Files = append(out.Files, txtar.File{Name: strings.TrimSuffix(f.Name, ".go") + ".durable.go", Data: []byte(text)})
		}
	}
	if text, ok := got["diagnostics"]; ok {
		out.Files = append(out.Files, txtar.File{Name: "diagnostics", Data: []byte(text)})
	}
	require.NoError(t, os.WriteFile(name, txtar.Format(out), 0o644))
}

// generate returns the generated files and, if there are any, the diagnostics.
func generate(t *testing.T, input *txtar.Archive) map[string]string {
	t.Helper()
	dir := loadtest.Dir(t, string(txtar.Format(input)))
	mod := loadtest.Load(t, dir)
	facts, diags := colour.Analyse(mod)
	require.Empty(t, diags)
	got := map[string]string{}
	gen := codegen.New(mod, facts)
	for _, p := range mod.Packages {
		if p.Library || p.Test {
			continue
		}
		d, diags := desugar.Rewrite(mod, p, facts)
		require.Empty(t, diags)
		require.NoError(t, desugar.Verify(d, facts))
		files, diags := gen.Package(p, d)
		for _, f := range files {
			rel, err := filepath.Rel(dir, f.Path)
			require.NoError(t, err)
			got[filepath.ToSlash(rel)] = string(f.Text)
		}
		for _, d := range diags {
			got["diagnostics"] += relative(dir, d) + "\n"
		}
	}
	return got
}

func relative(dir string, d typecheck.Diagnostic) string {
	return strings.ReplaceAll(d.Error(), dir+string(filepath.Separator), "")
}

// TestManySites warns of a function that would take gc minutes.
func TestManySites(t *testing.T) {
	var b strings.Builder
	b.WriteString("-- a.go --\npackage m\n\nimport \"github.com/coroc-dev/coroc/coroutine\"\n\nfunc f() {\n")
	for i := range 1001 {
		fmt.Fprintf(&b, "\tcoroutine.Yield[int, int](%d)\n", i)
	}
	b.WriteString("}\n")
	got := generate(t, txtar.Parse([]byte(b.String())))
	require.Equal(t, "a.go:5:1: warning: m.f has 1001 calls that may suspend, and will take the Go compiler long\n\tdivide it into smaller functions\n", got["diagnostics"])
	require.Contains(t, got, "a.durable.go", "a warning does not keep the file from being generated")
}
