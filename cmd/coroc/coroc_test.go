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
			// documented FILE COMMAND compares stdout with what a page of docs shows behind
			// "$ COMMAND".
			"documented": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: documented FILE COMMAND")
				}
				checkSample(ts, filepath.Join(root, args[0]), args[1])
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

// checkSample compares stdout with the indented block behind a command in a page.
func checkSample(ts *testscript.TestScript, page, command string) {
	text, err := os.ReadFile(page)
	ts.Check(err)
	before, rest, ok := strings.Cut(string(text), "    $ "+command+"\n")
	if !ok {
		ts.Fatalf("%s has no sample of %s", page, command)
	}
	var sample strings.Builder
	for line := range strings.Lines(rest) {
		if line != "\n" && !strings.HasPrefix(line, "    ") {
			break
		}
		sample.WriteString(line)
	}
	rest = rest[len(strings.TrimRight(sample.String(), "\n")):]
	var out strings.Builder
	for line := range strings.Lines(strings.TrimRight(ts.ReadFile("stdout"), "\n")) {
		if line != "\n" {
			line = "    " + line
		}
		out.WriteString(line)
	}
	switch got, want := strings.TrimRight(sample.String(), "\n"), out.String(); {
	case got == want:
	case os.Getenv("UPDATE_SCRIPTS") != "":
		ts.Check(os.WriteFile(page, []byte(before+"    $ "+command+"\n"+want+rest), 0o666))
	default:
		ts.Fatalf("%s shows of %s\n%s\nand it prints\n%s", page, command, got, want)
	}
}
