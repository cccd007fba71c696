package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// An exitError is the exit code of the program that coroc has run.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// runProcess runs a command line in coroc's place: with its input and output and,
// where the system can do that, as its process, so that signals and the exit code
// are none of coroc's business.
func runProcess(cmd *cobra.Command, env, line []string) error {
	path, err := exec.LookPath(line[0])
	if err != nil {
		return err
	}
	env = lastOfEach(env)
	if cmd.OutOrStdout() == os.Stdout && cmd.ErrOrStderr() == os.Stderr {
		if err := replaceProcess(path, line, env); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	run := exec.Command(path, line[1:]...)
	run.Env = env
	run.Stdin, run.Stdout, run.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	return runChild(run)
}

// lastOfEach drops settings of variables that are overruled by later ones: a process
// that is replaced is given all of them, and takes the first.
func lastOfEach(env []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, kv := range slices.Backward(env) {
		name, _, _ := strings.Cut(kv, "=")
		if !seen[name] {
			seen[name] = true
			out = append(out, kv)
		}
	}
	slices.Reverse(out)
	return out
}

// runChild runs a program that has coroc's place on the terminal, and returns its
// exit code as an error.
func runChild(run *exec.Cmd) error {
	// Ctrl-C goes to the program too, which may want to handle it: coroc waits. It
	// must not ignore the signal, because the program would inherit that.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	err := run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitError(max(exit.ExitCode(), 1))
	}
	return err
}
