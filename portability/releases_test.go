package portability

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// provisional is the directory that may be written again, as long as nothing was released.
const provisional = "v0"

// between is how many suspensions lie between two states of a release.
const between = 4

// TestReleases resumes the states of each release, by the program that the release had,
// built by the coroc of today: in two ways, or in all of TestMatrix.
func TestReleases(t *testing.T) {
	if *release != "" {
		writeRelease(t, *release)
	}
	if !*all && *only == "" {
		defer func(list string) { *only = list }(*only)
		*only = "plain;386;arm, 32 bits"
	}
	dirs, err := filepath.Glob("testdata/states/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join(dir, "program.txtar"))
			require.NoError(t, err)
			output, err := os.ReadFile(filepath.Join(dir, "output.txt"))
			require.NoError(t, err)
			want := strings.SplitAfter(string(output), "\n")
			states, err := filepath.Glob(filepath.Join(dir, "*.state"))
			require.NoError(t, err)
			require.Greater(t, len(states), 20)
			for _, p := range makeAll(t, newWorkshop(t, archive)) {
				for _, file := range states {
					k, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".state"))
					require.NoError(t, err)
					out, err := p.run(nil, "load", file)
					require.NoError(t, err, "%s: %s\nIf the format or the names of what is saved had to change, and %s is no release yet: go test ./portability -run TestReleases -release %[3]s", p.name, file, filepath.Base(dir))
					require.Equal(t, strings.Join(want[k:], ""), out, "%s: %s", p.name, file)
				}
			}
		})
	}
}

// writeRelease writes the states of a release: what is in testdata/program.txtar, what it
// prints, and its states at some suspensions.
func writeRelease(t *testing.T, version string) {
	t.Helper()
	dir := filepath.Join("testdata/states", version)
	if version == provisional {
		require.NoError(t, os.RemoveAll(dir))
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o777))
	require.NoError(t, os.Mkdir(dir, 0o777), "the states of a release are never written again")
	text, err := os.ReadFile("testdata/program.txtar")
	require.NoError(t, err)
	w := newWorkshop(t, txtar.Parse(text))
	p := program{&builds[0], w.make(&builds[0])}
	list := lines(t, p)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "program.txtar"), text, 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "output.txt"), []byte(strings.Join(list, "")), 0o666))
	for k := 1; k <= len(list); k += between {
		_, err := p.run(nil, "save", strconv.Itoa(k), filepath.Join(dir, fmt.Sprintf("%03d.state", k)))
		require.NoError(t, err)
	}
}
