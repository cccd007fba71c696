package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A Version is what states can be resumed in: a function as its source is, or was.
type Version struct {
	State       string // its name in saved states
	Fingerprint uint64
	Package     *typecheck.Package
	Node        ast.Node          // of the source
	Frozen      *typecheck.Frozen // of what it is a part, if it is not the current version
	Sites       []VersionSite
}

// A VersionSite is a place where a version can be suspended.
type VersionSite struct {
	Key  int // in saved states; 0 for the deferred calls at the end
	Pos  string
	Live []string // names in saved states

	Types []types.Type // of these, see Generator.TypeText; nil where that is the compiler's own
}

// Versions returns the versions of all functions that the packages have twins of.
func (g *Generator) Versions() []*Version { return g.versions }

// Records returns the fingerprints of the func values that can be saved, by their names in
// saved states.
func (g *Generator) Records() map[string][]uint64 { return g.records }

// StateName returns the name in saved states of a declared function.
func StateName(fn *types.Func, path string) string {
	_, state := unitNames(fn, path)
	return state
}

// VariableLiterals returns the outermost func literals of a declaration of variables, with
// their names in saved states; not those of blank variables.
func VariableLiterals(path string, d *ast.GenDecl) map[*ast.FuncLit]string {
	p := newPlaces(nil)
	p.declaration(d)
	literals := map[*ast.FuncLit]string{}
	ast.Inspect(d, func(n ast.Node) bool {
		lit, ok := n.(*ast.FuncLit)
		if ok && strings.HasPrefix(p.names[lit], "=") {
			literals[lit] = stateOf(path, "", p.names[lit])
		}
		return !ok
	})
	return literals
}

// variableUnit returns what names what belongs to a declaration of variables: the first that
// is not blank.
func variableUnit(d *ast.GenDecl) string {
	for _, s := range d.Specs {
		if v, ok := s.(*ast.ValueSpec); ok && variableName(v) != "" {
			return variableName(v)
		}
	}
	return ""
}

// variableName returns the first name of a specification of variables that is not blank.
func variableName(v *ast.ValueSpec) string {
	for _, id := range v.Names {
		if id.Name != "_" {
			return id.Name
		}
	}
	return ""
}

// handsOver reports whether frames may come to a twin that are of other versions of its
// function.
func (t *twinGen) handsOver() bool {
	if t.sig == nil {
		return false
	}
	if t.frozen != nil {
		// A func value leads to the version that it is of, unless its frame has moved.
		_, isDecl := t.orig.(*ast.FuncDecl)
		return isDecl || t.movesOn()
	}
	for _, fz := range t.p.Frozen {
		if t.state == fz.State || strings.HasPrefix(t.state, fz.State+".") {
			return true
		}
	}
	return false
}

// movesOn reports whether frames that were saved in a frozen version may have moved to the
// current one.
func (t *twinGen) movesOn() bool {
	_, isBody := t.orig.(*ast.RangeStmt)
	return !isBody && t.optIn(t.frozen.State) != nil
}

// handOver prints how a twin leaves a frame of another version to that one.
func (t *twinGen) handOver(b *bodyGen, frame string) {
	if !t.handsOver() {
		return
	}
	if frame == "" {
		frame = "struct{}"
	}
	resume, ok := t.local("resume"), t.local("ok")
	b.putf("if !%s.Running() {\nif %s, %s := %s.OtherVersion[%s, func%s](%s); %s {\n", t.c, resume, ok, t.coroc, frame, t.twinSignature(t.sig), t.c, ok)
	call := resume + "(" + joinArgs(t.c, argsOf(t.params)) + ")"
	if len(t.results) > 0 {
		b.putf("return %s\n}\n}\n", call)
	} else {
		b.putf("%s\nreturn\n}\n}\n", call)
	}
}

// resumption returns what goes on from a frame of a frozen version, as an expression.
func (t *twinGen) resumption() string {
	if t.sig == nil {
		return t.predeclared("nil")
	}
	params, results := t.signatureParams(t.sig)
	if _, isMethod := t.orig.(*ast.FuncDecl); isMethod && t.method == nil {
		return t.through
	}
	return fmt.Sprintf("func(%s)%s {\n%s%s(%s)\n}", joinArgs("c *"+t.coroc+".Coroutine", joinParams(params)), resultText(results),
		returnIf(results), t.through, joinArgs("c", argsOf(params)))
}
