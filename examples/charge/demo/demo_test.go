package main

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coroc-dev/coroc/coroutine"

	"github.com/coroc-dev/coroc/internal/progress"
)

// build compiles examples/charge into a temporary folder, durably or not. What coroc
// writes goes to a copy of the module: tests leave the sources alone.
func build(t *testing.T, durable bool) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	if coroutine.Durable {
		t.Skip("the test of the volatile build does this, both ways")
	}
	dir := t.TempDir()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "charge"+exe)
	steps := [][]string{{"go", "build", "-o", binary, "./examples/charge"}}
	if durable {
		module := filepath.Join(dir, "module")
		copySources(t, module, root)
		root = module
		coroc := filepath.Join(dir, "coroc"+exe)
		steps = [][]string{
			{"go", "build", "-o", coroc, "./cmd/coroc"},
			{coroc, "--tests=false", "./examples/charge"},
			{"go", "build", "-tags", "durable", "-o", binary, "./examples/charge"},
		}
	}
	for _, step := range steps {
		cmd := exec.Command(step[0], step[1:]...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(step, " "), err, out)
		}
	}
	return binary
}

// copySources copies what the module needs to be compiled.
func copySources(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := entry.Name()
		target := filepath.Join(to, rel)
		switch {
		case entry.IsDir() && path != from && (strings.HasPrefix(name, ".") || name == "testdata"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o777)
		case !entry.Type().IsRegular():
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".mod", ".sum", ".sql", ".txt":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func demonstrateIn(t *testing.T, binary string) (found []string, err error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	o := &options{kills: 6, rows: 150, seed: 1, dir: t.TempDir(), binary: binary, patience: time.Minute}
	found, err = demonstrate(context.Background(), o, progress.New(out))
	text, readErr := os.ReadFile(out.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	t.Logf("%s", text)
	return found, err
}

func TestDemo(t *testing.T) {
	found, err := demonstrateIn(t, build(t, true))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// A volatile build starts its workflow over after each kill. The demo must notice: this
// is the test that its findings are about something.
func TestDemoFindsOutAVolatileBuild(t *testing.T) {
	binary := build(t, false)
	if err := checkDurable(binary); err == nil {
		t.Error("the binary passes for a durable one")
	}
	found, err := demonstrateIn(t, binary)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(found, "\n")
	for _, want := range []string{"occurs 2 times", "store: calls map", "the workflow said"} {
		if !strings.Contains(all, want) {
			t.Errorf("no finding with %q; findings:\n%s", want, all)
		}
	}
}
