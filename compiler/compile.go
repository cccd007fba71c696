package compiler

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/clone"
	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/types/typeutil"
)

// Options say what to compile.
type Options struct {
	Dir        string            // where the patterns are relative to; "" is the current directory
	Patterns   []string          // of the go command; none is "."
	NoTests    bool              // leave the tests of the packages alone
	BuildTags  []string          // further tags; nil is those of GOFLAGS
	BuildFlags []string          // flags of the go command that say what it builds: -race, -mod=mod
	Env        []string          // environment of the go command; nil is os.Environ()
	Overlay    map[string][]byte // contents to read in place of files, by absolute name

	// KeepSources says that the result will be an overlay (Result.Overlay) and
	// that the sources on the disk stay as they are: the lines that generated
	// code names are those of the sources now, not those that they have once
	// their constraint is written.
	KeepSources bool

	// Adopt says that other modules may be compiled too, if a suspension has to pass
	// through them: their files are replaced where the go command builds (Outcome.Prepare).
	// Else they are used as they are, with the generated files that they bring.
	Adopt bool

	// Home is what Dir is a copy of, if it is one: the lines of what Prepare writes lead there.
	Home string

	// NoCache says that Run compiles in any case, so that there is a Result.
	NoCache bool

	// Explain says that the result will be explained (Result.Explain).
	Explain bool

	// Stress puts a suspension point before every statement (see the package
	// stress) and runs main under its driver. It implies KeepSources.
	Stress bool

	// Partial compiles the packages in which nothing is wrong: one that has an
	// error is left out, with its diagnostics, where it would fail the result.
	// Such a package must not be imported by others.
	Partial bool
}

// A File is a generated file.
type File = codegen.File

// A Result is what a module compiles to.
type Result struct {
	Module      *typecheck.Module
	Facts       *colour.Facts
	Files       []File                                  // sorted by path
	Desugared   map[*typecheck.Package]*desugar.Package // of the packages that have durable code
	Functions   []*codegen.Function                     // what the durable functions keep, sorted by position
	Diagnostics []typecheck.Diagnostic                  // sorted
	Versions    []*codegen.Version                      // what states can be resumed in
	Migrations  []*codegen.Migration                    // how older versions move to current ones
	Hooks       map[string]string                       // hooks of migrations, by the names of functions in states
	Records     map[string][]uint64                     // fingerprints of func values, by their names in states
	Frozen      []*frozenVersion                        // what coroc freeze has kept

	// Broken has the directories of the packages that were left out because
	// Options.Partial is set, with their errors.
	Broken map[string][]typecheck.Diagnostic

	// Plain has the functions that Options.Stress left as they are.
	Plain []PlainFunc

	dirs    []string // of the packages that were compiled
	sources map[string]*typecheck.File
	tests   map[string]bool // directories whose tests were compiled
	named   *typeutil.Map   // types of which the program may know values by name, once that is asked for
	makers  map[*ast.CallExpr]*refusedMaker
	keep    bool
	stress  bool
	explain bool
	partial bool
	config  typecheck.Config
	renames *codegen.Renames

	typeText func(types.Type) string // see codegen.Generator
}

// Failed reports whether any diagnostic is an error. Then there are no files. With
// Options.Partial only an error without a position is a failure.
func (r *Result) Failed() bool {
	if r.partial {
		return slices.ContainsFunc(r.Diagnostics, func(d typecheck.Diagnostic) bool { return !d.Warning && d.Pos.Filename == "" })
	}
	return typecheck.HasErrors(r.Diagnostics)
}

// leaveOut moves what is wrong with single packages to Broken.
func (r *Result) leaveOut() {
	if !r.partial {
		return
	}
	r.Broken = map[string][]typecheck.Diagnostic{}
	for _, d := range r.Diagnostics {
		if !d.Warning && d.Pos.Filename != "" {
			dir := filepath.Dir(d.Pos.Filename)
			r.Broken[dir] = append(r.Broken[dir], d)
		}
	}
	r.Files = slices.DeleteFunc(r.Files, func(f File) bool { return r.Broken[filepath.Dir(f.Path)] != nil })
}

// Compile compiles the packages that the patterns match and what they import
// from their module. The error is one of the tool; what is wrong with the
// program is in the diagnostics.
func Compile(ctx context.Context, o Options) (*Result, error) {
	if o.Stress {
		return compileStressed(ctx, o)
	}
	return compile(ctx, o)
}

func compile(ctx context.Context, o Options) (*Result, error) {
	if o.Adopt {
		return compileAdopting(ctx, o)
	}
	return compileModules(ctx, o, o.config())
}

func (o Options) config() typecheck.Config {
	return typecheck.Config{
		Tests: !o.NoTests, BuildTags: o.BuildTags, Flags: o.BuildFlags, Env: o.Env, Overlay: o.Overlay, AdoptUsers: o.Adopt,
	}
}

// compileModules compiles the main module and those that the configuration adopts.
func compileModules(ctx context.Context, o Options, conf typecheck.Config) (*Result, error) {
	mod, diags, err := typecheck.Load(ctx, o.Dir, o.Patterns, conf)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Module:      mod,
		Diagnostics: diags,
		Desugared:   map[*typecheck.Package]*desugar.Package{},
		sources:     map[string]*typecheck.File{},
		tests:       map[string]bool{},
		keep:        o.KeepSources,
		stress:      o.Stress,
		explain:     o.Explain,
		partial:     o.Partial,
		config:      conf,
	}
	if o.Stress && slices.ContainsFunc(diags, func(d typecheck.Diagnostic) bool { return strings.Contains(d.Message, typecheck.StressPath) }) {
		r.Diagnostics = []typecheck.Diagnostic{missingLibrary()}
	}
	if r.Failed() {
		return r, nil
	}
	if !o.Stress {
		r.addFrozen()
	}
	if r.Failed() {
		return r, nil
	}
	cloner := clone.New(mod)
	aliased := false
	for {
		r.nameLocals()
		r.Facts, diags = colour.Analyse(mod)
		more, errs := cloner.Clone(slices.Concat(r.Facts.Opaque, r.Facts.Kept))
		if r.add(errs); r.Failed() {
			return r, nil
		}
		if ctx.Err() != nil {
			break
		}
		if !more && !aliased {
			aliased = true
			more = r.declareAliases()
		}
		if !more {
			break
		}
	}
	for _, o := range r.Facts.Opaque {
		diags = append(diags, r.refusal(o, cloner.Refused(o)))
	}
	r.add(r.concerning(diags))
	r.makers = map[*ast.CallExpr]*refusedMaker{}
	for _, o := range r.Facts.Kept {
		if o.Call != nil {
			r.makers[o.Call] = &refusedMaker{o.Call, o.Name(), cloner.Refused(o).Related}
		}
	}
	r.generate(ctx)
	r.conflicts()
	r.leaveOut()
	if r.Failed() {
		r.Files = nil
	}
	r.Diagnostics = typecheck.SortDiagnostics(r.Diagnostics)
	return r, ctx.Err()
}

func (r *Result) add(ds []typecheck.Diagnostic) {
	for _, d := range ds {
		if d.Fix == "" && strings.HasPrefix(d.Message, "internal error: ") {
			d.Fix = "this is a bug of coroc: please report it with the function"
		}
		r.Diagnostics = append(r.Diagnostics, d)
	}
}

// concerning returns the diagnostics about the packages that are compiled.
func (r *Result) concerning(ds []typecheck.Diagnostic) []typecheck.Diagnostic {
	named := map[string]bool{"": true}
	for _, p := range r.Module.Packages {
		if p.Named {
			for _, f := range p.Files {
				named[f.Name] = true
				for _, name := range f.Origins {
					named[name] = true
				}
			}
		}
	}
	return slices.DeleteFunc(ds, func(d typecheck.Diagnostic) bool { return !named[d.Pos.Filename] })
}

// generates reports whether files are generated from this form of a package:
// a file that is part of several test variants is generated once.
func generates(p *typecheck.Package) bool {
	return p.Named && !p.Library && !p.NoBody && (p.ForTest == "" || inPackageTest(p) || p.Path == p.ForTest+"_test")
}

// inPackageTest reports whether p is a package together with the tests in it.
func inPackageTest(p *typecheck.Package) bool { return p.Test && p.ForTest == p.Path }

func (r *Result) generate(ctx context.Context) {
	gen := codegen.New(r.Module, r.Facts)
	switch {
	case r.explain:
		gen.Detail = codegen.Everything
	case !r.stress:
		gen.Detail = codegen.Unsavables
	}
	touched := r.touched()
	for _, p := range r.Module.Packages {
		if ctx.Err() != nil || !generates(p) {
			continue
		}
		if p.Dir != "" && !slices.Contains(r.dirs, p.Dir) {
			r.dirs = append(r.dirs, p.Dir)
		}
		if p.Test {
			r.tests[p.Dir] = true
		}
		for _, f := range p.Files {
			r.sources[f.Name] = f
		}
		if slices.ContainsFunc(p.Files, func(f *typecheck.File) bool { return touched[f.Name] }) {
			r.pkg(gen, p)
		}
	}
	slices.SortFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	r.useCommitted()
	r.Functions = r.unique(gen.Functions())
	r.Versions, r.Records, r.typeText = gen.Versions(), gen.Records(), gen.TypeText
	r.Migrations, r.Hooks = gen.Migrations(), gen.Hooks()
	r.checkFrozen()
	r.checkMigrations()
	if !r.stress {
		r.add(r.unsavable(r.Functions))
	}
	if !r.Failed() && ctx.Err() == nil && r.Module.Runtime != nil {
		r.checkText()
	}
}

// touched returns the names of the files that have anything to be compiled.
func (r *Result) touched() map[string]bool {
	t := map[string]bool{}
	at := func(p token.Pos) {
		if f := r.Module.Fset.File(p); f != nil {
			t[f.Name()] = true
		}
	}
	for f := range r.Facts.Funcs {
		at(f.Pos())
	}
	for l := range r.Facts.Lits {
		at(l.Pos())
	}
	for e := range r.Facts.Records {
		at(e.Pos())
	}
	for _, ms := range r.Facts.Masks {
		for _, m := range ms {
			at(m.Type.Obj().Pos())
		}
	}
	for st := range r.Facts.Unnamed {
		at(st.Pos())
	}
	for _, p := range r.Module.Packages {
		for _, f := range p.Files {
			if f.Library != "" {
				t[f.Name] = true
			}
			for _, i := range f.Syntax.Imports {
				if strings.Trim(i.Path.Value, "\"`") == typecheck.LegacyPath {
					t[f.Name] = true
				}
			}
		}
	}
	return t
}

// pkg desugars one package and generates its files. A panic of a pass is a bug
// of ours: it becomes a diagnostic that names the package.
func (r *Result) pkg(gen *codegen.Generator, p *typecheck.Package) {
	defer func() {
		if v := recover(); v != nil {
			pos := token.Position{}
			if len(p.Files) > 0 {
				pos.Filename = p.Files[0].Name
			}
			r.add([]typecheck.Diagnostic{{
				Pos:     pos,
				Message: fmt.Sprintf("internal error: compiling package %s: %v", p.Path, v),
				Fix:     "this is a bug of coroc: " + where(debug.Stack()),
			}})
		}
	}()
	d, diags := desugar.Rewrite(r.Module, p, r.Facts)
	r.add(diags)
	if d == nil || typecheck.HasErrors(diags) {
		return
	}
	r.Desugared[p] = d
	restore := r.shiftLines(p)
	files, diags := gen.Package(p, d)
	restore()
	r.add(r.unshifted(diags))
	for _, f := range append(files, r.legacy(p, files)...) {
		src := r.sources[f.Source]
		if src == nil || inPackageTest(p) && !src.Test {
			continue // the package without its tests has made it
		}
		f.Text = constrain(f.Text, src.Source)
		r.Files = append(r.Files, f)
	}
}

// constrain gives a generated file the constraint of its source.
func constrain(text, source []byte) []byte {
	h := parseHeader(text)
	if h.from < 0 {
		return text
	}
	return slices.Concat(text[:h.from], []byte(durableConstraint(source)), text[h.to:])
}

// where returns the frame of a stack that panicked first.
func where(stack []byte) string {
	found := "no stack"
	lines := strings.Split(string(stack), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") && i+3 < len(lines) {
			at := strings.TrimSpace(lines[i+3])
			at, _, _ = strings.Cut(at, " +0x")
			found = filepath.Base(filepath.Dir(at)) + "/" + filepath.Base(at)
		}
	}
	return found
}

// checkText checks the durable build of all that was compiled.
func (r *Result) checkText() {
	bySource := map[string]typecheck.Source{}
	for _, f := range r.Files {
		bySource[f.Source] = typecheck.Source{Name: f.Path, Text: f.Text}
	}
	for _, f := range r.committedFiles() {
		bySource[f.Source] = typecheck.Source{Name: f.Path, Text: f.Text}
	}
	for _, p := range r.Module.Packages {
		if p.Library || !p.Named {
			continue
		}
		r.add(r.unshifted(typecheck.CheckSource(r.Module, p, bySource)))
	}
}

// conflicts reports files that are in the way and are not ours.
func (r *Result) conflicts() {
	for _, f := range r.Files {
		if b, err := os.ReadFile(f.Path); err == nil && !typecheck.IsGenerated(b) {
			r.add([]typecheck.Diagnostic{{
				Pos:     token.Position{Filename: f.Path},
				Message: fmt.Sprintf("coroc writes this file for %s, but it is there already and coroc has not written it", filepath.Base(f.Source)),
				Fix:     "rename it",
			}})
		}
	}
	if r.Module.Runtime == nil && len(r.Files) > 0 {
		r.add([]typecheck.Diagnostic{missingLibrary()})
	}
}

func missingLibrary() typecheck.Diagnostic {
	return typecheck.Diagnostic{
		Message: "the module does not require " + typecheck.ModulePath + ", which generated code needs",
		Fix:     "run: go get " + typecheck.ModulePath,
	}
}

// A Change is something that has to be done to a file so that the disk has
// the result.
type Change struct {
	Path string
	What string // "missing", "stale", "leftover", or what is wrong with a constraint
	Text []byte // nil: remove the file
}

// Changes returns what Write would do, sorted by path.
func (r *Result) Changes() ([]Change, error) {
	var cs []Change
	made := map[string]bool{}
	for _, f := range r.Files {
		made[f.Path] = true
		old, err := os.ReadFile(f.Path)
		switch {
		case os.IsNotExist(err):
			cs = append(cs, Change{f.Path, "missing", f.Text})
		case err != nil:
			return nil, err
		case !bytes.Equal(old, f.Text):
			cs = append(cs, Change{f.Path, "stale", f.Text})
		}
		if typecheck.IsLibraryFileName(f.Source) {
			continue
		}
		src, err := os.ReadFile(f.Source)
		if err != nil {
			return nil, err
		}
		if m := mark(src); !bytes.Equal(m, src) {
			cs = append(cs, Change{f.Source, "without the constraint " + notTag, m})
		}
	}
	for _, dir := range r.dirs {
		names, err := generatedIn(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if made[name] || !r.leftover(name) {
				continue
			}
			c, err := removal(name)
			if err != nil {
				return nil, err
			}
			cs = append(cs, c...)
		}
	}
	slices.SortFunc(cs, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return cs, nil
}

// leftover reports whether a generated file that was not generated now has no
// reason to be there: its source is gone, or was compiled and needs none. The
// source may also be one for another system.
func (r *Result) leftover(name string) bool {
	source, _ := typecheck.SourceName(name)
	if _, err := os.Stat(source); os.IsNotExist(err) && !typecheck.IsLibraryFileName(source) {
		return true
	}
	if strings.HasSuffix(source, "_test.go") && !r.tests[filepath.Dir(source)] {
		return false
	}
	if typecheck.IsLibraryFileName(source) {
		return true
	}
	return r.sources[source] != nil
}

// generatedIn returns the files in a directory that coroc has written.
func generatedIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if _, ok := typecheck.SourceName(name); !ok || !e.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if typecheck.IsGenerated(b) {
			names = append(names, name)
		}
	}
	return names, nil
}

// removal removes a generated file and takes back its source's constraint.
func removal(generated string) ([]Change, error) {
	cs := []Change{{Path: generated, What: "leftover"}}
	source, _ := typecheck.SourceName(generated)
	src, err := os.ReadFile(source)
	if os.IsNotExist(err) {
		return cs, nil
	}
	if err != nil {
		return nil, err
	}
	if u := unmark(src); !bytes.Equal(u, src) {
		cs = append(cs, Change{source, "with a constraint that is not needed any more", u})
	}
	return cs, nil
}

// Write brings the disk up to date and returns what it changed.
func (r *Result) Write() ([]Change, error) {
	cs, err := r.Changes()
	if err != nil {
		return nil, err
	}
	return cs, apply(cs)
}

// Overlay returns the contents of files that make a build with the tag durable
// one of the result, with the disk as it is. A nil text stands for a file that
// is not there.
func (r *Result) Overlay() (map[string][]byte, error) {
	cs, err := r.Changes()
	if err != nil {
		return nil, err
	}
	o := map[string][]byte{}
	for _, c := range cs {
		o[c.Path] = c.Text
	}
	return o, nil
}
