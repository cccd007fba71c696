package compiler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/mod/modfile"
)

// A Build is what the go command has to be told so that it builds the durable form of a
// program, beside the tag: flags that stand behind those of the user, and variables of the
// environment.
type Build struct {
	Flags []string
	Env   []string
}

// Prepare writes files into a directory that let the go command build the outcome of a
// compilation without a change of the sources.
func (out *Outcome) Prepare(ctx context.Context, dir string, o Options) (*Build, error) {
	overlay := map[string][]byte{}
	for _, c := range out.Changes {
		overlay[c.Path] = c.Text
	}
	return prepare(ctx, dir, out.Dir, overlay, out.Adopted, o)
}

// Prepare is that of [Outcome.Prepare].
func (r *Result) Prepare(ctx context.Context, dir string, o Options) (*Build, error) {
	overlay, err := r.Overlay()
	if err != nil {
		return nil, err
	}
	return prepare(ctx, dir, r.Module.Dir, overlay, r.Module.Adopted, o)
}

// prepare writes an overlay into a directory for the go command. The go command does not let
// an overlay replace files in the module cache: of adopted modules that are there it
// makes copies, which take the place of the modules in a go.mod that is an overlay too.
func prepare(ctx context.Context, dir, mod string, overlay map[string][]byte, adopted []*typecheck.Adopted, o Options) (*Build, error) {
	b := &Build{}
	copies := map[*typecheck.Adopted]string{}
	if len(adopted) > 0 {
		settings, err := typecheck.FindSettings(ctx, mod, o.Env)
		if err != nil {
			return nil, err
		}
		for _, m := range adopted {
			if _, kept := below(settings["GOMODCACHE"], m.Dir); !kept || m.Committed {
				continue
			}
			if copies[m], err = copyModule(m); err != nil {
				return nil, err
			}
		}
		if len(copies) > 0 {
			if err := b.replaceModules(dir, settings, copies, o); err != nil {
				return nil, err
			}
		}
	}
	moved := map[string][]byte{}
	for name, text := range overlay {
		for m, to := range copies {
			if rel, ok := below(m.Dir, name); ok {
				name = filepath.Join(to, rel)
				break
			}
		}
		shown := name
		if rel, ok := below(mod, name); ok && o.Home != "" {
			shown = filepath.Join(o.Home, rel)
		}
		if _, ok := typecheck.SourceName(name); ok && text != nil {
			text = absoluteLines(name, text, filepath.Dir(shown))
		}
		moved[name] = text
	}
	description, err := WriteOverlay(dir, moved)
	if err != nil {
		return nil, err
	}
	b.Flags = append(b.Flags, "-overlay="+description)
	return b, nil
}

// absoluteLines gives the //line directives of a generated file the whole names of the
// sources: what the go command compiles from an overlay it does not complete them for, and
// runtime.Caller should say what it says without coroc. The flag -trimpath shortens them.
// The names in clones have a slash, and are the same everywhere.
func absoluteLines(name string, text []byte, dir string) []byte {
	fset := token.NewFileSet()
	file := fset.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	var out bytes.Buffer
	done := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		directive, ok := strings.CutPrefix(lit, "//line ")
		if tok != token.COMMENT || !ok || fset.PositionFor(pos, false).Column != 1 || strings.ContainsAny(directive, `/\`) {
			continue
		}
		at := file.Offset(pos) + len("//line ")
		out.Write(text[done:at])
		out.WriteString(filepath.ToSlash(dir) + "/")
		done = at
	}
	out.Write(text[done:])
	return out.Bytes()
}

// below returns the name of a file relative to a directory that it is below.
func below(dir, name string) (string, bool) {
	if dir == "" || name == "" {
		return "", false
	}
	return strings.CutPrefix(name, dir+string(filepath.Separator))
}

// copyModule copies a module out of the module cache, unless that was done before.
func copyModule(m *typecheck.Adopted) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), "coroc")
	}
	all := filepath.Join(cache, "modules")
	// The directory may be that of a module that takes the place of this one.
	home := filepath.Join(all, contentName([]byte(m.String()+" "+m.Dir)))
	to := filepath.Join(home, filepath.Base(m.Dir))
	now := time.Now()
	if _, err := os.Stat(to); err == nil {
		return to, os.Chtimes(home, now, now) // it says when the copy was used last
	}
	removeUnused(all)
	if err := os.MkdirAll(home, 0o777); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(home, ".copy-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	files := filepath.Join(tmp, "files")
	if err := os.CopyFS(files, os.DirFS(m.Dir)); err != nil {
		return "", fmt.Errorf("copying module %s: %w", m, err)
	}
	gomod := filepath.Join(files, "go.mod")
	if _, err := os.Stat(gomod); errors.Is(err, fs.ErrNotExist) {
		text := []byte("module " + m.Path + "\n")
		if b, err := os.ReadFile(m.GoMod); err == nil {
			text = b
		}
		if err := os.WriteFile(gomod, text, 0o666); err != nil {
			return "", err
		}
	}
	if err := os.Rename(files, to); err != nil {
		if _, statErr := os.Stat(to); statErr != nil { // another coroc was faster
			return "", err
		}
	}
	return to, nil
}

// removeUnused removes the copies that have not been used for long.
func removeUnused(all string) {
	entries, _ := os.ReadDir(all)
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > keepOutcomes {
			os.RemoveAll(filepath.Join(all, e.Name()))
		}
	}
}

// replaceModules writes a go.mod, or a go.work, with directories in the place of modules.
func (b *Build) replaceModules(dir string, settings typecheck.Settings, copies map[*typecheck.Adopted]string, o Options) error {
	if work := settings["GOWORK"]; work != "" && work != "off" {
		name, err := replaceInWork(dir, work, copies)
		b.Env = append(b.Env, "GOWORK="+name)
		return err
	}
	gomod := settings["GOMOD"]
	for _, flag := range append(typecheck.SplitFlags(settings["GOFLAGS"]), o.BuildFlags...) {
		if name, value, _ := strings.Cut(strings.TrimLeft(flag, "-"), "="); name == "modfile" {
			if gomod = value; !filepath.IsAbs(gomod) {
				wd, err := filepath.Abs(o.Dir)
				if err != nil {
					return err
				}
				gomod = filepath.Join(wd, gomod)
			}
		}
	}
	name, err := replaceInMod(dir, gomod, copies)
	b.Flags = append(b.Flags, "-modfile="+name)
	return err
}

// replaceInMod writes a go.mod with what another one says, and its go.sum, into a directory.
// The go command takes relative names in it as those of the module's own go.mod.
func replaceInMod(dir, gomod string, copies map[*typecheck.Adopted]string) (string, error) {
	text, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	f, err := modfile.Parse(gomod, text, nil)
	if err != nil {
		return "", err
	}
	if err := addReplacements(f.AddReplace, copies); err != nil {
		return "", err
	}
	f.Cleanup()
	return writePair(dir, modfile.Format(f.Syntax), strings.TrimSuffix(gomod, ".mod")+".sum", ".mod", ".sum")
}

// replaceInWork is replaceInMod for a go.work, in which relative names are those of its
// directory.
func replaceInWork(dir, work string, copies map[*typecheck.Adopted]string) (string, error) {
	text, err := os.ReadFile(work)
	if err != nil {
		return "", err
	}
	old, err := modfile.ParseWork(work, text, nil)
	if err != nil {
		return "", err
	}
	f, err := modfile.ParseWork(work, text, nil)
	if err != nil {
		return "", err
	}
	absolute := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(work), path)
	}
	for _, u := range old.Use {
		if err := errors.Join(f.DropUse(u.Path), f.AddUse(absolute(u.Path), u.ModulePath)); err != nil {
			return "", err
		}
	}
	for _, r := range old.Replace {
		if r.New.Version == "" {
			if err := f.AddReplace(r.Old.Path, r.Old.Version, absolute(r.New.Path), ""); err != nil {
				return "", err
			}
		}
	}
	if err := addReplacements(f.AddReplace, copies); err != nil {
		return "", err
	}
	f.Cleanup()
	return writePair(dir, modfile.Format(f.Syntax), strings.TrimSuffix(work, ".work")+".work.sum", ".work", ".work.sum")
}

func addReplacements(add func(oldPath, oldVers, newPath, newVers string) error, copies map[*typecheck.Adopted]string) error {
	var errs []error
	for _, m := range slices.SortedFunc(maps.Keys(copies), func(a, b *typecheck.Adopted) int { return strings.Compare(a.Path, b.Path) }) {
		errs = append(errs, add(m.Path, m.Version, copies[m], ""))
	}
	return errors.Join(errs...)
}

// writePair writes a file and what belongs beside it, a copy of sum.
func writePair(dir string, text []byte, sum, ext, sumExt string) (string, error) {
	sums, err := os.ReadFile(sum)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	name, err := writeByContent(dir, "go"+ext, append(text, "// "+contentName(sums)+"\n"...))
	if err != nil {
		return "", err
	}
	return name, replace(strings.TrimSuffix(name, ext)+sumExt, sums)
}
