package compiler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/typecheck"
)

// apply makes the changes. New files come first and removals last, and in
// between the sources: at no time is there a source without the constraint
// beside a generated file that is new, or the other way round for long.
func apply(cs []Change) error {
	rank := func(c Change) int {
		switch {
		case c.Text == nil:
			return 2
		case strings.Contains(filepath.Base(c.Path), ".durable"):
			return 0
		}
		return 1
	}
	cs = slices.Clone(cs)
	slices.SortStableFunc(cs, func(a, b Change) int { return cmp.Compare(rank(a), rank(b)) })
	for _, c := range cs {
		var err error
		if c.Text == nil {
			err = os.Remove(c.Path)
		} else {
			err = replace(c.Path, c.Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file so that a reader sees the old one or the new one. The
// name that it has until then begins with a dot: the go command does not look
// at it.
func replace(name string, text []byte) error {
	mode := os.FileMode(0o644)
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
		if fi, err := os.Stat(name); err == nil {
			mode = fi.Mode().Perm()
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".coroc-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}

// WriteOverlay writes the contents of an overlay into a directory, with the
// description that go build -overlay wants, and returns the name of that. Files are
// named by their contents, so that commands which run at the same time can share the
// directory.
func WriteOverlay(dir string, overlay map[string][]byte) (string, error) {
	replaceBy := map[string]string{}
	for name, text := range overlay {
		if text == nil {
			replaceBy[name] = ""
			continue
		}
		to, err := writeByContent(dir, filepath.Base(name), text)
		if err != nil {
			return "", err
		}
		replaceBy[name] = to
	}
	b, err := json.MarshalIndent(map[string]any{"Replace": replaceBy}, "", "\t")
	if err != nil {
		return "", err
	}
	return writeByContent(dir, "overlay.json", b)
}

// writeByContent writes a file that is named by its contents, unless it is there. The
// time of the file says when it was used last.
func writeByContent(dir, base string, text []byte) (string, error) {
	name := filepath.Join(dir, contentName(text)+"_"+base)
	if fi, err := os.Stat(name); err == nil && fi.Size() == int64(len(text)) {
		now := time.Now()
		return name, os.Chtimes(name, now, now)
	}
	return name, replace(name, text)
}

func contentName(text []byte) string {
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%x", sum[:12])
}

// Clean removes what coroc has written for the packages that the patterns
// match, and for what they import from their module, and takes back the
// constraints. It does not look into the program, which may be broken. If dry
// is set nothing is done.
func Clean(ctx context.Context, o Options, dry bool) ([]Change, error) {
	pkgs, err := typecheck.Dirs(ctx, o.Dir, o.Patterns, o.config())
	if err != nil {
		return nil, err
	}
	var cs []Change
	for _, dir := range pkgs {
		names, err := generatedIn(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			c, err := removal(name)
			if err != nil {
				return nil, err
			}
			cs = append(cs, c...)
		}
	}
	slices.SortFunc(cs, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	if dry {
		return cs, nil
	}
	return cs, apply(cs)
}
