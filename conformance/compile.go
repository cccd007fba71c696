package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/compiler"
)

// compileCommand is the argument with which this program, or its test, runs as the
// compiler of one batch. A process of its own gives its memory back, and what makes it
// panic, hang or grow fails some programs and not the suite.
const compileCommand = "compile-batch"

// A compileRequest is what the process reads.
type compileRequest struct {
	Dir     string // the workspace
	Overlay string // directory for what is generated
}

// A compileReply is what it writes.
type compileReply struct {
	Errors      []compileError
	Plain       []compileError // functions that were left without suspension points, and why
	Description string         // for go build -overlay; "" if nothing was generated
}

type compileError struct{ File, Text string }

// compileBatch is the process.
func compileBatch(in io.Reader, out io.Writer) error {
	var q compileRequest
	if err := json.NewDecoder(in).Decode(&q); err != nil {
		return err
	}
	r, err := compiler.Compile(context.Background(), compiler.Options{
		Dir: q.Dir, Patterns: []string{"./..."}, NoTests: true, KeepSources: true, Env: goEnv(),
		Stress: true, Partial: true,
	})
	if err != nil {
		return err
	}
	var reply compileReply
	for _, d := range r.Diagnostics {
		if !d.Warning {
			reply.Errors = append(reply.Errors, compileError{d.Pos.Filename, d.Error()})
		}
	}
	for _, f := range r.Plain {
		reply.Plain = append(reply.Plain, compileError{f.Pos.Filename, fmt.Sprintf("line %d: %s", f.Pos.Line, f.Why.Message)})
	}
	if !r.Failed() {
		overlay, err := r.Overlay()
		if err != nil {
			return err
		}
		if reply.Description, err = compiler.WriteOverlay(q.Overlay, overlay); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(reply)
}

// compileLimit is how long one batch may take; one program then has this time alone.
const compileLimit = 5 * time.Minute

// runCompile runs the process.
func runCompile(ctx context.Context, dir, overlay string) (*compileReply, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(overlay, 0o777); err != nil {
		return nil, err
	}
	in, err := json.Marshal(compileRequest{dir, overlay})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, compileLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, compileCommand)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(in)
	var out bytes.Buffer
	errs := &capture{}
	cmd.Stdout, cmd.Stderr = &out, errs
	cmd.WaitDelay = time.Second
	if err = cmd.Start(); err == nil {
		limitMemory(cmd.Process)
		err = cmd.Wait()
	}
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return nil, fmt.Errorf("no end after %v", compileLimit)
	case err != nil:
		return nil, fmt.Errorf("%s", cmp.Or(crashLine(errs.String()), strings.TrimSpace(errs.String()), err.Error()))
	}
	var reply compileReply
	if err := json.Unmarshal(out.Bytes(), &reply); err != nil {
		return nil, fmt.Errorf("compiling: %w", err)
	}
	return &reply, nil
}

// compile compiles the programs of a workspace and returns the description of the
// overlay. A program that coroc refuses, or that it fails on, is taken out and
// handed to fail.
func (w *workspace) compile(ctx context.Context, overlay string, fail func(*Program, Kind, string)) (description string, err error) {
	reply, lost := runCompile(ctx, w.dir, overlay)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	refused := map[*Program]string{}
	if lost == nil {
		for _, e := range reply.Errors {
			if p := w.owner(e.File); p != nil {
				refused[p] += strings.ReplaceAll(e.Text, w.dir+string(os.PathSeparator), "") + "\n"
			} else {
				lost = errors.New(e.Text)
			}
		}
	}
	if lost != nil {
		return w.halve(ctx, overlay, lost, fail)
	}
	for _, e := range reply.Plain {
		if p := w.owner(e.File); p != nil && refused[p] == "" {
			w.plain[p] = append(w.plain[p], e.Text)
		}
	}
	for p, why := range refused {
		fail(p, refusedKind(why), why)
		if err := w.remove(p); err != nil {
			return "", err
		}
	}
	return reply.Description, nil
}

func refusedKind(why string) Kind {
	if strings.Contains(why, "internal error") {
		return Broke
	}
	return Refused
}

// halve finds out which programs make the compiler fail as a whole, takes them out,
// and compiles the others.
func (w *workspace) halve(ctx context.Context, overlay string, lost error, fail func(*Program, Kind, string)) (description string, err error) {
	ps := w.sorted()
	if len(ps) == 1 {
		fail(ps[0], Broke, lost.Error())
		return "", w.remove(ps[0])
	}
	for i, half := range [][]*Program{ps[:len(ps)/2], ps[len(ps)/2:]} {
		name := fmt.Sprintf("%s-%d", overlay, i)
		part, err := newWorkspace(w.tools, name, half)
		if err != nil {
			return "", err
		}
		if _, err := part.compile(ctx, name+"-overlay", fail); err != nil {
			return "", err
		}
		maps.Copy(w.plain, part.plain)
		for _, p := range half {
			if part.programs[directory(p)] == nil {
				if err := w.remove(p); err != nil {
					return "", err
				}
			}
		}
	}
	switch len(w.programs) {
	case 0:
		return "", nil
	case len(ps): // each half is well by itself
		return "", fmt.Errorf("compiling %d programs at once: %w", len(ps), lost)
	}
	return w.compile(ctx, overlay+"-rest", fail)
}
