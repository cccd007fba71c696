package compiler

import (
	"bytes"
	"fmt"
	"go/format"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/coroc-dev/coroc/typecheck"
)

// legacy makes the files of a package that import the original coroutine
// package and that have nothing else to be compiled: its types have to be ours
// in all files of the durable build.
func (r *Result) legacy(p *typecheck.Package, generated []File) []File {
	var files []File
	for _, f := range p.Files {
		if f.Cgo || slices.ContainsFunc(generated, func(g File) bool { return g.Source == f.Name }) {
			continue
		}
		text := bytes.Clone(f.Source)
		found := false
		for _, s := range slices.Backward(f.Syntax.Imports) {
			if path, _ := strconv.Unquote(s.Path.Value); path != typecheck.LegacyPath {
				continue
			}
			found = true
			off := r.Module.Fset.PositionFor(s.Path.Pos(), false).Offset
			text = slices.Replace(text, off, off+len(s.Path.Value), []byte(strconv.Quote(typecheck.CoroutinePath))...)
		}
		if !found {
			continue
		}
		// The text without our line; it is n lines lower in the source.
		lines := bytes.Count(text, []byte{'\n'})
		text = unmark(text)
		n := lines - bytes.Count(text, []byte{'\n'})
		if !r.keep {
			n += added(f.Source)
		}
		if h := parseHeader(text); h.from >= 0 {
			text = slices.Delete(text, h.from, h.to)
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "%s\n\n%s\n\n//line %s:%d\n", typecheck.GeneratedHeader, durableConstraint(f.Source), filepath.Base(f.Name), 1+n)
		b.Write(bytes.TrimPrefix(text, []byte(bom)))
		formatted, err := format.Source(b.Bytes())
		if err != nil {
			formatted = b.Bytes() // the source parses, so this is not reached
		}
		files = append(files, File{Path: typecheck.DurableName(f.Name), Source: f.Name, Text: formatted})
	}
	return files
}
