package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// An Outcome is what is seen of a run.
type Outcome struct {
	Stdout, Stderr stream
	Exit           int // -1: a signal
	Late           bool
	Seconds        float64 // of computing
}

// A stream is what was written to one: its beginning, and a digest of all.
type stream struct {
	Text string
	Sum  string
}

// A capture keeps the beginning of what is written to it.
type capture struct {
	text []byte
	hash hash.Hash
}

const captured = 256 << 10

func (c *capture) Write(p []byte) (int, error) {
	if c.hash == nil {
		c.hash = sha256.New()
	}
	c.text = append(c.text, p[:min(len(p), captured-len(c.text))]...)
	return c.hash.Write(p)
}

func (c *capture) String() string { return string(c.text) }

func (c *capture) stream() stream {
	if c.hash == nil {
		return stream{}
	}
	return stream{string(c.text), hex.EncodeToString(c.hash.Sum(nil)[:16])}
}

// patience is how many times its limit a program may take by the clock, beside
// others that run too.
const patience = 5

// run runs a binary in the directory of the test programs, as the test suite of the
// distribution does. The limit is one of computing time, where there is such a thing. A
// program that does not end is asked for its stacks first.
func run(ctx context.Context, bin, name, dir string, limit time.Duration, env []string) (Outcome, error) {
	limited, cancel := context.WithTimeout(ctx, patience*limit)
	defer cancel()
	cmd := exec.CommandContext(limited, filepath.Join(bin, name))
	cmd.Dir, cmd.Env = dir, env
	stdout, stderr := &capture{}, &capture{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = 3 * time.Second
	err := cmd.Start()
	if err == nil {
		limitMemory(cmd.Process)
		limitTime(cmd.Process, limit)
		err = cmd.Wait()
	}
	if ctx.Err() != nil {
		return Outcome{}, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && limited.Err() == nil {
		return Outcome{}, err
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return Outcome{
		Stdout: stdout.stream(), Stderr: stderr.stream(), Exit: cmd.ProcessState.ExitCode(),
		Late: limited.Err() != nil || err != nil && used >= limit, Seconds: used.Seconds(),
	}, nil
}

var crash = regexp.MustCompile(`(?m)^(?:panic: |fatal error: |coroc stress: |SIG[A-Z]+: |runtime: ).*`)

// crashLine returns the line with which the Go runtime says why it ends a program.
func crashLine(stderr string) string {
	lines := crash.FindAllString(stderr, 2)
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}
