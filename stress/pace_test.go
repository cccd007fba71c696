package stress

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// samples returns the points at which a program of so many points is saved.
func samples(p *pace, points, work int64) []int64 {
	var at []int64
	for p.Points <= points {
		at = append(at, p.Points)
		p.spend(work, 0)
		p.choose()
	}
	return at
}

func TestPaceEveryPoint(t *testing.T) {
	at := samples(newPace(Options{Seed: 1}), full, 0)
	require.Len(t, at, full)
	require.EqualValues(t, 1, at[0])
}

func TestPaceThins(t *testing.T) {
	at := samples(newPace(Options{Seed: 1}), 1e12, 0)
	require.InDelta(t, 2*full, len(at), full/4)
	require.Greater(t, at[len(at)-1], int64(1e9))
	other := samples(newPace(Options{Seed: 2}), 1e12, 0)
	require.True(t, slices.Equal(at[:full], other[:full]))
	require.False(t, slices.Equal(at[:full+20000], other[:full+20000]))
}

func TestPaceOneInN(t *testing.T) {
	at := samples(newPace(Options{Seed: 1, Every: 50}), 50*full, 0)
	require.InDelta(t, full, len(at), full/100)
}

// A large state is saved less often, by what it costs and not by the clock.
func TestPaceLargeStates(t *testing.T) {
	at := samples(newPace(Options{Seed: 1}), 1e9, 1e6)
	require.InDelta(t, 150, len(at), 70)
	require.EqualValues(t, 90, at[89])
	require.Equal(t, at, samples(newPace(Options{Seed: 1}), 1e9, 1e6))
}

// A process goes on with the choices of another.
func TestPaceGoesOn(t *testing.T) {
	p := newPace(Options{Seed: 7, Every: 10})
	samples(p, full, 1)
	b, err := json.Marshal(p)
	require.NoError(t, err)
	var q pace
	require.NoError(t, json.Unmarshal(b, &q))
	require.True(t, slices.Equal(samples(p, 2*full, 1), samples(&q, 2*full, 1)))
}
