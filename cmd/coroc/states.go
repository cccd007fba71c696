package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
	"github.com/spf13/cobra"
)

// eachState calls do for the saved states in a file, in the files of a directory, or on standard
// input (-). States may follow one another in a file.
func eachState(cmd *cobra.Command, name string, do func(where string, s *runtime.Inspection)) error {
	if name == "-" {
		b, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return err
		}
		return statesOf("standard input", fromHex(b), do)
	}
	fi, err := os.Stat(name)
	if err != nil {
		return err
	}
	files := []string{name}
	if fi.IsDir() {
		files = nil
		entries, err := os.ReadDir(name)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				files = append(files, filepath.Join(name, e.Name()))
			}
		}
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := statesOf(file, fromHex(b), do); err != nil {
			return err
		}
	}
	return nil
}

func statesOf(where string, b []byte, do func(where string, s *runtime.Inspection)) error {
	for at := 0; at < len(b); {
		state, size := b[at:], 0
		if seal.IsSealed(state) {
			e, err := seal.Look(state, maxUnsealed)
			if err != nil {
				return fmt.Errorf("%s: byte %d: %s", where, at, strings.TrimPrefix(err.Error(), "seal: "))
			}
			if e.Encrypted {
				return fmt.Errorf("%s: byte %d: the state is encrypted: let the program write its states, which has the key", where, at)
			}
			state, size = e.State, e.Size
		}
		s, err := runtime.Inspect(state)
		if err != nil {
			var bad *runtime.StateError
			if errors.As(err, &bad) {
				return fmt.Errorf("%s: byte %d: %s", where, at+bad.Offset, bad.Why)
			}
			return fmt.Errorf("%s: %w", where, err)
		}
		if size == 0 {
			size = s.Size
		}
		do(fmt.Sprintf("%s, byte %d", where, at), s)
		at += size
	}
	return nil
}

// checkStates prints the states that the build cannot go on from.
func checkStates(cmd *cobra.Command, f *flags, args []string, from string) error {
	o := f.options(args)
	o.NoCache = true
	out, err := compiler.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), out.Diagnostics)
	if out.Failed() {
		return errFound
	}
	checker := out.Result().StateChecker()
	type found struct {
		first string
		n     int
	}
	problems := map[string]*found{}
	var order []string
	states, wrong := 0, 0
	err = eachState(cmd, from, func(where string, s *runtime.Inspection) {
		states++
		list := checker.Check(s)
		if len(list) > 0 {
			wrong++
		}
		for _, p := range list {
			if problems[p] == nil {
				problems[p] = &found{first: where}
				order = append(order, p)
			}
			problems[p].n++
		}
	})
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	for _, p := range order {
		if x := problems[p]; x.n == 1 {
			fmt.Fprintf(w, "%s: %s\n", x.first, p)
		} else {
			fmt.Fprintf(w, "%s, and %d more: %s\n", x.first, x.n-1, p)
		}
	}
	if wrong > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d of %s cannot be resumed by this build\n", wrong, terminal.Counted(states, "state"))
		return errFound
	}
	fmt.Fprintf(w, "%s can be resumed by this build\n", terminal.Counted(states, "state"))
	return nil
}
