package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

// goCommand returns the command that runs "go name" on the durable form of the
// program without writing to the source tree.
func goCommand(name, short, example string) *cobra.Command {
	return &cobra.Command{
		Use:   name + " [flags of go " + name + "] [PATH...]",
		Short: short,
		Long: `Like go ` + name + `, on the durable build of the program. The source tree is not touched: the
go command sees generated files through an overlay, which is kept in the user's cache
directory. All flags are the go command's (go help ` + name + `), apart from

  -goos, -goarch NAME   build for another system, as the variables GOOS and GOARCH do

The exit code is the go command's too.`,
		Example:            example,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains([]string{"-h", "-help", "--help"}, strings.Join(args[:min(len(args), 1)], "")) {
				return cmd.Help()
			}
			return runGo(cmd, name, args)
		},
	}
}

// A goArgs is a command line of go build, run or test, taken apart.
type goArgs struct {
	dir      string   // of -C
	flags    []string // without -C and -tags
	build    []string // those of them that say what is built
	tags     []string // nil: there is no flag
	env      []string // of -goos and -goarch
	packages []string
	rest     []string // arguments of the program, or after -args
}

// valueFlags are the flags of go build, run and test whose value may be the
// next argument.
var valueFlags = strings.Fields(`C o p asmflags buildmode buildvcs compiler covermode coverpkg exec gcflags
	gccgoflags installsuffix ldflags mod modfile overlay pgo pkgdir tags toolexec
	run skip bench benchtime blockprofile blockprofilerate count coverprofile cpu cpuprofile fuzz
	fuzzminimizetime fuzztime list memprofile memprofilerate mutexprofile mutexprofilefraction outputdir
	parallel shuffle timeout trace vet goos goarch`)

// loadFlags are the flags on which it depends what packages there are, and which
// files are part of them.
var loadFlags = strings.Fields("asan compiler mod modfile msan race")

func parseGoArgs(name string, args []string) (goArgs, error) {
	var g goArgs
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			g.packages = append(g.packages, a)
			if name == "run" {
				g.rest = args[i+1:]
				return g, nil
			}
			continue
		}
		flag, value, joined := strings.Cut(strings.TrimPrefix(a[1:], "-"), "=")
		if flag == "args" {
			g.rest = args[i:]
			return g, nil
		}
		flag = strings.TrimPrefix(flag, "test.")
		words := []string{a}
		if !joined && slices.Contains(valueFlags, flag) {
			if i++; i == len(args) {
				return g, fmt.Errorf("%s needs a value", a)
			}
			value = args[i]
			words = append(words, value)
		}
		switch flag {
		case "overlay":
			return g, errors.New("-overlay is what coroc uses itself")
		case "cover", "covermode", "coverpkg", "coverprofile":
			if value != "false" {
				return g, fmt.Errorf("-%s does not work with coroc %s: the go command cannot cover files of an overlay; measure the volatile build, with go %s -%s, whose figures are those of the source", flag, name, name, flag)
			}
		case "C":
			if i >= len(words) {
				return g, errors.New("-C must be the first flag")
			}
			g.dir = value
		case "tags":
			g.tags = typecheck.SplitTags(value)
			if g.tags == nil {
				g.tags = []string{}
			}
		case "goos", "goarch":
			g.env = append(g.env, strings.ToUpper(flag)+"="+value)
		default:
			g.flags = append(g.flags, words...)
			if slices.Contains(loadFlags, flag) {
				g.build = append(g.build, "-"+flag)
				if len(words) > 1 || joined {
					g.build[len(g.build)-1] += "=" + value
				}
			}
		}
	}
	return g, nil
}

func runGo(cmd *cobra.Command, name string, args []string) error {
	g, err := parseGoArgs(name, args)
	if err != nil {
		return err
	}
	env := append(os.Environ(), g.env...)
	options := compiler.Options{
		Dir: g.dir, Patterns: g.packages, NoTests: name != "test", KeepSources: true, Adopt: true,
		BuildTags: g.tags, BuildFlags: g.build, Env: env,
	}
	o, err := compiler.Run(cmd.Context(), options)
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), o.Diagnostics)
	if o.Failed() {
		return errFound
	}
	dir, err := overlayDir(o.Dir)
	if err != nil {
		return err
	}
	build, err := o.Prepare(cmd.Context(), dir, options)
	if err != nil {
		return err
	}
	line := []string{"go", name}
	if g.dir != "" {
		line = append(line, "-C", g.dir)
	}
	line = append(line, "-tags="+strings.Join(append(o.Tags, typecheck.DurableTag), ","))
	return runProcess(cmd, append(env, build.Env...), slices.Concat(line, g.flags, build.Flags, g.packages, g.rest))
}

// overlayDir returns the directory for the overlays of a module, which outlives
// the command: the go command may still be compiling when coroc is gone.
func overlayDir(module string) (string, error) {
	cache, err := compiler.CacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), "coroc")
	}
	sum := sha256.Sum256([]byte(module))
	dir := filepath.Join(cache, fmt.Sprintf("%s-%x", filepath.Base(module), sum[:8]))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	trim(dir)
	return dir, nil
}

// keepOverlays is for how long files of overlays are kept that are not used.
const keepOverlays = 5 * 24 * time.Hour

func trim(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > keepOverlays {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
