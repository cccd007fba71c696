package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// build compiles examples/charge into a temporary folder: durably through coroc's build
// overlay, which leaves the sources alone, or not.
func build(t *testing.T, durable bool) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	dir := t.TempDir()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "charge"+exe)
	steps := [][]string{{"go", "build", "-o", binary, "./examples/charge"}}
	if durable {
		coroc := filepath.Join(dir, "coroc"+exe)
		steps = [][]string{
			{"go", "build", "-o", coroc, "./cmd/coroc"},
			{coroc, "build", "-o", binary, "./examples/charge"},
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

func demonstrateIn(t *testing.T, binary string) (found []string, err error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	o := &options{kills: 6, rows: 150, seed: 1, dir: t.TempDir(), binary: binary, patience: time.Minute}
	found, err = demonstrate(context.Background(), o, newShow(out))
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
