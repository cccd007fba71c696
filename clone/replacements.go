package clone

import (
	"embed"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// The files are called as the packages are, with a _ for each slash, and are no Go
// files to the go command: they make sense in their packages only.
//
//go:embed replaced/*.go.txt
var replaced embed.FS

// replacement returns the twins that are written by hand for functions of a
// package of the standard library, as a file of that package, or nil.
func replacement(path string) *typecheck.Source {
	name := strings.ReplaceAll(path, "/", "_") + ".go"
	text, err := replaced.ReadFile("replaced/" + name + ".txt")
	if err != nil {
		return nil
	}
	return &typecheck.Source{Name: name, Text: text}
}
