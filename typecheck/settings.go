package typecheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Settings are what the go command builds by, apart from files.
type Settings map[string]string

// settingNames are those that a compilation may depend on.
var settingNames = strings.Fields(`GOVERSION GOROOT GOMOD GOWORK GOFLAGS GOOS GOARCH GOEXPERIMENT GO111MODULE GOPATH GOMODCACHE
	GOTOOLCHAIN GOFIPS140 GO386 GOAMD64 GOARM GOARM64 GOMIPS GOMIPS64 GOPPC64 GORISCV64 GOWASM
	CGO_ENABLED CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_FFLAGS CGO_LDFLAGS CC CXX FC PKG_CONFIG`)

// FindSettings asks the go command for its settings in a directory.
func FindSettings(ctx context.Context, dir string, env []string) (Settings, error) {
	out, err := goOutput(ctx, dir, env, append([]string{"env", "-json"}, settingNames...)...)
	if err != nil {
		return nil, err
	}
	var s Settings
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	return s, nil
}

// Names returns the names of the settings, sorted.
func (s Settings) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Sources are the files that a compilation reads and that are not of a version of a module
// that go.sum has the hash of, nor of the Go distribution.
type Sources struct {
	Dirs  []string // of modules
	Files []string // others
}

// Sources returns where the sources are, with the flags of the go command.
func (s Settings) Sources(flags []string) (*Sources, error) {
	if s["GO111MODULE"] == "off" {
		return nil, errors.New("not in module mode")
	}
	x := &Sources{}
	gomod, modfileFlag := s["GOMOD"], ""
	for _, f := range append(SplitFlags(s["GOFLAGS"]), flags...) {
		name, value, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch name {
		case "overlay":
			return nil, errors.New("an overlay of the go command")
		case "modfile":
			modfileFlag = value
		}
	}
	if work := s["GOWORK"]; work != "" && work != "off" {
		if err := x.addWork(work); err != nil {
			return nil, err
		}
		return x, nil
	}
	if gomod == "" || gomod == os.DevNull {
		return nil, ErrNoModule
	}
	dir := filepath.Dir(gomod)
	if modfileFlag != "" {
		if !filepath.IsAbs(modfileFlag) {
			return nil, errors.New("a relative -modfile") // relative to where the go command runs
		}
		gomod = modfileFlag
		x.addFile(gomod)
		x.addFile(strings.TrimSuffix(gomod, ".mod") + ".sum")
	}
	return x, x.addModule(dir, gomod)
}

func (x *Sources) addFile(name string) {
	if _, err := os.Stat(name); err == nil && !slices.Contains(x.Files, name) {
		x.Files = append(x.Files, name)
	}
}

// addModule adds a module and those that take the place of others and are on the disk.
func (x *Sources) addModule(dir, gomod string) error {
	if slices.Contains(x.Dirs, dir) {
		return nil
	}
	x.Dirs = append(x.Dirs, dir)
	b, err := os.ReadFile(gomod)
	if err != nil {
		return err
	}
	f, err := modfile.Parse(gomod, b, nil)
	if err != nil {
		return err
	}
	return x.addReplaced(dir, f.Replace)
}

func (x *Sources) addReplaced(dir string, list []*modfile.Replace) error {
	for _, r := range list {
		if r.New.Version != "" {
			continue
		}
		to := r.New.Path
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		// Only the main modules replace others: the ones of this one count for nothing.
		if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
			continue // perhaps of a module that nothing needs
		} else if err != nil {
			return err
		}
		if !slices.Contains(x.Dirs, to) {
			x.Dirs = append(x.Dirs, to)
		}
	}
	return nil
}

func (x *Sources) addWork(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f, err := modfile.ParseWork(name, b, nil)
	if err != nil {
		return err
	}
	x.addFile(name)
	x.addFile(strings.TrimSuffix(name, ".work") + ".work.sum")
	dir := filepath.Dir(name)
	for _, u := range f.Use {
		to := u.Path
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		if err := x.addModule(to, filepath.Join(to, "go.mod")); err != nil {
			return err
		}
	}
	return x.addReplaced(dir, f.Replace)
}

// SourceDirs returns the directories of the packages that were loaded, sorted.
func (m *Module) SourceDirs() []string {
	dirs := map[string]bool{}
	for _, p := range m.Packages {
		dirs[p.Dir] = true
	}
	for _, p := range m.dependencies {
		dirs[p.Dir] = true
	}
	delete(dirs, "") // of packages without files: unsafe, and the mains that tests are given
	return slices.Sorted(maps.Keys(dirs))
}
