package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

const modulePath = "conformance.test"

// A toolchain is what programs are built with: the go command in the path, and the
// module that this program was built from.
type toolchain struct {
	goroot  string
	version string // of Go, as go.mod has it
	coroc   string // directory of the module
}

func findToolchain(ctx context.Context) (*toolchain, error) {
	env, err := output(ctx, "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	f := strings.Split(strings.TrimSpace(env), "\n")
	if len(f) != 2 {
		return nil, fmt.Errorf("go env: unexpected output %q", env)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(f[1]), " ")
	version = strings.TrimPrefix(version, "go")
	dir, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", typecheck.ModulePath)
	if err != nil {
		return nil, err
	}
	return &toolchain{goroot: strings.TrimSpace(f[0]), version: version, coroc: strings.TrimSpace(dir)}, nil
}

// tests returns the directory of the distribution's test programs.
func (t *toolchain) tests() (string, error) {
	dir := filepath.Join(t.goroot, "test")
	if fi, err := os.Stat(filepath.Join(dir, "fixedbugs")); err != nil || !fi.IsDir() {
		return "", fmt.Errorf("this Go has no test programs in %s: install one from go.dev/dl, or set GOROOT to a checkout", dir)
	}
	return dir, nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), err
}

// goEnv is the environment of the go command: what the user has set for builds
// in general must not have a part in what is compared.
func goEnv() []string {
	return append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GODEBUG=", "CGO_ENABLED=0")
}

// A workspace is a module with one program in each directory.
type workspace struct {
	tools    *toolchain
	dir      string
	programs map[string]*Program   // by directory
	plain    map[*Program][]string // functions that run without suspension points, and why
}

// newWorkspace writes programs into a module in dir.
func newWorkspace(t *toolchain, dir string, ps []*Program) (*workspace, error) {
	w := &workspace{tools: t, dir: dir, programs: map[string]*Program{}, plain: map[*Program][]string{}}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	mod := fmt.Sprintf("module %s\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %[3]s => %s\n", modulePath, t.version, typecheck.ModulePath, t.coroc)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		return nil, err
	}
	for _, p := range ps {
		name := directory(p)
		w.programs[name] = p
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name, "main.go"), p.Source, 0o666); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// directory returns the name of a program's directory, which is also that of its
// binary.
func directory(p *Program) string {
	return strings.ReplaceAll(strings.TrimSuffix(p.Path, ".go"), "/", "-")
}

// remove takes a program out.
func (w *workspace) remove(p *Program) error {
	delete(w.programs, directory(p))
	return os.RemoveAll(filepath.Join(w.dir, directory(p)))
}

// owner returns the program that a file belongs to, nil if it is none's.
func (w *workspace) owner(file string) *Program {
	if filepath.IsAbs(file) {
		rel, err := filepath.Rel(w.dir, file)
		if err != nil {
			return nil
		}
		file = rel
	}
	first, _, _ := strings.Cut(filepath.ToSlash(file), "/")
	return w.programs[first]
}

// sorted returns the programs that are left.
func (w *workspace) sorted() []*Program {
	return slices.SortedFunc(maps.Values(w.programs), func(a, b *Program) int { return strings.Compare(a.Path, b.Path) })
}
