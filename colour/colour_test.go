package colour_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "accept what comes out")

// Each archive in testdata is a module, and "want": the facts and the
// diagnostics.
func TestAnalyse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := loadtest.Dir(t, string(data))
			mod := loadtest.Load(t, dir)
			facts, diags := colour.Analyse(mod)
			var b strings.Builder
			if strings.HasPrefix(filepath.Base(name), "effects") {
				b.WriteString(facts.DumpEffects(mod))
			} else {
				b.WriteString(facts.Dump(mod))
			}
			for _, o := range facts.Opaque {
				diags = append(diags, o.Diagnostic)
			}
			for _, d := range typecheck.SortDiagnostics(diags) {
				b.WriteString(d.Error() + "\n")
			}
			got := loadtest.Relative(dir, b.String())

			a := txtar.Parse(data)
			want := ""
			i := len(a.Files) - 1
			if i >= 0 && a.Files[i].Name == "want" {
				want = string(a.Files[i].Data)
			}
			if *update {
				if i < 0 || a.Files[i].Name != "want" {
					a.Files = append(a.Files, txtar.File{Name: "want"})
					i++
				}
				a.Files[i].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("facts differ (-want +got):\n%s", d)
			}
		})
	}
}

// What is found of effects goes into generated code: it must not depend on the order of a map.
func TestEffectsAreStable(t *testing.T) {
	files, err := filepath.Glob("testdata/effects*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mod := loadtest.Load(t, loadtest.Dir(t, string(data)))
		first := ""
		for range 20 {
			facts, _ := colour.Analyse(mod)
			got := facts.DumpEffects(mod)
			if first == "" {
				first = got
			}
			if d := cmp.Diff(first, got); d != "" {
				t.Fatalf("%s: another answer the second time (-first +second):\n%s", name, d)
			}
		}
	}
}
