package typecheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A workspace is what the go command works on in a directory: the module there, or
// the modules of a go.work.
type workspace struct {
	root      string   // the directory of go.mod, or of go.work where there is no module
	all       []string // patterns for all packages
	modules   []string // directories of the modules of a go.work
	outside   bool     // the directory is in none of them
	goarch    string
	goversion string // of the go command
	goflags   []string
}

// findWorkspace asks the go command.
func findWorkspace(ctx context.Context, dir string, env []string) (*workspace, error) {
	out, err := goOutput(ctx, dir, env, "env", "GOMOD", "GOWORK", "GOARCH", "GOVERSION", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	lines := append(strings.Split(out, "\n"), "", "", "", "", "")
	gomod, gowork, goarch := strings.TrimSpace(lines[0]), strings.TrimSpace(lines[1]), strings.TrimSpace(lines[2])
	w := &workspace{goarch: goarch, goversion: strings.TrimSpace(lines[3]), goflags: SplitFlags(lines[4]), all: []string{"./..."}}
	noWork := gowork == "" || gowork == "off"
	switch {
	case gomod != "" && gomod != os.DevNull:
		w.root = filepath.Dir(gomod)
	case noWork:
		return nil, ErrNoModule
	default:
		w.root, w.outside = filepath.Dir(gowork), true
	}
	if noWork {
		return w, nil
	}
	out, err = goOutput(ctx, dir, env, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	w.all = nil
	for module := range strings.Lines(out) {
		if module = strings.TrimSpace(module); module != "" {
			w.modules = append(w.modules, module)
			w.all = append(w.all, filepath.Join(module, "..."))
		}
	}
	return w, nil
}

// SplitFlags splits what GOFLAGS holds: fields, each of which may be in quotes.
func SplitFlags(s string) []string {
	var list []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := " \t\r\n"
		if s[0] == '\'' || s[0] == '"' {
			end, s = s[:1], s[1:]
		}
		i := strings.IndexAny(s, end)
		if i < 0 {
			i = len(s)
		}
		list = append(list, s[:i])
		s = s[min(i+1, len(s)):]
	}
	return list
}

// tags returns the tags to build with, without the one of the durable build: the
// sources are what is compiled.
func (w *workspace) tags(cfg Config) []string {
	tags := slices.Clone(cfg.BuildTags)
	if cfg.BuildTags == nil {
		for _, f := range w.goflags {
			if list, ok := strings.CutPrefix("-"+strings.TrimLeft(f, "-"), "-tags="); ok {
				tags = SplitTags(list)
			}
		}
	}
	return slices.DeleteFunc(tags, func(t string) bool { return t == DurableTag })
}

// SplitTags splits the value of a -tags flag.
func SplitTags(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// buildFlags returns the flags for the go command. What GOFLAGS says about tags is
// overruled.
func (w *workspace) buildFlags(cfg Config) []string {
	return append(slices.Clone(cfg.Flags), "-tags="+strings.Join(w.tags(cfg), ","))
}

// patterns makes patterns independent of the directory that they are relative to.
// One for all that is below a directory means, above the modules of a workspace,
// these: the go command matches nothing there.
func (w *workspace) patterns(dir string, patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	var out []string
	for _, p := range patterns {
		if strings.HasSuffix(p, ".go") {
			return nil, fmt.Errorf("%s is a file: name its package instead", p)
		}
		if p != "." && p != ".." && !strings.HasPrefix(p, "./") && !strings.HasPrefix(p, "../") && !filepath.IsAbs(p) {
			out = append(out, p)
			continue
		}
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		below := w.below(p)
		if below == nil {
			below = []string{p}
		}
		out = append(out, below...)
	}
	return out, nil
}

// below returns patterns for the modules below the directory of the pattern
// DIR/..., if that is in none itself.
func (w *workspace) below(pattern string) []string {
	dir, ok := strings.CutSuffix(pattern, string(filepath.Separator)+"...")
	if !ok {
		return nil
	}
	var list []string
	for _, m := range w.modules {
		if in(m, dir) {
			return nil
		}
		if in(dir, m) {
			list = append(list, filepath.Join(m, "..."))
		}
	}
	return list
}

// in reports whether name is dir or below it.
func in(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// advice says what to name in a directory that is in no module of its workspace.
func (w *workspace) advice() string {
	if !w.outside {
		return ""
	}
	return "this directory is in no module of go.work: name packages of one that is, or ./... for all"
}

func goOutput(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &exit) && len(exit.Stderr) > 0:
		return "", fmt.Errorf("go %s: %s", args[0], goMessage(string(exit.Stderr)))
	case err != nil:
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return string(out), nil
}
