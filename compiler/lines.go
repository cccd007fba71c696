package compiler

import (
	"bytes"
	"go/token"

	"github.com/coroc-dev/coroc/typecheck"
)

// Generated code names lines of the sources as they will be: with the
// constraint, which may take lines of its own. So that the result does not
// depend on whether it was there before, code is generated with the lines moved
// down.

// added returns how many lines mark adds to a source.
func added(src []byte) int {
	return bytes.Count(mark(src), []byte{'\n'}) - bytes.Count(src, []byte{'\n'})
}

// shiftLines moves the lines of the files of p to where they will be, in the
// file set, and returns what undoes it.
func (r *Result) shiftLines(p *typecheck.Package) (restore func()) {
	old := map[*token.File][]int{}
	for _, f := range p.Files {
		n := added(f.Source)
		tf := r.Module.Fset.File(f.Syntax.FileStart)
		if n == 0 || r.keep || f.Cgo || f.Library != "" || tf == nil {
			continue
		}
		lines := tf.Lines()
		clause := tf.PositionFor(f.Syntax.Package, false).Line
		// The lines down to the package clause have nothing that generated code
		// names. There are more bytes than lines in them, so that each of the
		// lines and of those that are added can begin at a byte of its own.
		shifted := make([]int, 0, len(lines)+n)
		for i := range clause + n {
			shifted = append(shifted, i)
		}
		shifted = append(shifted, lines[clause:]...)
		if tf.SetLines(shifted) {
			old[tf] = lines
		}
	}
	return func() {
		for tf, lines := range old {
			tf.SetLines(lines)
		}
	}
}

// unshifted gives diagnostics about generated code the lines that the sources
// have now.
func (r *Result) unshifted(ds []typecheck.Diagnostic) []typecheck.Diagnostic {
	back := func(p *token.Position) {
		if f := r.sources[p.Filename]; f != nil && !r.keep && p.Line > 0 {
			p.Line = max(p.Line-added(f.Source), 1)
		}
	}
	for i := range ds {
		back(&ds[i].Pos)
		for j := range ds[i].Related {
			back(&ds[i].Related[j].Pos)
		}
	}
	return ds
}
