package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/internal/progress"
)

// build makes coroc, lets it compile the example, and makes the worker from what it
// has written: the three commands that a user would type.
func (o *options) build(ctx context.Context, show *progress.Progress) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("not in the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	coroc := o.file("coroc" + exe)
	o.binary = o.file("charge" + exe)
	for _, step := range [][]string{
		{"go", "build", "-o", coroc, "./cmd/coroc"},
		{coroc, "./" + o.source},
		{"go", "build", "-tags", "durable", "-o", o.binary, "./" + o.source},
	} {
		began := time.Now()
		cmd := exec.CommandContext(ctx, step[0], step[1:]...)
		cmd.Dir = root
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		shown := strings.ReplaceAll(strings.Join(step, " "), o.dir+string(filepath.Separator), "")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w\n%s", shown, err, &output)
		}
		show.Line("%s (%.1f s)", shown, time.Since(began).Seconds())
	}
	return nil
}

// checkDurable makes sure that the binary was built with -tags durable: otherwise the
// demo would be about something else.
func checkDurable(binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), "durable") {
			return nil
		}
	}
	return fmt.Errorf("%s was not built with -tags durable", binary)
}

var exe = map[bool]string{true: ".exe"}[runtime.GOOS == "windows"]

// lastLines returns the end of a file, for error messages.
func lastLines(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return errors.Unwrap(err).Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
