package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// buildLimit is how long go build may take for all programs of a workspace.
	buildLimit = 15 * time.Minute
	// singleLimit is how long it may take for one, if all together took too long.
	singleLimit = 2 * time.Minute
)

// build builds the programs of a workspace into the directory bin. A program that
// does not build is taken out and handed to fail, with what the go command says.
func (w *workspace) build(ctx context.Context, bin string, flags []string, fail func(p *Program, why string)) error {
	if err := os.MkdirAll(bin, 0o777); err != nil {
		return err
	}
	said, late, err := w.goBuild(ctx, buildLimit, bin, flags, "./...")
	if err != nil {
		return err
	}
	for _, p := range w.sorted() {
		name := directory(p)
		if built(bin, name) {
			continue
		}
		why := said[name]
		if late {
			alone, late, err := w.goBuild(ctx, singleLimit, bin, flags, "./"+name)
			switch {
			case err != nil:
				return err
			case built(bin, name):
				continue
			case late:
				why = fmt.Sprintf("go build has not ended after %v", singleLimit)
			default:
				why = alone[name]
			}
		}
		if why == "" {
			return fmt.Errorf("building %s failed because of something else: %q", p.Path, said)
		}
		fail(p, why)
		if err := w.remove(p); err != nil {
			return err
		}
	}
	return nil
}

func built(bin, name string) bool {
	for _, suffix := range []string{"", ".exe"} {
		if fi, err := os.Stat(filepath.Join(bin, name+suffix)); err == nil && !fi.IsDir() {
			return true
		}
	}
	return false
}

// goBuild runs go build and returns what it says about each program, and whether it
// was ended before it was done.
func (w *workspace) goBuild(ctx context.Context, limit time.Duration, bin string, flags []string, pattern string) (said map[string]string, late bool, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Nobody debugs the binaries: without DWARF they are linked faster.
	args := append([]string{"build", "-json", "-ldflags=-w", "-o", bin + string(os.PathSeparator)}, flags...)
	cmd := exec.CommandContext(limited, "go", append(args, pattern)...)
	cmd.Dir, cmd.Env = w.dir, goEnv()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	said = map[string]string{}
	for dec := json.NewDecoder(&out); dec.More(); {
		var e struct{ ImportPath, Action, Output string }
		if err := dec.Decode(&e); err != nil {
			return nil, false, fmt.Errorf("go build -json: %w", err)
		}
		name := strings.TrimPrefix(e.ImportPath, modulePath+"/")
		if e.Action == "build-output" && !strings.HasPrefix(e.Output, "# ") {
			said[name] += e.Output
		}
	}
	late = limited.Err() != nil
	if err != nil && !late && len(said) == 0 {
		return nil, false, fmt.Errorf("go build: %w\n%s", err, errs.Bytes())
	}
	return said, late, nil
}
