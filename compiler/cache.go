package compiler

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/typecheck"
)

// An Outcome is what the commands need of a compilation. That of one in which nothing
// was wrong is kept in the user's cache directory under a hash of all that it depends
// on, so that doing the same again takes no longer than to find that out.
type Outcome struct {
	Dir         string   // of the module
	Tags        []string // of the build, without that of the durable one
	Diagnostics []typecheck.Diagnostic
	Changes     []Change
	Adopted     []*typecheck.Adopted // modules that are compiled too

	result *Result
	failed bool
}

// Failed reports whether any diagnostic is an error.
func (o *Outcome) Failed() bool { return o.failed }

// Result returns the result of the compilation, nil if the outcome comes from the cache.
func (o *Outcome) Result() *Result { return o.result }

// Write brings the disk up to date.
func (o *Outcome) Write() error { return apply(o.Changes) }

// Run compiles, unless the cache knows what comes of it.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	c := openCache()
	before, keyErr := c.inputs(ctx, o)
	if keyErr == nil {
		if out := c.get(before.key); out != nil {
			return out, nil
		}
	}
	r, err := Compile(ctx, o)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Dir: r.Module.Dir, Tags: r.Module.Tags, Diagnostics: r.Diagnostics, Adopted: r.Module.Adopted, result: r, failed: r.Failed()}
	if out.failed {
		return out, nil
	}
	if out.Changes, err = r.Changes(); err != nil {
		return nil, err
	}
	// A file may have been saved while it was compiled, and what changes sources moves
	// what the diagnostics are about.
	if keyErr != nil || !before.cover(r.Module.SourceDirs()) {
		return out, nil
	}
	if after, err := c.inputs(ctx, o); err == nil && after.key == before.key {
		c.put(after.key, out)
	}
	return out, nil
}

// cache is a directory of files that are named by keys.
type cache struct{ dir string }

// cacheDir is the variable of the environment that says where the cache is; "off" says
// that there is none.
const cacheDir = "COROCCACHE"

// CacheDir returns the directory for what coroc keeps between its runs: that of the
// environment variable COROCCACHE, or one of the user's.
func CacheDir() (string, error) {
	if dir := os.Getenv(cacheDir); dir != "" && dir != "off" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "coroc"), nil
}

// openCache returns nil if there is no cache.
func openCache() *cache {
	dir, err := CacheDir()
	if err != nil || os.Getenv(cacheDir) == "off" {
		return nil
	}
	return &cache{filepath.Join(dir, "outcomes")}
}

type cacheKey [sha256.Size]byte

// cached is an outcome as it is kept.
type cached struct {
	Dir         string
	Tags        []string
	Diagnostics []typecheck.Diagnostic
	Changes     []Change
	Adopted     []*typecheck.Adopted
}

func (c *cache) name(key cacheKey) string {
	s := hex.EncodeToString(key[:])
	return filepath.Join(c.dir, s[:2], s[2:]+".json")
}

func (c *cache) get(key cacheKey) *Outcome {
	name := c.name(key)
	b, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	var x cached
	if json.Unmarshal(b, &x) != nil {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // it says when the file was used last
	return &Outcome{Dir: x.Dir, Tags: x.Tags, Diagnostics: x.Diagnostics, Changes: x.Changes, Adopted: x.Adopted}
}

// put keeps an outcome. That it cannot is no reason to fail.
func (c *cache) put(key cacheKey, o *Outcome) {
	b, err := json.Marshal(cached{o.Dir, o.Tags, o.Diagnostics, o.Changes, o.Adopted})
	if err != nil {
		return
	}
	name := c.name(key)
	if os.MkdirAll(filepath.Dir(name), 0o777) != nil {
		return
	}
	if replace(name, b) == nil {
		c.trim()
	}
}

// keepOutcomes is for how long an outcome is kept that is not used.
const keepOutcomes = 5 * 24 * time.Hour

// trim removes what has not been used for long. It looks at one of the directories, by
// chance the one that was written to last.
func (c *cache) trim() {
	dirs, _ := os.ReadDir(c.dir)
	if len(dirs) == 0 {
		return
	}
	dir := filepath.Join(c.dir, dirs[int(time.Now().UnixNano())%len(dirs)].Name())
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > keepOutcomes {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// inputs are what a compilation depends on.
type inputs struct {
	key  cacheKey
	dirs map[string]bool // that were read for it
	kept []string        // directories whose content is known by its version
}

// cover reports whether whatever changes in the directories changes the key. A package
// may be in a directory that patterns such as ./... pass over, and be asked for by name.
func (in *inputs) cover(dirs []string) bool {
	for _, dir := range dirs {
		if !in.dirs[dir] && !slices.ContainsFunc(in.kept, func(root string) bool {
			return strings.HasPrefix(dir, root+string(filepath.Separator))
		}) {
			return false
		}
	}
	return true
}

// inputs finds all that a compilation depends on: coroc itself, what it is asked to do,
// the settings of the go command, all sources of the modules that are on the disk to be
// changed, and by their versions in go.mod and go.sum those that are not.
func (c *cache) inputs(ctx context.Context, o Options) (*inputs, error) {
	switch {
	case c == nil:
		return nil, fs.ErrNotExist
	case o.Overlay != nil || o.Stress || o.Partial || o.NoCache:
		return nil, errors.New("not kept")
	}
	h := sha256.New()
	put := func(parts ...string) {
		for _, s := range parts {
			_ = binary.Write(h, binary.LittleEndian, uint64(len(s)))
			io.WriteString(h, s)
		}
	}
	self, err := identity()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	put(self, dir, fmt.Sprint(o.NoTests, o.KeepSources, o.Adopt))
	for _, list := range [][]string{o.Patterns, o.BuildTags, o.BuildFlags} {
		put(fmt.Sprint(list == nil, len(list)))
		put(list...)
	}
	settings, err := typecheck.FindSettings(ctx, dir, o.Env)
	if err != nil {
		return nil, err
	}
	for _, name := range settings.Names() {
		put(name, settings[name])
	}
	sources, err := settings.Sources(o.BuildFlags)
	if err != nil {
		return nil, err
	}
	in := &inputs{dirs: map[string]bool{}, kept: []string{settings["GOROOT"], settings["GOMODCACHE"]}}
	for _, root := range sources.Dirs {
		put(root)
		if err := in.hashTree(ctx, h, root); err != nil {
			return nil, err
		}
	}
	for _, file := range sources.Files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		put(file, string(b))
	}
	in.key = cacheKey(h.Sum(nil))
	return in, nil
}

// identity returns what tells this coroc from others.
func identity() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	fi, err := os.Stat(exe)
	if err != nil {
		return "", err
	}
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.String()
	}
	return fmt.Sprint(exe, fi.Size(), fi.ModTime().UnixNano(), runtime.Version(), version), nil
}

// sourceExts are the files that the go command looks at.
var sourceExts = []string{".go", ".s", ".S", ".sx", ".c", ".cc", ".cpp", ".cxx", ".m", ".f", ".F", ".for", ".f90", ".h", ".hh", ".hpp", ".hxx", ".swig", ".swigcxx", ".syso"}

func isSource(name string) bool {
	switch name {
	case "go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt":
		return true
	}
	return slices.Contains(sourceExts, filepath.Ext(name))
}

// hashTree hashes the sources in a directory and below it, with their names.
func (in *inputs) hashTree(ctx context.Context, h hash.Hash, root string) error {
	var names []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			// The go command does not look into these, but coroc into the frozen versions. Both
			// look into testdata, if they are told to.
			if name != root {
				if base := d.Name(); (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) && base != frozenDir {
					return fs.SkipDir
				}
				if _, err := os.Lstat(filepath.Join(name, "go.mod")); err == nil {
					return fs.SkipDir // another module
				}
			}
			in.dirs[name] = true
			return nil
		}
		if isSource(d.Name()) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	sums := make([]cacheKey, len(names))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wg.Go(func() {
			for i := range next {
				var b []byte
				if b, errs[i] = os.ReadFile(names[i]); errs[i] == nil {
					sums[i] = sha256.Sum256(b)
				}
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, name := range names {
		if errs[i] != nil {
			return errs[i]
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%d %s %x\n", len(rel), rel, sums[i])
	}
	return ctx.Err()
}
