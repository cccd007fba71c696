package compiler

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A message is a text that coroc can print about a program or its own work, as the
// source has it.
type message struct {
	pos    string // file:line
	text   string // with * for what is filled in
	regexp *regexp.Regexp
}

// messages finds the texts of diagnostics and errors in the packages that coroc
// consists of.
func messages(t *testing.T) []message {
	out, err := exec.Command("go", "list", "-deps", "-json=Dir,ImportPath,GoFiles,Standard", "../cmd/coroc").Output()
	require.NoError(t, err)
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	var list []message
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			Dir, ImportPath string
			GoFiles         []string
		}
		require.NoError(t, dec.Decode(&p))
		rel, ok := strings.CutPrefix(p.ImportPath, "github.com/coroc-dev/coroc")
		switch {
		case !ok:
			continue
		case strings.HasPrefix(rel, "/runtime"), strings.HasPrefix(rel, "/coroutine"), strings.HasPrefix(rel, "/stress"), strings.HasPrefix(rel, "/seal"):
			continue // what programs print
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			require.NoError(t, err)
			s := &messageScanner{fset: fset, root: root}
			ast.Inspect(f, s.visit)
			list = append(list, s.list...)
		}
	}
	return list
}

type messageScanner struct {
	fset *token.FileSet
	root string
	list []message
}

// textArgs are the arguments of functions that are texts.
var textArgs = map[string][]int{
	"errorf": {1}, "refuse": {1, 2}, "warnf": {1, 2}, "refuseAt": {1}, "related": {1},
	"Errorf": {0}, "New": {0},
}

func (s *messageScanner) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch fun := n.Fun.(type) {
		case *ast.Ident:
			name = fun.Name
		case *ast.SelectorExpr:
			name = fun.Sel.Name
			if x, ok := fun.X.(*ast.Ident); name == "New" && (!ok || x.Name != "errors") {
				name = ""
			}
		}
		for _, i := range textArgs[name] {
			if i < len(n.Args) {
				s.add(n.Args[i])
			}
		}
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "Message" || id.Name == "Fix") {
			s.add(n.Value)
		}
	case *ast.AssignStmt:
		for i, e := range n.Lhs {
			if sel, ok := e.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Message" || sel.Sel.Name == "Fix") && i < len(n.Rhs) {
				s.add(n.Rhs[i])
			}
		}
	}
	return true
}

func (s *messageScanner) add(e ast.Expr) {
	text := strings.Trim(textOf(e), "*")
	if text == "" {
		return
	}
	var parts []string
	for _, p := range strings.Split(text, "*") {
		parts = append(parts, regexp.QuoteMeta(p))
	}
	pos := s.fset.Position(e.Pos())
	rel, _ := filepath.Rel(s.root, pos.Filename)
	s.list = append(s.list, message{fmt.Sprintf("%s:%d", filepath.ToSlash(rel), pos.Line), text, regexp.MustCompile(strings.Join(parts, ".*"))})
}

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// textOf returns a text with a star for each part that is known only when coroc
// runs.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "*"
		}
		s, _ := strconv.Unquote(e.Value)
		return verb.ReplaceAllString(s, "*")
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.ParenExpr:
		return textOf(e.X)
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sprintf" {
			return textOf(e.Args[0])
		}
	}
	return "*"
}

// unprovoked are messages that no test can provoke, by the beginnings of their texts,
// and why.
var unprovoked = map[string]string{
	"internal error: ":                         "a fault of coroc itself",
	"this is a bug of coroc: ":                 "likewise",
	"the clone does not parse: ":               "likewise",
	" is not in the source of its package":     "likewise: the export data is of that source",
	".* is not in the source of its package":   "likewise",
	" has no declaration in Go":                "likewise",
	" uses *.*, which cannot be seen":          "likewise",
	" calls * in a way that is not understood": "likewise",
	"the source of package * cannot be read":   "a module cache that is broken",
	"package * has no Go files":                "likewise",
	"printing ":                                "likewise: syntax that go/printer does not know",
	"package * is not among the dependencies":  "likewise: generated code needs no package that the sources do not import",
	"reading ":                           "export data that the go command has written and that is broken",
	"range over a value of a plain type": "go/types refuses such a range before",
	"a range over a type parameter without a core type ": "likewise",
	"copying module *: ":                 "a full disk",
	"make it readable":                   "a directory without permission, which root has",
	": byte *: the state is encrypted: ": "a program that has a key",
	"writing ":                           "a full disk, or a directory without permission, which root has",
	"go ":                                "the go command fails where it has just worked",

	"not kept":                     "why an outcome is not in the cache, which nobody is told",
	"not in module mode":           "likewise",
	"an overlay of the go command": "likewise",
	"a relative -modfile":          "likewise",
}

// Every message has an expectation: what some file under testdata/messages wants has
// its text.
func TestEveryMessageHasAnExpectation(t *testing.T) {
	var want strings.Builder
	require.NoError(t, filepath.WalkDir(messagesDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		_, printed, _ := strings.Cut(string(b), "\n-- want")
		want.WriteString(printed)
		return err
	}))
	excused := map[string]bool{}
	var missing []message
	for _, m := range messages(t) {
		if m.regexp.MatchString(want.String()) {
			continue
		}
		ok := false
		for text := range unprovoked {
			if strings.HasPrefix(m.text, text) {
				ok, excused[text] = true, true
			}
		}
		if !ok {
			missing = append(missing, m)
		}
	}
	slices.SortFunc(missing, func(a, b message) int { return cmp.Compare(a.pos, b.pos) })
	for _, m := range missing {
		t.Errorf("%s: nothing in testdata/messages expects %q", m.pos, m.text)
	}
	for text, why := range unprovoked {
		if !excused[text] {
			t.Errorf("no message begins with %q (%s)", text, why)
		}
	}
}
