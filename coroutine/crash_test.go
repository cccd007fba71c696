package coroutine_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/coroutine"
)

// crashes are programs that end in a crash. The test runs itself as a process to see
// the report that a user would see.
var crashes = map[string]func(){
	"body": func() {
		collect[int](coroutine.New[int, int](entryFail(errOops)))
	},
	"nested": func() {
		collect[string](coroutine.New[string, string](entryRunFail("v")))
	},
	"stop": func() {
		var log []string
		c := coroutine.New[int, int](entryPanicInDefer(&log))
		c.Next()
		c.Stop()
	},
}

func TestMain(m *testing.M) {
	if f := crashes[os.Getenv("COROUTINE_TEST_CRASH")]; f != nil {
		f()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func crash(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "COROUTINE_TEST_CRASH="+name)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
	return string(out)
}

// position returns file:line of the line of the programs that has the comment.
func position(t *testing.T, comment string) string {
	t.Helper()
	name := "programs_test.go"
	if coroutine.Durable {
		name = "programs.durable_test.go"
	}
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if strings.HasSuffix(lines.Text(), "// "+comment) {
			return fmt.Sprintf("%s:%d", name, n)
		}
	}
	t.Fatalf("no line of %s ends in %s", name, comment)
	return ""
}

func TestCrashShowsTheBody(t *testing.T) {
	out := crash(t, "body")
	require.Contains(t, out, "oops")
	require.Contains(t, out, position(t, "crash here"))
	require.Contains(t, out, "crash_test.go:")
}

func TestCrashShowsBothBodies(t *testing.T) {
	out := crash(t, "nested")
	require.Contains(t, out, position(t, "crash here"))
	require.Contains(t, out, position(t, "crash inside"))
	require.Contains(t, out, "crash_test.go:")
}

func TestCrashOfStopShowsTheBody(t *testing.T) {
	out := crash(t, "stop")
	require.Contains(t, out, "oops")
	require.Contains(t, out, position(t, "crash deferred"))
	require.Contains(t, out, "crash_test.go:")
}
