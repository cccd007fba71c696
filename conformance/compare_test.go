package main

import (
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	text := func(s string) stream {
		c := &capture{}
		_, _ = c.Write([]byte(s))
		return c.stream()
	}
	long := strings.Repeat("x", captured)
	plain := Outcome{Stdout: text("a\nb\n"), Stderr: text("e\n"), Seconds: 0.5}
	with := func(change func(*Outcome)) Outcome {
		o := plain
		change(&o)
		return o
	}
	tests := []struct {
		name          string
		plain, stress Outcome
		kind          Kind
		why           string
	}{
		{"same", plain, with(func(o *Outcome) { o.Seconds = 5 }), Passed, ""},
		{"output", plain, with(func(o *Outcome) { o.Stdout = text("a\nc\n") }), Differs, `line 2 of standard output is "c", want "b"`},
		{"less", plain, with(func(o *Outcome) { o.Stdout = text("a\n") }), Differs, `line 2 of standard output is "", want "b"`},
		{"nothing", plain, with(func(o *Outcome) { o.Stdout = text("") }), Differs, `line 1 of standard output is "", want "a"`},
		{"errors", plain, with(func(o *Outcome) { o.Stderr = text("f\n") }), Differs, `line 1 of standard error is "f", want "e"`},
		{"far behind", Outcome{Stdout: text(long + "a")}, Outcome{Stdout: text(long + "b")}, Differs, "the end of standard output differs"},
		{"exit", plain, with(func(o *Outcome) { o.Exit = 3 }), Exit, "exit code 3, want 0"},
		{"exit and output", plain, with(func(o *Outcome) { o.Exit, o.Stdout = 3, text("a\n") }), Exit, `exit code 3, want 0; line 2 of standard output is "", want "b"`},
		{"panic", plain, with(func(o *Outcome) { o.Exit, o.Stderr = 2, text("e\npanic: no\n\ngoroutine 1") }), Crash, "panic: no"},
		{"fatal", plain, with(func(o *Outcome) { o.Exit, o.Stderr = 2, text("fatal error: all goroutines are asleep") }), Crash, "fatal error: all goroutines are asleep"},
		{"state", plain, with(func(o *Outcome) { o.Exit, o.Stderr = 2, text("e\ncoroc stress: cannot save x") }), State, "coroc stress: cannot save x"},
		{"late", plain, with(func(o *Outcome) { o.Late, o.Exit, o.Seconds = true, 2, 60 }), Late, "no end after 60 s (plain: 0.50 s)"},
		{"says panic and is well", Outcome{Stderr: text("panic: not\n")}, Outcome{Stderr: text("panic: not\n")}, Passed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, why := compare(tt.plain, tt.stress)
			if kind != tt.kind || firstLine(why) != tt.why {
				t.Errorf("%s: %q, want %s: %q", kind, firstLine(why), tt.kind, tt.why)
			}
		})
	}
}

func TestParseKnown(t *testing.T) {
	known, err := parseKnown("# why\n\na/b.go: it: differs\nc.go: no\n")
	if err != nil || len(known) != 2 || known["a/b.go"] != "it: differs" || known["c.go"] != "no" {
		t.Errorf("%v, %v", known, err)
	}
	for text, want := range map[string]string{
		"a.go\n":            `known-failures.txt:1: want "path: reason", have "a.go"`,
		"\na.go: \n":        `known-failures.txt:2: want "path: reason", have "a.go:"`,
		"a.go: x\na.go: y":  "known-failures.txt:2: a.go is listed twice",
		"# a\na.go no way:": `known-failures.txt:2: want "path: reason", have "a.go no way:"`,
	} {
		if _, err := parseKnown(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := parseKnown(knownFailures); err != nil {
		t.Error(err)
	}
}
