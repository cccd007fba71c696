package desugar_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/desugar"
)

var update = flag.Bool("update", false, "accept the output as it is")

// TestGolden compares testdata/golden/x.go, desugared, with x.golden. A first
// line //go:debug-free version comment "// go1.21" sets the language version.
func TestGolden(t *testing.T) {
	names, _ := filepath.Glob("testdata/golden/*.go")
	if len(names) == 0 {
		t.Fatal("no cases")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".go"), func(t *testing.T) {
			src := read(t, name)
			mod, p := load(t, "example.com/p", version(src), map[string]string{name: src})
			out := rewrite(t, mod, p, mark(p, false))
			got, err := desugar.Format(out, out.Files[0])
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(name, ".go") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := read(t, golden); string(got) != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func version(src string) string {
	if v, ok := strings.CutPrefix(src, "// go1."); ok {
		v, _, _ = strings.Cut(v, "\n")
		return "go1." + v
	}
	return "go1.26"
}
