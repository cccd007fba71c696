//go:build unix

package compiler_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// cost is what a command took, with the commands that it ran.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // of the largest process, in bytes
}

// measure runs a command, which may fail, with caches of its own.
func measure(b *testing.B, dir, caches, name string, args ...string) cost {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GONOSUMDB=*", "GOWORK=off",
		"GOCACHE="+filepath.Join(caches, "go"), "COROCCACHE="+filepath.Join(caches, "coroc"))
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		b.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); code > 1 {
		b.Fatalf("%s %q: exit code %d\n%s", name, args, code, out)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	unit := int64(1 << 10)
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return cost{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), int64(usage.Maxrss) * unit}
}

// BenchmarkSpeed measures coroc on the example and on a module of 60,000 lines: the first run
// against go vet, both with empty caches, and one with nothing changed against go list -deps.
// Processor time is what counts, since it says the same on a machine that is busy.
func BenchmarkSpeed(b *testing.B) {
	if testing.Short() {
		b.Skip("compiles the standard library several times")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		b.Fatal(err)
	}
	coroc := filepath.Join(b.TempDir(), "coroc.exe")
	build := exec.Command("go", "build", "-o", coroc, "./cmd/coroc")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	large := writeLargeModule(b, b.TempDir(), 100)
	if large.Lines < 50_000 {
		b.Fatalf("%d lines", large.Lines)
	}
	for _, m := range []struct{ name, dir, pattern string }{
		{"charge", root, "./examples/charge"},
		{"large", large.Dir, "./..."},
	} {
		b.Run(m.name, func(b *testing.B) {
			for range b.N {
				caches := b.TempDir()
				vet := measure(b, m.dir, b.TempDir(), "go", "vet", m.pattern)
				first := measure(b, m.dir, caches, coroc, "check", m.pattern)
				measure(b, m.dir, caches, "go", "list", "-deps", m.pattern)
				list := measure(b, m.dir, caches, "go", "list", "-deps", m.pattern)
				// The go command may have changed go.sum in the first run.
				measure(b, m.dir, caches, coroc, "check", m.pattern)
				again := measure(b, m.dir, caches, coroc, "check", m.pattern)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(first.cpu.Seconds(), "s-first")
				b.ReportMetric(float64(first.cpu)/float64(vet.cpu), "x/vet")
				b.ReportMetric(float64(first.memory)/(1<<20), "MB-first")
				b.ReportMetric(float64(first.memory)/float64(vet.memory), "x/vet-memory")
				b.ReportMetric(float64(again.cpu.Milliseconds()), "ms-unchanged")
				b.ReportMetric(float64(again.cpu)/float64(list.cpu), "x/list")
			}
		})
	}
}
