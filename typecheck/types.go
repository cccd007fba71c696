package typecheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A Module is everything that was loaded: the packages of the module from
// source, in dependency order, and an importer for the rest.
type Module struct {
	Dir       string // absolute
	Path      string // module path
	GoVersion string // of the go line: "go1.22"
	Fset      *token.FileSet
	Packages  []*Package
	Runtime   *types.Package // what generated code calls
	Importer  types.Importer
}

// A Package is one type-checked package.
type Package struct {
	ID    string // as go list has it; test variants have IDs of their own
	Path  string
	Name  string
	Dir   string
	Files []*File
	Types *types.Package
	Info  *types.Info
	Test  bool // a test variant, or an external test package
}

// A File is one source file of a package.
type File struct {
	Name   string // absolute
	Syntax *ast.File
	Source []byte
}

// A Related is a second position that explains a diagnostic.
type Related struct {
	Pos     token.Position
	Message string
}

// A Diagnostic is a message about the user's program.
type Diagnostic struct {
	Pos     token.Position
	Message string // one lower-case sentence without a full stop
	Related []Related
	Fix     string // the way out, if there is one
	Warning bool
}

// Error formats the diagnostic over several lines: the position and the
// message, then, indented, the related positions and the way out.
func (d Diagnostic) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", d.Pos, d.Message)
	for _, r := range d.Related {
		fmt.Fprintf(&b, "\n\t%s: %s", r.Pos, r.Message)
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "\n\t%s", d.Fix)
	}
	return b.String()
}
