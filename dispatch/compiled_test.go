//go:build !durable

package dispatch_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of what awaits hold in the durable build too, as coroc compiles it. They are
// copied into a module of their own, because coroc leaves this one's library as it is.
func TestCompiled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the compiler and a program")
	}
	dir, coroc := module(t, "compiled")
	for name, files := range map[string][]string{
		"dispatch":     {"await_test.go", "cancel_test.go", "event_test.go", "sleep_test.go", "strategy_test.go", "options_test.go", "deadline_test.go", "future_test.go", "tail_test.go", "laps_test.go", "progress_test.go", "example_test.go", "helpers_test.go"},
		"dispatchtest": {"dispatchtest/dispatchtest_test.go", "dispatchtest/example_test.go"},
		"dispatchotel": {"dispatchotel/tracer_test.go", "dispatchotel/workflow_test.go"},
	} {
		write(t, dir, name+"/doc.go", []byte("package "+name+"\n"))
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			write(t, dir, filepath.Join(name, filepath.Base(file)), bytes.Replace(b, []byte("//go:build !durable\n"), nil, 1))
		}
	}
	out := command(t, dir, "-mod=mod", coroc, "test", "-v", "./...")
	for _, name := range []string{
		"TestAwait", "TestCancelAwaiting", "TestCancelWhileDown", "TestCancelShielded", "TestCancelCleanUp", "TestSleeps", "TestSleepsWhileDown", "TestSleepCanceled", "TestSleepRefused", "TestEvents", "TestEventWithin", "TestEventsTogether", "TestEventsAgain", "TestEventsHandedOver", "TestEventCanceled", "TestEventKeys", "TestStrategies", "TestTypedStrategies", "TestProgress", "TestAwaitWithin", "TestStrategyRefused", "TestWith", "TestOwnPolicy", "TestDelay", "TestOptionRefused", "TestDeadline", "TestDeadlineWhileDown", "TestDeadlineCrashes", "TestFutures", "TestFutureStrategies", "TestFutureEnds", "TestFutureRetried", "TestFutureRefused", "TestTail", "TestTailAwaited", "TestTailEnds", "TestTailRefused", "TestLaps", "TestLapsCrash", "TestAwaitInCoroutine", "TestGather", "TestGatherMany", "TestRecursion", "TestRestartAfterAwait", "Example", "ExampleCheckStates",
		"TestEachCrash", "TestManyCrashes", "TestTimePasses", "TestSleep", "TestCrashInTheMiddle", "TestMocks", "TestMockAwaits", "TestSavedAndLoaded", "TestBeforeAndAfter", "TestOneTrace", "ExampleRunner_CrashAtAwait",
	} {
		require.Contains(t, out, "--- PASS: "+name+" ")
	}
}

// module makes a module that uses this one, and builds coroc.
func module(t *testing.T, name string) (dir, coroc string) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir = t.TempDir()
	coroc = filepath.Join(dir, "coroc.exe")
	command(t, root, "-mod=readonly", "go", "build", "-o", coroc, "./cmd/coroc")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	requires := bytes.Join(regexp.MustCompile(`(?ms)^require \(.*?^\)$`).FindAll(mod, -1), []byte("\n"))
	write(t, dir, "go.mod", fmt.Appendf(nil, "module %s\n\ngo 1.26.0\n\n%s\n\nrequire github.com/coroc-dev/coroc v0.0.0\n\nreplace github.com/coroc-dev/coroc => %s\n", name, requires, root))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	write(t, dir, "go.sum", sum)
	return dir, coroc
}

func command(t *testing.T, dir, goflags, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+goflags)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %q: %s", name, args, out)
	return string(out)
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, b, 0o666))
}

// A durable build of a program that coroc has not compiled stops at its first await, and the
// call is run when it is compiled.
func TestForgottenCoroc(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the compiler and a program")
	}
	dir, coroc := module(t, "forgotten")
	write(t, dir, "main.go", []byte(`package main

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch"
)

var inc = dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })

var twice = dispatch.Func("twice", func(ctx context.Context, n int) (int, error) {
	n, err := inc.Await(ctx, n)
	if err != nil {
		return 0, err
	}
	return inc.Await(ctx, n)
})

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	d, err := dispatch.New(inc, twice, dispatch.WithStore("calls.db"))
	if err != nil {
		panic(err)
	}
	id, err := twice.Dispatch(ctx, 1, dispatch.WithKey("k"))
	if err != nil {
		panic(err)
	}
	go func() {
		defer cancel()
		fmt.Println(twice.Wait(ctx, id))
	}()
	fmt.Println("run:", d.Run(ctx))
	<-ctx.Done()
}
`))
	for range 2 {
		out := command(t, dir, "-mod=mod", "go", "run", "-tags", "durable", ".")
		require.Contains(t, out, "run: dispatch: main.init.func2 ("+filepath.ToSlash(filepath.Join(dir, "main.go"))+":13) awaits \"inc\"")
		require.Contains(t, out, "run coroc before building with -tags durable")
		require.Contains(t, out, "0 dispatch: twice: call ")
	}
	require.Equal(t, "3 <nil>\nrun: <nil>\n", command(t, dir, "-mod=mod", coroc, "run", "."))
}
