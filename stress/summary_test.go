package stress

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/runtime"
)

func TestSummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary")
	s := newSummary(Options{Summary: file})
	p := newPace(Options{Seed: 1})
	p.choose()
	s.add(&runtime.HeldStats{Bytes: 100, Depth: 3, Objects: 5, Variables: runtime.HeldCounts{Pointers: 2, Maps: 1}}, p)
	s.add(&runtime.HeldStats{Bytes: 50, Depth: 1, Process: runtime.HeldCounts{Channels: 1}, Whole: "a"}, p)
	s.add(&runtime.HeldStats{Bytes: 50, Depth: 1, Whole: "b"}, p)
	s.add(&runtime.HeldStats{Whole: "b"}, p)
	s.end()

	read, err := ReadSummary(file)
	require.NoError(t, err)
	require.Equal(t, s.Summary, *read)
	require.Equal(t, `coroc stress: 4 suspensions at 1 points
coroc stress: 200 bytes in all, 50 at a time, 100 at most; 3 frames at most; 5 objects copied
coroc stress: handles to what package-level variables lead to: 2 pointers, 1 map
coroc stress: handles to what only the process can hold: 1 channel
coroc stress: only the frames copied at 2 points: b
coroc stress: only the frames copied at 1 points: a
`, read.String())

	// Another process goes on with it.
	next := newSummary(Options{Summary: file})
	next.Suspensions = 1
	next.write()
	read, err = ReadSummary(file)
	require.NoError(t, err)
	require.Equal(t, Summary{Suspensions: 1}, *read)

	none, err := ReadSummary(filepath.Join(t.TempDir(), "none"))
	require.Error(t, err)
	require.Equal(t, "coroc stress: 0 suspensions at 0 points\n", none.String())
}

func TestOwnVariable(t *testing.T) {
	own := ownVariable() // of this module, whose tests this is
	require.True(t, own("github.com/coroc-dev/coroc/stress.options"))
	require.False(t, own("github.com/coroc-dev/corocother.options"))
	require.False(t, own("github.com/stretchr/testify/require.x"))
	require.False(t, own("io.EOF"))
}
