package portability

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var (
	all     = flag.Bool("all", false, "try all builds")
	only    = flag.String("builds", "", "try only the builds whose names are in this `list`, separated by semicolons")
	release = flag.String("release", "", "write the states of the `version` to testdata/states")
)

// A program is a build that has been made.
type program struct {
	*build
	command []string
}

// run runs the program and returns what it prints, without the carriage of errors.
func (p program) run(env []string, args ...string) (string, error) {
	cmd := exec.Command(p.command[0], append(slices.Clone(p.command[1:]), args...)...)
	cmd.Env = append(append(os.Environ(), "PORTABLE="), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// lines are those that a run without an interruption prints, one for each suspension and the
// last one at the end.
func lines(t *testing.T, p program) []string {
	t.Helper()
	out, err := p.run(nil, "run")
	require.NoError(t, err, p.name)
	list := strings.SplitAfter(out, "\n")
	return list[:len(list)-1]
}

// TestMatrix saves the program at each suspension, with each build, and resumes each state
// with each build.
func TestMatrix(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/program.txtar")
	require.NoError(t, err)
	w := newWorkshop(t, archive)
	want := lines(t, program{&build{name: "volatile"}, w.volatile()})
	programs := makeAll(t, w)

	states := t.TempDir()
	type state struct {
		step int
		by   string
		file string
	}
	var saved []state
	distinct := map[string]bool{}
	var mu sync.Mutex
	t.Run("save", func(t *testing.T) {
		each(len(programs), func(i int) {
			p := programs[i]
			out, err := p.run(nil, "run")
			if err != nil || out != strings.Join(want, "") {
				t.Errorf("%s: without an interruption: %v\n%s", p.name, err, out)
				return
			}
			for k := range want {
				file := filepath.Join(states, fmt.Sprintf("%d-%d", i, k))
				out, err := p.run(nil, "save", strconv.Itoa(k), file)
				if err != nil || out != strings.Join(want[:k], "") {
					t.Errorf("%s: saved at %d: %v\n%s", p.name, k, err, out)
					continue
				}
				b, err := os.ReadFile(file)
				if err != nil {
					t.Error(err)
					continue
				}
				mu.Lock()
				if key := fmt.Sprint(k, string(b)); !distinct[key] {
					distinct[key] = true
					saved = append(saved, state{k, p.name, file})
				}
				mu.Unlock()
			}
		})
	})
	t.Logf("%d builds, %d suspensions, %d different states", len(programs), len(want)-1, len(saved))
	for _, p := range programs {
		t.Run("resume by "+p.name, func(t *testing.T) {
			each(len(saved), func(i int) {
				s := saved[i]
				out, err := p.run(nil, "load", s.file)
				if rest := strings.Join(want[s.step:], ""); err != nil || out != rest {
					t.Errorf("saved by %s after %q: %v\nprinted %q\nwant    %q", s.by, append([]string{"the start"}, want...)[s.step], err, firstDifference(out, rest), firstDifference(rest, out))
				}
			})
		})
	}

	// One run that goes through all builds again and again.
	t.Run("relay", func(t *testing.T) {
		file := filepath.Join(states, "relay")
		_, err := programs[0].run(nil, "save", "0", file)
		require.NoError(t, err)
		got := ""
		for k := range want {
			p := programs[k%len(programs)]
			out, err := p.run(nil, "load", file, "1", file)
			require.NoError(t, err, "%s at %d", p.name, k)
			got += out
		}
		require.Equal(t, strings.Join(want, ""), got)
	})

	// What an int of 32 bits cannot hold is refused, and said so.
	for _, wide := range []struct{ program, text string }{
		{"wide", ": n has the int 1099511627781"},
		{"wides", ": list has the int 4611686018427387904"},
	} {
		t.Run(wide.program, func(t *testing.T) {
			file := filepath.Join(states, wide.program)
			env := []string{"PORTABLE=" + wide.program}
			for _, p := range programs {
				_, err := p.run(env, "save", "1", file)
				require.NoError(t, err)
				for _, q := range programs {
					_, err := q.run(env, "load", file)
					if p.words == 0 && q.words == 32 {
						require.ErrorContains(t, err, "incompatible state: function example.com/portable."+wide.program+", suspended at ", "%s by %s", p.name, q.name)
						require.ErrorContains(t, err, wide.text+", which does not fit into the 32 bits of this program: resume it where int has 64")
					} else {
						require.NoError(t, err, "%s by %s", p.name, q.name)
					}
				}
			}
		})
	}
}

// firstDifference returns a from the first line on that differs from b.
func firstDifference(a, b string) string {
	x, y := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return strings.Join(x[i:min(i+2, len(x))], "")
		}
	}
	return ""
}

// named tells whether a build is asked for by its name.
func named(build string) bool { return slices.Contains(strings.Split(*only, ";"), build) }

// makeAll makes the builds that are asked for and possible.
func makeAll(t *testing.T, w *workshop) []program {
	t.Helper()
	var programs []program
	for _, b := range builds {
		if *only != "" && !named(b.name) || *only == "" && b.full && !*all {
			continue
		}
		t.Run("build "+b.name, func(t *testing.T) {
			if why := w.unavailable(&b); why != "" {
				t.Skip(why)
			}
			w.t = t
			programs = append(programs, program{&b, w.make(&b)})
		})
		w.t = t
	}
	require.NotEmpty(t, programs)
	return programs
}

// each calls f with 0 to n-1, some at a time.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
