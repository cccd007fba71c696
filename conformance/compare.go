package main

import (
	"fmt"
	"strings"
)

// A Kind says how a program came out.
type Kind string

const (
	Passed  Kind = "passed"
	Refused Kind = "refused by coroc"
	Broke   Kind = "coroc failed"
	Build   Kind = "generated code does not build"
	State   Kind = "state not saved or loaded"
	Crash   Kind = "crash"
	Late    Kind = "no end"
	Exit    Kind = "exit code differs"
	Differs Kind = "output differs"
	Idle    Kind = "not suspended"
)

// order is that of the summary.
var order = []Kind{Refused, Broke, Build, State, Crash, Late, Exit, Differs, Idle}

// compare compares a run under stress with a plain one. The plain one has ended
// with exit code 0.
func compare(plain, stress Outcome) (kind Kind, why string) {
	line := crashLine(stress.Stderr.Text)
	switch {
	case stress.Late:
		return Late, fmt.Sprintf("no end after %.0f s (plain: %.2f s)\n%s", stress.Seconds, plain.Seconds, stress.Stderr.Text)
	case strings.HasPrefix(line, "coroc stress: "):
		return State, line + "\n" + stress.Stderr.Text
	case stress.Exit != plain.Exit && line != "":
		return Crash, line + "\n" + stress.Stderr.Text
	case stress.Exit != plain.Exit:
		return Exit, fmt.Sprintf("exit code %d, want %d%s", stress.Exit, plain.Exit, differences(plain, stress))
	case stress.Stdout != plain.Stdout || stress.Stderr != plain.Stderr:
		return Differs, strings.TrimPrefix(differences(plain, stress), "; ")
	}
	return Passed, ""
}

// differences describes the first difference of each stream, then the whole of what
// was written under stress.
func differences(plain, stress Outcome) string {
	s := difference("standard output", plain.Stdout, stress.Stdout) + difference("standard error", plain.Stderr, stress.Stderr)
	return s + "\n" + stress.Stdout.Text + stress.Stderr.Text
}

func difference(what string, want, got stream) string {
	if want == got {
		return ""
	}
	w, g := strings.Split(want.Text, "\n"), strings.Split(got.Text, "\n")
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("; line %d of %s is %q, want %q", i+1, what, clip(b), clip(a))
		}
	}
	return "; the end of " + what + " differs"
}

// clip shortens a line.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
