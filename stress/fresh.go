package stress

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"

	"github.com/coroc-dev/coroc/runtime"
)

// With Options.Fresh a program goes on in a new process each time. A process writes the
// state to Options.State and exits; who has started it starts another one if the file is
// there. The new process has initialized its packages, silently, when it finds the file.

// A process costs about as much as so many points.
const processCost = 200

// handover is what a process needs of the one before it, apart from the state.
type handover struct {
	Pace    *pace
	Summary Summary
	Dir     string
	Env     []string
}

// pending is the state that another process has left, or nil.
var pending, pendingError = takeState()

// silenced gives the process its output back.
var silenced = func() func() {
	if pending == nil {
		return func() {}
	}
	return silence()
}()

func takeState() ([]byte, error) {
	if !options.Fresh {
		return nil, nil
	}
	b, err := os.ReadFile(options.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = os.Remove(options.State)
	}
	return b, err
}

// goOn begins with what another process has left, or anew.
func (d *driver) goOn() *runtime.Coroutine {
	silenced()
	if pendingError != nil {
		fail(pendingError)
	}
	var err error
	if d.vars, err = runtime.NewVariables(ownVariable()); err != nil {
		fail(err)
	}
	c := d.coroutine()
	if pending == nil {
		return c
	}
	line, state, _ := bytes.Cut(pending, []byte("\n"))
	h := handover{Pace: d.pace}
	if err := json.Unmarshal(line, &h); err != nil {
		fail(err)
	}
	d.sum.Summary = h.Summary
	d.left = d.pace.Next
	if err := h.enter(); err != nil {
		fail(err)
	}
	if _, err := d.vars.LoadState(c, state); err != nil {
		fail(err)
	}
	return c
}

// enter restores what belongs to the process and can be.
func (h *handover) enter() error {
	os.Clearenv()
	for _, s := range h.Env {
		// The names of some systems begin with "=".
		if i := strings.IndexByte(s[min(1, len(s)):], '='); i >= 0 {
			if err := os.Setenv(s[:i+1], s[i+2:]); err != nil {
				return err
			}
		}
	}
	return os.Chdir(h.Dir)
}

// handOver writes the state and exits.
func (d *driver) handOver(c *runtime.Coroutine) {
	if n := goruntime.NumGoroutine() - 1; n > 0 {
		fail(fmt.Errorf("%d goroutines besides main cannot go on in a new process", n))
	}
	state, err := d.vars.AppendState(c, nil)
	if err != nil {
		fail(err)
	}
	stats := d.vars.Stats()
	d.pace.spend(stats.Work, processCost)
	d.pace.choose()
	d.sum.add(&stats, d.pace)
	dir, err := os.Getwd()
	if err != nil {
		fail(err)
	}
	line, err := json.Marshal(handover{d.pace, d.sum.Summary, dir, os.Environ()})
	if err != nil {
		fail(err)
	}
	if err := writeFile(options.State, line, []byte("\n"), state); err != nil {
		fail(err)
	}
	os.Exit(0)
}

// writeFile writes a file that is there as a whole or not at all.
func writeFile(name string, parts ...[]byte) error {
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, p := range parts {
		w.Write(p)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// ownVariable reports whether a variable belongs to the main module.
func ownVariable() func(name string) bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return func(name string) bool { return false }
	}
	within := func(name, path string) bool {
		rest, ok := strings.CutPrefix(name, path)
		return ok && rest != "" && (rest[0] == '/' || rest[0] == '.')
	}
	return func(name string) bool {
		// A package main goes by its import path, or as main.
		if !within(name, info.Main.Path) && !within(name, info.Path) && !within(name, "main") {
			return false
		}
		for _, dep := range info.Deps {
			if within(name, dep.Path) && len(dep.Path) > len(info.Main.Path) {
				return false
			}
		}
		return true
	}
}
