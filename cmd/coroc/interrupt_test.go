//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{}, {"check"}, {"clean", "-n"}, {"explain"}, {"build"}, {"stress", "."}} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitInterrupted, execute(ctx, args, &stdout, &stderr), "%v: %s", args, &stderr)
		require.Equal(t, "coroc: interrupted\n", stderr.String(), args)
		require.Empty(t, stdout.String(), args)
	}
}

// A program that coroc runs can handle Ctrl-C: coroc waits for it, and it does not
// find the signal ignored.
func TestProgramHandlesInterrupt(t *testing.T) {
	dir := t.TempDir()
	coroc := filepath.Join(dir, "coroc")
	out, err := exec.Command("go", "build", "-o", coroc, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"go.mod": "module m\n\ngo 1.26.0\n\nrequire github.com/coroc-dev/coroc v0.0.0\n\nreplace github.com/coroc-dev/coroc => " + root + "\n",
		"go.sum": string(sum),
		"main.go": `package main

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/coroc-dev/coroc/coroutine"
)

func main() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	fmt.Println("ready", coroutine.Durable)
	<-c
	fmt.Println("caught")
}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	for _, args := range [][]string{{"run", "."}, {"stress", "."}} {
		t.Run(args[0], func(t *testing.T) {
			cmd := exec.Command(coroc, args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Stderr = os.Stderr
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			// A terminal sends the signal to the whole group.
			timeout := time.AfterFunc(3*time.Minute, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
			defer timeout.Stop()
			r := bufio.NewReader(stdout)
			line, err := r.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "ready true\n", line)
			require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGINT))
			rest, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, "caught\n", string(rest))
			err = cmd.Wait()
			if args[0] == "stress" { // go run returns 1
				require.NoError(t, err)
			}
		})
	}
}
