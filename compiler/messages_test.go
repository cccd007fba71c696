package compiler

import (
	"bytes"
	"flag"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var updateMessages = flag.Bool("update-messages", false, "accept what is printed as what testdata/messages wants")

const messagesDir = "../testdata/messages"

// TestMessages compiles the packages of testdata/messages and compares what is said
// about them with their file want. All are packages of one module, m, each in a
// directory with the name of its archive, and compiled at once: what is wrong with one
// must not hide what is wrong with another. That of names that begin with "build-"
// shows only if all else is well; these are compiled alone.
func TestMessages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(messagesDir, "*.txtar"))
	require.NoError(t, err)
	archives := map[string]*txtar.Archive{}
	together := &txtar.Archive{}
	got := map[string]string{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if strings.TrimSpace(string(a.Comment)) == "" {
			t.Errorf("%s does not say what it shows", file)
		}
		archives[name] = a
		module := together
		if strings.HasPrefix(name, "build-") {
			module = &txtar.Archive{}
		}
		for _, f := range a.Files {
			if f.Name != "want" {
				module.Files = append(module.Files, txtar.File{Name: name + "/" + f.Name, Data: repeated(f.Data)})
			}
		}
		if module != together {
			printMessages(t, module, got)
		}
	}
	printMessages(t, together, got)
	for name, a := range archives {
		t.Run(name, func(t *testing.T) {
			want := ""
			for i, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					a.Files[i].Data = []byte(got[name])
				}
			}
			if *updateMessages {
				require.NoError(t, os.WriteFile(filepath.Join(messagesDir, name+".txtar"), txtar.Format(a), 0o666))
				return
			}
			require.Equal(t, want, got[name])
		})
	}
	for name := range got {
		if archives[name] == nil {
			t.Errorf("about %s: %s", name, got[name])
		}
	}
}

// printMessages compiles the packages of a module and adds what is said about each
// directory at its top, with names relative to that.
func printMessages(t *testing.T, a *txtar.Archive, got map[string]string) {
	dir := module(t, "\n"+string(txtar.Format(a)))
	r, err := Compile(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	for _, d := range r.Diagnostics {
		rel, err := filepath.Rel(dir, d.Pos.Filename)
		require.NoError(t, err, "%v", d)
		name, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if d.Fix == "" && !strings.HasPrefix(d.Message, "the durable build does not type-check") && !strings.HasPrefix(d.Message, "this file of the durable build") {
			t.Errorf("there is no way out of: %v", d)
		}
		got[name] += strings.ReplaceAll(d.Error(), filepath.Join(dir, name)+string(filepath.Separator), "") + "\n"
	}
}

var repeat = regexp.MustCompile(`(?m)^\s*(.*) //repeat ([0-9]+)$`)

// repeated writes a statement with a comment //repeat N behind it N times, on one
// line.
func repeated(src []byte) []byte {
	return repeat.ReplaceAllFunc(src, func(line []byte) []byte {
		m := repeat.FindSubmatch(line)
		n, _ := strconv.Atoi(string(m[2]))
		return bytes.Repeat(append(m[1], ';'), n)
	})
}

// Positions are those of the source, with columns.
func TestMessagePositions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(messagesDir, "*.txtar"))
	require.NoError(t, err)
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		require.NoError(t, err)
		sources := map[string][]string{}
		for _, f := range a.Files {
			sources[f.Name] = strings.Split(string(f.Data), "\n")
		}
		for line := range strings.Lines(string(txtarFile(a, "want"))) {
			pos := parsePosition(strings.TrimSpace(line))
			lines := sources[pos.Filename]
			if lines == nil || pos.Line == 0 && strings.HasPrefix(line, pos.Filename+": ") { // of a file as a whole
				continue
			}
			ok := pos.Line > 0 && pos.Line < len(lines) && pos.Column > 0 && pos.Column <= len(lines[pos.Line-1])
			require.True(t, ok, "%s: %q is not a place in the source", file, strings.TrimSpace(line))
			c := lines[pos.Line-1][pos.Column-1]
			require.False(t, c == ' ' || c == '\t', "%s: %q points to a blank", file, strings.TrimSpace(line))
		}
	}
}

func txtarFile(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// parsePosition reads the position at the beginning of a line of output.
func parsePosition(line string) (p token.Position) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok || !strings.HasSuffix(name, ".go") {
		return token.Position{}
	}
	p.Filename = name
	fmt.Sscanf(rest, "%d:%d", &p.Line, &p.Column)
	return p
}
