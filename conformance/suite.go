package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/stress"
)

// A suite runs programs.
type suite struct {
	tools   *toolchain
	tests   string // directory
	sources string // digest of coroc's sources
	keep    string // directory for what is generated; "" is a temporary one
	jobs    int    // programs that run at a time
	batch   int    // programs that are compiled at once
	limit   time.Duration
	resume  bool

	references *store[Reference]
	results    *store[Result]
	report     *report
}

// key is that of a program's result.
func (s *suite) key(p *Program) string {
	return digest(s.tools.referenceKey(p), s.sources, s.limit.String())
}

// run runs the programs and tells the report about each. It returns early with an
// error if the context ends.
func (s *suite) run(ctx context.Context, ps []*Program) error {
	var todo []*Program
	for _, p := range ps {
		ref, ok := s.references.get(p.Path)
		if ok && ref.Key == s.tools.referenceKey(p) && ref.Left != "" {
			s.report.left(p, ref.Left)
			continue
		}
		if r, ok := s.results.get(p.Path); s.resume && ok && r.Key == s.key(p) {
			s.report.result(p, r)
			continue
		}
		todo = append(todo, p)
	}
	s.report.begin(len(ps), len(ps)-len(todo))
	// Neighbours are of one kind, and long ones stand together: every batch gets
	// programs from everywhere.
	n := (len(todo) + s.batch - 1) / s.batch
	for i := range n {
		if err := s.runBatch(ctx, i, shard(todo, i+1, n)); err != nil {
			return err
		}
	}
	return nil
}

// runBatch compiles some programs at once and runs them.
func (s *suite) runBatch(ctx context.Context, number int, ps []*Program) (err error) {
	dir := filepath.Join(s.keep, fmt.Sprintf("batch%03d", number))
	if s.keep == "" {
		if dir, err = os.MkdirTemp("", "conformance-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	b := &batch{suite: s, dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o777); err != nil {
		return err
	}
	if b.space, err = newWorkspace(s.tools, filepath.Join(dir, "module"), ps); err != nil {
		return err
	}
	if err := b.plain(ctx); err != nil {
		return err
	}
	return b.stress(ctx)
}

// A batch is a number of programs that are compiled at once.
type batch struct {
	*suite
	dir   string
	space *workspace

	mu     sync.Mutex // of what is written to the report while programs run
	failed error
}

// env is the environment of the programs.
func (b *batch) env() []string {
	return append(os.Environ(), "GODEBUG=", "GOTRACEBACK=single", "PWD="+b.tests, "TMPDIR="+filepath.Join(b.dir, "tmp"))
}

// plain makes the references that there are not yet, and takes the programs out
// that cannot be compared.
func (b *batch) plain(ctx context.Context) error {
	var missing []*Program
	for _, p := range b.space.sorted() {
		if r, ok := b.references.get(p.Path); !ok || r.Key != b.tools.referenceKey(p) {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	b.report.phase(fmt.Sprintf("building %d programs as they are", len(missing)))
	space, err := newWorkspace(b.tools, filepath.Join(b.dir, "plain"), missing)
	if err != nil {
		return err
	}
	leave := func(p *Program, why string) error {
		b.report.left(p, why)
		if err := b.references.put(Reference{Path: p.Path, Key: b.tools.referenceKey(p), Left: why}); err != nil {
			return err
		}
		return b.space.remove(p)
	}
	bin := filepath.Join(b.dir, "bin-plain")
	var put error
	err = space.build(ctx, bin, nil, func(p *Program, _ string) { put = errors.Join(put, leave(p, "does not build by itself")) })
	if err = errors.Join(err, put); err != nil {
		return err
	}
	b.report.phase(fmt.Sprintf("running %d programs as they are", len(space.programs)))
	return b.each(ctx, space, func(p *Program) error {
		var runs [2]Outcome
		for i := range runs {
			var err error
			if runs[i], err = run(ctx, bin, directory(p), b.tests, b.limit, b.env()); err != nil {
				return err
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		first, second := runs[0], runs[1]
		switch {
		case first.Late || second.Late:
			return leave(p, "does not end by itself")
		case first.Exit != 0 || second.Exit != 0:
			return leave(p, "fails by itself")
		case first.Stdout != second.Stdout || first.Stderr != second.Stderr:
			return leave(p, "not the same in each run")
		}
		first.Seconds = max(first.Seconds, second.Seconds)
		return b.references.put(Reference{Path: p.Path, Key: b.tools.referenceKey(p), Outcome: first})
	})
}

// stress compiles what is left in the batch, and runs it.
func (b *batch) stress(ctx context.Context) error {
	var put error
	fail := func(p *Program, kind Kind, why string) {
		put = errors.Join(put, b.done(p, Result{Kind: kind, Why: why}))
	}
	b.report.phase(fmt.Sprintf("compiling %d programs", len(b.space.programs)))
	overlay, err := b.space.compile(ctx, filepath.Join(b.dir, "overlay"), fail)
	if err = errors.Join(err, put); err != nil {
		return err
	}
	b.report.phase(fmt.Sprintf("building %d programs", len(b.space.programs)))
	bin := filepath.Join(b.dir, "bin")
	flags := []string{"-tags=durable", "-overlay=" + overlay}
	err = b.space.build(ctx, bin, flags, func(p *Program, why string) { fail(p, Build, why) })
	if err = errors.Join(err, put); err != nil {
		return err
	}
	b.report.phase(fmt.Sprintf("running %d programs under stress", len(b.space.programs)))
	return b.each(ctx, b.space, func(p *Program) error {
		ref, _ := b.references.get(p.Path)
		limit := max(b.limit, time.Duration(20*ref.Outcome.Seconds*float64(time.Second)))
		o := stress.Options{Every: 1, Seed: 1, Summary: filepath.Join(b.dir, directory(p)+".summary")}
		got, err := run(ctx, bin, directory(p), b.tests, limit, append(b.env(), o.Environ()))
		if err != nil {
			return err
		}
		sum, err := stress.ReadSummary(o.Summary)
		if err != nil {
			sum = new(stress.Summary) // it crashed before the driver began, or while it wrote
		}
		kind, why := compare(ref.Outcome, got)
		if kind == Passed && sum.Suspensions == 0 && p.hasStatements() {
			kind, why = Idle, "main has statements, but was not suspended"
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.done(p, Result{
			Kind: kind, Why: why, Seconds: got.Seconds,
			Suspensions: sum.Suspensions, Points: sum.Points, Bytes: sum.Bytes,
			Objects: sum.Objects, Whole: sum.Whole,
		})
	})
}

// done records how a program came out.
func (b *batch) done(p *Program, r Result) error {
	ref, _ := b.references.get(p.Path)
	r.Path, r.Key, r.Plain, r.Unsuspended = p.Path, b.key(p), ref.Outcome.Seconds, b.space.plain[p]
	r.Why = strings.ReplaceAll(strings.TrimSpace(r.Why), b.space.dir+string(os.PathSeparator), "")
	r.Why = r.Why[:min(len(r.Why), longestWhy)]
	b.report.result(p, r)
	return b.results.put(r)
}

// each calls f for the programs of a workspace, several at a time.
func (b *batch) each(ctx context.Context, w *workspace, f func(*Program) error) error {
	todo := make(chan *Program)
	var wg sync.WaitGroup
	for range b.jobs {
		wg.Go(func() {
			for p := range todo {
				if err := f(p); err != nil {
					b.mu.Lock()
					b.failed = errors.Join(b.failed, err)
					b.mu.Unlock()
				}
			}
		})
	}
	for _, p := range w.sorted() {
		if ctx.Err() != nil {
			break
		}
		todo <- p
	}
	close(todo)
	wg.Wait()
	return errors.Join(ctx.Err(), b.failed)
}
