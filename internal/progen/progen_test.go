package progen_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/internal/progen"
)

var (
	nFlag     = flag.Int("progen.n", 6, "how many `programs` are made, at most")
	batchFlag = flag.Int("progen.batch", 6, "how many `programs` are built together, at most")
	seedFlag  = flag.Uint64("progen.seed", 1, "rapid's `seed`")
	timeFlag  = flag.Duration("progen.shrinktime", 30*time.Second, "the `time` in which a failing program is made smaller")
	seedsFlag = flag.String("progen.seeds", "", "do not shrink, but report all failures of the programs of the seeds `from:to`, and keep these in -progen.dir")
	dirFlag   = flag.String("progen.dir", "", "work in this `directory` and leave it")
)

var programs = progen.Programs(coroutinePath, supportPath)

// TestRandomPrograms compares what made-up programs print in the volatile build,
// in the durable one, and in the durable one with the coroutine saved and
// restored at every suspension.
func TestRandomPrograms(t *testing.T) {
	if *seedsFlag != "" || *reduceFlag != "" {
		t.Skip("only some programs are looked at")
	}
	setFlag(t, "rapid.checks", strconv.Itoa((*nFlag+*batchFlag-1) / *batchFlag))
	setFlag(t, "rapid.seed", strconv.FormatUint(*seedFlag, 10))
	setFlag(t, "rapid.shrinktime", timeFlag.String())
	s := &shrinking{bench: newBench(t), known: map[progen.Source]*failure{}}
	rapid.Check(t, func(t *rapid.T) {
		var ps []progen.Source
		for range *batchFlag {
			more := rapid.Map(rapid.IntRange(0, 1<<20), func(n int) bool {
				if n > 0 {
					ps = append(ps, programs.Draw(t, "program"))
				}
				return n > 0
			})
			if !more.Draw(t, "more") {
				break
			}
		}
		p, f := s.firstFailure(ps)
		if f == nil {
			return
		}
		t.Log(formatted(s.bench.t, p))
		// One line for each stage: rapid does not take another one for the same.
		switch f.stage {
		case compiling:
			t.Fatal(f)
		case building:
			t.Fatal(f)
		case volatileRun:
			t.Fatal(f)
		case durableRun:
			t.Fatal(f)
		case savedRun:
			t.Fatal(f)
		}
	})
}

func setFlag(t *testing.T, name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
}

// shrinking keeps what is known of programs, so that rapid's many tries of nearly the
// same choices cost little: compiling takes seconds.
type shrinking struct {
	bench *bench
	known map[progen.Source]*failure // nil for those that are right
	best  progen.Source              // the shortest one that fails
	lines map[string]int             // of best
	until time.Time
}

// firstFailure returns a program of those that fails.
func (s *shrinking) firstFailure(ps []progen.Source) (progen.Source, *failure) {
	for _, p := range ps {
		if f := s.known[p]; f != nil {
			return p, f
		}
	}
	todo := map[string]progen.Source{}
	for i, p := range ps {
		if _, ok := s.known[p]; !ok && s.worthwhile(p) {
			todo["p"+strconv.Itoa(i)] = p
		}
	}
	if len(todo) == 0 {
		return "", nil
	}
	bad := s.bench.failures(todo)
	for name, p := range todo {
		s.known[p] = nil
		if f, ok := bad[name]; ok {
			s.known[p] = &f
		}
	}
	for _, p := range ps {
		if f := s.known[p]; f != nil {
			s.failed(p)
			return p, f
		}
	}
	return "", nil
}

func (s *shrinking) failed(p progen.Source) {
	if s.until.IsZero() {
		s.until = time.Now().Add(*timeFlag)
	}
	s.best = p
	s.lines = map[string]int{}
	for l := range lines(p) {
		s.lines[l]++
	}
}

// worthwhile reports whether a program is likely to show a failure that is known
// more shortly. What rapid tries is mostly something altogether different, since a
// choice is gone and those behind it have got another meaning.
func (s *shrinking) worthwhile(p progen.Source) bool {
	switch {
	case s.best == "":
		return true
	case time.Now().After(s.until), len(p) >= len(s.best):
		return false
	}
	seen, all, other := map[string]int{}, 0, 0
	for l := range lines(p) {
		all++
		if seen[l]++; seen[l] > s.lines[l] {
			other++
		}
	}
	return other <= 8+all/8
}

// lines yields the lines of a program without the numbers in them, which tell
// otherwise equal labels apart.
func lines(p progen.Source) func(func(string) bool) {
	return func(yield func(string) bool) {
		for l := range strings.Lines(string(p)) {
			if !yield(strings.Map(noDigits, strings.TrimSpace(l))) {
				return
			}
		}
	}
}

func noDigits(r rune) rune {
	if '0' <= r && r <= '9' {
		return -1
	}
	return r
}

// TestSeeds looks at all programs of some seeds.
func TestSeeds(t *testing.T) {
	var from, to int
	if *seedsFlag == "" {
		t.Skip("needs -progen.seeds")
	}
	if _, err := fmt.Sscanf(*seedsFlag, "%d:%d", &from, &to); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	for ; from < to; from += *batchFlag {
		ps := map[string]progen.Source{}
		for seed := from; seed < min(to, from+*batchFlag); seed++ {
			ps[fmt.Sprintf("p%d", seed)] = programs.Example(seed)
		}
		bad := b.failures(ps)
		for _, name := range slices.Sorted(maps.Keys(bad)) {
			t.Errorf("%s %s", name, bad[name])
			if *dirFlag != "" {
				b.write("failed/"+name+".go", formatted(t, ps[name]))
			}
		}
	}
}

// TestTypeChecks is quick: the programs of many seeds are valid, and each is made again
// from its seed.
func TestTypeChecks(t *testing.T) {
	check := newChecker()
	for seed := range 80 {
		p := programs.Example(seed)
		if err := check(p); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if seed < 20 && programs.Example(seed) != p {
			t.Errorf("seed %d: two programs", seed)
		}
	}
}

// newChecker returns a function that type-checks a program.
func newChecker() func(progen.Source) error {
	fset := token.NewFileSet()
	imports := fakeImporter{importer.Default(), map[string]*types.Package{}}
	return func(p progen.Source) error {
		f, err := parser.ParseFile(fset, "p.go", string(p), parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		_, err = (&types.Config{Importer: imports}).Check("p", fset, []*ast.File{f}, nil)
		return err
	}
}

// fakeImporter knows the packages of this module that programs use.
type fakeImporter struct {
	std  types.Importer
	seen map[string]*types.Package
}

func (i fakeImporter) Import(path string) (*types.Package, error) {
	src := map[string]string{
		supportPath:   "package support; func Desc(...any) string",
		coroutinePath: "package coroutine; func Yield[R, S any](R) (s S) { return }",
	}[path]
	if i.seen[path] != nil {
		return i.seen[path], nil
	}
	p, err := i.std.Import(path)
	if src != "" {
		fset := token.NewFileSet()
		f, perr := parser.ParseFile(fset, filepath.Base(path)+".go", src, 0)
		if perr != nil {
			return nil, perr
		}
		p, err = (&types.Config{IgnoreFuncBodies: true}).Check(path, fset, []*ast.File{f}, nil)
	}
	i.seen[path] = p
	return p, err
}

func writeFile(t *testing.T, name string, p progen.Source) {
	t.Helper()
	if err := os.WriteFile(name, []byte(formatted(t, p)), 0o644); err != nil {
		t.Fatal(err)
	}
}
