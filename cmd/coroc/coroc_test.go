package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/goproxytest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"coroc": func() { os.Exit(run()) }})
}

// The scripts run in modules of their own that use this repository through a
// replace directive: "module NAME" writes their go.mod and go.sum.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	env, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Fields(string(env))
	for _, dir := range []string{"testdata", "../../testdata/messages/commands"} {
		t.Run(filepath.Base(dir), func(t *testing.T) { runScripts(t, dir, root, dirs) })
	}
}

func runScripts(t *testing.T, dir, root string, dirs []string) {
	testscript.Run(t, testscript.Params{
		Dir:           dir,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GOCACHE", dirs[0])
			e.Setenv("GOMODCACHE", dirs[1])
			e.Setenv("GOPATH", dirs[2])
			e.Setenv("GOFLAGS", "-mod=mod")
			e.Setenv("GOPROXY", "off")
			e.Setenv("GONOSUMDB", "*")
			e.Setenv("GOTOOLCHAIN", "local")
			e.Setenv("GOWORK", "off")
			e.Setenv("COROC", root)
			// Where the user's cache directory is.
			for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"} {
				e.Setenv(name, filepath.Join(e.WorkDir, ".cache"))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// exits CODE COMMAND... runs a command that must exit with that code.
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits CODE COMMAND...")
				}
				err := ts.Exec(args[1], args[2:]...)
				got := 0
				var exit *exec.ExitError
				switch {
				case errors.As(err, &exit):
					got = exit.ExitCode()
				case err != nil:
					ts.Fatalf("%v", err)
				}
				if args[0] != strconv.Itoa(got) {
					ts.Fatalf("exit code %d", got)
				}
			},
			// proxy DIR serves the modules in directories below DIR, as goproxytest has
			// them, beside those that are in the module cache, which the script is given an
			// empty one of its own in place of.
			"proxy": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: proxy DIR")
				}
				srv, err := goproxytest.NewServer(ts.MkAbs(args[0]), "")
				ts.Check(err)
				ts.Defer(srv.Close)
				ts.Setenv("GOPROXY", srv.URL+",file://"+filepath.ToSlash(filepath.Join(dirs[1], "cache", "download")))
				ts.Setenv("GOMODCACHE", ts.MkAbs("modcache"))
				ts.Setenv("GOFLAGS", "-mod=mod -modcacherw")
				ts.Setenv("GONOSUMDB", "*")
			},
			"module": func(ts *testscript.TestScript, neg bool, args []string) {
				if len(args) == 0 {
					ts.Fatalf("usage: module NAME [LINE...]")
				}
				gomod := "module " + args[0] + "\n\ngo 1.26.0\n\nrequire github.com/coroc-dev/coroc v0.0.0\n\nreplace github.com/coroc-dev/coroc => " +
					root + "\n\n" + strings.Join(args[1:], "\n") + "\n"
				ts.Check(os.WriteFile(ts.MkAbs("go.mod"), []byte(gomod), 0o666))
				sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs("go.sum"), sum, 0o666))
			},
		},
	})
}
