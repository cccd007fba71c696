package portability

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"golang.org/x/tools/txtar"
)

const (
	olderGo = "go1.26.0" // the oldest that go.mod allows
	lib     = "example.com/lib"
)

// A build is one way to make the program.
type build struct {
	name string
	full bool // not by default

	// Not made beside the build of this name, of whose architecture it takes the place where
	// programs for that do not run.
	insteadOf string

	env      []string // of coroc and of the go command
	flags    []string // of go build
	overlay  bool     // coroc build in place of files
	test     bool     // the binary of the package's test, by coroc test
	changed  bool     // from a source in which comments, formatting and unrelated code differ
	cached   bool     // the modules come from the module cache in place of directories
	vendored bool     // the modules come from the vendor directory
	goes     string   // the Go release, "" for this one, "newest" for that
	files    string   // the Go release that coroc is made of and runs with, if it is another one
	words    int      // size of int, if it is not 64
	missing  func() string
}

// builds are all ways. A state of each is resumed by each.
var builds = []build{
	{name: "plain"},
	{name: "trimpath", flags: []string{"-trimpath"}},
	{name: "stripped", flags: []string{"-ldflags=-s -w"}},
	{name: "overlay", overlay: true},
	{name: "386", env: []string{"GOARCH=386", "CGO_ENABLED=0"}, words: 32},
	{name: "changed", changed: true},
	{name: "test", test: true},

	{name: "again", full: true, flags: []string{"-buildvcs=false"}},
	{name: "ldflags", full: true, flags: []string{"-ldflags=-X main.version=v2 -buildid=other"}},
	{name: "race", full: true, flags: []string{"-race"}, missing: noRace},
	{name: "pie", full: true, flags: []string{"-buildmode=pie"}},
	{name: "unoptimized", full: true, flags: []string{"-gcflags=all=-N -l"}},
	{name: "cover", full: true, flags: []string{"-cover"}},
	{name: "cached modules", full: true, cached: true},
	{name: "cached modules, overlay", full: true, cached: true, overlay: true},
	{name: "vendored modules", full: true, vendored: true},
	{name: "changed, overlay, trimpath", full: true, changed: true, overlay: true, flags: []string{"-trimpath"}},
	{name: "386, overlay, stripped", full: true, overlay: true, env: []string{"GOARCH=386", "CGO_ENABLED=0"}, flags: []string{"-ldflags=-s -w"}, words: 32},
	{name: "386, softfloat, test", full: true, test: true, env: []string{"GOARCH=386", "GO386=softfloat", "CGO_ENABLED=0"}, words: 32},
	{name: "arm, 32 bits", insteadOf: "386", env: []string{"GOARCH=arm", "CGO_ENABLED=0"}, words: 32},
	{name: "arm64", env: []string{"GOARCH=arm64", "CGO_ENABLED=0"}},
	{name: "arm64, overlay", full: true, overlay: true, env: []string{"GOARCH=arm64", "CGO_ENABLED=0"}},
	{name: "s390x, big-endian", full: true, env: []string{"GOARCH=s390x", "CGO_ENABLED=0"}},
	{name: "mips, 32 bits, big-endian", full: true, env: []string{"GOARCH=mips", "CGO_ENABLED=0"}, words: 32},
	{name: "older Go", full: true, goes: olderGo},
	{name: "newest Go", full: true, goes: "newest"},
	{name: "newest Go, overlay, 386", full: true, goes: "newest", overlay: true, env: []string{"GOARCH=386", "CGO_ENABLED=0"}, words: 32},
	{name: "files by coroc of this Go, built by the newest", full: true, goes: "newest", files: "local"},
	{name: "files by coroc of the newest Go, built by this", full: true, files: "newest"},
}

// emulators run programs of other architectures, where the kernel does not run them itself.
// That of QEMU for 386 does not: Go's signal handlers find no goroutine in it.
var emulators = map[string]string{
	"arm":   "qemu-arm-static",
	"arm64": "qemu-aarch64-static",
	"mips":  "qemu-mips-static",
	"s390x": "qemu-s390x-static",
}

// arch returns the architecture of a build, "" for that of this test.
func (b *build) arch() string {
	for _, v := range b.env {
		if arch, ok := strings.CutPrefix(v, "GOARCH="); ok {
			return arch
		}
	}
	return ""
}

func noRace() string {
	out, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	f := strings.Fields(string(out))
	if err != nil || len(f) < 2 || f[0] != "1" {
		return "the race detector needs cgo"
	}
	if _, err := exec.LookPath(f[1]); err != nil {
		return "the race detector needs a C compiler"
	}
	return ""
}

// A workshop makes builds.
type workshop struct {
	t       *testing.T
	dir     string
	root    string // of this repository
	archive *txtar.Archive
	corocs  map[string]string // binaries of coroc, by the Go release that they are of
	runners map[string]runner // by architecture
	proxy   string            // GOPROXY with this repository and lib in it
	cache   string            // the module cache that it fills
}

func newWorkshop(t *testing.T, archive *txtar.Archive) *workshop {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	return &workshop{t: t, dir: t.TempDir(), root: root, archive: archive, corocs: map[string]string{}, runners: map[string]runner{}}
}

// A runner is what runs the programs of an architecture.
type runner struct {
	emulator string // "" where the kernel runs them
	missing  string // why they do not run here
}

// hello finds out whether programs run, and whether a fault reaches them as a panic.
const hello = `package main

func main() {
	defer func() {
		if recover() == nil {
			panic("no fault")
		}
	}()
	var p *int
	*p = 1
}
`

// runner tries a program that coroc has nothing to do with.
func (w *workshop) runner(arch string) runner {
	w.t.Helper()
	if arch == "" {
		return runner{}
	}
	if r, ok := w.runners[arch]; ok {
		return r
	}
	dir := filepath.Join(w.dir, "hello-"+arch)
	bin := filepath.Join(dir, "hello.bin")
	require.NoError(w.t, os.MkdirAll(dir, 0o777))
	require.NoError(w.t, os.WriteFile(filepath.Join(dir, "hello.go"), []byte(hello), 0o666))
	w.must(dir, []string{"GOTOOLCHAIN=local", "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "build", "-o", bin, "hello.go")
	var r runner
	if _, err := w.run(dir, nil, bin); err != nil {
		r.missing = fmt.Sprintf("programs for %s do not run here: %v", arch, err)
		if e := emulators[arch]; e != "" {
			if _, err := exec.LookPath(e); err != nil {
				r.missing += "; " + e + ", which is in qemu-user-static of Debian, is not installed"
			} else if out, err := w.run(dir, nil, e, bin); err != nil {
				r.missing += fmt.Sprintf("; %s: %v: %s", e, err, firstLine(out))
			} else {
				r = runner{emulator: e}
			}
		}
	}
	w.runners[arch] = r
	return r
}

// unavailable says why a build cannot be made or run here, or returns "".
func (w *workshop) unavailable(b *build) string {
	if b.missing != nil {
		if why := b.missing(); why != "" {
			return why
		}
	}
	if os.Getenv("GOARCH") != "" || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		if len(b.env) > 0 {
			return "other architectures run on linux/amd64 only"
		}
	}
	if r := w.runner(b.arch()); r.missing != "" {
		return r.missing
	}
	if b.insteadOf != "" && !*all && (*only == "" || named(b.insteadOf)) && w.runner(b.insteadOf).missing == "" {
		return "programs for " + b.insteadOf + " run here"
	}
	for _, goes := range []*string{&b.goes, &b.files} {
		if *goes == "newest" {
			newest, err := newestGo()
			if err != nil {
				return "the newest Go release is not known: " + err.Error()
			}
			*goes = newest
		}
		if *goes == "" || *goes == "local" {
			continue
		}
		if out, err := w.run(w.dir, []string{"GOTOOLCHAIN=" + *goes}, "go", "version"); err != nil {
			return fmt.Sprintf("%s is not there: %s", *goes, firstLine(out))
		}
	}
	return ""
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// newestGo asks the module proxy.
func newestGo() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-versions", "-json", "golang.org/toolchain")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(firstLine(stderr.String()))
	}
	var list struct{ Versions []string }
	if err := json.Unmarshal(out, &list); err != nil {
		return "", err
	}
	newest := ""
	for _, v := range list.Versions {
		_, v, _ = strings.Cut(v, "-")
		if v, ok := strings.CutSuffix(v, "."+runtime.GOOS+"-"+runtime.GOARCH); ok && !strings.Contains(v, "rc") && version.Compare(v, newest) > 0 {
			newest = v
		}
	}
	if newest == "" {
		return "", errors.New("the module proxy has none")
	}
	return newest, nil
}

// run runs a command and returns what it prints.
func (w *workshop) run(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"GOFLAGS=-mod=mod", "GOWORK=off", "GONOSUMDB=*", "COROCCACHE=off", "PORTABLE="}, env...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *workshop) must(dir string, env []string, name string, args ...string) {
	w.t.Helper()
	out, err := w.run(dir, env, name, args...)
	require.NoError(w.t, err, "%s %s (%s)\n%s", name, strings.Join(args, " "), strings.Join(env, " "), out)
}

// coroc returns the compiler, built with a Go release.
func (w *workshop) coroc(goes string) string {
	w.t.Helper()
	if w.corocs[goes] == "" {
		bin := filepath.Join(w.dir, "coroc-"+goes)
		w.must(w.root, toolchain(goes), "go", "build", "-o", bin, "./cmd/coroc")
		w.corocs[goes] = bin
	}
	return w.corocs[goes]
}

func toolchain(goes string) []string {
	if goes == "" || goes == "local" {
		return []string{"GOTOOLCHAIN=local"}
	}
	return []string{"GOTOOLCHAIN=" + goes}
}

// make makes the program in one of the ways and returns the command that runs it.
func (w *workshop) make(b *build) []string {
	t := w.t
	t.Helper()
	dir := filepath.Join(w.dir, strings.NewReplacer(" ", "-", ",", "").Replace(b.name))
	archive := w.archive
	if b.changed {
		archive = changed(t, archive)
	}
	env := append(toolchain(b.goes), b.env...)
	if b.cached {
		w.serve()
		env = append(env, "GOPROXY="+w.proxy, "GOMODCACHE="+w.cache, "GOFLAGS=-mod=mod -modcacherw")
	}
	w.write(dir, archive, b.cached)
	if b.vendored {
		w.must(dir, env, "go", "mod", "tidy")
		w.must(dir, append(env, "GOFLAGS="), "go", "mod", "vendor")
		env = append(env, "GOFLAGS=-mod=vendor")
	}
	bin := filepath.Join(dir, "program.bin")
	switch {
	case b.test:
		w.must(dir, env, w.coroc(b.goes), append(append([]string{"test", "-c", "-o", bin}, b.flags...), ".")...)
	case b.overlay:
		w.must(dir, env, w.coroc(b.goes), append(append([]string{"build", "-o", bin}, b.flags...), ".")...)
	default:
		goes := b.goes
		if b.files != "" {
			goes = b.files
		}
		w.must(dir, append(env, toolchain(goes)...), w.coroc(goes), "./...")
		w.must(dir, env, "go", append(append([]string{"build", "-tags", "durable", "-o", bin}, b.flags...), ".")...)
	}
	if e := w.runner(b.arch()).emulator; e != "" {
		return []string{e, bin}
	}
	return []string{bin}
}

// volatile makes the program without coroc.
func (w *workshop) volatile() []string {
	dir := filepath.Join(w.dir, "volatile")
	w.write(dir, w.archive, false)
	bin := filepath.Join(dir, "program.bin")
	w.must(dir, toolchain(""), "go", "build", "-o", bin, ".")
	return []string{bin}
}

func (w *workshop) write(dir string, archive *txtar.Archive, cached bool) {
	w.t.Helper()
	for _, f := range archive.Files {
		if cached && strings.HasPrefix(f.Name, "lib/") {
			continue
		}
		name := filepath.Join(dir, f.Name)
		require.NoError(w.t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(w.t, os.WriteFile(name, f.Data, 0o666))
	}
	gomod := "module example.com/portable\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/coroc-dev/coroc v0.0.1\n\t" + lib + " v1.0.0\n)\n"
	if !cached {
		gomod += "\nreplace (\n\tgithub.com/coroc-dev/coroc => " + w.root + "\n\t" + lib + " => ./lib\n)\n"
	}
	require.NoError(w.t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(gomod), 0o666))
	sum, err := os.ReadFile(filepath.Join(w.root, "go.sum"))
	require.NoError(w.t, err)
	require.NoError(w.t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666))
}

// serve makes a module proxy of files, with this repository and lib, and what the module
// cache has.
func (w *workshop) serve() {
	t := w.t
	t.Helper()
	if w.proxy != "" {
		return
	}
	libDir := filepath.Join(w.dir, "lib-of-proxy")
	w.write(libDir, w.archive, false)
	proxy := filepath.Join(w.dir, "proxy")
	for _, m := range []struct {
		module.Version
		dir string
	}{
		{module.Version{Path: "github.com/coroc-dev/coroc", Version: "v0.0.1"}, w.root},
		{module.Version{Path: lib, Version: "v1.0.0"}, filepath.Join(libDir, "lib")},
	} {
		at := filepath.Join(proxy, m.Path, "@v")
		require.NoError(t, os.MkdirAll(at, 0o777))
		gomod, err := os.ReadFile(filepath.Join(m.dir, "go.mod"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(at, m.Version.Version+".mod"), gomod, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(at, m.Version.Version+".info"), []byte(`{"Version":"`+m.Version.Version+`"}`), 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(at, "list"), []byte(m.Version.Version+"\n"), 0o666))
		var b bytes.Buffer
		require.NoError(t, zip.CreateFromDir(&b, m.Version, m.dir))
		require.NoError(t, os.WriteFile(filepath.Join(at, m.Version.Version+".zip"), b.Bytes(), 0o666))
	}
	modcache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	w.proxy = "file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(strings.TrimSpace(string(modcache))) + "/cache/download"
	w.cache = filepath.Join(w.dir, "modcache")
}
