package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

// buildFile builds a program that is one file, in a module made for it. In the
// directory of a module the file can import what that module requires, and the
// module itself.
func buildFile(cmd *cobra.Command, tmp, file, exe string, tags []string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	dir := filepath.Join(tmp, "src")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), src, 0o644); err != nil {
		return err
	}
	if err := fileModule(cmd, tmp, dir, filepath.Dir(file)); err != nil {
		return err
	}
	return stressBuild{tmp: tmp, dir: dir, pkg: ".", exe: exe, tags: tags, home: filepath.Dir(file)}.run(cmd)
}

// fileModule writes the go.mod of the module in dir, for a file that comes from the
// directory from.
func fileModule(cmd *cobra.Command, tmp, dir, from string) error {
	library := filepath.Join(tmp, "coroc")
	if err := writeSources(library); err != nil {
		return err
	}
	edit := []string{"mod", "edit", "-module=program"}
	gomod := filepath.Join(dir, "go.mod")
	home, path, err := enclosing(cmd, from)
	if err != nil {
		return err
	}
	if home == "" {
		if err := os.WriteFile(gomod, []byte("module program\n"), 0o644); err != nil {
			return err
		}
		edit = append(edit, "-go="+languageVersion(cmd))
	} else {
		for _, name := range []string{"go.mod", "go.sum"} {
			b, err := os.ReadFile(filepath.Join(home, name))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				return err
			}
		}
		edit = append(edit, "-require="+path+"@v0.0.0", "-replace="+path+"="+home)
	}
	if path != typecheck.ModulePath {
		edit = append(edit, "-require="+typecheck.ModulePath+"@v0.0.0", "-replace="+typecheck.ModulePath+"="+library)
	}
	run := exec.CommandContext(cmd.Context(), "go", edit...)
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod edit: %s", strings.TrimSpace(string(out)))
	}
	return nil
}

// enclosing returns the directory and the path of the module that a directory is
// in, or nothing: also for the Go distribution's own, which no program imports.
func enclosing(cmd *cobra.Command, dir string) (home, path string, err error) {
	run := exec.CommandContext(cmd.Context(), "go", "env", "GOMOD", "GOROOT")
	run.Dir = dir
	out, err := run.Output()
	if err != nil {
		return "", "", fmt.Errorf("go env GOMOD: %w", err)
	}
	gomod, goroot, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if gomod == "" || gomod == os.DevNull || strings.HasPrefix(gomod, goroot+string(filepath.Separator)) {
		return "", "", nil
	}
	run = exec.CommandContext(cmd.Context(), "go", "list", "-m")
	run.Dir = dir
	out, err = run.Output()
	if err != nil {
		return "", "", fmt.Errorf("go list -m: %w", err)
	}
	return filepath.Dir(gomod), strings.TrimSpace(string(out)), nil
}

// languageVersion returns the newest that the Go command knows.
func languageVersion(cmd *cobra.Command) string {
	out, err := exec.CommandContext(cmd.Context(), "go", "env", "GOVERSION").Output()
	if err != nil {
		return "1.26"
	}
	v, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "go"), " ")
	return v
}

// writeSources writes the packages that generated code links against.
func writeSources(dir string) error {
	if err := os.CopyFS(dir, coroc.Sources); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+typecheck.ModulePath+"\n\ngo 1.26\n"), 0o644)
}
